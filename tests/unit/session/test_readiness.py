# SPDX-License-Identifier: Apache-2.0
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.testing.story import Story
from services.session.domain.readiness import READINESS, ReadinessSaid, SayReadiness, are_enough
from services.session.domain.session import SESSION
from services.session.domain.session_commands import ClockStruck, EnoughAreReady
from services.session.domain.session_facts import PhaseClosing
from services.session.readmodel.readiness import Readiness
from tests.unit.session.evening import IN_GROUPS, NOON, PREPARED, RUNNING, SCRIPT, minutes

story = Story(READINESS)
ONE, OTHER = "1" * 32, "2" * 32


def say(who: str, says: str) -> SayReadiness:
    return SayReadiness(run=2, who=who, says=says, now=NOON)


def said(who: str, says: str) -> ReadinessSaid:
    return ReadinessSaid(run=2, who=who, says=says)


def test_a_group_says_that_it_is_ready():
    story.when(say(ONE, "READY")).then(said(ONE, "READY"))


def test_saying_the_same_twice_changes_nothing():
    story.given(said(ONE, "READY")).when(say(ONE, "READY")).then()


def test_who_said_nothing_has_nothing_to_take_back():
    story.when(say(ONE, "NONE")).then()


def test_whoever_wants_more_time_is_not_ready_any_more():
    outcome = story.given(said(ONE, "READY")).when(say(ONE, "MORE_TIME"))
    assert outcome.after.said == {ONE: "MORE_TIME"}


@given(st.lists(st.tuples(st.sampled_from([ONE, OTHER]), st.sampled_from(["READY", "MORE_TIME", "NONE"])), max_size=12))
def test_the_last_word_of_everybody_counts(sequence):
    state, last = READINESS.initial, {}
    for who, says in sequence:
        state = READINESS.fold(state, READINESS.decide(state, say(who, says)))
        last[who] = says
    assert {who: state.said.get(who, "NONE") for who in last} == last


@pytest.mark.parametrize(
    ("ready", "of", "enough"), [(4, 5, True), (3, 4, False), (0, 0, False), (8, 10, True), (7, 9, False)]
)
def test_four_of_five_are_eighty_percent(ready, of, enough):
    assert are_enough(ready, of, 80) is enough


def with_share(seconds: int):
    """The evening in groups, whose phase ends when enough are ready."""
    phases = list(SCRIPT.phases)
    phases[1] = msgspec.structs.replace(phases[1], advance="ready_share", soft_close_seconds=seconds)
    script = msgspec.structs.replace(SCRIPT, phases=tuple(phases))
    return Story(SESSION).given(msgspec.structs.replace(PREPARED, script=script), *IN_GROUPS[1:])


@pytest.mark.parametrize(("seconds", "closes_in"), [(30, 30), (0, 5)])
def test_when_enough_are_ready_the_others_get_seconds_to_finish(seconds, closes_in):
    now = NOON + minutes(12)
    closing = PhaseClosing(run=2, closes_at=now + minutes(closes_in / 60), by_hand=False)
    given = with_share(seconds)
    given.when(EnoughAreReady(run=2, now=now)).then(closing)
    given.given(closing).when(EnoughAreReady(run=2, now=now)).then()
    assert given.given(closing).when(ClockStruck(run=2, now=closing.closes_at)).events


def test_at_the_deadline_it_ends_however_few_are_ready():
    assert with_share(0).when(ClockStruck(run=2, now=NOON + minutes(25))).events


def test_where_the_script_does_not_ask_for_it_nobody_is_led_on():
    Story(SESSION).given(*RUNNING).when(EnoughAreReady(run=1, now=NOON)).then()
    with_share(0).when(EnoughAreReady(run=1, now=NOON)).then()


def test_the_counts_know_only_who_is_there_in_the_present_phase():
    readiness = Readiness(run=2, said={ONE: "READY", OTHER: "MORE_TIME", "3" * 32: "READY"})
    now = readiness.counts(2, [ONE, OTHER], [ONE, OTHER])
    assert (now.ready, now.more_time, now.of, now.groups_wanting_time) == (1, 1, 2, (OTHER,))
    assert readiness.counts(3, [ONE, OTHER], []).ready == 0

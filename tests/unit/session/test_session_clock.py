# SPDX-License-Identifier: Apache-2.0
"""What the clock does by itself: marks, the seconds to finish, a group with a deadline of its own."""

from datetime import timedelta

import pytest

from services.chassis.testing.story import Story
from services.session.domain.session import SESSION
from services.session.domain.session_clock import marks_to_come, next_strike
from services.session.domain.session_commands import (
    ClockStruck,
    ExtendGroup,
    ExtendPhase,
    NextPhase,
    NothingToUndo,
    PauseSession,
    PhaseHasChanged,
    ResumeSession,
    UndoPhaseChange,
)
from services.session.domain.session_facts import (
    GroupExtended,
    PhaseChangeUndone,
    PhaseClosing,
    PhaseExtended,
    SessionPaused,
    SessionResumed,
    TimeMarkReached,
)
from services.session.domain.session_state import Running
from tests.unit.session.evening import IN_GROUPS, LAST, NOON, RUNNING, by_hand, entered, left, minutes

story = Story(SESSION)
ALL = (5, 2, 1)
SOFT = timedelta(seconds=30)
STARTED_AT, ENDS_AT = NOON + minutes(10), NOON + minutes(25)
"""Of the groups' phase."""


FIRST_ENDS = NOON + minutes(10)


def mark(count: int, *, deadline=FIRST_ENDS, run: int = 1, hand: bool = False) -> TimeMarkReached:
    return TimeMarkReached(run=run, minutes=count, deadline=deadline, by_hand=hand)


# Marks ----------------------------------------------------------------------------------------------------------


def test_a_mark_is_told_when_its_minute_has_come():
    story.given(*RUNNING).when(ClockStruck(run=1, marks=ALL, now=NOON + minutes(5))).then(mark(5))


def test_a_mark_is_told_once():
    story.given(*RUNNING, mark(5)).when(ClockStruck(run=1, marks=ALL, now=NOON + minutes(5.1))).then()


def test_marks_that_were_missed_are_told_in_their_order_before_the_phase_ends():
    now = NOON + minutes(11)
    story.given(*RUNNING).when(ClockStruck(run=1, marks=ALL, now=now)).then(
        mark(5), mark(2), mark(1), left(1, 0), entered(2, 1, now)
    )


def test_a_phase_that_waits_for_a_person_has_marks_too_and_goes_on():
    given, deadline = story.given(*LAST), NOON + minutes(35)
    given.when(ClockStruck(run=3, marks=ALL, now=deadline - minutes(1))).then(
        *(mark(count, deadline=deadline, run=3, hand=True) for count in ALL)
    )
    given.when(ClockStruck(run=3, now=deadline + minutes(5))).then()


def test_an_extended_phase_tells_its_marks_again():
    later = PhaseExtended(run=1, deadline=NOON + minutes(15), by_hand=False)
    given = story.given(*RUNNING, mark(5), later)
    given.when(ClockStruck(run=1, marks=ALL, now=NOON + minutes(6))).then()
    given.when(ClockStruck(run=1, marks=ALL, now=NOON + minutes(10))).then(mark(5, deadline=NOON + minutes(15)))


@pytest.mark.parametrize(("left_minutes", "marks"), [(15, (5, 2, 1)), (5, (2, 1)), (1.5, (1,)), (1, ()), (-3, ())])
def test_marks_that_lie_behind_are_not_waited_for(left_minutes, marks):
    assert marks_to_come(NOON + minutes(left_minutes), NOON) == marks


# Soft close -----------------------------------------------------------------------------------------------------

CLOSING = PhaseClosing(run=2, closes_at=ENDS_AT + SOFT, by_hand=False)


def test_at_the_deadline_people_get_seconds_to_finish():
    story.given(*IN_GROUPS).when(ClockStruck(run=2, now=ENDS_AT)).then(CLOSING)


def test_then_the_phase_is_left():
    now = ENDS_AT + SOFT
    given = story.given(*IN_GROUPS, CLOSING)
    given.when(ClockStruck(run=2, now=now - timedelta(seconds=1))).then()
    given.when(ClockStruck(run=2, now=now)).then(left(2, 1), entered(3, 2, now))


CLICK = STARTED_AT + minutes(3)
CLICKED = PhaseClosing(run=2, closes_at=CLICK + SOFT, by_hand=True)


def test_a_click_of_next_is_soft_too_and_a_second_one_is_patient():
    story.given(*IN_GROUPS).when(NextPhase(run=2, now=CLICK)).then(CLICKED)
    story.given(*IN_GROUPS, CLICKED).when(NextPhase(run=2, now=CLICK)).then()


@pytest.mark.parametrize("since", [(), (CLICKED,)])
def test_a_forced_click_is_not(since):
    story.given(*IN_GROUPS, *since).when(NextPhase(run=2, force=True, now=CLICK)).then(
        by_hand(2, 1, 12, CLICK), left(2, 1), entered(3, 2, CLICK)
    )


def test_a_soft_click_is_taken_back_while_people_finish():
    now = CLICK + timedelta(seconds=10)
    undone = PhaseExtended(run=2, deadline=ENDS_AT, by_hand=False)
    story.given(*IN_GROUPS, CLICKED).when(UndoPhaseChange(run=2, now=now)).then(undone)
    story.given(*IN_GROUPS, CLICKED, undone).when(ClockStruck(run=2, now=CLICK + SOFT)).then()


def test_and_after_they_have_finished():
    now = CLICK + SOFT
    outcome = story.given(*IN_GROUPS, CLICKED).when(ClockStruck(run=2, now=now))
    outcome.then(by_hand(2, 1, 11.5, now), left(2, 1), entered(3, 2, now))


def test_what_closes_by_the_clock_is_extended_and_not_undone():
    given = story.given(*IN_GROUPS, CLOSING)
    given.when(UndoPhaseChange(run=2, now=ENDS_AT)).refused(NothingToUndo(run=2))
    outcome = given.when(ExtendPhase(run=2, minutes=3, now=ENDS_AT)).then(
        PhaseExtended(run=2, deadline=ENDS_AT + minutes(3), by_hand=False)
    )
    assert isinstance(outcome.after, Running)
    assert outcome.after.closing is None


def test_a_pause_while_people_finish_lets_them_finish_afterwards():
    paused = SessionPaused(run=2, left_seconds=0.0)
    story.given(*IN_GROUPS, CLOSING).when(PauseSession(now=ENDS_AT)).then(paused)
    later = ENDS_AT + minutes(9)
    resumed = SessionResumed(run=2, deadline=later + timedelta(seconds=5), by_hand=False)
    given = story.given(*IN_GROUPS, CLOSING, paused)
    given.when(ResumeSession(now=later)).then(resumed)
    assert given.given(resumed).when(ClockStruck(run=2, now=resumed.deadline)).events


# A group of its own ---------------------------------------------------------------------------------------------

ONE, OTHER = "1" * 32, "2" * 32


def own(offset_minutes: float, group: str = ONE, ends_minutes: float | None = None) -> GroupExtended:
    ends_at = ENDS_AT + minutes(max(0.0, offset_minutes if ends_minutes is None else ends_minutes))
    return GroupExtended(
        run=2, group_id=group, offset_seconds=offset_minutes * 60, deadline=ENDS_AT, ends_at=ends_at, by_hand=False
    )


def test_one_group_gets_more_time_and_the_phase_waits_for_it():
    story.given(*IN_GROUPS).when(ExtendGroup(run=2, group_id=ONE, minutes=4, now=CLICK)).then(own(4))
    given = story.given(*IN_GROUPS, own(4))
    given.when(ClockStruck(run=2, now=ENDS_AT)).then()
    assert given.when(ClockStruck(run=2, now=ENDS_AT + minutes(4))).events


def test_nobody_waits_for_a_group_that_is_gone():
    assert story.given(*IN_GROUPS, own(4)).when(ClockStruck(run=2, groups=frozenset({OTHER}), now=ENDS_AT)).events


def test_a_group_with_less_time_ends_nothing_for_the_others():
    story.given(*IN_GROUPS).when(ExtendGroup(run=2, group_id=ONE, minutes=-4, now=CLICK)).then(own(-4))
    story.given(*IN_GROUPS, own(-4)).when(ClockStruck(run=2, now=ENDS_AT - minutes(4))).then()


def test_a_group_is_not_shortened_into_the_past():
    now = ENDS_AT - minutes(2)
    outcome = story.given(*IN_GROUPS).when(ExtendGroup(run=2, group_id=ONE, minutes=-9, now=now))
    (event,) = outcome.events
    assert event == GroupExtended(
        run=2, group_id=ONE, offset_seconds=-115.0, deadline=ENDS_AT, ends_at=ENDS_AT, by_hand=False
    )


def test_more_time_for_all_is_more_time_for_the_group_as_well():
    outcome = story.given(*IN_GROUPS, own(4)).when(ExtendPhase(run=2, minutes=5, now=CLICK))
    assert isinstance(outcome.after, Running)
    assert outcome.after.ends_at() == ENDS_AT + minutes(9)


def test_a_group_that_gets_more_time_while_people_finish_reopens_the_phase():
    given = story.given(*IN_GROUPS, CLOSING)
    outcome = given.when(ExtendGroup(run=2, group_id=ONE, minutes=2, now=ENDS_AT)).then(own(2))
    assert isinstance(outcome.after, Running)
    assert outcome.after.closing is None


def test_a_group_keeps_what_it_had_through_a_pause_and_a_click_that_is_taken_back():
    at = CLICK + minutes(1)
    given = story.given(*IN_GROUPS, own(4), by_hand(2, 1, 12, CLICK), left(2, 1), entered(3, 2, CLICK))
    outcome = given.when(UndoPhaseChange(run=3, now=at))
    assert [type(event) for event in outcome.events[:1]] == [PhaseChangeUndone]
    assert isinstance(outcome.after, Running)
    assert outcome.after.ends_at() == at + minutes(16)


def test_an_old_phase_extends_no_group():
    story.given(*LAST).when(ExtendGroup(run=2, group_id=ONE, minutes=4, now=NOON)).refused(
        PhaseHasChanged(run=3, phase="closing")
    )


# The timer ------------------------------------------------------------------------------------------------------

NO_GROUPS: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("since", "now", "strikes"),
    [
        ((), STARTED_AT, ENDS_AT - minutes(5)),
        ((), ENDS_AT - minutes(3), ENDS_AT - minutes(2)),
        ((), ENDS_AT - minutes(0.5), ENDS_AT),
        ((own(4),), ENDS_AT, ENDS_AT + minutes(4)),
        ((CLOSING,), ENDS_AT, ENDS_AT + SOFT),
        ((SessionPaused(run=2, left_seconds=9.0),), STARTED_AT, None),
        ((left(2, 1), entered(3, 2, STARTED_AT)), STARTED_AT, None),
    ],
)
def test_the_clock_strikes_at_the_next_instant_of_its_phase(since, now, strikes):
    session = SESSION.fold(SESSION.initial, [*IN_GROUPS, *since])
    assert next_strike(session, 2, ALL, frozenset({ONE}), now) == strikes


def test_a_phase_that_waits_for_a_person_has_no_end_of_its_own():
    session = SESSION.fold(SESSION.initial, LAST)
    assert next_strike(session, 3, (), NO_GROUPS, NOON + minutes(34)) is None

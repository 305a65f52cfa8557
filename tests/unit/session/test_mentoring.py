# SPDX-License-Identifier: Apache-2.0
"""One mentor accompanies several groups in turn: who needs it most comes first, and nobody is left out."""

from services.session.domain.groups import GROUPS
from services.session.domain.groups_commands import AccompanyGroup, Join, Leave, RecallGroups
from services.session.domain.groups_facts import MentorMoved
from services.session.domain.groups_refusals import GroupIsAccompanied, NoGroupsNow, NoSuchGroup, NotAMentor
from services.session.domain.groups_state import GroupPlan
from services.session.domain.help import HELP as HELP_RULE
from services.session.domain.help import ClaimHelp, HelpCalls, RequestHelp, ResolveHelp
from tests.unit.session.evening import NOON
from tests.unit.session.test_groups import after, decided, place


def go_on(mentor: str = "M", to: str | None = None, calling: tuple[str, ...] = ()) -> AccompanyGroup:
    return AccompanyGroup(mentor_id=mentor, group_id=to, calling=calling, now=NOON)


def with_mentors(plan: GroupPlan) -> list[str | None]:
    assert plan.now is not None
    return [group.mentor_id for group in plan.now.seating.groups]


def visited(plan: GroupPlan, turns: int) -> list[str | None]:
    """The groups that mentor M comes to, one after the other."""
    groups = []
    for _ in range(turns):
        plan = GROUPS.fold(plan, decided(plan, go_on()))
        assert plan.now is not None
        groups.append(plan.now.seating.mentors()["M"])
    return groups


def test_a_mentor_begins_with_the_smallest_of_the_new_groups():
    assert with_mentors(after(place("abcd", "efgh", "ijk", mentors="M"))) == [None, None, "M"]


def test_of_new_groups_those_come_first_whose_people_had_no_mentor_yet():
    plan = after(place("abcd", "efgh", mentors="M"), place("aefg", "bcdh", run=3, phase="second", mentors="N"))
    assert with_mentors(plan) == ["N", None]


def test_every_group_gets_its_turn_before_one_gets_a_second():
    plan = after(place("abcd", "efgh", "ijk", "lmn", mentors="M"))
    assert visited(plan, 6) == ["g4", "g1", "g2", "g3", "g4", "g1"]


def test_two_mentors_are_never_with_one_group():
    plan = after(place("abc", "def", "ghi", "jkl", mentors="MN"))
    assert decided(plan, go_on("M")) == [MentorMoved(generation=2, mentor_id="M", group_id="g3")]
    plan = GROUPS.fold(plan, decided(plan, go_on("M")))
    assert decided(plan, go_on("N")) == [MentorMoved(generation=3, mentor_id="N", group_id="g4")]


def test_a_group_that_called_for_help_comes_first_and_the_longest_waiting_of_several():
    plan = after(place("abcd", "efgh", "ijk", "lmn", mentors="M"))
    assert decided(plan, go_on(calling=("g2", "g1"))) == [MentorMoved(generation=2, mentor_id="M", group_id="g2")]


def test_a_late_mentor_comes_to_the_group_that_called():
    plan = after(place("abc", "def", "ghi"))
    late = Join(mentors=("N",), calling=("g3",), now=NOON)
    assert decided(plan, late) == [MentorMoved(generation=2, mentor_id="N", group_id="g3")]


def test_a_group_whose_mentor_dropped_out_waits_like_one_that_was_left():
    plan = after(place("abc", "def", "ghi", mentors="MN"), Leave(mentors=("N",), now=NOON))
    assert visited(plan, 3) == ["g3", "g2", "g1"]


def test_a_mentor_is_sent_to_a_group_by_hand():
    plan = after(place("abc", "def", mentors="M"))
    assert decided(plan, go_on(to="g2")) == [MentorMoved(generation=2, mentor_id="M", group_id="g2")]
    assert decided(plan, go_on(to="g1")) == []


def test_when_every_group_has_a_mentor_nobody_moves():
    assert decided(after(place("abc", "def", mentors="MN")), go_on()) == []
    assert decided(after(place("abc", mentors="MN")), go_on("N")) == []


def test_a_group_of_another_mentor_and_one_that_there_is_not_are_refused():
    plan = after(place("abc", "def", mentors="MN"))
    assert GROUPS.decide(plan, go_on(to="g2")) == GroupIsAccompanied(group_id="g2", mentor_id="N")
    assert GROUPS.decide(plan, go_on(to="g9")) == NoSuchGroup(group_id="g9")
    assert GROUPS.decide(plan, go_on("a")) == NotAMentor(staff_id="a")
    assert GROUPS.decide(after(RecallGroups(now=NOON)), go_on()) == NoGroupsNow(generation=0)


def test_calls_count_until_somebody_takes_them():
    calls = HelpCalls()
    for number, group in enumerate(("g1", "g2", "g3")):
        asked = RequestHelp(call_id=f"c{number}", asked_by=f"p{number}", group_id=group, reason=None, now=NOON)
        calls = HELP_RULE.fold(calls, HELP_RULE.decide(calls, asked))
    assert calls.calling() == ("g1", "g2", "g3")
    calls = HELP_RULE.fold(calls, HELP_RULE.decide(calls, ClaimHelp(call_id="c0", by="N", now=NOON)))
    calls = HELP_RULE.fold(calls, HELP_RULE.decide(calls, ResolveHelp(call_id="c1", by="N", now=NOON)))
    assert calls.calling() == ("g3",)

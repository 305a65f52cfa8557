# SPDX-License-Identifier: Apache-2.0
"""Groups changed by hand while they run."""

from services.session.domain.groups import GROUPS
from services.session.domain.groups_commands import (
    Join,
    Leave,
    LockGroup,
    MergeGroups,
    MovePerson,
    RecallGroups,
    SplitGroup,
    SwapPeople,
)
from services.session.domain.groups_facts import GroupLocked, PersonMoved
from services.session.domain.groups_refusals import CannotRegroup, GroupIsLocked, NoGroupsNow, NoSuchGroup, NotInAGroup
from services.session.domain.seating import flaw
from tests.unit.session.evening import NOON
from tests.unit.session.test_groups import after, decided, members, place


def swap(one: str, other: str) -> SwapPeople:
    return SwapPeople(one=one, other=other, now=NOON)


def lock(group_id: str, *, locked: bool = True) -> LockGroup:
    return LockGroup(group_id=group_id, locked=locked, now=NOON)


def merge(group_id: str, into: str) -> MergeGroups:
    return MergeGroups(group_id=group_id, into=into, now=NOON)


def split(group_id: str, *people: str) -> SplitGroup:
    return SplitGroup(group_id=group_id, participants=people, new_id="new", now=NOON)


def move(person: str, group_id: str) -> MovePerson:
    return MovePerson(participant_id=person, group_id=group_id, now=NOON)


def test_two_people_exchange_their_places_and_nobody_else_moves():
    assert decided(after(place("abc", "defgh")), swap("a", "d")) == [
        PersonMoved(generation=2, participant_id="d", group_id="g1"),
        PersonMoved(generation=3, participant_id="a", group_id="g2"),
    ]


def test_people_of_one_group_have_nothing_to_exchange():
    assert decided(after(place("abc", "def")), swap("a", "b")) == []


def test_who_sits_in_no_group_is_not_exchanged():
    assert GROUPS.decide(after(place("abc", "def")), swap("a", "x")) == NotInAGroup(participant_id="x")
    assert GROUPS.decide(after(), swap("a", "x")) == NoGroupsNow(generation=0)


def test_a_late_person_does_not_join_a_locked_group():
    plan = after(place("abc", "defg"), lock("g1"), Join(people=("x",), new_ids=("n", "m"), now=NOON))
    assert members(plan) == ["abc", "defgx"]


def test_a_locked_group_is_not_asked_to_fill_up_others():
    plan = after(place("abcd", "efgh", "ijk"), lock("g1"), Leave(people=("i",), new_ids=("n",), now=NOON))
    assert members(plan)[0] == "abcd"
    assert plan.now is not None
    assert flaw(plan.now.seating) is None


def test_a_lock_leaves_nobody_without_a_place():
    plan = after(place("abc"), lock("g1"), Join(people=("x",), new_ids=("n", "m"), now=NOON))
    assert members(plan) == ["abcx"]


def test_hands_do_not_change_a_locked_group():
    plan = after(place("abcd", "efgh", "ijk"), lock("g1"))
    locked = GroupIsLocked(group_id="g1")
    for command in (move("a", "g3"), move("i", "g1"), swap("a", "e"), merge("g1", "g3"), split("g1", "a")):
        assert GROUPS.decide(plan, command) == locked, command


def test_a_group_is_locked_once_until_it_is_unlocked_or_the_phase_ends():
    plan = after(place("abc"), lock("g1"))
    assert decided(plan, lock("g1")) == []
    assert decided(plan, lock("g1", locked=False)) == [GroupLocked(group_id="g1", locked=False)]
    again = after(place("abc"), lock("g1"), RecallGroups(now=NOON), place("abc", run=3, phase="second"))
    assert again.now is not None
    assert again.now.locked == frozenset()
    assert GROUPS.decide(plan, lock("g9")) == NoSuchGroup(group_id="g9")


def test_a_merged_group_fills_the_other_one_and_the_rest_finds_room():
    plan = after(place("abc", "def", "ghi", "jkl"), merge("g1", "g2"))
    assert plan.now is not None
    assert [group.group_id for group in plan.now.seating.groups] == ["g2", "g3", "g4"]
    assert members(plan)[0] == "abdef"
    assert flaw(plan.now.seating) is None


def test_groups_are_not_merged_where_the_people_have_no_room():
    assert GROUPS.decide(after(place("abc", "def")), merge("g1", "g2")) == CannotRegroup(people=6, groups=1)


def test_the_mentor_of_a_merged_group_goes_to_one_without():
    plan = after(place("abc", "def", "ghi", mentors="M"), merge("g1", "g2"))
    assert plan.now is not None
    assert [group.mentor_id for group in plan.now.seating.groups].count("M") == 1


def test_a_closed_group_cannot_be_merged_again():
    assert GROUPS.decide(after(place("abc", "def", "ghi"), merge("g1", "g2")), merge("g1", "g2")) == NoSuchGroup(
        group_id="g1"
    )


def test_a_split_group_and_the_new_one_are_filled_up():
    plan = after(place("abcde", "fghi", "jklm"), split("g1", "a", "b"))
    assert plan.now is not None
    assert flaw(plan.now.seating) is None
    new = next(group for group in plan.now.seating.groups if group.group_id == "new")
    rest = next(group for group in plan.now.seating.groups if group.group_id == "g1")
    assert set("ab") <= set(new.members)
    assert set("cde") <= set(rest.members)


def test_a_group_is_not_split_where_too_few_people_are_there():
    assert GROUPS.decide(after(place("abc", "def")), split("g1", "a")) == CannotRegroup(people=6, groups=3)
    assert GROUPS.decide(after(place("abcde")), split("g1", "a", "b", "c", "d", "e")) == CannotRegroup(
        people=5, groups=2
    )
    assert GROUPS.decide(after(place("abcde", "fgh")), split("g1", "f")) == NotInAGroup(participant_id="f")

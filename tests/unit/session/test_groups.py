# SPDX-License-Identifier: Apache-2.0
from collections import Counter
from itertools import count

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.chassis.decider import Refusal, Sealed
from services.chassis.testing.story import Story
from services.session.domain.groups import GROUPS
from services.session.domain.groups_commands import (
    AccompanyGroup,
    Join,
    KeepTags,
    KeepTopics,
    KeepWishes,
    Leave,
    MovePerson,
    PlaceGroups,
    PlaceGroupsAgain,
    RecallGroups,
)
from services.session.domain.groups_facts import (
    GroupsPlaced,
    GroupsRecalled,
    MentorMoved,
    PersonMoved,
    TagsKept,
    TopicsKept,
    WishesKept,
)
from services.session.domain.groups_refusals import GroupIsFull, NoGroupsNow, NoSuchGroup, NotInAGroup, PlanIsFlawed
from services.session.domain.groups_state import GroupPlan
from services.session.domain.seating import Group, Seating, flaw, sizes
from tests.unit.session.evening import NOON

story = Story(GROUPS)


def groups(*members: str, first: str = "g") -> tuple[Group, ...]:
    """`groups("abcd", "efg")`: one letter is one person."""
    return tuple(
        Group(group_id=f"{first}{number}", number=number, members=tuple(letters))
        for number, letters in enumerate(members, start=1)
    )


def place(*members: str, run: int = 2, phase: str = "exchange", mentors: str = "", rest: str = "") -> PlaceGroups:
    return PlaceGroups(
        run=run,
        phase=phase,
        mode="mix",
        groups=groups(*members),
        with_moderator=tuple(rest),
        mentors=tuple(mentors),
        seed=1,
        algorithm="by hand",
        now=NOON,
    )


def after(*commands: object) -> GroupPlan:
    plan = GROUPS.initial
    for command in commands:
        outcome = GROUPS.decide(plan, command)
        assert not isinstance(outcome, Refusal), outcome
        plan = GROUPS.fold(plan, outcome)
    return plan


def members(plan: GroupPlan) -> list[str]:
    assert plan.now is not None
    return ["".join(sorted(group.members)) for group in plan.now.seating.groups]


def decided(plan: GroupPlan, command: object) -> list[object]:
    outcome = GROUPS.decide(plan, command)
    assert not isinstance(outcome, Refusal), outcome
    return list(outcome)


def test_a_plan_goes_live_with_its_seed_and_algorithm():
    story.when(place("abcd", "efg")).then(
        GroupsPlaced(
            generation=1,
            run=2,
            phase="exchange",
            mode="mix",
            groups=groups("abcd", "efg"),
            with_moderator=(),
            spare=(),
            seed=1,
            algorithm="by hand",
            again=False,
        )
    )


def test_a_run_is_placed_once():
    assert decided(after(place("abcd")), place("abc", "def")) == []


@pytest.mark.parametrize(
    "plan",
    [place("ab", "cdef"), place("abcdef"), place("abc", "cde"), place("abc", rest="d"), place("abc", rest="c")],
)
def test_a_plan_that_breaks_a_rule_of_seating_is_refused(plan):
    story.when(plan).refused(PlanIsFlawed)


def test_two_people_stay_with_the_moderator():
    plan = after(place(rest="ab"))
    assert plan.now is not None
    assert plan.now.seating == Seating(groups=(), with_moderator=("a", "b"))


def test_a_third_person_makes_a_group_of_those_with_the_moderator():
    assert members(after(place(rest="ab"), Join(people=("c",), new_ids=("n",), now=NOON))) == ["abc"]


def test_a_late_person_joins_the_smallest_group():
    plan = after(place("abcd", "efg"))
    assert decided(plan, Join(people=("x",), new_ids=("n",), now=NOON)) == [
        PersonMoved(generation=2, participant_id="x", group_id="g2")
    ]


def test_of_equal_groups_a_late_person_joins_the_one_with_fewest_known_faces():
    plan = after(place("abc", "def"), place("abx", "cde", run=3, phase="second"), RecallGroups(now=NOON))
    again = after(
        place("abc", "def"), place("abx", "cde", run=3, phase="second"), place("abd", "cef", run=4, phase="3")
    )
    assert plan.times_met("a", "x") == 1
    assert decided(again, Join(people=("x",), new_ids=("n",), now=NOON)) == [
        PersonMoved(generation=4, participant_id="x", group_id="g2")
    ]


def test_of_groups_of_strangers_a_late_person_joins_the_least_alike():
    plan = after(place("abc", "def"))
    joined = Join(people=("x",), new_ids=("n",), alike={"x": {"a": 2.0}}, now=NOON)
    assert decided(plan, joined) == [PersonMoved(generation=2, participant_id="x", group_id="g2")]


def test_where_all_groups_are_full_a_new_one_is_formed():
    assert members(after(place("abcde", "fghij"), Join(people=("x",), new_ids=("n",), now=NOON))) == [
        *("bcde", "ghij", "afx"),
    ]


def test_a_group_that_is_formed_late_gets_a_topic_that_its_first_member_wished():
    first, second = groups("abcde", "fghij")
    with_topics = (msgspec.structs.replace(first, topic_id="t1"), msgspec.structs.replace(second, topic_id="t2"))
    plan = after(
        KeepWishes(ranks={"x": ("t2", "t1")}, now=NOON),
        msgspec.structs.replace(place(), groups=with_topics),
        Join(people=("x",), new_ids=("n",), now=NOON),
    )
    assert plan.now is not None
    assert [group.topic_id for group in plan.now.seating.groups] == ["t1", "t2", "t2"]


def test_who_is_seated_does_not_join_again():
    assert decided(after(place("abcd")), Join(people=("a",), new_ids=("n",), now=NOON)) == []


def test_nobody_joins_in_the_plenary():
    assert decided(after(place("abcd"), RecallGroups(now=NOON)), Join(people=("x",), new_ids=("n",), now=NOON)) == []


def test_a_group_that_stays_three_is_not_touched_when_somebody_leaves():
    assert decided(after(place("abcd", "efg")), Leave(people=("a",), now=NOON)) == [
        PersonMoved(generation=2, participant_id="a", group_id=None, gone=True)
    ]


def test_a_group_of_two_is_pulled_up_by_one_move():
    moved = decided(after(place("abcd", "efg")), Leave(people=("e",), now=NOON))
    assert [event.participant_id for event in moved if not event.gone] == ["a"]
    assert members(after(place("abcd", "efg"), Leave(people=("e",), now=NOON))) == ["bcd", "afg"]


def test_a_group_of_two_is_dissolved_where_nobody_can_be_spared():
    assert members(after(place("abc", "def"), Leave(people=("f",), now=NOON))) == ["abcde"]


def test_a_single_person_joins_others_rather_than_two_others_the_person():
    assert members(after(place("abcd", "efgh"), Leave(people=("e", "f", "g"), now=NOON))) == ["abcdh"]


def test_the_last_two_go_to_the_moderator():
    plan = after(place("abc"), Leave(people=("a",), now=NOON))
    assert plan.now is not None
    assert plan.now.seating == Seating(groups=(), with_moderator=("b", "c"))


def test_mentors_are_spread_one_to_a_group():
    plan = after(place("abc", "def", mentors="MN"))
    assert plan.now is not None
    assert sorted(group.mentor_id or "" for group in plan.now.seating.groups) == ["M", "N"]


def test_a_group_without_a_mentor_guides_itself():
    plan = after(place("abc", "def", mentors="M"))
    assert plan.now is not None
    assert [group.mentor_id for group in plan.now.seating.groups] == ["M", None]


def test_mentors_get_people_they_have_not_accompanied():
    plan = after(place("abc", "def", mentors="M"), place("abd", "cef", run=3, phase="second", mentors="M"))
    assert plan.now is not None
    assert [group.mentor_id for group in plan.now.seating.groups] == [None, "M"]


def test_a_late_mentor_gets_a_group_without_one():
    assert decided(after(place("abc", "def", mentors="M")), Join(mentors=("N",), now=NOON)) == [
        MentorMoved(generation=2, mentor_id="N", group_id="g2")
    ]


def test_a_spare_mentor_takes_over_when_one_leaves():
    assert decided(after(place("abc", mentors="MN")), Leave(mentors=("M",), now=NOON)) == [
        MentorMoved(generation=2, mentor_id="M", group_id=None, gone=True),
        MentorMoved(generation=3, mentor_id="N", group_id="g1"),
    ]


def test_the_mentor_of_a_dissolved_group_is_told():
    moved = decided(after(place("abc", "def", mentors="MN")), Leave(people=("f",), now=NOON))
    assert MentorMoved(generation=moved[-1].generation, mentor_id="N", group_id=None) == moved[-1]


def test_a_person_is_moved_by_hand():
    assert decided(after(place("abcd", "efg")), MovePerson(participant_id="a", group_id="g2", now=NOON)) == [
        PersonMoved(generation=2, participant_id="a", group_id="g2")
    ]


def test_the_group_that_a_moved_person_leaves_is_repaired_but_not_with_them():
    plan = after(place("abc", "defg"), MovePerson(participant_id="a", group_id="g2", now=NOON))
    assert plan.now is not None
    assert flaw(plan.now.seating) is None
    assert "a" in next(group.members for group in plan.now.seating.groups if group.group_id == "g2")


def test_a_full_group_takes_nobody():
    plan = after(place("abcde", "fgh"))
    assert GROUPS.decide(plan, MovePerson(participant_id="f", group_id="g1", now=NOON)) == GroupIsFull(
        group_id="g1", size=5
    )


def test_nobody_is_moved_in_the_plenary():
    assert GROUPS.decide(after(), MovePerson(participant_id="f", group_id="g1", now=NOON)) == NoGroupsNow(generation=0)


def test_nobody_is_moved_into_a_group_that_is_not_there():
    move = MovePerson(participant_id="a", group_id="g9", now=NOON)
    assert GROUPS.decide(after(place("abc")), move) == NoSuchGroup(group_id="g9")


def test_who_sits_nowhere_is_not_moved():
    move = MovePerson(participant_id="x", group_id="g1", now=NOON)
    assert GROUPS.decide(after(place("abc")), move) == NotInAGroup(participant_id="x")


def test_groups_are_recalled_once():
    plan = after(place("abc"))
    assert decided(plan, RecallGroups(now=NOON)) == [GroupsRecalled(generation=2)]
    assert decided(after(place("abc"), RecallGroups(now=NOON)), RecallGroups(now=NOON)) == []


def again(present: str, run: int = 4) -> PlaceGroupsAgain:
    return PlaceGroupsAgain(
        run=run,
        phase="exchange",
        like="exchange",
        mode="mix",
        present=tuple(present),
        mentors=(),
        new_ids=tuple(f"n{number}" for number in range(9)),
        now=NOON,
    )


def test_going_back_brings_people_into_the_same_groups():
    plan = after(place("abcd", "efg"), RecallGroups(now=NOON), again("abcdefg"))
    assert plan.now is not None
    assert plan.now.seating.groups == groups("abcd", "efg")


def test_going_back_brings_back_the_groups_as_they_were_repaired():
    plan = after(place("abcd", "efg"), Join(people=("x",), new_ids=("n",), now=NOON), RecallGroups(now=NOON))
    assert members(GROUPS.fold(plan, decided(plan, again("abcdefgx")))) == ["abcd", "efgx"]


def test_going_back_gives_places_to_newcomers_and_fills_gaps():
    plan = after(place("abcd", "efg"), RecallGroups(now=NOON), again("abcdexy"))
    assert plan.now is not None
    assert flaw(plan.now.seating) is None
    assert sorted(plan.now.seating.people()) == sorted("abcdexy")


def test_going_back_does_not_count_as_meeting_again():
    assert after(place("abc"), RecallGroups(now=NOON), again("abc")).times_met("a", "b") == 1


def test_people_who_met_in_two_phases_have_met_twice():
    assert after(place("abc"), place("abd", run=3, phase="second")).times_met("b", "a") == 2


def test_topics_wishes_and_tags_are_kept_once():
    kept = story.given(TopicsKept(topics=("t",)), WishesKept(ranks={"a": ("t",)}))
    kept.when(KeepTopics(topics=("t",), now=NOON)).then()
    kept.when(KeepWishes(ranks={"a": ("t",)}, now=NOON)).then()
    garden = Sealed("a", b"garden")
    tags = TagsKept(participant_id="a", kind="NEED", tags=(garden,))
    kept.given(tags).when(KeepTags(participant_id="a", kind="NEED", tags=(garden,), now=NOON)).then()
    kept.when(KeepTags(participant_id="a", kind="NEED", tags=(garden,), now=NOON)).then(tags)


@pytest.mark.parametrize("people", range(3, 120))
def test_groups_have_three_to_five_people_around_four(people):
    found = sizes(people)
    assert sum(found) == people
    assert max(found) - min(found) <= 1
    assert set(found) <= {3, 4, 5}
    assert 5 not in found or people == 5


@pytest.mark.parametrize("around", [3, 5])
@pytest.mark.parametrize("people", range(3, 120))
def test_groups_have_three_to_five_people_around_what_the_script_says(people, around):
    found = sizes(people, around)
    assert sum(found) == people
    assert max(found) - min(found) <= 1
    assert set(found) <= {3, 4, 5}
    assert people < 20 or abs(people / len(found) - around) < 0.9


def test_fifty_people_make_sixteen_groups_thirteen_or_ten():
    assert [len(sizes(50, around)) for around in (3, 4, 5)] == [16, 13, 10]


def test_twelve_people_sit_in_four_groups_of_three():
    assert sizes(12) == (3, 3, 3, 3)


PEOPLE = [f"p{number:02}" for number in range(30)]
MENTORS = ["M1", "M2", "M3"]


@st.composite
def stories(draw):
    """Who is there at first, then what happens: people come and go, staff moves somebody, everybody is recalled."""
    steps = st.one_of(
        st.tuples(st.just("join"), st.lists(st.sampled_from(PEOPLE + MENTORS), min_size=1, max_size=6)),
        st.tuples(st.just("leave"), st.lists(st.sampled_from(PEOPLE + MENTORS), min_size=1, max_size=12)),
        st.tuples(st.just("move"), st.tuples(st.sampled_from(PEOPLE), st.integers(0, 9))),
        st.tuples(st.just("accompany"), st.tuples(st.sampled_from(MENTORS), st.integers(-9, 9))),
        st.tuples(st.just("recall"), st.none()),
        st.tuples(st.just("place"), st.integers(0, 2)),
    )
    return draw(st.lists(st.sampled_from(PEOPLE), unique=True)), draw(st.lists(steps, max_size=25))


@given(stories())
@settings(max_examples=150, deadline=None)
def test_whoever_comes_and_goes_nobody_is_lost_or_sits_twice(told):
    start, steps = told
    present, mentors = set(start), set()
    ids = (f"n{number}" for number in count())
    plan, run = GROUPS.initial, 0
    generation = 0
    for kind, what in [("place", 0), *steps]:
        if kind == "join":
            new_people = tuple(one for one in what if one in PEOPLE)
            command = Join(
                people=new_people,
                mentors=tuple(set(what) & set(MENTORS)),
                new_ids=tuple(next(ids) for _ in what),
                now=NOON,
            )
            present |= set(new_people)
            mentors |= set(what) & set(MENTORS)
        elif kind == "leave":
            command = Leave(people=tuple(what), mentors=tuple(what), new_ids=(next(ids),), now=NOON)
            present -= set(what)
            mentors -= set(what)
        elif kind == "recall":
            command = RecallGroups(now=NOON)
        elif kind == "move":
            chosen = plan.now.seating.groups if plan.now else ()
            target = chosen[what[1] % len(chosen)].group_id if chosen else "nowhere"
            command = MovePerson(participant_id=what[0], group_id=target, now=NOON)
        elif kind == "accompany":
            chosen = plan.now.seating.groups if plan.now and what[1] >= 0 else ()
            target = chosen[what[1] % len(chosen)].group_id if chosen else None
            command = AccompanyGroup(mentor_id=what[0], group_id=target, now=NOON)
        else:
            run += 1
            command = _planned(sorted(present), sorted(mentors), run, f"phase{what}", ids, plan)
        outcome = GROUPS.decide(plan, command)
        if isinstance(outcome, Refusal):
            assert kind in {"move", "accompany"}, outcome
            continue
        for event in outcome:
            if hasattr(event, "generation"):
                assert event.generation > generation
                generation = event.generation
        plan = GROUPS.fold(plan, outcome)
        if plan.now is not None:
            seating = plan.now.seating
            assert flaw(seating) is None
            assert Counter(seating.people()) == Counter(present)
            assert set(seating.mentors()) == mentors
            assert len([group for group in seating.groups if group.mentor_id]) == min(len(mentors), len(seating.groups))


def _planned(present, mentors, run, phase, ids, plan):
    if phase in plan.earlier:
        new_ids = tuple(next(ids) for _ in range(len(present) // 3 + 1))
        return PlaceGroupsAgain(
            run=run,
            phase=phase,
            like=phase,
            mode="mix",
            present=tuple(present),
            mentors=tuple(mentors),
            new_ids=new_ids,
            now=NOON,
        )
    found, start = [], 0
    for number, size in enumerate(sizes(len(present)) if len(present) >= 3 else (), start=1):
        found.append(Group(group_id=next(ids), number=number, members=tuple(present[start : start + size])))
        start += size
    return PlaceGroups(
        run=run,
        phase=phase,
        mode="mix",
        groups=tuple(found),
        with_moderator=tuple(present[start:]),
        mentors=tuple(mentors),
        seed=run,
        algorithm="in order",
        now=NOON,
    )

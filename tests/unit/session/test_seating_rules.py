# SPDX-License-Identifier: Apache-2.0
"""Who is kept apart or together: in plans, repairs and by hand, whatever happens."""

from collections import Counter
from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from services.chassis.decider import Refusal
from services.session.domain.groups import GROUPS
from services.session.domain.groups_commands import (
    Join,
    KeepPeople,
    Leave,
    LockGroup,
    MergeGroups,
    MovePerson,
    PlaceGroupsAgain,
    RecallGroups,
    SplitGroup,
    SwapPeople,
)
from services.session.domain.groups_facts import PersonMoved, SeatingRuleDropped, SeatingRuleSet
from services.session.domain.groups_refusals import KeptApart, KeptTogether, RulesContradict
from services.session.domain.seating import SMALLEST, Group, flaw, sizes
from services.session.domain.seating_rules import RuleKind, Rules, SeatingRule
from services.session.methods.plans import Question, plan
from tests.unit.session.evening import NOON
from tests.unit.session.test_groups import after, decided, members, place

NEW = ("n1", "n2", "n3", "n4")


def keep(kind: RuleKind, people: str, *, kept: bool = True) -> KeepPeople:
    return KeepPeople(rule=SeatingRule(kind=kind, people=tuple(people)), kept=kept, new_ids=NEW, now=NOON)


def join(person: str) -> Join:
    return Join(people=(person,), new_ids=NEW, now=NOON)


def together(plan_: object, *people: str) -> bool:
    return any(set(people) <= set(group) for group in members(plan_))


def test_people_who_are_kept_apart_while_they_sit_together_are_parted_at_once_by_one_move():
    events = decided(after(place("abcd", "efgh")), keep("apart", "ab"))
    assert isinstance(events[0], SeatingRuleSet)
    assert [type(event) for event in events[1:]] == [PersonMoved]


def test_a_rule_is_set_and_dropped_once():
    plan_ = after(keep("apart", "ab"))
    assert decided(plan_, keep("apart", "ab")) == []
    rule = SeatingRule(kind="apart", people=("a", "b"))
    assert decided(plan_, keep("apart", "ab", kept=False)) == [SeatingRuleDropped(rule=rule)]
    assert decided(after(), keep("apart", "ab", kept=False)) == []


def test_a_plan_that_was_computed_before_a_rule_is_mended():
    plan_ = after(keep("apart", "ab"), keep("together", "cf"), place("abc", "defg"))
    assert not together(plan_, "a", "b")
    assert together(plan_, "c", "f")


def test_a_late_person_avoids_whom_they_are_kept_apart_from():
    plan_ = after(keep("apart", "ax"), place("abc", "defg"), join("x"))
    assert members(plan_) == ["abc", "defgx"]


def test_a_late_person_comes_to_whom_they_belong():
    plan_ = after(keep("together", "dx"), place("abc", "defg"), join("x"))
    assert together(plan_, "d", "x")


def test_somebody_makes_room_for_who_belongs_together():
    plan_ = after(keep("together", "dx"), place("abc", "defgh"), join("x"))
    assert together(plan_, "d", "x")
    assert flaw(plan_.now.seating) is None


def test_a_repair_heeds_the_rules():
    plan_ = after(keep("apart", "abc"), place("axy", "bzw", "cuvt"), Leave(people=("x",), new_ids=NEW, now=NOON))
    assert flaw(plan_.now.seating, Rules(plan_.rules)) is None
    assert not plan_.now.seating.with_moderator


def test_who_can_sit_nowhere_stays_with_the_moderator_until_there_is_a_way():
    plan_ = after(keep("apart", "ab"), place("cde"), join("a"), join("b"))
    assert plan_.now.seating.with_moderator == ("b",)
    for person in "fgh":
        plan_ = GROUPS.fold(plan_, decided(plan_, join(person)))
    assert plan_.now.seating.with_moderator == ()
    assert flaw(plan_.now.seating, Rules(plan_.rules)) is None


def test_of_one_organisation_each_group_has_one():
    plan_ = after(keep("one_organisation", "abc"), place("abcd", "efgh", "ijkl"))
    assert all(len(set("abc") & set(group)) == 1 for group in members(plan_))


def test_a_hand_breaks_no_rule():
    plan_ = after(keep("apart", "ae"), keep("together", "bc"), place("abc", "defg"))
    assert GROUPS.decide(plan_, MovePerson(participant_id="a", group_id="g2", now=NOON)) == KeptApart(
        participant_ids=("a", "e")
    )
    assert GROUPS.decide(plan_, SwapPeople(one="a", other="d", now=NOON)) == KeptApart(participant_ids=("a", "e"))
    assert GROUPS.decide(plan_, SwapPeople(one="b", other="d", now=NOON)) == KeptTogether(participant_ids=("b", "c"))
    assert not isinstance(GROUPS.decide(plan_, SwapPeople(one="a", other="e", now=NOON)), Refusal)


def test_who_belongs_together_moves_together():
    plan_ = after(keep("together", "ab"), place("abcd", "efg", "hijk"))
    moved = GROUPS.fold(plan_, decided(plan_, MovePerson(participant_id="a", group_id="g2", now=NOON)))
    assert {moved.now.seating.places()[one] for one in "ab"} == {"g2"}


def test_rules_that_contradict_each_other_are_refused():
    assert GROUPS.decide(after(keep("apart", "ab")), keep("together", "ab")) == RulesContradict(
        participant_ids=("a", "b")
    )
    chain = after(keep("together", "ab"), keep("apart", "bc"))
    assert GROUPS.decide(chain, keep("together", "ac")) == RulesContradict(participant_ids=("a", "b", "c"))
    assert GROUPS.decide(after(), keep("together", "abcd")) == RulesContradict(participant_ids=tuple("abcd"))


def test_a_computed_plan_keeps_the_rules_and_is_found_again_from_its_seed():
    people = tuple(f"p{number:02}" for number in range(30))
    question = Question(mode="mix", people=people, apart=((0, 1), (1, 2), (0, 2)), together=((3, 4), (5, 6)), seed=7)
    found = plan(question)
    assert found == plan(question)
    where = {person: number for number, (group, _) in enumerate(found.groups) for person in group}
    assert len({where[people[number]] for number in (0, 1, 2)}) == 3
    assert where["p03"] == where["p04"]
    assert where["p05"] == where["p06"]


PEOPLE = [f"p{number:02}" for number in range(18)]
PERSON = st.sampled_from(PEOPLE)
GROUP = st.integers(0, 9)
RULE = st.tuples(
    st.sampled_from(["apart", "one_organisation", "together"]), st.lists(PERSON, min_size=2, max_size=3, unique=True)
)
STEP = st.one_of(
    st.tuples(st.just("join"), st.lists(PERSON, min_size=1, max_size=6)),
    st.tuples(st.just("leave"), st.lists(PERSON, min_size=1, max_size=6)),
    st.tuples(st.just("keep"), RULE),
    st.tuples(st.just("drop"), st.integers(0, 9)),
    st.tuples(st.just("move"), st.tuples(PERSON, GROUP)),
    st.tuples(st.just("swap"), st.tuples(PERSON, PERSON)),
    st.tuples(st.just("lock"), st.tuples(GROUP, st.booleans())),
    st.tuples(st.just("merge"), st.tuples(GROUP, GROUP)),
    st.tuples(st.just("split"), st.tuples(GROUP, st.lists(PERSON, min_size=1, max_size=3))),
    st.tuples(st.just("recall"), st.none()),
    st.tuples(st.just("place"), st.integers(0, 2)),
)


@given(st.lists(PERSON, unique=True), st.lists(STEP, max_size=25))
@settings(max_examples=200, deadline=None)
def test_whatever_is_done_no_rule_is_broken_and_nobody_is_lost(start, steps):
    ids = (f"n{number}" for number in count())
    present, plan_, run = set(start), GROUPS.initial, 0
    for kind, what in [("place", 0), *steps]:
        run += kind == "place"
        command = _command(kind, what, plan_, present, run, ids)
        outcome = GROUPS.decide(plan_, command)
        if isinstance(outcome, Refusal):
            assert kind not in ("join", "leave", "recall", "place", "drop"), outcome
            continue
        if kind == "join":
            present |= set(what)
        elif kind == "leave":
            present -= set(what)
        plan_ = GROUPS.fold(plan_, outcome)
        if plan_.now is None:
            continue
        seating, rules = plan_.now.seating, Rules(plan_.rules)
        assert flaw(seating, rules) is None
        assert Counter(seating.people()) == Counter(present)
        assert not any(rules.apart(group.members) for group in seating.groups)
        if not rules.bind(present):
            assert bool(seating.with_moderator) == (0 < len(present) < SMALLEST)


def _command(kind, what, plan_, present, run, ids):
    groups = [group.group_id for group in plan_.now.seating.groups] if plan_.now else []
    new_ids = tuple(next(ids) for _ in range(8))

    def group(number):
        return groups[number % len(groups)] if groups else "nowhere"

    match kind:
        case "join":
            return Join(people=tuple(what), new_ids=new_ids, now=NOON)
        case "leave":
            return Leave(people=tuple(what), new_ids=new_ids[:1], now=NOON)
        case "keep":
            rule = SeatingRule(kind=what[0], people=tuple(sorted(what[1])))
            return KeepPeople(rule=rule, kept=True, new_ids=new_ids, now=NOON)
        case "drop":
            known = plan_.rules[what % len(plan_.rules)] if plan_.rules else SeatingRule(kind="apart", people=())
            return KeepPeople(rule=known, kept=False, new_ids=new_ids, now=NOON)
        case "move":
            return MovePerson(participant_id=what[0], group_id=group(what[1]), now=NOON)
        case "swap":
            return SwapPeople(one=what[0], other=what[1], now=NOON)
        case "lock":
            return LockGroup(group_id=group(what[0]), locked=what[1], now=NOON)
        case "merge":
            return MergeGroups(group_id=group(what[0]), into=group(what[1]), now=NOON)
        case "split":
            return SplitGroup(group_id=group(what[0]), participants=tuple(what[1]), new_id=new_ids[0], now=NOON)
        case "recall":
            return RecallGroups(now=NOON)
    phase, here = f"phase{what}", sorted(present)
    if phase in plan_.earlier:
        return PlaceGroupsAgain(
            run=run, phase=phase, like=phase, mode="mix", present=tuple(here), mentors=(), new_ids=new_ids, now=NOON
        )
    rest = iter(here)
    chunks = [tuple(next(rest) for _ in range(size)) for size in sizes(len(here))] if len(here) >= SMALLEST else []
    groups = tuple(Group(group_id=next(ids), number=number, members=chunk) for number, chunk in enumerate(chunks, 1))
    with_moderator = () if groups else tuple(here)
    return replace(place(run=run, phase=phase), groups=groups, with_moderator=with_moderator, new_ids=new_ids)

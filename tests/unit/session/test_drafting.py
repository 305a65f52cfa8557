# SPDX-License-Identifier: Apache-2.0
"""Plans are looked at before they go live; versions are kept."""

from services.session.domain.groups import GROUPS
from services.session.domain.groups_commands import DraftPlan, DraftPlanAgain, PlaceDraft, RecallGroups, UseDraft
from services.session.domain.groups_facts import GroupsPlaced, PlanChosen, PlanWentLive
from services.session.domain.groups_refusals import NoSuchPhase, NoSuchPlan, PlanIsFlawed
from services.session.domain.groups_state import GroupPlan
from services.session.domain.seating import flaw
from tests.unit.session.evening import NOON
from tests.unit.session.test_groups import after, decided, groups, members, place
from tests.unit.session.test_seating_rules import NEW, keep


def draft(*letters: str, present: str = "abcdefg", phase: str = "exchange", by_hand: bool = False) -> DraftPlan:
    return DraftPlan(
        phase=phase,
        mode="mix",
        groups=groups(*letters),
        present=tuple(present),
        seed=7,
        algorithm="by-hand" if by_hand else "some",
        by_hand=by_hand,
        new_ids=NEW,
        now=NOON,
    )


def use(version: int, present: str = "abcdefg") -> UseDraft:
    return UseDraft(version=version, present=tuple(present), mentors=(), new_ids=NEW, now=NOON)


def begin(plan: GroupPlan, run: int = 2, present: str = "abcdefg") -> PlaceDraft:
    found = plan.draft_for("exchange")
    assert found is not None
    return PlaceDraft(draft=found, run=run, present=tuple(present), mentors=(), new_ids=("x1", "x2"), now=NOON)


def begun(plan: GroupPlan, run: int = 2, present: str = "abcdefg") -> GroupPlan:
    return GROUPS.fold(plan, decided(plan, begin(plan, run, present)))


def test_a_drafted_plan_changes_nobody_s_place():
    plan = after(draft("abcd", "efg"))
    assert plan.now is None
    assert plan.generation == 0


def test_the_newest_version_goes_live_when_its_phase_begins():
    plan = begun(after(draft("abcd", "efg"), draft("gfed", "cba")))
    assert members(plan) == ["defg", "abc"]
    assert plan.live == 2


def test_the_chosen_version_goes_live_with_its_seed_and_algorithm():
    plan = after(draft("abcd", "efg"), draft("gfed", "cba"))
    assert decided(plan, use(1)) == [PlanChosen(version=1)]
    chosen = GROUPS.fold(plan, decided(plan, use(1)))
    assert decided(chosen, use(1)) == []
    live, placed = decided(chosen, begin(chosen))
    assert live == PlanWentLive(version=1)
    assert isinstance(placed, GroupsPlaced)
    assert (placed.seed, placed.algorithm, placed.groups) == (7, "some", groups("abcd", "efg"))


def test_who_came_and_went_since_is_seated_and_left_out():
    plan = begun(after(draft("abcd", "efg")), present="bcdefgx")
    assert members(plan) == ["bcdx", "efg"]


def test_a_version_of_the_running_phase_goes_live_at_once_and_once():
    plan = after(place("abcd", "efg"), draft("gfed", "cba"))
    live = GROUPS.fold(plan, decided(plan, use(1)))
    assert members(live) == ["defg", "abc"]
    assert live.now is not None
    assert live.now.run == 2
    assert decided(live, use(1)) == []


def test_a_draft_is_used_once_and_going_back_brings_back_the_groups_as_they_were():
    plan = begun(after(draft("abcd", "efg")))
    back = GROUPS.fold(plan, decided(plan, RecallGroups(now=NOON)))
    assert back.draft_for("exchange") is None


def test_a_version_that_was_not_taken_does_not_come_up_when_one_goes_back():
    plan = after(draft("abcd", "efg"), draft("gfed", "cba"), use(1))
    assert begun(plan).draft_for("exchange") is None
    assert begun(plan).live == 1


def test_a_run_is_placed_once_from_a_draft():
    plan = after(draft("abcd", "efg"))
    assert decided(begun(plan), begin(plan)) == []


def test_a_version_that_there_is_not_is_refused():
    assert GROUPS.decide(after(draft("abcd", "efg")), use(3)) == NoSuchPlan(version=3, newest=1)
    assert GROUPS.decide(after(), use(1)) == NoSuchPlan(version=1, newest=0)


def test_groups_set_by_hand_keep_the_rules_or_are_refused():
    broken = GROUPS.decide(after(keep("apart", "ab")), draft("abcd", "efg", by_hand=True))
    assert broken == PlanIsFlawed(flaw="two people share a group who are kept apart")
    lonely = GROUPS.decide(after(), draft("abcde", "fg", by_hand=True))
    assert isinstance(lonely, PlanIsFlawed)


def test_who_is_not_named_by_hand_is_seated_beside_those_who_are():
    plan = after(draft("abc", "def", by_hand=True))
    (kept,) = plan.drafts
    assert sorted(one for group in kept.groups for one in group.members) == list("abcdefg")
    assert set("abc") <= set(kept.groups[0].members)


def test_a_plan_as_in_an_earlier_phase():
    again = DraftPlanAgain(phase="later", like="exchange", mode="mix", present=tuple("abcdefx"), new_ids=NEW, now=NOON)
    plan = after(place("abcd", "efg"), again)
    (kept,) = plan.drafts
    assert ["".join(sorted(group.members)) for group in kept.groups] == ["abcd", "efx"]
    assert GROUPS.decide(after(), again) == NoSuchPhase(phase="exchange")


def test_a_rule_that_is_set_after_a_draft_holds_when_it_goes_live():
    plan = begun(after(draft("abcd", "efg"), keep("apart", "ab")))
    assert plan.now is not None
    assert not any({"a", "b"} <= set(group) for group in members(plan))
    assert flaw(plan.now.seating) is None


def test_twenty_versions_are_kept_and_none_has_another_one_s_number():
    plan = after(*(draft("abcd", "efg") for _ in range(25)))
    assert [kept.version for kept in plan.drafts] == list(range(6, 26))


def test_a_plan_by_hand_is_mended_where_somebody_named_is_not_here_and_all_other_groups_are_full():
    plan = after(draft("abc", "defgh", "ijklm", present="abdefghijklm", by_hand=True))
    (made,) = plan.drafts
    assert sorted(one for group in made.groups for one in group.members) == sorted("abdefghijklm")
    assert sorted(len(group.members) for group in made.groups) == [3, 4, 5]

# SPDX-License-Identifier: Apache-2.0
"""The small groups of a conference: placed for a phase, repaired while it runs, recalled at its end.

A plan is computed outside and travels in the command, because it takes numeric work and chance; what is decided here
is that nobody is lost, nobody sits twice and every group has three to five people. Repairs are decided here, on the
present seating, so that two replicas that repair at once never work from a stale one.
"""

from collections.abc import Sequence
from typing import assert_never

import msgspec

from services.chassis.decider import Decider, Refusal, Snapshotted
from services.session.domain.drafting import draft_plan, draft_plan_again, place_draft, use_draft
from services.session.domain.groups_changes import REPAIRED, Alike, difference, placed, settled
from services.session.domain.groups_commands import (
    AccompanyGroup,
    DraftPlan,
    DraftPlanAgain,
    GroupsCommand,
    Join,
    KeepPeople,
    KeepTags,
    KeepTopics,
    KeepWishes,
    Leave,
    LockGroup,
    MergeGroups,
    MovePerson,
    PlaceDraft,
    PlaceGroups,
    PlaceGroupsAgain,
    RecallGroups,
    SplitGroup,
    SwapPeople,
    UseDraft,
)
from services.session.domain.groups_facts import (
    GroupLocked,
    GroupsEvent,
    GroupsPlaced,
    GroupsRecalled,
    MentorMoved,
    PersonMoved,
    PlanChosen,
    PlanDrafted,
    PlanWentLive,
    SeatingRuleDropped,
    SeatingRuleSet,
    TagsKept,
    TopicsKept,
    WishesKept,
)
from services.session.domain.groups_refusals import PlanIsFlawed, RulesContradict
from services.session.domain.groups_state import GroupPlan, InPhase, evolve
from services.session.domain.mentoring import accompany_group, spread
from services.session.domain.regrouping import lock_group, merge_groups, move_person_by_hand, split_group, swap_people
from services.session.domain.seating import Seating, flaw, without
from services.session.domain.seating_rules import Rules

# Rule -----------------------------------------------------------------------------------------------------------


def decide(plan: GroupPlan, command: GroupsCommand) -> list[GroupsEvent] | Refusal:
    """What follows from a command; see the classes of the commands."""
    match command:
        case PlaceGroups():
            return _place(plan, command)
        case PlaceGroupsAgain():
            return _place_again(plan, command)
        case Join():
            return _join(plan, command)
        case Leave():
            return _leave(plan, command)
        case MovePerson():
            return move_person_by_hand(plan, command)
        case SwapPeople():
            return swap_people(plan, command)
        case LockGroup():
            return lock_group(plan, command)
        case AccompanyGroup():
            return accompany_group(plan, command)
        case MergeGroups():
            return merge_groups(plan, command)
        case SplitGroup():
            return split_group(plan, command)
        case DraftPlan():
            return draft_plan(plan, command)
        case DraftPlanAgain():
            return draft_plan_again(plan, command)
        case UseDraft():
            return use_draft(plan, command)
        case PlaceDraft():
            return place_draft(plan, command)
        case KeepPeople():
            return _keep(plan, command)
        case RecallGroups():
            return [] if plan.now is None else [GroupsRecalled(generation=plan.generation + 1)]
        case KeepTopics():
            return [] if command.topics == plan.topics else [TopicsKept(topics=command.topics)]
        case KeepWishes():
            return [] if command.ranks == plan.wishes else [WishesKept(ranks=command.ranks)]
        case KeepTags():
            known = (plan.needs if command.kind == "NEED" else plan.offers).get(command.participant_id, frozenset())
            kept = TagsKept(participant_id=command.participant_id, kind=command.kind, tags=command.tags)
            return [] if known.issuperset(command.tags) else [kept]
    assert_never(command)


def _place(plan: GroupPlan, command: PlaceGroups) -> list[GroupsEvent] | Refusal:
    if plan.now is not None and plan.now.run == command.run:
        return []
    bare = Seating(groups=command.groups, with_moderator=command.with_moderator)
    found = flaw(bare)
    if found is not None:
        return PlanIsFlawed(flaw=found)
    phase = InPhase(run=command.run, phase=command.phase, mode=command.mode, seating=bare)
    algorithm = command.algorithm
    if flaw(bare, Rules(plan.rules)) is not None:
        phase, algorithm = _settled(plan, phase, (), command.new_ids), f"{algorithm}+{REPAIRED}"
    phase = _accompanied(plan, phase, command.mentors)
    return [placed(plan, phase, command.seed, algorithm, again=False)]


def _place_again(plan: GroupPlan, command: PlaceGroupsAgain) -> list[GroupsEvent] | Refusal:
    if plan.now is not None and plan.now.run == command.run:
        return []
    earlier = plan.earlier.get(command.like, Seating(groups=()))
    here, mentors = frozenset(command.present), frozenset(command.mentors)
    absent = [person for person in earlier.people() if person not in here]
    absent += [mentor for mentor in earlier.mentors() if mentor not in mentors]
    seating = without(earlier, absent)
    known = frozenset(seating.people())
    coming = [person for person in dict.fromkeys(command.present) if person not in known]
    phase = InPhase(run=command.run, phase=command.phase, mode=command.mode, seating=seating)
    phase = _accompanied(plan, _settled(plan, phase, coming, command.new_ids), command.mentors)
    return [placed(plan, phase, 0, REPAIRED, again=True)]


def _join(plan: GroupPlan, command: Join) -> list[GroupsEvent]:
    if plan.now is None:
        return []
    known, mentors = plan.now.seating.places(), plan.now.seating.mentors()
    people = [person for person in dict.fromkeys(command.people) if person not in known]
    coming = [mentor for mentor in command.mentors if mentor not in mentors]
    if not people and not coming:
        return []
    phase = _settled(plan, plan.now, people, command.new_ids, command.alike) if people else plan.now
    return difference(plan, plan.now, spread(plan, phase, coming, command.calling))


def _leave(plan: GroupPlan, command: Leave) -> list[GroupsEvent]:
    if plan.now is None:
        return []
    rest = msgspec.structs.replace(plan.now, seating=without(plan.now.seating, [*command.people, *command.mentors]))
    return difference(plan, plan.now, spread(plan, _settled(plan, rest, (), command.new_ids)))


def _keep(plan: GroupPlan, command: KeepPeople) -> list[GroupsEvent] | Refusal:
    if (command.rule in plan.rules) == command.kept:
        return []
    event: GroupsEvent = SeatingRuleSet(rule=command.rule) if command.kept else SeatingRuleDropped(rule=command.rule)
    then = evolve(plan, event)
    contradicting = Rules(then.rules).contradiction()
    if contradicting is not None:
        return RulesContradict(participant_ids=contradicting)
    if then.now is None:
        return [event]
    seating = spread(then, _settled(then, then.now, (), command.new_ids))
    return [event, *difference(then, then.now, seating)]


def _settled(
    plan: GroupPlan, phase: InPhase, coming: Sequence[str], new_ids: Sequence[str], alike: Alike | None = None
) -> InPhase:
    return msgspec.structs.replace(phase, seating=settled(plan, phase, coming, new_ids, alike))


def _accompanied(plan: GroupPlan, phase: InPhase, mentors: Sequence[str]) -> InPhase:
    return msgspec.structs.replace(phase, seating=spread(plan, phase, mentors))


GROUPS: Decider[GroupPlan, GroupsCommand, GroupsEvent] = Decider(
    name="session.groups",
    initial=GroupPlan(),
    decide=decide,
    evolve=evolve,
    events=(
        GroupsPlaced,
        PersonMoved,
        MentorMoved,
        GroupsRecalled,
        TopicsKept,
        WishesKept,
        TagsKept,
        GroupLocked,
        SeatingRuleSet,
        SeatingRuleDropped,
        PlanDrafted,
        PlanChosen,
        PlanWentLive,
    ),
    snapshot=Snapshotted((GroupPlan,), version=5),
)

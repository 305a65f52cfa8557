# SPDX-License-Identifier: Apache-2.0
"""The small groups of a conference: placed for a phase, repaired while it runs, recalled at its end.

A plan is computed outside and travels in the command, because it takes numeric work and chance; what is decided here
is that nobody is lost, nobody sits twice and every group has three to five people. Repairs are decided here, on the
present seating, so that two replicas that repair at once never work from a stale one.
"""

from collections.abc import Mapping
from typing import TypeAlias, assert_never

import msgspec

from services.chassis.decider import Command, Decider, Refusal, Sealed, Snapshotted
from services.session.domain.groups_facts import (
    CardKind,
    GroupPlan,
    GroupsEvent,
    GroupsPlaced,
    GroupsRecalled,
    InPhase,
    MentorMoved,
    PersonMoved,
    TagsKept,
    TopicsKept,
    WishesKept,
    evolve,
    move_mentor,
    move_person,
)
from services.session.domain.script import GroupMode
from services.session.domain.seating import LARGEST, Cost, Group, Seating, flaw, settle, spread, without

REPAIRED = "repair-1"
"""The algorithm named by a plan that was not computed but repaired from an earlier one."""

Alike = Mapping[str, Mapping[str, float]]
"""How alike a newcomer is to each other person, from attributes; only compared, never stored."""


# Commands -------------------------------------------------------------------------------------------------------


class PlaceGroups(Command, frozen=True, kw_only=True):
    """Lets a computed plan go live for a run. `mentors`: who of them is present."""

    run: int
    phase: str
    mode: GroupMode
    groups: tuple[Group, ...]
    with_moderator: tuple[str, ...]
    mentors: tuple[str, ...]
    seed: int
    algorithm: str


class PlaceGroupsAgain(Command, frozen=True, kw_only=True):
    """Brings the groups of the phase `like` back together, with those who are present now."""

    run: int
    phase: str
    like: str
    mode: GroupMode
    present: tuple[str, ...]
    mentors: tuple[str, ...]
    new_ids: tuple[str, ...]


class Join(Command, frozen=True, kw_only=True):
    """People and mentors came. Without running groups nothing happens."""

    people: tuple[str, ...] = ()
    mentors: tuple[str, ...] = ()
    new_ids: tuple[str, ...] = ()
    alike: dict[str, dict[str, float]] = {}


class Leave(Command, frozen=True, kw_only=True):
    """People and mentors went. Without running groups nothing happens."""

    people: tuple[str, ...] = ()
    mentors: tuple[str, ...] = ()
    new_ids: tuple[str, ...] = ()


class MovePerson(Command, frozen=True, kw_only=True):
    """Puts one person into another running group; the group they leave is repaired."""

    participant_id: str
    group_id: str


class RecallGroups(Command, frozen=True, kw_only=True):
    """Brings everybody back to the plenary."""


class KeepTopics(Command, frozen=True, kw_only=True):
    """Keeps the chosen topics for the plan."""

    topics: tuple[str, ...]


class KeepWishes(Command, frozen=True, kw_only=True):
    """Keeps who wants to work on which topics."""

    ranks: dict[str, tuple[str, ...]]


class KeepTags(Command, frozen=True, kw_only=True):
    """Keeps what a person needs or offers."""

    participant_id: str
    kind: CardKind
    tags: tuple[Sealed, ...]


GroupsCommand: TypeAlias = (
    PlaceGroups | PlaceGroupsAgain | Join | Leave | MovePerson | RecallGroups | KeepTopics | KeepWishes | KeepTags
)


# Refusals -------------------------------------------------------------------------------------------------------


class PlanIsFlawed(Refusal, frozen=True, kw_only=True):
    """The plan would break a rule of seating; it must be computed anew."""

    flaw: str


class NoGroupsNow(Refusal, frozen=True, kw_only=True):
    """No groups are running; `generation` is that of the plenary."""

    generation: int


class NoSuchGroup(Refusal, frozen=True, kw_only=True):
    """There is no such group in the running phase."""

    group_id: str


class GroupIsFull(Refusal, frozen=True, kw_only=True):
    """The group has as many people as a group may have."""

    group_id: str
    size: int


class NotInAGroup(Refusal, frozen=True, kw_only=True):
    """The person sits in no group of the running phase."""

    participant_id: str


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
            return _move(plan, command)
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
    seating = spread(bare, command.mentors, plan.mentored)
    found = flaw(seating)
    if found is not None:
        return PlanIsFlawed(flaw=found)
    phase = InPhase(run=command.run, phase=command.phase, mode=command.mode, seating=seating)
    return [_placed(plan, phase, command.seed, command.algorithm, again=False)]


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
    settled = settle(seating, coming, _cost(plan, phase, {}), command.new_ids)
    seating = spread(settled, command.mentors, plan.mentored)
    return [_placed(plan, msgspec.structs.replace(phase, seating=seating), 0, REPAIRED, again=True)]


def _join(plan: GroupPlan, command: Join) -> list[GroupsEvent]:
    if plan.now is None:
        return []
    known, mentors = plan.now.seating.places(), plan.now.seating.mentors()
    people = [person for person in dict.fromkeys(command.people) if person not in known]
    coming = [mentor for mentor in command.mentors if mentor not in mentors]
    if not people and not coming:
        return []
    cost = _cost(plan, plan.now, command.alike)
    seating = settle(plan.now.seating, people, cost, command.new_ids) if people else plan.now.seating
    return _difference(plan, plan.now, spread(seating, coming, plan.mentored))


def _leave(plan: GroupPlan, command: Leave) -> list[GroupsEvent]:
    if plan.now is None:
        return []
    seating = without(plan.now.seating, [*command.people, *command.mentors])
    settled = settle(seating, [], _cost(plan, plan.now, {}), command.new_ids)
    return _difference(plan, plan.now, spread(settled, [], plan.mentored))


def _move(plan: GroupPlan, command: MovePerson) -> list[GroupsEvent] | Refusal:
    if plan.now is None:
        return NoGroupsNow(generation=plan.generation)
    seating, who = plan.now.seating, command.participant_id
    target = next((group for group in seating.groups if group.group_id == command.group_id), None)
    if target is None:
        return NoSuchGroup(group_id=command.group_id)
    if seating.places().get(who) is None:
        return NotInAGroup(participant_id=who)
    if who in target.members:
        return []
    if len(target.members) >= LARGEST:
        return GroupIsFull(group_id=command.group_id, size=len(target.members))
    moved = move_person(seating, PersonMoved(generation=0, participant_id=who, group_id=command.group_id))
    settled = settle(moved, [], _cost(plan, plan.now, {}), (), frozenset({who}))
    return _difference(plan, plan.now, spread(settled, [], plan.mentored))


def _cost(plan: GroupPlan, phase: InPhase, alike: Alike) -> Cost:
    """Meeting again weighs most, as in the plans themselves; then topics that were not wished, then likeness."""

    def cost(person: str, group: Group) -> float:
        likeness = alike.get(person, {})
        wishes = plan.wishes.get(person, ())
        unwished = 0.0
        if group.topic_id is not None and wishes:
            rank = wishes.index(group.topic_id) if group.topic_id in wishes else 6
            unwished = 40.0 * min(rank, 6)
        return unwished + sum(
            20.0 * plan.times_met(person, other, besides=phase.phase) + likeness.get(other, 0.0)
            for other in group.members
            if other != person
        )

    return cost


def _placed(plan: GroupPlan, phase: InPhase, seed: int, algorithm: str, *, again: bool) -> GroupsPlaced:
    return GroupsPlaced(
        generation=plan.generation + 1,
        run=phase.run,
        phase=phase.phase,
        mode=phase.mode,
        groups=phase.seating.groups,
        with_moderator=phase.seating.with_moderator,
        spare=phase.seating.spare,
        seed=seed,
        algorithm=algorithm,
        again=again,
    )


def _difference(plan: GroupPlan, phase: InPhase, wanted: Seating) -> list[GroupsEvent]:
    """The moves from the present seating to the wanted one; a whole placement when a group has to be formed."""
    if {group.group_id for group in wanted.groups} - {group.group_id for group in phase.seating.groups}:
        return [_placed(plan, msgspec.structs.replace(phase, seating=wanted), 0, REPAIRED, again=True)]
    events: list[GroupsEvent] = []
    generation, seating = plan.generation, phase.seating
    before, after = seating.places(), wanted.places()
    for person in [*after, *(one for one in before if one not in after)]:
        if person in before and person in after and before[person] == after[person]:
            continue
        generation += 1
        moved = PersonMoved(
            generation=generation, participant_id=person, group_id=after.get(person), gone=person not in after
        )
        seating = move_person(seating, moved)
        events.append(moved)
    had, mentors = phase.seating.mentors(), wanted.mentors()
    for mentor in sorted({*had, *mentors}):
        if mentor in had and mentor in mentors and had[mentor] == mentors[mentor]:
            continue
        generation += 1
        gone = mentor not in mentors
        changed = MentorMoved(generation=generation, mentor_id=mentor, group_id=mentors.get(mentor), gone=gone)
        seating = move_mentor(seating, changed)
        events.append(changed)
    return events


GROUPS: Decider[GroupPlan, GroupsCommand, GroupsEvent] = Decider(
    name="session.groups",
    initial=GroupPlan(),
    decide=decide,
    evolve=evolve,
    events=(GroupsPlaced, PersonMoved, MentorMoved, GroupsRecalled, TopicsKept, WishesKept, TagsKept),
    snapshot=Snapshotted((GroupPlan,)),
)

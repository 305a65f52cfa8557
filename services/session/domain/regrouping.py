# SPDX-License-Identifier: Apache-2.0
"""Running groups changed by hand: move, swap, lock, merge, split.

The same rules hold as for a plan: three to five people each, nobody lost, nobody beside somebody they are kept apart
from. What a hand changes is repaired around it; what cannot be repaired is refused.
"""

import msgspec

from services.chassis.decider import Refusal
from services.session.domain.groups_changes import difference, settled
from services.session.domain.groups_commands import LockGroup, MergeGroups, MovePerson, SplitGroup, SwapPeople
from services.session.domain.groups_facts import GroupLocked, GroupsEvent, PersonMoved
from services.session.domain.groups_refusals import (
    CannotRegroup,
    GroupIsFull,
    GroupIsLocked,
    KeptApart,
    KeptTogether,
    NoGroupsNow,
    NoSuchGroup,
    NotInAGroup,
)
from services.session.domain.groups_state import GroupPlan, InPhase, move_person
from services.session.domain.mentoring import spread
from services.session.domain.seating import LARGEST, Group, Seating, without
from services.session.domain.seating_rules import Rules


def move_person_by_hand(plan: GroupPlan, command: MovePerson) -> list[GroupsEvent] | Refusal:
    """Who is kept together with the person moves along."""
    found = _two_groups(plan, command.participant_id, command.group_id)
    if isinstance(found, Refusal):
        return found
    phase, source, target = found
    if source is target:
        return []
    rules = Rules(plan.rules)
    here = source.members if source is not None else phase.seating.with_moderator
    unit = tuple(one for one in here if one in rules.unit(command.participant_id))
    if len(target.members) + len(unit) > LARGEST:
        return GroupIsFull(group_id=target.group_id, size=len(target.members))
    clash = [other for one in unit for other in rules.clash(one, target.members)]
    if clash:
        return KeptApart(participant_ids=(command.participant_id, *clash))
    return _changed(plan, phase, _put(phase.seating, unit, target), unit)


def swap_people(plan: GroupPlan, command: SwapPeople) -> list[GroupsEvent] | Refusal:
    """Each takes the other's place; a repeated command swaps back, as it says."""
    if plan.now is None:
        return NoGroupsNow(generation=plan.generation)
    phase, rules = plan.now, Rules(plan.rules)
    group_of = {person: group for group in phase.seating.groups for person in group.members}
    for one in (command.one, command.other):
        if one not in group_of:
            return NotInAGroup(participant_id=one)
    here, there = group_of[command.one], group_of[command.other]
    if here is there:
        return []
    for group in (here, there):
        if group.group_id in phase.locked:
            return GroupIsLocked(group_id=group.group_id)
    for one, group, other in ((command.one, here, command.other), (command.other, there, command.one)):
        unit = tuple(person for person in group.members if person in rules.unit(one))
        if len(unit) > 1:
            return KeptTogether(participant_ids=unit)
        clash = rules.clash(other, [person for person in group.members if person != one])
        if clash:
            return KeptApart(participant_ids=(other, *clash))
    swapped = _put(_put(phase.seating, (command.one,), there), (command.other,), here)
    return difference(plan, phase, swapped)


def lock_group(plan: GroupPlan, command: LockGroup) -> list[GroupsEvent] | Refusal:
    """Until the phase ends."""
    found = _group(plan, command.group_id)
    if isinstance(found, Refusal):
        return found
    phase, _ = found
    known = (command.group_id in phase.locked) == command.locked
    return [] if known else [GroupLocked(group_id=command.group_id, locked=command.locked)]


def merge_groups(plan: GroupPlan, command: MergeGroups) -> list[GroupsEvent] | Refusal:
    """A group that is closed already stays closed: then there is nothing to do."""
    found = _group(plan, command.into)
    if isinstance(found, Refusal):
        return found
    phase, into = found
    source = next((group for group in phase.seating.groups if group.group_id == command.group_id), None)
    if source is None or source is into:
        return NoSuchGroup(group_id=command.group_id)
    for group in (source, into):
        if group.group_id in phase.locked:
            return GroupIsLocked(group_id=group.group_id)
    rules, joined = Rules(plan.rules), list(into.members)
    rest: list[str] = []
    for unit in rules.units(source.members):
        fits = len(joined) + len(unit) <= LARGEST and not any(rules.clash(one, joined) for one in unit)
        (joined if fits else rest).extend(unit)
    closed = without(phase.seating, source.members)
    moved = tuple(one for one in joined if one not in into.members)
    groups = tuple(group for group in closed.groups if group.group_id != source.group_id)
    spare = (*closed.spare, source.mentor_id) if source.mentor_id else closed.spare
    merged = _put(msgspec.structs.replace(closed, groups=groups, spare=spare), moved, into)
    return _changed(plan, phase, merged, moved, tuple(rest), wanted=len(groups))


def split_group(plan: GroupPlan, command: SplitGroup) -> list[GroupsEvent] | Refusal:
    """The new group has the topic of the old one."""
    found = _group(plan, command.group_id)
    if isinstance(found, Refusal):
        return found
    phase, source = found
    if source.group_id in phase.locked:
        return GroupIsLocked(group_id=source.group_id)
    for one in command.participants:
        if one not in source.members:
            return NotInAGroup(participant_id=one)
    rules = Rules(plan.rules)
    leaving = tuple(one for one in source.members if rules.unit(one).intersection(command.participants))
    wanted = len(phase.seating.groups) + 1
    if not 0 < len(leaving) < len(source.members):
        return CannotRegroup(people=len(source.members), groups=2)
    number = max(group.number for group in phase.seating.groups) + 1
    new = Group(group_id=command.new_id, number=number, members=(), topic_id=source.topic_id)
    split = _put(msgspec.structs.replace(phase.seating, groups=(*phase.seating.groups, new)), leaving, new)
    return _changed(plan, phase, split, source.members, wanted=wanted)


def _group(plan: GroupPlan, group_id: str) -> tuple[InPhase, Group] | Refusal:
    if plan.now is None:
        return NoGroupsNow(generation=plan.generation)
    group = next((group for group in plan.now.seating.groups if group.group_id == group_id), None)
    return (plan.now, group) if group is not None else NoSuchGroup(group_id=group_id)


def _two_groups(plan: GroupPlan, who: str, group_id: str) -> tuple[InPhase, Group | None, Group] | Refusal:
    """The running phase, the group of a person (None: with the moderator) and the one they are to go to."""
    found = _group(plan, group_id)
    if isinstance(found, Refusal):
        return found
    phase, target = found
    places = phase.seating.places()
    if who not in places:
        return NotInAGroup(participant_id=who)
    source = next((group for group in phase.seating.groups if group.group_id == places[who]), None)
    if source is not target:
        for group in (source, target):
            if group is not None and group.group_id in phase.locked:
                return GroupIsLocked(group_id=group.group_id)
    return phase, source, target


def _put(seating: Seating, people: tuple[str, ...], group: Group) -> Seating:
    for one in people:
        seating = move_person(seating, PersonMoved(generation=0, participant_id=one, group_id=group.group_id))
    return seating


def _changed(
    plan: GroupPlan,
    phase: InPhase,
    seating: Seating,
    pinned: tuple[str, ...],
    coming: tuple[str, ...] = (),
    wanted: int | None = None,
) -> list[GroupsEvent] | Refusal:
    """What leads to a seating that a hand has changed, once it is repaired.

    Args:
        plan, phase: as they are.
        seating: what the hand made of it.
        pinned: who stays where the hand put them.
        coming: who still needs a place.
        wanted: how many groups there shall be in the end; None: as many as the repair leaves.
    """
    changed = msgspec.structs.replace(phase, seating=seating)
    after = settled(plan, changed, coming, (), pinned=frozenset(pinned))
    placed = after.places()
    kept = all(placed.get(one) == group_id for one, group_id in seating.places().items() if one in pinned)
    more_left = len(after.with_moderator) > len(phase.seating.with_moderator)
    if not kept or more_left or (wanted is not None and len(after.groups) != wanted):
        people = sum(1 for _ in phase.seating.people())
        return CannotRegroup(people=people, groups=wanted or len(phase.seating.groups))
    return difference(plan, phase, spread(plan, msgspec.structs.replace(phase, seating=after)))

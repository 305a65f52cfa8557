# SPDX-License-Identifier: Apache-2.0
"""From one seating of a running phase to another: what the next one costs people, and the events that lead there."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec

from services.session.domain.groups_facts import GroupsEvent, GroupsPlaced, MentorMoved, PersonMoved
from services.session.domain.groups_state import GroupPlan, InPhase, move_mentor, move_person
from services.session.domain.seating import Cost, Group, Seating
from services.session.domain.seating_rules import Rules
from services.session.domain.settling import NOBODY, settle

REPAIRED = "repair-1"
"""The algorithm named by a plan that was not computed but repaired from an earlier one."""

Alike: TypeAlias = Mapping[str, Mapping[str, float]]
"""How alike a newcomer is to each other person, from attributes; only compared, never stored."""


def settled(
    plan: GroupPlan,
    phase: InPhase,
    coming: Sequence[str],
    new_ids: Sequence[str],
    alike: Alike | None = None,
    pinned: frozenset[str] = NOBODY,
) -> Seating:
    """The seating of a phase with everybody in a place, by the rules and locks of the plan."""
    cost = cost_of(plan, phase, alike or {})
    rules = Rules(plan.rules)
    return settle(phase.seating, coming, cost, new_ids, pinned, rules=rules, locked=phase.locked)


def cost_of(plan: GroupPlan, phase: InPhase, alike: Alike) -> Cost:
    """How unwelcome people are: meeting again weighs most, as in plans; then topics not wished, then likeness."""

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


def placed(plan: GroupPlan, phase: InPhase, seed: int, algorithm: str, *, again: bool) -> GroupsPlaced:
    """The event of a whole seating; see `GroupsPlaced`."""
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


def difference(plan: GroupPlan, phase: InPhase, wanted: Seating) -> list[GroupsEvent]:
    """The moves from the present seating to the wanted one; a whole placement when a group has to be formed."""
    if {group.group_id for group in wanted.groups} - {group.group_id for group in phase.seating.groups}:
        return [placed(plan, msgspec.structs.replace(phase, seating=wanted), 0, REPAIRED, again=True)]
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
    if seating.places() != after:
        # A group that others take over as a whole would be closed in between.
        return [placed(plan, msgspec.structs.replace(phase, seating=wanted), 0, REPAIRED, again=True)]
    return events

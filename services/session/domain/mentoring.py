# SPDX-License-Identifier: Apache-2.0
"""Mentors are scarce: one accompanies several groups in turn, and who needs it most comes first.

A mentor without a group gets one by itself; who has one goes on when they think that the group stands on its own feet,
or when a moderator says so. Nobody is taken from a group by the clock, in the middle of a sentence.
"""

from collections.abc import Collection, Iterable, Sequence
from itertools import combinations

import msgspec

from services.chassis.decider import Refusal
from services.session.domain.groups_commands import AccompanyGroup
from services.session.domain.groups_facts import GroupsEvent, MentorMoved
from services.session.domain.groups_refusals import GroupIsAccompanied, NoGroupsNow, NoSuchGroup, NotAMentor
from services.session.domain.groups_state import GroupPlan, InPhase
from services.session.domain.seating import Group, Seating

NOBODY: frozenset[str] = frozenset()


def by_need(plan: GroupPlan, phase: InPhase, calling: Sequence[str] = ()) -> list[Group]:
    """The groups without a mentor, who needs one most first.

    Groups that called for help come first, in the order of their calls; then those that nobody has accompanied in this
    phase; then those that were left longest ago. Of new ones those come first of whose people the fewest have had a
    mentor yet, then the smallest.

    Args:
        calling: groups with open calls, the oldest first.
    """
    accompanied = NOBODY.union(*plan.mentored.values())

    def need(group: Group) -> tuple[int, int, int, int, int]:
        called = calling.index(group.group_id) if group.group_id in calling else len(calling)
        left = phase.left.index(group.group_id) + 1 if group.group_id in phase.left else 0
        known = len(accompanied.intersection(group.members))
        return called, left, known, len(group.members), group.number

    return sorted((group for group in phase.seating.groups if group.mentor_id is None), key=need)


def spread(plan: GroupPlan, phase: InPhase, coming: Iterable[str] = (), calling: Sequence[str] = ()) -> Seating:
    """Gives mentors without a group one that has none; nobody is taken away from a group.

    After groups that called come groups of people whom a mentor has not accompanied before.

    Args:
        phase: the groups.
        coming: mentors who are present and have no group yet.
        calling: groups with open calls, the oldest first.
    """
    seating = phase.seating
    free = sorted({*seating.spare, *coming} - {group.mentor_id for group in seating.groups if group.mentor_id})
    chosen = _choose(free, by_need(plan, phase, calling), plan, frozenset(calling))
    mentor_of = {group_id: mentor for mentor, group_id in chosen.items()}
    return Seating(
        groups=tuple(
            msgspec.structs.replace(group, mentor_id=group.mentor_id or mentor_of.get(group.group_id))
            for group in seating.groups
        ),
        with_moderator=seating.with_moderator,
        spare=tuple(mentor for mentor in free if mentor not in chosen),
    )


def _choose(free: Sequence[str], groups: Sequence[Group], plan: GroupPlan, calling: Collection[str]) -> dict[str, str]:
    """A group for each mentor, as far as there are some; `groups` in the order of their need."""
    members = {group.group_id: group.members for group in groups}

    def known(mentor: str, group_id: str) -> int:
        return -1 if group_id in calling else len(plan.mentored.get(mentor, NOBODY).intersection(members[group_id]))

    wishes = sorted(
        (known(mentor, group.group_id), place, mentor, group.group_id)
        for mentor in free
        for place, group in enumerate(groups)
    )
    chosen: dict[str, str] = {}
    for _, _, mentor, group_id in wishes:
        if mentor not in chosen and group_id not in chosen.values():
            chosen[mentor] = group_id
    better = True
    while better:  # two mentors exchange groups as long as that spares a second meeting
        better = False
        for one, other in combinations(sorted(chosen), 2):
            here, there = chosen[one], chosen[other]
            if known(one, there) + known(other, here) < known(one, here) + known(other, there):
                chosen[one], chosen[other] = there, here
                better = True
    return chosen


def accompany_group(plan: GroupPlan, command: AccompanyGroup) -> list[GroupsEvent] | Refusal:
    """When every group has a mentor, everybody stays where they are."""
    if plan.now is None:
        return NoGroupsNow(generation=plan.generation)
    mentors = plan.now.seating.mentors()
    if command.mentor_id not in mentors:
        return NotAMentor(staff_id=command.mentor_id)
    target = command.group_id
    if target is None:
        waiting = by_need(plan, plan.now, command.calling)
        target = waiting[0].group_id if waiting else mentors[command.mentor_id]
    group = next((group for group in plan.now.seating.groups if group.group_id == target), None)
    if group is None:
        return NoSuchGroup(group_id=target) if target is not None else []
    if group.mentor_id == command.mentor_id:
        return []
    if group.mentor_id is not None:
        return GroupIsAccompanied(group_id=group.group_id, mentor_id=group.mentor_id)
    return [MentorMoved(generation=plan.generation + 1, mentor_id=command.mentor_id, group_id=group.group_id)]

# SPDX-License-Identifier: Apache-2.0
"""Who sits where in one phase, and how a seating is repaired with as few moves as possible.

Groups have 3 to 5 people whenever 3 or more are present; one or two people stay with the moderator. A running
seating is never planned anew: newcomers go to the smallest group, and a group that fell below three is pulled up
from larger ones or dissolved into others, whichever moves fewer people.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations

import msgspec

SMALLEST, LARGEST, BEST = 3, 5, 4

Cost = Callable[[str, "Group"], float]
"""How unwelcome a person is in a group: meeting again, being alike, another topic than wished."""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """One small group. `number` is what people read on the screen; it counts from 1 and is not given twice."""

    group_id: str
    number: int
    members: tuple[str, ...]
    mentor_id: str | None = None
    topic_id: str | None = None


class Seating(msgspec.Struct, frozen=True, kw_only=True):
    """Everybody's place in one phase. `spare`: mentors without a group."""

    groups: tuple[Group, ...]
    with_moderator: tuple[str, ...] = ()
    spare: tuple[str, ...] = ()

    def people(self) -> Iterator[str]:
        """Everybody who has a place, mentors left out."""
        for group in self.groups:
            yield from group.members
        yield from self.with_moderator

    def places(self) -> dict[str, str | None]:
        """The group of everybody, None for those with the moderator."""
        placed: dict[str, str | None] = dict.fromkeys(self.with_moderator)
        placed.update((person, group.group_id) for group in self.groups for person in group.members)
        return placed

    def mentors(self) -> dict[str, str | None]:
        """The group of every mentor, None for those without."""
        mentors: dict[str, str | None] = dict.fromkeys(self.spare)
        mentors.update((group.mentor_id, group.group_id) for group in self.groups if group.mentor_id is not None)
        return mentors


def sizes(people: int) -> tuple[int, ...]:
    """The sizes of groups: around 4, differing by one at most, none below 3.

    Twelve people sit in four groups of three, for then even four rounds need nobody to meet twice.

    Raises:
        ValueError: fewer than three people make no group.
    """
    if people < SMALLEST:
        raise ValueError(f"{people} people make no group")
    groups = 1 if people <= LARGEST else 4 if people == 12 else -(-people // BEST)
    small, larger = divmod(people, groups)
    return (small + 1,) * larger + (small,) * (groups - larger)


def flaw(seating: Seating) -> str | None:
    """Why a seating must not be stored, None when it may."""
    people = list(seating.people())
    if len(set(people)) != len(people):
        return "somebody has two places"
    if len({group.group_id for group in seating.groups}) != len(seating.groups):
        return "two groups have one id"
    if len({group.number for group in seating.groups}) != len(seating.groups):
        return "two groups have one number"
    if any(not SMALLEST <= len(group.members) <= LARGEST for group in seating.groups):
        return "a group has fewer than three or more than five people"
    if len(people) >= SMALLEST and seating.with_moderator:
        return "somebody is left with the moderator although there are groups"
    mentors = [*seating.spare, *(group.mentor_id for group in seating.groups if group.mentor_id)]
    return "a mentor is named twice" if len(set(mentors)) != len(mentors) else None


def without(seating: Seating, leaving: Iterable[str]) -> Seating:
    """The seating when these people and mentors are gone; groups may be too small and need `settle`."""
    gone = frozenset(leaving)
    return Seating(
        groups=tuple(
            msgspec.structs.replace(
                group,
                members=tuple(person for person in group.members if person not in gone),
                mentor_id=None if group.mentor_id in gone else group.mentor_id,
            )
            for group in seating.groups
        ),
        with_moderator=tuple(person for person in seating.with_moderator if person not in gone),
        spare=tuple(mentor for mentor in seating.spare if mentor not in gone),
    )


def settle(
    seating: Seating, coming: Sequence[str], cost: Cost, new_ids: Sequence[str], pinned: frozenset[str] = frozenset()
) -> Seating:
    """Gives everybody a place and every group three to five people, moving as few seated people as possible.

    Args:
        seating: the present places; groups may be too small.
        coming: people without a place yet.
        cost: decides between groups of one size, and between people to move.
        new_ids: ids of groups that may have to be formed; one for every four newcomers and one more suffice.
        pinned: people who must not be moved on.
    """
    table = _Table(seating.groups, cost, new_ids, pinned)
    waiting = [*seating.with_moderator, *coming]
    if table.people() + len(waiting) < SMALLEST:
        waiting = [*table.everybody(), *waiting]
        return Seating(groups=(), with_moderator=tuple(waiting), spare=(*seating.mentors(),))
    table.receive(waiting)
    while table.repair_one():
        pass
    groups = tuple(group for group in table.groups() if group.members)
    kept = {group.mentor_id for group in groups}
    return Seating(groups=groups, spare=tuple(mentor for mentor in seating.mentors() if mentor not in kept))


def spread(seating: Seating, coming: Iterable[str], met: Mapping[str, frozenset[str]]) -> Seating:
    """Gives mentors without a group one that has none; nobody is taken away from a group.

    Args:
        seating: the groups.
        coming: mentors who are present and have no group yet.
        met: the people whom each mentor has accompanied before; groups of others come first.
    """
    free = sorted({*seating.spare, *coming} - {group.mentor_id for group in seating.groups if group.mentor_id})
    open_groups = {group.group_id: group for group in seating.groups if group.mentor_id is None}
    nobody: frozenset[str] = frozenset()

    def known(mentor: str, group_id: str) -> int:
        return len(met.get(mentor, nobody).intersection(open_groups[group_id].members))

    wishes = sorted(
        (known(mentor, group.group_id), group.number, mentor, group.group_id)
        for mentor in free
        for group in open_groups.values()
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
    mentor_of = {group_id: mentor for mentor, group_id in chosen.items()}
    return Seating(
        groups=tuple(
            msgspec.structs.replace(group, mentor_id=group.mentor_id or mentor_of.get(group.group_id))
            for group in seating.groups
        ),
        with_moderator=seating.with_moderator,
        spare=tuple(mentor for mentor in free if mentor not in chosen),
    )


class _Table:
    """Groups while they are being repaired."""

    def __init__(self, groups: Iterable[Group], cost: Cost, new_ids: Sequence[str], pinned: frozenset[str]) -> None:
        self._groups = {group.group_id: group for group in groups}
        self._cost = cost
        self._ids = iter(new_ids)
        self._pinned = pinned
        self._last = max((group.number for group in self._groups.values()), default=0)

    def groups(self) -> list[Group]:
        return list(self._groups.values())

    def everybody(self) -> list[str]:
        return [person for group in self._groups.values() for person in group.members]

    def people(self) -> int:
        return sum(len(group.members) for group in self._groups.values())

    def receive(self, waiting: Sequence[str]) -> None:
        """Seats newcomers in the smallest groups; forms new ones where all are full."""
        filled = [group for group in self.groups() if group.members]
        if not filled and waiting:
            start = 0
            for size in sizes(len(waiting)):
                self._form(waiting[start : start + size])
                start += size
            return
        for place, person in enumerate(waiting):
            target = self._roomiest(person)
            if target is None:
                rest = waiting[place:]
                self._form(rest[:BEST])
                self.receive(rest[BEST:])
                return
            self._put(person, target)

    def repair_one(self) -> bool:
        """Pulls up or dissolves the smallest group that has too few people; whether there was one."""
        weak = [group for group in self.groups() if 0 < len(group.members) < SMALLEST]
        if not weak:
            return False
        group = min(weak, key=lambda one: (len(one.members), one.number))
        others = [other for other in self.groups() if other.members and other is not group]
        needed = SMALLEST - len(group.members)
        pullable = sum(max(0, len(other.members) - SMALLEST) for other in others)
        room = sum(LARGEST - len(other.members) for other in others)
        movable = not self._pinned.intersection(group.members)
        if needed <= pullable and (needed <= len(group.members) or room < len(group.members) or not movable):
            for _ in range(needed):
                self._pull(group.group_id)
        else:
            for person in group.members:
                target = self._roomiest(person, group.group_id)
                assert target is not None  # noqa: S101 -- there is room, or pulling would have been possible
                self._put(person, target)
        return True

    def _pull(self, group_id: str) -> None:
        group = self._groups[group_id]
        candidates = [
            (-len(other.members), self._cost(person, group), other.number, person)
            for other in self.groups()
            if other is not group and len(other.members) > SMALLEST
            for person in other.members
            if person not in self._pinned
        ]
        self._put(min(candidates)[3], group_id)

    def _roomiest(self, person: str, besides: str | None = None) -> str | None:
        candidates = [
            (len(group.members), self._cost(person, group), group.number, group.group_id)
            for group in self.groups()
            if group.group_id != besides and 0 < len(group.members) < LARGEST
        ]
        return min(candidates)[3] if candidates else None

    def _form(self, members: Sequence[str]) -> None:
        """A new group; where groups have topics, with the topic that suits its first member best."""
        like = min(self.groups(), key=lambda group: (self._cost(members[0], group), group.number), default=None)
        self._last += 1
        group_id = next(self._ids)
        self._groups[group_id] = Group(
            group_id=group_id, number=self._last, members=tuple(members), topic_id=like.topic_id if like else None
        )

    def _put(self, person: str, group_id: str) -> None:
        for group in self.groups():
            if person in group.members:
                rest = tuple(other for other in group.members if other != person)
                self._groups[group.group_id] = msgspec.structs.replace(group, members=rest)
        group = self._groups[group_id]
        self._groups[group_id] = msgspec.structs.replace(group, members=(*group.members, person))

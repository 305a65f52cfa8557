# SPDX-License-Identifier: Apache-2.0
"""How a seating is repaired with as few moves as possible.

A running seating is never planned anew: newcomers go to the smallest group, and a group that fell below three is pulled
up from larger ones or dissolved into others, whichever moves fewer people. Where that breaks a rule, or would change a
locked group, the fewest moves that keep all rules are searched for; who can be seated in no such way stays with the
moderator.
"""

from collections.abc import Iterable, Sequence

import msgspec

from services.session.domain.searching import Search
from services.session.domain.seating import BEST, LARGEST, SMALLEST, Cost, Group, Seating, flaw, sizes
from services.session.domain.seating_rules import NO_RULES, Rules

NOBODY: frozenset[str] = frozenset()


def settle(
    seating: Seating,
    coming: Sequence[str],
    cost: Cost,
    new_ids: Sequence[str],
    pinned: frozenset[str] = NOBODY,
    *,
    rules: Rules = NO_RULES,
    locked: frozenset[str] = NOBODY,
) -> Seating:
    """Gives everybody a place and every group three to five people, moving as few seated people as possible.

    Args:
        seating: the present places; groups may be too small, and rules broken.
        coming: people without a place yet.
        cost: decides between groups of one size, and between people to move.
        new_ids: ids of groups that may have to be formed; one for every four newcomers and one more suffice.
        pinned: people who must not be moved on.
        rules: who must not, and who must, share a group.
        locked: groups that keep their people and get no others, as long as everybody has a place all the same.
    """
    waiting = list(dict.fromkeys([*seating.with_moderator, *coming]))
    seated = [person for group in seating.groups for person in group.members]
    if len(seated) + len(waiting) < SMALLEST:
        return Seating(groups=(), with_moderator=(*seated, *waiting), spare=(*seating.mentors(),))
    table = _Table(seating.groups, cost, new_ids, pinned, rules, locked)
    table.receive(waiting)
    while table.repair_one():
        pass
    quick = _seating(seating, [group for group in table.groups() if group.members], table.left)
    if flaw(quick, rules) is None and not _changed(seating, quick, locked):
        return quick
    if not rules and not locked and not pinned and not quick.with_moderator:
        return quick
    for closed in (locked, NOBODY) if locked else (NOBODY,):
        found = Search(seating.groups, waiting, cost, new_ids, rules, pinned, closed).run()
        if found is not None:
            return _seating(seating, *found)
    return quick if flaw(quick, rules) is None else _dropped(seating, waiting, rules)


def _changed(before: Seating, after: Seating, locked: frozenset[str]) -> bool:
    """Whether a locked group has other people than before."""
    if not locked:
        return False
    members = {group.group_id: frozenset(group.members) for group in after.groups}
    return any(
        members.get(group.group_id, NOBODY) != frozenset(group.members)
        for group in before.groups
        if group.group_id in locked and group.members
    )


def _seating(before: Seating, groups: Sequence[Group], left: Iterable[str]) -> Seating:
    kept = {group.mentor_id for group in groups}
    spare = tuple(mentor for mentor in before.mentors() if mentor not in kept)
    return Seating(groups=tuple(groups), with_moderator=tuple(left), spare=spare)


def _dropped(seating: Seating, waiting: Sequence[str], rules: Rules) -> Seating:
    """What breaks no rule, whatever it costs: who has no lawful place stays with the moderator."""
    left, groups = list(waiting), []
    everybody = {*seating.people(), *waiting}
    for group in seating.groups:
        members: list[str] = []
        for unit in rules.units(group.members):
            whole = rules.unit(unit[0]).intersection(everybody) <= set(unit)
            fits = len(members) + len(unit) <= LARGEST and not any(rules.clash(one, members) for one in unit)
            (members if whole and fits else left).extend(unit)
        if len(members) >= SMALLEST:
            groups.append(msgspec.structs.replace(group, members=tuple(members)))
        else:
            left.extend(members)
    return _seating(seating, groups, dict.fromkeys(left))


class _Table:
    """Groups while they are being repaired."""

    def __init__(
        self,
        groups: Iterable[Group],
        cost: Cost,
        new_ids: Sequence[str],
        pinned: frozenset[str],
        rules: Rules,
        locked: frozenset[str],
    ) -> None:
        self._groups = {group.group_id: group for group in groups}
        self._cost = cost
        self._ids = list(new_ids)
        self._pinned = pinned
        self._rules = rules
        self._locked = locked
        self._last = max((group.number for group in self._groups.values()), default=0)
        self.left: tuple[str, ...] = ()

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
            start, fair = 0, sizes(len(waiting))
            if len(fair) > len(self._ids):
                self.left = tuple(waiting)
                return
            for size in fair:
                self._form(waiting[start : start + size])
                start += size
            return
        for place, person in enumerate(waiting):
            target = self._roomiest(person)
            if target is None:
                rest = waiting[place:]
                if not self._ids:
                    self.left = tuple(rest)
                    return
                self._form(rest[:BEST])
                self.receive(rest[BEST:])
                return
            self._put(person, target)

    def repair_one(self) -> bool:
        """Pulls up or dissolves the smallest group that has too few people; whether that was so."""
        weak = [group for group in self.groups() if 0 < len(group.members) < SMALLEST]
        if not weak:
            return False
        group = min(weak, key=lambda one: (len(one.members), one.number))
        others = [other for other in self.groups() if other.members and other is not group]
        needed = SMALLEST - len(group.members)
        pullable = sum(self._spared(other) for other in others)
        room = sum(LARGEST - len(other.members) for other in others)
        movable = not self._pinned.intersection(group.members)
        if needed <= pullable and (needed <= len(group.members) or room < len(group.members) or not movable):
            for _ in range(needed):
                self._pull(group.group_id)
        else:
            for person in group.members:
                target = self._roomiest(person, group.group_id)
                if target is None:  # those who could be pulled are pinned, and the others are full
                    return False
                self._put(person, target)
        return True

    def _spared(self, group: Group) -> int:
        """How many people a group can let go."""
        return min(max(0, len(group.members) - SMALLEST), sum(one not in self._pinned for one in group.members))

    def _pull(self, group_id: str) -> None:
        group = self._groups[group_id]
        candidates = [
            (self._wrong(person, group, other), -len(other.members), self._cost(person, group), other.number, person)
            for other in self.groups()
            if other is not group and len(other.members) > SMALLEST
            for person in other.members
            if person not in self._pinned
        ]
        self._put(min(candidates)[4], group_id)

    def _roomiest(self, person: str, besides: str | None = None) -> str | None:
        candidates = [
            (self._wrong(person, group), len(group.members), self._cost(person, group), group.number, group.group_id)
            for group in self.groups()
            if group.group_id != besides and 0 < len(group.members) < LARGEST
        ]
        return min(candidates)[4] if candidates else None

    def _wrong(self, person: str, to: Group, whence: Group | None = None) -> int:
        """How many rules and locks it breaks to seat a person there."""
        unit = self._rules.unit(person)
        partners = sum(bool(unit.intersection(group.members)) for group in self.groups() if group is not to)
        locks = sum(group is not None and group.group_id in self._locked for group in (to, whence))
        return len(self._rules.clash(person, to.members)) + (partners if len(unit) > 1 else 0) + locks

    def _form(self, members: Sequence[str]) -> None:
        """A new group; where groups have topics, with the topic that suits its first member best."""
        like = min(self.groups(), key=lambda group: (self._cost(members[0], group), group.number), default=None)
        self._last += 1
        group_id = self._ids.pop(0)
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

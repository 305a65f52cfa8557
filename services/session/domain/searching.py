# SPDX-License-Identifier: Apache-2.0
"""Searches for the repair of a seating that keeps every rule and moves the fewest people.

One defect after the other is mended in every way there is: somebody waits for a place, a group is too small. What may
be moved grows by one person at a time, so the first repair found moves fewest; the number of steps is bounded, so that
nobody waits for it, and the same everywhere.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from services.session.domain.seating import LARGEST, SMALLEST, Cost, Group
from services.session.domain.seating_rules import Rules

STEPS = 4_000
"""Of one search; a tenth of a second."""
FARTHEST = 12
"""So many people are moved at most."""

Unit = tuple[str, ...]
Found = tuple[list[Group], Unit]


class Search:
    """One search.

    Args:
        groups: as they are; too small, torn or against the rules here and there.
        waiting: people without a place.
        cost: decides between groups of one size.
        new_ids: of groups that may be formed.
        rules: what must hold in the end.
        pinned: who must not be moved.
        locked: groups that keep their people and get no others.
    """

    def __init__(
        self,
        groups: Sequence[Group],
        waiting: Sequence[str],
        cost: Cost,
        new_ids: Sequence[str],
        rules: Rules,
        pinned: frozenset[str],
        locked: frozenset[str],
    ) -> None:
        self._known = {group.group_id: group for group in groups}
        self._cost = cost
        self._rules = rules
        self._pinned = pinned
        self._locked = locked
        self._last = max((group.number for group in groups), default=0)
        self._steps = STEPS
        for number, new_id in enumerate(new_ids, start=self._last + 1):
            self._known[new_id] = Group(group_id=new_id, number=number, members=())
        self._start = {group.group_id: group.members for group in groups}
        self._waiting = self._eject(list(waiting))

    def run(self) -> Found | None:
        """The groups and who stays with the moderator; None when nothing was found within the steps.

        A lock leaves nobody with the moderator.
        """
        people = sum(map(len, self._start.values())) + sum(map(len, self._waiting))
        for left in range(1 if self._locked else people):
            for moves in range(min(people, FARTHEST) + 1):
                found = self._mend(dict(self._start), tuple(self._waiting), (), moves, left)
                if found is not None:
                    return found
                if self._steps <= 0:
                    return None
        return None

    def _eject(self, waiting: list[str]) -> list[Unit]:
        """Takes everybody out of groups in which they must not be; all who wait, in units."""
        out = list(waiting)
        places = {one: group_id for group_id, members in self._start.items() for one in members}
        for unit in self._rules.units([*places, *waiting]):
            if len({places.get(one) for one in unit}) > 1:
                out += unit
        for group_id, members in self._start.items():
            stays = [one for one in members if one not in out]
            while clashing := self._rules.apart(stays):
                every = [one for pair in clashing for one in pair]
                worst = max(every, key=lambda one: (one not in self._pinned, every.count(one), stays.index(one)))
                out += [one for one in stays if one in self._rules.unit(worst)]
                stays = [one for one in stays if one not in out]
            self._start[group_id] = tuple(stays)
        units = self._rules.units(out)
        return sorted(units, key=lambda unit: (-len(unit), -sum(len(self._rules.clash(one, out)) for one in unit)))

    def _mend(
        self, groups: dict[str, Unit], waiting: tuple[Unit, ...], left: Unit, moves: int, may_leave: int
    ) -> Found | None:
        self._steps -= 1
        if self._steps <= 0:
            return None
        options = self._seats(groups, waiting, left, moves, may_leave) if waiting else self._fills(groups, left, moves)
        if options is None:
            return self._result(groups), left
        for groups_then, waiting_then, left_then, moves_then in options:
            used = len(left_then) - len(left)
            found = self._mend(groups_then, waiting_then, left_then, moves_then, may_leave - used)
            if found is not None or self._steps <= 0:
                return found
        return None

    def _seats(
        self, groups: dict[str, Unit], waiting: tuple[Unit, ...], left: Unit, moves: int, may_leave: int
    ) -> Iterator[tuple[dict[str, Unit], tuple[Unit, ...], Unit, int]]:
        """Every way to give the first unit that waits a place."""
        unit, rest = waiting[0], waiting[1:]
        open_groups = [group_id for group_id in groups if group_id not in self._locked and groups[group_id]]
        open_groups.sort(key=lambda group_id: self._rank(unit, group_id, groups[group_id]))
        for group_id in open_groups:
            members = groups[group_id]
            if len(members) + len(unit) <= LARGEST and not self._clash(unit, members):
                yield {**groups, group_id: (*members, *unit)}, rest, left, moves
        fresh = next((group_id for group_id in self._known if not groups.get(group_id)), None)
        if fresh is not None:
            yield {**groups, fresh: unit}, rest, left, moves
        if len(unit) <= may_leave:
            yield groups, rest, (*left, *unit), moves
        for group_id in open_groups:
            for out in self._victims(unit, groups[group_id]):
                if len(out) <= moves:
                    stays = tuple(one for one in groups[group_id] if one not in out)
                    units = tuple(self._rules.units(out))
                    yield {**groups, group_id: (*stays, *unit)}, (*rest, *units), left, moves - len(out)

    def _fills(
        self, groups: dict[str, Unit], left: Unit, moves: int
    ) -> Iterator[tuple[dict[str, Unit], tuple[Unit, ...], Unit, int]] | None:
        """Every way to mend the smallest group that is too small; None when none is."""
        weak = [group_id for group_id, members in groups.items() if 0 < len(members) < SMALLEST]
        if not weak:
            return None
        return self._fill(groups, min(weak, key=lambda one: (len(groups[one]), self._number(one))), left, moves)

    def _fill(
        self, groups: dict[str, Unit], weak: str, left: Unit, moves: int
    ) -> Iterator[tuple[dict[str, Unit], tuple[Unit, ...], Unit, int]]:
        members = groups[weak]
        larger = sorted(groups, key=lambda one: (-len(groups[one]), self._number(one)))
        for other in larger:
            if other == weak or other in self._locked:
                continue
            for unit in self._rules.units(groups[other]):
                fits = len(members) + len(unit) <= LARGEST and not self._clash(unit, members)
                if fits and len(unit) <= moves and not self._pinned.intersection(unit):
                    stays = tuple(one for one in groups[other] if one not in unit)
                    yield {**groups, other: stays, weak: (*members, *unit)}, (), left, moves - len(unit)
        if len(members) <= moves and not self._pinned.intersection(members):
            closed = {group_id: stays for group_id, stays in groups.items() if group_id != weak}
            yield closed, tuple(self._rules.units(members)), left, moves - len(members)

    def _victims(self, unit: Unit, members: Unit) -> Iterator[Unit]:
        """Who could make room for a unit in a group: those who clash with it, or else one unit."""
        must = self._clash(unit, members)
        if must:
            out = tuple(one for one in members if any(one in self._rules.unit(other) for other in must))
            outs = [out]
        else:
            outs = self._rules.units(members)
        for out in outs:
            if len(members) - len(out) + len(unit) <= LARGEST and not self._pinned.intersection(out):
                yield out

    def _clash(self, unit: Unit, members: Unit) -> list[str]:
        return [other for one in unit for other in self._rules.clash(one, members)]

    def _rank(self, unit: Unit, group_id: str, members: Unit) -> tuple[bool, int, float, int]:
        """Their own group first, then the smallest, then the most welcome."""
        known = self._known[group_id]
        own = set(unit) <= set(known.members)
        shown = msgspec.structs.replace(known, members=members)
        return not own, len(members), sum(self._cost(one, shown) for one in unit), known.number

    def _number(self, group_id: str) -> int:
        return self._known[group_id].number

    def _result(self, groups: Mapping[str, Unit]) -> list[Group]:
        """The groups that have people; one that was formed gets the next number, and a topic if the others have one."""
        found: list[Group] = []
        last = self._last
        for group_id, members in sorted(groups.items(), key=lambda item: self._number(item[0])):
            if not members:
                continue
            known = self._known[group_id]
            if known.members:
                found.append(msgspec.structs.replace(known, members=members))
                continue
            last += 1
            like = min(found, key=lambda group: (self._cost(members[0], group), group.number), default=None)
            topic = like.topic_id if like else None
            found.append(Group(group_id=group_id, number=last, members=members, topic_id=topic))
        return found

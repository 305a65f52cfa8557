# SPDX-License-Identifier: Apache-2.0
"""Who must not sit in one group, and who must: facts that staff set, hard rules for every plan, repair and hand.

Where they cannot be kept, somebody stays with the moderator rather than that a rule is broken.
"""

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Literal

import msgspec

RuleKind = Literal["apart", "one_organisation", "together"]
MOST_TOGETHER = 3
"""So many people find a place together in groups of any size."""


class SeatingRule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule. `apart`: no two of these people share a group; `one_organisation`: the same, because they speak for one
    organisation; `together`: all of them who are here share one."""

    kind: RuleKind
    people: tuple[str, ...]


class Rules:
    """All rules of a conference, ready to be asked.

    Args:
        rules: in any order.
    """

    def __init__(self, rules: Iterable[SeatingRule] = ()) -> None:
        self._apart: dict[str, set[str]] = {}
        self._units: dict[str, frozenset[str]] = {}
        for rule in rules:
            if rule.kind == "together":
                unit = frozenset(rule.people).union(*(self._units.get(one, ()) for one in rule.people))
                self._units.update(dict.fromkeys(unit, unit))
            else:
                for one in rule.people:
                    self._apart.setdefault(one, set()).update(other for other in rule.people if other != one)

    def __bool__(self) -> bool:
        return bool(self._apart or self._units)

    def bind(self, people: Iterable[str]) -> bool:
        """Whether any of these people is subject to a rule."""
        return any(one in self._apart or one in self._units for one in people)

    def unit(self, person: str) -> frozenset[str]:
        """Everybody who sits with this person, they included."""
        return self._units.get(person) or frozenset((person,))

    def clash(self, one: str, others: Iterable[str]) -> list[str]:
        """Those of `others` who must not share a group with somebody."""
        apart = self._apart.get(one)
        return [] if not apart else [other for other in others if other in apart]

    def apart(self, members: Sequence[str]) -> list[tuple[str, str]]:
        """The pairs among members of one group who must not share it."""
        if not self._apart:
            return []
        return [(one, other) for one, other in combinations(members, 2) if other in self._apart.get(one, ())]

    def units(self, people: Iterable[str]) -> list[tuple[str, ...]]:
        """These people in units that sit together, in the order of their first member."""
        here = list(dict.fromkeys(people))
        if not self._units:
            return [(one,) for one in here]
        found: dict[frozenset[str], list[str]] = {}
        for one in here:
            found.setdefault(self.unit(one), []).append(one)
        return [tuple(unit) for unit in found.values()]

    def contradiction(self) -> tuple[str, ...] | None:
        """People who would have to sit together and cannot, None when every rule can be kept."""
        for unit in self._units.values():
            if len(unit) > MOST_TOGETHER or self.apart(sorted(unit)):
                return tuple(sorted(unit))
        return None


NO_RULES = Rules()

# SPDX-License-Identifier: Apache-2.0
"""The single values of kept answers as JSON: each is made once, for whoever selects it under whatever name.

Only what everybody may read comes here (`gateway.answers`); answers never change, so a value is good for as long as
its answer is the one that is kept.
"""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

Encode = Callable[[Any], bytes]
"""From a value to its JSON."""


class Leaf:
    """One value of each of some things.

    Args:
        path: the attributes that lead from a thing to it, separated by dots.
        encode: makes it JSON.
        stays: whether it is the same for every selection.

    Attributes:
        get: takes it from a thing.
    """

    __slots__ = ("encode", "get", "stays")

    def __init__(self, path: str, encode: Encode, *, stays: bool) -> None:
        self.get = attrgetter(path)
        self.encode = encode
        self.stays = stays

    def column(self, things: Sequence[Any]) -> list[bytes]:
        """The value of each thing as JSON."""
        return list(map(self.encode, map(self.get, things)))


Columns = dict[Leaf, list[bytes]]
"""Values of one list of things."""


class Leaves:
    """The values of what was written latest, the oldest forgotten first.

    Args:
        limit: how many values are kept, some hundred bytes each.
    """

    def __init__(self, limit: int = 200_000) -> None:
        self._limit = limit
        self._held: dict[int, tuple[object, Columns]] = {}  # whatever is held here keeps its address
        self.size = 0

    def of(self, thing: object) -> Columns:
        """The values of a thing, or of a list of things, that were made so far."""
        held = self._held.get(id(thing))
        return {} if held is None else held[1]

    def add(self, thing: object, leaf: Leaf, column: list[bytes]) -> None:
        """Keeps values.

        Args:
            thing: the thing, or the list of things, that they belong to.
            leaf: which of their values.
            column: one for each thing.
        """
        if id(thing) not in self._held:
            self._held[id(thing)] = (thing, {})
        columns = self._held[id(thing)][1]
        self.size += len(column) - len(columns.get(leaf, ()))
        columns[leaf] = column
        while self.size > self._limit:
            _, gone = self._held.pop(next(iter(self._held)))
            self.size -= sum(map(len, gone.values()))

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

ALIKE = 10_000
"""Among so many values made lately equal ones are found."""


class Leaf:
    """One value of a thing.

    Args:
        path: the attributes that lead from the thing to it, separated by dots.
        encode: makes it JSON.

    Attributes:
        get: takes it from a thing.
    """

    __slots__ = ("encode", "get", "path")

    def __init__(self, path: str, encode: Encode) -> None:
        self.path = path
        self.get = attrgetter(path)
        self.encode = encode


class Values(dict[Leaf, bytes]):
    """The values of one thing; one that is not there yet is made when it is looked up.

    Args:
        leaves: where they are kept.
        thing: whose they are; while it is held here, it keeps its address.
    """

    __slots__ = ("_leaves", "thing")

    def __init__(self, leaves: "Leaves", thing: object) -> None:
        self._leaves = leaves
        self.thing = thing

    def __missing__(self, leaf: Leaf) -> bytes:
        made = self[leaf] = self._leaves.same(leaf.encode(leaf.get(self.thing)))
        self._leaves.grown(self, 1)
        return made

    @property
    def size(self) -> int:
        """How many values there are."""
        return len(self)


class Columns(dict[Leaf, list[bytes]]):
    """The same for each of some things, in their order.

    Args:
        leaves: where they are kept.
        things: whose they are.
    """

    __slots__ = ("_leaves", "thing")

    def __init__(self, leaves: "Leaves", things: Sequence[object]) -> None:
        self._leaves = leaves
        self.thing = things

    def __missing__(self, leaf: Leaf) -> list[bytes]:
        made = self[leaf] = list(map(self._leaves.same, map(leaf.encode, map(leaf.get, self.thing))))
        self._leaves.grown(self, len(made))
        return made

    @property
    def size(self) -> int:
        """How many values there are."""
        return len(self) * len(self.thing)


class Leaves:
    """The values of what was written latest, the oldest forgotten first.

    Args:
        limit: how many values are kept, some hundred bytes each.

    Attributes:
        held: the values that were made so far, by the address of their thing or of their list of things.
    """

    def __init__(self, limit: int = 200_000) -> None:
        self._limit = limit
        self.held: dict[int, Values | Columns] = {}
        self._same: dict[bytes, bytes] = {}
        self.size = 0

    def one(self, thing: object) -> Values:
        """The values of a thing of which there are none yet."""
        made = self.held[id(thing)] = Values(self, thing)
        return made

    def all(self, things: Sequence[object]) -> Columns:
        """The values of a list of things of which there are none yet."""
        made = self.held[id(things)] = Columns(self, things)
        return made

    def same(self, made: bytes) -> bytes:
        """One object for all that are equal: evenings have phases alike, and what is in few places is soon at hand.

        Args:
            made: a value.
        """
        if len(self._same) >= ALIKE:
            self._same.clear()
        return self._same.setdefault(made, made)

    def grown(self, values: Values | Columns, number: int) -> None:
        """Counts values that were made, and forgets the oldest when there are too many.

        Args:
            values: to which they belong; they may have been forgotten themselves.
            number: how many.
        """
        if self.held.get(id(values.thing)) is not values:
            return
        self.size += number
        while self.size > self._limit:
            self.size -= self.held.pop(next(iter(self.held))).size

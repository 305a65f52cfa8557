# SPDX-License-Identifier: Apache-2.0
"""What was written before: the JSON of an entity in the words of one selection, kept while the entity stays the same.

A fragment is known by its selection and its entity, and good only for the very objects that it was made of: answers
never change, and one that was asked for again and did not differ is still the same object (`gateway.answers`). So the
object is the version of the entity. Names of people change and are erased without their entity: the compiler never
lets a selection with a name in it come here.
"""

from typing import NamedTuple

import orjson

from gateway.execution.leaves import Leaves
from gateway.execution.pages import Pages

BESIDE = 400
"""Bytes that an entity takes beside its JSON, roughly; selections are the clients', and may be small and many."""


class _Fragment(NamedTuple):
    made_of: tuple[object, ...]
    written: orjson.Fragment
    size: int


class Fragments:
    """The written entities of one gateway, the oldest forgotten first.

    Args:
        limit: how many bytes are kept; 0: none.

    Attributes:
        pages: whole results, within the same bytes again.
        leaves: the single values of kept answers, from which what is not here is written.
    """

    def __init__(self, limit: int = 64 * 1024 * 1024) -> None:
        self.limit = limit
        self._kept: dict[tuple[int, str], _Fragment] = {}
        self.size = 0
        self.pages = Pages(limit)
        self.leaves = Leaves()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, selection: int, entity: str, made_of: tuple[object, ...]) -> orjson.Fragment | None:
        """An entity as it was written before; None when it was not, or has changed.

        Args:
            selection: number of the selection.
            entity: id of the entity.
            made_of: the answers it is made of.
        """
        known = self._kept.get((selection, entity))
        if known is None:
            return None
        for old, new in zip(known.made_of, made_of):  # noqa: B905 -- a selection always has as many
            if old is not new:
                return None
        return known.written

    def put(self, selection: int, entity: str, made_of: tuple[object, ...], value: object) -> orjson.Fragment:
        """Writes an entity and keeps it.

        Args:
            selection: number of the selection.
            entity: id of the entity.
            made_of: the answers it is made of.
            value: what is written.
        """
        body = orjson.dumps(value)
        written = orjson.Fragment(body)
        known = self._kept.pop((selection, entity), None)
        if known is not None:
            self.size -= known.size
        size = len(body) + BESIDE
        self._kept[selection, entity] = _Fragment(made_of, written, size)
        self.size += size
        while self.size > self.limit:
            oldest = next(iter(self._kept))
            self.size -= self._kept.pop(oldest).size
        return written

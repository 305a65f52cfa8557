# SPDX-License-Identifier: Apache-2.0
"""Folded states kept in memory, the least recently used ones forgotten."""

from collections import OrderedDict
from typing import Any
from uuid import UUID

from services.chassis.decisions import Loaded


class StateCache:
    """A bounded cache of states of one log.

    Args:
        size: the number of streams kept.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._states: OrderedDict[UUID, Loaded[Any]] = OrderedDict()
        self._epoch = ""

    def get(self, stream_id: UUID, epoch: str) -> Loaded[Any] | None:
        """The kept state of a stream. A log of another epoch empties the cache: its past may differ."""
        if epoch != self._epoch:
            self._states.clear()
            self._epoch = epoch
        known = self._states.get(stream_id)
        if known is not None:
            self._states.move_to_end(stream_id)
        return known

    def put(self, loaded: Loaded[Any], epoch: str) -> None:
        """Keeps a state, unless a later one of the same stream, or one of another epoch, is kept already."""
        if epoch != self._epoch:
            return
        known = self._states.get(loaded.stream_id)
        if known is None or known.version < loaded.version:
            self._states[loaded.stream_id] = loaded
        self._states.move_to_end(loaded.stream_id)
        while len(self._states) > self._size:
            self._states.popitem(last=False)

    def discard(self, stream_id: UUID) -> None:
        """Forgets a stream."""
        self._states.pop(stream_id, None)

    def __len__(self) -> int:
        return len(self._states)

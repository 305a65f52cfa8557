# SPDX-License-Identifier: Apache-2.0
"""Whole results of public reads as they were written, for as long as nothing that they are made of can have changed.

A list of fifty entities that are all written already (`fragments`) is still fifty questions whether each is the one
that was written. Here one question is enough: whether any kept answer has changed since, or has come of age. Only
what nobody in particular asks comes here, where every field that asks a service says that its answer may be reused.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import orjson

BESIDE = 600
"""Bytes that a result takes beside its JSON, roughly; operations are the clients', and may be small and many."""


class Page(NamedTuple):
    """One result.

    Args:
        data: its root fields, each as JSON.
        changes: how many changes of answers there had been when it was made.
        until: monotonic time (seconds) to which all answers in it are good.
        size: bytes.
    """

    data: dict[str, Any]
    changes: int
    until: float
    size: int


Key = tuple[int, bytes]
"""The number of a compiled operation, and its variables."""


class Pages:
    """The written results of one gateway, the oldest forgotten first.

    Args:
        limit: how many bytes are kept; 0: none.
        now: monotonic time in seconds; tests bring their own.
    """

    def __init__(self, limit: int, *, now: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self._now = now
        self._kept: dict[Key, Page] = {}
        self.size = 0

    def get(self, key: Key, changes: int) -> dict[str, Any] | None:
        """A result as it was written before; None when it was not, or is not good any more.

        Args:
            key: whose.
            changes: how many changes of answers there have been.
        """
        known = self._kept.get(key)
        good = known is not None and known.changes == changes and known.until > self._now()
        return known.data if known is not None and good else None

    def put(self, key: Key, changes: int, until: float, data: Mapping[str, Any]) -> None:
        """Writes a result and keeps it.

        Args:
            key: whose.
            changes: how many changes of answers there had been when it was begun.
            until: monotonic time (seconds) to which it is good.
            data: the result.
        """
        texts = {name: orjson.dumps(value) for name, value in data.items()}
        size = sum(map(len, texts.values())) + len(key[1]) + BESIDE
        written = {name: orjson.Fragment(text) for name, text in texts.items()}
        known = self._kept.pop(key, None)
        self._kept[key] = Page(written, changes, until, size)
        self.size += size - (0 if known is None else known.size)
        while self.size > self.limit:
            self.size -= self._kept.pop(next(iter(self._kept))).size

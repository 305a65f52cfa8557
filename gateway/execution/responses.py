# SPDX-License-Identifier: Apache-2.0
"""Whole answers to public reads by trusted documents: kept, told apart by an ETag, and cacheable by others.

Only what nobody in particular asks by GET comes here, and only where every field that asks a service says for how long
its answer may be reused (`@cacheControl` in the schema). Kept answers are good for so long, and not beyond the next
change of any answer they may be made of.
"""

import hashlib
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import orjson

from gateway.execution.params import Params
from gateway.execution.registry import Operation

VARY = "Accept, Authorization, Quartier-After"
NOT_CACHED = {"Cache-Control": "no-store"}
"""Of every other answer: it is for whoever asked, at this moment."""

BESIDE = 500
"""Bytes that an answer takes beside its body and the variables it was asked with, roughly."""

Key = tuple[bytes, str | None, bytes, str]
"""SHA-256 of the document, name of the operation, its variables as JSON, and how the answer is written."""


class Whole(NamedTuple):
    """One answer.

    Args:
        body: JSON.
        etag: the same for the same body.
        until: monotonic time (seconds) to which it is good.
        changes: how many changes there had been when it was made.
    """

    body: bytes
    etag: str
    until: float
    changes: int

    def headers(self, now: float) -> dict[str, str]:
        """For caches between us and the client.

        Args:
            now: monotonic time (seconds).
        """
        return {
            "ETag": self.etag,
            "Cache-Control": f"public, max-age={max(0, round(self.until - now))}",
            "Vary": VARY,
        }


class Reading(NamedTuple):
    """One read by a trusted document.

    Args:
        key: what is asked, and how it is written.
        changes: how many changes there had been when it began.
        known: the answer that is kept; None: it must be made.
    """

    key: Key
    changes: int
    known: Whole | None


class PublicReads:
    """The kept answers of one door, the oldest forgotten first.

    Args:
        changes: tells how many changes there have been.
        limit: how many bytes are kept, with what they are found by: clients choose the variables.
        now: monotonic time in seconds; tests bring their own.
    """

    def __init__(
        self,
        changes: Callable[[], int],
        *,
        limit: int = 16 * 1024 * 1024,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._changes = changes
        self._limit = limit
        self._now = now
        self._kept: dict[Key, Whole] = {}
        self._size = 0

    def begin(self, operation: Operation, params: Params, media: str) -> Reading:
        """A read, with its answer where that is still good.

        Args:
            operation: what is asked.
            params: its variables.
            media: how it is written.
        """
        variables = orjson.dumps(params.variables or {}, option=orjson.OPT_SORT_KEYS)
        key = (operation.key, operation.name, variables, media)
        changes, known = self._changes(), self._kept.get(key)
        good = known is not None and known.until > self._now() and known.changes == changes
        return Reading(key, changes, known if good else None)

    def keep(self, reading: Reading, body: bytes, seconds: float) -> Whole:
        """Keeps an answer.

        Args:
            reading: whose.
            body: JSON.
            seconds: for how long it is good.
        """
        known = self._kept.pop(reading.key, None)
        if known is not None:
            self._size -= _size(reading.key, known)
        etag = known.etag if known is not None and known.body == body else etag_of(body)
        made = self._kept[reading.key] = Whole(body, etag, self._now() + seconds, reading.changes)
        self._size += _size(reading.key, made)
        while self._size > self._limit:
            oldest = next(iter(self._kept))
            self._size -= _size(oldest, self._kept.pop(oldest))
        return made


def _size(key: Key, whole: Whole) -> int:
    return len(whole.body) + len(key[2]) + BESIDE


def etag_of(body: bytes) -> str:
    """The ETag of a body, in quotes as it is sent."""
    return f'"{hashlib.blake2b(body, digest_size=15).hexdigest()}"'


def unchanged(headers: Mapping[str, str], etag: str) -> bool:
    """Whether a client has this answer already (`If-None-Match`).

    Args:
        headers: of the request.
        etag: of the answer.
    """
    known = [one.strip().removeprefix("W/") for one in headers.get("if-none-match", "").split(",")]
    return etag in known or known == ["*"]

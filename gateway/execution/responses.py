# SPDX-License-Identifier: Apache-2.0
"""Whole answers to public reads by trusted documents: kept, told apart by an ETag, and cacheable by others.

Only what nobody in particular asks by GET comes here, and only where every field that asks a service says for how long
its answer may be reused (`@cacheControl` in the schema). Kept answers are good for so long, and not beyond the next
change of any answer they may be made of.
"""

import hashlib
from collections.abc import Hashable, Mapping
from typing import NamedTuple

VARY = "Accept, Authorization, Quartier-After"
NOT_CACHED = {"Cache-Control": "no-store"}
"""Of every other answer: it is for whoever asked, at this moment."""


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


class Responses:
    """The kept answers of one gateway, the oldest forgotten first.

    Args:
        limit: how many bytes are kept.
    """

    def __init__(self, limit: int = 16 * 1024 * 1024) -> None:
        self._limit = limit
        self._kept: dict[Hashable, Whole] = {}
        self._size = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable, now: float, changes: int) -> Whole | None:
        """An answer that is still good.

        Args:
            key: what was asked, and how it is written.
            now: monotonic time (seconds).
            changes: how many changes there have been.
        """
        known = self._kept.get(key)
        return known if known is not None and known.until > now and known.changes == changes else None

    def put(self, key: Hashable, body: bytes, until: float, changes: int) -> Whole:
        """Keeps an answer.

        Args:
            key: what was asked, and how it is written.
            body: JSON.
            until: monotonic time (seconds) to which it is good.
            changes: how many changes there had been before it was made.
        """
        known = self._kept.pop(key, None)
        if known is not None:
            self._size -= len(known.body)
        same = known is not None and known.body == body
        etag = known.etag if known is not None and same else etag_of(body)
        made = self._kept[key] = Whole(body, etag, until, changes)
        self._size += len(body)
        while self._size > self._limit:
            self._size -= len(self._kept.pop(next(iter(self._kept))).body)
        return made


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

# SPDX-License-Identifier: Apache-2.0
"""Counting what apps use, in memory: a few additions for an operation, and never a wait.

Of whoever comes by an app, the app and its key are known, no person. Once in a while what was counted is taken out as
a batch, to be written.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from gateway.identity.logins import Login

LONGEST = 200
"""Characters of the name of an app that is counted."""


class Used(NamedTuple):
    """What one app has used with one key since the batch before.

    Args:
        client: the app's id.
        key: which API key; empty: an access token.
        operations: that were read.
        points: that were paid.
        errors: operations that were rejected, or answered with errors.
        limited: requests that were turned away because the points were used up.
        last_at: when it was used last, real time.
    """

    client: str
    key: str
    operations: int
    points: int
    errors: int
    limited: int
    last_at: datetime


class Tally:
    """Counts for one app and key.

    Args:
        client: the app.
        key: which API key; empty: an access token.
        now: real time in seconds since 1970.
    """

    __slots__ = ("_client", "_key", "_last", "_now", "errors", "limited", "operations", "points")

    def __init__(self, client: str, key: str, now: Callable[[], float]) -> None:
        self._client = client
        self._key = key
        self._now = now
        self._last = 0.0
        self.operations = self.points = self.errors = self.limited = 0

    def began(self) -> None:
        """An operation was asked for."""
        self.operations += 1
        self._last = self._now()

    def turned_away(self) -> None:
        """A request came without the points for it."""
        self.limited += 1
        self._last = self._now()

    def take(self) -> Used | None:
        """What was counted since the last time; None: nothing."""
        counted = self.operations, self.points, self.errors, self.limited
        if not any(counted):
            return None
        self.operations = self.points = self.errors = self.limited = 0
        return Used(self._client, self._key, *counted, datetime.fromtimestamp(self._last, UTC))


class Tallies:
    """The counts of all apps at this gateway. There are as many as apps and keys that were let in.

    Args:
        now: real time in seconds since 1970; tests bring their own.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._all: dict[tuple[str, str], Tally] = {}

    def of(self, login: Login) -> Tally | None:
        """Where what this client uses is counted; None: it comes by no app."""
        # Whatever a provider calls its clients, a name that no table takes must not hold up the others.
        if not login.client or not login.client.isprintable() or len(login.client) > LONGEST:
            return None
        name = (login.client, login.key)
        tally = self._all.get(name)
        if tally is None:
            tally = self._all[name] = Tally(*name, self._now)
        return tally

    def take(self) -> list[Used]:
        """What all of them have used since the last time."""
        return [used for tally in self._all.values() if (used := tally.take()) is not None]

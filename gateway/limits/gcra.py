# SPDX-License-Identifier: Apache-2.0
"""The generic cell rate algorithm in points: one float of memory per client.

What a client owes is kept as the instant at which nothing will be owed any more. Debt is thus time, and a rate that
changes (a replica joins or leaves) changes what the next point costs, never how long a client still has to wait.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

_TINY = 1e-9
"""Seconds by which sums of floats may be off."""


class Standing(NamedTuple):
    """How a client stands after it asked for points.

    Args:
        wait: 0 when it got them, else the real seconds after which it would.
        remaining: points it could have at once.
        reset: real seconds until it has all of them again.
    """

    wait: float
    remaining: int
    reset: float


class Gcra:
    """Gives each client points at a rate, with bursts.

    Args:
        rate: points a second in the long run, of all replicas together.
        burst: points at once, of all replicas together.
        floor: points that a client may have at once at every replica, however many there are: as many as the
            dearest operation costs, which could otherwise never be paid.
        size: how many clients are remembered; the one not seen for longest is forgotten first.
        now: real time in seconds; tests bring their own.
    """

    def __init__(
        self,
        rate: float,
        burst: int,
        *,
        floor: int = 1,
        size: int = 100_000,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._floor = floor
        self._size = size
        self._now = now
        self._due: OrderedDict[str, float] = OrderedDict()
        self.share(1)

    def share(self, replicas: int) -> None:
        """Gives out one of so many equal parts from now on."""
        self._interval = replicas / self._rate
        self.limit = max(self._floor, self._burst // replicas)
        """Points at once."""
        self.restored = self._rate / replicas
        """Points a second."""
        self._tolerance = self.limit * self._interval

    def take(self, client: str, points: int = 1) -> Standing:
        """Points for a client, or how long it must wait; more than there are at once count as all of them."""
        now = self._now()
        due = max(self._due.get(client, now), now)
        after = due + min(points, self.limit) * self._interval
        wait = after - now - self._tolerance
        if wait > _TINY:
            self._keep(client, due)  # who goes on asking is not forgotten, nor what they owe
            return self._standing(wait, due - now)
        self._keep(client, after)
        return self._standing(0.0, after - now)

    def spend(self, client: str, points: int = 1) -> None:
        """Counts what cannot be refused any more: no debt grows beyond the burst. Thousands may be told at once."""
        now = self._now()
        known = self._due.get(client)
        due = now if known is None or known < now else known
        after = max(due, min(due + points * self._interval, now + self._tolerance))
        if known is None:
            self._keep(client, after)
        else:
            self._due[client] = after  # who only listens was not seen again

    def refund(self, client: str, points: int) -> Standing:
        """Gives points back that were not needed."""
        now = self._now()
        due = self._due.get(client, now) - points * self._interval
        if due > now:
            self._due[client] = due
        else:
            self._due.pop(client, None)
        return self._standing(0.0, max(0.0, due - now))

    def __len__(self) -> int:
        return len(self._due)

    def _keep(self, client: str, due: float) -> None:
        self._due[client] = due
        self._due.move_to_end(client)
        if len(self._due) > self._size:
            self._due.popitem(last=False)

    def _standing(self, wait: float, owed: float) -> Standing:
        return Standing(wait, max(0, int((self._tolerance - owed) / self._interval + _TINY)), owed)

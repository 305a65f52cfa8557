# SPDX-License-Identifier: Apache-2.0
"""Who is connected, who may come in now, and how everybody is sent away when the gateway stops.

After a restart all clients come back at once. Each connection costs a millisecond or two of processor, so they are
let in at a rate; who is turned away is told when to come again, each a little later than the one before.

One address that knocks all the time does not keep the others out: what is left when half of a burst is used up is
given out in shares. While there is more, everybody gets it; so a city hall behind one address has the whole rate, too.
"""

import asyncio
import math
import time
from collections.abc import Callable
from typing import Protocol

from gateway.identity import Login
from gateway.limits.gcra import Gcra
from gateway.metrics import SOCKETS, TURNED_AWAY

GOING_AWAY = 1012
LONGEST_SECONDS = 30.0
"""The longest wait that is asked of a client."""

SHARE = 0.1
"""The part of the rate and of a burst that one address has for itself while more is asked for than there is."""

STEP_SECONDS = 0.05


class Lasting(Protocol):
    """A connection that stays: a WebSocket, or a stream of server-sent events."""

    login: Login
    address: str
    """From where it comes."""

    def end(self, code: int, reason: str) -> None:
        """Closes it.

        Args:
            code: a close code of the WebSocket protocol.
            reason: for developers.
        """
        ...


class Admission:
    """All connections that stay.

    Args:
        rate: new ones a second, in the long run.
        burst: new ones at once.
        most: at the same time.
        each: at the same time of one person.
        nameless: at the same time from one address, of those who do not say who they are.
        now: real time in seconds; tests bring their own.
    """

    def __init__(
        self,
        *,
        rate: float,
        burst: int,
        most: int,
        each: int,
        nameless: int,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pace = Gcra(rate, burst, now=now)
        self._shares = Gcra(rate * SHARE, max(1, round(burst * SHARE)), now=now)
        self._interval = 1.0 / rate
        self._most = most
        self._each = each
        self._nameless = nameless
        self._now = now
        self._promised = 0.0
        self._open: set[Lasting] = set()
        self._people: dict[str, set[Lasting]] = {}
        self._addresses: dict[str, set[Lasting]] = {}
        self.draining = False
        SOCKETS.set_function(lambda: len(self._open))

    def __len__(self) -> int:
        return len(self._open)

    def knock(self, address: str) -> int:
        """0 when a client may come in now, else the real seconds after which it should come again.

        Args:
            address: from where it comes.
        """
        if self.draining or len(self._open) >= self._most:
            TURNED_AWAY.inc()
            return 1 if self.draining else math.ceil(LONGEST_SECONDS)
        wait = self._wait(address)
        if wait <= 0:
            return 0
        TURNED_AWAY.inc()
        now = self._now()
        self._promised = min(max(self._promised, now + wait) + self._interval, now + LONGEST_SECONDS)
        return math.ceil(self._promised - now)

    def _wait(self, address: str) -> float:
        """Takes a place, of the address's share where few are left; the real seconds until there is one."""
        common = self._pace.take("")
        if common.wait > 0 or common.remaining >= self._pace.limit // 2:
            return common.wait
        own = self._shares.take(address)
        if own.wait > 0:
            self._pace.refund("", 1)
        return own.wait

    def enter(self, connection: Lasting) -> None:
        """A connection is open; nobody has said yet whose it is."""
        self._open.add(connection)

    def introduce(self, connection: Lasting) -> bool:
        """Somebody has said who they are, or that they do not say it; False when they have too many connections."""
        known, name, most = self._place(connection)
        theirs = known.setdefault(name, set())
        if len(theirs) >= most:
            return False
        theirs.add(connection)
        return True

    def _place(self, connection: Lasting) -> tuple[dict[str, set[Lasting]], str, int]:
        """Where a connection is counted, and how many there may be."""
        person = connection.login.actor.id
        if person:
            return self._people, person, self._each
        return self._addresses, connection.address, self._nameless

    def leave(self, connection: Lasting) -> None:
        """A connection is gone."""
        self._open.discard(connection)
        known, name, _ = self._place(connection)
        theirs = known.get(name)
        if theirs is not None:
            theirs.discard(connection)
            if not theirs:
                del known[name]

    def close_person(self, person: str, reason: str) -> None:
        """Closes every connection of a person."""
        for connection in tuple(self._people.get(person, ())):
            connection.end(4403, reason)

    def close_app(self, app: str, reason: str) -> None:
        """Closes every connection by an app, whomever it acts for."""
        for connection in tuple(self._open):
            if connection.login.client == app:
                connection.end(4403, reason)

    async def drain(self, seconds: float) -> None:
        """Lets nobody in any more and sends away who is there, one after the other over this real time."""
        self.draining = True
        going = tuple(self._open)
        began = time.monotonic()
        for number, connection in enumerate(going):
            ahead = began + seconds * number / len(going) - time.monotonic()
            if ahead > STEP_SECONDS:
                await asyncio.sleep(ahead)  # paces the farewells: all come back to other replicas
            connection.end(GOING_AWAY, "the gateway restarts")

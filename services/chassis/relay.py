# SPDX-License-Identifier: Apache-2.0
"""Tells the other services what happened: brings the log into JetStream, in order, each event once.

One replica relays. When log and stream contradict each other (a database restored from a backup), it sends
nothing, is not ready, and names the command that cures it.
"""

import asyncio
import time

import nats.errors
import structlog
from nats.aio.msg import Msg

from services.chassis.leadership import Leadership
from services.chassis.mapper import UnknownEvent
from services.chassis.outlet import Contradiction, Head, Outlet, Publish, Unsent
from services.chassis.store import LogSetBack, StoreUnavailable
from services.chassis.telemetry import RELAY_AGE, RELAY_HALTED, RELAY_LAG, RELAY_POSITION, RELAYED

__all__ = ["YIELD", "Publish", "Relay", "lock_name"]

log = structlog.get_logger()

BATCH = 500
POLL_SECONDS = 0.5
PAUSE_SECONDS = 0.5
HALTED_SECONDS = 2.0
NOTE_SECONDS = 10.0

YIELD = b"yield"
"""Body of a hint by which the operator's tool asks the relay to let go of the stream for a moment."""


def lock_name(service: str) -> str:
    """Names the right to fill the stream of a service."""
    return f"relay:{service}"


class Relay:
    """The relay of one service.

    Args:
        outlet: the stream it fills.

    `problem` is None, or says why nothing is relayed.
    """

    def __init__(self, outlet: Outlet) -> None:
        self.service = outlet.service
        self.problem: str | None = None
        self.position = 0
        self._outlet = outlet
        self._bus = outlet.bus
        self._store = outlet.store
        self._leadership = Leadership(self._store.db, lock_name(self.service))
        self._wake = asyncio.Event()
        self._asked_to_yield = False
        self._behind_since: float | None = None

    @property
    def leading(self) -> bool:
        """Whether this replica is the one that relays."""
        return self._leadership.leading

    async def run(self) -> None:
        """Relays whenever no other replica does, until cancelled."""
        hints = await self._bus.subscribe(self._bus.subject_hint(self.service), self._on_hint)
        self._store.on_commit.append(self._on_commit)
        try:
            await self._leadership.run(self._relay)
        finally:
            self._store.on_commit.remove(self._on_commit)
            await hints.stop()

    async def _relay(self) -> None:
        self._asked_to_yield = False
        noted = 0.0
        head: Head | None = None
        while not self._asked_to_yield:
            try:
                if head is None:
                    head = await self._outlet.head()
                    self._resume()
                self._wake.clear()
                rows = await self._store.select_notifications(head.position, BATCH)
                if rows:
                    before = head.seq
                    head = await self._outlet.send(rows, head)
                    RELAYED.labels(self.service).inc(head.seq - before)
                self._measure(head)
                if time.monotonic() - noted > NOTE_SECONDS and head.position > 0:
                    await self._outlet.note(head)
                    noted = time.monotonic()
            except Contradiction as contradiction:
                await self._halt(str(contradiction))
                return
            except (LogSetBack, UnknownEvent) as error:
                await self._halt(f"{error}")
                return
            except (Unsent, nats.errors.Error, StoreUnavailable, TimeoutError) as error:
                log.info("the relay looks for its place again", reason=str(error) or type(error).__name__)
                head = None
                await self._pause(PAUSE_SECONDS)
                continue
            if not rows:
                await self._pause(POLL_SECONDS)

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _halt(self, problem: str) -> None:
        if self.problem != problem:
            log.error("the relay is halted", problem=problem)
        self.problem = problem
        RELAY_HALTED.labels(self.service).set(1)
        await asyncio.sleep(HALTED_SECONDS)

    def _resume(self) -> None:
        if self.problem is not None:
            log.info("the relay goes on")
        self.problem = None
        RELAY_HALTED.labels(self.service).set(0)

    def _measure(self, head: Head) -> None:
        self.position = head.position
        lag = max(0, self._store.seen - head.position)
        now = time.monotonic()
        if lag == 0:
            self._behind_since = None
        elif self._behind_since is None:
            self._behind_since = now
        RELAY_POSITION.labels(self.service).set(head.position)
        RELAY_LAG.labels(self.service).set(lag)
        RELAY_AGE.labels(self.service).set(0.0 if self._behind_since is None else now - self._behind_since)

    def _on_commit(self, _: int) -> None:
        self._wake.set()

    async def _on_hint(self, message: Msg) -> None:
        if message.data == YIELD:
            self._asked_to_yield = True
        self._wake.set()

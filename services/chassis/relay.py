# SPDX-License-Identifier: Apache-2.0
"""Tells the other services what happened: brings the log into JetStream, in order, each event once.

One replica relays. When log and stream contradict each other (a database restored from a backup), it sends
nothing, is not ready, and names the command that cures it.
"""

import asyncio
import time
from collections import deque
from contextlib import suppress

import nats.errors
import structlog
from nats.aio.msg import Msg

from services.chassis.groupcommit import UNREACHABLE
from services.chassis.leadership import Leadership
from services.chassis.mapper import UnknownEvent
from services.chassis.outlet import Contradiction, Head, Outlet, Publish, Sent, Unsent
from services.chassis.quiet import Seldom
from services.chassis.store import LogSetBack, StoreUnavailable
from services.chassis.telemetry import RELAY_AGE, RELAY_HALTED, RELAY_LAG, RELAY_POSITION, RELAYED

__all__ = ["YIELD", "Publish", "Relay", "lock_name"]

log = structlog.get_logger()

BATCH = 500
AHEAD = 2
"""Batches under way at a time: the next one need not wait for the answers to the one before, and still grows
while the stream is slow."""

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
        self._turn = asyncio.Event()
        self._grown = True
        self._asked_to_yield = False
        self._mark = (0, 0.0)
        self._noted = 0.0
        self._seldom = Seldom()

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
        self._noted = 0.0
        while not self._asked_to_yield:
            try:
                await self._flow()
            except Contradiction as contradiction:
                await self._halt(str(contradiction))
                return
            except (LogSetBack, UnknownEvent) as error:
                await self._halt(f"{error}")
                return
            except (Unsent, nats.errors.Error, StoreUnavailable, TimeoutError) as error:
                reason = str(error) or type(error).__name__
                if self._seldom.due(reason):
                    log.info("the relay looks for its place again", reason=reason)
                await asyncio.sleep(PAUSE_SECONDS)

    async def _flow(self) -> None:
        """Finds the head of the stream and goes on from there, until asked to yield or something goes wrong."""
        head = confirmed = await self._outlet.head()
        self._resume()
        under_way: deque[Sent] = deque()
        self._grown = True
        try:
            while not self._asked_to_yield:
                self._turn.clear()
                while under_way and under_way[0].over:
                    confirmed = await self._confirm(under_way.popleft())
                await self._note(confirmed)
                if not self._grown or len(under_way) == AHEAD:
                    await self._pause(POLL_SECONDS)
                    continue
                self._grown = False
                rows = await self._store.select_notifications(head.position, BATCH)
                if rows:
                    self._grown = len(rows) == BATCH or self._grown
                    under_way.append(await self._outlet.send(rows, head, self._turn.set))
                    head = under_way[-1].head
            while under_way:  # who asked wants the stream for itself
                await self._confirm(under_way.popleft())
        except asyncio.CancelledError:
            if confirmed.position > 0:
                with suppress(*UNREACHABLE):  # the note of the last seconds is worth no more than a refill
                    await self._outlet.note(confirmed)
            raise
        finally:
            for sent in under_way:
                sent.give_up()

    async def _confirm(self, sent: Sent) -> Head:
        head = await sent.acknowledged()
        RELAYED.labels(self.service).inc(sent.messages)
        self._measure(head)
        self._seldom.forget()
        return head

    async def _note(self, head: Head) -> None:
        if time.monotonic() - self._noted > NOTE_SECONDS and head.position > 0:
            self._measure(head)
            await self._outlet.note(head)
            self._noted = time.monotonic()

    async def _pause(self, seconds: float) -> None:
        """Waits for something new or for answers; looks by itself after a while, since hints can be lost."""
        try:
            async with asyncio.timeout(seconds):
                await self._turn.wait()
        except TimeoutError:
            self._grown = True

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
        seen, now = self._store.seen, time.monotonic()
        if head.position >= self._mark[0]:
            self._mark = seen, now  # the log ended here at this moment: no event up to it has been waiting for longer
        RELAY_POSITION.labels(self.service).set(head.position)
        RELAY_LAG.labels(self.service).set(max(0, seen - head.position))
        RELAY_AGE.labels(self.service).set(now - self._mark[1])

    def _on_commit(self, _: int) -> None:
        self._grown = True
        self._turn.set()

    async def _on_hint(self, message: Msg) -> None:
        if message.data == YIELD:
            self._asked_to_yield = True
        self._grown = True
        self._turn.set()

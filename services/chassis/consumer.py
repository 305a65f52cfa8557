# SPDX-License-Identifier: Apache-2.0
"""Carries out a service's policies: each contract event of another service once, in order per conference.

One replica consumes a source. Every conference has a queue of its own. What follows from an event and the note
that it has been applied are one transaction; an event at or below the note is ignored, however often it comes.
A failure that passes is tried again in its place; a defect parks the conference, and the others flow on.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

import structlog

from services.chassis.dead_letters import WAITS, DeadLetters
from services.chassis.faults import passes
from services.chassis.groupcommit import UNREACHABLE
from services.chassis.inflow import Delivered, Inflow
from services.chassis.leadership import Leadership
from services.chassis.policies import Policies
from services.chassis.reactions import Reactions, Tables, position_of
from services.chassis.tasks import end
from services.chassis.telemetry import CONSUMED, CONSUMER_WAITING, PARKED

if TYPE_CHECKING:
    from services.chassis.service import Runtime

log = structlog.get_logger()

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 15.0
TICK_SECONDS = 1.0

_REPLAY: Delivered | None = None
"""In a queue: take up the dead letters of the conference again."""


class Consumer:
    """The consumer of one source in one service.

    Args:
        runtime: the parts of the service, or of a process that has no log.
        policies: its reactions.
        source: the service whose events are consumed.
    """

    def __init__(self, runtime: Runtime | Tables, policies: Policies, source: str) -> None:
        self.name = policies.service
        self.source = source
        self.parked: set[str] = set()
        self.letters = DeadLetters(runtime.db, self.name)
        self._runtime = runtime
        self._reactions = Reactions(runtime, policies, source)
        self._leadership = Leadership(runtime.db, f"consume:{self.name}:{source}")
        self._inflow = Inflow(
            runtime.bus,
            self.name,
            source,
            names=policies.names(source),
            deliver=self._enqueue,
            kept=lambda: len(self._pending),
            resume=self._resume,
        )
        self._applied: dict[str, int] = {}
        self._queues: dict[str, deque[Delivered | None]] = {}
        self._workers: set[asyncio.Task[None]] = set()
        self._pending: set[int] = set()
        self._stopping = False
        self._defect: BaseException | None = None

    @property
    def leading(self) -> bool:
        """Whether this replica is the one that consumes."""
        return self._leadership.leading

    async def run(self) -> None:
        """Consumes whenever no other replica does, until cancelled."""
        await self._leadership.run(self._consume)

    async def drain(self, seconds: float) -> None:
        """Takes nothing more and gives what is being applied so many real seconds; the rest is read again."""
        self._stopping = True
        if self._workers:
            await asyncio.wait(self._workers, timeout=seconds)
        try:
            await self._note_cursor()
        except UNREACHABLE as error:
            log.warning("cursor not noted", of=self.source, error=type(error).__name__)

    async def _consume(self) -> None:
        rows = await self._runtime.db.pool.fetch(
            "SELECT conference, position FROM consumed WHERE consumer = $1 AND source = $2", self.name, self.source
        )
        self._applied = {row["conference"]: row["position"] for row in rows}
        self.parked = await self.letters.parked(self.source)
        self._inflow.created = ""
        self._defect = None
        flowing = asyncio.ensure_future(self._inflow.run())
        try:
            while not flowing.done():
                await asyncio.wait({flowing}, timeout=TICK_SECONDS)
                await self._tick()
                if self._defect is not None:
                    raise self._defect  # a worker failed: everything is read again from the cursor
            await flowing
        finally:
            await end(flowing, *self._workers)
            await self._reactions.close()
            self._queues.clear()
            self._pending.clear()
            self._inflow.created = ""  # what was pending is not applied: a cursor noted from here on would pass it

    async def _tick(self) -> None:
        """Every second: remembers how far everything is applied, and looks what an operator asked for."""
        PARKED.labels(self.name, self.source).set(len(self.parked))
        CONSUMER_WAITING.labels(self.name, self.source).set(len(self._pending))
        await self._note_cursor()
        for conference in await self.letters.asked_for(self.source):
            if _REPLAY not in self._queues.get(conference, ()):
                self._put(conference, _REPLAY)

    async def _note_cursor(self) -> None:
        """Notes the place in the stream below which everything is applied; only saves reading it again."""
        created = self._inflow.created
        if not created:
            return
        low = min(self._pending) - 1 if self._pending else self._inflow.last_seq
        await self._runtime.db.pool.execute(
            "INSERT INTO cursors (consumer, source, stream_created, seq) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (consumer, source) DO UPDATE SET stream_created = $3, seq = $4",
            self.name, self.source, created, low,
        )  # fmt: skip

    async def _resume(self, created: str) -> int:
        seq = await self._runtime.db.pool.fetchval(
            "SELECT seq FROM cursors WHERE consumer = $1 AND source = $2 AND stream_created = $3",
            self.name, self.source, created,
        )  # fmt: skip
        return seq or 0

    def _enqueue(self, delivered: Delivered) -> None:
        self._pending.add(delivered.seq)  # also while draining: what is not applied holds the cursor back
        if self._stopping:
            return
        self._put(delivered.subject.split(".")[-2], delivered)

    def _put(self, conference: str, delivered: Delivered | None) -> None:
        queue = self._queues.get(conference)
        if queue is not None:
            queue.append(delivered)
            return
        self._queues[conference] = deque([delivered])
        worker = asyncio.get_running_loop().create_task(self._work(conference))
        self._workers.add(worker)
        worker.add_done_callback(self._ended)

    def _ended(self, worker: asyncio.Task[None]) -> None:
        self._workers.discard(worker)
        if not worker.cancelled() and worker.exception() is not None:
            self._defect = worker.exception()

    async def _work(self, conference: str) -> None:
        queue = self._queues[conference]
        while queue and not self._stopping:
            if queue[0] is _REPLAY:
                await self._take_up(conference)
                queue.popleft()
            else:
                first = [event for event in islice(queue, self._reactions.together(queue)) if event is not None]
                await self._handle(conference, first)
                for event in first:
                    queue.popleft()
                    self._pending.discard(event.seq)
            await self._inflow.ask()
        if self._queues.get(conference) is queue:
            del self._queues[conference]

    async def _handle(self, conference: str, events: Sequence[Delivered]) -> None:
        """Applies events of a conference, or lets them wait with it; returns only when one of both is done."""
        rest = deque(events)
        pause = FIRST_PAUSE_SECONDS
        while rest:
            position = position_of(rest[0])
            if position <= self._applied.get(conference, 0):
                self._count("repeated")
                rest.popleft()
                continue
            if conference in self.parked:
                await self._park(conference, rest.popleft(), WAITS)
                continue
            done, error = await self._reactions.apply(conference, rest, again=pause > FIRST_PAUSE_SECONDS)
            for _ in range(done):
                self._applied[conference] = position_of(rest.popleft())
                self._count("applied")
                pause = FIRST_PAUSE_SECONDS
            if error is None:
                continue
            if not passes(error):
                position = position_of(rest[0])
                log.error("conference parked", of=self.source, conference=conference, position=position, exc_info=error)
                await self._park(conference, rest.popleft(), f"{type(error).__name__}: {error}")
                continue
            self._count("retried")
            log.warning("event tried again", of=self.source, conference=conference, error=type(error).__name__)
            await asyncio.sleep(pause * random.uniform(0.75, 1.25))  # noqa: S311 - real-time back-off
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _park(self, conference: str, delivered: Delivered, error: str) -> None:
        self.parked.add(conference)
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                await self.letters.put(self.source, conference, position_of(delivered), delivered, error)
            except UNREACHABLE:
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            else:
                self._count("parked")
                return

    async def _take_up(self, conference: str) -> None:
        """Replays and skips, in order, until an event fails, waits for an operator, or none is left."""
        going = False
        while (letter := await self.letters.first(self.source, conference)) is not None:
            # What began to wait after the operator had asked for the replay follows by itself.
            if letter.state == "parked" and not (going and letter.error == WAITS):
                return
            if letter.state == "skip":
                await self._reactions.note(conference, letter.position)
                self._applied[conference] = max(letter.position, self._applied.get(conference, 0))
                await self.letters.done(self.source, conference, letter.position, skipped=True)
                continue
            self.parked.discard(conference)
            await self._handle(conference, [letter.delivered])
            if conference in self.parked:
                return
            self.parked.add(conference)
            going = True
            await self.letters.done(self.source, conference, letter.position, skipped=False)
        self.parked.discard(conference)

    def _count(self, outcome: str) -> None:
        CONSUMED.labels(self.name, self.source, outcome).inc()

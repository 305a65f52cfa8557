# SPDX-License-Identifier: Apache-2.0
"""Fires the timers of a service: claims rows that are due, decides what follows, removes them with the append."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

import structlog

from services.chassis.api import Decide
from services.chassis.contract import CITY, Done
from services.chassis.decider import Refusal
from services.chassis.decisions import Envelope
from services.chassis.faults import passes
from services.chassis.groupcommit import UNREACHABLE
from services.chassis.policies import Transient
from services.chassis.records import Statement
from services.chassis.refusals import ConcurrentChange
from services.chassis.telemetry import TIMERS_FIRED, span
from services.chassis.timers import TimerContext, Timers

if TYPE_CHECKING:
    import asyncpg

    from services.chassis.service import Runtime

log = structlog.get_logger()

AT_ONCE = 50
LONGEST_SLEEP_SECONDS = 1.0
"""Timers are also set by other replicas, which tell nobody."""

# A claim lasts longer with every failed attempt, so that a defective handler does not run hot.
_CLAIM = """
UPDATE timers SET claimed_until = now() + make_interval(secs => least(5 * power(2, least(attempts, 6)), 300)),
    attempts = attempts + 1
WHERE id IN (
    SELECT id FROM timers WHERE due_at <= $1 AND kind = ANY($2::text[])
        AND (claimed_until IS NULL OR claimed_until <= now())
    ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED
) RETURNING id, due_at, conference_id, kind, payload
"""
_NEXT = (
    "SELECT min(due_at) FROM timers WHERE kind = ANY($1::text[]) AND (claimed_until IS NULL OR claimed_until <= now())"
)
_REMOVE = "DELETE FROM timers WHERE id = $1 AND due_at = $2"


class Firing:
    """The timers of one replica.

    Args:
        runtime: the parts of the service.
        timers: its handlers.
    """

    def __init__(self, runtime: Runtime, timers: Timers) -> None:
        self._runtime = runtime
        self._timers = timers
        self._kinds = list(timers.handlers)
        self._wake = asyncio.Event()

    def notify(self) -> None:
        """Looks for due timers at once."""
        self._wake.set()

    async def run(self) -> None:
        """Fires timers until cancelled; what became due while nothing ran fires once."""
        while True:
            self._wake.clear()
            try:
                while await self.fire_due():
                    pass
                seconds = await self._until_next()
            except UNREACHABLE as error:
                log.warning("timers cannot be read", error=type(error).__name__)
                seconds = LONGEST_SLEEP_SECONDS
            try:
                async with asyncio.timeout(seconds):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def fire_due(self) -> int:
        """Fires what is due now; returns how many timers that was."""
        rows = await self._runtime.db.pool.fetch(_CLAIM, self._runtime.clock.now(), self._kinds, AT_ONCE)
        await asyncio.gather(*(self._fire(row) for row in sorted(rows, key=lambda row: row["due_at"])))
        return len(rows)

    async def _until_next(self) -> float:
        due: datetime | None = await self._runtime.db.pool.fetchval(_NEXT, self._kinds)
        if due is None:
            return LONGEST_SLEEP_SECONDS
        return min(LONGEST_SLEEP_SECONDS, self._runtime.clock.seconds_until(due))

    async def _fire(self, row: asyncpg.Record) -> None:
        kind, service = row["kind"], self._timers.service
        conference: UUID | None = row["conference_id"]
        with span(f"timer {kind}") as trace:
            try:
                outcome = await self._decide(row, trace)
            except Exception as error:
                # The claim runs out and the timer fires again, later each time.
                if passes(error):
                    outcome = "postponed"
                    log.warning("timer postponed", kind=kind, error=type(error).__name__)
                else:
                    outcome = "failed"
                    log.exception("timer failed", kind=kind, conference=conference.hex if conference else CITY)
            TIMERS_FIRED.labels(service, kind, outcome).inc()

    async def _decide(self, row: asyncpg.Record, trace: str) -> str:
        decoder, handler = self._timers.handlers[row["kind"]]
        result: Any = await handler(decoder.decode(row["payload"]), self._context(trace))
        steps, effects = (result.steps, result.effects) if isinstance(result, Decide) else (result, ())
        # A timer that was moved is another one: its instant is part of the command's id.
        key = f"{row['due_at'].isoformat()}"
        remove = Statement(_REMOVE, (row["id"], row["due_at"]))
        # Where nothing is decided there is no id: a rebuilt read model may set the same instant again, and a timer that
        # only moves must then move again instead of counting as one that was fired.
        command_id = uuid5(row["id"], key) if steps else None
        envelope = Envelope(command_id, hashlib.sha256(key.encode()).digest(), self._timers.service, trace)
        executed = await self._runtime.repository.execute(steps, envelope, Done(), (*effects, remove))
        if isinstance(executed, ConcurrentChange):
            raise Transient("somebody else was faster")
        if isinstance(executed, Refusal):
            log.info("timer refused", kind=row["kind"], refusal=type(executed).__name__)
        elif not executed.repeated:
            return "fired"
        # Nothing was appended, so the row did not go with it.
        await self._runtime.db.pool.execute(remove.sql, *remove.args)
        return "refused" if isinstance(executed, Refusal) else "repeated"

    def _context(self, trace: str) -> TimerContext:
        runtime = self._runtime
        return TimerContext(
            now=runtime.clock.now(),
            clock=runtime.clock,
            repository=runtime.repository,
            db=runtime.db,
            keys=runtime.keys,
            requests=runtime.requests,
            settings=runtime.settings,
            trace=trace,
        )

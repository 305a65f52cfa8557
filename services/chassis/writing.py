# SPDX-License-Identifier: Apache-2.0
"""What consumed events write into tables of the service: many events, of many conferences, in one transaction.

While one transaction runs the next ones wait and then go together. Each conference's note of its last position is
written once, in the same transaction. When anything in it fails, nothing of it happened: then every event is written
by itself, so that exactly the one that cannot be written is told apart.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, TypeAlias

from services.chassis.database import Database, Tx
from services.chassis.groupcommit import UNREACHABLE
from services.chassis.tasks import end

MOST = 256
"""Events in one transaction."""

# Locks the notes, in one order for all, and tells how far each conference is. The update changes nothing: it is there
# because a row that another process has just inserted cannot be locked otherwise.
_LOCK = """
INSERT INTO consumed AS known (consumer, source, conference, position)
SELECT $1, $2, conference, 0 FROM unnest($3::text[]) AS conference ORDER BY conference
ON CONFLICT (consumer, source, conference) DO UPDATE SET position = known.position
RETURNING conference, position
"""
_NOTE = """
UPDATE consumed SET position = noted.position FROM unnest($3::text[], $4::bigint[]) AS noted (conference, position)
WHERE consumer = $1 AND source = $2 AND consumed.conference = noted.conference
"""


class Write(NamedTuple):
    """One event: its position in the source's log, and what writes it."""

    position: int
    carry_out: Callable[[Tx], Awaitable[None]]


Outcome: TypeAlias = tuple[int, Exception | None]
"""How many of the first events are written, and why the next one is not; None when all are."""


class _Run(NamedTuple):
    conference: str
    writes: Sequence[Write]
    alone: bool
    outcome: "asyncio.Future[Outcome]"


class Writing:
    """The writer of one consumer.

    Args:
        db: the database.
        consumer: the consuming service.
        source: the service whose events are written.
    """

    def __init__(self, db: Database, consumer: str, source: str) -> None:
        self._db = db
        self._consumer = consumer
        self._source = source
        self._waiting: deque[_Run] = deque()
        self._task: asyncio.Task[None] | None = None

    async def write(self, conference: str, writes: Sequence[Write], *, alone: bool = False) -> Outcome:
        """Writes events of one conference in their order, those that were written before left out.

        Args:
            writes: not empty, at most `MOST`.
            alone: not together with other conferences: it has just failed.
        """
        loop = asyncio.get_running_loop()
        run = _Run(conference, writes, alone, loop.create_future())
        self._waiting.append(run)
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._empty())
        return await run.outcome

    async def close(self) -> None:
        """Ends what is under way; what was not committed did not happen."""
        if self._task is not None:
            await end(self._task)
        for run in self._waiting:
            run.outcome.cancel()
        self._waiting.clear()

    async def _empty(self) -> None:
        while self._waiting:
            runs = [self._waiting.popleft()]
            if not runs[0].alone:
                room = MOST - len(runs[0].writes)
                while self._waiting and not self._waiting[0].alone and len(self._waiting[0].writes) <= room:
                    room -= len(self._waiting[0].writes)
                    runs.append(self._waiting.popleft())
            try:
                await self._together(runs)
            finally:
                for run in runs:
                    run.outcome.cancel()  # only where it was cut off

    async def _together(self, runs: Sequence[_Run]) -> None:
        error = await self._commit([(run.conference, run.writes) for run in runs])
        for run in runs:
            if error is None:
                _settle(run, (len(run.writes), None))
            elif isinstance(error, UNREACHABLE) or sum(len(each.writes) for each in runs) == 1:
                _settle(run, (0, error))
            else:
                _settle(run, await self._one_by_one(run))

    async def _one_by_one(self, run: _Run) -> Outcome:
        for number, write in enumerate(run.writes):
            error = await self._commit([(run.conference, [write])])
            if error is not None:
                return number, error
        return len(run.writes), None

    async def _commit(self, runs: Sequence[tuple[str, Sequence[Write]]]) -> Exception | None:
        """All of it in one transaction, or nothing and why."""
        conferences = [conference for conference, _ in runs]
        try:
            async with self._db.transaction() as tx:
                rows = await tx.fetch(_LOCK, self._consumer, self._source, conferences)
                positions = {row["conference"]: row["position"] for row in rows}
                for conference, writes in runs:
                    for write in writes:
                        if write.position > positions[conference]:
                            await write.carry_out(tx)
                            positions[conference] = write.position
                await tx.execute(_NOTE, self._consumer, self._source, list(positions), list(positions.values()))
        except Exception as error:
            return error
        return None


def _settle(run: _Run, outcome: Outcome) -> None:
    if not run.outcome.done():  # whoever waited may have been cancelled
        run.outcome.set_result(outcome)

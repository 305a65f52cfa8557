# SPDX-License-Identifier: Apache-2.0
"""Many independent appends in one transaction: what waits while one commit runs goes together into the next.

One task owns one connection and calls `es_append` with everything that waits. The batch adapts by itself:
a single caller gets a batch of one, a thousand callers share the price of a commit.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Final
from uuid import UUID

import asyncpg

from services.chassis.database import Connection
from services.chassis.records import (
    AlreadyTracked,
    Append,
    Appended,
    Conflict,
    Duplicate,
    KeyReused,
    LogSetBack,
    Result,
    StoreBusy,
    StoreUnavailable,
    heads,
)

MAX_BATCH: Final = 256
MAX_WAITING: Final = 8192
"""Appends beyond this number are turned away before any work; more waiting would only mean more late answers."""

PLACES: Final = ", ".join(f"${number}" for number in range(1, 26))
CALL: Final = f"SELECT r_item, r_status, r_position, r_outcome FROM es_append({PLACES})"  # noqa: S608 - only placeholders

UNREACHABLE: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.exceptions.OperatorInterventionError,
    asyncpg.exceptions.InsufficientResourcesError,
    asyncpg.exceptions.ReadOnlySQLTransactionError,
)
"""Errors that say nothing about an item: the server is gone, going, full, or a standby now."""


class _Waiting:
    """An item in the queue with what the batching needs to know about it."""

    __slots__ = ("done", "heads", "item", "writes")

    def __init__(self, item: Append, done: "asyncio.Future[Result]") -> None:
        self.item = item
        self.done = done
        self.heads = heads(item)
        self.writes = {event.originator_id for event in item.events}


class _Batch:
    """Items that do not touch each other; see the head of the SQL function."""

    def __init__(self) -> None:
        self.items: list[_Waiting] = []
        self._written: set[UUID] = set()
        self._read: set[UUID] = set()
        self._commands: set[UUID] = set()
        self._tracked: set[tuple[str, str, str]] = set()

    def takes(self, waiting: _Waiting) -> bool:
        """Adds the item, unless it touches what the batch already holds or has effects of its own."""
        item = waiting.item
        if self.items:
            if item.effects or self.items[0].item.effects or len(self.items) >= MAX_BATCH:
                return False
            if not self._written.isdisjoint(waiting.heads) or not self._read.isdisjoint(waiting.writes):
                return False
            if item.command is not None and item.command.command_id in self._commands:
                return False
            if item.tracking is not None and item.tracking[:3] in self._tracked:
                return False
        self.items.append(waiting)
        self._written |= waiting.writes
        self._read.update(waiting.heads)
        if item.command is not None:
            self._commands.add(item.command.command_id)
        if item.tracking is not None:
            self._tracked.add(item.tracking[:3])
        return True


class GroupCommit:
    """The writer of one log in one process.

    Args:
        connect: opens a connection for the writer alone.
        committed: called after each commit with the last position stored.
    """

    def __init__(self, connect: Callable[[], Awaitable[Connection]], committed: Callable[[int], None]) -> None:
        self.epoch = ""
        self.floor = 0
        self._connect = connect
        self._committed = committed
        self._connection: Connection | None = None
        self._queue: deque[_Waiting] = deque()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closing = False

    def start(self, epoch: str, head: int) -> None:
        """Begins to take items, for a log of this epoch that ends at `head`."""
        self.epoch = epoch
        self.floor = head
        self._task = asyncio.create_task(self._run(), name="group-commit")

    def adopt(self, epoch: str, head: int) -> None:
        """Goes on with a log that was renumbered: another epoch, ending at `head`."""
        self.epoch = epoch
        self.floor = head

    async def append(self, item: Append) -> Result:
        """Queues an item and waits for what became of it.

        Raises:
            ValueError: the item contradicts itself.
            StoreBusy, StoreUnavailable, LogSetBack: see there.
        """
        if self._task is None or self._closing or self._task.done():
            raise StoreUnavailable("the store is closed")
        if len(self._queue) >= MAX_WAITING:
            raise StoreBusy(f"{MAX_WAITING} appends wait")
        waiting = _Waiting(item, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._wake.set()
        return await waiting.done

    async def close(self) -> None:
        """Finishes what is queued and under way, takes nothing more, and closes the connection."""
        self._closing = True
        self._wake.set()
        try:
            if self._task is not None:
                await self._task
        finally:
            self._fail(self._queue, StoreUnavailable("the store is closed"))
            self._queue.clear()
            self._disconnect()

    async def _run(self) -> None:
        while not self._closing:
            await self._wake.wait()
            while self._queue:
                batch = _Batch()
                while self._queue and (self._queue[0].done.done() or batch.takes(self._queue[0])):
                    self._queue.popleft()
                if batch.items:
                    await self._commit(batch.items)
            self._wake.clear()

    async def _commit(self, batch: Sequence[_Waiting]) -> None:
        """Sends a batch and tells every item what became of it; never raises but for cancellation."""
        try:
            await self._send(batch)
        except asyncio.CancelledError:
            self._fail(batch, StoreUnavailable("the store was closed while the append was under way"))
            raise
        except UNREACHABLE as error:
            self._fail(batch, StoreUnavailable(f"the database cannot be reached: {type(error).__name__}"))
            self._disconnect()
        except Exception as error:
            if len(batch) == 1:
                self._fail(batch, error)
                return
            # One item spoils the batch, for example a topic with a NUL byte: the others must not suffer.
            for waiting in batch:
                await self._commit([waiting])

    async def _send(self, batch: Sequence[_Waiting]) -> None:
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._connect()
        arguments = _arguments(self.epoch, self.floor, batch)
        effects = batch[0].item.effects
        if effects:
            async with self._connection.transaction():
                rows = await self._connection.fetch(CALL, *arguments)
                if rows[0]["r_status"] == "A":
                    for effect in effects:
                        await self._connection.execute(effect.sql, *effect.args)
        else:
            rows = await self._connection.fetch(CALL, *arguments)
        await self._tell(batch, rows)

    async def _tell(self, batch: Sequence[_Waiting], rows: "list[asyncpg.Record]") -> None:
        if rows[0]["r_status"] == "S":
            self._fail(batch, LogSetBack(rows[0]["r_position"], self.floor))
            return
        if rows[0]["r_status"] == "E":
            # The log was renumbered under a new epoch. Everything decided on the old one is decided anew.
            assert self._connection is not None  # noqa: S101 - it has just answered
            self.adopt(await self._connection.fetchval("SELECT epoch FROM log"), rows[0]["r_position"])
            for waiting in batch:
                _settle(waiting, Conflict())
            return
        highest = 0
        for row in rows:
            _, status, position, outcome = row
            if status == "A":
                highest = max(highest, position)
            _settle(batch[row["r_item"] - 1], _result(status, position, outcome))
        if highest > self.floor:
            self.floor = highest
            self._committed(highest)

    def _fail(self, batch: Iterable[_Waiting], error: Exception) -> None:
        for waiting in batch:
            if not waiting.done.done():
                waiting.done.set_exception(error)

    def _disconnect(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.terminate()


def _settle(waiting: _Waiting, result: Result) -> None:
    if not waiting.done.done():  # the caller may have given up
        waiting.done.set_result(result)


def _result(status: str, position: int, outcome: bytes | None) -> Result:
    match status:
        case "A":
            return Appended(position)
        case "D":
            return Duplicate(outcome or b"", position)
        case "K":
            return KeyReused()
        case "T":
            return AlreadyTracked()
        case _:
            return Conflict()


def _arguments(epoch: str, floor: int, batch: Sequence[_Waiting]) -> list[Any]:
    """The columns of the batch, in the order of the SQL function's parameters."""
    events: list[tuple[Any, ...]] = []
    expected: list[tuple[Any, ...]] = []
    commands: list[tuple[Any, ...]] = []
    trackings: list[tuple[Any, ...]] = []
    for number, waiting in enumerate(batch, 1):
        item = waiting.item
        events.extend((number, *event) for event in item.events)
        expected.extend((number, stream, version) for stream, version in waiting.heads.items())
        if item.command is not None:
            commands.append((number, *item.command))
        if item.tracking is not None:
            trackings.append((number, *item.tracking))
    return [
        epoch,
        floor,
        len(batch),
        *_columns(events, 9),
        *_columns(expected, 3),
        *_columns(commands, 5),
        *_columns(trackings, 5),
    ]


def _columns(rows: list[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]

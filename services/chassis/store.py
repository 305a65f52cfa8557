# SPDX-License-Identifier: Apache-2.0
"""The event store of one service: append with group commit, read by stream, position or conference."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

import asyncpg
import structlog

from services.chassis.database import Database, Tx
from services.chassis.groupcommit import UNREACHABLE, GroupCommit
from services.chassis.records import (
    AlreadyTracked,
    Append,
    Appended,
    CommandRecord,
    Conflict,
    Duplicate,
    Guard,
    KeyReused,
    LogSetBack,
    NewEvent,
    Recorded,
    Result,
    Snapshot,
    Statement,
    StoreBusy,
    StoreUnavailable,
    Tracking,
)
from services.chassis.renumber import renumber

__all__ = [
    "AlreadyTracked", "Append", "Appended", "CommandRecord", "Conflict", "Duplicate", "EventStore", "Guard",
    "KeyReused", "LogSetBack", "NewEvent", "Recorded", "Result", "Snapshot", "Statement", "StoreBusy",
    "StoreUnavailable", "Tracking",
]  # fmt: skip

log = structlog.get_logger()

COLUMNS = "notification_id, originator_id, originator_version, topic, state, conference_id, event_id, meta, recorded_at"
EPOCH_AND_HEAD = "SELECT epoch, (SELECT coalesce(max(notification_id), 0) FROM stored_events) FROM log"

SELECT_SNAPSHOT = """
SELECT originator_id, originator_version, state_version, kind, s.state, recorded_at, notification_id
FROM snapshots AS s JOIN stored_events USING (originator_id, originator_version, recorded_at, notification_id)
WHERE originator_id = $1 AND state_version = $2
"""
KEEP_SNAPSHOT = """
INSERT INTO snapshots AS kept
    (originator_id, originator_version, recorded_at, notification_id, state_version, kind, state)
SELECT originator_id, originator_version, recorded_at, notification_id, $4, $5, $6 FROM stored_events
WHERE originator_id = $1 AND originator_version = $2 AND recorded_at = $3
ON CONFLICT (originator_id) DO UPDATE SET
    originator_version = excluded.originator_version, recorded_at = excluded.recorded_at,
    notification_id = excluded.notification_id, state_version = excluded.state_version,
    kind = excluded.kind, state = excluded.state
WHERE kept.originator_version < excluded.originator_version OR kept.state_version <> excluded.state_version
OR NOT EXISTS (
    SELECT FROM stored_events AS e
    WHERE e.originator_id = kept.originator_id AND e.originator_version = kept.originator_version
    AND e.recorded_at = kept.recorded_at AND e.notification_id = kept.notification_id
)
"""


class EventStore:
    """The log in a service's database.

    Args:
        db: the database, with the chassis' migrations applied.

    Use it as `store = await EventStore.open(db)`; `await store.close()` finishes what is queued.
    `on_commit` holds callbacks that get the last position after each commit of this process; they must not block.
    """

    def __init__(self, db: Database) -> None:
        self.db = db
        self.on_commit: list[Callable[[int], None]] = []
        self._writer = GroupCommit(db.dedicated, self._committed)

    @classmethod
    async def open(cls, db: Database) -> "EventStore":
        """Reads the epoch and the head of the log and starts the writer."""
        store = cls(db)
        epoch, head = (await store._fetch(EPOCH_AND_HEAD))[0]
        store._writer.start(epoch, head)
        return store

    async def check(self) -> None:
        """Compares the log with what this process knows; for readiness, and for readers before they trust positions.

        Raises:
            LogSetBack: the log ends before a position that was seen committed, under the same epoch.
            StoreUnavailable: the database cannot be reached.
        """
        seen = self.seen
        epoch, head = (await self._fetch(EPOCH_AND_HEAD))[0]
        if epoch != self.epoch:
            self._writer.adopt(epoch, head)
        elif head < seen:
            raise LogSetBack(head, seen)

    async def close(self) -> None:
        """Finishes queued appends and closes the writer's connection; the pool stays with its owner."""
        await self._writer.close()

    @property
    def epoch(self) -> str:
        """The identity of the log (32 hex digits); positions of different epochs cannot be compared."""
        return self._writer.epoch

    @property
    def seen(self) -> int:
        """The highest position that this process knows to be committed."""
        return self._writer.floor

    async def append(self, item: Append) -> Result:
        """Stores an item, together with whatever other items wait at that moment.

        Raises:
            ValueError: the item's versions contradict each other.
            StoreUnavailable: the outcome is unknown; repeat with the same command id.
            StoreBusy: too much waits; nothing was sent.
            LogSetBack: the database was set back; nothing is stored until the log has a new epoch.
        """
        return await self._writer.append(item)

    async def select_events(self, originator_id: UUID, *, after_version: int | None = None) -> list[Recorded]:
        """The events of one stream after a version (None: all), in order."""
        return await self._select(
            f"SELECT {COLUMNS} FROM stored_events WHERE originator_id = $1 AND originator_version > $2"  # noqa: S608
            " ORDER BY originator_version",
            originator_id,
            -1 if after_version is None else after_version,
        )

    async def select_notifications(
        self, after: int, limit: int = 500, topics: Sequence[str] | None = None, *, tx: Tx | None = None
    ) -> list[Recorded]:
        """At most `limit` events after a position, in the order of the log; only these topics if given.

        Args:
            tx: reads on this connection; None takes one of the pool.
        """
        rows = await self._fetch(
            f"SELECT {COLUMNS} FROM stored_events WHERE notification_id > $1"  # noqa: S608
            " AND ($3::text[] IS NULL OR topic = ANY($3::text[])) ORDER BY notification_id LIMIT $2",
            after,
            limit,
            None if topics is None else list(topics),
            tx=tx,
        )
        events = [Recorded(*row) for row in rows]
        if events:
            self._saw(events[-1].notification_id)
        return events

    async def select_conference(self, conference_id: UUID, *, topics: Sequence[str], after: int = 0) -> list[Recorded]:
        """The events of a conference with these topics after a position, in the order of the log."""
        return await self._select(
            f"SELECT {COLUMNS} FROM stored_events WHERE conference_id = $1 AND notification_id > $2"  # noqa: S608
            " AND topic = ANY($3::text[]) ORDER BY notification_id",
            conference_id,
            after,
            list(topics),
        )

    async def select_snapshot(self, originator_id: UUID, state_version: int) -> Snapshot | None:
        """The kept state of a stream; None if there is none of this version, or if the log does not hold its event."""
        rows = await self._fetch(SELECT_SNAPSHOT, originator_id, state_version)
        return Snapshot(*rows[0]) if rows else None

    async def keep_snapshot(self, snapshot: Snapshot) -> None:
        """Keeps a state instead of the stream's older one, unless the log does not hold its event."""
        await self._fetch(
            KEEP_SNAPSHOT,
            snapshot.originator_id, snapshot.originator_version, snapshot.recorded_at,
            snapshot.state_version, snapshot.kind, snapshot.state,
        )  # fmt: skip

    async def max_notification_id(self) -> int:
        """The head of the log; 0 when it is empty."""
        head: int = await self._value("SELECT coalesce(max(notification_id), 0) FROM stored_events")
        self._saw(head)
        return head

    async def select_command(self, command_id: UUID) -> tuple[bytes, bytes, int] | None:
        """Request hash, outcome and position of a stored command; None when it is not known."""
        rows = await self._fetch(
            "SELECT request_hash, outcome, notification_id FROM commands WHERE command_id = $1", command_id
        )
        return (rows[0][0], rows[0][1], rows[0][2]) if rows else None

    async def purge_commands(self, older_than: timedelta) -> int:
        """Forgets idempotency records older than this (7 days for clients); returns their number."""
        count: int = await self._value(
            "WITH gone AS (DELETE FROM commands WHERE at < now() - $1::interval RETURNING 1) SELECT count(*) FROM gone",
            older_than,
        )
        return count

    async def shift(self, after: int, offset: int, epoch: str) -> None:
        """Gives all events after a position numbers that are higher by `offset`, and the log a new epoch.

        Used by `quartier refill` on a log that was set back, so that consumers do not take new events for
        old ones. Projections and idempotency records follow, all in one transaction.

        Raises:
            ValueError: `offset` is negative.
            StoreUnavailable: the database cannot be reached; whether it happened shows in the epoch.
        """
        try:
            async with self.db.transaction() as tx:
                head = await renumber(tx, after, offset, epoch)
        except UNREACHABLE as error:
            raise StoreUnavailable(str(error)) from error
        self._writer.adopt(epoch, head)

    async def _select(self, sql: str, *args: object) -> list[Recorded]:
        return [Recorded(*row) for row in await self._fetch(sql, *args)]

    async def _fetch(self, sql: str, *args: object, tx: Tx | None = None) -> "list[asyncpg.Record]":
        try:
            return await (self.db.pool if tx is None else tx).fetch(sql, *args)
        except UNREACHABLE as error:
            raise StoreUnavailable(f"the database cannot be reached: {type(error).__name__}") from error

    async def _value(self, sql: str, *args: object) -> int:
        value: int = (await self._fetch(sql, *args))[0][0]
        return value

    def _saw(self, position: int) -> None:
        self._writer.floor = max(self._writer.floor, position)

    def _committed(self, position: int) -> None:
        for callback in self.on_commit:
            try:
                callback(position)
            except Exception as error:  # The events are stored, whatever a listener makes of it.
                log.error("a listener of commits failed", exc_info=error)

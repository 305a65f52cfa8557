# SPDX-License-Identifier: Apache-2.0
"""What apps have used, in the gateway's database: added up over all gateways, day by day (UTC), for ninety days.

Each gateway writes what it counted every few seconds, in one transaction with the number of the batch: one whose
outcome got lost is written again and counted once. What a gateway had not written yet when it was killed is lost: some
seconds of it.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Final, NamedTuple
from uuid import uuid4

import structlog

from gateway.usage.tally import Tallies, Used
from gateway.webhooks.intake import OWNERS_LOCK
from services.chassis.database import Database
from services.chassis.groupcommit import UNREACHABLE
from services.chassis.quiet import Seldom

log = structlog.get_logger()

WRITE_SECONDS: Final = 5.0
CLEAN_SECONDS: Final = 3600.0
DAYS: Final = 90
"""Days that are kept."""

_BATCH = """
INSERT INTO usage_batches AS known (writer, batch, at) VALUES ($1, $2, now())
ON CONFLICT (writer) DO UPDATE SET batch = excluded.batch, at = now() WHERE known.batch < excluded.batch RETURNING true
"""
_ADD = """
INSERT INTO app_usage AS known (client, key, day, operations, points, errors, limited, last_at)
SELECT * FROM unnest($1::text[], $2::text[], $3::date[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
    $8::timestamptz[]) AS used (client, key)
WHERE NOT EXISTS (SELECT FROM webhook_owners_shut_out WHERE owner = used.client AND erased)
ORDER BY used.client, used.key -- in one order, or two gateways would wait for each other
ON CONFLICT (client, key, day) DO UPDATE SET operations = known.operations + excluded.operations,
    points = known.points + excluded.points, errors = known.errors + excluded.errors,
    limited = known.limited + excluded.limited, last_at = greatest(known.last_at, excluded.last_at)
"""
_DAYS = """
SELECT day, sum(operations), sum(points), sum(errors), sum(limited), sum(delivered), sum(failed) FROM (
    SELECT day, operations, points, errors, limited, 0 AS delivered, 0 AS failed FROM app_usage WHERE client = $1
    UNION ALL SELECT day, 0, 0, 0, 0, delivered, failed FROM app_usage_webhooks WHERE owner = $1
) AS used WHERE day BETWEEN $2 AND $3 GROUP BY day ORDER BY day
"""
_KEYS = """
SELECT key, max(last_at), sum(operations) FROM app_usage WHERE client = $1 AND key <> '' AND day BETWEEN $2 AND $3
GROUP BY key ORDER BY max(last_at) DESC, key LIMIT 100
"""
_CLEAN = (
    f"DELETE FROM app_usage WHERE day <= (now() AT TIME ZONE 'UTC')::date - {DAYS}",  # noqa: S608 -- our own constant
    f"DELETE FROM app_usage_webhooks WHERE day <= (now() AT TIME ZONE 'UTC')::date - {DAYS}",  # noqa: S608
    "DELETE FROM usage_batches WHERE at < now() - interval '2 days'",
)


class Day(NamedTuple):
    """What an app has used on one day."""

    day: date
    operations: int
    points: int
    errors: int
    rate_limited: int
    deliveries: int
    failed_deliveries: int


class Key(NamedTuple):
    """What was used with one API key."""

    key_id: str
    last_used_at: datetime
    operations: int


class Usage(NamedTuple):
    """What an app has used in a period."""

    days: Sequence[Day]
    keys: Sequence[Key]


class Ledger:
    """Writes and reads.

    Args:
        db: the gateway's database.
        tallies: what this gateway counts.
    """

    def __init__(self, db: Database, tallies: Tallies) -> None:
        self._db = db
        self._tallies = tallies
        self._writer = uuid4()
        self._number = 0
        self._batch: list[Used] = []
        self._writing = asyncio.Lock()
        self._seldom = Seldom()

    async def run(self) -> None:
        """Writes every few seconds until it is cancelled."""
        cleaned = float("-inf")
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(WRITE_SECONDS)
            try:
                await self.write()
                if loop.time() - cleaned > CLEAN_SECONDS:
                    cleaned = loop.time()
                    for statement in _CLEAN:
                        await self._db.pool.execute(statement)
            except UNREACHABLE as error:
                log.info("what apps use is written later", error=type(error).__name__)
            except Exception as error:
                if self._seldom.due(type(error).__name__):  # webhooks beside it go on
                    log.exception("what apps use was not written")

    async def write(self) -> None:
        """Writes what was counted since the last time, once, however often it must be tried."""
        async with self._writing:
            if not self._batch:
                self._batch = self._tallies.take()
                self._number += 1
            if not self._batch:
                return
            day = datetime.now(UTC).date()
            rows = [(used.client, used.key, day, *used[2:]) for used in self._batch]
            async with self._db.transaction() as tx:
                # An app is erased before this, and nothing of it is written, or behind it, with what is written.
                await tx.execute("SELECT pg_advisory_xact_lock_shared($1)", OWNERS_LOCK)
                if await tx.fetchval(_BATCH, self._writer, self._number):
                    await tx.execute(_ADD, *map(list, zip(*rows, strict=True)))
            self._batch = []

    async def usage(self, client: str, first: date, last: date) -> Usage:
        """What an app has used.

        Args:
            client: the app's id.
            first: day (UTC).
            last: day (UTC), included.
        """
        async with self._db.pool.acquire() as connection:
            days = [Day(row[0], *map(int, row[1:])) for row in await connection.fetch(_DAYS, client, first, last)]
            keys = [Key(row[0], row[1], int(row[2])) for row in await connection.fetch(_KEYS, client, first, last)]
        return Usage(days, keys)

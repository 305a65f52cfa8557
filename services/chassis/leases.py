# SPDX-License-Identifier: Apache-2.0
"""Which replica answers the commands of which partition: leases of a few seconds, renewed every second.

A lease keeps the conferences of a partition hot in one replica. Nothing depends on it: when two replicas answer
the same partition for a moment, the version check of the append keeps them apart.
"""

import asyncio
from collections.abc import Awaitable, Callable
from math import ceil
from uuid import UUID, uuid4

import asyncpg
import structlog

from services.chassis.database import Database
from services.chassis.groupcommit import UNREACHABLE
from services.chassis.subjects import PARTITIONS
from services.chassis.telemetry import LEASED

log = structlog.get_logger()

RENEW_SECONDS = 1.0
LEASE_SECONDS = 2.0
"""A crashed replica's partitions are free after this time and taken one renewal later: at most 3 seconds."""

HAND_OVER_SECONDS = 10.0

LATE_SECONDS = 10.0
"""A replica that renews so late is still waited for when partitions are handed over: it is busy, not gone."""

LEASE_LOCK = 7305809443
"""Serialises the few milliseconds in which replicas of one service share the partitions."""

# clock_timestamp(), not now(): a transaction begins before it waits for the lock, and that may take long.
_SHARE = """
WITH seen AS (
    INSERT INTO replicas (replica, until) VALUES ($1, clock_timestamp() + make_interval(secs => $2))
    ON CONFLICT (replica) DO UPDATE SET until = EXCLUDED.until RETURNING replica
), gone AS (
    DELETE FROM replicas WHERE until < clock_timestamp() - interval '1 minute' AND replica <> $1
)
SELECT count(*) FROM (
    SELECT replica FROM replicas WHERE until > clock_timestamp() UNION SELECT replica FROM seen
) AS alive
"""
_RENEW = """
UPDATE leases SET until = clock_timestamp() + make_interval(secs => $2)
WHERE holder = $1 AND until > clock_timestamp()
"""
_GIVE_UP = """
UPDATE leases SET until = clock_timestamp() WHERE partition IN (
    SELECT partition FROM leases WHERE holder = $1 AND until > clock_timestamp() ORDER BY partition OFFSET $2
)
"""
_TAKE = """
INSERT INTO leases (partition, holder, until)
SELECT p, $1, clock_timestamp() + make_interval(secs => $2) FROM generate_series(0, $4 - 1) AS p
WHERE NOT EXISTS (SELECT 1 FROM leases WHERE partition = p AND until > clock_timestamp())
ORDER BY p LIMIT $3
ON CONFLICT (partition) DO UPDATE SET holder = EXCLUDED.holder, until = EXCLUDED.until
"""
_HAND_OVER = "UPDATE leases SET until = clock_timestamp() WHERE holder = $1"
_OTHERS = "SELECT count(*) FROM replicas WHERE until > clock_timestamp() - make_interval(secs => $1)"
_HOLDERS = "SELECT partition, holder, until > clock_timestamp() AS valid FROM leases"


class Leases:
    """The leases of one replica.

    Args:
        service: its name, for metrics.
        db: the database that all replicas of the service share.
        gained: called with a partition whose commands are to be answered here from now on.
        lost: called with a partition that another replica answers now.
    """

    def __init__(
        self,
        service: str,
        db: Database,
        gained: Callable[[int], Awaitable[None]],
        lost: Callable[[int], Awaitable[None]],
    ) -> None:
        self.replica: UUID = uuid4()
        self.held: frozenset[int] = frozenset()
        self._service = service
        self._db = db
        self._gained = gained
        self._lost = lost
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Looks for free partitions at once: another replica hands over."""
        self._wake.set()

    async def run(self) -> None:
        """Takes a fair share and renews it, until cancelled."""
        while True:
            self._wake.clear()
            try:
                await self._renew()
            except UNREACHABLE as error:
                # Commands are still answered here: without a database nobody else can take over either.
                log.warning("leases not renewed", error=type(error).__name__)
            try:
                async with asyncio.timeout(RENEW_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def hand_over(self, told: Callable[[], Awaitable[None]]) -> None:
        """Frees all partitions and answers on until others have taken them, or no other is there.

        Args:
            told: tells the other replicas.
        """
        try:
            async with asyncio.timeout(HAND_OVER_SECONDS):
                async with self._db.transaction() as tx:
                    await tx.execute("SELECT pg_advisory_xact_lock($1)", LEASE_LOCK)
                    await tx.execute("DELETE FROM replicas WHERE replica = $1", self.replica)
                    await tx.execute(_HAND_OVER, self.replica)
                await told()
                while self.held and await self._db.pool.fetchval(_OTHERS, LATE_SECONDS):
                    await asyncio.sleep(0.05)
                    await self._apply(await self._db.pool.fetch(_HOLDERS))
        except (TimeoutError, *UNREACHABLE):
            log.warning("not all partitions were handed over", left=len(self.held))
        await asyncio.gather(*(self._lost(number) for number in sorted(self.held)))
        self.held = frozenset()

    async def _renew(self) -> None:
        async with self._db.transaction() as tx:
            await tx.execute("SELECT pg_advisory_xact_lock($1)", LEASE_LOCK)
            alive: int = await tx.fetchval(_SHARE, self.replica, LEASE_SECONDS)
            share = ceil(PARTITIONS / alive)
            await tx.execute(_RENEW, self.replica, LEASE_SECONDS)
            await tx.execute(_GIVE_UP, self.replica, share)
            mine: int = await tx.fetchval(
                "SELECT count(*) FROM leases WHERE holder = $1 AND until > now()", self.replica
            )
            await tx.execute(_TAKE, self.replica, LEASE_SECONDS, max(0, share - mine), PARTITIONS)
            # Subscribed before the lease can be seen: whoever hands a partition over stops only once somebody answers.
            await self._apply(await tx.fetch(_HOLDERS))

    async def _apply(self, rows: "list[asyncpg.Record]") -> None:
        """Answers what is leased here, and what was until somebody else has it."""
        valid = {row["partition"]: row["holder"] for row in rows if row["valid"]}
        mine = {number for number, holder in valid.items() if holder == self.replica}
        mine |= self.held - valid.keys()  # given up or run out, and nobody has taken it yet
        await asyncio.gather(
            *(self._lost(number) for number in sorted(self.held - mine)),
            *(self._gained(number) for number in sorted(mine - self.held)),
        )
        self.held = frozenset(mine)
        LEASED.labels(self._service).set(len(mine))

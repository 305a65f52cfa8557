# SPDX-License-Identifier: Apache-2.0
"""Work that one replica at a time does: relaying, consuming.

The right to do it is a session lock of PostgreSQL on a connection of its own: a process that ends, however it
ends, loses it at once. The lock only saves work: what is done under it stays correct when two do it.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from services.chassis.database import Connection, Database
from services.chassis.groupcommit import UNREACHABLE
from services.chassis.tasks import end

log = structlog.get_logger()

LOCK_CLASS = 1903523700
"""First half of the key of these locks; the second is a hash of the work's name."""

RETRY_SECONDS = 0.5
WATCH_SECONDS = 5.0

# A replica whose host vanished must not hold the lock for the two hours of TCP's default.
KEEPALIVE = "SET tcp_keepalives_idle = 1; SET tcp_keepalives_interval = 1; SET tcp_keepalives_count = 2"


async def try_lock(connection: Connection, name: str) -> bool:
    """Takes the right to do the work of this name, if nobody has it."""
    await connection.execute(KEEPALIVE)
    taken: bool = await connection.fetchval("SELECT pg_try_advisory_lock($1, hashtext($2))", LOCK_CLASS, name)
    return taken


class Leadership:
    """Who does the work of one name, among all replicas on one database.

    Args:
        db: the database.
        name: names the work, for example `relay:session`.

    `leading` tells whether this replica does it now.
    """

    def __init__(self, db: Database, name: str) -> None:
        self.db = db
        self.name = name
        self.leading = False

    async def run(self, work: Callable[[], Awaitable[None]]) -> None:
        """Does `work` whenever the lock is ours, until cancelled. When the work ends, fails or the lock is lost,
        the lock is given up and, after a pause, taken again by whoever is first.
        """
        while True:
            try:
                connection = await self.db.dedicated()
            except UNREACHABLE as error:
                log.warning("no connection for the lock", work=self.name, error=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            try:
                while not await try_lock(connection, self.name):  # noqa: ASYNC110 -- a lock tells nobody that it is free
                    await asyncio.sleep(RETRY_SECONDS)
                self.leading = True
                await self._work(connection, work)
            except UNREACHABLE as error:
                log.warning("the lock was lost", work=self.name, error=type(error).__name__)
            except Exception:
                log.exception("work failed and starts again", work=self.name)
            finally:
                self.leading = False
                connection.terminate()
            await asyncio.sleep(RETRY_SECONDS)

    async def _work(self, connection: Connection, work: Callable[[], Awaitable[None]]) -> None:
        working = asyncio.ensure_future(work())
        watching = asyncio.ensure_future(_until_lost(connection))
        try:
            await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            results = await end(working, watching)
        for result in results:
            if isinstance(result, Exception):
                raise result


async def _until_lost(connection: Connection) -> None:
    """Returns when the connection is gone; looks every few seconds, so that a dead network is noticed too."""
    while not connection.is_closed():
        await connection.execute("SELECT 1", timeout=WATCH_SECONDS)
        await asyncio.sleep(WATCH_SECONDS)

# SPDX-License-Identifier: Apache-2.0
"""One service's PostgreSQL database: connections, transactions and numbered migrations."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePath
from typing import TYPE_CHECKING, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]
    Tx: TypeAlias = PoolConnectionProxy[asyncpg.Record] | Connection
else:  # the driver's classes take no type arguments at run time
    Connection = asyncpg.Connection
    Tx = PoolConnectionProxy | Connection
# `Tx` is a connection inside a transaction: what projections and effects write through.

SETTINGS = {"jit": "off", "timezone": "UTC"}
"""Short statements lose more by just-in-time compilation than they gain."""

KEEPALIVE = {"tcp_keepalives_idle": "2", "tcp_keepalives_interval": "1", "tcp_keepalives_count": "3"}
"""Seconds and tries after which the server gives up a silent peer."""

MIGRATION_LOCK = 7305809440
"""Advisory lock held while migrations run, so that two processes starting together do not race."""

MIGRATION_NAME = re.compile(r"^(\d{4})_([a-z0-9_]+)\.sql$")

DatabaseError = asyncpg.PostgresError
"""Whatever the server answers instead of a result."""

LostRace = asyncpg.exceptions.TransactionRollbackError
"""A transaction that others made impossible, such as one of two that waited for each other; tried again it may pass."""


class MigrationChanged(Exception):
    """A migration file differs from the one that was applied to this database."""


def migrations_of(package: str) -> Traversable:
    """The folder of migrations of a package, for example `services.session`."""
    return files(package) / "migrations"


class Database:
    """A pool of connections to the database of one service.

    Args:
        dsn: address of the database, `postgresql://user@host:port/name`.
        pool: the open pool; `Database.connect` makes one.
    """

    def __init__(self, dsn: str, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self.dsn = dsn
        self.pool = pool

    @classmethod
    async def connect(cls, dsn: str, *, size: int = 8) -> "Database":
        """Opens a pool of at most `size` connections.

        Raises:
            OSError, asyncpg.PostgresError: the server cannot be reached or refuses.
        """
        pool = await asyncpg.create_pool(
            dsn, min_size=1, max_size=size, server_settings=SETTINGS, command_timeout=60, reset=_keep_session
        )
        return cls(dsn, pool)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """A transaction on a connection of the pool: committed at the end, rolled back on an exception."""
        async with self.pool.acquire() as connection, connection.transaction():
            yield connection

    async def dedicated(self) -> Connection:
        """A connection of its own, outside the pool: for session locks and the writer of the log.

        The server notices within seconds when its holder is gone, so that a lock does not outlive its process.
        The caller closes it.
        """
        return await asyncpg.connect(self.dsn, server_settings=SETTINGS | KEEPALIVE, command_timeout=60)

    async def close(self) -> None:
        """Closes the pool; connections in use get 5 s to finish, then they are cut."""
        try:
            async with asyncio.timeout(5):
                await self.pool.close()
        except TimeoutError:
            self.pool.terminate()


async def migrate(dsn: str, directories: Sequence[Traversable]) -> list[str]:
    """Applies the migrations that this database has not seen, each once, all in one transaction.

    Args:
        dsn: address of the database; the role must own it.
        directories: folders with files `0001_<name>.sql`; their order is the order of application.

    Returns:
        The applied files as `<directory>/<file>`.

    Raises:
        MigrationChanged: a file that was applied has other content now.
    """
    connection = await asyncpg.connect(dsn, server_settings=SETTINGS)
    try:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", MIGRATION_LOCK)
            await connection.execute(
                "CREATE TABLE IF NOT EXISTS schema_migrations (directory text, number integer, name text NOT NULL,"
                " sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (directory, number))"
            )
            return [file for directory in directories for file in await _apply(connection, directory)]
    finally:
        await connection.close()


async def _apply(connection: Connection, directory: Traversable) -> list[str]:
    label = PurePath(str(directory)).parent.name
    rows = await connection.fetch("SELECT number, sha256 FROM schema_migrations WHERE directory = $1", label)
    known: dict[int, str] = {row["number"]: row["sha256"] for row in rows}
    applied = []
    for number, name, text in _files(directory):
        digest = hashlib.sha256(text.encode()).hexdigest()
        if number not in known:
            await connection.execute(text)
            await connection.execute(
                "INSERT INTO schema_migrations (directory, number, name, sha256) VALUES ($1, $2, $3, $4)",
                label, number, name, digest,
            )  # fmt: skip
            applied.append(f"{label}/{name}")
        elif known[number] != digest:
            raise MigrationChanged(f"{label}/{name} was changed after it had been applied; write a new migration")
    return applied


def _files(directory: Traversable) -> list[tuple[int, str, str]]:
    found = []
    for entry in directory.iterdir():
        match = MIGRATION_NAME.match(entry.name)
        if match is not None:
            found.append((int(match[1]), entry.name, entry.read_text(encoding="utf-8")))
    return sorted(found)


async def _keep_session(_: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Saves asyncpg's round trip of resets: nothing that uses the pool changes its session."""

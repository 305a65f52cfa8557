# SPDX-License-Identifier: Apache-2.0
"""Appends a second: our store beside plain asyncpg inserts, and beside the library's PostgreSQL recorder.

Ours checks versions, keeps an idempotency record and orders positions by commit. The plain insert does none
of it; the library's recorder checks versions and orders, but keeps no such record.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import uvloop
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

from benchmarks.harness import Result, alternate, more_is_better, postgres
from services.chassis.database import Database, migrate, migrations_of
from services.chassis.store import Append, Appended, CommandRecord, EventStore, NewEvent

SECONDS = 1.0
CALLERS = (1, 8, 32, 256)
CONNECTIONS = 32
STATE = b'{"text":"' + b"x" * 330 + b'"}'
AT = datetime(2026, 11, 14, 18, tzinfo=UTC)

PLAIN_TABLE = """
CREATE TABLE plain_events (originator_id uuid, originator_version bigint, topic text, state bytea,
  notification_id bigint GENERATED ALWAYS AS IDENTITY UNIQUE, conference_id uuid, event_id uuid, meta bytea,
  recorded_at timestamptz, PRIMARY KEY (originator_id, originator_version))
"""
PLAIN_INSERT = (
    "INSERT INTO plain_events (originator_id, originator_version, topic, state, event_id, meta, recorded_at)"
    " VALUES ($1, 0, 'bench', $2, $1, '', $3) RETURNING notification_id"
)

TARGETS = {  # callers: (against plain inserts, against the library's recorder)
    1: (None, 1.0),
    8: (None, 5.0),
    32: (1.0, 15.0),
    256: (1.0, 10.0),
}


async def _rate(callers: int, append: Callable[[], Awaitable[None]]) -> float:
    """Calls a second while `callers` call one after the other each."""
    done = 0
    began = time.perf_counter()

    async def caller() -> None:
        nonlocal done
        while time.perf_counter() - began < SECONDS:
            await append()
            done += 1

    await asyncio.gather(*(caller() for _ in range(callers)))
    return done / (time.perf_counter() - began)


async def _ours(url: str, callers: int) -> float:
    db = await Database.connect(url, size=2)
    store = await EventStore.open(db)

    async def append() -> None:
        new = NewEvent(uuid4(), 0, "bench", STATE, None, uuid4(), b"{}", AT)
        result = await store.append(Append([new], CommandRecord(uuid4(), b"h" * 32, b"{}")))
        assert isinstance(result, Appended)

    try:
        return await _rate(callers, append)
    finally:
        await store.close()
        await db.close()


async def _plain(url: str, callers: int) -> float:
    async with asyncpg.create_pool(url, min_size=min(callers, CONNECTIONS), max_size=CONNECTIONS) as pool:

        async def append() -> None:
            await pool.fetchval(PLAIN_INSERT, uuid4(), STATE, AT)

        return await _rate(callers, append)


def _librarys(url: str, callers: int) -> float:
    address = urlsplit(url)
    with PostgresDatastore(
        dbname=address.path[1:], host=address.hostname or "", port=address.port or 5432,
        user=address.username or "", password=address.password or "",
        pool_size=min(callers, CONNECTIONS), max_overflow=0,
    ) as datastore:  # fmt: skip
        recorder = PostgresApplicationRecorder(datastore, events_table_name="library_events")
        recorder.create_table()
        began = time.perf_counter()

        def caller() -> int:
            done = 0
            while time.perf_counter() - began < SECONDS:
                recorder.insert_events([StoredEvent(uuid4(), 0, "bench", STATE)])
                done += 1
            return done

        with ThreadPoolExecutor(callers) as threads:
            total = sum(future.result() for future in [threads.submit(caller) for _ in range(callers)])
        return total / (time.perf_counter() - began)


async def _prepare(url: str) -> None:
    await migrate(url, [migrations_of("services.chassis")])
    connection = await asyncpg.connect(url)
    await connection.execute(PLAIN_TABLE)
    await connection.close()


def run() -> list[Result]:
    """One 350-byte event per append, callers waiting for each answer; fsync on."""
    results = []
    with postgres() as url:
        uvloop.run(_prepare(url))
        for callers in CALLERS:
            figures = alternate(
                {
                    "ours": lambda callers=callers: uvloop.run(_ours(url, callers)),  # type: ignore[misc]
                    "plain": lambda callers=callers: uvloop.run(_plain(url, callers)),  # type: ignore[misc]
                    "library": lambda callers=callers: _librarys(url, callers),  # type: ignore[misc]
                }
            )
            for peer, name, target in zip(
                ("plain", "library"), ("plain asyncpg insert", "eventsourcing recorder"), TARGETS[callers], strict=True
            ):
                results.append(
                    more_is_better(
                        f"append, {callers} callers",
                        figures["ours"],
                        "events/s",
                        peer=name,
                        peer_value=figures[peer],
                        target=target,
                    )
                )
    return results

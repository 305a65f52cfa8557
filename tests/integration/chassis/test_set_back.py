# SPDX-License-Identifier: Apache-2.0
"""A database restored from an older backup: nothing is appended unnoticed, and new numbers cure it."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest

from services.chassis.store import (
    Append,
    Appended,
    CommandRecord,
    Conflict,
    Duplicate,
    EventStore,
    LogSetBack,
    Tracking,
)
from tests.integration.chassis.logs import appended, event, events, opened


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with opened(database_url) as (store,):
        yield store


async def set_back(store: EventStore, to: int) -> None:
    """What a restore leaves: the rows of then, under the epoch of then."""
    await store.db.pool.execute("DELETE FROM stored_events WHERE notification_id > $1", to)


async def test_a_log_that_was_set_back_takes_nothing(store: EventStore) -> None:
    await appended(store, *events(uuid4(), 0, 9))
    await set_back(store, 6)
    items = [
        Append([event(uuid4(), 0)]),
        Append(command=CommandRecord(uuid4(), b"", b"")),
        Append(tracking=Tracking("a", "b", "city", 1)),
    ]
    for result in await asyncio.gather(*map(store.append, items), return_exceptions=True):
        assert isinstance(result, LogSetBack)
        assert (result.head, result.floor) == (6, 10)
        assert "quartier refill" in str(result)
    with pytest.raises(LogSetBack):
        await store.check()
    assert await store.db.pool.fetchval("SELECT count(*) FROM stored_events") == 6


async def test_what_a_reader_saw_counts_as_committed(database_url: str) -> None:
    async with opened(database_url, database_url) as (writer, reader):
        await appended(writer, *events(uuid4(), 0, 9))
        await reader.select_notifications(0)
        await set_back(writer, 6)
        with pytest.raises(LogSetBack):
            await reader.append(Append([event(uuid4(), 0)]))


async def test_new_numbers_set_every_replica_going_again_once_it_has_decided_anew(database_url: str) -> None:
    async with opened(database_url, database_url) as (here, there):
        stream = uuid4()
        await appended(here, *events(stream, 0, 9))
        await there.max_notification_id()
        await set_back(here, 6)
        await here.shift(6, 100, "e" * 32)
        assert await appended(here, event(stream, 6)) > 106
        assert await there.append(Append([event(stream, 7)])) == Conflict()
        assert there.epoch == here.epoch == "e" * 32
        assert isinstance(await there.append(Append([event(stream, 7)])), Appended)
        await there.check()


async def test_a_check_learns_of_a_new_epoch(database_url: str) -> None:
    async with opened(database_url, database_url) as (here, there):
        await appended(here, *events(uuid4(), 0, 9))
        await here.shift(10, 0, "e" * 32)
        await there.check()
        assert there.epoch == "e" * 32


async def test_numbers_after_a_position_rise_and_so_does_what_refers_to_them(store: EventStore) -> None:
    stream = uuid4()
    await appended(store, *events(stream, 0, 4))
    early, late = CommandRecord(uuid4(), b"", b"early"), CommandRecord(uuid4(), b"", b"late")
    await store.append(Append(events(stream, 5, 5), early))
    await store.append(Append(events(stream, 6, 9), late))
    pool = store.db.pool
    await pool.execute("INSERT INTO projections VALUES ('behind', 5, 1), ('ahead', 10, 1)")
    await pool.execute("INSERT INTO documents VALUES ('ahead', 'k', NULL, '{}', 8)")

    await store.shift(6, 2, "e" * 32)

    assert [row.notification_id for row in await store.select_events(stream)] == [1, 2, 3, 4, 5, 6, 9, 10, 11, 12]
    assert await store.append(Append(command=early)) == Duplicate(b"early", 6)
    assert await store.append(Append(command=late)) == Duplicate(b"late", 12)
    assert dict(await pool.fetch("SELECT name, position FROM projections")) == {"behind": 5, "ahead": 12}
    assert await pool.fetchval("SELECT position FROM documents") == 10
    assert await appended(store, event(stream, 10)) == 13


async def test_an_empty_log_can_be_lifted_above_what_consumers_have_seen(store: EventStore) -> None:
    await store.shift(0, 500, "e" * 32)
    assert await appended(store, event(uuid4(), 0)) == 501


async def test_a_new_epoch_alone_changes_no_number(store: EventStore) -> None:
    await store.shift(0, 0, "e" * 32)
    assert await appended(store, event(uuid4(), 0)) > 0


async def test_numbers_never_fall(store: EventStore) -> None:
    with pytest.raises(ValueError, match="only rise"):
        await store.shift(0, -1, "e" * 32)


async def test_after_new_numbers_the_log_still_draws_its_own(store: EventStore) -> None:
    await appended(store, *events(uuid4(), 0, 3))
    await store.shift(2, 10, "e" * 32)
    with pytest.raises(asyncpg.GeneratedAlwaysError):
        await store.db.pool.execute(
            "INSERT INTO stored_events (originator_id, originator_version, topic, state, notification_id, event_id,"
            " recorded_at) VALUES ($1, 0, 't', '', 3, $1, now())",
            uuid4(),
        )


async def test_renumbering_waits_for_appends_and_appends_for_it(database_url: str) -> None:
    async with opened(database_url, database_url) as (here, there):
        streams = [uuid4() for _ in range(60)]

        async def write() -> None:
            for stream in streams:
                while not isinstance(await there.append(Append([event(stream, 0)])), Appended):
                    continue

        writing = asyncio.create_task(write())
        for number in range(3):
            await here.shift(await here.max_notification_id(), 1000, f"{number}" * 32)
        await writing
        positions = [row.notification_id for row in await here.select_notifications(0)]
        assert len(positions) == len(streams)
        assert positions == sorted(positions)

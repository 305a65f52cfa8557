# SPDX-License-Identifier: Apache-2.0
"""Kept states: a short cut to what the events say, never anything else, and nobody waits for it."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from services.chassis.clock import Clock
from services.chassis.contract import Done
from services.chassis.decider import Command, Snapshotted
from services.chassis.keys import new_key, seal, unseal
from services.chassis.mapper import Mapper, UnknownEvent
from services.chassis.repository import Envelope, Executed, Repository, Secret, Step
from services.chassis.snapshots import EVERY
from services.chassis.store import Append, Appended, EventStore, NewEvent, Snapshot
from services.ideas.domain.sheet import SHEET, Open, OpenSheet, WritePassage
from tests.integration.chassis.account import ACCOUNT, CONFERENCE, EVENTS, Account, Deposit, Deposited, key
from tests.integration.chassis.logs import NOON, opened

LONG = replace(ACCOUNT, snapshot=Snapshotted((Account,)))
NEWER = replace(ACCOUNT, snapshot=Snapshotted((Account,), version=2))
ANNA = key("anna")


@asynccontextmanager
async def replicas(*urls: str) -> AsyncIterator[list[Repository]]:
    async with opened(*urls) as stores:
        several = [Repository("bank", store, Mapper(EVENTS), Clock()) for store in stores]
        yield several
        for one in several:
            await one.snapshots.close()


@asynccontextmanager
async def cold(url: str) -> AsyncIterator[Repository]:
    """A replica that has just started."""
    async with replicas(url) as (repository,):
        yield repository


async def grow(repository: Repository, to: int, since: int = 0, amount: int = 1) -> None:
    """Lets the stream have `to` events, stored without the repository: nothing is kept of them yet."""
    stream = repository.stream_id(LONG, ANNA)
    topic, state = repository.mapper.encode(Deposited(amount=amount))
    new = [NewEvent(stream, n, topic, state, None, uuid4(), b"", NOON) for n in range(since, to)]
    assert isinstance(await repository.store.append(Append(new)), Appended)


async def deposit(repository: Repository, decider: Any = LONG, secret: Secret | None = None) -> Executed:
    step = Step(decider, ANNA, Deposit(now=NOON, amount=1), CONFERENCE, secret)
    result = await repository.execute([step], Envelope(uuid4(), b"", "", ""), Done())
    assert isinstance(result, Executed), result
    return result


async def kept(repository: Repository) -> list[tuple[int, int]]:
    """Version and balance of the snapshots that there are."""
    await repository.snapshots.settled()
    rows = await repository.store.db.pool.fetch("SELECT originator_version, state FROM snapshots")
    return [(row["originator_version"], msgspec.msgpack.decode(row["state"], type=Account).balance) for row in rows]


class Reads:
    """How many rows each table gave since."""

    def __init__(self, store: EventStore) -> None:
        self.rows: dict[str, int] = {}
        self._fetch = store._fetch
        store._fetch = self._counted  # type: ignore[method-assign]

    async def _counted(self, sql: str, *args: object, **rest: Any) -> Any:
        rows = await self._fetch(sql, *args, **rest)
        (table,) = re.findall(r"FROM (\w+)", sql)[:1]
        self.rows[table] = self.rows.get(table, 0) + len(rows)
        return rows


async def balance(repository: Repository, decider: Any = LONG) -> int:
    loaded = await repository.load(decider, ANNA)
    assert isinstance(loaded.state, Account)
    return loaded.state.balance


async def test_a_long_stream_is_loaded_from_one_snapshot_and_its_tail(database_url: str) -> None:
    async with cold(database_url) as writer:
        await grow(writer, 970)
        assert await balance(writer) == 970
        for _ in range(30):
            await deposit(writer)
        await grow(writer, 1_050, since=1_000)
        assert await kept(writer) == [(999, 1_000)]
    async with cold(database_url) as repository:
        reads = Reads(repository.store)
        loaded = await repository.load(LONG, ANNA)
        assert reads.rows == {"snapshots": 1, "stored_events": 50}
        rows = await repository.store.select_events(loaded.stream_id)
        assert (loaded.version, loaded.at, loaded.position) == (1_049, NOON, rows[-1].notification_id)
        assert loaded.state == Account(balance=1_050)


async def test_the_whole_stream_is_read_where_states_are_not_kept(database_url: str) -> None:
    async with cold(database_url) as repository:
        await grow(repository, 450)
        reads = Reads(repository.store)
        assert await balance(repository, ACCOUNT) == 450
        assert reads.rows == {"stored_events": 450}
        assert await kept(repository) == []


async def test_a_state_in_memory_is_not_read_again(database_url: str) -> None:
    async with cold(database_url) as repository:
        await grow(repository, EVERY)
        assert await balance(repository) == EVERY
        await repository.snapshots.settled()
    async with cold(database_url) as repository:
        await repository.load(LONG, ANNA)
        reads = Reads(repository.store)
        await repository.load(LONG, ANNA)
        assert reads.rows == {"stored_events": 0}


async def test_no_tail_grows_much_longer_than_the_span_between_two_snapshots(database_url: str) -> None:
    async with cold(database_url) as repository:
        versions = []
        for _ in range(2 * EVERY + 10):
            await deposit(repository)
            versions += [version for version, _ in await kept(repository)]
        assert sorted(set(versions)) == [EVERY - 1, 2 * EVERY - 1]


async def test_a_snapshot_of_another_version_is_ignored_and_replaced(database_url: str) -> None:
    async with cold(database_url) as old:
        await grow(old, 300)
        await balance(old)
        await old.snapshots.settled()
        await old.store.db.pool.execute("UPDATE snapshots SET state = '\\x00'")
    async with cold(database_url) as new:
        reads = Reads(new.store)
        assert await balance(new, NEWER) == 300
        assert reads.rows == {"snapshots": 0, "stored_events": 300}
        assert await kept(new) == [(299, 300)]
        assert await new.store.db.pool.fetchval("SELECT state_version FROM snapshots") == 2


async def test_a_snapshot_that_cannot_be_read_is_ignored(database_url: str) -> None:
    async with cold(database_url) as writer:
        await grow(writer, 300)
        await balance(writer)
        await writer.snapshots.settled()
    for damage in ("state = '\\xc1'", "kind = 'Unheard'"):
        async with cold(database_url) as repository:
            await repository.store.db.pool.execute(f"UPDATE snapshots SET {damage}")  # noqa: S608
            assert await balance(repository) == 300


async def test_replicas_that_write_at_once_keep_a_true_state_and_the_newest_one(database_url: str) -> None:
    async with replicas(*[database_url] * 3) as several:
        await grow(several[0], 190)
        for _ in range(10):
            await asyncio.gather(*(deposit(one) for one in several))
        for one in several:
            await one.snapshots.settled()
        ((version, sum_),) = await kept(several[0])
        assert version + 1 == sum_ >= EVERY
        await grow(several[0], 500, since=await balance(several[0]))
        loaded = [await one.load(LONG, ANNA) for one in several]
        assert await kept(several[2]) == [(499, 500)]
        several[1].snapshots.note(LONG, -1, replace(loaded[1], version=199, state=Account(balance=200)))
        assert await kept(several[1]) == [(499, 500)]


async def test_a_crash_before_the_snapshot_was_written_costs_the_next_load_its_tail(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with cold(database_url) as dying:
        await grow(dying, 390)
        await balance(dying)
        await dying.snapshots.settled()

        async def never(_: Snapshot) -> None:
            await asyncio.Event().wait()

        monkeypatch.setattr(dying.store, "keep_snapshot", never)
        for _ in range(40):
            await deposit(dying)
        await dying.snapshots.close()
        assert await kept(dying) == [(389, 390)]
    async with cold(database_url) as repository:
        reads = Reads(repository.store)
        assert await balance(repository) == 430
        assert reads.rows == {"snapshots": 1, "stored_events": 40}
        assert await kept(repository) == [(429, 430)]


async def test_no_command_fails_with_the_snapshots(database_url: str) -> None:
    async with cold(database_url) as repository:
        await grow(repository, EVERY - 1)
        await repository.store.db.pool.execute("DROP TABLE snapshots")
        await deposit(repository)
        await repository.snapshots.settled()
        await deposit(repository)
        assert await balance(repository) == EVERY + 1


async def test_no_command_waits_for_a_snapshot(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with cold(database_url) as repository:
        begun, free = asyncio.Event(), asyncio.Event()
        keep = repository.store.keep_snapshot

        async def slowly(snapshot: Snapshot) -> None:
            begun.set()
            await free.wait()
            await keep(snapshot)

        monkeypatch.setattr(repository.store, "keep_snapshot", slowly)
        await grow(repository, EVERY - 1)
        await deposit(repository)
        await begun.wait()
        await deposit(repository)
        free.set()
        assert await kept(repository) == [(EVERY - 1, EVERY)]


async def set_back(repository: Repository) -> None:
    """What a restore of the events alone to an older backup leaves."""
    await repository.store.db.pool.execute("DELETE FROM stored_events WHERE originator_version > 249")


async def test_a_snapshot_ahead_of_a_restored_log_is_ignored_and_replaced(database_url: str) -> None:
    async with cold(database_url) as writer:
        await grow(writer, 450)
        await balance(writer)
        await writer.snapshots.settled()
        await set_back(writer)
    async with cold(database_url) as repository:
        assert await balance(repository) == 250
        assert await kept(repository) == [(249, 250)]


async def test_a_snapshot_of_a_past_that_was_lost_is_not_taken_for_that_of_the_new_one(database_url: str) -> None:
    async with cold(database_url) as writer:
        await grow(writer, 450)
        await balance(writer)
        await writer.snapshots.settled()
        await set_back(writer)
        pool = writer.store.db.pool
        # The worst case: the new events get the very versions and positions of the lost ones.
        await pool.execute("SELECT setval(pg_get_serial_sequence('stored_events', 'notification_id'), 250)")
    async with cold(database_url) as repository:
        stream = repository.stream_id(LONG, ANNA)
        topic, state = repository.mapper.encode(Deposited(amount=7))
        later = NOON + timedelta(hours=1)
        new = [NewEvent(stream, n, topic, state, None, uuid4(), b"", later) for n in range(250, 500)]
        assert isinstance(await repository.store.append(Append(new)), Appended)
        assert await balance(repository) == 250 + 7 * 250


async def test_a_log_with_new_numbers_starts_without_snapshots(database_url: str) -> None:
    async with cold(database_url) as repository:
        await grow(repository, 300)
        await balance(repository)
        assert len(await kept(repository)) == 1
        await repository.store.shift(100, 50, "e" * 32)
        assert await kept(repository) == []
        assert await balance(repository) == 300
        assert await kept(repository) == [(299, 300)]


async def test_a_stream_with_events_of_a_newer_release_stays_read_only_behind_a_snapshot(database_url: str) -> None:
    async with cold(database_url) as repository:
        await grow(repository, 300)
        await balance(repository)
        await repository.snapshots.settled()
        stream = repository.stream_id(LONG, ANNA)
        newer = NewEvent(stream, 300, "account.opened/2", b"{}", None, uuid4(), b"", NOON)
        await repository.store.append(Append([newer]))
    async with cold(database_url) as repository:
        with pytest.raises(UnknownEvent):
            await repository.load(LONG, ANNA)


async def test_a_ballots_stream_never_gets_a_snapshot(database_url: str) -> None:
    async with cold(database_url) as repository:
        with pytest.raises(ValueError, match="ballot"):
            await deposit(repository, secret=Secret(UUID(int=1), NOON, lambda data: data))


async def test_a_snapshot_holds_no_text_that_can_be_read_without_its_key(database_url: str) -> None:
    async with opened(database_url) as (store,):
        repository = Repository("ideas", store, Mapper(SHEET.events), Clock())
        person, sheet, key_ = uuid4().hex, uuid4().hex, new_key()
        words = [f"Ein Hochbeet vor Haus {number}" for number in range(2)]
        opening = OpenSheet(now=NOON, conference_id=CONFERENCE, sheet_id=sheet, group_id=sheet, topic_id=None)
        commands: list[Command] = [opening]
        commands += [
            WritePassage(
                now=NOON, passage_id=f"p{n % 2}", field="approach", text=seal(sheet, key_, words[n % 2]),
                author_id=person, resident=True, seen=n // 2,
            )
            for n in range(EVERY)
        ]  # fmt: skip
        steps = [Step(SHEET, sheet, command, CONFERENCE) for command in commands]
        assert isinstance(await repository.execute(steps, Envelope(None, b"", "", ""), Done()), Executed)
        await repository.snapshots.settled()
        (row,) = await store.db.pool.fetch("SELECT kind, state FROM snapshots")
        assert row["kind"] == "Open"
        assert b"Hochbeet" not in row["state"]
        read = msgspec.msgpack.decode(row["state"], type=Open)
        texts = [passage.text for passage in read.passages.values() if passage.text is not None]
        assert [unseal(text, key_) for text in texts] == words
        assert [unseal(text, None) for text in texts] == [None, None]

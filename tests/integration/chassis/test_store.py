# SPDX-License-Identifier: Apache-2.0
"""The log: versions are contiguous, positions are the order of commits, a batch's items do not hurt each other."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.chassis import groupcommit
from services.chassis.renumber import LOG_LOCK
from services.chassis.store import (
    AlreadyTracked,
    Append,
    Appended,
    CommandRecord,
    Conflict,
    Duplicate,
    EventStore,
    Guard,
    KeyReused,
    Recorded,
    Statement,
    StoreBusy,
    StoreUnavailable,
    Tracking,
)
from tests.integration.chassis.logs import Wire, appended, event, events, opened


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with opened(database_url) as (store,):
        yield store


def command(outcome: bytes = b"{}") -> CommandRecord:
    return CommandRecord(uuid4(), b"hash", outcome)


async def versions(store: EventStore, stream: UUID) -> list[int]:
    return [row.originator_version for row in await store.select_events(stream)]


@pytest.mark.parametrize("first", [0, 1])
async def test_a_stream_may_start_at_zero_or_one(store: EventStore, first: int) -> None:
    stream = uuid4()
    await appended(store, *events(stream, first, first + 2))
    assert await versions(store, stream) == [first, first + 1, first + 2]


@pytest.mark.parametrize("first", [2, 7])
async def test_a_stream_does_not_start_anywhere_else(store: EventStore, first: int) -> None:
    assert await store.append(Append(events(uuid4(), first, first))) == Conflict()


async def test_a_taken_version_is_a_conflict(store: EventStore) -> None:
    stream = uuid4()
    await appended(store, *events(stream, 0, 2))
    assert await store.append(Append(events(stream, 2, 3))) == Conflict()
    assert await versions(store, stream) == [0, 1, 2]


async def test_a_gap_is_a_conflict(store: EventStore) -> None:
    stream = uuid4()
    await appended(store, event(stream, 0))
    assert await store.append(Append([event(stream, 2)])) == Conflict()


@pytest.mark.parametrize("wrong", [[0, 2], [0, 0], [1, 0]])
async def test_an_item_that_contradicts_itself_is_a_mistake_of_its_author(store: EventStore, wrong: list[int]) -> None:
    stream = uuid4()
    with pytest.raises(ValueError, match="does not follow"):
        await store.append(Append([event(stream, version) for version in wrong]))


async def test_an_item_of_several_streams_is_stored_whole_or_not_at_all(store: EventStore) -> None:
    one, other = uuid4(), uuid4()
    await appended(store, event(one, 0), event(other, 0), event(one, 1))
    result = await store.append(Append([event(one, 2), event(other, 0)], command=command()))
    assert result == Conflict()
    assert await versions(store, one) == [0, 1]
    assert await store.db.pool.fetchval("SELECT count(*) FROM commands") == 0


async def test_a_conflict_leaves_the_other_items_of_its_batch_alone(store: EventStore) -> None:
    taken = uuid4()
    await appended(store, event(taken, 0))
    streams = [uuid4() for _ in range(20)]
    results = await asyncio.gather(
        *(store.append(Append([event(taken if number == 7 else stream, 0)])) for number, stream in enumerate(streams))
    )
    assert [type(result) for result in results] == [Conflict if number == 7 else Appended for number in range(20)]


async def test_positions_follow_the_order_in_which_items_were_queued(store: EventStore) -> None:
    results = await asyncio.gather(*(store.append(Append(events(uuid4(), 0, 2))) for _ in range(50)))
    positions = [result.position for result in results if isinstance(result, Appended)]
    assert positions == sorted(positions)
    assert len(positions) == 50


async def test_an_item_that_the_server_refuses_hurts_only_itself(store: EventStore) -> None:
    good = [Append([event(uuid4(), 0)]) for _ in range(5)]
    bad = Append([event(uuid4(), 0, "a topic with a NUL \0")])
    results = await asyncio.gather(*map(store.append, [*good[:3], bad, *good[3:]]), return_exceptions=True)
    assert [type(result) for result in results].count(Appended) == 5
    assert isinstance(results[3], asyncpg.PostgresError)


async def test_of_two_replicas_writing_one_version_exactly_one_wins(database_url: str) -> None:
    async with opened(database_url, database_url) as stores:
        for _ in range(30):
            stream = uuid4()
            results = await asyncio.gather(*(store.append(Append([event(stream, 0)])) for store in stores))
            assert sorted(type(result).__name__ for result in results) == ["Appended", "Conflict"]


async def test_a_repeated_command_gets_the_stored_outcome_and_position(store: EventStore) -> None:
    record = command(b'{"seat":4}')
    first = await store.append(Append([event(uuid4(), 0)], record))
    assert isinstance(first, Appended)
    await appended(store, event(uuid4(), 0))
    again = await store.append(Append([event(uuid4(), 0)], record._replace(outcome=b"other")))
    assert again == Duplicate(b'{"seat":4}', first.position)


async def test_a_repeated_command_is_recognised_before_its_version_conflicts(store: EventStore) -> None:
    item = Append([event(uuid4(), 0)], command())
    await store.append(item)
    assert isinstance(await store.append(item), Duplicate)


async def test_the_same_id_for_another_request_is_refused(store: EventStore) -> None:
    record = command()
    await store.append(Append([event(uuid4(), 0)], record))
    assert await store.append(Append([event(uuid4(), 0)], record._replace(request_hash=b"other"))) == KeyReused()


async def test_of_one_command_sent_many_times_at_once_one_is_stored(database_url: str) -> None:
    async with opened(database_url, database_url) as stores:
        record = command()
        items = [Append([event(uuid4(), 0)], record) for _ in range(20)]
        results = await asyncio.gather(*(stores[n % 2].append(item) for n, item in enumerate(items)))
        assert [type(result) for result in results].count(Appended) == 1
        assert [type(result) for result in results].count(Duplicate) == 19
        assert await stores[0].db.pool.fetchval("SELECT count(*) FROM stored_events") == 1


async def test_a_command_without_events_is_noted_at_the_head(store: EventStore) -> None:
    head = await appended(store, event(uuid4(), 0))
    record = command()
    assert await store.append(Append(command=record)) == Appended(head)
    assert await store.append(Append(command=record)) == Duplicate(b"{}", head)


async def test_a_tracked_message_is_applied_once(store: EventStore) -> None:
    def item(position: int) -> Append:
        return Append([event(uuid4(), 0)], tracking=Tracking("rooms", "session", "city", position))

    assert isinstance(await store.append(item(5)), Appended)
    assert [await store.append(item(position)) for position in (5, 3)] == [AlreadyTracked(), AlreadyTracked()]
    assert isinstance(await store.append(item(6)), Appended)
    assert await store.db.pool.fetchval("SELECT position FROM consumed") == 6


async def test_tracking_counts_each_conference_by_itself(store: EventStore) -> None:
    first, second = (Append(tracking=Tracking("rooms", "session", uuid4().hex, 5)) for _ in range(2))
    assert [type(await store.append(item)) for item in (first, second)] == [Appended, Appended]


async def test_a_conflict_moves_no_tracking(store: EventStore) -> None:
    stream = uuid4()
    await appended(store, event(stream, 0))
    item = Append([event(stream, 0)], tracking=Tracking("rooms", "session", "city", 5))
    assert await store.append(item) == Conflict()
    assert await store.db.pool.fetchval("SELECT count(*) FROM consumed") == 0


async def test_a_guarded_stream_must_be_where_it_was(store: EventStore) -> None:
    poll = uuid4()
    assert isinstance(await store.append(Append([event(uuid4(), 0)], guards=[Guard(poll, -1)])), Appended)
    await appended(store, event(poll, 0))
    assert await store.append(Append([event(uuid4(), 0)], guards=[Guard(poll, -1)])) == Conflict()
    assert isinstance(await store.append(Append([event(uuid4(), 0)], guards=[Guard(poll, 0)])), Appended)


async def test_no_ballot_is_stored_after_the_close_of_its_poll(database_url: str) -> None:
    async with opened(database_url, database_url) as stores:
        for _ in range(10):
            poll = uuid4()
            await appended(stores[0], event(poll, 0))
            ballots = [Append([event(uuid4(), 0, "ballot")], guards=[Guard(poll, 0)]) for _ in range(20)]
            close = Append([event(poll, 1, "closed")])
            items = [*ballots[:8], close, *ballots[8:]]
            before = await stores[0].max_notification_id()
            await asyncio.gather(*(stores[n % 2].append(item) for n, item in enumerate(items)))
            log = [row.topic for row in await stores[0].select_notifications(before)]
            assert log[-1] == "closed"
            assert log.count("closed") == 1


async def test_effects_are_part_of_the_transaction(store: EventStore) -> None:
    await store.db.pool.execute("CREATE TABLE poll_keys (id int PRIMARY KEY); INSERT INTO poll_keys VALUES (1)")
    destroy = Statement("DELETE FROM poll_keys WHERE id = $1", (1,))
    stream = uuid4()
    await appended(store, event(stream, 0))
    assert await store.append(Append([event(stream, 0)], effects=[destroy])) == Conflict()
    assert await store.db.pool.fetchval("SELECT count(*) FROM poll_keys") == 1
    assert isinstance(await store.append(Append([event(stream, 1)], effects=[destroy])), Appended)
    assert await store.db.pool.fetchval("SELECT count(*) FROM poll_keys") == 0


async def test_an_effect_that_fails_takes_its_events_back(store: EventStore) -> None:
    stream = uuid4()
    bad = Append([event(stream, 0)], command(), effects=[Statement("INSERT INTO no_such_table VALUES (1)")])
    results = await asyncio.gather(store.append(bad), store.append(Append([event(uuid4(), 0)])), return_exceptions=True)
    assert isinstance(results[0], asyncpg.UndefinedTableError)
    assert isinstance(results[1], Appended)
    assert await versions(store, stream) == []


async def test_a_terminated_connection_fails_the_append_and_its_repetition_stores_it_once(
    store: EventStore, database_url: str
) -> None:
    blocker = await asyncpg.connect(database_url)
    try:
        await blocker.execute("SELECT pg_advisory_lock($1)", LOG_LOCK)
        item = Append([event(uuid4(), 0)], command())
        attempt = asyncio.create_task(store.append(item))
        waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'advisory' AND datname = current_database()"
        while (pid := await blocker.fetchval(waiting)) is None:  # noqa: ASYNC110 - the server tells no other way
            await asyncio.sleep(0.005)
        await blocker.execute("SELECT pg_terminate_backend($1)", pid)
        with pytest.raises(StoreUnavailable):
            await attempt
    finally:
        await blocker.close()
    assert isinstance(await store.append(item), Appended)
    assert len(await store.select_notifications(0)) == 1


async def test_an_append_whose_answer_was_lost_is_recognised_when_it_is_repeated(database_url: str) -> None:
    async with Wire(database_url) as wire, opened(wire.url) as (store,):
        await appended(store, event(uuid4(), 0))
        item = Append([event(uuid4(), 0)], command(b"stored"))
        wire.deaf = True
        with pytest.raises(StoreUnavailable):
            await store.append(item)
        assert wire.lost.is_set()
        wire.deaf = False
        assert await store.append(item) == Duplicate(b"stored", 2)
        assert len(await store.select_notifications(0)) == 2


async def test_a_full_queue_turns_appends_away(store: EventStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groupcommit, "MAX_WAITING", 3)
    results = await asyncio.gather(
        *(store.append(Append([event(uuid4(), 0)])) for _ in range(10)), return_exceptions=True
    )
    assert [type(result) for result in results] == [Appended] * 3 + [StoreBusy] * 7


async def test_a_caller_who_gives_up_disturbs_nobody(store: EventStore) -> None:
    tasks = [asyncio.create_task(store.append(Append([event(uuid4(), 0)]))) for _ in range(10)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    tasks[5].cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results].count(Appended) == 8


async def test_closing_finishes_what_is_queued_and_what_is_under_way(database_url: str) -> None:
    async with opened(database_url) as (store,):
        tasks = [asyncio.create_task(store.append(Append([event(uuid4(), 0)]))) for _ in range(10)]
        while not store._writer._connection:  # noqa: ASYNC110 - until the first batch is being sent
            await asyncio.sleep(0)
        tasks += [asyncio.create_task(store.append(Append([event(uuid4(), 0)]))) for _ in range(10)]
        await asyncio.sleep(0)
        await store.close()
        assert all(isinstance(result, Appended) for result in await asyncio.gather(*tasks))
        with pytest.raises(StoreUnavailable):
            await store.append(Append([event(uuid4(), 0)]))


async def test_listeners_hear_of_every_commit(store: EventStore) -> None:
    heard: list[int] = []
    store.on_commit.append(heard.append)
    position = await appended(store, *events(uuid4(), 0, 3))
    await store.append(Append(command=command()))
    assert heard == [position]


async def test_a_listener_that_fails_spoils_no_append(store: EventStore) -> None:
    def fail(_: int) -> None:
        raise RuntimeError("a defect")

    heard: list[int] = []
    store.on_commit += [fail, heard.append]
    results = await asyncio.gather(*(store.append(Append([event(uuid4(), 0)])) for _ in range(5)))
    assert [type(result) for result in results] == [Appended] * 5
    assert heard[-1] == 5
    assert len(await store.select_notifications(0)) == 5


async def test_the_log_is_read_by_topic_conference_and_stream(store: EventStore) -> None:
    conference, streams = uuid4(), [uuid4(), uuid4()]
    await appended(store, event(streams[0], 0, "a", conference=conference), event(streams[1], 0, "a"))
    await appended(store, event(streams[0], 1, "b", conference=conference), event(streams[0], 2, "a"))

    def places(rows: list[Recorded]) -> list[int]:
        return [row.notification_id for row in rows]

    assert places(await store.select_notifications(0, topics=["b"])) == [3]
    assert places(await store.select_notifications(1, 2)) == [2, 3]
    assert places(await store.select_conference(conference, topics=["a", "b"])) == [1, 3]
    assert places(await store.select_conference(conference, topics=["a", "b"], after=1)) == [3]
    assert places(await store.select_events(streams[0], after_version=1)) == [4]


async def test_old_idempotency_records_are_purged(store: EventStore) -> None:
    await store.append(Append(command=command()))
    await store.db.pool.execute("UPDATE commands SET at = now() - interval '8 days'")
    await store.append(Append(command=command()))
    assert await store.purge_commands(timedelta(days=7)) == 1
    assert await store.db.pool.fetchval("SELECT count(*) FROM commands") == 1


@pytest.mark.parametrize("seed", range(4))
async def test_no_interleaving_breaks_the_log_or_hides_an_event_from_a_reader(database_url: str, seed: int) -> None:
    chance = random.Random(seed)
    async with opened(*[database_url] * 4) as (reader, *writers):
        streams = [uuid4() for _ in range(6)]
        stored: dict[UUID, int] = {}
        done = asyncio.Event()
        seen: list[Recorded] = []

        async def write(store: EventStore) -> None:
            for _ in range(40):
                chosen = chance.sample(streams, chance.choice([1, 1, 2]))
                lengths = {stream: chance.randint(1, 3) for stream in chosen}
                item = Append(
                    [
                        new
                        for stream, length in lengths.items()
                        for new in events(stream, heads.get(stream, 0), heads.get(stream, 0) + length - 1)
                    ],
                    command(),
                    guards=[Guard(other, heads.get(other, 0) - 1) for other in chance.sample(streams, 1)]
                    if chance.random() < 0.3
                    else [],
                )
                result = await store.append(item)
                for stream in streams:
                    heads[stream] = (
                        len(await store.select_events(stream)) if chance.random() < 0.5 else heads.get(stream, 0)
                    )
                if isinstance(result, Appended):
                    for new in item.events:
                        stored[new.event_id] = result.position

        heads: dict[UUID, int] = {}

        async def tail() -> None:
            last = 0
            while True:
                finished = done.is_set()
                rows = await reader.select_notifications(last, chance.randint(1, 7))
                seen.extend(rows)
                if rows:
                    last = rows[-1].notification_id
                elif finished:
                    return

        tailing = asyncio.create_task(tail())
        await asyncio.gather(*(write(store) for store in writers for _ in range(3)))
        done.set()
        await tailing

        assert {row.event_id for row in seen} == set(stored)
        assert len(seen) == len(stored)
        for stream in streams:
            own = [row.originator_version for row in seen if row.originator_id == stream]
            assert own == list(range(len(own)))

# SPDX-License-Identifier: Apache-2.0
"""The relay: nothing lost, nothing doubled, nothing out of order, whatever is killed; and never a silent gap."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from services.chassis.bus import Bus
from services.chassis.mapper import Mapper
from services.chassis.outlet import Outlet
from services.chassis.refill import refill
from services.chassis.relay import Relay
from services.chassis.store import EventStore
from tests.integration.chassis.streams import Killable, count, read, start_process
from tests.integration.chassis.tally import DIARY, Counted, Whispered, alpha, beta, publish
from tests.integration.chassis.waiting import until

EVENTS = 600


@pytest.fixture
def killable(tmp_path: Path):
    server = Killable(tmp_path / "nats")
    yield server
    server.process.stop()


@pytest.fixture
async def own_bus(killable: Killable, prefix: str) -> AsyncIterator[Bus]:
    bus = await Bus.connect(killable.url, "tests", prefix)
    yield bus
    await bus.close()


async def told_all(bus: Bus, store: EventStore) -> bool:
    """Whether the stream holds exactly what the log tells, in its order."""
    told = await read(bus, "alpha")
    rows = await store.select_notifications(0, 10_000, topics=["alpha.counted"])
    return [(one.position, one.event_id) for one in told] == [(row.notification_id, row.event_id.hex) for row in rows]


async def relayed(bus: Bus, store: EventStore, number: int, seconds: float = 60.0) -> None:
    """Returns when the stream holds at least so many messages."""

    async def enough() -> bool:
        try:
            return (await bus.js.stream_info(bus.stream("alpha"))).state.messages >= number
        except Exception:
            return False

    await until(enough, seconds)


async def test_the_stream_tells_the_log_in_order_without_what_stays_inside(running, settings, database_url, bus):
    one = await running(alpha(settings(database_url)))
    await count(one.runtime.repository, [uuid4().hex for _ in range(3)], range(100))
    await relayed(bus, one.runtime.store, 100)
    assert await told_all(bus, one.runtime.store)


async def test_killing_the_nats_server_loses_doubles_and_reorders_nothing(
    running, settings, database_url, killable, own_bus
):
    one = await running(alpha(settings(database_url, nats_url=killable.url)))
    appending = asyncio.create_task(  # noqa: RUF006 -- awaited below
        count(one.runtime.repository, [uuid4().hex for _ in range(5)], range(EVENTS))
    )
    for _ in range(3):
        await asyncio.sleep(0.4)
        await killable.kill_and_restart()
    await appending
    await relayed(own_bus, one.runtime.store, EVENTS)
    assert await told_all(own_bus, one.runtime.store)


async def test_killing_the_relaying_process_loses_doubles_and_reorders_nothing(settings, database_url, running, bus):
    quiet = await running(alpha(settings(database_url), publish=None))
    appending = asyncio.create_task(  # noqa: RUF006 -- awaited below
        count(quiet.runtime.repository, [uuid4().hex for _ in range(5)], range(EVENTS))
    )
    processes = [await start_process("alpha", settings(database_url)) for _ in range(2)]
    try:
        for told in (EVENTS // 6, EVENTS // 3, EVENTS // 2):
            await relayed(bus, quiet.runtime.store, told)
            processes[0].kill()
            await processes.pop(0).communicate()
            processes.append(await start_process("alpha", settings(database_url)))
        await appending
        await relayed(bus, quiet.runtime.store, EVENTS)
        assert await told_all(bus, quiet.runtime.store)
    finally:
        for process in processes:
            process.kill()
            await process.communicate()


async def test_a_deleted_stream_is_filled_again_by_the_relay_itself(running, settings, database_url, bus):
    one = await running(alpha(settings(database_url)))
    await count(one.runtime.repository, [uuid4().hex], range(50))
    await relayed(bus, one.runtime.store, 50)
    await bus.js.delete_stream(bus.stream("alpha"))
    await count(one.runtime.repository, [uuid4().hex], range(50, 60))
    await relayed(bus, one.runtime.store, 60)
    assert await told_all(bus, one.runtime.store)


async def test_a_log_that_was_set_back_is_not_relayed_and_the_cure_is_named(running, settings, service_database, bus):
    conference = uuid4().hex
    whole = await running(alpha(settings(service_database("chassis"))))
    await count(whole.runtime.repository, [conference], range(20))
    await relayed(bus, whole.runtime.store, 20)
    epoch = whole.runtime.store.epoch
    await whole.close()

    set_back = await running(alpha(settings(service_database("chassis"))))
    await set_back.runtime.db.pool.execute("UPDATE log SET epoch = $1", epoch)
    await count(set_back.runtime.repository, [uuid4().hex], range(30))
    await until(lambda: set_back.relay.problem is not None)
    assert "quartier refill alpha" in set_back.relay.problem
    assert set_back.readiness()["reasons"]
    assert len(await read(bus, "alpha")) == 20


async def test_a_refill_puts_a_log_that_was_set_back_beyond_everything_ever_told(
    running, settings, service_database, bus
):
    conference = uuid4().hex
    first = service_database("chassis")
    whole = await running(alpha(settings(first)))
    await count(whole.runtime.repository, [conference], range(1, 5))
    await relayed(bus, whole.runtime.store, 4)
    backup = await whole.runtime.db.pool.fetch("SELECT * FROM stored_events ORDER BY notification_id")
    await count(whole.runtime.repository, [conference], range(5, 9))
    await relayed(bus, whole.runtime.store, 8)
    before = await read(bus, "alpha")
    # The database is restored from a backup, and life goes on.
    await whole.runtime.db.pool.execute("DELETE FROM stored_events WHERE notification_id > $1", backup[-1][4])
    await whole.runtime.db.pool.execute("DELETE FROM projections")
    await whole.close()

    restored = await running(alpha(settings(first), publish=None))
    await restored.runtime.db.pool.execute(
        "SELECT setval(pg_get_serial_sequence('stored_events', 'notification_id'), $1)", backup[-1][4]
    )
    await count(restored.runtime.repository, [conference], range(105, 115))
    mapper = Mapper([Counted, Whispered])
    outlet = Outlet("alpha", bus, restored.runtime.store, mapper, publish=publish)
    done = await refill(outlet)

    told = await read(bus, "alpha")
    assert told[:4] == [type(one)(one.position, one.event_id, done.epoch, one.n) for one in before[:4]]
    assert [one.n for one in told[4:]] == list(range(105, 115))
    assert min(one.position for one in told[4:]) > max(one.position for one in before)
    assert done.epoch != before[0].epoch
    assert done.shifted_after == before[3].position

    relay = Relay(outlet)
    relaying = asyncio.ensure_future(relay.run())
    await count(restored.runtime.repository, [conference], range(115, 117))
    await relayed(bus, restored.runtime.store, 16)
    assert relay.problem is None
    relaying.cancel()
    await asyncio.gather(relaying, return_exceptions=True)


async def test_a_refill_takes_the_stream_from_a_running_relay_and_gives_it_back(running, settings, database_url, bus):
    one = await running(alpha(settings(database_url)))
    await count(one.runtime.repository, [uuid4().hex], range(30))
    await relayed(bus, one.runtime.store, 30)
    outlet = Outlet("alpha", bus, one.runtime.store, one.runtime.mapper, publish=publish)
    done = await refill(outlet)
    assert (done.sent, done.shifted_after) == (30, None)
    assert await told_all(bus, one.runtime.store)
    await count(one.runtime.repository, [uuid4().hex], range(30, 40))
    await relayed(bus, one.runtime.store, 40)
    assert await told_all(bus, one.runtime.store)


async def test_an_empty_stream_goes_on_where_the_relay_came(running, settings, database_url, bus):
    one = await running(alpha(settings(database_url)))
    await count(one.runtime.repository, [uuid4().hex], range(20))
    await until(lambda: one.relay.position == one.runtime.store.seen)
    await one.close()
    await bus.js.purge_stream(bus.stream("alpha"))  # as if all messages had expired

    again = await running(alpha(settings(database_url)))
    await count(again.runtime.repository, [uuid4().hex], range(20, 25))
    await relayed(bus, again.runtime.store, 5)
    assert [one.n for one in await read(bus, "alpha")] == [20, 21, 22, 23, 24]


async def test_after_a_refill_an_empty_stream_goes_on_where_it_ended(running, settings, database_url, bus):
    one = await running(alpha(settings(database_url), publish=None))
    await count(one.runtime.repository, [uuid4().hex], range(20))
    done = await refill(Outlet("alpha", bus, one.runtime.store, one.runtime.mapper, publish=publish))
    await bus.js.purge_stream(bus.stream("alpha"))
    head = await Outlet("alpha", bus, one.runtime.store, one.runtime.mapper, publish=publish).head()
    assert (head.seq, head.position) == (20, done.head)


@pytest.mark.parametrize("lost", ["deleted", "expired"])
async def test_a_log_set_back_whose_stream_is_gone_too_gets_new_numbers_by_a_refill_and_is_heard(
    running, settings, service_database, conference, bus, lost
):
    database = service_database("chassis")
    one = await running(alpha(settings(database)))
    two = await running(beta(settings(service_database("chassis"))))

    async def heard() -> list[int]:
        return list((await two.runtime.repository.load(DIARY, conference)).state.heard)

    async def heard_up_to(number: int) -> bool:
        return (await heard())[-1:] == [number]

    await count(one.runtime.repository, [conference], range(1, 9))
    await until(lambda: heard_up_to(8))
    await one.close()
    restored = await running(alpha(settings(database), publish=None))
    pool = restored.runtime.db.pool
    await pool.execute("DELETE FROM stored_events WHERE notification_id > 4")
    await pool.execute("DELETE FROM projections")
    await pool.execute("UPDATE relay SET seq = 4, position = 4")  # as it was in the backup
    await pool.execute("SELECT setval(pg_get_serial_sequence('stored_events', 'notification_id'), 4)")
    await restored.close()
    if lost == "deleted":
        await bus.js.delete_stream(bus.stream("alpha"))
    else:
        await bus.js.purge_stream(bus.stream("alpha"))
        halted = await running(alpha(settings(database)))
        await until(lambda: halted.relay.problem is not None)
        assert "quartier refill alpha" in halted.relay.problem
        assert halted.readiness()["reasons"]
        await halted.close()

    curing = await running(alpha(settings(database), publish=None))
    outlet = Outlet("alpha", bus, curing.runtime.store, curing.runtime.mapper, publish=publish)
    done = await refill(outlet, restored=lost == "deleted")
    assert (done.sent, done.head, done.epoch) == (4, 4, curing.runtime.store.epoch)
    await curing.close()
    again = await running(alpha(settings(database)))
    await count(again.runtime.repository, [conference], range(101, 104))
    await until(lambda: heard_up_to(103))
    assert await heard() == [*range(1, 9), 101, 102, 103]

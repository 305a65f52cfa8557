# SPDX-License-Identifier: Apache-2.0
"""Consumers: each event's effect once and in order, whatever is redelivered, restarted or lost; defects are parked."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

import pytest

from services.chassis.decisions import Step
from services.chassis.policies import Policies, Transient
from services.chassis.refill import refill
from tests.integration.chassis.streams import Killable, count, start_process
from tests.integration.chassis.tally import DIARY, CountUp, NumberCounted, alpha, beta, hear, policies
from tests.integration.chassis.waiting import until

CONFERENCES = 8


@pytest.fixture
def killable(tmp_path: Path):
    server = Killable(tmp_path / "nats")
    yield server
    server.process.stop()


@pytest.fixture
def conferences() -> list[str]:
    return [uuid4().hex for _ in range(CONFERENCES)]


async def heard(one, conference: str) -> list[int]:
    return list((await one.runtime.repository.load(DIARY, conference)).state.heard)


async def heard_all(one, conferences: Sequence[str], numbers: range) -> bool:
    """Whether every conference holds each of its numbers once, in order."""
    for place, conference in enumerate(conferences):
        if await heard(one, conference) != [n for n in numbers if n % len(conferences) == place]:
            return False
    return True


async def heard_enough(one, conferences: Sequence[str], number: int, seconds: float = 60.0) -> None:
    async def enough() -> bool:
        try:
            return sum([len(await heard(one, conference)) for conference in conferences]) >= number
        except Exception:
            return False

    await until(enough, seconds)


async def test_every_effect_happens_once_and_in_order(running, settings, service_database, conferences):
    one = await running(alpha(settings(service_database("chassis"))))
    two = await running(beta(settings(service_database("chassis"))))
    await count(one.runtime.repository, conferences, range(200))
    await heard_enough(two, conferences, 200)
    assert await heard_all(two, conferences, range(200))


async def test_reading_everything_again_changes_nothing(running, settings, service_database, conferences, bus):
    one = await running(alpha(settings(service_database("chassis"))))
    database = service_database("chassis")
    two = await running(beta(settings(database)))
    await count(one.runtime.repository, conferences, range(100))
    await heard_enough(two, conferences, 100)
    await two.close()
    again = await running(beta(settings(database)))
    await again.runtime.db.pool.execute("DELETE FROM cursors")
    before = await again.runtime.store.max_notification_id()
    await count(one.runtime.repository, conferences, range(100, 120))
    await heard_enough(again, conferences, 120)
    assert await heard_all(again, conferences, range(120))
    assert await again.runtime.store.max_notification_id() == before + 20


async def test_killing_nats_and_the_consuming_process_doubles_and_reorders_nothing(
    running, settings, service_database, conferences, killable
):
    database = service_database("chassis")
    one = await running(alpha(settings(service_database("chassis"), nats_url=killable.url)))
    watching = await running(beta(settings(database, nats_url=killable.url), Policies("beta")))
    first = await start_process("beta", settings(database, nats_url=killable.url))
    second = await start_process("beta", settings(database, nats_url=killable.url))
    try:
        counting = asyncio.create_task(count(one.runtime.repository, conferences, range(400)))
        await heard_enough(watching, conferences, 50)
        first.kill()
        await killable.kill_and_restart()
        await heard_enough(watching, conferences, 150)
        third = await start_process("beta", settings(database, nats_url=killable.url))
        second.kill()
        await counting
        await heard_enough(watching, conferences, 400)
        assert await heard_all(watching, conferences, range(400))
    finally:
        for process in (first, second, third):
            if process.returncode is None:
                process.kill()
            await process.communicate()


async def test_jetstream_deleted_and_refilled_changes_nothing(running, settings, service_database, conferences, bus):
    one = await running(alpha(settings(service_database("chassis"))))
    two = await running(beta(settings(service_database("chassis"))))
    await count(one.runtime.repository, conferences, range(100))
    await heard_enough(two, conferences, 100)
    before = await two.runtime.store.max_notification_id()
    await bus.js.delete_stream(bus.stream("alpha"))
    await refill(one.relay._outlet)
    await count(one.runtime.repository, conferences, range(100, 110))
    await heard_enough(two, conferences, 110)
    assert await heard_all(two, conferences, range(110))
    assert await two.runtime.store.max_notification_id() == before + 10


def halting(begun: asyncio.Event, go_on: asyncio.Event) -> Policies:
    """Policies that wait at number 0, inside the reaction."""
    table = Policies("beta")

    @table.when(NumberCounted)
    async def when_a_number_is_counted_note_it(event, ctx) -> Sequence[Step]:
        if event.n == 0:
            begun.set()
            await go_on.wait()
        return [hear(event.n, event.conference_id, ctx.now)]

    return table


async def noted_seq(one) -> int:
    return await one.runtime.db.pool.fetchval("SELECT seq FROM cursors WHERE source = 'alpha'") or 0


async def test_what_arrives_during_a_drain_holds_the_cursor_back_and_is_applied_after_it(
    running, settings, service_database, conference
):
    begun, go_on = asyncio.Event(), asyncio.Event()
    one = await running(alpha(settings(service_database("chassis"))))
    database = service_database("chassis")
    two = await running(beta(settings(database, drain_seconds=20.0), halting(begun, go_on)))
    consumer = two.consumers[0]
    await count(one.runtime.repository, [conference], range(1))
    await begun.wait()
    stopping = asyncio.create_task(two.stop())
    await until(lambda: consumer._stopping)
    await count(one.runtime.repository, [conference], range(1, 2))
    await until(lambda: consumer._inflow.last_seq == 2)
    go_on.set()
    await stopping

    looking = await running(beta(settings(database), Policies("beta")))
    assert await noted_seq(looking) == 1
    assert await heard(looking, conference) == [0]
    await running(beta(settings(database)))
    await count(one.runtime.repository, [conference], range(2, 3))
    await until(lambda: is_heard(looking, conference, [0, 1, 2]))


async def is_heard(one, conference: str, numbers: list[int]) -> bool:
    return await heard(one, conference) == numbers


async def test_a_replica_that_lost_the_source_with_events_queued_notes_no_cursor_behind_them(
    running, settings, service_database, conference
):
    begun = asyncio.Event()
    one = await running(alpha(settings(service_database("chassis"))))
    two = await running(beta(settings(service_database("chassis")), halting(begun, asyncio.Event())))
    consumer = two.consumers[0]
    await count(one.runtime.repository, [conference], range(3))
    await begun.wait()
    await until(lambda: consumer._inflow.last_seq == 3)
    await two._cancel("consumer")  # as when the lock is gone
    await consumer.drain(0)
    assert await noted_seq(two) == 0


def choking(swallow: set[int], defects: set[int], transient: dict[int, int] | None = None) -> Policies:
    """Policies that fail at some numbers: with a defect, or so many times with a passing failure."""
    table = Policies("beta")

    @table.when(NumberCounted)
    async def when_a_number_is_counted_note_it(event, ctx) -> Sequence[Step]:
        if event.n in defects:
            raise ZeroDivisionError("defect")
        if transient and transient.get(event.n, 0) > 0:
            transient[event.n] -= 1
            raise Transient("later")
        return [] if event.n in swallow else [hear(event.n, event.conference_id, ctx.now)]

    return table


async def test_a_passing_failure_is_tried_again_in_its_place(running, settings, service_database, conference):
    one = await running(alpha(settings(service_database("chassis"))))
    two = await running(beta(settings(service_database("chassis")), choking(set(), set(), {3: 2})))
    await count(one.runtime.repository, [conference], range(6))
    await heard_enough(two, [conference], 6)
    assert await heard(two, conference) == [0, 1, 2, 3, 4, 5]


async def test_a_defect_parks_its_conference_and_the_others_flow_on(running, settings, service_database):
    ill, well = uuid4().hex, uuid4().hex
    defects = {4}
    one = await running(alpha(settings(service_database("chassis"))))
    two = await running(beta(settings(service_database("chassis")), choking(set(), defects)))
    await count(one.runtime.repository, [ill, well], range(20))
    await heard_enough(two, [well], 10)
    consumer = two.consumers[0]

    async def all_wait() -> bool:
        return len(await consumer.letters.list()) == 8

    await until(all_wait)
    assert await heard(two, ill) == [0, 2]
    assert two.readiness()["parked"] == {"alpha": [ill]}
    letters = await consumer.letters.list()
    assert letters[0].error == "ZeroDivisionError: defect"

    defects.clear()  # mended
    await consumer.letters.replay("alpha", ill)
    await count(one.runtime.repository, [ill, well], range(20, 30))
    await heard_enough(two, [ill], 15)
    assert await heard(two, ill) == list(range(0, 30, 2))

    async def none_waits() -> bool:
        return await consumer.letters.list() == [] and not consumer.parked

    await until(none_waits)


async def test_a_skipped_event_is_never_applied_and_those_behind_it_follow(running, settings, service_database):
    ill = uuid4().hex
    one = await running(alpha(settings(service_database("chassis"))))
    two = await running(beta(settings(service_database("chassis")), choking(set(), {1})))
    await count(one.runtime.repository, [ill], range(5))
    letters = two.consumers[0].letters

    async def all_wait() -> bool:
        return len(await letters.list()) == 4

    await until(all_wait)
    first = (await letters.list())[0]
    assert await letters.skip("alpha", ill, first.position)
    await letters.replay("alpha", ill)
    await heard_enough(two, [ill], 4)
    assert await heard(two, ill) == [0, 2, 3, 4]
    assert [letter.state for letter in await letters.list()] == ["skipped"]


async def test_what_waits_of_a_parked_conference_survives_a_restart(running, settings, service_database):
    ill = uuid4().hex
    database = service_database("chassis")
    one = await running(alpha(settings(service_database("chassis"))))
    two = await running(beta(settings(database), choking(set(), {1})))
    await count(one.runtime.repository, [ill], range(3))

    async def two_wait() -> bool:
        return len(await two.consumers[0].letters.list()) == 2

    await until(two_wait)
    await two.close()
    again = await running(beta(settings(database), choking(set(), set())))
    await count(one.runtime.repository, [ill], range(3, 6))
    letters = again.consumers[0].letters

    async def all_wait() -> bool:
        return len(await letters.list()) == 5

    await until(all_wait)
    assert await heard(again, ill) == [0]
    await letters.replay("alpha", ill)
    await heard_enough(again, [ill], 6)
    assert await heard(again, ill) == [0, 1, 2, 3, 4, 5]


async def test_an_event_from_which_nothing_follows_is_noted_as_applied(running, settings, service_database, conference):
    one = await running(alpha(settings(service_database("chassis"))))
    two = await running(beta(settings(service_database("chassis")), choking({0, 1}, set())))
    await count(one.runtime.repository, [conference], range(2))

    async def noted() -> bool:
        return (
            await two.runtime.db.pool.fetchval(
                "SELECT position FROM consumed WHERE source = 'alpha' AND conference = $1", conference
            )
            == 3
        )

    await until(noted)  # counted 0, whispered, counted 1
    assert await two.runtime.store.max_notification_id() == 0


async def test_a_writer_and_its_note_are_one_transaction(running, settings, service_database, conference):
    one = await running(alpha(settings(service_database("chassis"))))
    table = Policies("beta")
    failures = [1]

    @table.write(NumberCounted)
    async def when_a_number_is_counted_write_it_down(tx, event, position) -> None:
        await tx.execute("INSERT INTO numbers VALUES ($1)", event.n)
        if event.n == 1 and failures:
            failures.pop()
            raise Transient("the row must not stay")

    database = service_database("chassis")
    writer = beta(settings(database), table)
    preparing = await running(beta(settings(database), Policies("beta")))
    await preparing.runtime.db.pool.execute("CREATE TABLE numbers (n integer)")
    await count(one.runtime.repository, [conference], range(3))
    two = await running(writer)

    async def written() -> bool:
        rows = await two.runtime.db.pool.fetch("SELECT n FROM numbers")
        return len(rows) >= 3

    await until(written)
    assert [row["n"] for row in await two.runtime.db.pool.fetch("SELECT n FROM numbers ORDER BY n")] == [0, 1, 2]


def test_an_event_has_one_reaction():
    table = policies()
    with pytest.raises(ValueError, match="two reactions"):
        table.when(NumberCounted)(table.reactions["alpha", "NumberCounted"].policy)


async def test_what_follows_from_a_command_elsewhere_is_recorded_in_its_trace(
    running, settings, service_database, conference, requests, spans
):
    one = await running(alpha(settings(service_database("chassis"))))
    two = await running(beta(settings(service_database("chassis"))))
    await until(lambda: len(one.server.partitions) >= 16)
    await requests.ask(CountUp(conference_id=conference, n=7))
    await heard_enough(two, [conference], 1)
    await until(lambda: any(span.name == "policy NumberCounted" for span in spans.get_finished_spans()))
    kinds = {span.name: span for span in spans.get_finished_spans()}
    asked, done, followed = (kinds[name] for name in ("ask alpha CountUp", "command CountUp", "policy NumberCounted"))
    assert [each.kind.name for each in (asked, done, followed)] == ["CLIENT", "SERVER", "CONSUMER"]
    assert len({each.context.trace_id for each in (asked, done, followed)}) == 1
    assert done.parent.span_id == asked.context.span_id

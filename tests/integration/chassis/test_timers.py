# SPDX-License-Identifier: Apache-2.0
"""Timers: fired once, by any replica, also after nobody ran; their row goes with what they led to."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from services.chassis.api import Decide
from services.chassis.decisions import Step
from services.chassis.policies import Transient
from services.chassis.timers import TimerPayload, Timers, cancel_timer, moved, set_timer
from tests.integration.chassis.tally import DIARY, beta, hear
from tests.integration.chassis.waiting import until


class Rings(TimerPayload, frozen=True, kw_only=True):
    KIND = "rings"
    conference_id: str
    n: int


def ringing(failures: list[int] | None = None) -> Timers:
    timers = Timers("beta")

    @timers.due(Rings)
    async def when_it_rings_note_it(payload: Rings, ctx) -> Sequence[Step]:
        if failures:
            failures.pop()
            raise Transient("later")
        return [hear(payload.n, payload.conference_id, ctx.now)]

    return timers


async def set_at(one, conference: str, n: int, seconds: float, key: str = "") -> None:
    async with one.runtime.db.transaction() as tx:
        await set_timer(
            tx, key=key or f"{conference}{n}", due_at=datetime.now(UTC) + timedelta(seconds=seconds),
            payload=Rings(conference_id=conference, n=n), conference=conference,
        )  # fmt: skip


async def heard(one, conference: str) -> list[int]:
    return list((await one.runtime.repository.load(DIARY, conference)).state.heard)


async def none_left(one) -> bool:
    return await one.runtime.db.pool.fetchval("SELECT count(*) FROM timers") == 0


async def test_a_timer_fires_when_it_is_due_and_its_row_goes(running, settings, database_url, conference):
    one = await running(beta(settings(database_url), timers=ringing()))
    await set_at(one, conference, 1, 0.3)
    one.runtime.wake_timers()
    assert await heard(one, conference) == []
    await until(lambda: none_left(one))
    assert await heard(one, conference) == [1]


async def test_a_missed_timer_fires_once_after_a_restart(running, settings, database_url, conference):
    before = await running(beta(settings(database_url)))
    for n in range(5):
        await set_at(before, conference, n, n - 3600)
    await before.close()
    one = await running(beta(settings(database_url), timers=ringing()))
    two = await running(beta(settings(database_url), timers=ringing()))
    await until(lambda: none_left(one))
    assert sorted(await heard(two, conference)) == [0, 1, 2, 3, 4]


async def test_a_timer_set_again_moves_and_one_taken_back_never_fires(running, settings, database_url, conference):
    one = await running(beta(settings(database_url), timers=ringing()))
    await set_at(one, conference, 1, 3600, key="a")
    await set_at(one, conference, 2, 3600, key="b")
    await set_at(one, conference, 3, 0, key="a")
    async with one.runtime.db.transaction() as tx:
        await cancel_timer(tx, Rings, "b")
    await until(lambda: none_left(one))
    assert await heard(one, conference) == [3]


async def test_a_timer_that_cannot_fire_now_fires_later(running, settings, database_url, conference):
    one = await running(beta(settings(database_url), timers=ringing([1])))
    await set_at(one, conference, 1, 0)

    async def failed_once() -> bool:
        return await one.runtime.db.pool.fetchval("SELECT max(attempts) FROM timers") == 1

    await until(failed_once)
    await asyncio.sleep(0.1)
    await one.runtime.db.pool.execute("UPDATE timers SET claimed_until = now()")
    await until(lambda: none_left(one))
    assert await heard(one, conference) == [1]


async def test_a_timer_that_only_moves_moves_again_when_a_rebuild_sets_it_back(
    running, settings, database_url, conference
):
    first, later = datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC) + timedelta(hours=1)
    timers = Timers("beta")

    @timers.due(Rings)
    async def not_yet(payload: Rings, ctx) -> Decide:
        return Decide(effects=[moved(payload, conference, later)])

    one = await running(beta(settings(database_url), timers=timers))

    async def due_later_or_gone() -> bool:
        return await one.runtime.db.pool.fetchval("SELECT count(*) FROM timers WHERE due_at < $1", later) == 0

    for _ in range(2):  # the second time as a rebuilt read model sets it
        async with one.runtime.db.transaction() as tx:
            payload = Rings(conference_id=conference, n=1)
            await set_timer(tx, key=conference, due_at=first, payload=payload, conference=conference)
        one.runtime.wake_timers()
        await until(due_later_or_gone)
        assert await one.runtime.db.pool.fetchval("SELECT due_at FROM timers") == later


@pytest.mark.parametrize("pace", [3600])
async def test_timers_follow_the_clock_of_an_embedded_city(running, settings, database_url, pace):
    conference = uuid4().hex
    clock = f"{datetime.now(UTC).timestamp()},{pace}"
    one = await running(beta(settings(database_url, embedded=True, clock=clock), timers=ringing()))
    await set_at(one, conference, 1, 3600)
    one.runtime.wake_timers()
    await until(lambda: none_left(one))  # a minute; by the clock on the wall it would be an hour
    assert await heard(one, conference) == [1]

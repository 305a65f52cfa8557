# SPDX-License-Identifier: Apache-2.0
"""Partitions: shared fairly, taken over after a crash, handed over without a moment in which nobody answers."""

import asyncio
from uuid import uuid4

from services.chassis.database import Database
from services.chassis.leases import LEASE_SECONDS, RENEW_SECONDS, Leases
from services.chassis.refusals import Unavailable
from services.chassis.subjects import PARTITIONS, partition
from services.chassis.tasks import end
from tests.integration.chassis.streams import start_process
from tests.integration.chassis.tally import CountUp, alpha
from tests.integration.chassis.waiting import until

CONFERENCES = [uuid4().hex for _ in range(200)]


async def test_replicas_share_the_partitions_fairly(running, settings, database_url):
    replicas = [await running(alpha(settings(database_url))) for _ in range(3)]
    await until(lambda: sum(len(one.server.partitions) for one in replicas) == PARTITIONS)
    await until(lambda: max(len(one.server.partitions) for one in replicas) == 6)
    assert frozenset().union(*(one.server.partitions for one in replicas)) == frozenset(range(PARTITIONS))


def test_a_crashed_replica_s_leases_run_out_and_are_looked_for_within_three_seconds():
    assert LEASE_SECONDS + RENEW_SECONDS <= 3


async def test_after_a_crash_all_partitions_are_answered_again(running, settings, database_url, requests):
    survivor = await running(alpha(settings(database_url)))
    process = await start_process("alpha", settings(database_url))
    await until(lambda: len(survivor.server.partitions) == PARTITIONS)
    await until(lambda: len(survivor.server.partitions) == PARTITIONS // 2, 30)
    process.kill()
    await process.communicate()
    await until(lambda: len(survivor.server.partitions) == PARTITIONS, 30)


async def test_draining_a_replica_leaves_no_command_unanswered(running, settings, database_url, requests):
    stays = await running(alpha(settings(database_url)))
    goes = await running(alpha(settings(database_url)))
    await until(lambda: len(stays.server.partitions) == len(goes.server.partitions) == PARTITIONS // 2)
    stopping = asyncio.create_task(goes.stop())
    refused = []
    while not stopping.done():
        replies = await asyncio.gather(*(requests.ask(CountUp(conference_id=one)) for one in CONFERENCES[:40]))
        refused += [reply.refusal for reply in replies if reply.refusal is not None]
    await stopping
    assert refused == []
    assert len(stays.server.partitions) == PARTITIONS


async def test_partitions_are_answered_on_for_a_replica_that_is_late_to_take_them(database_url):
    answered: set[int] = set()

    async def gained(number: int) -> None:
        answered.add(number)

    async def lost(number: int) -> None:
        answered.discard(number)

    db = await Database.connect(database_url)
    goes = Leases("alpha", db, gained, lost)
    leading = asyncio.create_task(goes.run())
    await until(lambda: len(goes.held) == PARTITIONS)
    await end(leading)
    busy = uuid4()
    await db.pool.execute("INSERT INTO replicas VALUES ($1, clock_timestamp() - interval '1 second')", busy)
    still_answered = []

    async def take() -> None:
        still_answered.append(len(answered))
        await db.pool.execute("UPDATE leases SET holder = $1, until = clock_timestamp() + interval '1 minute'", busy)

    async def told() -> None:
        later.append(asyncio.create_task(take()))

    later: list[asyncio.Task[None]] = []
    await goes.hand_over(told)
    await asyncio.gather(*later)
    await db.close()
    assert still_answered == [PARTITIONS]
    assert answered == set()


async def test_a_partition_nobody_answers_is_unavailable_at_once(running, settings, database_url, requests):
    one = await running(alpha(settings(database_url)))
    await until(lambda: len(one.server.partitions) == PARTITIONS)
    conference = CONFERENCES[0]
    await one.server.leave(partition(conference))
    reply = await requests.ask(CountUp(conference_id=conference))
    assert reply.refusal == Unavailable(service="alpha")

# SPDX-License-Identifier: Apache-2.0
"""A gateway that is killed while it delivers: another one goes on, and nothing is lost."""

import asyncio
import os
import sys
from collections import Counter

import httpx

from services.cli.embedded.process import free_port
from tests.gateway.webhooks.world import phase, until

EVENTS = 120


async def started(nats_url, prefix, dsn):
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"], "NATS_URL": nats_url, "QUARTIER_PREFIX": prefix, "DATABASE_URL": dsn,
        "QUARTIER_KEY_ENCRYPTION_KEY": "5a" * 32, "QUARTIER_EMBEDDED": "1", "QUARTIER_WEBHOOKS_TO_LOOPBACK": "1",
        "QUARTIER_HTTP_PORT": str(port),
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway.main", env=environment,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    return process, f"http://127.0.0.1:{port}/readyz"


async def delivering(address):
    try:
        async with httpx.AsyncClient() as client:
            return (await client.get(address)).json()["webhooks"]["delivering"]
    except httpx.HTTPError:
        return False


async def test_a_gateway_killed_while_it_delivers_loses_nothing(world, receiver, nats_url, prefix):
    async def answer(_):
        await asyncio.sleep(0.01)
        return 200

    receiver.answer = answer
    async with world.webhooks() as office:
        await office.create(receiver.url)
    conferences = [f"{number:032x}" for number in range(1, 5)]
    first, address = await started(nats_url, prefix, world.dsn)
    second = None
    try:
        await until(lambda: delivering(address), 60)
        await world.sql(  # the conferences are known, so that nobody needs to be asked
            "INSERT INTO webhook_conferences SELECT unnest($1::uuid[]), gen_random_uuid(), gen_random_uuid()",
            conferences,
        )
        events = [phase(run, conferences[run % 4]) for run in range(EVENTS)]
        await world.tell(*events[: EVENTS // 2])
        await receiver.got(5)
        first.kill()
        await first.wait()
        at_the_kill = len(receiver.posts)
        assert at_the_kill < EVENTS // 2
        second, _ = await started(nats_url, prefix, world.dsn)
        await world.tell(*events[EVENTS // 2 :])
        await until(lambda: len({post.id for post in receiver.posts}) == EVENTS, 120)
    finally:
        for process in (first, second):
            if process is not None and process.returncode is None:
                process.kill()
                await process.wait()
    runs = Counter(post.message["data"]["run"] for post in receiver.posts)
    assert set(runs) == set(range(EVENTS))
    repeated = [run for run, times in runs.items() if times > 1]
    assert len(repeated) <= 1  # what was under way when it was killed
    for conference in range(4):
        order = [
            run
            for run in dict.fromkeys(post.message["data"]["run"] for post in receiver.posts)
            if run % 4 == conference
        ]
        assert order == sorted(order)

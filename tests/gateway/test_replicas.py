# SPDX-License-Identifier: Apache-2.0
"""Several gateways share the points of one client, and nobody keeps a list of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from gateway.limits.replicas import Replicas
from services.chassis.bus import Bus
from tests.gateway.city import City
from tests.gateway.conftest import Address, running
from tests.gateway.pictures import until

ASKING = {"query": "{ nodes(ids: [" + '"Tm90aGluZzp4",' * 100 + "]) { id } }"}
"""500 points."""


def slow(**more: float) -> dict[str, float]:
    """So little flows back that a test need not reckon with it."""
    return {
        "anonymous_points_at_once": 12_000, "anonymous_points_per_second": 0.1,
        "points_at_once": 20_000, "points_per_second": 0.1, **more,
    }  # fmt: skip


async def served(gateway: Address, times: int, **headers: str) -> int:
    answers = [await gateway.http.post("/graphql", json=ASKING, headers=headers) for _ in range(times)]
    return sum(answer.status_code == httpx.codes.OK for answer in answers)


async def test_two_gateways_together_give_what_one_alone_gives(city: City, nats_url: str, prefix: str) -> None:
    async with running(nats_url, prefix, **slow()) as first:
        assert (await first.http.get("/readyz")).json()["replicas"] == 1
        async with running(nats_url, prefix, **slow()) as second:
            await until(lambda: len(first.gateway.replicas) == len(second.gateway.replicas) == 2)
            assert await served(first, 20) + await served(second, 20) == 12_000 // 500
            token = {"authorization": f"Bearer {city.issuer.resident()}"}
            assert await served(first, 25, **token) + await served(second, 25, **token) == 20_000 // 500
        await until(lambda: len(first.gateway.replicas) == 1)


async def test_a_gateway_alone_gives_all(city: City, nats_url: str, prefix: str) -> None:
    async with running(nats_url, prefix, **slow()) as alone:
        assert await served(alone, 30) == 12_000 // 500


@asynccontextmanager
async def peer(nats_url: str, prefix: str, told: list[int]) -> AsyncIterator[Replicas]:
    bus = await Bus.connect(nats_url, "gateway", prefix)
    replicas = Replicas(bus, told.append, beat_seconds=2.0)
    await replicas.open()
    try:
        yield replicas
    finally:
        await replicas.close()
        await bus.close()


async def test_replicas_count_each_other_and_miss_who_falls_silent(nats_url: str, prefix: str) -> None:
    told: list[int] = []
    async with peer(nats_url, prefix, told) as first, peer(nats_url, prefix, []) as second:
        await until(lambda: len(first) == len(second) == 2)
        async with peer(nats_url, prefix, []) as third:
            await until(lambda: len(first) == len(second) == len(third) == 3)
        await until(lambda: len(first) == len(second) == 2)
        assert second._beating is not None
        second._beating.cancel()  # as if it had crashed
        await asyncio.wait({second._beating})
        await until(lambda: len(first) == 1)
    assert told == [2, 3, 2, 1]


async def test_nobody_is_missed_while_the_bus_is_away(nats_url: str, prefix: str) -> None:
    time = [0.0]
    bus = await Bus.connect(nats_url, "gateway", prefix)
    replicas = Replicas(bus, lambda _: None, beat_seconds=1.0, now=lambda: time[0])
    replicas._heard = {str(number): 0.0 for number in range(2)}
    time[0] = 100.0
    replicas._on_reconnect()
    assert set(replicas._heard.values()) == {100.0}
    assert len(replicas) == 3
    await bus.close()

# SPDX-License-Identifier: Apache-2.0
"""The fixtures every integration test builds on."""

from collections.abc import Callable

import asyncpg
import nats
import pytest


@pytest.mark.parametrize("_", range(4))
async def test_each_test_has_an_empty_database_of_its_own(database_url: str, _: int) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("CREATE TABLE mine (n int)")
        assert await connection.fetchval("SELECT count(*) FROM mine") == 0
    finally:
        await connection.close()


async def test_a_test_may_have_databases_of_several_services(service_database: Callable[[str], str]) -> None:
    assert service_database("chassis") != service_database("chassis")


async def test_the_bus_keeps_streams(nats_url: str, prefix: str) -> None:
    connection = await nats.connect(nats_url)
    jetstream = connection.jetstream()
    await jetstream.add_stream(name=prefix, subjects=[f"{prefix}.>"])
    acknowledged = await jetstream.publish(f"{prefix}.hello", b"x")
    await jetstream.delete_stream(prefix)
    await connection.close()
    assert acknowledged.seq == 1

# SPDX-License-Identifier: Apache-2.0
"""A gateway with a database, beside services that tell events into their streams."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from services.chassis.bus import Bus, topology
from services.chassis.database import Database
from services.chassis.subjects import SERVICES
from tests.gateway.changes.portal import Country
from tests.gateway.city import City


@pytest.fixture
async def db(service_database: Callable[[str], str]) -> AsyncIterator[Database]:
    """The gateway's database."""
    made = await Database.connect(service_database("gateway"), size=12)
    try:
        yield made
    finally:
        await made.close()


@pytest.fixture
async def country(nats_url: str, prefix: str, service_database: Callable[[str], str]) -> AsyncIterator[Country]:
    """Services with a few public things, and the means to change them."""
    async with _streams(nats_url, prefix), City.running(nats_url, prefix) as city:
        yield Country(city, service_database("gateway"))


@asynccontextmanager
async def _streams(nats_url: str, prefix: str) -> AsyncIterator[None]:
    bus = await Bus.connect(nats_url, "tests", prefix)
    await topology(bus, SERVICES)
    try:
        yield
    finally:
        for service in SERVICES:
            await bus.js.delete_stream(bus.stream(service))
        await bus.close()

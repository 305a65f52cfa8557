# SPDX-License-Identifier: Apache-2.0
"""Starts the small services of `tally` against the run's servers and stops them at the end of the test."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest

from services.chassis.bus import Bus
from services.chassis.requests import Reply, Requests
from services.chassis.running import Running
from services.chassis.service import Service
from services.chassis.settings import Settings
from tests.integration.chassis.tally import TooMuch


@pytest.fixture
def conference() -> str:
    return uuid4().hex


@pytest.fixture
def settings(nats_url: str, prefix: str) -> Callable[..., Settings]:
    """Settings for a service on a database."""

    def make(database: str, **changes: Any) -> Settings:
        given = {"database_url": database, "nats_url": nats_url, "prefix": prefix, "http_port": 0, "drain_seconds": 2.0}
        return Settings(**(given | changes))

    return make


@pytest.fixture
async def running(
    service_database: Callable[[str], str],
) -> AsyncIterator[Callable[[Service], Awaitable[Running]]]:
    """Starts services; those still running at the end are ended, before their databases go."""
    started: list[Running] = []

    async def start(service: Service) -> Running:
        one = await service.start()
        started.append(one)
        return one

    yield start
    for one in started:
        if not one.runtime.bus.closing:
            await one.close()


@pytest.fixture
async def bus(nats_url: str, prefix: str) -> AsyncIterator[Bus]:
    """A connection of the test's own."""
    connection = await Bus.connect(nats_url, "tool", prefix)
    yield connection
    await connection.close()


class Patient(Requests):
    """Waits for answers for as long as a busy machine may need."""

    async def ask(self, request: Any, *, timeout: float = 60.0, **more: Any) -> Reply[Any]:  # noqa: ASYNC109
        return await super().ask(request, timeout=timeout, **more)

    async def ask_all(self, queries: Any, *, timeout: float = 60.0, **more: Any) -> list[Reply[Any]]:  # noqa: ASYNC109
        return await super().ask_all(queries, timeout=timeout, **more)


@pytest.fixture
def requests(bus: Bus) -> Requests:
    return Patient(bus, [TooMuch])

# SPDX-License-Identifier: Apache-2.0
"""A receiver, the services' streams, and the gateway's database."""

from collections.abc import AsyncIterator, Callable

import pytest

from tests.gateway.webhooks.world import Receiver, World


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver.running() as made:
        yield made


@pytest.fixture
async def world(nats_url: str, prefix: str, service_database: Callable[[str], str]) -> AsyncIterator[World]:
    async with World.running(nats_url, prefix, service_database("gateway")) as made:
        yield made

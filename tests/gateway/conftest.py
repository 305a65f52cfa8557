# SPDX-License-Identifier: Apache-2.0
"""A gateway on a real port, a real nats-server, and tiny services that answer with the chassis' own server."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import uvicorn

from gateway.app import Gateway
from gateway.main import configuration
from gateway.settings import GatewaySettings
from services.chassis.bus import Bus
from tests.gateway.city import City

KEY = "5a" * 32


class QuietServer(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Address:
    """A gateway that runs, and the way to it."""

    def __init__(self, gateway: Gateway, bus: Bus, port: int, nats_url: str, prefix: str) -> None:
        self.nats_url = nats_url
        self.prefix = prefix
        self.gateway = gateway
        self.bus = bus
        self.url = f"http://127.0.0.1:{port}"
        self.ws = f"ws://127.0.0.1:{port}/graphql"
        # Without TLS there are no certificates to look at; reading them takes longer than many a test.
        self.http = httpx.AsyncClient(base_url=self.url, timeout=60, verify=False)  # noqa: S501

    async def ask(
        self, query: str, token: str | None = None, headers: dict[str, str] | None = None, **variables: Any
    ) -> dict[str, Any]:
        sent = {"accept": "application/graphql-response+json", **(headers or {})}
        if token:
            sent["authorization"] = f"Bearer {token}"
        response = await self.http.post("/graphql", json={"query": query, "variables": variables}, headers=sent)
        return response.json()


@contextlib.asynccontextmanager
async def running(nats_url: str, prefix: str, **options: Any) -> AsyncIterator[Address]:
    options = dict(options)
    tuning = {name: options.pop(name) for name in ("safety_seconds", "lag_seconds", "compiled") if name in options}
    settings = GatewaySettings(nats_url=nats_url, prefix=prefix, key_encryption_key=KEY, embedded=True, **options)
    bus = await Bus.connect(nats_url, "gateway", prefix)
    gateway = Gateway(settings, bus, **tuning)
    try:
        async with serving(gateway.app()) as port:
            address = Address(gateway, bus, port, nats_url, prefix)
            yield address
            await address.http.aclose()
    finally:
        await bus.close()


@contextlib.asynccontextmanager
async def serving(app: Any) -> AsyncIterator[int]:
    """Serves an application like `gateway.main` does; its port."""
    config = configuration(app, host="127.0.0.1", port=0, lifespan="auto", loop="none", drain_seconds=2)
    server = QuietServer(config)
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 -- uvicorn tells nobody
        await asyncio.sleep(0.005)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await task


@pytest.fixture
async def city(nats_url: str, prefix: str) -> AsyncIterator[City]:
    async with City.running(nats_url, prefix) as made:
        yield made


@pytest.fixture
async def gateway(city: City, nats_url: str, prefix: str) -> AsyncIterator[Address]:
    async with running(nats_url, prefix) as address:
        yield address

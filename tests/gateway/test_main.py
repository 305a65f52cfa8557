# SPDX-License-Identifier: Apache-2.0
"""The gateway as a process: it starts with its settings, drains on SIGTERM, and prints its schema."""

import asyncio
import json
import os
import signal
import sys

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from gateway.schema.export import COMMITTED
from services.cli.embedded.process import free_port
from tests.gateway.city import City

ENVIRONMENT = {"PATH": os.environ["PATH"], "QUARTIER_KEY_ENCRYPTION_KEY": "5a" * 32}


async def started(module: str, **environment: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, env={**ENVIRONMENT, **environment},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("environment", "variable"),
    [
        ({}, "NATS_URL is not set"),
        ({"NATS_URL": "http://here"}, "NATS_URL has a value"),
        ({"NATS_URL": "nats://here", "QUARTIER_CLOCK": "0,60"}, "QUARTIER_CLOCK is refused"),
        (
            {"NATS_URL": "nats://here", "QUARTIER_KEY_ENCRYPTION_KEY": "short"},
            "QUARTIER_KEY_ENCRYPTION_KEY has a value",
        ),
    ],
)
async def test_a_setting_that_cannot_be_used_is_named(environment: dict[str, str], variable: str) -> None:
    process = await started("gateway.main", **environment)
    _, errors = await process.communicate()
    assert process.returncode == 1
    assert variable in errors.decode()


async def test_it_serves_until_sigterm_and_tells_its_sockets_to_come_again(
    city: City, nats_url: str, prefix: str
) -> None:
    port = free_port()
    process = await started("gateway.main", NATS_URL=nats_url, QUARTIER_PREFIX=prefix, QUARTIER_HTTP_PORT=str(port))
    await answers(f"http://127.0.0.1:{port}/readyz")
    address = f"ws://127.0.0.1:{port}/graphql"
    async with connect(address, subprotocols=[Subprotocol("graphql-transport-ws")]) as socket:
        await socket.send(json.dumps({"type": "connection_init"}))
        await socket.recv()
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(60):
            await socket.wait_closed()
        assert socket.close_code == 1012
    async with asyncio.timeout(60):
        assert await process.wait() == 0


async def answers(url: str) -> None:
    async with asyncio.timeout(60), httpx.AsyncClient() as client:
        while True:
            try:
                if (await client.get(url)).is_success:
                    return
            except httpx.HTTPError:
                await asyncio.sleep(0.05)


async def test_the_schema_is_printed() -> None:
    process = await started("gateway.schema.export")
    printed, _ = await process.communicate()
    assert printed.decode() == COMMITTED.read_text()

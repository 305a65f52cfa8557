# SPDX-License-Identifier: Apache-2.0
"""The session service as a process: ready soon, gone on SIGTERM with the workers it started."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from services.chassis.bus import Bus, topology
from services.cli.embedded.process import free_port
from tests.integration.chassis.waiting import until


def children_of(pid: int) -> list[int]:
    """The processes that a process has started, from the kernel's list."""
    found = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(one) for one in found.read_text().split()] if found.exists() else []


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(("number", "expected"), [(signal.SIGTERM, 0), (signal.SIGKILL, -signal.SIGKILL)])
async def test_the_process_serves_and_ends_with_its_workers(service_database, nats_url, prefix, number, expected):
    port = free_port()
    bus = await Bus.connect(nats_url, "tool", prefix)
    await topology(bus, ("registration", "rooms", "ideas"))
    environment = {
        **os.environ,
        "DATABASE_URL": service_database("session"),
        "NATS_URL": nats_url,
        "QUARTIER_PREFIX": prefix,
        "QUARTIER_HTTP_PORT": str(port),
        "QUARTIER_KEY_ENCRYPTION_KEY": "0" * 64,
    }
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "services.session.main", env=environment)
    try:

        async def ready() -> bool:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                return False
            writer.write(b"GET /readyz HTTP/1.0\r\n\r\n")
            answer = await reader.read()
            writer.close()
            return answer.startswith(b"HTTP/1.1 200")

        await until(ready, seconds=60)
        await until(lambda: len(children_of(process.pid)) > 0, seconds=60)
        children = children_of(process.pid)
    finally:
        process.send_signal(number)
        status = await process.wait()
        await bus.close()
    assert status == expected
    await until(lambda: not any(runs(child) for child in children), seconds=30)

# SPDX-License-Identifier: Apache-2.0
"""What the tests of relay and consumers need: filling a log, reading a stream, a NATS server that may be killed."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from services.chassis.bus import Bus
from services.chassis.contract import Done
from services.chassis.decisions import Envelope
from services.chassis.repository import Repository, Step
from services.chassis.settings import Settings
from services.cli.embedded.nats import Nats, User
from services.cli.embedded.process import Running as Process
from tests.integration.chassis.tally import TALLY, Count, Whisper

ROOT = Path(__file__).parents[3]


class Killable:
    """A nats-server of the test's own, killed without warning and started again on the same files."""

    def __init__(self, folder: Path) -> None:
        self.nats = Nats(folder, [User("tests", "tests")])
        self.url = self.nats.url("tests")
        self.process: Process = self.nats.start()

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.child.wait()

    async def restart(self) -> None:
        self.process = await asyncio.to_thread(self.nats.start)

    async def kill_and_restart(self) -> None:
        self.kill()
        await self.restart()


async def count(repository: Repository, conferences: Sequence[str], numbers: range) -> None:
    """Counts each number, in turn in the conferences; every tenth is followed by something not to be told."""
    for n in numbers:
        conference = conferences[n % len(conferences)]
        now = datetime.now(UTC)
        steps = [Step(TALLY, conference, Count(now=now, conference_id=conference, n=n), conference=conference)]
        if n % 10 == 0:
            steps.append(Step(TALLY, conference, Whisper(now=now), conference=conference))
        await repository.execute(steps, Envelope(None, b"", "test", "0" * 31 + "1"), Done())


class Told(msgspec.Struct):
    """A message of a stream."""

    position: int
    event_id: str
    epoch: str
    n: int


async def read(bus: Bus, service: str) -> list[Told]:
    """All messages of a stream, in order."""
    state = (await bus.js.stream_info(bus.stream(service))).state
    found: list[Told] = []
    for seq in range(state.first_seq, state.last_seq + 1):
        message = await bus.js.get_msg(bus.stream(service), seq=seq)
        headers: dict[str, Any] = message.headers or {}
        body = msgspec.json.decode(message.data or b"")
        found.append(Told(int(headers["Es-Position"]), headers["Nats-Msg-Id"], headers["Es-Epoch"], body["n"]))
    return found


async def start_process(name: str, settings: Settings) -> asyncio.subprocess.Process:
    """Starts `alpha` or `beta` as a process."""
    environment = os.environ | {
        "DATABASE_URL": settings.database_url,
        "NATS_URL": settings.nats_url,
        "QUARTIER_PREFIX": settings.prefix,
        "QUARTIER_HTTP_PORT": "0",
        "QUARTIER_DRAIN_SECONDS": "2",
    }
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.chassis.tally_process", name,
        env=environment, cwd=ROOT, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip

# SPDX-License-Identifier: Apache-2.0
"""A whole city as its operator and its enemies see it: processes to kill, databases, streams, logs, mails."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import msgspec
import psycopg

from services.chassis.clock import Clock
from services.cli.embedded.postgres import wheel
from services.cli.rehearse.mailbox import Mailbox
from services.cli.rehearse.world import World
from tests.integration.cli.conftest import ROOT, Up, clean_environment, started

PATIENCE = 240.0
"""Real seconds for anything to happen: the machine may be slow, a test must not depend on speed."""


async def eventually(what: str, holds: Callable[[], Awaitable[Any]], within: float = PATIENCE) -> Any:
    """Waits until `holds` answers something true, and returns it; `what` is the sentence that should become true."""
    deadline = time.monotonic() + within
    while not (answer := await holds()):
        assert time.monotonic() < deadline, f"still not so: {what}"
        await asyncio.sleep(0.1)
    return answer


@dataclass
class Town:
    """One run of `quartier up`; `folder` holds everything of it."""

    up: Up
    folder: Path

    @property
    def data(self) -> Path:
        return self.up.data

    def databases(self) -> dict[str, str]:
        """The addresses of the services' databases."""
        return {name: dsn for name, dsn in self.up.databases().items() if name != "gateway"}

    def world(self) -> World:
        """The city as people reach it."""
        addresses = json.loads((self.data / "run" / "addresses.json").read_text())
        return World(
            gateways=tuple(addresses["gateways"]),
            issuer=addresses["sign_in"],
            clock=Clock.parse(addresses["clock"]),
            mailbox=Mailbox(Path(addresses["mail"])),
            databases=self.databases(),
            texts=msgspec.yaml.decode((files("services.cli.rehearse") / "texts.yaml").read_bytes()),
        )

    # Processes ------------------------------------------------------------------------------------------------------

    def kill(self, name: str, how: signal.Signals = signal.SIGKILL) -> int:
        """Ends a process; the id it had."""
        pid = self.up.pids()[name]
        os.kill(pid, how)
        return pid

    def power_cut(self) -> None:
        """Everything dies in the same moment, and nobody can react."""
        supervisor = self.up.process
        supervisor.send_signal(signal.SIGSTOP)
        for pid in self.up.pids().values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
        supervisor.kill()
        supervisor.wait()
        assert supervisor.stdout is not None
        supervisor.stdout.close()

    async def start_again(self, *arguments: str) -> None:
        """`quartier up` on the same data."""
        self.up = await asyncio.to_thread(started, self.folder, ROOT, *arguments)

    def port(self, name: str) -> int:
        """The port of a process' /readyz; it keeps it when it is started again."""
        environment = Path(f"/proc/{self.up.pids()[name]}/environ").read_bytes().split(b"\0")
        found = next(entry for entry in environment if entry.startswith(b"QUARTIER_HTTP_PORT="))
        return int(found.partition(b"=")[2])

    async def readiness(self, name: str) -> dict[str, Any]:
        """What /readyz of a process says; without `reasons` it does not answer."""
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=5.0) as client:
                answer = await client.get(f"http://127.0.0.1:{self.port(name)}/readyz")
                return dict(answer.json())
        except (httpx.HTTPError, OSError, StopIteration, ValueError):
            return {}

    async def all_ready(self) -> None:
        """Waits until every process of a service and of the gateway is ready."""
        for name in sorted(self.up.pids()):
            if name.partition("-")[0] in {*self.databases(), "gateway"}:

                async def ready(name: str = name) -> bool:
                    return (await self.readiness(name)).get("reasons") == []

                await eventually(f"{name} is ready", ready)

    async def replaced(self, name: str, pid: int) -> None:
        """Waits until a killed process has a successor."""

        async def other() -> bool:
            return self.up.pids()[name] != pid

        await eventually(f"{name} was started again", other)

    async def tool(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Runs `quartier` as an operator does, beside the city."""
        argv = [sys.executable, "-P", "-m", "services.cli.main", *arguments, "--data", str(self.data)]
        return await asyncio.to_thread(
            subprocess.run, argv, env=clean_environment(ROOT), capture_output=True, text=True, timeout=PATIENCE
        )

    # Databases ------------------------------------------------------------------------------------------------------

    def rows(self, service: str, sql: str, *arguments: Any) -> list[tuple[Any, ...]]:
        """Reads the database of a service, or of the gateway."""
        with psycopg.connect(self.up.databases()[service], autocommit=True) as connection:
            return connection.execute(sql, arguments).fetchall()

    def dump(self, service: str, *arguments: str) -> str:
        """What pg_dump writes of the database of a service, or of the gateway."""
        return self._program("pg_dump", service, *arguments)

    def restore(self, service: str, text: str) -> None:
        """Lets psql carry a dump out in a service's database."""
        self._program("psql", service, "--quiet", "--single-transaction", "-v", "ON_ERROR_STOP=1", said=text)

    def _program(self, program: str, service: str, *arguments: str, said: str | None = None) -> str:
        binary = wheel() / "pginstall18" / "bin" / program
        dsn = self.up.databases()[service]
        done = subprocess.run(
            [str(binary), "-d", dsn, *arguments], input=said, capture_output=True, text=True, timeout=PATIENCE,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def postgres_folder(self) -> Path:
        """Where the server keeps its files."""
        note = self.data / "postgres" / "elsewhere.txt"
        if note.exists():
            return Path(note.read_text().strip().rpartition(" ")[2])
        return self.data / "postgres"

    # The bus --------------------------------------------------------------------------------------------------------

    @property
    def streams(self) -> Path:
        """The folder of JetStream's files."""
        return self.data / "nats" / "jetstream"

    def bus(self, user: str) -> str:
        """The address of the bus for one user."""
        return self.up.buses()[user]

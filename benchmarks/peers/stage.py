# SPDX-License-Identifier: Apache-2.0
"""NATS, small services, and gateways as they really run, for the benchmarks of subscriptions."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx

from benchmarks.peers.evenings import conference_id, resident_id, token
from benchmarks.peers.listeners import Crowd
from benchmarks.peers.processes import pinned
from gateway.schema.relay import global_id

PREFIX = "bench"

WATCH = """subscription ($id: ID!, $after: String) { conferenceChanges(conferenceId: $id, after: $after) {
  __typename
  ... on ConferenceSnapshot { cursor serverTime session { ...S } }
  ... on SessionChanged { cursor serverTime session { ...S } } } }
fragment S on Session {
  id status phase run startedAt deadline announcement phases { key kind minutes title { de en } } }
"""
CHAT = """subscription ($id: ID!) { conferenceChanges(conferenceId: $id) {
  ... on ChatChanged { changedMessages { text } } } }"""

UNLIMITED = {
    "QUARTIER_SOCKETS_PER_SECOND": "1e6", "QUARTIER_SOCKETS_AT_ONCE": "1000000",
    "QUARTIER_SOCKETS_PER_PERSON": "1000000",
}  # fmt: skip
"""Limits that are counted and never reached here."""


class Stage:
    """NATS, the small services and gateways, running.

    Args:
        stack: ends them.
        conferences: how many there are.
        residents: how many sit in each.
        gateways: how many processes.
        processor: where the gateways run; None: wherever this process may run, as all else does.
    """

    def __init__(
        self, stack: ExitStack, conferences: int, residents: int, gateways: int, *, processor: int | None = None
    ) -> None:
        from services.cli.embedded.nats import Nats, User

        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="quartier-bench-"))
        bus = Nats(Path(folder), [User("bench", "bench")])
        stack.callback(bus.start().stop)
        self.residents = residents
        self._stack = stack
        url = bus.url("bench")
        words = ["-m", "benchmarks.peers.evenings", url, PREFIX, str(conferences), str(residents)]
        self._services = self._start([sys.executable, *words], stdin=subprocess.PIPE)
        self._key = json.loads(self._line())
        self.gateways: dict[int, int] = {}
        for _ in range(gateways):
            port = free_port()
            environment = {
                **UNLIMITED, "NATS_URL": url, "QUARTIER_PREFIX": PREFIX, "QUARTIER_HTTP_PORT": str(port),
                "QUARTIER_KEY_ENCRYPTION_KEY": "5a" * 32,
            }  # fmt: skip
            process = self._start(pinned([sys.executable, "-m", "gateway.main"], processor), environment)
            self.gateways[port] = process.pid
        for port in self.gateways:
            wait_for(port)

    def _start(
        self,
        command: list[str],
        environment: Mapping[str, str] | None = None,
        *,
        stdin: int | None = None,
    ) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            command, env={**os.environ, **(environment or {})}, stdin=stdin, stdout=subprocess.PIPE, text=True
        )
        self._stack.enter_context(process)  # closes its pipes and waits
        self._stack.callback(process.terminate)
        if stdin is None:
            process.stdout.close()  # type: ignore[union-attr]
        return process

    def _line(self) -> str:
        assert self._services.stdout is not None
        return self._services.stdout.readline()

    async def command(self, words: str) -> None:
        """Has the services do something; returns when they have."""
        assert self._services.stdin is not None
        self._services.stdin.write(words + "\n")
        self._services.stdin.flush()
        await asyncio.get_running_loop().run_in_executor(None, self._line)

    def crowd(self, conferences: int, ports: list[int] | None = None, query: str = WATCH) -> Crowd:
        """Clients who will watch, each with a person of their own."""
        tokens: dict[int, str] = {}

        def init(number: int) -> dict[str, Any]:
            place, seat = number % conferences, number // conferences
            if number not in tokens:
                person = resident_id(place * self.residents + seat)
                tokens[number] = token(self._key, conference_id(place), person)
            return {"authorization": f"Bearer {tokens[number]}"}

        def subscribe(number: int) -> dict[str, Any]:
            place = global_id("Conference", conference_id(number % conferences))
            return {"query": query, "variables": {"id": place}}

        for number in range(conferences * self.residents):
            init(number)  # signing is not what is measured
        return Crowd(ports or list(self.gateways), init, subscribe)


def free_port() -> int:
    """A port that nobody listens on."""
    from services.cli.embedded.process import free_port as found

    return found()


def wait_for(port: int) -> None:
    """Waits until a server answers.

    Raises:
        RuntimeError: it does not.
    """
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            httpx.get(f"http://127.0.0.1:{port}/readyz")
        except httpx.TransportError:
            time.sleep(0.1)  # paces the questions to a server that starts
        else:
            return
    raise RuntimeError(f"nothing answers on port {port}")

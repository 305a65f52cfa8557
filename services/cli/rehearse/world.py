# SPDX-License-Identifier: Apache-2.0
"""The city that a rehearsal plays in, as its players reach it: over HTTP and WebSocket, like any app."""

import asyncio
import base64
import itertools
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import aiohttp

from gateway.client import Client, reaching
from services.chassis.clock import Clock
from services.cli.rehearse.mailbox import Mailbox

TIMEOUT_SECONDS = 30.0
"""Real time that a request may take."""

AT_ONCE = 8
"""So many look back on the evening at the same time: residents do not all do it in the second it ends."""


@dataclass(frozen=True, slots=True)
class World:
    """A running city.

    Args:
        gateways: addresses of its gateways; players spread over them.
        issuer: address where laptops sign staff in; in a city this is the OIDC provider.
        clock: the conference clock of all its processes.
        databases: address of each service's database, to check what happened afterwards.
        texts: what simulated residents say.
        looking_back: of those who hold what they saw of the evening against what a query answers, so many ask at once.
        http: the connections for operations, shared by everybody; None: everybody has their own.
    """

    gateways: tuple[str, ...]
    issuer: str
    clock: Clock
    mailbox: Mailbox
    databases: dict[str, str]
    texts: dict[str, Any]
    looking_back: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    http: aiohttp.ClientSession | None = None
    turn: "itertools.count[int]" = field(default_factory=itertools.count)

    def client(self, token: str | None = None) -> Client:
        """A client of one of the gateways, in turn."""
        gateway = self.gateways[next(self.turn) % len(self.gateways)]
        return Client(gateway, token, timeout=TIMEOUT_SECONDS, http=self.http)

    async def sleep(self, minutes: float) -> None:
        """Lets conference minutes pass."""
        await asyncio.sleep(max(0.0, minutes) * 60 / self.clock.pace)

    async def sign_in(self, role: str, staff_id: str, name: str, conference_id: str | None) -> str:
        """A token for a person of the staff.

        Args:
            staff_id: 32 hex digits.
            conference_id: where the role holds (32 hex digits); None: in the city.

        Raises:
            Unreached: the provider did not answer.
        """
        body = {"role": role, "staff_id": staff_id, "name": name, "conference_id": conference_id}
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
        with reaching():
            async with aiohttp.ClientSession(timeout=timeout) as http, http.post(self.issuer, json=body) as answer:
                answer.raise_for_status()
                return str((await answer.json())["token"])

    def ahead(self, real_seconds: float) -> timedelta:
        """How much conference time passes in this much real time."""
        return timedelta(seconds=real_seconds * self.clock.pace)


def local(global_id: str) -> str:
    """The 32 hex digits in a global id."""
    return base64.b64decode(global_id).decode().rpartition(":")[2].rpartition(".")[2]

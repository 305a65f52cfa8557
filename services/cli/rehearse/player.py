# SPDX-License-Identifier: Apache-2.0
"""What all simulated people share: a client, a view of the conference kept up to date, commands that are repeated."""

import asyncio
import base64
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx

from gateway.client import Client, ClientError, Closed, Refused
from services.cli.rehearse.record import Record
from services.cli.rehearse.view import View
from services.cli.rehearse.world import World, local

PASSING = frozenset({"Busy", "Unavailable", "ConcurrentChange", "Fault"})
"""Refusals after which a client tries again with the same key."""

TRIES = 8


class Player:
    """One simulated person at one conference.

    Args:
        world: the city.
        record: the notes of the conference.
        gid: global id of the conference.
        me: own id, 32 hex digits.
        name: how the person is called in the notes; no real name.
        token: of staff; residents get theirs with `renew`.
        seed: of everything the person does by chance.
    """

    def __init__(
        self, world: World, record: Record, *, gid: str, me: str, name: str, token: str | None, seed: int
    ) -> None:
        self.world, self.record = world, record
        self.gid, self.me, self.name = gid, me, name
        self.draw = random.Random(seed)  # noqa: S311 - a rehearsal is drawn, not a secret
        self.client: Client = world.client(token)
        self.view = View()
        self._news, self._version = asyncio.Event(), 0
        self.ended = asyncio.Event()
        self.renew: Callable[[], Awaitable[None]] | None = None
        self._runs: set[int] = set()
        self._renewing = asyncio.Lock()

    async def play(self) -> None:
        """The whole evening of this person."""
        raise NotImplementedError

    async def command(self, command: str, /, **fields: Any) -> Any:
        """Sends a command until it is answered; a refusal is returned and noted.

        A service that restarts, a full queue or a lost connection is met with the same idempotency key again.
        """
        key = f"{self.me}-{time.monotonic_ns()}-{self.draw.getrandbits(32)}"
        for attempt in range(TRIES):
            token = self.client.token
            try:
                with self.record.timed("command"):
                    outcome = await self.client.command(command, idempotency_key=key, **fields)
            except (httpx.HTTPError, ClientError) as error:
                if isinstance(error, ClientError) and not await self._cured(error, token):
                    self.record.error(self.name, f"{command}: {error}")
                    return None
            else:
                if not isinstance(outcome, Refused) or outcome.kind not in PASSING:
                    if isinstance(outcome, Refused):
                        self.record.refusals[f"{command}: {outcome.kind}"] += 1
                    return outcome
            await asyncio.sleep(min(2.0, 0.1 * 2**attempt) * self.draw.uniform(0.5, 1.0))
        self.record.error(self.name, f"{command} was not answered in {TRIES} tries")
        return None

    async def query(self, operation: str, **variables: Any) -> Any:
        """Asks a query, again after a passing failure; None when it is not answered."""
        for attempt in range(TRIES):
            token = self.client.token
            try:
                with self.record.timed("query"):
                    return await self.client.execute(operation, variables)
            except httpx.HTTPError:
                pass
            except ClientError as error:
                if not await self._cured(error, token):
                    self.record.error(self.name, f"{operation}: {error}")
                    return None
            await asyncio.sleep(min(2.0, 0.1 * 2**attempt) * self.draw.uniform(0.5, 1.0))
        self.record.error(self.name, f"{operation} was not answered in {TRIES} tries")
        return None

    async def _cured(self, error: ClientError, token: str | None) -> bool:
        """Whether trying again may help: a service was away, or the token is renewed now.

        Args:
            token: the one that was used; of several tasks that meet its end, the first renews it.
        """
        if "UNAUTHENTICATED" in error.codes and self.renew is not None:
            async with self._renewing:
                if self.client.token == token:
                    await self.renew()
            return True
        return bool({"UNAVAILABLE", "BUSY", "STALE", "FAULT"} & set(error.codes))

    async def watch(self) -> None:
        """Follows the conference until it is cancelled; the last changes come after the end of the evening."""
        while True:
            token = self.client.token
            try:
                async for change in self.client.subscribe("ConferenceChanges", {"conferenceId": self.gid}):
                    self.note(change)
            except Closed as closed:
                if self.renew is None:
                    self.record.error(self.name, f"the subscription was closed: {closed}")
                    return
                async with self._renewing:
                    if self.client.token == token:
                        await self.renew()
            except ClientError as error:
                if not await self._cured(error, token):
                    self.record.error(self.name, f"the subscription was refused: {error}")
                    return
                await asyncio.sleep(0.5)

    def note(self, change: Any) -> None:
        """Takes a change into the view and wakes who waits for one."""
        self.view.apply(change)
        if not self.view.is_snapshot(change):
            age = (self.world.clock.now() - change.server_time).total_seconds() / self.world.clock.pace
            self.record.delays["change"].append(max(0.0, age * 1000))
        session = self.view.session
        if session is not None:
            if session.run not in self._runs and session.phase is not None:
                self._runs.add(session.run)
                self.record.phase_told[session.run].append(time.perf_counter())
            if session.status == "ENDED":
                self.ended.set()
        self._tell()

    def leave(self) -> None:
        """Ends the evening for this person."""
        self.ended.set()
        self._tell()

    def _tell(self) -> None:
        self._version += 1
        self._news.set()
        self._news = asyncio.Event()

    async def turns(self) -> AsyncIterator[None]:
        """A turn whenever the view has changed since the last one, until the evening has ended; misses nothing."""
        seen = -1
        while not self.ended.is_set():
            if seen == self._version:
                await self._news.wait()
            seen = self._version
            yield

    async def confirm_placement(self) -> None:
        """Tells the city that the client is in the room where the person belongs."""
        placement = self.view.placement
        if placement is None:
            return
        known = (placement.generation, self.me)
        if known in self.record.confirmed:
            return
        self.record.placements[known] = placement.room
        outcome = await self.command("ConfirmPlacement", conference_id=self.gid, generation=placement.generation)
        if outcome is not None and not isinstance(outcome, Refused):
            self.record.confirmed.add(known)
        elif isinstance(outcome, Refused) and outcome.kind == "PlacementChanged":
            self.record.placements.pop(known, None)  # moved on meanwhile: the next change asks for the new room

    @property
    def minutes_into(self) -> float:
        """Conference minutes since the session started; negative before."""
        session = self.view.session
        if session is None or session.started_at is None:
            return -1.0
        return float((self.world.clock.now() - session.started_at).total_seconds() / 60)

    def phase_minutes(self) -> float:
        """Planned minutes of the running phase."""
        session = self.view.session
        if session is None or session.phase is None:
            return 0.0
        return float(session.phases[session.phase].minutes)

    @staticmethod
    def local(gid: str) -> str:
        """The 32 hex digits in a global id."""
        return local(gid)

    @staticmethod
    def global_id(kind: str, local_id: str) -> str:
        """The global id of a thing."""
        return base64.b64encode(f"{kind}:{local_id}".encode()).decode()

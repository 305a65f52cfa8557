# SPDX-License-Identifier: Apache-2.0
"""The real rooms service, and tellers in the place of session and registration that say what a test wants."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import msgspec
import pytest

from services.chassis.api import Api
from services.chassis.contract import ContractEvent, Done
from services.chassis.decider import Command, Decider, Event
from services.chassis.repository import Envelope, Step
from services.chassis.requests import Requests
from services.chassis.running import Running
from services.chassis.service import Service
from services.chassis.settings import Settings
from services.contracts import refusals, registration, session
from services.rooms.main import build
from services.rooms.settings import RoomsSettings
from services.rooms.testing.double import Double

KEY, SECRET = "rooms", "r" * 40


class Told(Event, frozen=True, kw_only=True):
    """A contract event, word by word."""

    TOPIC: ClassVar[str] = "teller.told"
    service: str
    name: str
    body: dict[str, Any]


class TellIt(Command, frozen=True, kw_only=True):
    service: str
    name: str
    body: dict[str, Any]


TELLER: Decider[int, TellIt, Told] = Decider(
    name="teller",
    initial=0,
    decide=lambda _, command: [Told(service=command.service, name=command.name, body=command.body)],
    evolve=lambda told, _: told + 1,
    events=(Told,),
)


TOLD_BY = {"session": session, "registration": registration}


def publish(event: Event, _: Any) -> ContractEvent | None:
    assert isinstance(event, Told)
    return msgspec.convert(event.body, getattr(TOLD_BY[event.service], event.name))


Tell = Callable[[ContractEvent], Awaitable[None]]


@asynccontextmanager
async def running(
    service_database: Callable[[str], str], nats_url: str, prefix: str, **livekit: Any
) -> AsyncIterator[tuple[Requests, Tell, Running]]:
    """A client of rooms, a function that lets session or registration tell something, and the rooms service."""
    common = {"nats_url": nats_url, "prefix": prefix, "http_port": 0, "drain_seconds": 2.0}
    tellers = {
        name: Service(
            name=name,
            settings=Settings(database_url=service_database("chassis"), **common),
            deciders=(TELLER,),
            api=Api(name),
            publish=publish,
        )
        for name in TOLD_BY
    }
    rooms = build(RoomsSettings(database_url=service_database("rooms"), **common, **livekit))
    telling = {name: await service.start() for name, service in tellers.items()}
    started: list[Running] = [*telling.values(), await rooms.start()]

    async def tell(event: ContractEvent) -> None:
        name, body = type(event).__name__, msgspec.to_builtins(event)
        command = TellIt(now=datetime.now(UTC), service=event.SERVICE, name=name, body=body)
        steps: Sequence[Step] = [Step(TELLER, "all", command, conference=event.conference)]
        repository = telling[event.SERVICE].runtime.repository
        await repository.execute(steps, Envelope(None, b"", "test", ""), Done())

    known = (refusals.GroupHasNoRoom, refusals.PlacementChanged, refusals.VenueIsClosed)
    try:
        yield Requests(started[-1].runtime.bus, known), tell, started[-1]
    finally:
        for one in reversed(started):
            await one.close()


@pytest.fixture
async def venue(
    service_database: Callable[[str], str], nats_url: str, prefix: str
) -> AsyncIterator[tuple[Requests, Tell]]:
    """Rooms without LiveKit: a client of it, and a function that lets session or registration tell something."""
    async with running(service_database, nats_url, prefix) as (requests, tell, _):
        yield requests, tell


@pytest.fixture
async def double() -> AsyncIterator[Double]:
    """A LiveKit server."""
    async with Double({KEY: SECRET}) as started:
        yield started


@dataclass(frozen=True)
class Video:
    """Rooms with LiveKit."""

    requests: Requests
    tell: Tell
    service: Running
    double: Double

    async def work(self) -> set[tuple[str, str]]:
        """What LiveKit has yet to do: room and action."""
        rows = await self.service.runtime.db.pool.fetch("SELECT room, action FROM room_work")
        return {(row["room"], row["action"]) for row in rows}

    async def let_pass(self, seconds: float) -> None:
        """Lets real time pass for the work, without waiting for it."""
        await self.service.runtime.db.pool.execute(
            "UPDATE room_work SET not_before = not_before - $1::interval", timedelta(seconds=seconds)
        )


@pytest.fixture
async def video(
    service_database: Callable[[str], str], nats_url: str, prefix: str, double: Double
) -> AsyncIterator[Video]:
    """Rooms with the double as its LiveKit."""
    livekit = {"livekit_url": double.url, "livekit_api_key": KEY, "livekit_api_secret": SECRET}
    async with running(service_database, nats_url, prefix, **livekit) as (requests, tell, service):
        yield Video(requests, tell, service, double)

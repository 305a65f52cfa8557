# SPDX-License-Identifier: Apache-2.0
"""The real rooms service, and a session service that tells whatever a test wants it to tell."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

import msgspec
import pytest

from services.chassis.api import Api
from services.chassis.contract import ContractEvent
from services.chassis.decider import Command, Decider, Event
from services.chassis.repository import Envelope, Step
from services.chassis.requests import Requests
from services.chassis.running import Running
from services.chassis.service import Service
from services.chassis.settings import Settings
from services.contracts import refusals, session
from services.rooms.main import build
from services.rooms.settings import RoomsSettings


class Told(Event, frozen=True, kw_only=True):
    """A contract event, word by word."""

    TOPIC: ClassVar[str] = "session.told"
    name: str
    body: dict[str, Any]


class Tell(Command, frozen=True, kw_only=True):
    name: str
    body: dict[str, Any]


TELLER: Decider[int, Tell, Told] = Decider(
    name="session.teller",
    initial=0,
    decide=lambda _, command: [Told(name=command.name, body=command.body)],
    evolve=lambda told, _: told + 1,
    events=(Told,),
)


def publish(event: Event, _: Any) -> ContractEvent | None:
    assert isinstance(event, Told)
    return msgspec.convert(event.body, getattr(session, event.name))


@pytest.fixture
async def venue(
    service_database: Callable[[str], str], nats_url: str, prefix: str
) -> AsyncIterator[tuple[Requests, Callable[[ContractEvent], Awaitable[None]]]]:
    """A client of rooms, and a function that lets session tell something."""
    common = {"nats_url": nats_url, "prefix": prefix, "http_port": 0, "drain_seconds": 2.0}
    told = Service(
        name="session",
        settings=Settings(database_url=service_database("chassis"), **common),
        deciders=(TELLER,),
        api=Api("session"),
        publish=publish,
    )
    rooms = build(RoomsSettings(database_url=service_database("rooms"), **common))
    started: list[Running] = [await told.start(), await rooms.start()]
    repository = started[0].runtime.repository

    async def tell(event: ContractEvent) -> None:
        command = Tell(now=datetime.now(UTC), name=type(event).__name__, body=msgspec.to_builtins(event))
        steps: Sequence[Step] = [Step(TELLER, "all", command, conference=event.conference)]
        await repository.execute(steps, Envelope(None, b"", "test", ""), session.Done())

    known = (refusals.GroupHasNoRoom, refusals.PlacementChanged, refusals.VenueIsClosed)
    yield Requests(started[1].runtime.bus, known), tell
    for one in reversed(started):
        await one.close()

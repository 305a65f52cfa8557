# SPDX-License-Identifier: Apache-2.0
"""A city for the ideas service: its two replicas, and others that tell whatever a test wants to be told."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import uuid4

import msgspec

from services.chassis.api import Api
from services.chassis.bus import Bus
from services.chassis.contract import ContractEvent, Done
from services.chassis.decider import Command, Decider, Event, Refusal
from services.chassis.identity import Actor, Grant
from services.chassis.repository import Envelope, Step
from services.chassis.requests import Reply, Requests
from services.chassis.running import Running
from services.chassis.service import Service
from services.chassis.settings import Settings
from services.chassis.subjects import PARTITIONS, partition
from services.contracts import ideas as contract
from services.contracts import refusals, registration, session
from services.ideas.main import build
from services.ideas.settings import IdeasSettings
from tests.integration.key_service import key_service

START = datetime(2027, 4, 17, 14, tzinfo=UTC)
DISTRICT = uuid4().hex


class Told(Event, frozen=True, kw_only=True):
    """A contract event, word by word."""

    TOPIC: ClassVar[str] = "teller.told"
    name: str
    body: dict[str, Any]


class Tell(Command, frozen=True, kw_only=True):
    name: str
    body: dict[str, Any]


TELLER: Decider[int, Tell, Told] = Decider(
    name="teller",
    initial=0,
    decide=lambda _, command: [Told(name=command.name, body=command.body)],
    evolve=lambda told, _: told + 1,
    events=(Told,),
)


def teller(name: str, settings: Settings, api: Api) -> Service:
    """A service that tells what it is made to tell."""
    module = {"session": session, "registration": registration}[name]

    def publish(event: Event, _: Any) -> ContractEvent | None:
        assert isinstance(event, Told)
        return msgspec.convert(event.body, getattr(module, event.name))

    return Service(name=name, settings=settings, deciders=(TELLER,), api=api, publish=publish)


def resident(who: str) -> Actor:
    return Actor(who, "resident")


def staff(who: str, role: str, scope: str = "city") -> Actor:
    return Actor(who, "staff", (Grant(role, scope),))


ORGANISER = staff(uuid4().hex, "organiser")
MODERATOR = staff(uuid4().hex, "moderator")
GATEWAY = Actor.service("gateway")


@dataclass
class City:
    """What a test drives."""

    requests: Requests
    bus: Bus
    replicas: list[Running]
    tellers: dict[str, Running]
    keys: dict[str, bytes]
    destroyed: set[str]
    conference: str = field(default_factory=lambda: uuid4().hex)
    run: int = 0

    async def tell(self, event: ContractEvent) -> None:
        """Lets session or registration tell something."""
        command = Tell(now=datetime.now(UTC), name=type(event).__name__, body=msgspec.to_builtins(event))
        steps: Sequence[Step] = [Step(TELLER, uuid4().hex, command, conference=event.conference)]
        repository = self.tellers[event.SERVICE].runtime.repository
        await repository.execute(steps, Envelope(None, b"", "test", ""), Done())

    async def ask(self, request: Any, actor: Actor) -> Reply[Any]:
        """Asks over NATS; a command gets a new key, an answer includes everything that was committed before."""
        command_id = uuid4()
        store = self.replicas[0].runtime.store
        after = f"{store.epoch}:{await store.max_notification_id()}"
        async with asyncio.timeout(60):
            while True:
                reply = await self.requests.ask(request, actor=actor, command_id=command_id, after=after, timeout=60)
                if not reply.stale:
                    return reply

    async def does(self, request: Any, actor: Actor) -> Any:
        """Asks and expects an answer."""
        return (await self.ask(request, actor)).unwrap()

    async def refused(self, request: Any, actor: Actor) -> Refusal:
        """Asks and expects a refusal."""
        reply = await self.ask(request, actor)
        assert reply.refusal is not None, f"not refused: {reply.answer}"
        return reply.refusal

    async def seat(self, *people: str) -> None:
        """Gives people keys and seats, and lets them come."""
        for who in people:
            self.keys.setdefault(who, os.urandom(32))
            await self.tell(registration.SeatTaken(at=START, conference_id=self.conference, participant_id=who))
            await self.tell(
                session.PresenceEdge(at=START, conference_id=self.conference, participant_id=who, present=True)
            )

    async def enter(self, phase: str, *tools: session.Tool, kind: session.PhaseKind = "plenary") -> None:
        """Enters a phase."""
        self.run += 1
        started = session.PhaseStarted(
            at=START,
            conference_id=self.conference,
            run=self.run,
            phase=phase,
            kind=kind,
            tools=tools,
            group_mode="topic" if kind == "groups" else None,
            deadline=datetime.now(UTC) + timedelta(minutes=10),
        )
        await self.tell(started)

    async def leave(self, phase: str, *tools: session.Tool) -> None:
        """Leaves the present phase."""
        await self.tell(
            session.PhaseEnded(at=START, conference_id=self.conference, run=self.run, phase=phase, tools=tools)
        )

    async def place(self, *groups: session.GroupPlaced) -> None:
        """Places groups in the present phase."""
        await self.tell(
            session.GroupsPlaced(
                at=START, conference_id=self.conference, generation=self.run, run=self.run, mode="topic", groups=groups
            )
        )

    async def answer_everywhere(self) -> None:
        """Lets both replicas answer the conference's and the city's commands, as while a partition changes hands."""
        for number in (partition(self.conference), partition(None)):
            for replica in self.replicas:
                await replica.server.serve(number)
                assert number in replica.server.partitions

    async def board(self, actor: Actor = GATEWAY) -> contract.BoardView:
        return await self.does(contract.GetBoard(conference_id=self.conference), actor)

    async def problems(self) -> contract.ProblemsView:
        return await self.does(contract.GetProblems(conference_id=self.conference), GATEWAY)

    async def sheets(self, actor: Actor = GATEWAY) -> tuple[contract.SheetView, ...]:
        return (await self.does(contract.GetSheets(conference_id=self.conference), actor)).sheets

    async def ideas(self) -> tuple[contract.IdeaView, ...]:
        return (await self.does(contract.ListIdeas(conference_id=self.conference), GATEWAY)).items

    async def open_sheet(self, *members: str, mentor: str | None = None) -> contract.SheetView:
        """Seats people in one group of the solutions phase; their sheet once it is there."""
        await self.seat(*members)
        await self.enter("solutions", "sheet", kind="groups")
        await self.place(session.GroupPlaced(group_id=uuid4().hex, number=1, members=members, mentor_id=mentor))
        await until_seated(self, *members)
        return (await eventually(self.sheets, bool))[-1]


async def eventually(look: Callable[[], Awaitable[Any]], holds: Callable[[Any], Any], seconds: float = 60) -> Any:
    """What `look` finds as soon as it is as expected."""
    async with asyncio.timeout(seconds):
        while True:
            found = await look()
            if holds(found):
                return found
            await asyncio.sleep(0.02)


async def until_seated(city: City, *people: str) -> None:
    """Returns once the service knows of all these seats."""
    for who in people:
        await eventually(
            lambda who=who: city.ask(contract.GetBoard(conference_id=city.conference), resident(who)),
            lambda reply: reply.answer is not None,
        )


async def _all_partitions_answer(replicas: Sequence[Running]) -> None:
    async with asyncio.timeout(60):
        while len(frozenset().union(*(one.server.partitions for one in replicas))) < PARTITIONS:  # noqa: ASYNC110 -- untold
            await asyncio.sleep(0.02)


@asynccontextmanager
async def open_city(
    service_database: Callable[[str], str], nats_url: str, prefix: str, replicas: int = 2
) -> AsyncIterator[City]:
    """Starts everything and ends it."""
    common = {"nats_url": nats_url, "prefix": prefix, "http_port": 0, "drain_seconds": 2.0}
    keys: dict[str, bytes] = {}
    destroyed: set[str] = set()
    apis = {"session": Api("session"), "registration": key_service(keys, destroyed)}
    started: dict[str, Running] = {}
    own: list[Running] = []
    bus = await Bus.connect(nats_url, "tool", prefix)
    try:
        for name, api in apis.items():
            settings = Settings(database_url=service_database("chassis"), **common)
            started[name] = await teller(name, settings, api).start()
        database = service_database("ideas")
        for _ in range(replicas):
            settings = IdeasSettings(database_url=database, key_encryption_key="ab" * 32, **common)
            own.append(await build(settings).start())
        for replicas_of_one in (own, *([one] for one in started.values())):
            await _all_partitions_answer(replicas_of_one)
        known = [kind for kind in vars(refusals).values() if isinstance(kind, type) and issubclass(kind, Refusal)]
        yield City(Requests(bus, [kind for kind in known if kind is not Refusal]), bus, own, started, keys, destroyed)
    finally:
        for one in (*own, *started.values()):
            await one.close()
        await bus.close()

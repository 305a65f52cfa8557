# SPDX-License-Identifier: Apache-2.0
"""The whole session service for real, with stand-ins that tell it what registration, rooms and ideas would tell."""

import asyncio
import dataclasses
import hashlib
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec

from services.chassis.api import Api
from services.chassis.bus import Bus
from services.chassis.clock import Clock
from services.chassis.contract import ContractEvent, Done, Request
from services.chassis.decider import Command, Decider, Event
from services.chassis.decisions import Envelope, Executed, Step
from services.chassis.identity import Actor, Grant
from services.chassis.keys import Keys, seal
from services.chassis.records import Recorded
from services.chassis.requests import Reply, Requests
from services.chassis.running import Running
from services.chassis.service import Service
from services.chassis.settings import Settings
from services.chassis.subjects import partition
from services.contracts import ideas, refusals, registration, rooms
from services.contracts import session as asked
from services.session.domain.groups import GROUPS
from services.session.domain.roster import ROSTER
from services.session.domain.session import SESSION
from services.session.main import build
from services.session.settings import SessionSettings
from tests.integration.chassis.waiting import until

REFUSALS = [getattr(refusals, name) for name in refusals.__all__]
GATEWAY = Actor.service("gateway")

SCRIPT = """\
name: short
title: {de: Kurz, en: Short}
phases:
  - {key: welcome, kind: plenary, minutes: 10, title: {de: A, en: A}, prompt: {de: A, en: A}}
  - {key: one, kind: groups, group_mode: mix, minutes: 10, title: {de: B, en: B}, prompt: {de: B, en: B}}
  - {key: two, kind: groups, group_mode: mix, minutes: 10, title: {de: C, en: C}, prompt: {de: C, en: C}}
  - {key: topics, kind: plenary, minutes: 10, tools: [topics], title: {de: D, en: D}, prompt: {de: D, en: D}}
  - key: solutions
    kind: groups
    group_mode: topic
    minutes: 10
    advance: ready_share
    title: {de: E, en: E}
    prompt: {de: E, en: E}
  - {key: closing, kind: plenary, minutes: 10, soft_close_seconds: 30, title: {de: F, en: F}, prompt: {de: F, en: F}}
"""


class Said(Event, frozen=True, kw_only=True):
    TOPIC = "standin.said"
    name: str
    body: str


class Say(Command, frozen=True, kw_only=True):
    name: str
    body: str


class Nothing(msgspec.Struct, frozen=True):
    pass


SAYINGS: Decider[Nothing, Say, Said] = Decider(
    "sayings",
    Nothing(),
    lambda _, command: [Said(name=command.name, body=command.body)],
    lambda state, _: state,
    (Said,),
)


def stand_in(name: str, contracts: Any, settings: Settings) -> Service:
    """A service that tells what it is given."""

    def publish(event: Event, _: Recorded) -> ContractEvent:
        assert isinstance(event, Said)
        told: ContractEvent = msgspec.json.decode(event.body, type=getattr(contracts, event.name))
        return told

    return Service(name=name, settings=settings, deciders=(SAYINGS,), api=Api(name), publish=publish)


def key_of(person: str) -> bytes:
    return hashlib.sha256(person.encode()).digest()


class Evening:
    """One conference in one or two replicas of the service."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.requests = Requests(bus, REFUSALS)
        self.conference = uuid4().hex
        self.moderator = self.staff("moderator")
        self.replicas: list[Running] = []
        self.others: dict[str, Running] = {}
        self.start_another: Callable[[], Any]
        self.keys_fail = False
        self.residents: list[str] = []

    @property
    def one(self) -> Running:
        return self.replicas[-1]

    @property
    def now(self) -> datetime:
        return self.one.runtime.clock.now()

    def staff(self, role: str) -> Actor:
        return Actor(uuid4().hex, "staff", (Grant(role, self.conference),))

    def resident(self, person: str) -> Actor:
        return Actor(person, "resident")

    async def tell(self, *events: ContractEvent) -> None:
        """Another service tells something; waits until the session service has applied it."""
        position, source = 0, events[0].SERVICE
        runtime = self.others[source].runtime
        for event in events:
            say = Say(name=type(event).__name__, body=msgspec.json.encode(event).decode(), now=runtime.clock.now())
            done = await runtime.repository.execute(
                [Step(SAYINGS, self.conference, say, self.conference)],
                Envelope(uuid4(), b"", "test", uuid4().hex),
                Done(),
            )
            assert isinstance(done, Executed)
            position = done.position

        async def applied() -> bool:
            row = await self.one.runtime.db.pool.fetchval(
                "SELECT max(position) FROM consumed WHERE source = $1 AND conference = $2", source, self.conference
            )
            return row is not None and row >= position

        await until(applied)

    async def announce(self, starts_in: timedelta = timedelta(hours=5), script: str = "short") -> None:
        self.starts_at = self.now + starts_in
        await self.tell(
            registration.ConferenceAnnounced(
                at=self.now,
                conference_id=self.conference,
                series_id=uuid4().hex,
                district_id=uuid4().hex,
                title="Abend",
                starts_at=self.starts_at,
                zone="Europe/Berlin",
                capacity=50,
                language="de",
                script=script,
            )
        )

    async def seat(self, count: int, attributes: Callable[[int], dict[str, str]] | None = None) -> list[str]:
        new = [uuid4().hex for _ in range(count)]
        await self.tell(
            *(
                registration.SeatTaken(
                    at=self.now,
                    conference_id=self.conference,
                    participant_id=one,
                    attributes=None
                    if attributes is None
                    else seal(one, key_of(one), msgspec.json.encode(attributes(number)).decode()),
                )
                for number, one in enumerate(new)
            )
        )
        self.residents += new
        return new

    async def mentor(self) -> str:
        who = uuid4().hex
        await self.tell(
            registration.StaffAssigned(at=self.now, conference_id=self.conference, staff_id=who, role="mentor")
        )
        return who

    async def report(self, people: Sequence[str], gateway: str = "a" * 32) -> None:
        """One report of one gateway."""
        await self.ask(
            asked.ReportPresence(conference_id=self.conference, gateway=gateway, participants=tuple(people)), GATEWAY
        )

    async def running(self, people: int = 16) -> None:
        """The first phase runs, everybody is here."""
        await self.announce()
        await self.seat(people)
        await self.report(self.residents)
        await self.ask(asked.StartSession(conference_id=self.conference))

    async def next(self, run: int) -> None:
        await self.ask(asked.NextPhase(conference_id=self.conference, run=run))

    async def view(self) -> asked.SessionView:
        answer: asked.SessionView = await self.ask(asked.GetSession(conference_id=self.conference))
        return answer

    async def groups(self) -> asked.GroupsView:
        answer: asked.GroupsView = await self.ask(asked.GetGroups(conference_id=self.conference))
        return answer

    async def presence(self) -> asked.PresenceView:
        answer: asked.PresenceView = await self.ask(asked.GetPresence(conference_id=self.conference))
        return answer

    async def ask(self, request: Request[Any], actor: Actor | None = None) -> Any:
        """The answer, as the moderator by default."""
        return (await self.try_(request, actor)).unwrap()

    async def try_(self, request: Request[Any], actor: Actor | None = None) -> Reply[Any]:
        """The answer or refusal; a query includes everything that was committed before."""
        store = self.one.runtime.store
        after = f"{store.epoch}:{await store.max_notification_id()}"
        async with asyncio.timeout(60):
            while True:
                reply = await self.requests.ask(
                    request, actor=actor or self.moderator, after=after, timeout=60, command_id=uuid4()
                )
                if not reply.stale:
                    return reply

    async def log(self) -> list[tuple[int, Event]]:
        """Everything the session service has stored of this conference, with positions."""
        runtime = self.one.runtime
        topics = runtime.mapper.topics([*SESSION.events, *GROUPS.events, *ROSTER.events])
        rows = await runtime.store.select_conference(UUID(self.conference), topics=topics)
        return [(row.notification_id, runtime.mapper.decode(row.topic, row.state)) for row in rows]


def seated(view: asked.GroupsView) -> list[str]:
    """Everybody who has a place, in order."""
    return sorted([*(one for group in view.groups for one in group.members), *view.with_moderator])


@asynccontextmanager
async def evening(
    databases: Callable[[str], str],
    nats_url: str,
    prefix: str,
    folder: Path,
    *,
    grace: float = 60.0,
    pace: float = 1.0,
    replicas: int = 1,
) -> AsyncIterator[Evening]:
    """The service with its stand-ins, ready to be told of a conference."""
    (folder / "short.yaml").write_text(SCRIPT, encoding="utf-8")
    clock = Clock(time.time(), pace)
    shared: dict[str, Any] = {
        "nats_url": nats_url,
        "prefix": prefix,
        "http_port": 0,
        "drain_seconds": 2.0,
        "embedded": True,
        "clock": clock,
        "database_connections": 4,
    }
    database = databases("session")
    async with AsyncExitStack() as stack:
        bus = await Bus.connect(nats_url, "tool", prefix)
        stack.push_async_callback(bus.close)
        told = Evening(bus)

        async def fetch(ids: Sequence[str]) -> Mapping[str, bytes]:
            if told.keys_fail:
                raise ConnectionError("no keys today")
            return {one: key_of(one) for one in ids}

        async def start(service: Service) -> Running:
            running = await service.start()

            async def close() -> None:
                if not running.runtime.bus.closing:
                    await running.close()

            stack.push_async_callback(close)
            return running

        async def another() -> Running:
            settings = SessionSettings(
                database_url=database,
                presence_grace=grace,
                scripts=folder,
                key_encryption_key=hashlib.sha256(b"k").hexdigest(),
                **shared,
            )
            service = dataclasses.replace(build(settings), keys=lambda _: Keys(fetch, max_age=0))
            running = await start(service)
            await running.server.serve(partition(told.conference))
            told.replicas.append(running)
            return running

        told.start_another = another
        for name, contracts in (("registration", registration), ("rooms", rooms), ("ideas", ideas)):
            settings = Settings(database_url=databases("chassis"), **shared)
            told.others[name] = await start(stand_in(name, contracts, settings))
        for _ in range(replicas):
            await another()
        yield told

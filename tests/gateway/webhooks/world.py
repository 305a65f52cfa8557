# SPDX-License-Identifier: Apache-2.0
"""What the tests of webhooks need: a receiver on a real port, services that tell events, webhooks that deliver them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import msgspec
from aiohttp import web
from standardwebhooks import Webhook as Verifier

from gateway.backends import Backends
from gateway.schema.errors import all_refusals
from gateway.webhooks import commands
from gateway.webhooks.network import Guard
from gateway.webhooks.office import Webhooks
from services.chassis.bus import Bus, topology
from services.chassis.clock import Clock
from services.chassis.contract import ContractEvent
from services.chassis.database import Database
from services.chassis.identity import Actor, Grant
from services.chassis.requests import Requests
from services.chassis.subjects import ES_EPOCH, ES_POSITION, ES_TOPIC, SERVICES
from services.contracts import ideas, registration, session
from services.contracts.shared import Cut

KEY = bytes.fromhex("5a" * 32)
AT = datetime(2026, 11, 7, 18, 0, tzinfo=UTC)
ORGANISER = Actor("0a" * 16, "staff", (Grant("organiser", "city"),))
APP = Actor("ab" * 16, "app")
DISTRICT, OTHER_DISTRICT, SERIES = "d1" * 16, "d2" * 16, "5e" * 16
NORTH, SOUTH = "c0" * 16, "c1" * 16


class Post(NamedTuple):
    """A request that arrived."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def message(self) -> Any:
        return msgspec.json.decode(self.body)

    def is_signed_with(self, secret: str) -> bool:
        """What the specification's own library says."""
        Verifier(secret).verify(self.body, self.headers)
        return True


class Receiver:
    """An app's endpoint. `answer` says what it answers to the next request: a status, or a whole response."""

    def __init__(self) -> None:
        self.posts: list[Post] = []
        self.answer: Callable[[Post], Awaitable[int | web.StreamResponse]] | None = None
        self.open = 0
        self.most_open = 0
        self.url = ""

    async def _on_post(self, request: web.Request) -> web.StreamResponse:
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            headers = {name.lower(): value for name, value in request.headers.items()}
            post = Post(headers, await request.read())
            said = 204 if self.answer is None else await self.answer(post)
            self.posts.append(post)
            return web.Response(status=said) if isinstance(said, int) else said
        finally:
            self.open -= 1

    @classmethod
    @asynccontextmanager
    async def running(cls, **options: Any) -> AsyncIterator["Receiver"]:
        made = cls()
        app = web.Application()
        app.router.add_post("/{tail:.*}", made._on_post)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, **options)
        await site.start()
        port = runner.addresses[0][1]
        made.url = f"http://127.0.0.1:{port}/hooks"
        try:
            yield made
        finally:
            await runner.cleanup()

    async def got(self, count: int, seconds: float = 60) -> list[Post]:
        await until(lambda: len(self.posts) >= count, seconds)
        return self.posts


async def until(ready: Callable[[], Any], seconds: float = 60) -> None:
    """Waits until something holds."""
    async with asyncio.timeout(seconds):
        while True:
            found = ready()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return
            await asyncio.sleep(0.02)


class World:
    """The services' streams, and webhooks that read them."""

    def __init__(self, bus: Bus, dsn: str) -> None:
        self.bus = bus
        self.dsn = dsn
        self.positions = dict.fromkeys(SERVICES, 0)

    @classmethod
    @asynccontextmanager
    async def running(cls, nats_url: str, prefix: str, dsn: str) -> AsyncIterator["World"]:
        bus = await Bus.connect(nats_url, "tests", prefix)
        await topology(bus, SERVICES)
        made = cls(bus, dsn)
        await made.sql(
            "INSERT INTO webhook_conferences SELECT *, $3 FROM unnest($1::uuid[], $2::uuid[])",
            [NORTH, SOUTH], [DISTRICT, OTHER_DISTRICT], SERIES,
        )  # fmt: skip
        try:
            yield made
        finally:
            for service in SERVICES:
                await bus.js.delete_stream(bus.stream(service))
            await bus.close()

    async def tell(self, *events: ContractEvent, version: int = 1) -> None:
        """Puts events into the streams of their services, as the relays do.

        Args:
            version: of the contract that their header tells.
        """
        for event in events:
            service, name = event.SERVICE, type(event).__name__
            self.positions[service] += 1
            headers = {
                "Nats-Msg-Id": uuid4().hex,
                ES_EPOCH: "e",
                ES_POSITION: str(self.positions[service]),
                ES_TOPIC: name if version == 1 else f"{name}/{version}",
            }
            subject = self.bus.subject_event(service, event.conference, name)
            await self.bus.js.publish(subject, msgspec.json.encode(event), headers=headers)

    @asynccontextmanager
    async def webhooks(self, *, bus: Bus | None = None, **options: Any) -> AsyncIterator["Office"]:
        """One replica's webhooks."""
        bus = bus or self.bus
        backends = Backends(Requests(bus, all_refusals()), query_seconds=0.5)
        guard = Guard(loopback=True)
        office = Office(Webhooks(self.dsn, bus, backends, KEY, Clock(), guard, **options))
        office.webhooks.open()
        try:
            await until(lambda: office.webhooks.readiness()["problem"] is None)
            yield office
        finally:
            await office.webhooks.close(0.1)

    async def sql(self, statement: str, *values: Any) -> Any:
        db = await Database.connect(self.dsn, size=1)
        try:
            return await db.pool.fetch(statement, *values)
        finally:
            await db.close()


class Office:
    """Short ways to the commands of webhooks."""

    def __init__(self, webhooks: Webhooks) -> None:
        self.webhooks = webhooks

    async def do(self, command: Any, actor: Actor = ORGANISER, key: UUID | None = None) -> Any:
        """The answer to a command, or its refusal."""
        reply = await self.webhooks.carry_out(command, actor, key or uuid4())
        return reply.refusal if reply.answer is None else reply.answer

    async def create(self, url: str, owner: str = "open-data", **filters: Any) -> Any:
        return await self.do(commands.CreateWebhook(owner=owner, url=url, **filters))

    async def status(self, webhook: str) -> str:
        record = await self.webhooks.records.webhook(UUID(webhook))
        assert record is not None
        return record.status

    async def log(self, webhook: str) -> list[Any]:
        """The deliveries, the oldest first."""
        found, _ = await self.webhooks.records.deliveries(UUID(webhook), None, Cut(first=1000))
        return found[::-1]


def announced(conference: str = NORTH, district: str = DISTRICT) -> ContractEvent:
    return registration.ConferenceAnnounced(
        at=AT, conference_id=conference, series_id=SERIES, district_id=district, title="Stühlinger spricht",
        starts_at=AT, zone="Europe/Berlin", capacity=50, language="de", script="full-evening",
    )  # fmt: skip


def phase(run: int, conference: str = NORTH) -> ContractEvent:
    return session.PhaseStarted(
        at=AT + timedelta(minutes=run), conference_id=conference, run=run, phase="exchange", kind="groups",
        tools=("needs_offers",), group_mode="mix", deadline=AT + timedelta(minutes=run + 15),
    )  # fmt: skip


def submitted(idea: str = "1d" * 16, conference: str = NORTH) -> ContractEvent:
    return ideas.IdeaSubmitted(at=AT, conference_id=conference, idea_id=idea, sheet_id="55" * 16, topic_id=None)

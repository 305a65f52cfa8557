# SPDX-License-Identifier: Apache-2.0
"""Registration on a real database, a real mail server beside it and a clock that a test moves; without the bus."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import msgspec
from aiosmtpd.smtp import SMTP

from services.chassis.api import Context, Decide
from services.chassis.clock import Clock
from services.chassis.contract import CommandRequest, Done
from services.chassis.database import Database
from services.chassis.decider import Refusal
from services.chassis.decisions import Envelope, Executed, Step, request_hash
from services.chassis.identity import ANONYMOUS, Actor, Grant
from services.chassis.mapper import Mapper
from services.chassis.projector import Projector
from services.chassis.repository import Repository
from services.chassis.store import EventStore
from services.contracts import registration as contract
from services.contracts import session
from services.registration.adapters.office import Office, office_of
from services.registration.adapters.outbox import send_next
from services.registration.domain.conference import CONFERENCE, HoldConference
from services.registration.main import build
from services.registration.policies import policies
from services.registration.settings import RegistrationSettings
from services.registration.timers import timers

KEY = "0f" * 32
STARTS_AT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
ORGANISER = Actor("0" * 32, "staff", (Grant("organiser", "city"),))
SERVICE = Actor.service("ideas")


def resident(participant_id: str) -> Actor:
    return Actor(participant_id, "resident")


class Mailbox:
    """A real mail server that keeps what it gets; `refusing` makes it answer with that code instead."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refusing: str | None = None

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.refusing:
            return self.refusing
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 taken"

    def to(self, email: str) -> list[EmailMessage]:
        return [mail for mail in self.mails if email in mail["To"]]

    def text(self, email: str) -> str:
        """The text of the latest mail to an address."""
        return self.to(email)[-1].get_body(("plain",)).get_content()

    def secret(self, email: str, page: str) -> str:
        """The secret in the latest link of this kind to an address."""
        for mail in reversed(self.to(email)):
            found = re.search(rf"/{page}#[0-9a-f]{{32}}\.(\S+)", mail.get_body(("plain",)).get_content())
            if found:
                return found[1]
        raise AssertionError(f"no {page} link to {email}")


@asynccontextmanager
async def mail_server() -> AsyncIterator[tuple[Mailbox, str]]:
    mailbox = Mailbox()
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(mailbox), "127.0.0.1", 0)
    try:
        yield mailbox, f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


@dataclass
class Desk:
    """One replica of registration, asked directly."""

    db: Database
    store: EventStore
    repository: Repository
    projector: Projector
    office: Office
    mailbox: Mailbox
    now: datetime = STARTS_AT - timedelta(days=20)
    evening: str = field(default_factory=lambda: uuid4().hex)

    async def ask(self, request: Any, actor: Actor = ANONYMOUS, command_id: UUID | None = None) -> Any:
        """The answer or the refusal, with read models that have caught up."""
        service = build(self.office.settings)
        is_command = isinstance(request, CommandRequest)
        route = (service.api.commands if is_command else service.api.queries)[type(request).__name__]
        assert route.needs is None or route.needs(request, actor), f"may not: {type(request).__name__}"
        context = Context(
            actor=actor, now=self.now, clock=Clock(), repository=self.repository, db=self.db, keys=None,
            requests=None, settings=self.office.settings, conference=getattr(request, "conference_id", None),
            command_id=command_id, trace="0" * 32,
        )  # fmt: skip
        outcome = await route.handler(request, context)
        if isinstance(outcome, Decide):
            envelope = Envelope(
                command_id or uuid4(), request_hash(request, self.office.settings.request_key), actor.id, "0" * 32
            )
            outcome = await self.repository.execute(outcome.steps, envelope, outcome.answer, outcome.effects)
        if isinstance(outcome, Executed):
            outcome = msgspec.json.decode(outcome.answer, type=type(request).ANSWER)
        if is_command:
            await self.projector.catch_up()
        return outcome

    async def done(self, request: Any, actor: Actor = ORGANISER) -> Any:
        """The answer; a refusal fails the test."""
        answer = await self.ask(request, actor)
        assert not isinstance(answer, Refusal), answer
        return answer

    async def end_evening(self) -> None:
        """What follows when the session has ended."""
        command = HoldConference(now=self.now, conference_id=self.evening)
        step = Step(CONFERENCE, self.evening, command, conference=self.evening)
        await self.repository.execute([step], Envelope(uuid4(), b"", "", "0" * 32), Done())
        await self.projector.catch_up()

    async def expire_registrations(self) -> None:
        """Fires the timers of unconfirmed registrations at their time."""
        rows = await self.db.pool.fetch("SELECT due_at, payload FROM timers WHERE kind = 'confirmation_due'")
        for row in rows:
            decoder, handler = timers.handlers["confirmation_due"]
            steps = await handler(decoder.decode(row["payload"]), SimpleNamespace(now=row["due_at"]))
            await self.repository.execute(steps, Envelope(uuid4(), b"", "", "0" * 32), Done())
        await self.projector.catch_up()

    async def send_mails(self) -> None:
        """Sends everything that is due."""
        while await send_next(self.db, self.office):
            pass

    async def open_evening(self, capacity: int = 3) -> None:
        """A district, a series and an open conference."""
        await self.done(contract.DefineDistrict(
            district_id="d" * 32, name="Vauban", postal_codes=("79100",),
            streets=(contract.StreetRange(street="Vaubanallee"),),
        ))  # fmt: skip
        await self.done(contract.CreateSeries(series_id="5" * 32, title="Herbst"))
        await self.announce(self.evening, capacity)

    async def announce(self, conference_id: str, capacity: int = 3) -> None:
        await self.done(contract.AnnounceConference(
            conference_id=conference_id, series_id="5" * 32, district_id="d" * 32, title="Vauban redet mit",
            starts_at=STARTS_AT, capacity=capacity,
        ))  # fmt: skip
        await self.done(contract.OpenConference(conference_id=conference_id))

    async def register(self, name: str, *, conference_id: str | None = None, **more: Any) -> None:
        await self.done(
            contract.Register(
                conference_id=conference_id or self.evening, name=name, email=f"{name.lower()}@example.org", **more
            )
        )

    async def join(self, name: str, *, conference_id: str | None = None, **more: Any) -> contract.RegistrationState:
        """Registers and confirms with the link of the mail."""
        await self.register(name, conference_id=conference_id, **more)
        await self.send_mails()
        secret = self.mailbox.secret(f"{name.lower()}@example.org", "confirm")
        return await self.done(contract.ConfirmRegistration(conference_id=conference_id or self.evening, secret=secret))


@asynccontextmanager
async def open_desk(dsn: str, mailbox: Mailbox, smtp_url: str, **more: Any) -> AsyncIterator[Desk]:
    settings = RegistrationSettings(
        database_url=dsn, nats_url="nats://127.0.0.1:1", smtp_url=smtp_url, key_encryption_key=KEY,
        **{"four_eyes_above": 1000, **more},
    )  # fmt: skip
    service = build(settings)
    db = await Database.connect(dsn, size=6)
    store = await EventStore.open(db)
    try:
        mapper = Mapper([event for decider in service.deciders for event in decider.events])
        projector = Projector("registration", db, store, mapper, service.projections)
        repository = Repository("registration", store, mapper, Clock())
        yield Desk(db, store, repository, projector, office_of(db, settings), mailbox)
    finally:
        await store.close()
        await db.close()


async def react(desk: Desk, event: session.ParticipantExcluded | session.ParticipantReadmitted) -> None:
    """Writes what registration keeps of an event of the session."""
    reaction = policies.find("session", type(event).__name__)
    assert reaction is not None
    assert reaction.writer is not None
    async with desk.db.transaction() as tx:
        await reaction.writer(tx, event, 1)

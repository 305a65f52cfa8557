# SPDX-License-Identifier: Apache-2.0
"""Polls, chat and help calls in real services, with a conference in which people sit and the lobby is open."""

import asyncio
import dataclasses
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from pydantic import SecretStr

from services.chassis.api import Api
from services.chassis.bus import Bus
from services.chassis.contract import Done, Request
from services.chassis.decider import Event
from services.chassis.decisions import Envelope, Executed, Step
from services.chassis.identity import Actor, Grant
from services.chassis.keys import Keys
from services.chassis.projection import Projector
from services.chassis.records import Recorded
from services.chassis.requests import Reply, Requests
from services.chassis.running import Running
from services.chassis.service import Service
from services.chassis.settings import Settings
from services.chassis.subjects import partition
from services.chassis.timers import Timers
from services.contracts import refusals
from services.session import (
    chat_api,
    chat_deletion,
    city_chat_api,
    help_api,
    polls_api,
    record_api,
    reports_api,
    survey_api,
)
from services.session.adapters.keys import keys_of
from services.session.domain import chat, poll_facts
from services.session.domain import help as help_
from services.session.domain.ballot import BALLOT
from services.session.domain.chat import CHAT
from services.session.domain.chat_life import CHAT_LIFE, ChatDeleted
from services.session.domain.groups import GROUPS
from services.session.domain.groups_commands import PlaceGroups
from services.session.domain.help import HELP
from services.session.domain.poll import POLL
from services.session.domain.reports import REPORT
from services.session.domain.roster import ROSTER
from services.session.domain.roster_commands import AddStaff, ExcludeParticipant, FillSeat
from services.session.domain.script import LocalText, Phase, PreparedPoll, PreparedSurvey, Script, SurveyItem
from services.session.domain.seating import Group
from services.session.domain.session import SESSION
from services.session.domain.session_commands import (
    OpenLobby,
    PrepareSession,
    StartSession,
)
from services.session.domain.survey import SURVEY
from services.session.domain.survey_sheet import SHEET
from services.session.publishing_talk import publish_chat, publish_city_chat, publish_help, publish_poll
from services.session.readmodel.chat import ANNOUNCEMENT, MESSAGES
from services.session.readmodel.chat_life import CHAT_TIMERS
from services.session.readmodel.help import HELP_CALLS
from services.session.readmodel.help_timers import HELP_TIMERS
from services.session.readmodel.polls import POLLS
from services.session.readmodel.reports import REPORTS
from services.session.readmodel.survey import SURVEYS
from services.session.readmodel.survey_timers import SURVEY_TIMERS
from tests.integration.chassis.waiting import until
from tests.integration.key_service import key_service

WRAPPING = hashlib.sha256(b"key of keys").digest()
REFUSALS = [getattr(refusals, name) for name in refusals.__all__]


def text(words: str) -> LocalText:
    return LocalText(de=words, en=words)


SCRIPT = Script(
    name="evening",
    title=text("Abend"),
    phases=(
        Phase(
            key="welcome",
            kind="plenary",
            title=text("Willkommen"),
            prompt=text("Hallo"),
            minutes=60,
            tools=("poll",),
            polls=(
                PreparedPoll(
                    key="missing", kind="single", question=text("Was fehlt?"), options=(text("Bänke"), text("Bäume"))
                ),
                PreparedPoll(key="words", kind="word_cloud", question=text("Ein Wort?")),
                PreparedPoll(
                    key="hidden", kind="single", question=text("Wer?"), options=(text("A"), text("B")), live=False
                ),
                PreparedPoll(
                    key="order", kind="ranking", question=text("Was zuerst?"), options=(text("A"), text("B"), text("C"))
                ),
                PreparedPoll(key="open", kind="open", question=text("Was noch?")),
                PreparedPoll(key="scale", kind="scale", question=text("Wie sehr?")),
            ),
        ),
        Phase(key="end", kind="plenary", title=text("Ende"), prompt=text("Tschüss"), minutes=60),
    ),
    survey=PreparedSurvey(
        items=(
            SurveyItem(key="cohesion", kind="scale", question=text("Halten wir zusammen?")),
            SurveyItem(key="good", kind="text", question=text("Was war gut?")),
        ),
        code=(text("Erster Buchstabe?"),),
    ),
)


def publish(event: Event, recorded: Recorded) -> Any:
    if recorded.conference_id is None:
        return publish_city_chat(event, recorded)
    match event:
        case (
            poll_facts.PollOpened()
            | poll_facts.PollRevealed()
            | poll_facts.AnswersModerated()
            | poll_facts.PollVotingEnded()
            | poll_facts.PollClosed()
        ):
            return publish_poll(event, recorded)
        case chat.MessagePosted() | chat.BroadcastSent() | chat.MessageHidden() | ChatDeleted():
            return publish_chat(event, recorded)
        case (
            help_.HelpRequested()
            | help_.HelpClaimed()
            | help_.HelpPooled()
            | help_.HelpHandedOver()
            | help_.HelpResolved()
        ):
            return publish_help(event, recorded)
        case _:
            return None


def service(settings: Settings, erased: set[str], *, timers: bool = True) -> Service:
    """The part of the session service that these tests are about."""
    api = Api("session")
    for module in (polls_api, chat_api, city_chat_api, help_api, record_api, reports_api, survey_api):
        module.register(api)
    deadlines = Timers("session")
    polls_api.register_timers(deadlines)
    help_api.register_timers(deadlines)
    chat_deletion.register_timers(deadlines)
    survey_api.register_timers(deadlines)

    async def fetch(keys: Sequence[str]) -> Mapping[str, bytes]:
        return {key: hashlib.sha256(key.encode()).digest() for key in keys if key not in erased}

    return Service(
        name="session",
        settings=settings,
        deciders=(SESSION, ROSTER, GROUPS, POLL, BALLOT, CHAT, CHAT_LIFE, HELP, REPORT, SURVEY, SHEET),
        api=api,
        publish=publish,
        projections=(
            POLLS,
            MESSAGES,
            ANNOUNCEMENT,
            CHAT_TIMERS,
            HELP_CALLS,
            HELP_TIMERS,
            REPORTS,
            SURVEYS,
            SURVEY_TIMERS,
        ),
        timers=deadlines if timers else None,
        keys=lambda _: Keys(fetch, max_age=0),
        loops=(polls_api.tell_changed_results,),
    )


class Talk:
    """A conference whose people can be asked to do things."""

    def __init__(self, bus: Bus, make: Callable[..., Awaitable[Running]]) -> None:
        self.bus = bus
        self.requests = Requests(bus, REFUSALS)
        self.start = make
        self.erased: set[str] = set()
        self.keys: dict[str, bytes] = {}
        self.conference = uuid4().hex
        self.moderator = self.staff("moderator")
        self.mentor = self.staff("mentor")
        self.residents: list[Actor] = []
        self.one: Running

    def staff(self, role: str) -> Actor:
        return Actor(uuid4().hex, "staff", (Grant(role, self.conference),))

    async def ask(self, request: Request[Any], actor: Actor, command_id: UUID | None = None) -> Any:
        """The answer."""
        return (await self.try_(request, actor, command_id)).unwrap()

    async def try_(self, request: Request[Any], actor: Actor, command_id: UUID | None = None) -> Reply[Any]:
        """The answer or refusal; a query includes everything that was committed before."""
        head = await self.one.runtime.store.max_notification_id()
        after = f"{self.one.runtime.store.epoch}:{head}"
        async with asyncio.timeout(60):
            while True:
                reply: Reply[Any] = await self.requests.ask(
                    request, actor=actor, command_id=command_id, after=after, timeout=60
                )
                if not reply.stale:
                    return reply

    async def refused(self, request: Request[Any], actor: Actor) -> Any:
        """The refusal."""
        reply = await self.try_(request, actor)
        assert reply.refusal is not None, reply.answer
        return reply.refusal

    async def decide(self, *commands: tuple[Any, str, Any], running: Running | None = None) -> None:
        """Something that happens elsewhere in the service: pairs of decider, key and command."""
        for decider, key, command in commands:
            step = Step(decider, key, command, self.conference)
            envelope = Envelope(uuid4(), b"", "test", uuid4().hex)
            done = await (running or self.one).runtime.repository.execute([step], envelope, Done())
            assert isinstance(done, Executed), done

    async def seat(self, number: int) -> None:
        self.residents = [Actor(uuid4().hex, "resident") for _ in range(number)]
        now = self.one.runtime.clock.now()
        await self.decide(*[(ROSTER, self.conference, FillSeat(participant_id=p.id, now=now)) for p in self.residents])

    async def exclude(self, person: Actor) -> None:
        now = self.one.runtime.clock.now()
        command = ExcludeParticipant(participant_id=person.id, code="insult", by=self.moderator.id, now=now)
        await self.decide((ROSTER, self.conference, command))

    async def place(self, *groups: Sequence[Actor]) -> list[str]:
        """Puts people into running groups; their ids."""
        made = [
            Group(group_id=uuid4().hex, number=number, members=tuple(person.id for person in group))
            for number, group in enumerate(groups, 1)
        ]
        command = PlaceGroups(
            run=1, phase="welcome", mode="mix", groups=tuple(made), with_moderator=(), mentors=(), seed=1,
            algorithm="test", now=self.one.runtime.clock.now(),
        )  # fmt: skip
        await self.decide((GROUPS, self.conference, command))
        return [group.group_id for group in made]

    async def everything(self) -> dict[str, list[asyncpg.Record]]:
        """All rows of all tables."""
        pool = self.one.runtime.db.pool
        tables = await pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {name: await pool.fetch(f"SELECT * FROM {name}") for (name,) in tables}  # noqa: S608 -- our own tables

    async def caught_up(self) -> Projector:
        projector = self.one.runtime.projector
        await until(lambda: projector.reached(None, self.one.runtime.store.seen, 1))
        return projector


@asynccontextmanager
async def talking(
    database: str, nats_url: str, prefix: str, people: int = 4, keys_database: str | None = None
) -> AsyncIterator[Talk]:
    """One instance of the service, a lobby that is open, people who have seats.

    With `keys_database` somebody answers in the place of registration: whose key is in `talk.keys` has one.
    """
    settings = Settings(
        database_url=database,
        nats_url=nats_url,
        prefix=prefix,
        http_port=0,
        drain_seconds=2.0,
        key_encryption_key=SecretStr(WRAPPING.hex()),
    )
    async with AsyncExitStack() as stack:
        bus = await Bus.connect(nats_url, "tool", prefix)
        stack.push_async_callback(bus.close)

        async def start(*, timers: bool = True) -> Running:
            made = service(settings, talk.erased, timers=timers)
            running = await (made if keys_database is None else dataclasses.replace(made, keys=keys_of)).start()

            async def close() -> None:
                if not running.runtime.bus.closing:
                    await running.close()

            stack.push_async_callback(close)
            await running.server.serve(partition(talk.conference))
            return running

        talk = Talk(bus, start)
        if keys_database is not None:
            api = key_service(talk.keys, talk.erased)
            elsewhere = settings.model_copy(update={"database_url": keys_database})
            keeper = await Service(name="registration", settings=elsewhere, deciders=(), api=api).start()
            stack.push_async_callback(keeper.close)
            await keeper.server.serve(partition(talk.conference))
        talk.one = await start()
        now = datetime(2026, 11, 1, 12, tzinfo=UTC)
        prepare = PrepareSession(script=SCRIPT, starts_at=now, language="de", title="Abend", now=now)
        await talk.decide(
            (SESSION, talk.conference, prepare),
            (SESSION, talk.conference, OpenLobby(now=now)),
            (SESSION, talk.conference, StartSession(now=talk.one.runtime.clock.now())),
            *[
                (ROSTER, talk.conference, AddStaff(staff_id=actor.id, role=actor.grants[0].role, now=now))
                for actor in (talk.moderator, talk.mentor)
            ],
        )
        await talk.seat(people)
        yield talk

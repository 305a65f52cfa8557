# SPDX-License-Identifier: Apache-2.0
"""Four tiny services that answer over NATS what a test tells them to: real peers of the gateway."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from services.chassis.api import Api, Context
from services.chassis.bus import Bus
from services.chassis.clock import Clock
from services.chassis.contract import Answer, CommandRequest, ContractEvent, Done, LiveChange, QueryRequest, declared_in
from services.chassis.decider import Refusal
from services.chassis.identity import Actor
from services.chassis.refusals import NotFound
from services.chassis.server import Server
from services.chassis.subjects import ES_EPOCH, ES_POSITION
from services.contracts import ideas, registration, rooms, session
from services.contracts.shared import LocalText

MODULES = {"registration": registration, "session": session, "rooms": rooms, "ideas": ideas}
START = datetime(2026, 11, 7, 15, 0, tzinfo=UTC)
ISSUER = "http://city.test"

CONFERENCE = "c0" * 16
ANNA, BEN, CEM, DORA = ("a0" * 16, "b0" * 16, "ce" * 16, "d0" * 16)
MODERATOR = "e0" * 16
GROUP_1, GROUP_2 = "1" * 32, "2" * 32
NAMES = {ANNA: "Anna", BEN: "Ben", CEM: "Cem", DORA: "Dora", MODERATOR: "Mia"}


class Issuer:
    """Signs tokens like registration does."""

    def __init__(self, kid: str = "k1") -> None:
        self.private = ec.generate_private_key(ec.SECP256R1())
        public = ECAlgorithm(ECAlgorithm.SHA256).to_jwk(self.private.public_key(), as_dict=True)
        self.jwk: dict[str, str] = {**public, "kid": kid, "use": "sig", "alg": "ES256"}
        self.kid = kid

    def token(self, subject: str, *, lifetime: float = 600, **claims: Any) -> str:
        now = int(time.time())
        body = {"iss": ISSUER, "aud": "quartier", "iat": now, "exp": now + lifetime, "sub": subject, **claims}
        return jwt.encode(body, self.private, algorithm="ES256", headers={"kid": self.kid, "typ": "at+jwt"})

    def resident(self, subject: str = ANNA, conference: str = CONFERENCE, **claims: Any) -> str:
        return self.token(subject, **{"kind": "resident", "conference": conference, **claims})

    def staff(self, subject: str = MODERATOR, role: str = "moderator", scope: str = CONFERENCE, **claims: Any) -> str:
        return self.token(subject, **{"kind": "staff", "grants": [{"role": role, "scope": scope}], **claims})


class Part:
    """One service: its log is a counter."""

    def __init__(self, name: str, bus: Bus) -> None:
        self.name = name
        self.bus = bus
        self.epoch = uuid4().hex
        self.position = 1
        self.api = Api(name)
        self.server: Server | None = None

    async def reached(self, _: None, position: int, __: float) -> bool:
        return self.position >= position

    def runtime(self) -> Any:
        projector = SimpleNamespace(positions={}, reached=self.reached)
        return SimpleNamespace(
            bus=self.bus, projector=projector, store=self, clock=Clock(), repository=None, db=None, keys=None,
            requests=None, settings=SimpleNamespace(request_key=b"tests"),
        )  # fmt: skip

    @property
    def seen(self) -> int:
        return self.position

    async def up(self) -> None:
        self.server = Server(self.runtime(), self.api)
        await self.server.open()
        for number in range(16):
            await self.server.serve(number)
        await self.bus.client.flush()

    async def down(self) -> None:
        if self.server is not None:
            await self.server.close(0.1)
            self.server = None
            await self.bus.client.flush()


class City:
    """What the services know and what was asked of them."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.issuer = Issuer()
        self.parts = {name: Part(name, bus) for name in MODULES}
        self.answers: dict[type[QueryRequest[Any]], Callable[[Any], Answer | Refusal]] = {}
        self.personal: dict[type[QueryRequest[Any]], Callable[[Any, Actor], Answer | Refusal]] = {}
        self.outcomes: dict[type[CommandRequest[Any]], Callable[[Any], Answer | Refusal]] = {}
        self.commands: list[tuple[Any, Context]] = []
        self.queries: list[Any] = []
        for name, module in MODULES.items():
            for kind in vars(module).values():
                if isinstance(kind, type) and declared_in(module, kind) and not kind.__name__.startswith("_"):
                    if issubclass(kind, CommandRequest):
                        self.parts[name].api.command(kind)(self._on_command)
                    elif issubclass(kind, QueryRequest):
                        self.parts[name].api.query(kind)(self._on_query)
        self.say(
            registration.GetJsonWebKeys, lambda _: registration.JsonWebKeys(keys=(self.issuer.jwk,), issuer=ISSUER)
        )
        self.say(
            registration.GetNames,
            lambda query: registration.Names(names={i: NAMES[i] for i in query.ids if i in NAMES}),
        )
        self.say(registration.GetAppAccess, lambda _: registration.AppAccess(status="APPROVED", scopes=None))
        self.say(registration.GetRevocations, lambda _: registration.Revocations(people=(), excluded=(), roles=()))
        self.know(evening())

    @classmethod
    @asynccontextmanager
    async def running(cls, nats_url: str, prefix: str) -> AsyncIterator["City"]:
        bus = await Bus.connect(nats_url, "tests", prefix)
        city = cls(bus)
        for part in city.parts.values():
            await part.up()
        try:
            yield city
        finally:
            for part in city.parts.values():
                await part.down()
            await bus.close()

    def say(self, query: type[QueryRequest[Any]], answer: Callable[[Any], Answer | Refusal]) -> None:
        """Answers a kind of question from now on."""
        self.answers[query] = answer

    def say_to_each(self, query: type[QueryRequest[Any]], answer: Callable[[Any, Actor], Answer | Refusal]) -> None:
        """Answers a kind of question from now on, depending on who asks."""
        self.personal[query] = answer

    def know(self, views: Sequence[Answer]) -> None:
        """Answers the questions whose answers these are."""
        for view in views:
            if isinstance(view, session.ChatView):
                self._chat(view)
                continue
            kind = next(k for k in QUERIES if k.ANSWER is type(view))
            self.answers[kind] = lambda _, view=view: view

    def announced(self, *more: registration.Conference) -> None:
        """Lists the conference of the evening, and others, among the conferences of the city."""
        known = (self.answers[registration.GetConference](None), *more)
        listed = registration.Conferences(items=known, keys=tuple(one.conference_id for one in known))
        self.say(registration.ListConferences, lambda _: listed)

    async def tell(self, message: ContractEvent | LiveChange, *, lost: bool = False) -> None:
        """Tells a message as the relay does, at the next position; `lost`: the position alone moves on."""
        service, name, conference = message.SERVICE, type(message).__name__, getattr(message, "conference_id", None)
        part = self.parts[service]
        part.position += 1
        if lost:
            return
        live = isinstance(message, LiveChange)
        subject = (self.bus.subject_live if live else self.bus.subject_event)(service, conference, name)
        headers = {ES_EPOCH: part.epoch}
        if live:
            message = msgspec.structs.replace(message, position=part.position)
        else:
            headers[ES_POSITION] = str(part.position)
        await self.bus.publish(subject, msgspec.json.encode(message), headers)

    def _chat(self, view: session.ChatView) -> None:
        known: dict[str, session.ChatView] = getattr(self, "chats", {})
        self.chats = {**known, view.channel: view}
        self.answers[session.GetChat] = lambda query: (
            self.chats.get(query.channel)
            or session.ChatView(conference_id=query.conference_id, channel=query.channel, messages=())
        )

    async def _on_command(self, request: Any, ctx: Context) -> Answer | Refusal:
        self.commands.append((request, ctx))
        outcome = self.outcomes.get(type(request))
        if outcome is not None:
            return outcome(request)
        self.parts[request.SERVICE].position += 1
        return Done() if request.ANSWER is Done else _sample(request.ANSWER)

    async def _on_query(self, request: Any, ctx: Context) -> Answer | Refusal:
        if not isinstance(request, registration.GetRevocations):  # that one the gateway asks for itself
            self.queries.append(request)
        if type(request) in self.personal:
            return self.personal[type(request)](request, ctx.actor)
        answer = self.answers.get(type(request))
        return answer(request) if answer else NotFound(what=type(request).__name__, id="")


QUERIES = [
    kind
    for module in MODULES.values()
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, QueryRequest) and declared_in(module, kind)
]


def _sample(kind: type[Answer]) -> Answer:
    """Some answer of this kind."""
    status: dict[type[Any], str] = {registration.JobAccepted: "RUNNING", session.OrderAccepted: "GIVEN"}
    sample: dict[Any, Any] = {
        "status": status.get(kind, "SEATED"),
        "expires_at": START,
        "token": "t",
        "checked_in": False,
        "key_id": "0" * 8,
    }
    values = {field.name: sample.get(field.name, "f" * 32) for field in msgspec.structs.fields(kind) if field.required}
    return kind(**values)


def text(words: str) -> LocalText:
    return LocalText(de=words, en=words)


def message(
    message_id: str, words: str | None, *, channel: str = "plenary", author: str = ANNA, hidden: bool = False
) -> Any:
    return session.MessageView(
        message_id=(message_id * 32)[:32], channel=channel, author_id=author, text=words, hidden=hidden, at=START
    )


TOGETHER = text("Wir halten zusammen.")
SURVEY = session.SurveyView(
    conference_id=CONFERENCE,
    code_questions=(text("Erster Buchstabe?"),),
    waves=(
        session.SurveyWaveView(
            wave="after", status="open", until=None, answered=False,
            items=(
                session.SurveyItemView(
                    key="cohesion", kind="scale", question=TOGETHER, ends=(text("nein"), text("ja")), at_least=1,
                    at_most=5, counts=(0, 0, 1, 2, 2), mean=4.2,
                ),
                session.SurveyItemView(
                    key="good", kind="text", question=text("Was war gut?"), ends=(), at_least=1, at_most=5, counts=None,
                    mean=None, remarks=("=2+3",),
                ),
            ),
        ),
    ),
    changes=(
        session.SurveyChangeView(
            earlier="before", later="after", key="cohesion", question=TOGETHER, higher=3, same=1, lower=1
        ),
    ),
)  # fmt: skip
REMARK = session.RemarkView(remark_id="8e" * 16, wave="after", item="good", text="Alles", status="waiting", held=False)
CITY_SURVEY = session.SurveyResultsView(
    conferences=1,
    results=tuple(
        session.SurveyResult(
            conference_id=one, wave="after", key="cohesion", question=TOGETHER, at_least=1, counts=(0, 0, 1, 2, 2),
            mean=4.2,
        )
        for one in (None, CONFERENCE)
    ),
    changes=(),
)  # fmt: skip


def evening() -> list[Answer]:
    """One conference in a phase of groups: Anna and Ben in group 1, Cem and Dora in group 2."""
    phase = session.PhaseView(
        key="exchange", kind="groups", title=text("Austausch"), prompt=text("Was brauche ich?"), minutes=15,
        tools=("needs_offers",), group_mode="mix",
    )  # fmt: skip
    groups = tuple(
        session.GroupView(
            group_id=group, number=number, members=members, steps=(text("Reihum erzählen"),),
            roles=(session.GroupRole(role="speaker", participant_id=members[0]),),
        )
        for number, (group, members) in enumerate([(GROUP_1, (ANNA, BEN)), (GROUP_2, (CEM, DORA))], 1)
    )  # fmt: skip
    placements = tuple(
        rooms.PlacementEntry(
            participant_id=one, room=f"cell.{CONFERENCE}.r1.g{group.number}", confirmed=True, kind="group",
            group_id=group.group_id,
        )
        for group in groups
        for one in group.members
    )  # fmt: skip
    poll = session.PollView(
        poll_id="90" * 16, kind="single", question=text("Woher?"), options=(text("Nord"), text("Süd")), open=True,
        ballots=2, tally=(session.WordCount(label="Nord", count=2),),
    )  # fmt: skip
    cards = (
        ideas.CardView(card_id="70" * 16, kind="NEED", text="eine Leiter", tags=("werkzeug",), author_id=BEN, at=START),
        ideas.CardView(card_id="71" * 16, kind="VALUE", text="Ruhe", tags=(), author_id=BEN, at=START),
    )
    sheets = tuple(
        ideas.SheetView(
            conference_id=CONFERENCE, sheet_id=f"{number}5" * 16, group_id=group, topic_id=None, open=True,
            idea_id=None,
            passages=(
                ideas.PassageView(
                    passage_id=f"{number}6" * 16, field="title", text=f"Blatt {number}", author_id=author, version=1
                ),
            ),
        )
        for number, group, author in ((1, GROUP_1, BEN), (2, GROUP_2, CEM))
    )  # fmt: skip
    return [
        registration.Conference(
            conference_id=CONFERENCE, series_id="5e" * 16, district_id="d1" * 16, district_name="Stühlinger",
            title="Stühlinger spricht", status="CLOSED", starts_at=START, zone="Europe/Berlin", language="de",
            capacity=50, seats_taken=4, waiting=0,
        ),
        session.SessionView(
            conference_id=CONFERENCE, status="RUNNING", script="full-evening", phases=(phase,), phase=0, run=1,
            started_at=START, deadline=START + timedelta(minutes=15), left_seconds=None, announcement=None,
        ),
        session.GroupsView(
            conference_id=CONFERENCE, generation=1, run=1, mode="mix", groups=groups, with_moderator=(), plans=1
        ),
        session.PollsView(conference_id=CONFERENCE, polls=(poll,)),
        session.ChatView(conference_id=CONFERENCE, channel="plenary", messages=(message("3", "Hallo"),)),
        session.ChatView(
            conference_id=CONFERENCE, channel=GROUP_1, messages=(message("4", "Wir sind da", channel=GROUP_1),)
        ),
        session.HelpView(conference_id=CONFERENCE, calls=()),
        session.ReportsView(conference_id=CONFERENCE, reports=()),
        SURVEY,
        session.RemarksView(conference_id=CONFERENCE, remarks=(REMARK,)),
        CITY_SURVEY,
        session.PresenceView(
            conference_id=CONFERENCE, seated=(ANNA, BEN, CEM, DORA), present=(ANNA, BEN),
            staff={MODERATOR: ("moderator",)},
        ),
        session.DeskView(rows=()),
        session.CityChatView(messages=()),
        ideas.BoardView(conference_id=CONFERENCE, open_kinds=("NEED", "OFFER"), cards=cards),
        ideas.ProblemsView(conference_id=CONFERENCE, open=False, problems=(), topics=(), voters=0),
        ideas.Sheets(conference_id=CONFERENCE, sheets=sheets),
        rooms.VenueView(
            conference_id=CONFERENCE, generation=1, video=False, open=True, rooms=(), placements=placements
        ),
        rooms.Placement(
            conference_id=CONFERENCE, participant_id=ANNA, generation=1, room=f"cell.{CONFERENCE}.r1.g1", kind="group",
            group_id=GROUP_1, video=False, confirmed=True,
        ),
    ]  # fmt: skip

# SPDX-License-Identifier: Apache-2.0
"""A city that answers every question at random, and the same question always the same way.

The answers follow from the contracts alone, so a field that a contract gains is in them at once. They travel as the
bytes that a service sends, under the chassis' own client.
"""

import random
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import msgspec
from msgspec import inspect

from gateway.backends import Backends
from gateway.changes.feed import Change, Changes, Place
from gateway.schema.errors import all_refusals, refusals_of
from gateway.webhooks.commands import WebhooksNotOffered
from services.chassis.contract import CommandRequest, QueryRequest, Request, declared_in
from services.chassis.identity import Actor, Grant
from services.chassis.many import MANY, answered, read_questions
from services.chassis.refusals import InvalidInput, NotFound, Unavailable
from services.chassis.requests import Refused, Reply, Requests
from services.contracts import ideas, registration, rooms, session

CONFERENCE = "c0" * 16
PEOPLE = tuple(f"{number:032x}" for number in range(0xA0, 0xA8))
THINGS = tuple(f"{number:032x}" for number in range(0xF0, 0xF6))
"""Few, so that what one answer names is found in another."""

POSITION = 7
"""Of every log."""

FED = {"District": THINGS, "Conference": (CONFERENCE,), "Session": (CONFERENCE,), "Challenge": THINGS, "Idea": THINGS}
"""What the feed of changes tells of, and the local ids."""

RESIDENT = Actor(id=PEOPLE[0], kind="resident")
STAFF = Actor(id=PEOPLE[1], kind="staff", grants=(Grant("organiser", "city"), Grant("juror", "city")))
START = datetime(2026, 11, 7, 15, 0, tzinfo=UTC)

HEX_DIGITS = re.compile(r"\[0-9a-f\]\{(\d+)\}")
"""In the pattern of an id, or of a part of one."""

WORDS = ("eine Leiter", 'Straße "Nord"', "\u2028 Zeile", "", "🌳 mehr Grün", "\\ und \u0007", "a" * 300, "null")
SHEET_FIELDS = ("title", "problem", "approach", "first_steps", "resources_needed", "contact")
PERSON_FIELDS = {"author_id", "participant_id", "staff_id", "mentor_id", "asked_by", "claimed_by", "by", "juror_id"}

REQUESTS: dict[str, type[Request[Any]]] = {
    kind.__name__: kind
    for module in (registration, session, rooms, ideas)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, (CommandRequest, QueryRequest)) and declared_in(module, kind)
}

ENTITIES: dict[Any, str] = {
    registration.AppView: "app_id",
    registration.Conference: "conference_id",
    registration.District: "district_id",
    ideas.ChallengeView: "challenge_id",
    ideas.IdeaView: "idea_id",
}
"""What several questions are about, and the field with its id."""


class World:
    """Answers to all questions.

    Args:
        seed: two worlds of one seed say the same.
        nulls: how often something that may be missing is missing.
        refused: how often a question is refused.
        amiss: how often a number is none that GraphQL can carry, or a choice is none of the schema.

    Attributes:
        broken: the questions whose answer broke the contract, which is a defect of this module; tests look here.
    """

    def __init__(self, seed: object, *, nulls: float = 0.08, refused: float = 0.02, amiss: float = 0.01) -> None:
        self._seed = seed
        self._nulls = nulls
        self._refused = refused
        self._amiss = amiss
        self.broken: set[str] = set()

    def __str__(self) -> str:
        return f"{self._seed}"

    def wire(self, name: str, body: bytes) -> bytes:
        """What the service sends back.

        Args:
            name: the question's type, or `MANY` for several.
            body: the question.
        """
        if name == MANY:
            return answered([self.wire(one.name, bytes(one.body)) for one in read_questions(body)])
        kind = REQUESTS[name]
        chance = random.Random(f"{self._seed}/{name}/{body!r}")
        if name != "GetNames" and chance.random() < self._refused:
            return b'{"refused":' + msgspec.json.encode(self._refusal(kind, chance)) + b"}"
        try:
            request = msgspec.json.decode(body, type=kind)
        except msgspec.ValidationError as error:
            return b'{"refused":' + msgspec.json.encode(InvalidInput(field="", problem=str(error))) + b"}"
        answer = self.answer(request, chance)
        try:
            msgspec.convert(answer, kind.ANSWER)  # worlds lie about what there is, never about the contract
        except msgspec.ValidationError as error:
            self.broken.add(f"{name}: {error}")
            raise
        return b'{"answer":' + msgspec.json.encode(answer) + b',"position":"e:%d"}' % POSITION

    def answer(self, request: Request[Any], chance: random.Random) -> dict[str, Any]:
        """An answer as plain data: what it repeats of the question, it repeats rightly."""
        asked = {name: getattr(request, name) for name in request.__struct_fields__}
        if isinstance(request, registration.GetNames):
            return {"names": {one: f"Person {one[-2:]}" for one in request.ids if chance.random() >= self._nulls}}
        kind = inspect.type_info(type(request).ANSWER)
        if ENTITIES.get(type(request).ANSWER) in asked:
            return self._entity(kind, asked[ENTITIES[type(request).ANSWER]])
        made: dict[str, Any] = self._value(kind, "", chance)
        if asked.get("ids") and "items" in made:
            (item,) = (field.type.item_type for field in kind.fields if field.name == "items")  # type: ignore[attr-defined]
            made["items"] = [self._entity(item, one) for one in asked["ids"] if chance.random() >= self._nulls]
        if "items" in made:
            made["items"] = made["items"][: asked["cut"].first]
            made["keys"] = [f"{number:032x}" for number in range(len(made["items"]))]
            made["more"] = made["more"] and bool(made["items"])  # behind an empty page is no other
        return {name: msgspec.to_builtins(asked[name]) if name in asked else value for name, value in made.items()}

    def _refusal(self, kind: type[Request[Any]], chance: random.Random) -> Any:
        if issubclass(kind, CommandRequest):
            refusal = chance.choice(refusals_of(kind))
            return msgspec.convert(
                {**self._value(inspect.type_info(refusal), "", chance), "refusal": refusal.__name__}, refusal
            )
        return chance.choice([NotFound(what=kind.__name__, id=THINGS[0]), Unavailable(service=kind.SERVICE)])

    def _value(self, info: inspect.Type, name: str, chance: random.Random) -> Any:
        match info:
            case inspect.Metadata(type=inner):
                return self._value(inner, name, chance)
            case inspect.StructType(cls=cls) if cls in ENTITIES:
                return self._entity(info, chance.choice((CONFERENCE, *THINGS)))
            case inspect.StructType(fields=fields):
                return {field.encode_name: self._value(field.type, field.name, chance) for field in fields}
            case inspect.UnionType(types=types):
                inner = [one for one in types if not isinstance(one, inspect.NoneType)]
                if len(inner) < len(types) and chance.random() < self._nulls:
                    return None
                return self._value(chance.choice(inner), name, chance)
            case inspect.VarTupleType(item_type=item) | inspect.ListType(item_type=item):
                return [self._value(item, name, chance) for _ in range(chance.choice((0, 1, 1, 2, 3)))]
            case inspect.DictType(value_type=value):
                return self._mapping(name, value, chance)
            case inspect.LiteralType(values=values):
                return chance.choice(values)
            case inspect.StrType(pattern=pattern, min_length=shortest, max_length=longest):
                if pattern is not None and (digits := HEX_DIGITS.search(pattern)):
                    return chance.choice(PEOPLE if _of_people(name) else THINGS)[-int(digits[1]) :]
                return self._text(name, chance)[:longest] or "x" * (shortest or 0)
            case inspect.IntType(ge=ge, le=le):
                if le is None and chance.random() < self._amiss:
                    return 2**40
                return chance.randint(ge or 0, min(le if le is not None else 10**6, 2**31 - 1))
            case inspect.FloatType():
                return chance.choice((0.0, 1.0, 2.5, -7.125, 1e20, 1e-7))
            case inspect.BoolType():
                return chance.random() < 0.5
            case inspect.DateTimeType():
                return (
                    START + timedelta(seconds=chance.randrange(10**6), microseconds=chance.choice((0, 250)))
                ).isoformat()
            case _:
                raise TypeError(f"{name}: {info}")

    def _entity(self, info: Any, local: str) -> dict[str, Any]:
        """A thing that several answers tell of, and all of them the same."""
        chance = random.Random(f"{self._seed}/{info.cls.__name__}/{local}")
        made = {field.encode_name: self._value(field.type, field.name, chance) for field in info.fields}
        return {**made, ENTITIES[info.cls]: local}

    def _text(self, name: str, chance: random.Random) -> str:
        if name == "channel":
            return chance.choice(("plenary", "staff", *THINGS))
        return chance.choice(WORDS)

    def _mapping(self, name: str, value: inspect.Type, chance: random.Random) -> dict[str, Any]:
        count = chance.choice((0, 1, 2, 3))
        if name == "staff":
            known = ("organiser", "moderator", "deputy", "mentor", "guest")
            roles = (*known, "nobody") if chance.random() < self._amiss else known
            return {one: [chance.choice(roles)] for one in chance.sample(PEOPLE, count)}
        keys = SHEET_FIELDS if name == "fields" else THINGS
        return {key: self._value(value, "", chance) for key in chance.sample(keys, count)}


def _of_people(name: str) -> bool:
    return name in PERSON_FIELDS or name in ("members", "with_moderator", "seated", "present", "authors", "jurors")


class Wires:
    """In the place of the connection to NATS: carries questions to a world.

    Args:
        world: answers.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def subject_query(self, service: str, name: str) -> str:
        return f"{service}.{name}"

    def subject_command(self, service: str, conference: str | None, name: str) -> str:
        return f"{service}.{name}"

    async def request(self, subject: str, body: bytes, headers: Mapping[str, str], *, timeout: float) -> Any:  # noqa: ASYNC109
        return SimpleNamespace(data=self._world.wire(subject.partition(".")[2], body), headers={})


class Office:
    """In the place of the gateway's own database: keeps a feed of changes, and no webhooks.

    Args:
        world: what is in the feed follows from its number.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.changes = self

    async def page(self, since: Place | None, first: int) -> Changes:
        """Changes behind a place, at most `first`, and no more than three."""
        chance = random.Random(f"{self._world}/{since}/{first}")
        begin = since.value if since else 0
        rows = tuple(
            Change(kind, UUID(chance.choice(FED[kind])), begin + number, chance.random() < 0.2, START, POSITION)
            for number, kind in enumerate(chance.choices(tuple(FED), k=min(first, chance.randint(0, 3))), start=1)
        )
        return Changes(rows, Place(UUID(int=1), begin + len(rows)), chance.random() < 0.5)

    @property
    def records(self) -> Any:
        raise Refused(WebhooksNotOffered())

    async def usage(self, client: str, first: date, last: date) -> Any:
        raise Refused(WebhooksNotOffered())

    async def carry_out(self, request: Any, actor: Actor, identity: UUID, expected: str | None) -> Reply[Any]:
        return Reply(None, WebhooksNotOffered())


def backends(world: World) -> Backends:
    """The gateway's way to the services of a world."""
    made = Backends(Requests(Wires(world), all_refusals()))  # type: ignore[arg-type]
    made.webhooks = Office(world)  # type: ignore[assignment]
    return made


class StandingClock:
    """A clock that stands, so that what is answered twice is answered alike."""

    def now(self) -> datetime:
        return START


def answers(world: World) -> Mapping[type[QueryRequest[Any]], Callable[[Any], Any]]:
    """The answers of a world for the tiny services of `tests.gateway.city`."""

    def reply(request: Any) -> Any:
        body = msgspec.json.encode(request)
        chance = random.Random(f"{type(request).__name__}/{body!r}")
        return msgspec.convert(world.answer(request, chance), type(request).ANSWER)

    private = (registration.GetJsonWebKeys, registration.GetKeys, rooms.GetVideoStatus)
    return {kind: reply for kind in REQUESTS.values() if issubclass(kind, QueryRequest) and kind not in private}

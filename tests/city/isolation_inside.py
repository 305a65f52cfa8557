# SPDX-License-Identifier: Apache-2.0
"""Tries the services themselves, past the gateway: as the gateway's user of NATS on behalf of people who may not, and
as the user of another service, who may less.
"""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import msgspec
import nats
import psycopg

from gateway.schema.command_needs import COMMAND_NEEDS
from gateway.schema.errors import all_refusals
from gateway.schema.permissions import PUBLIC
from gateway.schema.words import kind_of_id
from services.chassis.bus import Bus
from services.chassis.contract import CommandRequest, QueryRequest, Request, declared_in
from services.chassis.identity import ANONYMOUS, Actor, Grant
from services.chassis.requests import Requests
from services.chassis.subjects import inbox
from services.cli.rehearse.world import local
from services.contracts import ideas, registration, rooms, session
from tests.city.evening import Evening
from tests.city.furnished import Furnished
from tests.city.town import Town
from tests.contract.golden.example import example
from tests.integration.chassis.waiting import until

FOR_ALL: frozenset[type[Request[Any]]] = frozenset({
    registration.ListDistricts, registration.ListConferences, registration.GetConference, registration.GetJsonWebKeys,
    session.GetSession, session.GetCodeOfConduct, rooms.GetVideoStatus, ideas.ListChallenges, ideas.ListIdeas,
})  # fmt: skip
"""The questions that a service answers to everybody."""

FORMS: dict[str, Any] = {"key_id": "0" * 8, "day": "2026-11-23", "cut": {"first": 5}, "pairing_code": "0" * 64}
"""What has a form that an example has not."""

OWN_WORDS = {"Fault", "Unavailable", "InvalidInput", "Busy", "UnknownRefusal"}
"""Refusals that would only say that the test asked wrongly, or nobody answered."""


def requests() -> list[type[Request[Any]]]:
    """Every command and question of the contracts, but commands for everybody."""
    found = [
        kind
        for module in (registration, session, rooms, ideas)
        for kind in vars(module).values()
        if isinstance(kind, type)
        and issubclass(kind, CommandRequest | QueryRequest)
        and declared_in(module, kind)
        and not kind.__name__.startswith("_")
    ]
    return [kind for kind in found if COMMAND_NEEDS.get(kind) != PUBLIC]  # type: ignore[call-overload]


def about(kind: type[Request[Any]], things: Mapping[str, str]) -> Request[Any]:
    """A request of this type that names these things wherever it names one."""
    given = {name: FORMS.get(name, value) for name, value in example(kind).items()}
    for name, value in given.items():
        thing = things.get(kind_of_id(name))
        if thing is not None and name.endswith(("_id", "_ids")):
            given[name] = [local(thing)] * len(value) if isinstance(value, list) else local(thing)
    return msgspec.convert(given, kind)


def strangers(one: Evening) -> dict[str, Actor]:
    """People of another conference, and of none."""
    here = one.conference_id
    return {
        "nobody": ANONYMOUS,
        "a resident": Actor(one.residents[0].me, "resident"),
        "a guest of honour": Actor(uuid4().hex, "staff", (Grant("guest", here),)),
        "a mentor": Actor(uuid4().hex, "staff", (Grant("mentor", here),)),
        "a moderator": Actor(one.moderator.me, "staff", (Grant("moderator", here),)),
        "an app": Actor(uuid4().hex, "app"),
    }


async def past_the_gateway(town: Town, of: Furnished, one: Evening) -> dict[str, dict[str, str]]:
    """What every service says to strangers about an evening, by stranger and request.

    Args:
        of: the evening that is asked about.
        one: the evening where they belong.
    """
    found: dict[str, dict[str, str]] = {}
    bus = await Bus.connect(town.bus("gateway"), "gateway", "quartier")
    try:
        client = Requests(bus, all_refusals())
        for who, actor in strangers(one).items():
            found[who] = {}
            for kind in requests():
                reply = await client.ask(about(kind, of.things), actor=actor, command_id=uuid4())
                told = "answered" if reply.refusal is None else type(reply.refusal).__name__
                found[who][kind.__name__] = told
    finally:
        await bus.close()
    return found


async def as_rooms(town: Town, of: Furnished) -> dict[str, str]:
    """What the server of NATS and that of the databases say to the service `rooms`, by what it tries."""
    juror = Actor(of.jurors[1].me, "staff", (Grant("juror", "city"),))
    things, found = of.things, {}
    scores = ideas.ScoreIdea(
        round_id=local(things["JuryRound"]), idea_id=local(things["Idea"]), scores={local(things["Criterion"]): 0}
    )
    sends: dict[str, tuple[Request[Any], str]] = {
        "asks for the scores in the name of a juror": (
            ideas.GetJuryRound(round_id=local(things["JuryRound"])), "qry.ideas.GetJuryRound"),
        "asks for the keys of people's texts": (
            registration.GetKeys(ids=(of.evening.residents[0].me,)), "qry.registration.GetKeys"),
        "scores in the name of a juror": (scores, "cmd.ideas.p00.city.ScoreIdea"),
    }  # fmt: skip
    for what, (request, subject) in sends.items():
        found[what] = await _refused(town, f"quartier.{subject}", msgspec.json.encode(request), juror)
    for what, subject in {
        "listens to what the ideas service is asked": "quartier.qry.ideas.>",
        "listens to what the gateway is answered": f"{inbox('gateway')}.>",
        "listens to the live changes of the jury": "quartier.live.ideas.>",
    }.items():
        found[what] = await _refused(town, subject)
    found["opens the database of the ideas service"] = _database(town)
    return found


async def _refused(town: Town, subject: str, body: bytes | None = None, actor: Actor = ANONYMOUS) -> str:
    """What the server says to a message from `rooms`, or to its wish to listen (no body)."""
    said: list[str] = []

    async def note(error: Exception) -> None:
        said.append(str(error))

    client = await nats.connect(town.bus("rooms"), name="rooms", inbox_prefix=inbox("rooms"), error_cb=note)
    try:
        if body is None:
            await client.subscribe(subject)
        else:
            await client.publish(subject, body, reply=f"{inbox('rooms')}.x", headers={"Quartier-Actor": actor.header()})
        # What is certainly refused is sent last: when the server has said so, it has said everything.
        last = f"nobody.{uuid4().hex}"
        await client.subscribe(last)
        await until(lambda: any(last in text for text in said))
    finally:
        await client.close()
    return "PERMISSIONS_VIOLATION" if len(said) == 2 and "permissions violation" in said[0].lower() else "let through"


def _database(town: Town) -> str:
    databases = town.databases()
    address = databases["rooms"].rpartition("/")[0] + "/" + databases["ideas"].rpartition("/")[2]
    try:
        with psycopg.connect(address, connect_timeout=30):
            return "let in"
    except psycopg.OperationalError as error:
        return "PERMISSION_DENIED" if "permission denied" in str(error) else str(error)

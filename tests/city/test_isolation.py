# SPDX-License-Identifier: Apache-2.0
"""Nobody reaches what is not theirs, in a whole running city: through the door, and at the services themselves.

Two conferences run side by side. A resident of the one tries every line of the table of permissions at the other; then
the same person, and others, ask the services themselves, past the gateway, as only the gateway's user of NATS can.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin, Subprotocol

from gateway.client import Refused
from gateway.schema.command_needs import COMMAND_NEEDS
from gateway.schema.permissions import PUBLIC
from gateway.schema.table import lines
from services.chassis.bus import Bus
from services.chassis.identity import ANONYMOUS, Actor, Grant
from services.chassis.refusals import Fault, InvalidInput, Unavailable
from services.chassis.requests import Requests
from services.contracts.refusals import BY_SERVICE
from tests.city.evening import Evening, Guest, Person, evening, resident
from tests.city.town import Town, eventually
from tests.city.truth import settle
from tests.contract.golden.example import example
from tests.gateway.questions import question, refused

REFUSALS = [refusal for refusals in BY_SERVICE.values() for refusal in refusals]


async def ask(one: Evening, token: str | None, query: str, variables: dict[str, Any]) -> dict[str, Any]:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        answer = await client.post(
            one.world.gateways[0], json={"query": query, "variables": variables}, headers=headers
        )
        return dict(answer.json())


def stored(town: Town, one: Evening) -> dict[str, int]:
    """How many events each service holds of a conference."""
    count = "SELECT count(*) FROM stored_events WHERE conference_id = %s"
    return {name: town.rows(name, count, UUID(one.conference_id))[0][0] for name in town.databases()}


@asynccontextmanager
async def two_evenings(town: Town) -> AsyncIterator[tuple[Evening, Evening]]:
    """Two that run; their residents have seats and are there."""
    world = town.world()
    async with evening(world, [Guest.number(n) for n in range(3)]) as one, evening(world, [Guest.number(9)]) as other:
        await other.start()
        yield one, other


async def test_a_resident_of_one_conference_reaches_nothing_of_another(town: Town) -> None:
    async with two_evenings(town) as (one, other):
        await settle(town)
        stranger, before = one.residents[0].client.token, stored(town, other)
        reached = []
        for kind, field, needs in lines():
            if kind == "Subscription" or (kind == "Mutation" and needs == PUBLIC):
                continue
            answer = await ask(other, stranger, *question(kind, field, other.gid))
            if refused(kind, field, answer) == ("public" in needs.roles):
                reached.append((kind, field, answer))
        assert reached == []
        await settle(town)
        assert stored(town, other) == before


async def test_who_waits_for_a_seat_takes_no_part_yet(town: Town) -> None:
    async with evening(town.world(), [Guest.number(n) for n in range(3)], capacity=3) as one:
        waiting = await resident(one.world, one.gid, Guest.number(7))
        try:
            await one.start()
            for field in ("polls", "chat", "board", "problems", "joinCredentials"):
                answer = await ask(one, waiting.client.token, *question("Conference", field, one.gid))
                assert refused("Conference", field, answer), (field, answer)
            for command, fields in (
                ("PostMessage", {"channel": "plenary", "text": "hallo"}),
                ("AddCard", {"kind": "NEED", "text": "etwas"}),
                ("RequestHelp", {}),
            ):
                outcome = await waiting.command(command, conference_id=one.gid, **fields)
                assert isinstance(outcome, Refused), command
                assert outcome.kind == "NotAllowed", command
        finally:
            await waiting.close()


async def test_who_was_erased_is_refused_at_once_with_a_token_that_has_not_expired(town: Town) -> None:
    async with evening(town.world(), [Guest.number(n) for n in range(3)]) as one:
        person: Person = one.residents[0]
        token = person.client.token
        viewer: tuple[str, dict[str, Any]] = ("{ viewer { kind } }", {})
        assert "errors" not in await ask(one, token, *viewer)
        person.renew = None
        erased = await person.command("EraseMe", conference_id=one.gid, participant_id=person.gid_of_me)
        assert not isinstance(erased, Refused)

        async def out() -> bool:
            answer = await ask(one, token, *viewer)
            return bool(answer.get("errors")) and answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"

        await eventually("the token is refused", out, within=10)


async def test_a_page_of_another_origin_opens_no_connection(town: Town) -> None:
    address = town.world().gateways[0].replace("http", "ws", 1) + "/graphql"
    with pytest.raises(InvalidStatus) as kept_out:
        async with connect(
            address, subprotocols=[Subprotocol("graphql-transport-ws")], origin=Origin("https://evil.example")
        ):
            pass
    assert kept_out.value.response.status_code == 403


async def test_the_services_themselves_refuse_who_may_not(town: Town) -> None:
    """Also without the gateway's check: a command is checked where it is decided."""
    async with two_evenings(town) as (one, other):
        await settle(town)
        before = stored(town, other)
        strangers = {
            "a resident of another conference": Actor(one.residents[0].me, "resident"),
            "nobody": ANONYMOUS,
            "a moderator of another conference": Actor(
                one.moderator.me, "staff", (Grant("moderator", one.conference_id),)
            ),
            "a guest of another conference": Actor(uuid4().hex, "staff", (Grant("guest", one.conference_id),)),
            "an app without roles": Actor(uuid4().hex, "app"),
        }
        bus = await Bus.connect(town.bus("gateway"), "test", "quartier")
        try:
            requests = Requests(bus, REFUSALS)
            through = []
            for who, actor in strangers.items():
                for kind, needs in COMMAND_NEEDS.items():
                    if needs == PUBLIC:
                        continue
                    given = example(kind)
                    if "conference_id" in given:
                        given["conference_id"] = other.conference_id
                    reply = await requests.ask(msgspec.convert(given, kind), actor=actor, command_id=uuid4())
                    known = reply.refusal is not None and not isinstance(
                        reply.refusal, Fault | Unavailable | InvalidInput
                    )
                    if not known:
                        through.append((who, kind.__name__, reply))
            assert through == []
        finally:
            await bus.close()
        await asyncio.sleep(0)
        await settle(town)
        assert stored(town, other) == before

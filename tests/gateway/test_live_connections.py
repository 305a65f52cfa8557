# SPDX-License-Identifier: Apache-2.0
"""Subscriptions on connections that stall, break, or end: nobody else notices, and nothing is missed."""

import asyncio
import json
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from gateway.client import Client, Closed
from gateway.client.messages import document
from services.cli.embedded.nats import Nats, User
from services.contracts import registration, session
from services.contracts.shared import Reason
from tests.gateway.city import (
    ANNA,
    BEN,
    CONFERENCE,
    MODERATOR,
    START,
    City,
    message,
)
from tests.gateway.conftest import Address, running
from tests.gateway.pictures import (
    AT,
    GID,
    last,
    narrow,
    until,
    view,
    watching,
)

PROTOCOL = Subprotocol("graphql-transport-ws")


async def test_a_client_that_does_not_read_is_closed_and_harms_nobody(city: City, nats_url: str, prefix: str) -> None:
    async with (
        running(nats_url, prefix, lag_seconds=3.0) as gateway,
        watching(gateway, city.issuer.resident(BEN)) as healthy,
        connect(gateway.ws, sock=narrow(gateway), subprotocols=[PROTOCOL], max_queue=1, close_timeout=0.1) as stalled,
    ):
        init = {"type": "connection_init", "payload": {"authorization": f"Bearer {city.issuer.resident()}"}}
        body = {"query": document("ConferenceChanges"), "variables": {"conferenceId": GID}}
        for sent in (init, {"type": "subscribe", "id": "1", "payload": body}):
            await stalled.send(json.dumps(sent))
        await until(lambda: len(gateway.gateway.admission) == 2)
        for round_ in range(200):
            words = f"{round_} " + "x" * 1900
            messages = tuple(message(f"{n:02x}"[::-1], words) for n in range(40))
            city.know([session.ChatView(conference_id=CONFERENCE, channel="plenary", messages=messages)])
            await city.tell(session.MessagePosted(**AT, message_id="8" * 32, channel="plenary"))
            await healthy.becomes(lambda now, words=words: words in str(now.chats))
            if len(gateway.gateway.admission) == 1:
                break
        await until(lambda: len(gateway.gateway.admission) == 1)


async def test_a_client_that_reads_again_hears_the_newest_and_nobody_else_has_noticed(
    city: City, gateway: Address
) -> None:
    async with (
        watching(gateway, city.issuer.resident(BEN)) as healthy,
        connect(gateway.ws, sock=narrow(gateway), subprotocols=[PROTOCOL], max_queue=1, max_size=None) as stalled,
    ):
        init = {"type": "connection_init", "payload": {"authorization": f"Bearer {city.issuer.resident()}"}}
        body = {"query": document("ConferenceChanges"), "variables": {"conferenceId": GID}}
        for sent in (init, {"type": "subscribe", "id": "1", "payload": body}):
            await stalled.send(json.dumps(sent))
        await until(lambda: len(gateway.gateway.admission._people) == 2)
        (connection,) = gateway.gateway.admission._people[ANNA]
        words, told, most = "", 0, 0
        while not connection.wire.paused:  # type: ignore[attr-defined]
            told += 1
            words = f"{told} " + "x" * 1900
            messages = tuple(message(f"{n:02x}"[::-1], words) for n in range(90))
            city.know([session.ChatView(conference_id=CONFERENCE, channel="plenary", messages=messages)])
            await city.tell(session.MessagePosted(**AT, message_id="8" * 32, channel="plenary"))
            await healthy.becomes(lambda now, words=words: words in str(now.chats))
        for _ in range(10):
            told += 1
            words = f"{told} " + "x" * 1900
            messages = tuple(message(f"{n:02x}"[::-1], words) for n in range(90))
            city.know([session.ChatView(conference_id=CONFERENCE, channel="plenary", messages=messages)])
            await city.tell(session.MessagePosted(**AT, message_id="8" * 32, channel="plenary"))
            await healthy.becomes(lambda now, words=words: words in str(now.chats))
            most = max(most, connection.wire.transport.get_write_buffer_size())  # type: ignore[attr-defined]
        heard = 0
        async with asyncio.timeout(60):
            while words not in await stalled.recv():
                heard += 1
        assert heard < told  # what came between was skipped
        assert most < 2 * 90 * 2000 + 2 * 32 * 1024  # a message or two, however much was said


async def test_a_restart_of_nats_costs_nothing_but_time(tmp_path: Path) -> None:
    nats = Nats(tmp_path / "nats", [User("tests", "secret")])
    server = nats.start()
    try:
        async with (
            City.running(nats.url("tests"), "t") as city,
            running(nats.url("tests"), "t", safety_seconds=60) as gateway,
            watching(gateway, city.issuer.resident()) as picture,
        ):
            server.stop()
            city.know([view(session.SessionView, status="PAUSED")])
            city.parts["session"].position += 1
            server = nats.start()
            await picture.becomes(lambda now: now.session.status == "PAUSED")
    finally:
        server.stop()


OUT = {
    "excluded": (
        False,
        session.ParticipantExcluded(**AT, participant_id=ANNA, reason=Reason(code="insult", by=MODERATOR)),
    ),
    "erased": (False, registration.ParticipantErased(**AT, participant_id=ANNA)),
    "erased from the staff": (True, registration.StaffErased(at=START, staff_id=MODERATOR)),
}


@pytest.mark.parametrize("how", OUT)
async def test_who_is_excluded_or_erased_is_out_at_once(how: str, city: City, gateway: Address) -> None:
    staff, event = OUT[how]
    token = city.issuer.staff() if staff else city.issuer.resident()
    async with Client(gateway.url, token) as client:
        changes = client.subscribe("ConferenceChanges", {"conferenceId": GID})
        await anext(changes)
        await city.tell(event)
        with pytest.raises(Closed) as closed:
            await last(changes)
        assert closed.value.code == 4403
    answer = await gateway.ask("{ viewer { kind } }", token)
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_socket_ends_with_its_token(city: City, gateway: Address) -> None:
    async with Client(gateway.url, city.issuer.resident(lifetime=5)) as client:
        changes = client.subscribe("ConferenceChanges", {"conferenceId": GID})
        with pytest.raises(Closed) as closed:
            await last(changes)
        assert (closed.value.code, closed.value.reason) == (4403, "The token has expired")


async def test_who_is_connected_is_reported_at_once_and_so_is_who_leaves(city: City, gateway: Address) -> None:
    def reported() -> list[tuple[str, ...]]:
        return [request.participants for request, _ in city.commands if isinstance(request, session.ReportPresence)]

    async with watching(gateway, city.issuer.resident()):
        await until(lambda: reported()[-1:] == [(ANNA,)])
        async with watching(gateway, city.issuer.staff()):
            await until(lambda: reported()[-1:] == [tuple(sorted((ANNA, MODERATOR)))])
        await until(lambda: reported()[-1:] == [(ANNA,)])
    await until(lambda: reported()[-1:] == [()])

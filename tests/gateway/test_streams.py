# SPDX-License-Identifier: Apache-2.0
"""GraphQL over server-sent events: the same answers as over the WebSocket, and how a stream ends."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
import pytest

from gateway.client.messages import document
from gateway.execution import sse
from gateway.schema.relay import global_id
from services.contracts import registration, session
from tests.gateway.city import ANNA, CONFERENCE, START, City, evening, message
from tests.gateway.conftest import Address, running
from tests.gateway.pictures import until

GID = global_id("Conference", CONFERENCE)
AT: dict[str, Any] = {"at": START, "conference_id": CONFERENCE}
WATCH = """subscription ($id: ID!) { conferenceChanges(conferenceId: $id) {
  __typename ... on ConferenceSnapshot { session { status } } ... on SessionChanged { session { status } } } }"""


class Events:
    """What comes on one stream."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def next(self) -> tuple[str, Any]:
        """The name of the next event and its data; heartbeats are left out."""
        name, data = "", ""
        async with asyncio.timeout(60):
            async for line in self._lines:
                if line.startswith("event:"):
                    name = line.removeprefix("event:").strip()
                elif line.startswith("data:"):
                    data = line.removeprefix("data:").strip()
                elif not line and name:
                    return name, json.loads(data) if data else None
        return "end", None


@asynccontextmanager
async def streaming(gateway: Address, token: str | None, query: str, **variables: Any) -> AsyncIterator[Events]:
    headers = {"accept": "text/event-stream", **({"authorization": f"Bearer {token}"} if token else {})}
    body = {"query": query, "variables": variables}
    async with gateway.http.stream("POST", "/graphql/stream", json=body, headers=headers, timeout=60) as response:
        yield Events(response)


def paused() -> Any:
    found = next(one for one in evening() if isinstance(one, session.SessionView))
    return msgspec.structs.replace(found, status="PAUSED")


async def test_a_subscription_says_a_snapshot_and_then_changes(city: City, gateway: Address) -> None:
    async with streaming(gateway, city.issuer.resident(), WATCH, id=GID) as events:
        assert events.response.headers["content-type"].startswith("text/event-stream")
        name, said = await events.next()
        assert (name, said["data"]["conferenceChanges"]["session"]["status"]) == ("next", "RUNNING")
        city.know([paused()])
        await city.tell(session.SessionPaused(**AT, run=1))
        name, said = await events.next()
        assert said["data"]["conferenceChanges"] == {"__typename": "SessionChanged", "session": {"status": "PAUSED"}}


async def test_a_query_is_answered_once_and_completed(gateway: Address) -> None:
    async with streaming(gateway, None, "{ __typename }") as events:
        assert await events.next() == ("next", {"data": {"__typename": "Query"}})
        assert await events.next() == ("complete", None)
        assert (await events.next())[0] == "end"


async def test_an_answer_older_than_the_client_asked_for_says_so_and_what_it_cost(city: City, gateway: Address) -> None:
    part = city.parts["session"]
    response = await gateway.http.post(
        "/graphql/stream",
        json={
            "query": "query($id: ID!) { conference(id: $id) { session { run } } }",
            "variables": {"id": GID},
            "extensions": {"cost": True},
        },
        headers={
            "accept": "text/event-stream",
            "authorization": f"Bearer {city.issuer.resident()}",
            "quartier-after": f"session/{part.epoch}:{part.position + 1}",
        },
    )
    said = json.loads(response.text.splitlines()[1].removeprefix("data: "))
    assert said["data"]["conference"]["session"] == {"run": 1}
    assert said["extensions"]["stale"] == ["session"]
    assert 0 < said["extensions"]["cost"]["actual"] <= said["extensions"]["cost"]["requested"]


async def test_a_query_may_come_by_get(gateway: Address) -> None:
    response = await gateway.http.get("/graphql/stream", params={"query": "{ __typename }"})
    assert response.text == 'event: next\ndata: {"data":{"__typename":"Query"}}\n\nevent: complete\ndata:\n\n'


@pytest.mark.parametrize("query", ["{", "{ nothing }", WATCH])
async def test_what_cannot_be_executed_is_said_on_the_stream(query: str, gateway: Address) -> None:
    async with streaming(gateway, None, query, id=GID) as events:
        name, said = await events.next()
        assert (name, events.response.status_code) == ("next", 200)
        assert said["errors"][0]["extensions"]["code"]
        assert await events.next() == ("complete", None)


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"accept": "application/json"}, "{}", 406),
        ({"content-type": "text/plain"}, "{}", 415),
        ({}, "{", 400),
        ({}, "[]", 400),
        ({}, json.dumps({"query": "x" * 70_000}), 413),
        ({"authorization": "Bearer x"}, json.dumps({"query": "{ __typename }"}), 401),
    ],
)
async def test_what_is_no_request_for_a_stream_is_refused(
    headers: dict[str, str], body: str, status: int, gateway: Address
) -> None:
    sent = {"accept": "text/event-stream", "content-type": "application/json", **headers}
    response = await gateway.http.post("/graphql/stream", content=body, headers=sent)
    assert response.status_code == status
    assert response.json()["errors"][0]["extensions"]["code"]
    assert len(gateway.gateway.admission) == 0


async def test_a_silent_stream_shows_that_it_lives(
    city: City, gateway: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "HEARTBEAT_SECONDS", 0.05)
    headers = {"authorization": f"Bearer {city.issuer.resident()}"}
    body = {"query": WATCH, "variables": {"id": GID}}
    async with gateway.http.stream("POST", "/graphql/stream", json=body, headers=headers, timeout=60) as response:
        async for line in response.aiter_lines():
            if line == ":":
                break


async def test_a_stream_ends_with_its_token_and_says_so(city: City, gateway: Address) -> None:
    async with streaming(gateway, city.issuer.resident(lifetime=5), WATCH, id=GID) as events:
        heard = [await events.next()]
        while heard[-1][0] == "next":
            heard.append(await events.next())
        assert heard[-1] == ("complete", None)
        assert heard[-2][1]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_the_stream_of_who_is_erased_ends_at_once(city: City, gateway: Address) -> None:
    async with streaming(gateway, city.issuer.resident(), WATCH, id=GID) as events:
        await events.next()
        await city.tell(registration.ParticipantErased(**AT, participant_id=ANNA))
        kinds = [await events.next() for _ in range(2)]
        while kinds[-1][0] != "complete":
            kinds.append(await events.next())
        assert kinds[-2][1]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_client_that_leaves_is_forgotten(city: City, gateway: Address) -> None:
    async with streaming(gateway, city.issuer.resident(), WATCH, id=GID) as events:
        await events.next()
        assert len(gateway.gateway.hubs) == 1
    await until(lambda: not len(gateway.gateway.admission) and not len(gateway.gateway.hubs))


async def test_a_stream_that_is_not_read_is_cut_and_nothing_piles_up(city: City, nats_url: str, prefix: str) -> None:
    async with running(nats_url, prefix, lag_seconds=0.5) as gateway:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(gateway.url.rpartition(":")[2]), limit=1024)
        body = json.dumps({"query": document("ConferenceChanges"), "variables": {"conferenceId": GID}})
        writer.write(
            f"POST /graphql/stream HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {city.issuer.resident()}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        await reader.readline()
        await until(lambda: len(gateway.gateway.hubs) == 1)
        writer.transport.pause_reading()
        (stream,) = gateway.gateway.admission._open
        for round_ in range(400):
            words = f"{round_} " + "x" * 1900
            messages = tuple(message(f"{n:02x}"[::-1], words) for n in range(100))
            city.know([session.ChatView(conference_id=CONFERENCE, channel="plenary", messages=messages)])
            await city.tell(session.MessagePosted(**AT, message_id="8" * 32, channel="plenary"))
            await asyncio.sleep(0.05)  # paces what is said
            assert len(stream._unsent) <= sse.UNSENT
            if not len(gateway.gateway.admission):
                break
        await until(lambda: not len(gateway.gateway.admission))
        writer.close()

# SPDX-License-Identifier: Apache-2.0
"""graphql-transport-ws, message by message, and who may connect at all."""

import asyncio
import json
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin, Subprotocol

from gateway.execution.wire import UNREAD_BYTES
from gateway.schema.relay import global_id
from tests.gateway.city import CONFERENCE, City
from tests.gateway.conftest import Address, running
from tests.gateway.pictures import narrow, until

PROTOCOL = Subprotocol("graphql-transport-ws")
GID = global_id("Conference", CONFERENCE)
INIT = {"type": "connection_init"}
WATCH = "subscription($id: ID!) { conferenceChanges(conferenceId: $id) { __typename } }"


def opened(gateway: Address, **options: Any) -> connect:
    return connect(gateway.ws, **{"subprotocols": [PROTOCOL], **options})


async def say(socket: ClientConnection, *messages: Any) -> None:
    for message in messages:
        await socket.send(message if isinstance(message, (str, bytes)) else json.dumps(message))


async def hear(socket: ClientConnection) -> Any:
    async with asyncio.timeout(60):
        return json.loads(await socket.recv())


async def ended(socket: ClientConnection) -> tuple[int, str]:
    async with asyncio.timeout(60):
        await socket.wait_closed()
    return socket.close_code or 0, socket.close_reason or ""


def subscribe(query: str, key: Any = "1", **variables: Any) -> dict[str, Any]:
    return {"type": "subscribe", "id": key, "payload": {"query": query, "variables": variables}}


async def test_a_query_is_answered_once_and_its_id_is_free_again(gateway: Address) -> None:
    async with opened(gateway) as socket:
        await say(socket, INIT)
        assert await hear(socket) == {"type": "connection_ack"}
        for _ in range(2):
            await say(socket, subscribe("{ __typename }"))
            data = {"data": {"__typename": "Query"}}
            assert await hear(socket) == {"id": "1", "type": "next", "payload": data}
            assert await hear(socket) == {"id": "1", "type": "complete"}


async def test_a_query_says_what_it_cost_where_the_client_asks_for_it(gateway: Address) -> None:
    async with opened(gateway) as socket:
        await say(socket, INIT)
        asking = subscribe("{ conferences(first: 20) { nodes { id } } }")
        asking["payload"]["extensions"] = {"cost": True}
        await say(socket, asking)
        assert await hear(socket) == {"type": "connection_ack"}
        cost = (await hear(socket))["payload"]["extensions"]["cost"]
        assert 0 < cost["actual"] <= cost["requested"]


async def test_a_query_says_up_to_where_its_answer_should_be(city: City, gateway: Address) -> None:
    part = city.parts["session"]
    async with opened(gateway) as socket:
        await say(socket, {**INIT, "payload": {"authorization": f"Bearer {city.issuer.resident()}"}})
        asking = subscribe("query($id: ID!) { conference(id: $id) { session { run } } }", id=GID)
        asking["payload"]["extensions"] = {"after": f"session/{part.epoch}:{part.position + 1000}"}
        await say(socket, asking)
        assert await hear(socket) == {"type": "connection_ack"}
        assert (await hear(socket))["payload"]["extensions"] == {"stale": ["session"]}


async def test_a_ping_is_answered_with_its_payload(gateway: Address) -> None:
    async with opened(gateway) as socket:
        await say(socket, {"type": "ping", "payload": {"n": 1}})
        assert await hear(socket) == {"type": "pong", "payload": {"n": 1}}


@pytest.mark.parametrize("query", ["{", "{ nothing }", "query($id: ID!) { node(id: $id) { id } }"])
async def test_a_faulty_document_ends_its_operation_and_nothing_else(query: str, gateway: Address) -> None:
    async with opened(gateway) as socket:
        await say(socket, INIT, subscribe(query), subscribe("{ __typename }", "2"))
        await hear(socket)
        heard = {message["type"]: message["id"] for message in [await hear(socket) for _ in range(3)]}
        assert heard == {"error": "1", "next": "2", "complete": "2"}


async def test_a_completed_subscription_says_nothing_more(city: City, gateway: Address) -> None:
    async with opened(gateway) as socket:
        init = {**INIT, "payload": {"authorization": f"Bearer {city.issuer.resident()}"}}
        await say(socket, init, subscribe(WATCH, id=GID))
        await hear(socket)
        assert (await hear(socket))["payload"]["data"]["conferenceChanges"]["__typename"] == "ConferenceSnapshot"
        await say(socket, {"type": "complete", "id": "1"}, {"type": "ping"})
        assert await hear(socket) == {"type": "pong"}
        async with asyncio.timeout(60):
            while len(gateway.gateway.hubs):  # noqa: ASYNC110 -- the gateway tells nobody
                await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        (["{"], 4400),
        (["[]"], 4400),
        (["3"], 4400),
        ([b"\x00"], 4400),
        ([{"type": "hello"}], 4400),
        ([{"type": "connection_init", "payload": 1}], 4400),
        ([{"type": "connection_init", "payload": {"authorization": 1}}], 4400),
        ([INIT, INIT], 4429),
        ([subscribe("{ __typename }")], 4401),
        ([INIT, subscribe("{ __typename }", 1)], 4400),
        ([INIT, subscribe("{ __typename }", [])], 4400),
        ([INIT, {"type": "subscribe", "id": "1"}], 4400),
        ([INIT, {"type": "subscribe", "id": "1", "payload": {"query": {}}}], 4400),
        ([INIT, {"type": "subscribe", "id": "1", "payload": {"query": "{__typename}", "variables": "x"}}], 4400),
        ([{"type": "connection_init", "payload": {"authorization": "Bearer x"}}], 4403),
        ([INIT, subscribe("{ __typename }", "x" * 201)], 4400),
    ],
)
async def test_what_breaks_the_protocol_closes_the_connection(messages: Any, code: int, gateway: Address) -> None:
    async with opened(gateway) as socket:
        await say(socket, *messages)
        assert (await ended(socket))[0] == code


async def test_an_id_is_used_by_one_subscription_at_a_time(city: City, gateway: Address) -> None:
    async with opened(gateway) as socket:
        init = {**INIT, "payload": {"authorization": f"Bearer {city.issuer.resident()}"}}
        await say(socket, init, subscribe(WATCH, id=GID), subscribe(WATCH, id=GID))
        assert (await ended(socket))[0] == 4409


async def test_a_reason_that_repeats_what_the_client_said_fits_into_its_frame(city: City, gateway: Address) -> None:
    async with opened(gateway) as socket:
        init, key = {**INIT, "payload": {"authorization": f"Bearer {city.issuer.resident()}"}}, "ü" * 200
        await say(socket, init, subscribe(WATCH, key, id=GID), subscribe(WATCH, key, id=GID))
        code, reason = await ended(socket)
        assert (code, reason) == (4409, "Subscriber for " + "ü" * 54)


async def test_who_does_not_introduce_themselves_is_closed(gateway: Address) -> None:
    gateway.gateway.sockets.init_seconds = 0.1
    async with opened(gateway) as socket:
        assert await ended(socket) == (4408, "Connection initialisation timeout")


async def test_other_protocols_are_not_spoken(gateway: Address) -> None:
    async with opened(gateway, subprotocols=None) as socket:
        assert (await ended(socket))[0] == 4406


async def test_pages_of_other_origins_are_kept_out(gateway: Address) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await opened(gateway, origin=Origin("http://evil.test")).__aenter__()
    assert refused.value.response.status_code == 403
    async with opened(gateway, origin=Origin(gateway.url)) as socket:
        await say(socket, INIT)
        assert await hear(socket) == {"type": "connection_ack"}


async def test_a_connection_has_a_bounded_number_of_operations(city: City, gateway: Address) -> None:
    async with opened(gateway) as socket:
        init = {**INIT, "payload": {"authorization": f"Bearer {city.issuer.resident()}"}}
        await say(socket, init, *(subscribe(WATCH, f"s{number}", id=GID) for number in range(21)))
        kinds = [(await hear(socket))["type"] for _ in range(22)]
        assert sorted(set(kinds)) == ["connection_ack", "error", "next"]
        assert kinds.count("error") == 1


async def test_a_client_that_asks_on_without_listening_is_not_read_on(city: City, nats_url: str, prefix: str) -> None:
    async with (
        running(nats_url, prefix, lag_seconds=0.5) as gateway,
        connect(gateway.ws, sock=narrow(gateway), subprotocols=[PROTOCOL], max_queue=1, close_timeout=0.1) as stalled,
    ):
        await stalled.send(json.dumps(INIT))
        await until(lambda: len(gateway.gateway.admission) == 1)
        (connection,) = gateway.gateway.admission._open
        bad, most, sent = json.dumps(subscribe("{ " + "x" * 30_000 + " }", "1", id=GID)), 0, 0

        async def flood() -> None:
            nonlocal most, sent
            for number in range(100_000):
                await stalled.send(bad.replace('"id": "1"', f'"id": "n{number}"'))
                most, sent = max(most, connection.wire.transport.get_write_buffer_size()), number

        flooding = asyncio.create_task(flood())
        await until(lambda: len(gateway.gateway.admission) == 0)
        flooding.cancel()
        await asyncio.gather(flooding, return_exceptions=True)
        assert sent < 99_999
        assert 0 < most < 4 * UNREAD_BYTES


async def test_a_subscription_that_is_not_allowed_says_why(city: City, gateway: Address) -> None:
    async with opened(gateway) as socket:
        await say(socket, INIT, subscribe(WATCH, id=GID))
        await hear(socket)
        answer = await hear(socket)
        assert answer["type"] == "error"
        assert answer["payload"][0]["extensions"]["code"] == "NOT_ALLOWED"

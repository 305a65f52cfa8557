# SPDX-License-Identifier: Apache-2.0
"""Who may connect when many want to, and how everybody is sent away when the gateway stops."""

import asyncio
import contextlib
import time
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from gateway.client import Client
from gateway.main import Server, configuration
from tests.gateway.city import ANNA, BEN, City
from tests.gateway.conftest import Address, running
from tests.gateway.pictures import GID, watching
from tests.gateway.test_socket import INIT, PROTOCOL, ended, hear, opened, say


async def test_a_storm_is_let_in_at_a_rate_and_the_rest_is_told_when_to_come_again(
    city: City, nats_url: str, prefix: str
) -> None:
    async with running(nats_url, prefix, sockets_per_second=0.5, sockets_at_once=2) as gateway:
        async with opened(gateway), opened(gateway):
            waits = []
            for _ in range(3):
                with pytest.raises(InvalidStatus) as refused:
                    await opened(gateway).__aenter__()
                assert refused.value.response.status_code == 503
                waits.append(int(refused.value.response.headers["Retry-After"]))
            assert waits == sorted(waits)
            assert waits[0] < waits[-1]  # those turned away do not come back all at once
        streamed = await gateway.http.get("/graphql/stream", params={"query": "{ __typename }"})
        assert (streamed.status_code, "retry-after" in streamed.headers) == (503, True)


async def test_one_address_that_knocks_all_the_time_leaves_the_others_in(
    city: City, nats_url: str, prefix: str
) -> None:
    def knocking(address: str) -> connect:
        return opened(gateway, additional_headers={"X-Forwarded-For": address})

    limits = {"sockets_per_second": 0.01, "sockets_at_once": 20, "trusted_proxies": "127.0.0.1"}
    async with running(nats_url, prefix, **limits) as gateway, contextlib.AsyncExitStack() as stack:
        inside = 0
        for _ in range(30):
            with contextlib.suppress(InvalidStatus):
                await stack.enter_async_context(knocking("192.0.2.1"))
                inside += 1
        assert inside == 12  # half of a burst, and its share of the rest
        for number in range(4):
            for _ in range(2):
                await stack.enter_async_context(knocking(f"198.51.100.{number}"))
        headers = {"X-Forwarded-For": "192.0.2.1"}
        streamed = await gateway.http.get("/graphql/stream", params={"query": "{ __typename }"}, headers=headers)
        assert streamed.status_code == 503


async def test_one_person_has_a_bounded_number_of_connections(city: City, nats_url: str, prefix: str) -> None:
    init = {**INIT, "payload": {"authorization": f"Bearer {city.issuer.resident(ANNA)}"}}
    other = {**INIT, "payload": {"authorization": f"Bearer {city.issuer.resident(BEN)}"}}
    async with (
        running(nats_url, prefix, sockets_per_person=2) as gateway,
        opened(gateway) as first,
        opened(gateway) as second,
        opened(gateway) as third,
        opened(gateway) as fourth,
    ):
        for socket in (first, second):
            await say(socket, init)
            assert await hear(socket) == {"type": "connection_ack"}
        await say(third, init)
        assert await ended(third) == (4429, "Too many connections of one client")
        await say(fourth, other)
        assert await hear(fourth) == {"type": "connection_ack"}
        headers = {"authorization": f"Bearer {city.issuer.resident(ANNA)}"}
        streamed = await gateway.http.get("/graphql/stream", params={"query": "{ __typename }"}, headers=headers)
        assert streamed.status_code == 429
        await first.close()
        async with opened(gateway) as again:
            await say(again, init)
            assert await hear(again) == {"type": "connection_ack"}


async def test_who_shows_no_token_has_a_bounded_number_of_connections_from_one_address(
    city: City, nats_url: str, prefix: str
) -> None:
    init = {**INIT, "payload": {"authorization": f"Bearer {city.issuer.resident(ANNA)}"}}
    async with (
        running(nats_url, prefix, sockets_per_address=1) as gateway,
        opened(gateway) as first,
        opened(gateway) as second,
        opened(gateway) as third,
    ):
        await say(first, INIT)
        assert await hear(first) == {"type": "connection_ack"}
        await say(second, INIT)
        assert await ended(second) == (4429, "Too many connections of one client")
        streamed = await gateway.http.get("/graphql/stream", params={"query": "{ __typename }"})
        assert streamed.status_code == 429
        await say(third, init)
        assert await hear(third) == {"type": "connection_ack"}
        await first.close()
        async with opened(gateway) as again:
            await say(again, INIT)
            assert await hear(again) == {"type": "connection_ack"}


async def test_a_process_has_a_bounded_number_of_connections(city: City, nats_url: str, prefix: str) -> None:
    async with running(nats_url, prefix, sockets_per_process=1) as gateway, opened(gateway):
        with pytest.raises(InvalidStatus) as refused:
            await opened(gateway).__aenter__()
        assert refused.value.response.status_code == 503


async def test_a_gateway_that_stops_is_not_ready_and_closes_its_sockets_one_after_the_other(
    city: City, gateway: Address
) -> None:
    sockets = [await connect(gateway.ws, subprotocols=[PROTOCOL]) for _ in range(10)]
    ends: list[float] = []

    async def wait(socket: Any) -> tuple[int, str]:
        found = await ended(socket)
        ends.append(time.monotonic())
        return found

    waiting = [asyncio.create_task(wait(socket)) for socket in sockets]
    draining = asyncio.create_task(gateway.gateway.drain(4.0))
    await asyncio.sleep(0)
    ready = await gateway.http.get("/readyz")
    assert (ready.status_code, ready.json()["reasons"]) == (503, ["draining"])
    with pytest.raises(InvalidStatus) as refused:
        await opened(gateway).__aenter__()
    assert refused.value.response.headers["Retry-After"] == "1"
    await draining
    assert set(await asyncio.gather(*waiting)) == {(1012, "the gateway restarts")}
    assert max(ends) - min(ends) > 1.0


async def test_a_client_goes_on_with_another_replica(city: City, gateway: Address) -> None:
    async with (
        running(gateway.nats_url, gateway.prefix) as other,
        Client(gateway.url, city.issuer.resident()) as client,
    ):
        changes = client.subscribe("ConferenceChanges", {"conferenceId": GID})
        await anext(changes)
        client.url = other.url
        await gateway.gateway.drain(0.0)
        assert type(await anext(changes)).__name__ == "ConferenceSnapshot"
        await changes.aclose()  # type: ignore[attr-defined]


async def test_a_client_whose_connection_broke_goes_on_where_it_was(city: City, gateway: Address) -> None:
    async with watching(gateway, city.issuer.resident(BEN)), Client(gateway.url, city.issuer.resident()) as client:
        changes = client.subscribe("ConferenceChanges", {"conferenceId": GID})
        await anext(changes)
        for connection in gateway.gateway.admission._people[ANNA]:
            connection.wire.transport.abort()  # type: ignore[attr-defined]
        assert type(await anext(changes)).__name__ == "Resumed"
        await changes.aclose()  # type: ignore[attr-defined]


async def test_a_second_signal_does_not_wait_for_the_farewells() -> None:
    async def drain() -> None:
        await asyncio.Event().wait()

    async def app(scope: Any, receive: Any, send: Any) -> None: ...

    server = Server(configuration(app, port=0, lifespan="off", drain_seconds=1), drain)  # type: ignore[arg-type]
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 -- uvicorn tells nobody
        await asyncio.sleep(0.005)
    server.leave()
    assert not server.should_exit
    server.leave()
    async with asyncio.timeout(60):
        await serving

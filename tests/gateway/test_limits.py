# SPDX-License-Identifier: Apache-2.0
"""What a client may have, over HTTP and WebSocket: points, trusted documents, and requests that are turned away."""

import json
import logging
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog

from gateway.client.messages import document
from gateway.execution.trusted import document_id
from gateway.identity import Identity, Login
from gateway.schema.relay import global_id
from tests.gateway.city import CONFERENCE, City
from tests.gateway.conftest import Address, running
from tests.gateway.test_http import GRAPHQL, post
from tests.gateway.test_socket import INIT, hear, opened, say, subscribe

GID = global_id("Conference", CONFERENCE)
TIME = "{ serverTime }"
MINE = "query Mine { __typename }"
DEAR = "{ nodes(ids: [" + '"Tm90aGluZzp4",' * 100 + "]) { id } }"
"""500 points."""


async def code(response: httpx.Response) -> str:
    (error,) = response.json()["errors"]
    found: str = error["extensions"]["code"]
    return found


# --- points ----------------------------------------------------------------------------------------------


async def test_every_answer_says_what_is_left(city: City, gateway: Address) -> None:
    response = await post(gateway, {"query": TIME})
    assert response.headers["ratelimit-policy"] == '"points";q=10000;w=50'
    assert response.headers["ratelimit"].startswith('"points";r=9999;t=')


async def test_an_operation_can_ask_what_it_costs(city: City, gateway: Address) -> None:
    token = city.issuer.resident()
    answer = await gateway.ask("{ rateLimit { limit cost remaining resetAt restoredPerSecond } }", token)
    limit = answer["data"]["rateLimit"]
    assert limit.pop("resetAt") > "2026"
    assert limit == {"limit": 20_000, "cost": 1, "remaining": 19_999, "restoredPerSecond": 500.0}


async def test_a_list_is_paid_for_by_what_came(city: City, gateway: Address) -> None:
    body = {"query": "{ conferences(first: 100) { nodes { id details { title } } } }", "extensions": {"cost": True}}
    cost = (await post(gateway, body)).json()["extensions"]["cost"]
    assert cost["requested"] == 5 + 100 * (1 + 5)
    assert cost["actual"] < 20
    assert cost["available"] > 10_000 - 20
    del body["extensions"]
    assert "extensions" not in (await post(gateway, body)).json()


async def test_what_is_read_in_vain_is_paid_for_too(city: City, nats_url: str, prefix: str) -> None:
    async with running(nats_url, prefix, anonymous_points_per_second=0.1) as gateway:
        before = (await post(gateway, {"query": TIME})).headers["ratelimit"]
        for _ in range(50):
            await post(gateway, {"query": "{ nonsense }"})
        after = (await post(gateway, {"query": TIME})).headers["ratelimit"]
    left = [int(header.split("r=")[1].split(";")[0]) for header in (before, after)]
    assert left[0] - left[1] > 100


@pytest.mark.parametrize("headers", [{"authorization": "Bearer x"}, {"content-type": "text/plain"}])
@pytest.mark.parametrize("path", ["/graphql", "/graphql/stream"])
async def test_what_is_no_request_or_has_no_good_token_is_paid_for_by_its_address(
    path: str, headers: dict[str, str], city: City, nats_url: str, prefix: str
) -> None:
    async with running(nats_url, prefix, anonymous_points_per_second=0.1, anonymous_points_at_once=5000) as gateway:
        good, wrong = city.issuer.resident(), {"content-type": "application/json", **headers}
        assert (await gateway.ask(TIME, good))["data"]
        statuses = []
        for _ in range(1000):
            response = await gateway.http.post(path, content=b'{"query": "{ serverTime }"}', headers=wrong)
            statuses.append(response.status_code)
            if response.status_code == 429:
                break
        assert statuses[0] in {401, 415}
        assert statuses[-1] == 429
        assert int(response.headers["retry-after"]) > 0
        assert (await gateway.ask(TIME, good))["data"]  # who is known pays for themselves


async def test_an_address_without_points_has_no_more_signatures_verified(
    city: City, nats_url: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[str] = []
    verify = Identity._verify

    async def noting(self: Identity, token: str) -> Login:
        verified.append(token)
        return await verify(self, token)

    monkeypatch.setattr(Identity, "_verify", noting)
    async with running(nats_url, prefix, anonymous_points_per_second=0.1, anonymous_points_at_once=5000) as gateway:
        good = city.issuer.resident()
        assert (await gateway.ask(TIME, good))["data"]
        head, body, _ = good.split(".")
        statuses = []
        for number in range(600):
            headers = {"authorization": f"Bearer {head}.{body}.{number:086}"}
            statuses.append((await gateway.http.post("/graphql", json={"query": TIME}, headers=headers)).status_code)
        assert statuses == [401] * 500 + [429] * 100
        assert len(verified) == 1 + 500
        assert (await gateway.ask(TIME, good))["data"]  # whose token is known need not pay for others


async def test_a_good_token_costs_its_address_nothing(city: City, nats_url: str, prefix: str) -> None:
    async with running(nats_url, prefix, anonymous_points_per_second=0.1) as gateway:
        assert (await gateway.ask(TIME, city.issuer.resident()))["data"]
        assert (await post(gateway, {"query": TIME})).headers["ratelimit"].startswith('"points";r=9999;')


async def test_the_socket_says_when_to_come_back(city: City, nats_url: str, prefix: str) -> None:
    async with running(nats_url, prefix, anonymous_points_per_second=0.1) as gateway, opened(gateway) as socket:
        await say(socket, INIT)
        await hear(socket)
        for _ in range(30):
            await say(socket, subscribe(DEAR))
            answer = await hear(socket)
            if answer["type"] == "error":
                break
            await hear(socket)
        (error,) = answer["payload"]
        assert error["extensions"]["code"] == "TOO_MANY_OPERATIONS"
        assert error["extensions"]["retryAfterMs"] > 0
        await say(socket, {"type": "ping"})
        assert await hear(socket) == {"type": "pong"}  # the connection lives on


async def test_messages_of_a_subscription_cost_a_point_each(city: City, nats_url: str, prefix: str) -> None:
    token = city.issuer.resident()
    async with running(nats_url, prefix, points_per_second=0.1) as gateway, opened(gateway) as socket:
        await say(socket, {**INIT, "payload": {"authorization": f"Bearer {token}"}})
        await hear(socket)
        watch = "subscription($id: ID!) { conferenceChanges(conferenceId: $id) { __typename } }"
        await say(socket, subscribe(watch, id=GID))
        await hear(socket)
        answer = await gateway.ask("{ rateLimit { remaining } }", token)
        assert answer["data"]["rateLimit"]["remaining"] == 20_000 - 50 - 1 - 1  # start, message, this question


async def test_behind_a_proxy_clients_are_told_apart(city: City, nats_url: str, prefix: str) -> None:
    async with running(nats_url, prefix, trusted_proxies="127.0.0.0/8", anonymous_points_per_second=0.1) as gateway:
        statuses = [
            (await post(gateway, {"query": DEAR}, **{"x-forwarded-for": "9.9.9.9"})).status_code for _ in range(25)
        ]
        assert statuses[-1] == 429
        assert (await post(gateway, {"query": DEAR}, **{"x-forwarded-for": "9.9.9.8"})).status_code == 200


async def test_who_is_no_proxy_speaks_for_nobody(city: City, nats_url: str, prefix: str) -> None:
    async with running(nats_url, prefix, anonymous_points_per_second=0.1) as gateway:
        statuses = [
            (await post(gateway, {"query": DEAR}, **{"x-forwarded-for": f"9.9.9.{number}"})).status_code
            for number in range(25)
        ]
        assert statuses[-1] == 429


# --- trusted documents -----------------------------------------------------------------------------------


async def test_a_trusted_document_needs_no_text(city: City, gateway: Address) -> None:
    known = {"documentId": document_id(document("ConferenceDetails")), "variables": {"id": GID}}
    posted = await post(gateway, known)
    assert posted.json()["data"]["conference"]["details"]["title"]
    params = {**known, "variables": json.dumps(known["variables"])}
    got = await gateway.http.get("/graphql", params=params, headers={"accept": GRAPHQL, "sec-fetch-site": "cross-site"})
    assert got.json() == posted.json()
    async with opened(gateway) as socket:
        await say(socket, INIT, {"type": "subscribe", "id": "1", "payload": known})
        await hear(socket)
        assert (await hear(socket))["payload"] == posted.json()


async def test_a_document_that_nobody_knows_is_not_found(gateway: Address) -> None:
    body = {"documentId": document_id("{ __typename }")}
    response = await post(gateway, body)
    assert (response.status_code, await code(response)) == (404, "DOCUMENT_NOT_FOUND")
    assert (await post(gateway, body, "application/json")).status_code == 200
    both = await post(gateway, {**body, "query": "{ __typename }"})
    assert (both.status_code, await code(both)) == (400, "BAD_REQUEST")


async def test_a_mutation_is_no_get_by_its_id_either(gateway: Address) -> None:
    params = {"documentId": document_id(document("OpenLobby")), "variables": "{}"}
    assert (await gateway.http.get("/graphql", params=params)).status_code == 405


async def test_a_door_can_be_for_trusted_documents_alone(
    city: City, nats_url: str, prefix: str, tmp_path: Path
) -> None:
    (tmp_path / "Mine.graphql").write_text(MINE)
    async with running(nats_url, prefix, only_trusted="api", trusted_documents=str(tmp_path)) as gateway:
        for text in (MINE, document("Viewer")):
            assert (await post(gateway, {"query": text})).status_code == 200
        refused = await post(gateway, {"query": TIME})
        assert (refused.status_code, await code(refused)) == (403, "ONLY_TRUSTED_DOCUMENTS")
        other = await gateway.http.post("/public/graphql", json={"query": TIME})
        assert other.json()["data"]
        async with opened(gateway) as socket:
            await say(socket, INIT, subscribe(TIME))
            await hear(socket)
            assert (await hear(socket))["payload"][0]["extensions"]["code"] == "ONLY_TRUSTED_DOCUMENTS"


# --- doors -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/graphql", True),
        ("/public/graphql", True),
        ("/participant/graphql", True),
        ("/jury/graphql", False),
        ("/operations/graphql", False),
    ],
)
async def test_every_door_is_served_and_tells_of_itself_where_it_may(path: str, told: bool, gateway: Address) -> None:
    assert (await gateway.http.post(path, json={"query": TIME})).json()["data"]["serverTime"]
    body = {"query": "{ __schema { queryType { name } } }"}
    answers = [(await gateway.http.post(path, json=body)).json() for _ in range(2)]
    assert answers[0] == answers[1]
    if told:
        assert answers[0] == {"data": {"__schema": {"queryType": {"name": "Query"}}}}
    else:
        assert answers[0]["errors"][0]["extensions"]["code"] == "INTROSPECTION_IS_OFF"


# --- what is turned away ---------------------------------------------------------------------------------


async def test_several_operations_in_one_request_are_refused(gateway: Address) -> None:
    response = await post(gateway, [{"query": TIME}, {"query": TIME}])
    assert (response.status_code, await code(response)) == (400, "BATCHING_IS_OFF")


async def test_uploads_are_refused(gateway: Address) -> None:
    files = {"operations": (None, '{"query": "{ serverTime }"}'), "map": (None, "{}")}
    response = await gateway.http.post("/graphql", files=files)
    assert (response.status_code, await code(response)) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"sec-fetch-site": "none"}, 200),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"origin": "http://evil.test"}, 403),
        ({"origin": "http://[::1"}, 403),
        ({"sec-fetch-site": "cross-site", "origin": "http://good.test"}, 200),
        ({"sec-fetch-site": "cross-site", "graphql-require-preflight": "1"}, 200),
        ({"sec-fetch-site": "cross-site", "apollo-require-preflight": "1"}, 200),
    ],
)
async def test_other_people_s_pages_cannot_make_a_browser_ask(
    headers: dict[str, str], status: int, nats_url: str, prefix: str
) -> None:
    async with running(nats_url, prefix, allowed_origins="http://good.test") as gateway:
        sent = {"accept": GRAPHQL, **headers}
        response = await gateway.http.get("/graphql", params={"query": TIME}, headers=sent)
        assert response.status_code == status


async def test_pages_of_allowed_origins_may_ask_and_read_what_is_left(nats_url: str, prefix: str) -> None:
    async with running(nats_url, prefix, allowed_origins="http://good.test") as gateway:
        asked = {
            "origin": "http://good.test",
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization,content-type,graphql-require-preflight,quartier-after",
        }
        preflight = await gateway.http.options("/graphql", headers=asked)
        assert preflight.status_code == 200
        assert preflight.headers["access-control-allow-origin"] == "http://good.test"
        assert int(preflight.headers["access-control-max-age"]) > 0
        answer = await post(gateway, {"query": TIME}, origin="http://good.test")
        assert "ratelimit" in answer.headers["access-control-expose-headers"]
        refused = await gateway.http.options("/graphql", headers={**asked, "origin": "http://evil.test"})
        assert refused.status_code == 400


async def test_a_long_address_is_not_read(gateway: Address) -> None:
    response = await gateway.http.get("/graphql", params={"query": "#" + "x" * 17_000})
    assert (response.status_code, await code(response)) == (414, "ADDRESS_TOO_LONG")


async def test_other_methods_are_refused(gateway: Address) -> None:
    response = await gateway.http.put("/graphql", json={"query": TIME})
    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")


async def test_a_body_that_does_not_come_is_not_waited_for(gateway: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    monkeypatch.setattr("gateway.execution.reading.READ_SECONDS", 0.1)
    host, port = gateway.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"POST /graphql HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{{"
    writer.write(head.encode())
    async with asyncio.timeout(60):
        assert b"408" in await reader.readline()
    writer.close()


# --- what is seen of it ----------------------------------------------------------------------------------


async def test_a_defect_outside_of_execution_is_masked_and_has_a_trace(
    gateway: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("the password is 1234")

    monkeypatch.setattr(gateway.gateway.door, "admit", fail)
    response = await post(gateway, {"query": TIME})
    assert response.status_code == 500
    (error,) = response.json()["errors"]
    assert len(error["extensions"].pop("trace")) == 32
    assert error == {"message": "Something went wrong here.", "extensions": {"code": "FAULT"}}


async def test_a_defect_that_happens_again_and_again_does_not_flood_the_log(
    city: City, gateway: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("gateway.schema.query.list_ideas", fail)
    with structlog.testing.capture_logs() as lines:
        for _ in range(30):
            await gateway.ask("{ ideas { nodes { id } } }")
    assert len([line for line in lines if line["event"] == "an operation failed"]) == 10


async def test_mistakes_of_clients_are_not_logged(gateway: Address, caplog: pytest.LogCaptureFixture) -> None:
    with structlog.testing.capture_logs() as lines, caplog.at_level(logging.WARNING):
        for query in ("{", "{ nothing }", "query A { __typename } query B { __typename }"):
            await post(gateway, {"query": query})
        await post(gateway, "3")
        async with opened(gateway) as socket:
            await say(socket, INIT, subscribe("{ nothing }"))
            await hear(socket)
            await hear(socket)
    assert lines == []
    assert caplog.records == []


async def test_a_slow_operation_is_logged_by_name_and_hash_without_its_variables(
    city: City, nats_url: str, prefix: str
) -> None:
    async with running(nats_url, prefix, slow_operation_seconds=0.000_001) as gateway:
        with structlog.testing.capture_logs() as lines:
            await gateway.ask(document("ConferenceDetails"), id=GID)
            await gateway.ask("query Secret($id: ID!) { conference(id: $id) { id } }", id=GID)
    told = [line for line in lines if line["event"] == "slow operation"]
    assert [line["operation"] for line in told] == ["ConferenceDetails", "other"]
    assert f"sha256:{told[0]['document']}" == document_id(document("ConferenceDetails"))
    assert GID not in json.dumps(lines, default=str)
    assert "Secret" not in json.dumps(lines, default=str)


async def test_operations_are_counted_by_trusted_names(city: City, gateway: Address) -> None:
    await gateway.ask(document("ConferenceDetails"), id=GID)
    await gateway.ask("query AnyName { __typename }")
    await gateway.ask("{ nonsense }")
    metrics = (await gateway.http.get("/metrics")).text
    said = 'quartier_gateway_operations_total{operation="%s",outcome="%s",transport="http"}'
    assert said % ("ConferenceDetails", "ok") in metrics
    assert said % ("other", "ok") in metrics
    assert said % ("other", "rejected") in metrics
    assert "AnyName" not in metrics

# SPDX-License-Identifier: Apache-2.0
"""GraphQL over HTTP, word for word: media types, status codes, what is turned away."""

import json
from typing import Any

import httpx
import pytest

from tests.gateway.city import City
from tests.gateway.conftest import Address, running

GRAPHQL = "application/graphql-response+json"


async def post(gateway: Address, body: Any, accept: str = GRAPHQL, **headers: str) -> httpx.Response:
    sent = {"accept": accept, "content-type": "application/json", **headers}
    content = body if isinstance(body, (str, bytes)) else json.dumps(body)
    return await gateway.http.post("/graphql", content=content, headers=sent)


async def test_an_answer_has_the_media_type_asked_for(gateway: Address) -> None:
    for accept, media in ((GRAPHQL, GRAPHQL), ("application/json", "application/json"), ("*/*", "application/json")):
        response = await post(gateway, {"query": "{ __typename }"}, accept)
        assert response.status_code == 200
        assert response.headers["content-type"] == f"{media}; charset=utf-8"
        assert response.json() == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "3",
        "[]",
        "{}",
        '{"query": 1}',
        '{"query": "{__typename}", "variables": "x"}',
        '{"query": "{__typename}", "variables": []}',
        '{"query": "{__typename}", "operationName": 1}',
        '{"query": "{__typename}", "extensions": 1}',
    ],
)
async def test_what_is_no_request_is_a_bad_request(body: str, gateway: Address) -> None:
    for accept in (GRAPHQL, "application/json"):
        response = await post(gateway, body, accept)
        assert response.status_code == 400
        assert "data" not in response.json()


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("{", None),
        ("{ nothing }", None),
        ("query($id: ID!) { node(id: $id) { id } }", {}),
        ("query A { __typename } query B { __typename }", None),
    ],
)
async def test_what_cannot_be_executed_is_400_for_new_clients_and_200_for_old_ones(
    query: str, variables: Any, gateway: Address
) -> None:
    body = {"query": query, "variables": variables}
    new, old = await post(gateway, body), await post(gateway, body, "application/json")
    assert (new.status_code, old.status_code) == (400, 200)
    for response in (new, old):
        assert response.json()["errors"]
        assert response.json().get("data") is None


async def test_a_query_may_be_a_get_and_a_mutation_may_not(gateway: Address) -> None:
    asked = await gateway.http.get("/graphql", params={"query": "{ __typename }"}, headers={"accept": GRAPHQL})
    assert asked.json() == {"data": {"__typename": "Query"}}
    mutation = "mutation { __typename }"
    wished = await gateway.http.get("/graphql", params={"query": mutation}, headers={"accept": GRAPHQL})
    assert (wished.status_code, wished.headers["allow"]) == (405, "POST")


async def test_only_json_is_read(gateway: Address) -> None:
    response = await gateway.http.post("/graphql", content="query={__typename}", headers={"content-type": "text/plain"})
    assert response.status_code == 415


async def test_only_json_is_written(gateway: Address) -> None:
    assert (await post(gateway, {"query": "{ __typename }"}, "text/css")).status_code == 406


async def test_a_subscription_needs_the_socket(gateway: Address) -> None:
    query = 'subscription { conferenceChanges(conferenceId: "x") { __typename } }'
    assert (await post(gateway, {"query": query})).status_code == 400


async def test_a_long_body_is_not_read_to_its_end(gateway: Address) -> None:
    assert (await post(gateway, {"query": "{ __typename }", "pad": "x" * 70_000})).status_code == 413


async def test_a_defect_shows_a_trace_and_nothing_else(
    city: City, gateway: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("the password is 1234")

    monkeypatch.setattr("gateway.schema.query.list_ideas", fail)
    answer = await gateway.ask("{ ideas { nodes { id } } }")
    (error,) = answer["errors"]
    assert error["message"] == "Something went wrong here."
    assert error["extensions"]["code"] == "FAULT"
    assert "1234" not in json.dumps(answer)


async def test_who_asks_too_often_is_told_when_to_come_back(city: City, nats_url: str, prefix: str) -> None:
    asking = {"query": "{ nodes(ids: [" + '"Tm90aGluZzp4",' * 100 + "]) { id } }"}
    async with running(nats_url, prefix, anonymous_points_per_second=1) as gateway:
        answers = [await post(gateway, asking) for _ in range(22)]
        statuses = [answer.status_code for answer in answers]
        assert statuses == sorted(statuses)
        assert set(statuses) == {200, 429}
        told = answers[-1].json()["errors"][0]["extensions"]
        assert told["code"] == "TOO_MANY_OPERATIONS"
        assert 0 < told["retryAfterMs"] <= 1000 * int(answers[-1].headers["retry-after"])
        assert answers[-1].headers["ratelimit-policy"] == '"points";q=10000;w=10000'
        other = {"authorization": f"Bearer {city.issuer.resident()}"}
        assert (await post(gateway, asking, **other)).status_code == 200


async def test_suggestions_tell_nobody_the_names_of_fields(gateway: Address) -> None:
    answer = await gateway.ask("{ vieweR { kind } conference(idd: 1) { id } }")
    assert "Did you mean" not in json.dumps(answer)


async def test_the_schema_can_be_asked_for(gateway: Address) -> None:
    from graphql import get_introspection_query

    answer = await gateway.ask(get_introspection_query())
    assert "errors" not in answer


HEAVY = {
    "fragments in fragments": "{ viewer { ...f0 } }"
    + "".join(f" fragment f{n} on Viewer {{ ...f{n + 1} ...f{n + 1} }}" for n in range(40))
    + " fragment f40 on Viewer { kind }",
    "aliases in fragments": '{ conference(id: "x") { ...f0 } }'
    + "".join(f" fragment f{n} on Conference {{ a{n}: session {{ id }} ...f{n + 1} ...f{n + 1} }}" for n in range(20))
    + " fragment f20 on Conference { id }",
    "aliases": "{" + " ".join(f"a{n}: serverTime" for n in range(200)) + "}",
    "pages of pages": "{ conferences(first: 100) { nodes { ideas(first: 100) { nodes { authors { id } } } } } }",
    "directives": "{ serverTime " + "@include(if: true) " * 100 + "}",
    "words": "{" + " serverTime" * 3000 + "}",
    "depth": "{" + "nodes(ids: []) { ... on Conference { ideas { nodes { " * 5 + "id" + "} } } }" * 5 + "}",
}


@pytest.mark.parametrize("attack", HEAVY)
async def test_a_heavy_document_is_turned_away_before_any_work(attack: str, city: City, gateway: Address) -> None:
    answer = await gateway.ask(HEAVY[attack])
    assert answer.get("data") is None
    assert answer["errors"]
    assert city.queries == []


async def test_the_public_keys_are_served(city: City, gateway: Address) -> None:
    assert (await gateway.http.get("/.well-known/jwks.json")).json() == {"keys": [city.issuer.jwk]}


async def test_health_and_metrics_are_served(gateway: Address) -> None:
    assert (await gateway.http.get("/livez")).json() == {"alive": True}
    assert (await gateway.http.get("/readyz")).status_code == 200
    assert "quartier_" in (await gateway.http.get("/metrics")).text

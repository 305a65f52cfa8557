# SPDX-License-Identifier: Apache-2.0
"""Tokens of the city's provider: which are accepted, and what people and apps may with them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.schema.relay import global_id
from tests.gateway.city import ANNA, CONFERENCE, City
from tests.gateway.conftest import Address, running
from tests.gateway.provider import OAUTH, OIDC, Provider, provider

VIEWER = "{ viewer { kind grants { role scope } } }"
ORGANISER = [{"role": "organiser", "scope": "city"}]
GID = global_id("Conference", CONFERENCE)


@pytest.fixture
async def issuer() -> AsyncIterator[Provider]:
    async with provider() as made:
        yield made


@pytest.fixture
async def gateway(city: City, issuer: Provider, nats_url: str, prefix: str) -> AsyncIterator[Address]:
    async with running(nats_url, prefix, oidc_issuer=issuer.issuer, own_clients="city-pages") as address:
        yield address


async def status(gateway: Address, token: str) -> int:
    headers = {"authorization": f"Bearer {token}"}
    return (await gateway.http.post("/graphql", json={"query": "{ __typename }"}, headers=headers)).status_code


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
async def test_the_staff_come_with_tokens_of_the_city(algorithm: str, issuer: Provider, gateway: Address) -> None:
    answer = await gateway.ask(VIEWER, issuer.token(algorithm, grants=ORGANISER))
    assert answer["data"]["viewer"] == {"kind": "STAFF", "grants": ORGANISER}


@pytest.mark.parametrize("path", [OIDC, OAUTH])
async def test_either_kind_of_metadata_is_found(path: str, city: City, nats_url: str, prefix: str) -> None:
    async with provider(path) as issuer, running(nats_url, prefix, oidc_issuer=issuer.issuer) as gateway:
        assert await status(gateway, issuer.token()) == 200


async def test_a_provider_that_speaks_for_another_one_is_not_believed(issuer: Provider, gateway: Address) -> None:
    issuer.calls_itself = "https://elsewhere.example"
    assert await status(gateway, issuer.token()) == 503


WRONG: dict[str, dict[str, Any]] = {
    "an ID token": {"typ": "JWT"},
    "no client": {"client_id": None},
    "no expiry": {"exp": None},
    "no instant of issue": {"iat": None},
    "no subject": {"sub": None},
    "for another service": {"aud": "shop"},
    "of another issuer": {"iss": "https://elsewhere.example"},
    "expired": {"exp": 1_700_000_000},
    "not valid yet": {"nbf": 4_000_000_000},
    "with the key of another algorithm": {"algorithm": "ES256", "kid": "RS256"},
    "a resident": {"kind": "resident", "sub": ANNA, "conference": CONFERENCE},
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_token_that_breaks_the_profile_is_refused(wrong: str, issuer: Provider, gateway: Address) -> None:
    assert await status(gateway, issuer.token()) == 200
    assert await status(gateway, issuer.token(**WRONG[wrong])) == 401


async def test_keys_are_fetched_once_however_many_tokens_name_unknown_ones(issuer: Provider, gateway: Address) -> None:
    for number in range(5):
        assert await status(gateway, issuer.token(kid=f"x{number}")) == 401
    assert issuer.asked == 1


async def test_the_citys_provider_vouches_beside_registration(city: City, gateway: Address) -> None:
    assert await status(gateway, city.issuer.resident()) == 200


GROUPS = "query($id: ID!) { conference(id: $id) { groups { run } } }"


async def test_an_app_for_a_person_sees_what_both_may_see(issuer: Provider, gateway: Address) -> None:
    seen = await gateway.ask(GROUPS, issuer.token(grants=ORGANISER, scope="conference:read"), id=GID)
    assert seen["data"]["conference"]["groups"] == {"run": 1}
    beyond = await gateway.ask(GROUPS, issuer.token(grants=ORGANISER, scope="idea:read"), id=GID)
    assert beyond["errors"][0]["extensions"] == {"code": "NOT_ALLOWED", "needs": "scope conference:read"}
    nobody = await gateway.ask(GROUPS, issuer.token(scope="conference:read"), id=GID)
    assert nobody["errors"][0]["extensions"]["needs"] == "mentor or deputy or moderator or organiser"


async def test_by_the_citys_own_pages_no_scope_is_needed(issuer: Provider, gateway: Address) -> None:
    token = issuer.token(client_id="city-pages", grants=ORGANISER)
    assert (await gateway.ask(GROUPS, token, id=GID))["data"]["conference"]["groups"] == {"run": 1}


START = """mutation($input: StartSessionInput!) { startSession(input: $input) {
  __typename ... on NotAllowed { needs } } }"""


async def test_an_app_by_itself_does_what_its_scopes_say(city: City, issuer: Provider, gateway: Address) -> None:
    given = {"idempotencyKey": "1", "conferenceId": GID}
    may = await gateway.ask(START, issuer.token(sub="desk", scope="admin:session"), input=given)
    assert may["data"]["startSession"]["__typename"] == "StartSessionSuccess"
    (command, context) = city.commands[-1]
    assert (context.actor.kind, type(command).__name__) == ("app", "StartSession")
    for scope in ("admin:ideas", "session:live", ""):
        refused = await gateway.ask(START, issuer.token(sub="desk", scope=scope), input=given)
        assert refused["data"]["startSession"]["__typename"] == "NotAllowed"
    assert len(city.commands) == 1


async def test_groups_of_the_provider_are_roles_here(city: City, issuer: Provider, nats_url: str, prefix: str) -> None:
    roles = {"team": ["organiser@city"]}
    async with running(nats_url, prefix, oidc_issuer=issuer.issuer, role_claim="groups", roles=roles) as gateway:
        answer = await gateway.ask(VIEWER, issuer.token(groups=["team", "canteen"]))
        assert answer["data"]["viewer"]["grants"] == ORGANISER

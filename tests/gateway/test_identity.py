# SPDX-License-Identifier: Apache-2.0
"""Which tokens open the door, over HTTP."""

import base64
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.identity import keys as issuer_keys
from services.contracts import registration
from tests.gateway.city import ANNA, CONFERENCE, ISSUER, MODERATOR, City, Issuer
from tests.gateway.conftest import Address

VIEWER = "{ viewer { kind person { displayName } grants { role scope } } }"


async def status(gateway: Address, token: str) -> int:
    headers = {"authorization": f"Bearer {token}"}
    return (await gateway.http.post("/graphql", json={"query": "{ __typename }"}, headers=headers)).status_code


async def test_a_residents_token_says_who_they_are(city: City, gateway: Address) -> None:
    answer = await gateway.ask(VIEWER, city.issuer.resident())
    assert answer["data"]["viewer"] == {"kind": "RESIDENT", "person": {"displayName": "Anna"}, "grants": []}


async def test_a_staff_token_carries_its_roles(city: City, gateway: Address) -> None:
    answer = await gateway.ask(VIEWER, city.issuer.staff())
    assert answer["data"]["viewer"]["grants"] == [{"role": "moderator", "scope": CONFERENCE}]


async def test_without_a_token_one_is_anonymous(gateway: Address) -> None:
    assert (await gateway.ask(VIEWER))["data"]["viewer"]["kind"] == "ANONYMOUS"


def unsigned(claims: dict[str, Any]) -> str:
    parts = ({"alg": "none", "kid": "k1", "typ": "at+jwt"}, claims)
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + "."


def faults(issuer: Issuer) -> dict[str, str]:
    good = jwt.decode(issuer.resident(), options={"verify_signature": False})
    public = issuer.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    hmac_key = base64.b64encode(public).decode()
    header, body, _ = issuer.resident().split(".")
    _, _, other_signature = Issuer().resident().split(".")
    return {
        "no token": "nonsense",
        "unsigned": unsigned(good),
        "public key as secret": jwt.encode(good, hmac_key, algorithm="HS256", headers={"kid": "k1", "typ": "at+jwt"}),
        "an ID token": jwt.encode(good, issuer.private, algorithm="ES256", headers={"kid": "k1"}),
        "no key named": jwt.encode(good, issuer.private, algorithm="ES256", headers={"typ": "at+jwt"}),
        "not yet valid": issuer.resident(nbf=int(time.time()) + 600),
        "issued in the future": issuer.resident(iat=int(time.time()) + 600),
        "longer than any": issuer.resident(more="x" * 9000),
        "another signature": f"{header}.{body}.{other_signature}",
        "another issuer's key": Issuer().resident(),
        "unknown key": Issuer("k9").resident(),
        "another issuer": issuer.resident(iss="http://elsewhere.test"),
        "another audience": issuer.resident(aud="shop"),
        "expired": issuer.resident(lifetime=-60),
        "not a person": issuer.resident("mayor"),
        "no conference": issuer.resident(conference="everywhere"),
        "a service": issuer.token("gateway", kind="service", grants=[{"role": "service", "scope": "city"}]),
        "grants in another form": issuer.token(MODERATOR, kind="staff", grants="all"),
    }


FAULTS = list(faults(Issuer()))


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_faulty_token_is_not_accepted(fault: str, city: City, gateway: Address) -> None:
    assert await status(gateway, city.issuer.resident()) == 200
    assert await status(gateway, faults(city.issuer)[fault]) == 401


async def test_a_new_key_of_the_issuer_is_fetched(
    city: City, gateway: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await status(gateway, city.issuer.resident()) == 200
    rotated = Issuer("k2")
    keys = (rotated.jwk, city.issuer.jwk)
    city.say(registration.GetJsonWebKeys, lambda _: registration.JsonWebKeys(keys=keys, issuer=ISSUER))
    monkeypatch.setattr(issuer_keys, "FETCH_SECONDS", 0.0)
    assert await status(gateway, rotated.resident()) == 200
    assert await status(gateway, city.issuer.resident(ANNA)) == 200


async def test_unknown_keys_do_not_make_the_gateway_ask_for_every_token(city: City, gateway: Address) -> None:
    for number in range(5):
        assert await status(gateway, Issuer(f"x{number}").resident()) == 401
    assert sum(isinstance(query, registration.GetJsonWebKeys) for query in city.queries) == 1


async def test_while_the_issuer_is_away_known_tokens_hold_and_new_ones_wait(city: City, gateway: Address) -> None:
    token = city.issuer.resident()
    assert await status(gateway, token) == 200
    await city.parts["registration"].down()
    assert await status(gateway, token) == 200
    assert await status(gateway, city.issuer.staff()) == 200
    assert await status(gateway, Issuer("k7").resident()) in {401, 503}


async def test_who_is_refused_is_told_where_tokens_come_from(city: City, gateway: Address) -> None:
    metadata = (await gateway.http.get("/.well-known/oauth-protected-resource")).json()
    assert metadata["bearer_methods_supported"] == ["header"]
    assert "idea:read" in metadata["scopes_supported"]
    refused = await gateway.http.post(
        "/graphql", json={"query": "{ __typename }"}, headers={"authorization": "Bearer x"}
    )
    challenge = refused.headers["www-authenticate"]
    assert 'error="invalid_token"' in challenge
    assert f'resource_metadata="{metadata["resource"]}/.well-known/oauth-protected-resource"' in challenge


async def test_a_token_in_the_address_opens_nothing(city: City, gateway: Address) -> None:
    token = city.issuer.resident()
    sent = {"query": "{ viewer { kind } }", "access_token": token, "authorization": f"Bearer {token}"}
    got = await gateway.http.get("/graphql", params=sent, headers={"graphql-require-preflight": "1"})
    assert got.json()["data"]["viewer"]["kind"] == "ANONYMOUS"

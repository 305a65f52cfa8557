# SPDX-License-Identifier: Apache-2.0
"""Two issuers of tokens, of whom one may be away."""

import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from gateway.identity import BadToken, CityClaims, Identity, IssuerAway, Login, verify

KEY = ec.generate_private_key(ec.SECP256R1())
JWK = {**ECAlgorithm(ECAlgorithm.SHA256).to_jwk(KEY.public_key(), as_dict=True), "kid": "k1", "alg": "ES256"}


class Known:
    audience = "quartier"
    algorithms: tuple[str, ...] = ("ES256",)
    asked = 0

    async def fetch(self) -> tuple[str, list[dict[str, Any]]]:
        self.asked += 1
        return "https://city", [JWK]

    def login(self, claims: dict[str, Any]) -> Login:
        return CityClaims().login(claims)


class Away(Known):
    async def fetch(self) -> tuple[str, list[dict[str, Any]]]:
        self.asked += 1
        raise IssuerAway("registration")


def header(issuer: str = "https://city", kid: str = "k1") -> str:
    claims = {"iss": issuer, "aud": "quartier", "sub": "mia", "client_id": "desk", "iat": int(time.time())}
    claims["exp"] = int(time.time()) + 60
    return "Bearer " + jwt.encode(claims, KEY, algorithm="ES256", headers={"kid": kid, "typ": "at+jwt"})


async def test_the_staff_of_the_city_get_in_while_registration_is_away():
    assert (await Identity(Away(), Known()).authenticate(header())).actor.kind == "staff"


async def test_a_token_that_only_the_issuer_who_is_away_may_know_waits():
    with pytest.raises(IssuerAway):
        await Identity(Away(), Known()).authenticate(header("https://registration", "k2"))


async def test_a_token_that_nobody_knows_is_refused():
    with pytest.raises(BadToken):
        await Identity(Known(), Known()).authenticate(header(kid="k2"))


async def test_an_issuer_who_is_away_is_not_asked_for_every_token():
    away = Away()
    identity = Identity(away)
    for number in range(5):
        with pytest.raises(IssuerAway):
            await identity.authenticate(header(kid=f"k{number}"))
    assert away.asked == 1


async def test_keys_are_fetched_anew_now_and_then_and_one_that_was_taken_back_is_good_no_more(
    monkeypatch: pytest.MonkeyPatch,
):
    known = Known()
    identity = Identity(known)
    await identity.authenticate(header())
    monkeypatch.setattr(verify, "KEYS_SECONDS", 0.0)
    monkeypatch.setattr(verify, "FETCH_SECONDS", 0.0)
    monkeypatch.setattr(Known, "fetch", lambda self: nothing())
    with pytest.raises(BadToken):
        await identity.authenticate(header() + " ")


async def nothing() -> tuple[str, list[dict[str, Any]]]:
    return "https://city", []


async def test_a_shared_secret_among_the_keys_signs_nothing(monkeypatch: pytest.MonkeyPatch):
    oct_key = {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldC0=", "kid": "s1", "alg": "HS256"}

    async def fetch(self: Known) -> tuple[str, list[dict[str, Any]]]:
        return "https://city", [JWK, oct_key]

    monkeypatch.setattr(Known, "fetch", fetch)
    claims = {"iss": "https://city", "aud": "quartier", "sub": "mia", "client_id": "desk", "iat": 0, "exp": 4e9}
    secret = b"secret-secret-secret-secret-secret-"
    token = jwt.encode(claims, secret, algorithm="HS256", headers={"kid": "s1", "typ": "at+jwt"})
    with pytest.raises(BadToken):
        await Identity(Known()).authenticate(f"Bearer {token}")

# SPDX-License-Identifier: Apache-2.0
"""Two issuers of tokens, of whom one may be away."""

import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from gateway.identity import BadToken, Identity, IssuerAway
from services.chassis.identity import Kind

KEY = ec.generate_private_key(ec.SECP256R1())
JWK = {**ECAlgorithm(ECAlgorithm.SHA256).to_jwk(KEY.public_key(), as_dict=True), "kid": "k1", "alg": "ES256"}


class Known:
    kinds: tuple[Kind, ...] = ("staff",)
    audience = "quartier"

    async def fetch(self) -> tuple[str, list[dict[str, Any]]]:
        return "https://city", [JWK]


class Away(Known):
    async def fetch(self) -> tuple[str, list[dict[str, Any]]]:
        raise IssuerAway("registration")


def header(issuer: str = "https://city", kid: str = "k1") -> str:
    claims = {"iss": issuer, "aud": "quartier", "sub": "mia", "exp": int(time.time()) + 60}
    return "Bearer " + jwt.encode(claims, KEY, algorithm="ES256", headers={"kid": kid})


async def test_the_staff_of_the_city_get_in_while_registration_is_away():
    assert (await Identity(Away(), Known()).authenticate(header())).actor.kind == "staff"


async def test_a_token_that_only_the_issuer_who_is_away_may_know_waits():
    with pytest.raises(IssuerAway):
        await Identity(Away(), Known()).authenticate(header("https://registration", "k2"))


async def test_a_token_that_nobody_knows_is_refused():
    with pytest.raises(BadToken):
        await Identity(Known(), Known()).authenticate(header(kid="k2"))

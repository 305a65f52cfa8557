# SPDX-License-Identifier: Apache-2.0
"""Two issuers of tokens, of whom one may be away."""

import asyncio
import base64
import time
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from gateway.identity import BadToken, CityClaims, Discovered, Identity, IssuerAway, Login, keys

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


def header(issuer: str = "https://city", kid: str = "k1", headers: dict[str, Any] | None = None, **more: Any) -> str:
    now = int(time.time())
    claims: dict[str, Any] = {"iss": issuer, "aud": "quartier", "sub": "mia", "client_id": "desk", "iat": now}
    claims |= {"exp": now + 60, **more}
    named = {"kid": kid, "typ": "at+jwt", **(headers or {})}
    return "Bearer " + jwt.encode(claims, KEY, algorithm="ES256", headers=named)


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
    monkeypatch.setattr(keys, "KEYS_SECONDS", 0.0)
    monkeypatch.setattr(keys, "FETCH_SECONDS", 0.0)
    monkeypatch.setattr(Known, "fetch", lambda self: nothing())
    await identity.authenticate(header(aud=["quartier", "a"]))  # nobody waits while they are fetched
    await asyncio.sleep(0)
    with pytest.raises(BadToken):
        await identity.authenticate(header(aud=["quartier", "b"]))


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


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


GOOD, _, _ = header().removeprefix("Bearer ").partition(".")


def nested(depth: int) -> str:
    return encoded('{"iss":' + "[" * depth + "]" * depth + "}")


@pytest.mark.parametrize(
    "token",
    [
        f"{GOOD}.{nested(2900)}.AAAA",
        f"{nested(2900)}.{encoded('{}')}.AAAA",
        f"{GOOD}.{encoded('[]')}.AAAA",
        f"{GOOD}.{encoded('7')}.AAAA",
        "a.b.c",
        "...",
        "\ud800.\ud800.\ud800",
        "ä.ö.ü",
        "x" * 9000,
    ],
    ids=range(9),
)
async def test_what_only_looks_like_a_token_is_refused_and_breaks_nothing(token: str):
    identity = Identity(Known())
    with pytest.raises(BadToken):
        await identity.authenticate(f"Bearer {token}")


@pytest.mark.parametrize(
    ("claims", "good"),
    [
        ({"aud": ["elsewhere", "quartier"]}, True),
        ({"aud": ["elsewhere"]}, False),
        ({"aud": []}, False),
        ({"aud": {"quartier": 1}}, False),
        ({"exp": -3}, True),
        ({"exp": -8}, False),
        ({"iat": 3}, True),
        ({"iat": 8}, False),
        ({"nbf": 3}, True),
        ({"nbf": 8}, False),
        ({"exp": "soon"}, False),
        ({"sub": 7}, False),
        ({"issuer": "https://city/"}, False),
        ({"headers": {"crit": ["exp"]}}, False),
        ({"headers": {"typ": "JWT"}}, False),
        ({"headers": {"jwk": {"kty": "oct", "k": "AAAA"}, "jku": "https://evil.example/keys"}}, True),
    ],
    ids=str,
)
async def test_audience_clock_and_form_of_a_signed_token(claims: dict[str, Any], good: bool):
    now = int(time.time())
    given = {name: now + value if name in ("exp", "iat", "nbf") and value != "soon" else value
             for name, value in claims.items()}  # fmt: skip
    asked = Identity(Known()).authenticate(header(**given))
    if good:
        assert (await asked).called == "desk"
    else:
        with pytest.raises(BadToken):
            await asked


class Slow(Known):
    """Its answers take as long as a test says."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.go.set()
        self.begun = asyncio.Event()
        self.kids = ["k1"]
        self.away = False

    async def fetch(self) -> tuple[str, list[dict[str, Any]]]:
        self.asked += 1
        self.begun.set()
        await self.go.wait()
        if self.away:
            raise IssuerAway("the provider")
        return "https://city", [{**JWK, "kid": kid} for kid in self.kids]


async def test_nobody_with_a_known_key_waits_for_an_issuer_that_takes_its_time(monkeypatch: pytest.MonkeyPatch):
    slow = Slow()
    identity = Identity(slow)
    await identity.authenticate(header())
    monkeypatch.setattr(keys, "KEYS_SECONDS", 0.0)
    monkeypatch.setattr(keys, "FETCH_SECONDS", 0.0)
    slow.go.clear()
    for number in range(3):
        async with asyncio.timeout(5):
            assert (await identity.authenticate(header(aud=["quartier", f"a{number}"]))).called == "desk"
        await asyncio.sleep(0)
    assert slow.asked == 2


async def test_a_storm_of_unknown_keys_is_one_question():
    slow = Slow()
    identity = Identity(slow)
    slow.go.clear()
    asked = [asyncio.create_task(identity.authenticate(header(kid=f"x{number}"))) for number in range(50)]
    async with asyncio.timeout(60):
        await slow.begun.wait()
    slow.go.set()
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {BadToken}
    assert slow.asked == 1


async def test_a_new_key_of_the_issuer_is_found_when_a_token_names_it(monkeypatch: pytest.MonkeyPatch):
    slow = Slow()
    identity = Identity(slow)
    await identity.authenticate(header())
    slow.kids = ["k1", "k2"]
    monkeypatch.setattr(keys, "FETCH_SECONDS", 0.0)
    assert (await identity.authenticate(header(kid="k2"))).called == "desk"


async def test_a_new_key_while_the_issuer_is_away_waits_and_is_not_refused(monkeypatch: pytest.MonkeyPatch):
    slow = Slow()
    identity = Identity(slow)
    await identity.authenticate(header())
    slow.away = True
    monkeypatch.setattr(keys, "FETCH_SECONDS", 0.0)
    for number in range(2):
        with pytest.raises(IssuerAway):
            await identity.authenticate(header(kid="k2", aud=["quartier", f"a{number}"]))
        monkeypatch.setattr(keys, "FETCH_SECONDS", 60.0)
    assert slow.asked == 2


async def test_keys_of_an_issuer_that_stays_away_are_good_for_hours_and_not_for_ever(monkeypatch: pytest.MonkeyPatch):
    slow = Slow()
    identity = Identity(slow)
    await identity.authenticate(header())
    slow.away = True
    monkeypatch.setattr(keys, "KEYS_SECONDS", 0.0)
    monkeypatch.setattr(keys, "FETCH_SECONDS", 0.0)
    assert (await identity.authenticate(header(aud=["quartier", "a"]))).called == "desk"
    monkeypatch.setattr(keys, "LONGEST_SECONDS", 0.0)
    with pytest.raises(IssuerAway):
        await identity.authenticate(header(aud=["quartier", "b"]))


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
async def test_a_short_key_is_not_trusted(monkeypatch: pytest.MonkeyPatch):
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 -- that is the point
    jwk = {**RSAAlgorithm(RSAAlgorithm.SHA256).to_jwk(short.public_key(), as_dict=True), "kid": "r1", "alg": "RS256"}

    async def fetch(self: Known) -> tuple[str, list[dict[str, Any]]]:
        return "https://city", [jwk]

    monkeypatch.setattr(Known, "fetch", fetch)
    monkeypatch.setattr(Known, "algorithms", ("ES256", "RS256"))
    claims = jwt.decode(header().removeprefix("Bearer "), options={"verify_signature": False})
    token = jwt.encode(claims, short, algorithm="RS256", headers={"kid": "r1", "typ": "at+jwt"})
    with pytest.raises(BadToken):
        await Identity(Known()).authenticate(f"Bearer {token}")


@pytest.mark.parametrize(
    ("said", "jwks_uri"),
    [
        ("https://city/", "https://city/keys"),
        ("https://city", "http://city/keys"),
        ("https://evil", "https://evil/keys"),
    ],
)
async def test_a_provider_that_speaks_for_another_one_or_without_encryption_is_not_believed(said: str, jwks_uri: str):
    def answer(request: httpx.Request) -> httpx.Response:
        if "well-known" in request.url.path:
            return httpx.Response(200, json={"issuer": said, "jwks_uri": jwks_uri})
        return httpx.Response(200, json={"keys": [JWK]})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        with pytest.raises(IssuerAway):
            await Discovered("https://city", "quartier", http, CityClaims()).fetch()

# SPDX-License-Identifier: Apache-2.0
"""Who asks: access tokens are verified here, once, and become an `Actor`.

Two issuers, one way of verification: registration (residents; on laptops staff too), whose keys come over the bus,
and the city's OIDC provider (staff and apps), found by discovery. The gateway issues nothing.
"""

import asyncio
import hashlib
import time
from collections import OrderedDict, deque
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol
from uuid import NAMESPACE_URL, uuid5

import httpx
import jwt
import msgspec
import structlog

from gateway.backends import GATEWAY, Backends
from gateway.schema.relay import HEX
from services.chassis.identity import ANONYMOUS, Actor, Grant, Kind
from services.contracts import registration

log = structlog.get_logger()

ALGORITHMS = ("ES256", "RS256")
KEEP_SECONDS = 60.0
FETCH_SECONDS = 5.0
LEEWAY_SECONDS = 5
RESIDENT_SECONDS = 900.0
"""Real time after which no token of a resident is good any more: they live ten minutes."""


class BadToken(Exception):
    """A token that is not accepted; the text is for developers and never repeats the token."""


class IssuerAway(Exception):
    """The keys of an issuer cannot be fetched now."""


class Login(NamedTuple):
    """Who a token stands for, and until when.

    Args:
        actor: who.
        conference: of a resident, the conference they have a token for.
        expires_at: seconds since 1970, real time.
    """

    actor: Actor
    conference: str | None
    expires_at: float


NOBODY = Login(ANONYMOUS, None, float("inf"))


class Issuer(Protocol):
    """Where keys come from, and what its tokens may say."""

    kinds: tuple[Kind, ...]
    audience: str

    async def fetch(self) -> tuple[str, list[dict[str, Any]]]:
        """The value of `iss` and the keys as JWKs.

        Raises:
            IssuerAway: not now.
        """


class Registration:
    """The issuer of residents' tokens, and on laptops of the staff's.

    Args:
        backends: the services.
    """

    kinds: tuple[Kind, ...] = ("resident", "staff")
    audience = "quartier"

    def __init__(self, backends: Backends) -> None:
        self._backends = backends

    async def fetch(self) -> tuple[str, list[dict[str, Any]]]:
        """Asks registration."""
        reply = await self._backends.ask(registration.GetJsonWebKeys(), GATEWAY)
        if reply.answer is None:
            raise IssuerAway("registration")
        return reply.answer.issuer, [dict(key) for key in reply.answer.keys]


class Discovered:
    """The city's OIDC provider.

    Args:
        issuer: its address, exactly as in `iss`.
        audience: the `aud` its tokens must have.
        http: client for discovery and keys.
    """

    kinds: tuple[Kind, ...] = ("staff", "app")

    def __init__(self, issuer: str, audience: str, http: httpx.AsyncClient) -> None:
        self._issuer = issuer
        self.audience = audience
        self._http = http

    async def fetch(self) -> tuple[str, list[dict[str, Any]]]:
        """Discovery, then the keys."""
        try:
            address = self._issuer.rstrip("/") + "/.well-known/openid-configuration"
            found = (await self._http.get(address)).raise_for_status().json()
            if found["issuer"] != self._issuer:
                raise IssuerAway(f"{self._issuer} calls itself {found['issuer']}")
            keys = (await self._http.get(found["jwks_uri"])).raise_for_status().json()["keys"]
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise IssuerAway(self._issuer) from error
        return self._issuer, list(keys)


class _Keys:
    """The keys of one issuer as they were fetched last."""

    def __init__(self, issuer: Issuer) -> None:
        self.issuer = issuer
        self.name: str | None = None
        self.keys: dict[str, jwt.PyJWK] = {}
        self.fetched_at = float("-inf")
        self.fetching = asyncio.Lock()


class Identity:
    """Verifies tokens.

    Args:
        issuers: whose tokens are accepted.
        size: how many verified tokens are remembered.
    """

    def __init__(self, *issuers: Issuer, size: int = 20_000) -> None:
        self._issuers = [_Keys(issuer) for issuer in issuers]
        self._size = size
        self._known: OrderedDict[bytes, tuple[float, Login]] = OrderedDict()
        self._revoked: set[str] = set()
        self._erased: deque[tuple[float, str]] = deque()
        self._released: dict[str, frozenset[Grant]] = {}

    async def authenticate(self, authorization: str | None) -> Login:
        """Who an `Authorization` header (or the field of that name in `connection_init`) stands for.

        Raises:
            BadToken: it is not accepted.
            IssuerAway: it cannot be verified now.
        """
        if not authorization:
            return NOBODY
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise BadToken("only `Bearer` tokens are accepted")
        key, now = hashlib.sha256(token.encode()).digest(), time.time()
        known = self._known.get(key)
        if known is not None and known[0] > now:
            login = known[1]
        else:
            login = await self._verify(token.strip())
            self._known[key] = (min(login.expires_at, now + KEEP_SECONDS), login)
            if len(self._known) > self._size:
                self._known.popitem(last=False)
        if login.actor.id in self._revoked:
            raise BadToken("this person has no access any more")
        released = self._released.get(login.actor.id)
        return login if released is None else _without(login, released)

    def revoke(self, person: str) -> None:
        """Refuses all tokens of a person from now on: excluded, or erased from the staff."""
        self._revoked.add(person)

    def revoke_erased(self, participant: str) -> None:
        """Refuses the tokens of an erased resident until the last of them has expired; there are no new ones."""
        now = time.monotonic()
        while self._erased and self._erased[0][0] < now:
            self._revoked.discard(self._erased.popleft()[1])
        self._revoked.add(participant)
        self._erased.append((now + RESIDENT_SECONDS, participant))

    def readmit(self, participant: str) -> None:
        """Accepts the tokens of a resident again."""
        self._revoked.discard(participant)

    def release(self, person: str, grant: Grant) -> None:
        """Takes a role from a person of the staff, whatever their tokens say, until it is given to them again."""
        self._released[person] = self._released.get(person, frozenset()) | {grant}

    def assign(self, person: str, grant: Grant) -> None:
        """Lets a role hold again that was taken from a person."""
        left = self._released.pop(person, frozenset()) - {grant}
        if left:
            self._released[person] = left

    async def _verify(self, token: str) -> Login:
        try:
            header = jwt.get_unverified_header(token)
            said = jwt.decode(token, options={"verify_signature": False}).get("iss")
        except jwt.PyJWTError:
            raise BadToken("this is not a token") from None
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in ALGORITHMS or not isinstance(kid, str):
            raise BadToken("the token is not signed with ES256 or RS256 and a named key")
        away: IssuerAway | None = None
        for keys in self._issuers:
            try:
                key = await self._key(keys, said, kid)
            except IssuerAway as error:
                away = error  # the token may be of another issuer
                continue
            if key is None:
                continue
            try:
                claims = jwt.decode(
                    token,
                    key,
                    algorithms=[algorithm],
                    audience=keys.issuer.audience,
                    issuer=keys.name,
                    leeway=LEEWAY_SECONDS,
                    options={"require": ["exp", "sub", "iss", "aud"]},
                )
            except jwt.PyJWTError as error:
                raise BadToken(f"the token is not accepted: {type(error).__name__}") from None
            return login_of(claims, keys.issuer.kinds)
        if away is not None:
            raise away
        raise BadToken("the issuer or the key of this token is not known")

    async def _key(self, keys: _Keys, said: object, kid: str) -> jwt.PyJWK | None:
        """The named key of an issuer, fetched when it is not known yet, at most every few seconds."""
        if kid in keys.keys:
            return keys.keys[kid] if said == keys.name else None
        async with keys.fetching:
            if kid not in keys.keys and time.monotonic() - keys.fetched_at > FETCH_SECONDS:
                keys.name, found = await keys.issuer.fetch()
                keys.fetched_at = time.monotonic()
                keys.keys = dict(_readable(found))
        return keys.keys.get(kid) if said == keys.name else None


def _without(login: Login, released: frozenset[Grant]) -> Login:
    grants = tuple(grant for grant in login.actor.grants if grant not in released)
    return login._replace(actor=msgspec.structs.replace(login.actor, grants=grants))


def _readable(found: list[dict[str, Any]]) -> list[tuple[str, jwt.PyJWK]]:
    keys: list[tuple[str, jwt.PyJWK]] = []
    for jwk in found:
        try:
            keys.append((str(jwk["kid"]), jwt.PyJWK(jwk)))
        except (KeyError, jwt.PyJWTError):
            log.warning("a key of the issuer cannot be read", kid=jwk.get("kid"))
    return keys


def login_of(claims: Mapping[str, Any], kinds: tuple[Kind, ...]) -> Login:
    """Reads verified claims.

    Args:
        claims: of the token.
        kinds: what this issuer may vouch for.

    Raises:
        BadToken: they say something this issuer may not say, or nothing that can be understood.
    """
    kind = claims.get("kind", "staff")
    if kind not in kinds:
        raise BadToken("this issuer does not vouch for such people")
    subject, expires_at = str(claims["sub"]), float(claims["exp"])
    if kind == "resident":
        conference = str(claims.get("conference", ""))
        if not HEX.match(subject) or not HEX.match(conference):
            raise BadToken("a resident's token names a participant and a conference")
        return Login(Actor(id=subject, kind="resident"), conference, expires_at)
    if not HEX.match(subject):
        subject = uuid5(NAMESPACE_URL, f"{claims['iss']}#{subject}").hex
    try:
        grants = msgspec.convert(claims.get("grants", []), tuple[Grant, ...])
    except msgspec.ValidationError:
        raise BadToken("`grants` is a list of roles with their scopes") from None
    return Login(Actor(id=subject, kind=kind, grants=grants), None, expires_at)

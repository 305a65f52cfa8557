# SPDX-License-Identifier: Apache-2.0
"""Verifies tokens and API keys, each of them once a minute at most, and refuses at once whose access has ended."""

import asyncio
import hashlib
import time
from collections import OrderedDict, deque
from typing import Any

import jwt
import msgspec
import structlog

from gateway.identity.api_keys import PREFIX, ApiKeys
from gateway.identity.issuers import TYPES, Issuer
from gateway.identity.logins import NOBODY, BadToken, IssuerAway, Login
from services.chassis.identity import Grant

log = structlog.get_logger()

KEEP_SECONDS = 60.0
FETCH_SECONDS = 5.0
"""Real time between two attempts to fetch an issuer's keys, however many tokens name a key that is not known."""
KEYS_SECONDS = 600.0
"""Real time after which keys are fetched anew, so that one which the issuer took back is not good for ever."""
LEEWAY_SECONDS = 5
RESIDENT_SECONDS = 900.0
"""Real time after which no token of a resident is good any more: they live ten minutes."""
TOKEN_BYTES = 8192


class _Keys:
    """The keys of one issuer as they were fetched last."""

    def __init__(self, issuer: Issuer) -> None:
        self.issuer = issuer
        self.name: str | None = None
        self.keys: dict[str, jwt.PyJWK] = {}
        self.fetched_at = float("-inf")
        self.tried_at = float("-inf")
        self.fetching = asyncio.Lock()

    def old(self, kid: str) -> bool:
        """Whether the keys are too old, or do not have this one."""
        return kid not in self.keys or time.monotonic() - self.fetched_at > KEYS_SECONDS

    async def refresh(self, kid: str) -> None:
        """Fetches the keys, unless that was tried a moment ago.

        Raises:
            IssuerAway: they cannot be had now, and there are none from before.
        """
        async with self.fetching:
            if not self.old(kid) or time.monotonic() - self.tried_at <= FETCH_SECONDS:
                if self.name is None:
                    raise IssuerAway("the keys could not be fetched a moment ago")
                return
            self.tried_at = time.monotonic()
            try:
                self.name, found = await self.issuer.fetch()
            except IssuerAway:
                if kid not in self.keys:
                    raise
                log.warning("an issuer is away; its keys of before are used", issuer=self.name)
                return
            self.fetched_at = time.monotonic()
            self.keys = dict(_readable(found))


class Identity:
    """Verifies tokens.

    Args:
        issuers: whose tokens are accepted.
        api_keys: verifies the keys of apps; None: there are none.
        size: how many verified tokens are remembered.
    """

    def __init__(self, *issuers: Issuer, api_keys: ApiKeys | None = None, size: int = 20_000) -> None:
        self._issuers = [_Keys(issuer) for issuer in issuers]
        self._api_keys = api_keys
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
        token = token.strip()
        if scheme.lower() != "bearer" or not token or len(token) > TOKEN_BYTES:
            raise BadToken("only `Bearer` tokens are accepted")
        if token.startswith(PREFIX):
            if self._api_keys is None:
                raise BadToken("API keys are not accepted here")
            return await self._api_keys.authenticate(token)
        key, now = hashlib.sha256(token.encode()).digest(), time.time()
        known = self._known.get(key)
        if known is not None and known[0] > now:
            login = known[1]
        else:
            login = await self._verify(token)
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

    def forget_app(self, app: str) -> None:
        """Asks again what the keys of an app may."""
        if self._api_keys is not None:
            self._api_keys.forget(app)

    async def _verify(self, token: str) -> Login:
        try:
            header = jwt.get_unverified_header(token)
            said = jwt.decode(token, options={"verify_signature": False}).get("iss")
        except jwt.PyJWTError:
            raise BadToken("this is not a token") from None
        algorithm, kid = header.get("alg"), header.get("kid")
        if str(header.get("typ")).lower() not in TYPES:
            raise BadToken("this is not an access token: its `typ` is not at+jwt")
        if not isinstance(kid, str):
            raise BadToken("the token is not signed with a named key")
        away: IssuerAway | None = None
        for keys in self._issuers:
            try:
                key = await self._key(keys, said, kid)
            except IssuerAway as error:
                away = error  # the token may be of another issuer
                continue
            if key is None:
                continue
            if algorithm not in keys.issuer.algorithms or algorithm != key.algorithm_name:
                raise BadToken(f"the token is not signed with {' or '.join(keys.issuer.algorithms)}, or not as its key")
            try:
                claims = jwt.decode(
                    token,
                    key,
                    algorithms=[algorithm],
                    audience=keys.issuer.audience,
                    issuer=keys.name,
                    leeway=LEEWAY_SECONDS,
                    options={"require": ["exp", "iat", "sub", "iss", "aud"]},
                )
            except jwt.PyJWTError as error:
                raise BadToken(f"the token is not accepted: {type(error).__name__}") from None
            return keys.issuer.login(claims)
        if away is not None:
            raise away
        raise BadToken("the issuer or the key of this token is not known")

    @staticmethod
    async def _key(keys: _Keys, said: object, kid: str) -> jwt.PyJWK | None:
        """The named key of an issuer; None when it is not this one's, or it has none of that name."""
        if keys.name is not None and said != keys.name:
            return None
        if keys.old(kid):
            await keys.refresh(kid)
        return keys.keys.get(kid) if said == keys.name else None


def _without(login: Login, released: frozenset[Grant]) -> Login:
    grants = tuple(grant for grant in login.actor.grants if grant not in released)
    return login._replace(actor=msgspec.structs.replace(login.actor, grants=grants))


def _readable(found: list[dict[str, Any]]) -> list[tuple[str, jwt.PyJWK]]:
    keys: list[tuple[str, jwt.PyJWK]] = []
    for jwk in found:
        if jwk.get("use", "sig") != "sig" or jwk.get("kty") == "oct":
            continue  # a key for encryption, or a secret that would let anybody who reads it sign
        try:
            keys.append((str(jwk["kid"]), jwt.PyJWK(jwk)))
        except (KeyError, jwt.PyJWTError):
            log.warning("a key of the issuer cannot be read", kid=jwk.get("kid"))
    return keys

# SPDX-License-Identifier: Apache-2.0
"""Verifies tokens and API keys, each of them once a minute at most, and refuses at once whose access has ended."""

import hashlib
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

import jwt
import msgspec

from gateway.identity.api_keys import PREFIX, ApiKeys
from gateway.identity.clients import Clients
from gateway.identity.issuers import TYPES, Issuer
from gateway.identity.keys import IssuerKeys
from gateway.identity.logins import NOBODY, BadToken, IssuerAway, Login, free
from services.chassis.identity import Grant

KEEP_SECONDS = 60.0
LEEWAY_SECONDS = 5
RESIDENT_SECONDS = 900.0
"""Real time after which no token of a resident is good any more: they live ten minutes."""
TOKEN_BYTES = 8192


UNREADABLE = (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError)
"""What comes of text that only looks like a token, such as one of a thousand brackets."""


class _Said(NamedTuple):
    """What a token says of itself, before anything is verified."""

    algorithm: object
    kid: str
    issuer: object


class Identity:
    """Verifies tokens.

    Args:
        issuers: whose tokens are accepted.
        api_keys: verifies the keys of apps; None: there are none.
        clients: what the city says of apps of its provider; None: nothing.
        size: how many verified tokens are remembered.
    """

    def __init__(
        self, *issuers: Issuer, api_keys: ApiKeys | None = None, clients: Clients | None = None, size: int = 20_000
    ) -> None:
        self._issuers = [IssuerKeys(issuer) for issuer in issuers]
        self._api_keys = api_keys
        self._clients = clients
        self._size = size
        self._known: OrderedDict[bytes, tuple[float, Login]] = OrderedDict()
        self._excluded: set[str] = set()
        self._erased: set[str] = set()
        self._forgotten: deque[tuple[float, str]] = deque()
        self._released: dict[str, frozenset[Grant]] = {}

    async def authenticate(self, authorization: str | None, pay: Callable[[], None] = free) -> Login:
        """Who an `Authorization` header (or the field of that name in `connection_init`) stands for.

        Args:
            authorization: None: nobody.
            pay: called before anything is done about a token that is not remembered; it may raise, too.

        Raises:
            BadToken: it is not accepted.
            IssuerAway: it cannot be verified now.
        """
        if not authorization:
            return NOBODY
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token.isascii() or not 0 < len(token) <= TOKEN_BYTES:
            raise BadToken("only `Bearer` tokens are accepted")
        if token.startswith(PREFIX):
            if self._api_keys is None:
                raise BadToken("API keys are not accepted here")
            return await self._api_keys.authenticate(token, pay)
        key, now = hashlib.sha256(token.encode()).digest(), time.time()
        known = self._known.get(key)
        if known is not None and known[0] > now:
            login = known[1]
        else:
            pay()
            login = await self._verify(token)
            self._known[key] = (min(login.expires_at, now + KEEP_SECONDS), login)
            if len(self._known) > self._size:
                self._known.popitem(last=False)
        if login.called and self._clients is not None:
            login = await self._clients.admit(login)
        if login.actor.id in self._erased or login.actor.id in self._excluded:
            raise BadToken("this person has no access any more")
        released = self._released.get(login.actor.id)
        return login if released is None else _without(login, released)

    def revoke(self, person: str) -> None:
        """Refuses all tokens of an erased person from now on."""
        self._erased.add(person)

    def revoke_erased(self, participant: str) -> None:
        """Refuses the tokens of an erased resident until the last of them has expired; there are no new ones."""
        now = time.monotonic()
        while self._forgotten and self._forgotten[0][0] < now:
            self._erased.discard(self._forgotten.popleft()[1])
        self._erased.add(participant)
        self._forgotten.append((now + RESIDENT_SECONDS, participant))

    def exclude(self, participant: str) -> None:
        """Refuses all tokens of a resident until they are readmitted."""
        self._excluded.add(participant)

    def readmit(self, participant: str) -> None:
        """Accepts the tokens of an excluded resident again; who is erased stays out."""
        self._excluded.discard(participant)

    def release(self, person: str, grant: Grant) -> None:
        """Takes a role from a person of the staff, whatever their tokens say, until it is given to them again."""
        self._released[person] = self._released.get(person, frozenset()) | {grant}

    def keep_released(self, ended: Iterable[tuple[str, Grant]]) -> set[str]:
        """Takes these roles from people of the staff, and no others.

        Returns:
            Who lost one just now.
        """
        before = self._released
        self._released = {}
        for person, grant in ended:
            self.release(person, grant)
        return {person for person, grants in self._released.items() if grants - before.get(person, frozenset())}

    def assign(self, person: str, grant: Grant) -> None:
        """Lets a role hold again that was taken from a person."""
        left = self._released.pop(person, frozenset()) - {grant}
        if left:
            self._released[person] = left

    def forget_app(self, app: str) -> None:
        """Asks again what an app and its keys may."""
        if self._api_keys is not None:
            self._api_keys.forget(app)
        if self._clients is not None:
            self._clients.forget(app)

    async def _verify(self, token: str) -> Login:
        said = _said(token)
        away: IssuerAway | None = None
        for keys in self._issuers:
            try:
                key = await keys.find(said.issuer, said.kid)
            except IssuerAway as error:
                away = error  # the token may be of another issuer
                continue
            if key is None:
                continue
            algorithms = keys.issuer.algorithms
            if said.algorithm not in algorithms or said.algorithm != key.algorithm_name:
                raise BadToken(f"the token is not signed with {' or '.join(algorithms)}, or not as its key")
            try:
                claims = jwt.decode(
                    token,
                    key,
                    algorithms=[key.algorithm_name],
                    audience=keys.issuer.audience,
                    issuer=keys.name,
                    leeway=LEEWAY_SECONDS,
                    options={"require": ["exp", "iat", "sub", "iss", "aud"]},
                )
                return keys.issuer.login(claims)
            except UNREADABLE as error:
                raise BadToken(f"the token is not accepted: {type(error).__name__}") from None
        if away is not None:
            raise away
        raise BadToken("the issuer or the key of this token is not known")


def _said(token: str) -> _Said:
    """What a token says of itself.

    Raises:
        BadToken: it is no access token that is signed with a named key.
    """
    try:
        header = jwt.get_unverified_header(token)
        issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
    except UNREADABLE:
        raise BadToken("this is not a token") from None
    if str(header.get("typ")).lower() not in TYPES:
        raise BadToken("this is not an access token: its `typ` is not at+jwt")
    if "crit" in header:
        raise BadToken("the token asks for extensions that are not understood")
    kid = header.get("kid")
    if not isinstance(kid, str):
        raise BadToken("the token is not signed with a named key")
    return _Said(header.get("alg"), kid, issuer)


def _without(login: Login, released: frozenset[Grant]) -> Login:
    grants = tuple(grant for grant in login.actor.grants if grant not in released)
    return login._replace(actor=msgspec.structs.replace(login.actor, grants=grants))

# SPDX-License-Identifier: Apache-2.0
"""The keys of one issuer: fetched when they are needed, kept while they are good, not waited for when at hand."""

import asyncio
import time
from typing import Any

import jwt
import structlog

from gateway.identity.issuers import Issuer
from gateway.identity.logins import IssuerAway
from services.chassis.quiet import Seldom

log = structlog.get_logger()

FETCH_SECONDS = 5.0
"""Real time between two attempts to fetch an issuer's keys, however many tokens name a key that is not known."""
KEYS_SECONDS = 600.0
"""Real time after which keys are fetched anew, so that one which the issuer took back is not good for ever."""
LONGEST_SECONDS = 6 * 3600.0
"""Real time for which keys are good while the issuer does not answer: the evening goes on, a lost key does not."""
RSA_BITS = 2048


class IssuerKeys:
    """The keys of one issuer as they were fetched last.

    Args:
        issuer: whose.

    Attributes:
        name: the value of `iss`; None before the first time.
    """

    def __init__(self, issuer: Issuer) -> None:
        self.issuer = issuer
        self.name: str | None = None
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._away = False
        self._fetching: asyncio.Task[None] | None = None
        self._seldom = Seldom()

    async def find(self, issuer: object, kid: str) -> jwt.PyJWK | None:
        """The named key; None when the token is not of this issuer, or it has no key of that name.

        Args:
            issuer: what the token says.
            kid: the name of its key.

        Raises:
            IssuerAway: it cannot be told now.
        """
        if self.name is not None and issuer != self.name:
            return None
        age = time.monotonic() - self._fetched_at
        if kid in self._keys and age <= LONGEST_SECONDS:
            if age > KEYS_SECONDS:
                self._fetch()  # meanwhile they are good: nobody waits for an issuer that takes its time
        else:
            await self._fetched()
        if self.name is None or issuer != self.name:
            return None
        key = self._keys.get(kid)
        if (key is None or time.monotonic() - self._fetched_at > LONGEST_SECONDS) and self._away:
            raise IssuerAway("the issuer does not tell its keys")
        return key

    async def _fetched(self) -> None:
        """Waits for the keys, unless they were asked for a moment ago.

        Raises:
            IssuerAway: they cannot be had, and it is not even known whose they are.
        """
        flight = self._fetch()
        if flight is not None:
            await asyncio.shield(flight)  # others wait for it, too
        if self.name is None:
            raise IssuerAway("the keys could not be fetched a moment ago")

    def _fetch(self) -> "asyncio.Task[None] | None":
        """Fetching that is under way; None when it is too early for another attempt."""
        if self._fetching is None or self._fetching.done():
            if time.monotonic() - self._tried_at <= FETCH_SECONDS:
                return None
            self._fetching = asyncio.get_running_loop().create_task(self._refresh())
        return self._fetching

    async def _refresh(self) -> None:
        try:
            self.name, found = await self.issuer.fetch()
        except IssuerAway as error:
            self._away = True
            if self._seldom.due(str(error)):
                log.warning("an issuer does not tell its keys; those of before are used", issuer=str(error))
        else:
            self._away = False
            self._seldom.forget()
            self._fetched_at = time.monotonic()
            self._keys = dict(_readable(found))
        finally:
            self._tried_at = time.monotonic()


def _readable(found: list[dict[str, Any]]) -> list[tuple[str, jwt.PyJWK]]:
    keys: list[tuple[str, jwt.PyJWK]] = []
    for jwk in found:
        if jwk.get("use", "sig") != "sig" or jwk.get("kty") == "oct":
            continue  # a key for encryption, or a secret that would let anybody who reads it sign
        try:
            key = jwt.PyJWK(jwk)
            if getattr(key.key, "key_size", RSA_BITS) < RSA_BITS and jwk.get("kty") == "RSA":
                log.warning("a key of the issuer is too short to be trusted", kid=jwk.get("kid"))
                continue
            keys.append((str(jwk["kid"]), key))
        except (KeyError, ValueError, TypeError, jwt.PyJWTError):
            log.warning("a key of the issuer cannot be read", kid=jwk.get("kid"))
    return keys

# SPDX-License-Identifier: Apache-2.0
"""Who is let in, over HTTP and WebSocket alike: token, rate, and the context their operation gets."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from gateway.backends import Backends
from gateway.context import Context
from gateway.execution.engine import Engine
from gateway.identity import BadToken, Identity, IssuerAway, Login
from gateway.limits import Gcra
from gateway.schema.relay import Signer
from services.chassis.clock import Clock

if TYPE_CHECKING:
    from gateway.live.hubs import Hubs


class Turned(Exception):
    """A client that is not let in.

    Args:
        status: of the HTTP response.
        code: for `extensions.code`.
        reason: for developers.
        headers: of the HTTP response.
    """

    def __init__(self, status: int, code: str, reason: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.code = code
        self.reason = reason
        self.headers = headers or {}


class Door:
    """The one door.

    Args:
        engine: executes operations.
        identity: verifies tokens.
        backends: the services.
        signer: makes cursors.
        clock: domain time.
        hubs: the live conferences.
        rate: how often one client may ask.
        metadata: where the API tells apps about tokens for it (RFC 9728).
    """

    def __init__(
        self,
        *,
        engine: Engine,
        identity: Identity,
        backends: Backends,
        signer: Signer,
        clock: Clock,
        hubs: "Hubs",
        rate: Gcra,
        metadata: str,
    ) -> None:
        self.engine = engine
        self.identity = identity
        self._backends = backends
        self._signer = signer
        self._clock = clock
        self._hubs = hubs
        self._rate = rate
        self._metadata = metadata

    async def enter(self, authorization: str | None, address: str, after: str | None = None) -> Context:
        """The context of one operation.

        Args:
            authorization: the header of that name.
            address: of the client; anonymous clients are counted by it.
            after: the header `Quartier-After`: positions, separated by commas.

        Raises:
            Turned: the token is not accepted, or the client asks too often.
        """
        login = await self.login(authorization)
        self.pay(login, address)
        return self.context(login, after)

    async def login(self, authorization: str | None) -> Login:
        """Who a token stands for.

        Raises:
            Turned: nobody.
        """
        try:
            return await self.identity.authenticate(authorization)
        except BadToken as error:
            challenge = f'Bearer error="invalid_token", resource_metadata="{self._metadata}"'
            raise Turned(401, "UNAUTHENTICATED", str(error), {"WWW-Authenticate": challenge}) from None
        except IssuerAway:
            raise Turned(503, "ISSUER_AWAY", "tokens cannot be verified now", {"Retry-After": "1"}) from None

    def pay(self, login: Login, address: str) -> None:
        """Counts one operation of a client.

        Raises:
            Turned: too many.
        """
        wait = self._rate.take(login.actor.id or address)
        if wait > 0:
            raise Turned(429, "TOO_MANY_OPERATIONS", "slow down", {"Retry-After": str(math.ceil(wait))})

    def context(self, login: Login, after: str | None = None) -> Context:
        """The context of one operation of somebody who was let in."""
        return Context(
            login.actor,
            login.conference,
            self._backends,
            self._signer,
            self._clock,
            self._hubs,
            positions(after),
            login.scopes,
        )


def positions(header: str | None) -> dict[str, str]:
    """The positions in `Quartier-After` (`session/<epoch>:<value>, ...`) by service; what is none is ignored."""
    found: dict[str, str] = {}
    for part in (header or "").split(","):
        service, separator, position = part.strip().partition("/")
        if separator:
            found[service] = position
    return found

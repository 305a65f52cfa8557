# SPDX-License-Identifier: Apache-2.0
"""Apps that come with tokens of the city's provider: known to registration from their first visit on, so that the city
sees what they use and may suspend them.
"""

import time
from collections import OrderedDict
from typing import Any, Final, NamedTuple

import msgspec

from gateway.backends import GATEWAY, Backends
from gateway.identity.claims import grants_of
from gateway.identity.logins import BadToken, IssuerAway, Login
from gateway.schema.permissions import expanded
from services.chassis.refusals import NotFound
from services.chassis.requests import Reply
from services.contracts import registration
from services.contracts.refusals import AppIs

KEEP_SECONDS: Final = 60.0
ATTEMPTS: Final = 5


class _Known(NamedTuple):
    """What registration said of one app."""

    until: float
    admitted: bool
    scopes: frozenset[str] | None


class Clients:
    """What the city says of apps for which its provider vouches.

    Args:
        backends: the services.
        size: how many apps are remembered.
    """

    def __init__(self, backends: Backends, *, size: int = 10_000) -> None:
        self._backends = backends
        self._size = size
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._forgotten = 0

    async def admit(self, login: Login) -> Login:
        """The login by an app of the provider, within what the city allows the app.

        Raises:
            BadToken: the app is suspended or erased.
            IssuerAway: registration cannot be asked now, and has not said yet.
        """
        known = self._known.get(login.client)
        if known is None or known.until < time.monotonic():
            known = await self._ask(login, known)
        if not known.admitted:
            raise BadToken("this app may not use the API any more")
        if known.scopes is None or login.scopes is None or login.scopes <= known.scopes:
            return login
        scopes, actor = login.scopes & known.scopes, login.actor
        if actor.kind == "app":
            actor = msgspec.structs.replace(actor, grants=grants_of(scopes))
        return login._replace(actor=actor, scopes=scopes)

    def forget(self, app: str) -> None:
        """Asks anew about an app: what it may has changed."""
        self._forgotten += 1
        self._known.pop(app, None)

    def forget_all(self) -> None:
        """Asks anew about all: something may have been told unheard."""
        self._forgotten += 1
        self._known.clear()

    async def _ask(self, login: Login, before: _Known | None) -> _Known:
        app = login.client
        for _ in range(ATTEMPTS):
            forgotten = self._forgotten
            reply: Reply[Any] = await self._backends.ask(registration.GetAppAccess(app_id=app), GATEWAY)
            if isinstance(reply.refusal, NotFound):
                note = registration.NoteApp(app_id=app, client=login.called)
                noted = await self._backends.command(note, GATEWAY, f"app {app}")
                if noted.refusal is None:
                    continue
                reply = Reply(None, noted.refusal)
            if self._forgotten != forgotten:
                before = None
                continue  # the answer may be older than what was told meanwhile
            access, until = reply.answer, time.monotonic() + KEEP_SECONDS
            if isinstance(access, registration.AppAccess):
                scopes = None if access.scopes is None else expanded(access.scopes)
                return self._keep(app, _Known(until, access.status == "APPROVED", scopes))
            if isinstance(reply.refusal, AppIs):  # erased
                return self._keep(app, _Known(until, admitted=False, scopes=None))
            if before is not None:  # while registration is away, nobody suspends an app
                return before
            break
        raise IssuerAway("registration")

    def _keep(self, app: str, known: _Known) -> _Known:
        self._known[app] = known
        if len(self._known) > self._size:
            self._known.popitem(last=False)
        return known

# SPDX-License-Identifier: Apache-2.0
"""API keys of apps: `qt_live_<app><key id>_<secret><check>`, all of it in hexadecimal digits.

Registration makes them and keeps a hash of each secret; here a key is compared with that hash. The check digits let a
mistyped or made-up key be refused before anybody is asked, and let scanners of source code recognise a leaked one.
"""

import asyncio
import hashlib
import hmac
import re
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import NamedTuple
from uuid import uuid4

import structlog

from gateway.backends import GATEWAY, Backends
from gateway.identity.claims import grants_of
from gateway.identity.logins import BadToken, IssuerAway, Login, free
from gateway.limits.gcra import Gcra
from gateway.schema.permissions import expanded
from services.chassis.identity import Actor
from services.chassis.refusals import NotFound
from services.contracts import registration

log = structlog.get_logger()

PREFIX = "qt_live_"
FORM = re.compile(
    r"^qt_live_(?P<app>[0-9a-f]{32})(?P<key>[0-9a-f]{8})_(?P<secret>[0-9a-f]{40})(?P<check>[0-9a-f]{8})\Z"
)
KEEP_SECONDS = 60.0
UNKNOWN = "unknown"
ATTEMPTS = 5


class _Known(NamedTuple):
    """What registration said of one key: None when there is no such key (any more)."""

    until: float
    key: registration.AppKey | None


class ApiKeys:
    """Verifies API keys.

    Args:
        backends: the services.
        questions_per_second: how often registration is asked in the long run, whatever keys are made up.
        size: how many keys are remembered.
    """

    def __init__(self, backends: Backends, *, questions_per_second: float = 50.0, size: int = 10_000) -> None:
        self._backends = backends
        self._questions = Gcra(questions_per_second, max(1, int(questions_per_second)))
        self._size = size
        self._known: OrderedDict[tuple[str, str], _Known] = OrderedDict()
        self._used: dict[tuple[str, str], date] = {}
        self._noting: set[asyncio.Task[None]] = set()
        self._forgotten = 0

    async def authenticate(self, text: str, pay: Callable[[], None] = free) -> Login:
        """The app whose key this is.

        Args:
            text: the key.
            pay: called before registration is asked about a key that was not good a moment ago; it may raise, too.

        Raises:
            BadToken: it is no key, or no longer one.
            IssuerAway: registration cannot be asked now.
        """
        match = FORM.match(text)
        if match is None or zlib.crc32(text[:-8].encode()) != int(match["check"], 16):
            raise BadToken("this is not an API key")
        name = (match["app"], match["key"])
        known = self._known.get(name)
        if known is None or known.until < time.monotonic():
            known = await self._ask(name, None if known is not None and known.key is not None else pay)
        key = known.key
        given = hashlib.sha256(match["secret"].encode()).hexdigest()
        if key is None or not hmac.compare_digest(given, key.secret_hash) or key.expires_at <= datetime.now(UTC):
            raise BadToken(
                "this API key is not accepted: it is unknown, revoked or expired, or its app is not approved"
            )
        self._note(name)
        scopes = expanded(key.scopes)
        actor = Actor(id=name[0], kind="app", grants=grants_of(scopes))
        return Login(actor, None, key.expires_at.timestamp(), scopes, *name)

    def forget(self, app: str) -> None:
        """Asks anew about the keys of an app: it was suspended, or one of its keys revoked."""
        self._forgotten += 1
        for name in [name for name in self._known if name[0] == app]:
            del self._known[name]

    def forget_all(self) -> None:
        """Asks anew about all keys: something may have been told unheard."""
        self._forgotten += 1
        self._known.clear()

    async def close(self) -> None:
        """Waits for what is being noted."""
        await asyncio.gather(*self._noting, return_exceptions=True)

    async def _ask(self, name: tuple[str, str], pay: Callable[[], None] | None) -> _Known:
        """What registration says. Of keys that it knew a moment ago (`pay` is None) there are few, and those that are
        made up do not hold them up."""
        if pay is not None:
            pay()
        for _ in range(ATTEMPTS):
            if pay is not None and self._questions.take(UNKNOWN).wait > 0:
                raise IssuerAway("too many unknown API keys at this moment")
            before = self._forgotten
            reply = await self._backends.ask(registration.GetAppKey(app_id=name[0], key_id=name[1]), GATEWAY)
            if reply.answer is None and not isinstance(reply.refusal, NotFound):
                raise IssuerAway("registration")
            if self._forgotten != before:
                continue  # the answer may be older than what was told meanwhile, such as that the key was revoked
            known = self._known[name] = _Known(time.monotonic() + KEEP_SECONDS, reply.answer)
            if len(self._known) > self._size:
                self._known.popitem(last=False)
            return known
        raise IssuerAway("keys change too fast at this moment")

    def _note(self, name: tuple[str, str]) -> None:
        """Lets registration know on which day a key was last used, once a day."""
        today = datetime.now(UTC).date()
        if self._used.get(name) == today:
            return
        self._used[name] = today
        task = asyncio.create_task(self._tell(name, today))
        self._noting.add(task)
        task.add_done_callback(self._noting.discard)

    async def _tell(self, name: tuple[str, str], day: date) -> None:
        request = registration.NoteAppKeyUse(app_id=name[0], key_id=name[1], day=day.isoformat())
        reply = await self._backends.command(request, GATEWAY, uuid4().hex)
        if reply.refusal is not None:
            log.debug("the use of a key was not noted", refusal=type(reply.refusal).__name__)
            self._used.pop(name, None)  # the next use tries again

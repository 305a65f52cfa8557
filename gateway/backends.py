# SPDX-License-Identifier: Apache-2.0
"""The services behind the gateway: questions, commands, and the names of people."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar
from uuid import NAMESPACE_OID, UUID, uuid5
from weakref import WeakValueDictionary

import structlog

from services.chassis.contract import Answer, CommandRequest, QueryRequest
from services.chassis.identity import CITY_SCOPE, Actor, Grant
from services.chassis.requests import Reply, Requests
from services.contracts import registration

A = TypeVar("A", bound=Answer)

GATEWAY = Actor(
    id="gateway",
    kind="service",
    grants=tuple(Grant(role, CITY_SCOPE) for role in ("service", "organiser", "moderator")),
)
"""Who asks when no client does: for live views that several clients share, each of whom sees their part of it."""

log = structlog.get_logger()


def command_id(actor: Actor, key: str) -> UUID:
    """The id of a command: the same for the same key of the same actor, different for everybody else.

    Args:
        actor: who commands.
        key: the idempotency key that the client chose.
    """
    return uuid5(uuid5(NAMESPACE_OID, f"{actor.kind}:{actor.id}"), key)


class Backends:
    """The services, as the gateway asks them.

    Args:
        requests: the chassis' client.
        query_seconds: real time a question may take.
        command_seconds: real time a command may take.
    """

    def __init__(self, requests: Requests, *, query_seconds: float = 3.0, command_seconds: float = 5.0) -> None:
        self._requests = requests
        self._query_seconds = query_seconds
        self._command_seconds = command_seconds
        self.names = Names(self)

    async def ask(self, query: QueryRequest[A], actor: Actor, *, after: str | None = None) -> Reply[A]:
        """A question on behalf of `actor`.

        Args:
            query: the question.
            actor: who asks.
            after: the answer is no older than this position (`<epoch>:<value>`), or marked stale.
        """
        return await self._requests.ask(query, actor=actor, after=after, timeout=self._query_seconds)

    async def command(
        self, request: CommandRequest[A], actor: Actor, key: str, *, after: str | None = None
    ) -> Reply[A]:
        """A command on behalf of `actor`; repeating it with the same key does it once.

        Args:
            request: the command.
            actor: who commands.
            key: the idempotency key that the client chose.
            after: the position the client has seen.
        """
        return await self._requests.ask(
            request, actor=actor, command_id=command_id(actor, key), after=after, timeout=self._command_seconds
        )


class Names:
    """Display names of people, kept for a minute so that live changes do not ask for them again and again.

    Args:
        backends: the services.
        seconds: how long a name is kept.
        size: how many names are kept.
    """

    def __init__(self, backends: Backends, *, seconds: float = 60.0, size: int = 50_000) -> None:
        self._backends = backends
        self._seconds = seconds
        self._size = size
        self._kept: OrderedDict[tuple[str, str], tuple[float, str | None]] = OrderedDict()
        self._asking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def load(self, people: list[tuple[str, str]]) -> Sequence[str | None]:
        """The names of `(conference, person)`, None for erased and unknown people and while registration is away."""
        by_conference: dict[str, set[str]] = {}
        for conference, person in people:
            by_conference.setdefault(conference, set()).add(person)
        await asyncio.gather(*(self._complete(conference, ids) for conference, ids in by_conference.items()))
        return [self._kept.get(key, (0.0, None))[1] for key in people]

    def at_hand(self, person: tuple[str, str]) -> str | None:
        """The name of `(conference, person)` without asking.

        Raises:
            KeyError: it must be asked for.
        """
        until, name = self._kept[person]
        if until < time.monotonic():
            raise KeyError(person)
        return name

    def known(self, people: Iterable[tuple[str, str]]) -> bool:
        """Whether registration has said of all these people what they are called, or that it does not know them."""
        return all(key in self._kept for key in people)

    def forget(self, conference: str, person: str) -> None:
        """Drops a name at once: the person was erased."""
        self._kept.pop((conference, person), None)

    def forget_everywhere(self, person: str) -> None:
        """Drops a name in all conferences at once: somebody of the staff was erased."""
        for key in [key for key in self._kept if key[1] == person]:
            del self._kept[key]

    async def _complete(self, conference: str, ids: set[str]) -> None:
        async with self._asking.setdefault(conference, asyncio.Lock()):  # who comes second finds what the first got
            now = time.monotonic()
            missing = {person for person in ids if self._kept.get((conference, person), (0.0, None))[0] < now}
            if missing:
                await self._fetch(conference, missing)

    async def _fetch(self, conference: str, ids: set[str]) -> None:
        query = registration.GetNames(conference_id=conference, ids=tuple(sorted(ids)))
        reply: Reply[Any] = await self._backends.ask(query, GATEWAY)
        if reply.answer is None:
            log.info("names are missing", conference=conference, refusal=type(reply.refusal).__name__)
            return
        until = time.monotonic() + self._seconds
        for person in ids:
            self._kept[conference, person] = (until, reply.answer.names.get(person))
            self._kept.move_to_end((conference, person))
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)

# SPDX-License-Identifier: Apache-2.0
"""The services behind the gateway: questions and commands."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from uuid import NAMESPACE_OID, UUID, uuid5

import structlog

from gateway.answers import Answers
from gateway.names import Names
from gateway.places import Places
from gateway.webhooks.commands import WebhooksNotOffered
from services.chassis.contract import Answer, CommandRequest, Position, QueryRequest
from services.chassis.identity import ANONYMOUS, CITY_SCOPE, Actor, Grant
from services.chassis.refusals import NotFound, Unavailable
from services.chassis.requests import Refused, Reply, Requests
from services.contracts import registration

if TYPE_CHECKING:
    from gateway.webhooks.office import Webhooks

A = TypeVar("A", bound=Answer)

GATEWAY = Actor(
    id="gateway",
    kind="service",
    grants=tuple(Grant(role, CITY_SCOPE) for role in ("service", "organiser", "moderator")),
)
"""Who asks when no client does: for live views that several clients share, each of whom sees their part of it."""

log = structlog.get_logger()


class _Together(NamedTuple):
    """What questions must have in common to travel in one message."""

    service: str
    actor: Actor
    after: str | None


def command_id(actor: Actor, key: str) -> UUID:
    """The id of a command: the same for the same key of the same actor, different for everybody else.

    Args:
        actor: who commands.
        key: the idempotency key that the client chose.
    """
    return uuid5(uuid5(NAMESPACE_OID, f"{actor.kind}:{actor.id}"), key)


def _includes(reply: Reply[Any], floor: int) -> bool:
    _, _, value = reply.position.partition(":")
    return value.isdigit() and int(value) >= floor


class Backends:
    """The services, as the gateway asks them.

    Args:
        requests: the chassis' client.
        query_seconds: real time a question may take.
        command_seconds: real time a command may take.

    Attributes:
        webhooks: the part of the gateway itself that keeps webhooks; None: it has no database for them.
    """

    def __init__(
        self,
        requests: Requests,
        *,
        query_seconds: float = 3.0,
        command_seconds: float = 5.0,
    ) -> None:
        self._requests = requests
        self._query_seconds = query_seconds
        self._command_seconds = command_seconds
        self._waiting: dict[_Together, dict[QueryRequest[Any], asyncio.Future[Reply[Any]]]] = {}
        self._asking: set[asyncio.Task[None]] = set()
        self.names = Names(self._ask_names)
        self.answers = Answers(lambda query, after: self._ask(query, ANONYMOUS, after))
        self.places = Places(lambda query, after: self._ask(query, GATEWAY, after))
        requests.within = self.places.scopes
        self.webhooks: Webhooks | None = None

    async def ask(self, query: QueryRequest[A], actor: Actor, *, after: str | None = None) -> Reply[A]:
        """A question on behalf of `actor`; what everybody may read comes from memory, where it is kept.

        Args:
            query: the question.
            actor: who asks.
            after: the answer is no older than this position (`<epoch>:<value>`), or marked stale.
        """
        if not self.answers.serves(type(query), actor):
            return await self._ask(query, actor, after)
        known = self.answers.at_hand(query, after)
        if known is not None:
            return known
        return await (self.answers.ask(query) if after is None else self._ask(query, actor, after))

    async def at_least(self, query: QueryRequest[A], actor: Actor, reply: Reply[A], floor: int) -> Reply[A]:
        """A reply, or another one that includes a position of the service's log.

        Args:
            query: the question.
            actor: who asks.
            reply: the answer that came.
            floor: the position, whichever epoch it is of: numbers only rise.

        Raises:
            Refused: the service is not there yet.
        """
        if reply.answer is None and not isinstance(reply.refusal, NotFound):
            return reply
        if not _includes(reply, floor):
            # The epoch is that of the reply: after a restore old numbers are lower than all new ones.
            after = str(Position(reply.position.partition(":")[0] or "-", floor))
            reply = await self.ask(query, actor, after=after)
        if not _includes(reply, floor):
            raise Refused(Unavailable(service=query.SERVICE))
        return reply

    async def _ask(self, query: QueryRequest[A], actor: Actor, after: str | None) -> Reply[A]:
        """Asks together with whatever else this actor asks the same service at this moment: one message."""
        together = _Together(query.SERVICE, actor, after)
        waiting = self._waiting.get(together)
        if waiting is None:
            waiting = self._waiting[together] = {}
            # One turn of the loop later, so that whoever gathers answers in tasks of their own is in it, too.
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_soon, self._send, together)
        future = waiting.get(query)
        if future is None:
            future = waiting[query] = asyncio.get_running_loop().create_future()
        return await asyncio.shield(future)  # others may wait for the same answer

    def _send(self, together: "_Together") -> None:
        waiting = self._waiting.pop(together)
        task = asyncio.get_running_loop().create_task(self._ask_all(together, waiting))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _ask_all(
        self, together: "_Together", waiting: Mapping[QueryRequest[Any], asyncio.Future[Reply[Any]]]
    ) -> None:
        _, actor, after = together
        try:
            replies = await self._requests.ask_all(
                tuple(waiting), actor=actor, after=after, timeout=self._query_seconds
            )
        except Exception as error:
            for future in waiting.values():
                future.set_exception(error)
            return
        for future, reply in zip(waiting.values(), replies, strict=True):
            future.set_result(reply)

    async def command(
        self, request: CommandRequest[A], actor: Actor, key: str, *, expected: str | None = None
    ) -> Reply[A]:
        """A command on behalf of `actor`; repeating it with the same key does it once.

        Args:
            request: the command.
            actor: who commands.
            key: the idempotency key that the client chose.
            expected: the position (`<epoch>:<value>`) at which the client saw what the command is about.
        """
        identity = command_id(actor, key)
        if GATEWAY.id == request.SERVICE:
            if self.webhooks is None:
                return Reply(None, WebhooksNotOffered())
            return await self.webhooks.carry_out(request, actor, identity, expected)
        return await self._requests.ask(
            request, actor=actor, command_id=identity, expected=expected, timeout=self._command_seconds
        )

    async def _ask_names(self, conference: str, people: tuple[str, ...]) -> Mapping[str, str] | None:
        query = registration.GetNames(conference_id=conference or None, ids=people)
        reply: Reply[Any] = await self.ask(query, GATEWAY)
        if reply.answer is None:
            log.info("names are missing", conference=conference, refusal=type(reply.refusal).__name__)
            return None
        names: Mapping[str, str] = reply.answer.names
        return names

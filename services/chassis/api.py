# SPDX-License-Identifier: Apache-2.0
"""The table of contents of a service: which commands and queries it answers, and with which function.

api = Api("session")

@api.command(requests.OpenPoll, needs=role("moderator", "deputy"))
async def open_poll(request: requests.OpenPoll, ctx: Context) -> Decide:
    return Decide(Step(POLL, request.poll_id, OpenPoll(now=ctx.now, ...), conference=ctx.conference))

@api.query(requests.PollResults)
async def poll_results(request: requests.PollResults, ctx: Context) -> PollTally | Refusal: ...
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar
from uuid import UUID

import msgspec

from services.chassis.clock import Clock
from services.chassis.contract import Answer, CommandRequest, Done, Position, QueryRequest, Request
from services.chassis.decider import Command, Decider, Event, Refusal
from services.chassis.identity import Actor

if TYPE_CHECKING:
    from services.chassis.database import Database
    from services.chassis.keys import Keys
    from services.chassis.repository import Loaded, Repository, Step
    from services.chassis.requests import Requests
    from services.chassis.settings import Settings
    from services.chassis.store import Statement

S = TypeVar("S")
C = TypeVar("C", bound=Command)
E = TypeVar("E", bound=Event)
CommandT = TypeVar("CommandT", bound=CommandRequest[Any])
QueryT = TypeVar("QueryT", bound=QueryRequest[Any])


class Decide:
    """What a handler wants decided: all steps are stored together, or none of them.

    Args:
        steps: the commands, each for one stream, in this order; the first refusal refuses them all.
        answer: what is answered when nothing refuses, or a function of what the executor tells about the steps
            (see `Repository.execute`).
        effects: statements that run in the transaction of the append.
        about: what the handler loaded that the command is about, beside the stream of the first step: the client must
            have seen it as it is (`expectedPosition`). What else changes along with it, in further steps, is compared
            with nothing. A step guards it, so that it is still so when the events are stored.
        follows: whether it completes what the handler has stored already, so that what it is about has just changed;
            the position that the client expected was looked at there.
    """

    __slots__ = ("about", "answer", "effects", "follows", "steps")

    def __init__(
        self,
        *steps: Step,
        answer: Answer | Callable[..., Answer] = Done(),  # noqa: B008 -- frozen and without fields
        effects: Sequence[Statement] = (),
        about: Sequence[Loaded[Any]] = (),
        follows: bool = False,
    ) -> None:
        self.steps: tuple[Step, ...] = steps
        self.answer = answer
        self.effects = effects
        self.about = about
        self.follows = follows


@dataclass(frozen=True, slots=True)
class Context:
    """What a handler may use.

    Args:
        actor: who asks; `needs` was already checked.
        now: the present instant of domain time; commands carry it.
        conference: the conference of a command (32 hex digits), None for the city's matters and for queries.
        command_id: of a command: uuid5 of the actor and the client's key; None for queries.
        trace: id of the trace, 32 hex digits.
        expected: of a command: the place up to which the client saw what it is about; see `Envelope`.
        position: of a query: the place of the read models when the answer began, `<epoch>:<value>`.
        requests: asks other services.
        settings: those of this process.
    """

    actor: Actor
    now: datetime
    clock: Clock
    repository: Repository
    db: Database
    keys: Keys
    requests: Requests
    settings: Settings
    conference: str | None
    command_id: UUID | None
    trace: str
    position: str = ""
    expected: Position | None = None

    async def load(self, decider: Decider[S, C, E], key: str) -> Loaded[S]:
        """The present state of one stream."""
        return await self.repository.load(decider, key)


Needs: TypeAlias = Callable[[Any, Actor], bool]
"""`(request, actor)` to whether they may; the function's name is told to who may not."""

CommandHandler: TypeAlias = Callable[[CommandT, Context], Awaitable[Decide | Answer | Refusal]]
QueryHandler: TypeAlias = Callable[[QueryT, Context], Awaitable[Answer | msgspec.Raw | Refusal]]


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the table of contents."""

    request: type[Request[Any]]
    handler: Callable[[Any, Context], Awaitable[Decide | Answer | msgspec.Raw | Refusal]]
    needs: Needs | None
    decoder: msgspec.json.Decoder[Any]


class Api:
    """What one service answers.

    Args:
        service: its name; every registered request type must belong to it.
    """

    def __init__(self, service: str) -> None:
        self.service = service
        self.commands: dict[str, Route] = {}
        self.queries: dict[str, Route] = {}

    def command(
        self, request: type[CommandT], *, needs: Needs | None = None
    ) -> Callable[[CommandHandler[CommandT]], CommandHandler[CommandT]]:
        """Registers the handler of a command.

        It returns a `Decide` (usual), an `Answer` when there is nothing to decide, or a refusal.
        Free text in the request is sealed here, before the domain sees it.

        Args:
            request: the type of the command; its class name is the token in the subject.
            needs: who may; None: everybody the gateway let through.
        """

        def register(handler: CommandHandler[CommandT]) -> CommandHandler[CommandT]:
            self._add(self.commands, request, handler, needs)
            return handler

        return register

    def query(
        self, request: type[QueryT], *, needs: Needs | None = None
    ) -> Callable[[QueryHandler[QueryT]], QueryHandler[QueryT]]:
        """Registers the handler of a query: it returns the answer (or its JSON as `msgspec.Raw`), or a refusal.

        Args:
            request: the type of the query; its class name is the token in the subject.
            needs: who may; None: everybody the gateway let through.
        """

        def register(handler: QueryHandler[QueryT]) -> QueryHandler[QueryT]:
            self._add(self.queries, request, handler, needs)
            return handler

        return register

    def _add(self, table: dict[str, Route], request: type[Request[Any]], handler: Any, needs: Needs | None) -> None:
        service = request.SERVICE
        if service != self.service:
            raise ValueError(f"{request.__name__} is answered by {service}, not by {self.service}")
        if request.__name__ in table:
            raise ValueError(f"{request.__name__} has two handlers")
        table[request.__name__] = Route(request, handler, needs, msgspec.json.Decoder(request))


def role(*names: str) -> Needs:
    """Who holds one of these roles for the request's conference, or for the city."""

    def allowed(request: Any, actor: Actor) -> bool:
        return any(actor.holds(name, request.conference) for name in names)

    allowed.__name__ = " or ".join(names)
    return allowed

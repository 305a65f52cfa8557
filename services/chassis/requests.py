# SPDX-License-Identifier: Apache-2.0
"""Asking a service: commands and queries by request and reply, with every trouble of transport as a refusal."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec

from services.chassis.bus import Bus, NoAnswer, NoReplica, TooLong
from services.chassis.circuit import Circuit
from services.chassis.contract import Answer, CommandRequest, QueryRequest, Request
from services.chassis.decider import Refusal
from services.chassis.identity import ANONYMOUS, Actor
from services.chassis.many import MANY, QUESTIONS, asked, read_answers
from services.chassis.refusals import CHASSIS_REFUSALS, InvalidInput, Unavailable, UnknownRefusal
from services.chassis.subjects import ACTOR, AFTER, COMMAND_ID, DEADLINE, EXPECTED, WITHIN
from services.chassis.telemetry import TRACEPARENT, hop, traceparent_of

A = TypeVar("A", bound=Answer)

TIMEOUT_SECONDS = 5.0


class Refused(Exception):
    """A refusal where the caller expected an answer."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(type(refusal).__name__)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Reply(Generic[A]):
    """What came back: an answer or a refusal.

    Args:
        answer: None when it was refused.
        refusal: None when it was answered.
        position: `<epoch>:<value>`; of a command: everything it led to is at or before it; of a query: the place
            of the read models when the answer, or the refusal of a handler, began. Empty with any other refusal.
        stale: of a query: the read models had not reached the position asked for in time; what was not found may be
            found a moment later.
    """

    answer: A | None
    refusal: Refusal | None = None
    position: str = ""
    stale: bool = False

    def unwrap(self) -> A:
        """The answer.

        Raises:
            Refused: there is none.
        """
        if self.refusal is not None or self.answer is None:
            raise Refused(self.refusal or UnknownRefusal(name="", facts=""))
        return self.answer


class Wire(msgspec.Struct, omit_defaults=True):
    """The body of a reply: either `answer` with its position, or `refused`; the other one is empty."""

    answer: msgspec.Raw = msgspec.Raw()
    refused: msgspec.Raw = msgspec.Raw()
    position: str = ""
    stale: bool = False


class _Tag(msgspec.Struct):
    refusal: str = ""


class Requests:
    """Asks services.

    Args:
        bus: connection to NATS.
        refusals: the types of refusals that may come back, beside the chassis' own.

    Attributes:
        within: what a conference belongs to, for actors with a role in a series or a district; see `Actor.within`.
    """

    def __init__(self, bus: Bus, refusals: Sequence[type[Refusal]] = ()) -> None:
        self._bus = bus
        kinds = dict.fromkeys((*CHASSIS_REFUSALS, *refusals))
        self._refusals: msgspec.json.Decoder[Refusal] = msgspec.json.Decoder(reduce(or_, kinds))
        self._wire = msgspec.json.Decoder(Wire)
        self._tag = msgspec.json.Decoder(_Tag)
        self._answers: dict[type[Answer], msgspec.json.Decoder[Any]] = {}
        self._circuits: dict[str, Circuit] = {}
        self.within: Callable[[str | None], tuple[str, ...]] | None = None

    async def ask(
        self,
        request: Request[A],
        *,
        actor: Actor = ANONYMOUS,
        command_id: UUID | None = None,
        after: str | None = None,
        expected: str | None = None,
        timeout: float = TIMEOUT_SECONDS,  # noqa: ASYNC109 -- it travels with the request
        trace: str | None = None,
    ) -> Reply[A]:
        """Sends a command or a query and waits for what comes back. Trouble on the way is a refusal, no exception:
        `Unavailable` may be answered by repeating; a command is repeated with the same id and done once.

        Args:
            request: the command or query.
            actor: who asks.
            command_id: uuid5 of the actor's id and the client's key; None: a repetition is done again.
            after: of a query: a position (`<epoch>:<value>`) that the answer should include.
            expected: of a command: a position at which what it is about was seen; it is refused with `StateHasChanged`
                when that has changed since.
            timeout: real seconds; the service drops what it cannot answer within them.
            trace: id of the trace, 32 hex digits; None continues the present one.
        """
        service, name = request.SERVICE, type(request).__name__
        headers = _headers(actor, after, timeout)
        within = self._within(request, actor)
        if within:
            headers[WITHIN] = " ".join(within)
        if command_id is not None:
            headers[COMMAND_ID] = command_id.hex
        if expected is not None:
            headers[EXPECTED] = expected
        if isinstance(request, CommandRequest):
            subject = self._bus.subject_command(service, request.conference, name)
        else:
            subject = self._bus.subject_query(service, name)
        data = await self._send(service, subject, msgspec.json.encode(request), headers, timeout, trace)
        return Reply(None, data) if isinstance(data, Refusal) else self._read(data, request)

    async def ask_all(
        self,
        queries: Sequence[QueryRequest[Any]],
        *,
        actor: Actor = ANONYMOUS,
        after: str | None = None,
        timeout: float = TIMEOUT_SECONDS,  # noqa: ASYNC109 -- it travels with the request
        trace: str | None = None,
    ) -> list[Reply[Any]]:
        """`ask` for several questions to one service in one message; the replies in their order.

        Args:
            queries: the questions, all to the same service.
            actor: who asks.
            after: a position that the answers should include.
            timeout: real seconds for one message; there are more where not all fits into one.
            trace: id of the trace.
        """
        replies: dict[int, Reply[Any]] = {}
        missing = list(range(len(queries)))
        while missing:
            some = missing[:QUESTIONS]
            found = await self._ask_some([queries[place] for place in some], actor, after, timeout, trace)
            replies.update((place, reply) for place, reply in zip(some, found, strict=True) if reply is not None)
            missing = [place for place in missing if place not in replies]
        return [replies[place] for place in range(len(queries))]

    async def _ask_some(
        self,
        queries: Sequence[QueryRequest[Any]],
        actor: Actor,
        after: str | None,
        seconds: float,
        trace: str | None,
    ) -> Sequence[Reply[Any] | None]:
        """The replies; None for those that did not fit into the message. The first one always does."""
        if len(queries) == 1:
            return [await self.ask(queries[0], actor=actor, after=after, timeout=seconds, trace=trace)]
        service = queries[0].SERVICE
        body = asked(
            (type(query).__name__, msgspec.json.encode(query), self._within(query, actor)) for query in queries
        )
        headers = _headers(actor, after, seconds)
        data = await self._send(service, self._bus.subject_query(service, MANY), body, headers, seconds, trace)
        if isinstance(data, Refusal):
            return [Reply(None, data)] * len(queries)
        parts = read_answers(data)
        if parts is None:  # a refusal of all
            return [self._read(data, query) for query in queries]
        return [None if raw is None else self._read(raw, query) for raw, query in zip(parts, queries, strict=True)]

    def _within(self, request: Request[Any], actor: Actor) -> tuple[str, ...]:
        """What the service must know besides the actor to tell which of their roles hold."""
        return self.within(request.conference) if self.within is not None and actor.is_wide else ()

    async def _send(
        self, service: str, subject: str, body: bytes, headers: dict[str, str], seconds: float, trace: str | None
    ) -> bytes | Refusal:
        """What a service sends back, or why it sends nothing."""
        loop = asyncio.get_running_loop()
        circuit = self._circuits.setdefault(service, Circuit())
        asked_at = loop.time()
        if not circuit.lets_through(asked_at):
            return Unavailable(service=service)
        try:
            with hop(f"ask {service} {subject.rpartition('.')[2]}"):
                headers[TRACEPARENT] = traceparent_of(trace)
                message = await self._bus.request(subject, body, headers, timeout=seconds)
        except NoReplica:
            return Unavailable(service=service)
        except TooLong:
            return InvalidInput(field="", problem="too long")
        except NoAnswer:
            circuit.failed(asked_at, loop.time())
            return Unavailable(service=service)
        circuit.answered(loop.time())
        return message.data

    def _read(self, data: bytes | msgspec.Raw, request: Request[A]) -> Reply[A]:
        wire = self._wire.decode(data)
        if wire.refused:
            return Reply(None, self._refusal(wire.refused), wire.position, wire.stale)
        kind = type(request).ANSWER
        decoder = self._answers.get(kind)
        if decoder is None:
            decoder = self._answers[kind] = msgspec.json.Decoder(kind)
        answer: A = decoder.decode(wire.answer or b"{}")
        return Reply(answer, None, wire.position, wire.stale)

    def _refusal(self, raw: msgspec.Raw) -> Refusal:
        try:
            return self._refusals.decode(raw)
        except msgspec.ValidationError:
            return UnknownRefusal(name=self._tag.decode(raw).refusal, facts=bytes(raw).decode())


def _headers(actor: Actor, after: str | None, seconds: float) -> dict[str, str]:
    headers = {ACTOR: actor.header(), DEADLINE: str(int(seconds * 1000))}
    if after is not None:
        headers[AFTER] = after
    return headers

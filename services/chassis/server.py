# SPDX-License-Identifier: Apache-2.0
"""Answering commands and queries: what arrives on NATS becomes a call of the service's `api.py`.

Every message gets a task of its own. More than the service can hold is turned away before any work; of what it
holds, so many questions and commands are answered at the same time as there are turns. An answer nobody waits for
any more is not sent; an exception becomes a `Fault` that carries the trace and no text.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
import structlog

from services.chassis.api import Api, Context, Decide, Route
from services.chassis.bus import NotSent, Subscribed
from services.chassis.contract import CITY, Answer, CommandRequest, Position
from services.chassis.decider import Refusal
from services.chassis.decisions import Envelope, Executed, request_hash
from services.chassis.faults import passes
from services.chassis.identity import Actor
from services.chassis.keys import KeyDestroyed
from services.chassis.many import MANY, TIME, answer_each, answered, read_questions
from services.chassis.readmodel import holds_nul
from services.chassis.refusals import Busy, ConcurrentChange, Fault, InvalidInput, NotAllowed, NotFound, Unavailable
from services.chassis.requests import TIMEOUT_SECONDS, Refused, Wire
from services.chassis.subjects import ACTOR, AFTER, COMMAND_ID, DEADLINE, EXPECTED, WITHIN
from services.chassis.tasks import end
from services.chassis.telemetry import (
    REQUEST_SECONDS,
    REQUESTS,
    REQUESTS_RUNNING,
    TRACEPARENT,
    Kind,
    span,
)

if TYPE_CHECKING:
    from nats.aio.msg import Msg

    from services.chassis.service import Runtime

log = structlog.get_logger()

RUNNING = 64
WAITING = 512
RETRY_AFTER_MS = 250
STALE_SECONDS = 0.25
RERUNS = 4

_ENCODER = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class _Asked:
    """A message as it is handled."""

    message: Msg
    headers: dict[str, str]
    kind: str
    name: str
    route: Route | None
    trace: str
    data: bytes
    within: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Reply:
    """What goes back, and how it is counted."""

    wire: Wire
    outcome: str
    body: bytes = b""
    """Of several answers in one message: the message."""


class Server:
    """Answers for one replica.

    Args:
        runtime: the parts of the service.
        api: its table of contents.
        running: requests handled at the same time.
        waiting: requests that may wait for their turn; any more are refused with `Busy`.
    """

    def __init__(self, runtime: Runtime, api: Api, *, running: int = RUNNING, waiting: int = WAITING) -> None:
        self._runtime = runtime
        self._api = api
        self._request_key = runtime.settings.request_key
        self._room = running + waiting
        self._turns = asyncio.Semaphore(running)
        self._tasks: set[asyncio.Task[None]] = set()
        self._parts: set[asyncio.Task[None]] = set()
        self._queries: Subscribed | None = None
        self._partitions: dict[int, Subscribed] = {}

    @property
    def partitions(self) -> frozenset[int]:
        """The partitions whose commands are answered here."""
        return frozenset(self._partitions)

    async def open(self) -> None:
        """Starts answering queries; commands follow with the partitions."""
        bus = self._runtime.bus
        self._queries = await bus.subscribe(
            bus.subject_query(self._api.service, ">"), self._on_query, queue=self._api.service
        )

    async def serve(self, number: int) -> None:
        """Starts answering the commands of a partition."""
        if number not in self._partitions:
            bus = self._runtime.bus
            subject = bus.commands_of(self._api.service, number)
            # A queue group: while a partition changes hands, two replicas listen, and one of them answers.
            self._partitions[number] = await bus.subscribe(subject, self._on_command, queue=self._api.service)

    async def leave(self, number: int) -> None:
        """Stops answering the commands of a partition; those that came before are answered."""
        subscribed = self._partitions.pop(number, None)
        if subscribed is not None:
            await subscribed.stop()

    async def close(self, seconds: float) -> None:
        """Takes nothing more, and gives what was accepted so many real seconds to finish."""
        for number in list(self._partitions):
            await self.leave(number)
        if self._queries is not None:
            await self._queries.stop()
            self._queries = None
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        await end(*self._tasks)
        await end(*self._parts)

    async def _on_command(self, message: Msg) -> None:
        await self._accept(message, "command")

    async def _on_query(self, message: Msg) -> None:
        await self._accept(message, "query")

    async def _accept(self, message: Msg, kind: str) -> None:
        if not message.reply:
            return
        if len(self._tasks) >= self._room:
            name = message.subject.rpartition(".")[2]
            await self._send(message, name, _refused(Busy(retry_after_ms=RETRY_AFTER_MS)))
            return
        arrived = asyncio.get_running_loop().time()
        task = asyncio.get_running_loop().create_task(self._answer(message, kind, arrived))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, message: Msg, kind: str, arrived: float) -> None:
        headers = message.headers or {}
        loop = asyncio.get_running_loop()
        service, name = self._api.service, message.subject.rpartition(".")[2]
        table = self._api.commands if kind == "command" else self._api.queries
        route, several = table.get(name), kind == "query" and name == MANY
        label = name if route or several else "unknown"
        deadline = arrived + _budget(headers)
        with (
            REQUESTS_RUNNING.labels(service).track_inprogress(),
            span(f"{kind} {label}", headers.get(TRACEPARENT), Kind.SERVER) as trace,
        ):
            within = tuple(headers.get(WITHIN, "").split())
            asked = _Asked(message, headers, kind, name, route, trace, message.data, within)
            if several:
                reply = await self._many(asked, arrived + TIME * (deadline - arrived) - loop.time())
            else:
                async with self._turns:
                    if loop.time() >= deadline:
                        REQUESTS.labels(service, label, "late").inc()
                        return
                    reply = await self._reply(asked)
            REQUEST_SECONDS.labels(service, label).observe(loop.time() - arrived)
            if loop.time() >= deadline:
                REQUESTS.labels(service, label, "late").inc()
                return
            await self._send(message, label, reply)

    async def _send(self, message: Msg, label: str, reply: _Reply) -> None:
        REQUESTS.labels(self._api.service, label, reply.outcome).inc()
        try:
            await self._runtime.bus.publish(message.reply, reply.body or _ENCODER.encode(reply.wire))
        except NotSent:
            log.warning("answer not sent", name=label)

    async def _many(self, asked: _Asked, seconds: float) -> _Reply:
        """The answers to several questions; one that has none when the time is over is answered `Unavailable`."""
        try:
            questions = read_questions(asked.data)
        except msgspec.DecodeError as error:
            return _refused(_invalid(error))
        each = [
            replace(
                asked,
                name=question.name,
                route=self._api.queries.get(question.name),
                data=bytes(question.body),
                within=question.within,
            )
            for question in questions
        ]
        found = await answer_each(each, self._reply, self._turns, seconds, self._parts)
        replies = [reply or _late(self._api.service) for reply in found]
        for one, reply in zip(each, replies, strict=True):
            REQUESTS.labels(self._api.service, one.name if one.route else "unknown", reply.outcome).inc()
        return _Reply(Wire(), "answered", answered(_ENCODER.encode(reply.wire) for reply in replies))

    async def _reply(self, asked: _Asked) -> _Reply:
        route, headers, trace = asked.route, asked.headers, asked.trace
        try:
            if route is None:
                return _refused(NotFound(what=asked.kind, id=asked.name))
            request = route.decoder.decode(asked.data)
            if holds_nul(asked.data):
                return _refused(InvalidInput(field="", problem="the character U+0000 is not accepted"))
            actor = Actor.from_header(headers.get(ACTOR)).within(request.conference, asked.within)
            if route.needs is not None and not route.needs(request, actor):
                return _refused(NotAllowed(needs=getattr(route.needs, "__name__", "").replace("_", " ")))
            if asked.kind == "query":
                return await self._query(route, request, actor, headers.get(AFTER), trace)
            if (request.conference or CITY) != asked.message.subject.split(".")[-2]:
                return _refused(InvalidInput(field="conference_id", problem="not the conference of the subject"))
            expected = _expected(headers)
            if isinstance(expected, Refusal):
                return _refused(expected)
            return await self._command(route, request, actor, headers.get(COMMAND_ID), expected, trace)
        except msgspec.DecodeError as error:
            return _refused(_invalid(error))
        except KeyDestroyed as destroyed:
            return _refused(NotFound(what="key", id=str(destroyed)))
        except Refused as refused:
            return _refused(refused.refusal)
        except Exception as error:
            if passes(error):
                log.warning("request not answered", name=asked.name, error=type(error).__name__)
                return _refused(Unavailable(service=self._api.service))
            log.exception("request failed", name=asked.name)
            return _refused(Fault(trace=trace))

    async def _command(
        self,
        route: Route,
        request: CommandRequest[Any],
        actor: Actor,
        command_id: str | None,
        expected: Position | None,
        trace: str,
    ) -> _Reply:
        key = UUID(hex=command_id) if command_id else None
        hashed = request_hash(request, self._request_key)
        outcome: Any = None
        for _ in range(RERUNS):
            context = self._context(actor, request.conference, key, trace, expected=expected)
            outcome = await route.handler(request, context)
            if isinstance(outcome, Decide):
                steps, effects = outcome.steps, outcome.effects
                seen = None if outcome.follows else expected
                envelope = Envelope(key, hashed, actor.id or actor.kind, trace, expected=seen, about=outcome.about)
                outcome = await self._runtime.repository.execute(steps, envelope, outcome.answer, effects)
                # What the handler had loaded has changed: it looks again.
                if isinstance(outcome, ConcurrentChange) and any(step.guards for step in steps):
                    continue
            break
        if isinstance(outcome, Refusal):
            return _refused(outcome)
        if isinstance(outcome, Executed):
            return _answered(outcome.answer, self._position(outcome.position))
        return _answered(outcome, self._position(self._runtime.store.seen))

    async def _query(self, route: Route, request: Any, actor: Actor, after: str | None, trace: str) -> _Reply:
        stale = not await self._reached(after) if after else False
        positions = self._runtime.projector.positions
        position = self._position(min(positions.values()) if positions else self._runtime.store.seen)
        outcome = await route.handler(request, self._context(actor, None, None, trace, position))
        if isinstance(outcome, Refusal):
            return _refused(outcome, position, stale=stale)
        if isinstance(outcome, Decide):
            raise TypeError("a query decides nothing")
        return _answered(outcome, position, stale=stale)

    async def _reached(self, after: str) -> bool:
        """Whether the read models include a position; one of another log can never be reached."""
        try:
            position = Position.parse(after)
        except ValueError:
            return False
        if position.epoch != self._runtime.store.epoch:
            return False
        return await self._runtime.projector.reached(None, position.value, STALE_SECONDS)

    def _position(self, value: int) -> str:
        return str(Position(self._runtime.store.epoch, value))

    def _context(
        self,
        actor: Actor,
        conference: str | None,
        command_id: UUID | None,
        trace: str,
        position: str = "",
        expected: Position | None = None,
    ) -> Context:
        runtime = self._runtime
        return Context(
            actor=actor,
            now=runtime.clock.now(),
            clock=runtime.clock,
            repository=runtime.repository,
            db=runtime.db,
            keys=runtime.keys,
            requests=runtime.requests,
            settings=runtime.settings,
            conference=conference,
            command_id=command_id,
            trace=trace,
            position=position,
            expected=expected,
        )


def _answered(answer: Answer | msgspec.Raw, position: str, *, stale: bool = False) -> _Reply:
    raw = answer if isinstance(answer, msgspec.Raw) else msgspec.Raw(_ENCODER.encode(answer))
    return _Reply(Wire(answer=raw, position=position, stale=stale), "answered")


def _refused(refusal: Refusal, position: str = "", *, stale: bool = False) -> _Reply:
    wire = Wire(refused=msgspec.Raw(_ENCODER.encode(refusal)), position=position, stale=stale)
    return _Reply(wire, type(refusal).__name__)


def _late(service: str) -> _Reply:
    return replace(_refused(Unavailable(service=service)), outcome="late")


def _invalid(error: msgspec.DecodeError) -> InvalidInput:
    """The field and the problem in an error of msgspec, such as "Expected `int`, got `str` - at `$.amount`"."""
    problem, _, place = str(error).partition(" - at `")
    return InvalidInput(field=place.rstrip("`").removeprefix("$").removeprefix("."), problem=problem)


def _expected(headers: dict[str, str]) -> Position | InvalidInput | None:
    """The place up to which a client saw what its command is about; None when it does not say."""
    text = headers.get(EXPECTED)
    if text is None:
        return None
    try:
        return Position.parse(text)
    except ValueError:
        return InvalidInput(field="expected_position", problem="not a position")


def _budget(headers: dict[str, str]) -> float:
    """The real seconds a request has left."""
    text = headers.get(DEADLINE, "")
    return int(text) / 1000 if text.isdigit() else TIMEOUT_SECONDS

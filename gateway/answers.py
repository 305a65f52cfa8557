# SPDX-License-Identifier: Apache-2.0
"""Answers that everybody may read, kept in memory until a service says that they are out of date.

As with live views (ADR 5) a message never carries the news: it drops what it makes outdated, and the next one who
wants it asks again, from that position on. What is asked for at the same time is asked once. An answer that was
asked for again and did not change stays the same object, so whatever was made of it stays good.
"""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from gateway.live.views import VIEWS, Message
from gateway.metrics import KEPT_QUESTIONS
from services.chassis.bus import Bus, Subscribed
from services.chassis.contract import Answer, Position, QueryRequest
from services.chassis.identity import Actor
from services.chassis.requests import Reply
from services.chassis.subjects import ES_EPOCH, ES_POSITION
from services.contracts import registration, session


class Kind(NamedTuple):
    """How answers to one type of question are kept.

    Args:
        messages: after these it is asked for again.
        seconds: real time after which it is asked for again anyhow; not every change is told.
        everybody: whether all who ask are answered alike; otherwise those who are nobody in particular.
        size: how many answers are kept.
    """

    messages: tuple[Message, ...]
    seconds: float
    everybody: bool
    size: int


_CONFERENCES: tuple[Message, ...] = (
    registration.ConferenceAnnounced,
    registration.ConferenceOpened,
    registration.ConferenceClosed,
    registration.ConferenceMoved,
    registration.ConferenceCancelled,
    registration.ConferenceHeld,
    registration.SeatTaken,
    registration.SeatReleased,
    registration.ParticipantErased,
    session.SessionEnded,
)

KINDS: Mapping[type[QueryRequest[Any]], Kind] = {
    # Who waits for a seat is not told by a message, and registration hears by itself that an evening has ended.
    registration.ListConferences: Kind(_CONFERENCES, seconds=2.0, everybody=True, size=500),
    registration.GetConference: Kind(_CONFERENCES, seconds=2.0, everybody=True, size=5000),
    # Residents and staff are also told the newest announcement.
    session.GetSession: Kind(VIEWS["session"].messages, seconds=10.0, everybody=False, size=5000),
}
"""The questions whose answers are kept."""

BOUND: Mapping[tuple[str, str], tuple[type[QueryRequest[Any]], ...]] = {
    (message.SERVICE, message.__name__): tuple(query for query, kind in KINDS.items() if message in kind.messages)
    for message in {message for kind in KINDS.values() for message in kind.messages}
}
"""The questions whose answers each message makes out of date, by service and name of the message."""


class Kept(NamedTuple):
    """One answer.

    Args:
        reply: as the service gave it.
        until: monotonic time (seconds) to which it is good.
    """

    reply: Reply[Any]
    until: float


class Good:
    """Until when all that was read of kept answers is good, if none of them changes before.

    Attributes:
        until: monotonic time (seconds); 0 when something was asked for.
    """

    __slots__ = ("until",)

    def __init__(self) -> None:
        self.until = math.inf


def is_nobody(actor: Actor) -> bool:
    """Whether somebody asks as nobody in particular: without a seat and without a role."""
    return actor.kind == "anonymous" or (actor.kind == "app" and not actor.grants)


class Answers:
    """The kept answers of this gateway. Nothing is kept before it listens.

    Args:
        ask: a service, on behalf of nobody, from a position (`<epoch>:<value>`) on.
        now: monotonic time in seconds; tests bring their own.

    Attributes:
        changes: how many times something was outdated, or came back other than it was.
    """

    def __init__(
        self,
        ask: Callable[[QueryRequest[Any], str | None], Awaitable[Reply[Any]]],
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask = ask
        self._now = now
        self._kept: dict[type[Any], OrderedDict[QueryRequest[Any], Kept]] = {kind: OrderedDict() for kind in KINDS}
        self._everybodys = {query: self._kept[query] for query, kind in KINDS.items() if kind.everybody}
        self._same: OrderedDict[tuple[type[Any], str], Answer] = OrderedDict()
        self._flights: dict[QueryRequest[Any], asyncio.Task[Reply[Any]]] = {}
        self._after: dict[str, Position] = {}
        self._listening: list[Subscribed] = []
        self.changes = 0

    async def open(self, bus: Bus) -> None:
        """Listens; from now on answers are kept."""
        bus.on_reconnect.append(self.forget_all)
        for service, name in BOUND:
            subject = f"{bus.prefix}.evt.{service}.*.*.{name}"
            self._listening.append(await bus.subscribe(subject, self._on_message))

    async def close(self) -> None:
        """Stops listening."""
        for subscription in self._listening:
            await subscription.stop()
        self._listening.clear()
        self.forget_all()

    @staticmethod
    def serves(query: type[QueryRequest[Any]], actor: Actor) -> bool:
        """Whether this actor is given what everybody is given."""
        kind = KINDS.get(query)
        return kind is not None and (kind.everybody or is_nobody(actor))

    def at_hand(self, query: QueryRequest[Any], after: str | None = None) -> Reply[Any] | None:
        """The reply to a question without asking; None: it must be asked.

        Args:
            query: of one of the `KINDS`.
            after: it includes this position (`<epoch>:<value>`).
        """
        kept = self._kept[type(query)].get(query)
        if kept is None or kept.until < self._now():
            return None
        return kept.reply if after is None or _includes(kept.reply.position, after) else None

    def reader(self, actor: Actor, after: Mapping[str, str], good: "Good") -> Callable[[QueryRequest[Any]], Any]:
        """A function from a question to its answer in memory, good for this moment; None: it must be asked.

        Args:
            actor: who asks.
            after: positions that the answers include, by service.
            good: told until when what is read is good.
        """
        served = self._kept if is_nobody(actor) else self._everybodys
        now = self._now()

        def look(query: QueryRequest[Any]) -> Any:
            kept = served.get(type(query))
            known = None if kept is None else kept.get(query)
            if known is None or known.until < now:
                return None
            if after and query.SERVICE in after and not _includes(known.reply.position, after[query.SERVICE]):
                return None
            if known.until < good.until:  # noqa: PLR1730 -- fifty times in a list
                good.until = known.until
            return known.reply.answer

        return look

    async def ask(self, query: QueryRequest[Any]) -> Reply[Any]:
        """Asks, together with everybody who asks the same at this moment."""
        flight = self._flights.get(query)
        if flight is None:
            flight = self._flights[query] = asyncio.create_task(self._fetch(query))
        return await asyncio.shield(flight)

    def outdate(self, service: str, name: str, conference: str, position: Position | None) -> None:
        """Drops what a message makes out of date.

        Args:
            service: whose message it is.
            name: of the message.
            conference: the one it is about.
            position: of the message in the service's log.
        """
        known = self._after.get(service)
        if position is not None and (known is None or known.epoch != position.epoch or known < position):
            self._after[service] = position
        for kind in BOUND.get((service, name), ()):
            self._forget(kind, conference)

    def forget_all(self) -> None:
        """Drops everything: messages may have been lost."""
        self.changes += 1
        self._flights.clear()
        for kept in self._kept.values():
            kept.clear()

    def _forget(self, kind: type[QueryRequest[Any]], conference: str) -> None:
        self.changes += 1
        # Who asked before goes on waiting for the flight; whoever comes now does not join it.
        if "conference_id" in kind.__struct_fields__:
            query = kind(conference_id=conference)
            self._kept[kind].pop(query, None)
            self._flights.pop(query, None)
        else:
            self._kept[kind].clear()
            for query in [query for query in self._flights if type(query) is kind]:
                del self._flights[query]

    async def _fetch(self, query: QueryRequest[Any]) -> Reply[Any]:
        KEPT_QUESTIONS.labels(type(query).__name__).inc()
        kind = KINDS[type(query)]
        flight = asyncio.current_task()
        after = self._after.get(query.SERVICE)
        try:
            reply = await self._ask(query, str(after) if after else None)
            if reply.answer is not None:
                reply = Reply(self._entities(reply.answer), None, reply.position, reply.stale)
                if self._listening and not reply.stale and self._flights.get(query) is flight:
                    kept = self._kept[type(query)]
                    kept[query] = Kept(reply, self._now() + kind.seconds)
                    kept.move_to_end(query)
                    if len(kept) > kind.size:
                        kept.popitem(last=False)
            return reply
        finally:
            if self._flights.get(query) is flight:
                del self._flights[query]

    def _entities(self, answer: Any) -> Any:
        """The answer, made of the objects that were known before wherever they did not change."""
        if hasattr(answer, "items"):
            return msgspec.structs.replace(answer, items=tuple(map(self._entity, answer.items)))
        return self._entity(answer)

    def _entity(self, one: Any) -> Any:
        key = (type(one), one.conference_id)
        known = self._same.get(key)
        if known == one:
            return known
        self.changes += 1
        self._same[key] = one
        self._same.move_to_end(key)
        if len(self._same) > 2 * KINDS[registration.GetConference].size:
            self._same.popitem(last=False)
        return one

    async def _on_message(self, message: Any) -> None:
        _, service, _, conference, name = message.subject.rsplit(".", 4)
        headers = message.headers or {}
        epoch, value = headers.get(ES_EPOCH), headers.get(ES_POSITION)
        self.outdate(service, name, conference, Position(epoch, int(value)) if epoch and value else None)


def _includes(position: str, after: str) -> bool:
    try:
        have, wanted = Position.parse(position), Position.parse(after)
    except ValueError:
        return False
    return have.epoch == wanted.epoch and have.value >= wanted.value

# SPDX-License-Identifier: Apache-2.0
"""Deadlines that fire: rows written by projections of own events, turned into commands when they are due.

class PhaseEnds(TimerPayload, frozen=True, kw_only=True):
    KIND = "phase_ends"
    session_id: str

timers = Timers("session")

@timers.due(PhaseEnds)
async def when_the_time_is_up_end_the_phase(payload: PhaseEnds, ctx: TimerContext) -> Sequence[Step]: ...

In a projection: `await set_timer(tx, key=session_id, due_at=..., payload=PhaseEnds(...), conference=...)`.

The row goes in the transaction that stores what followed; a timer missed while nothing ran fires once
afterwards. Any replica fires any timer: a row is claimed for seconds only, and the command's id, made of the
timer's, keeps a second firing without effect. A handler that decides nothing, only moves its timer for instance, has
no such id: it does so as often as the timer is due.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, TypeVar
from uuid import NAMESPACE_OID, UUID, uuid5

import msgspec

from services.chassis.api import Decide
from services.chassis.clock import Clock
from services.chassis.decider import Command, Decider, Event
from services.chassis.records import Statement

if TYPE_CHECKING:
    from services.chassis.database import Database, Tx
    from services.chassis.keys import Keys
    from services.chassis.repository import Loaded, Repository, Step
    from services.chassis.requests import Requests
    from services.chassis.settings import Settings

S = TypeVar("S")
C = TypeVar("C", bound=Command)
E = TypeVar("E", bound=Event)


class TimerPayload(msgspec.Struct, frozen=True, kw_only=True):
    """What the handler needs to know, ids above all. `KIND` is the stable name under which it is stored."""

    KIND: ClassVar[str]


PayloadT = TypeVar("PayloadT", bound=TimerPayload)


@dataclass(frozen=True, slots=True)
class TimerContext:
    """What the handler of a timer may use.

    Args:
        now: the present instant of domain time; it may be later than the timer's when nothing ran.
        trace: id of the trace, 32 hex digits.
    """

    now: datetime
    clock: Clock
    repository: Repository
    db: Database
    keys: Keys
    requests: Requests
    settings: Settings
    trace: str

    async def load(self, decider: Decider[S, C, E], key: str) -> Loaded[S]:
        """The present state of one stream."""
        return await self.repository.load(decider, key)


Handler: TypeAlias = "Callable[[PayloadT, TimerContext], Awaitable[Sequence[Step] | Decide]]"


def timer_id(kind: str, key: str) -> UUID:
    """The id of the one timer of this kind and key."""
    return uuid5(NAMESPACE_OID, f"timer:{kind}:{key}")


async def set_timer(tx: Tx, *, key: str, due_at: datetime, payload: TimerPayload, conference: str | None) -> None:
    """Sets the timer of this kind and key, or moves it to another instant.

    Args:
        tx: the transaction of the projection.
        key: tells timers of one kind apart, for example the id of a session.
        due_at: instant of domain time, UTC.
        payload: given to the handler.
        conference: the conference it belongs to (32 hex digits), None for the city.
    """
    await tx.execute(
        "INSERT INTO timers (id, due_at, conference_id, kind, payload) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (id) DO UPDATE SET due_at = $2, payload = $5, claimed_until = NULL, attempts = 0",
        timer_id(payload.KIND, key), due_at, UUID(conference) if conference else None, payload.KIND,
        msgspec.json.encode(payload),
    )  # fmt: skip


async def cancel_timer(tx: Tx, kind: type[TimerPayload], key: str) -> None:
    """Removes the timer of this kind and key; nothing happens when there is none."""
    await tx.execute("DELETE FROM timers WHERE id = $1", timer_id(kind.KIND, key))


def moved(payload: TimerPayload, key: str, due_at: datetime) -> Statement:
    """The effect with which a handler moves the timer that is firing to another instant, instead of ending it."""
    return Statement(
        "UPDATE timers SET due_at = $2, claimed_until = NULL, attempts = 0 WHERE id = $1",
        (timer_id(payload.KIND, key), due_at),
    )


class Timers:
    """The handlers of one service's timers.

    Args:
        service: its name.
    """

    def __init__(self, service: str) -> None:
        self.service = service
        self.handlers: dict[str, tuple[msgspec.json.Decoder[Any], Handler[Any]]] = {}

    def due(self, payload: type[PayloadT]) -> Callable[[Handler[PayloadT]], Handler[PayloadT]]:
        """Registers what happens when a timer of this kind is due: the handler returns steps, or a `Decide`
        with effects. A refusal by a rule ends the matter.

        Args:
            payload: the type of payload, which names the kind.
        """

        def register(handler: Handler[PayloadT]) -> Handler[PayloadT]:
            if payload.KIND in self.handlers:
                raise ValueError(f"timers of kind {payload.KIND} have two handlers")
            self.handlers[payload.KIND] = (msgspec.json.Decoder(payload), handler)
            return handler

        return register

# SPDX-License-Identifier: Apache-2.0
"""What did the city order, when does each evening have its turn, and what became of it?"""

from datetime import datetime, timedelta
from typing import ClassVar

import msgspec

from services.chassis.database import Tx
from services.chassis.decider import Event
from services.chassis.projection import DocumentProjection, TableProjection
from services.chassis.store import Recorded
from services.chassis.timers import TimerPayload, set_timer
from services.session.domain.steering import Outcome, SteeringChanged, TurnTaken, turn_at
from services.session.domain.timetable import OrderCancelled, OrderGiven, OrderRequested


class TurnDue(TimerPayload, frozen=True, kw_only=True):
    """An order reaches an evening. `at`: of a start, when the evening is to begin; `due_at`: when the turn was due."""

    KIND: ClassVar[str] = "turn"
    order_id: str
    conference_id: str
    at: datetime
    due_at: datetime


async def _given(tx: Tx, event: OrderGiven, recorded: Recorded) -> None:
    for turn in event.turns:
        at = event.begins_at + timedelta(seconds=turn.offset_seconds)
        due_at = turn_at(event.action, event.begins_at, turn.offset_seconds, recorded.recorded_at)
        payload = TurnDue(order_id=event.order_id, conference_id=turn.conference_id, at=at, due_at=due_at)
        key = f"{event.order_id}:{turn.conference_id}"
        await set_timer(tx, key=key, due_at=due_at, payload=payload, conference=turn.conference_id)


TURNS = TableProjection(name="turns", version=1, handlers={OrderGiven: _given}, tables=())


class OrderState(msgspec.Struct, frozen=True, kw_only=True):
    """One order, and what became of its turns so far, by conference."""

    facts: OrderRequested
    begins_at: datetime
    given: bool = False
    approved_by: str | None = None
    cancelled: bool = False
    outcomes: dict[str, Outcome] = {}


class OrderDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The order; None before it was requested."""

    order: OrderState | None = None


def _order_of(event: Event, _: Recorded) -> tuple[str, ...]:
    match event:
        case OrderRequested() | OrderGiven() | OrderCancelled() | TurnTaken():
            return (event.order_id,)
        case _:
            return ()


def _evolve(document: OrderDocument, event: Event, recorded: Recorded) -> OrderDocument:
    if isinstance(event, OrderRequested):
        return OrderDocument(order=OrderState(facts=event, begins_at=event.begins_at))
    order = document.order
    if order is None:
        return document
    match event:
        case OrderGiven():
            order = msgspec.structs.replace(order, given=True, begins_at=event.begins_at, approved_by=event.approved_by)
        case OrderCancelled():
            order = msgspec.structs.replace(order, cancelled=True)
        case TurnTaken() if recorded.conference_id is not None:
            outcomes = {**order.outcomes, recorded.conference_id.hex: event.outcome}
            order = msgspec.structs.replace(order, outcomes=outcomes)
    return OrderDocument(order=order)


ORDERS = DocumentProjection(
    name="orders", version=1, keys=_order_of, initial=lambda _: OrderDocument(), evolve=_evolve, doc=OrderDocument
)


class ByHand(msgspec.Struct, frozen=True, kw_only=True):
    """Whether people steer the evening by hand."""

    by_hand: bool = False


def _conference_of(event: Event, recorded: Recorded) -> tuple[str, ...]:
    if not isinstance(event, SteeringChanged) or recorded.conference_id is None:
        return ()
    return (recorded.conference_id.hex,)


BY_HAND = DocumentProjection(
    name="by_hand",
    version=1,
    keys=_conference_of,
    initial=lambda _: ByHand(),
    evolve=lambda _, event, __: ByHand(by_hand=event.by_hand) if event.by_hand else None,
    doc=ByHand,
)
"""The evenings that people took out of the timetable."""

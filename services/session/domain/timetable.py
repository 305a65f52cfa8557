# SPDX-License-Identifier: Apache-2.0
"""The timetable of the city: orders that drive many evenings, each of them in its turn.

An order starts, holds, releases or ends evenings within a window. Its plan, when each one has its turn, is drawn once
and kept. What hits many conferences waits for a second person, and so does an order with which one person alone would
have hit many within a day. What becomes of a turn is decided by the evening itself: see `steering.py`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal, assert_never

import msgspec

from services.chassis.decider import Command, Decider, Event, Refusal, Snapshotted

Action = Literal["START", "HOLD", "RELEASE", "END"]
OrderStatus = Literal["AWAITING_APPROVAL", "GIVEN", "CANCELLED", "EXPIRED"]

WINDOW = timedelta(hours=24)
"""For so long a conference counts that one person alone has hit."""

KEPT = timedelta(days=7)
"""For so long orders are remembered: what is older drives nothing any more."""


class Turn(msgspec.Struct, frozen=True):
    """A conference, and how many seconds after the beginning of the order it has its turn."""

    conference_id: str
    offset_seconds: float


# Events ---------------------------------------------------------------------------------------------------------


class OrderRequested(Event, frozen=True, kw_only=True):
    """Somebody wants this for these conferences, from `begins_at` on. `approve_until`: not before a second person
    said yes, and not at all when nobody does by then."""

    TOPIC = "session.order_requested"

    order_id: str
    action: Action
    begins_at: datetime
    window_seconds: float
    seed: int
    turns: tuple[Turn, ...]
    requested_by: str
    requested_at: datetime
    approve_until: datetime | None


class OrderGiven(Event, frozen=True, kw_only=True):
    """The order holds: with it each conference has its turn, counted from `begins_at`. `approved_by`: the second
    person, None where it took none."""

    TOPIC = "session.order_given"

    order_id: str
    action: Action
    begins_at: datetime
    turns: tuple[Turn, ...]
    approved_by: str | None


class OrderCancelled(Event, frozen=True, kw_only=True):
    """Turns that did not come yet do not come."""

    TOPIC = "session.order_cancelled"

    order_id: str
    by: str


OrderEvent = OrderRequested | OrderGiven | OrderCancelled


# State ----------------------------------------------------------------------------------------------------------


class Order(msgspec.Struct, frozen=True):
    """One order."""

    facts: OrderRequested
    given_at: datetime | None = None
    approved_by: str | None = None
    cancelled: bool = False

    def status(self, now: datetime) -> OrderStatus:
        """Where it stands."""
        if self.cancelled:
            return "CANCELLED"
        if self.given_at is not None:
            return "GIVEN"
        until = self.facts.approve_until
        return "AWAITING_APPROVAL" if until is not None and now < until else "EXPIRED"


class Timetable(msgspec.Struct, frozen=True):
    """The orders of the last days, by id."""

    orders: dict[str, Order] = {}

    def hit_alone(self, person: str, now: datetime) -> frozenset[str]:
        """The conferences for which a person gave orders lately, without a second one."""
        return frozenset(
            turn.conference_id
            for order in self.orders.values()
            if order.facts.requested_by == person and order.given_at is not None and order.approved_by is None
            if now - order.given_at < WINDOW
            for turn in order.facts.turns
        )


# Commands and refusals ------------------------------------------------------------------------------------------


class GiveOrder(Command, frozen=True, kw_only=True):
    """Wants something of many evenings.

    Args:
        turns: drawn from the seed.
        limit: so many conferences one person may hit within a day without a second one.
        approve_until: so long a second person may take, where it takes one.
    """

    order_id: str
    action: Action
    begins_at: datetime
    window_seconds: float
    seed: int
    turns: tuple[Turn, ...]
    limit: int
    approve_until: datetime
    by: str


class ApproveOrder(Command, frozen=True, kw_only=True):
    """A second person says yes."""

    order_id: str
    by: str


class CancelOrder(Command, frozen=True, kw_only=True):
    """Ends an order; also how a second person says no."""

    order_id: str
    by: str


OrderCommand = GiveOrder | ApproveOrder | CancelOrder


class UnknownSessionOrder(Refusal, frozen=True, kw_only=True):
    """There is no such order (any more)."""

    order_id: str


class SessionOrderIs(Refusal, frozen=True, kw_only=True):
    """An order with this status cannot do that, or have that done to it."""

    status: str


class OwnSessionOrder(Refusal, frozen=True, kw_only=True):
    """Whoever gave an order does not approve it: that takes a second person. Cancelling it is allowed."""


# Rule -----------------------------------------------------------------------------------------------------------


def decide(timetable: Timetable, command: OrderCommand) -> Sequence[OrderEvent] | Refusal:
    """What follows from a command; see the classes of the commands."""
    if isinstance(command, GiveOrder):
        return _give(timetable, command)
    order = timetable.orders.get(command.order_id)
    if order is None:
        return UnknownSessionOrder(order_id=command.order_id)
    status = order.status(command.now)
    match command:
        case ApproveOrder():
            if status == "GIVEN" and order.approved_by == command.by:
                return []
            if status != "AWAITING_APPROVAL":
                return SessionOrderIs(status=status)
            if command.by == order.facts.requested_by:
                return OwnSessionOrder()
            return [_given(order.facts, command.now, command.by)]
        case CancelOrder():
            if status == "EXPIRED":
                return SessionOrderIs(status=status)
            return [] if order.cancelled else [OrderCancelled(order_id=command.order_id, by=command.by)]
    assert_never(command)


def _give(timetable: Timetable, command: GiveOrder) -> Sequence[OrderEvent]:
    if command.order_id in timetable.orders:
        return []
    hit = {turn.conference_id for turn in command.turns}
    waits = len(hit | timetable.hit_alone(command.by, command.now)) > command.limit
    requested = OrderRequested(
        order_id=command.order_id,
        action=command.action,
        begins_at=command.begins_at,
        window_seconds=command.window_seconds,
        seed=command.seed,
        turns=command.turns,
        requested_by=command.by,
        requested_at=command.now,
        approve_until=command.approve_until if waits else None,
    )
    return [requested] if waits else [requested, _given(requested, command.now, None)]


def _given(facts: OrderRequested, now: datetime, approved_by: str | None) -> OrderGiven:
    """What was approved late begins then: the turns stay as far apart as they were."""
    begins_at = max(facts.begins_at, now)
    return OrderGiven(
        order_id=facts.order_id, action=facts.action, begins_at=begins_at, turns=facts.turns, approved_by=approved_by
    )


def evolve(timetable: Timetable, event: OrderEvent) -> Timetable:
    """The timetable after an event."""
    match event:
        case OrderRequested():
            since = event.requested_at - KEPT
            kept = {name: order for name, order in timetable.orders.items() if order.facts.begins_at > since}
            return Timetable({**kept, event.order_id: Order(event)})
        case OrderGiven():
            order = timetable.orders[event.order_id]
            given = Order(order.facts, given_at=event.begins_at, approved_by=event.approved_by)
            return Timetable({**timetable.orders, event.order_id: given})
        case OrderCancelled():
            order = msgspec.structs.replace(timetable.orders[event.order_id], cancelled=True)
            return Timetable({**timetable.orders, event.order_id: order})
    assert_never(event)


TIMETABLE: Decider[Timetable, OrderCommand, OrderEvent] = Decider(
    name="session.timetable",
    initial=Timetable(),
    decide=decide,
    evolve=evolve,
    events=(OrderRequested, OrderGiven, OrderCancelled),
    snapshot=Snapshotted((Timetable,)),
)

CITY = "city"
"""There is one timetable."""

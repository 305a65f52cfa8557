# SPDX-License-Identifier: Apache-2.0
"""The timetable of the city: one order for many evenings, each of which has its turn."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

import msgspec

from services.chassis.contract import Answer, CommandRequest, Done, Id, QueryRequest, Refusals
from services.contracts import refusals
from services.contracts.session.vocabulary import SERVICE, _Command

SessionAction = Literal["START", "HOLD", "RELEASE", "END"]
SessionOrderStatus = Literal["AWAITING_APPROVAL", "GIVEN", "CANCELLED", "EXPIRED"]
TurnOutcome = Literal["DONE", "BY_HAND", "OTHERWISE", "REFUSED"]


class OrderAccepted(Answer, frozen=True, kw_only=True):
    """The order holds, or waits until `approve_until` for the approval of a second person."""

    order_id: Id
    status: SessionOrderStatus
    approve_until: datetime | None = None


class OrderSessions(CommandRequest[OrderAccepted], frozen=True, kw_only=True):
    """Starts, holds, releases or ends many evenings, spread over a window (organiser of the city).

    Each has its turn at a moment of its own. Evenings that people steer by hand are left alone; so are those that
    have begun by a start, and by a release those that somebody else let stand. What hits many evenings waits for a
    second organiser.
    """

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = OrderAccepted
    action: SessionAction
    conference_ids: Annotated[tuple[Id, ...], msgspec.Meta(min_length=1, max_length=200)]
    begins_at: datetime | None = None
    window_seconds: Annotated[int, msgspec.Meta(ge=0, le=3600)] = 60


class ApproveSessionOrder(CommandRequest[Done], frozen=True, kw_only=True):
    """Lets an order of somebody else hold (a person who organises the city)."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.OwnSessionOrder, refusals.SessionOrderIs, refusals.UnknownSessionOrder)
    order_id: Id


class CancelSessionOrder(CommandRequest[Done], frozen=True, kw_only=True):
    """Ends an order (organiser of the city): evenings that had no turn yet have none. The others stay as they are."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.SessionOrderIs, refusals.UnknownSessionOrder)
    order_id: Id


class SteerByHand(_Command, frozen=True, kw_only=True):
    """Takes the evening out of the city's timetable, or gives it back (who leads)."""

    REFUSALS: ClassVar[Refusals] = (refusals.AnotherLeads, refusals.SessionIs)
    by_hand: bool = True


class SessionTurnView(msgspec.Struct, frozen=True, kw_only=True):
    """When an evening has its turn, and what became of it; None: it has had none."""

    conference_id: Id
    at: datetime
    outcome: TurnOutcome | None


class SessionOrderView(msgspec.Struct, frozen=True, kw_only=True):
    """One order. `begins_at` is later than it was wished for where it was approved late."""

    order_id: Id
    action: SessionAction
    status: SessionOrderStatus
    begins_at: datetime
    window_seconds: int
    requested_by: Id
    requested_at: datetime
    approve_until: datetime | None
    approved_by: Id | None
    turns: tuple[SessionTurnView, ...]


class TimetableView(Answer, frozen=True, kw_only=True):
    """The newest orders, and the conferences that people took out of the timetable."""

    orders: tuple[SessionOrderView, ...]
    by_hand: tuple[Id, ...]


class GetTimetable(QueryRequest[TimetableView], frozen=True, kw_only=True):
    """The timetable of the city (staff who serve in the whole city)."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = TimetableView

# SPDX-License-Identifier: Apache-2.0
"""What the timetable of the city may do with one evening, and what it did.

The city does not fight with who leads an evening. Whoever leads may take it out of the timetable, and give it back.
Apart from that an evening that has begun is not started, one that stands is not held, and only a pause that the
timetable made is ended by it, unless somebody has let the clock run or stand meanwhile.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal, TypeAlias, assert_never

import msgspec

from services.chassis.decider import Command, Decider, Event, Refusal
from services.session.domain.session_commands import (
    AnotherLeads,
    By,
    EndSession,
    MoveSession,
    PauseSession,
    ResumeSession,
    SessionCommand,
    SessionIs,
)
from services.session.domain.session_lead import leads
from services.session.domain.session_state import (
    Ended,
    Paused,
    Running,
    Session,
    Unprepared,
    Waiting,
    led_by_of,
    status_of,
)
from services.session.domain.timetable import Action

Outcome = Literal["DONE", "BY_HAND", "OTHERWISE", "REFUSED"]
"""What became of a turn: it was taken; people steer the evening by hand; it stood otherwise than the order means (had
begun, stood already, was let go on or held by somebody else, was over, had followed a later order); its rules refused
it."""


class TurnTaken(Event, frozen=True, kw_only=True):
    """An order reached the evening, in the turn that was due at this instant. `pauses`: of a hold that was carried out,
    which pause of the evening it made."""

    TOPIC = "session.turn_taken"

    order_id: str
    action: Action
    outcome: Outcome
    pauses: int | None
    due_at: datetime


class SteeringChanged(Event, frozen=True, kw_only=True):
    """People steer the evening by hand from now on, or the timetable does again."""

    TOPIC = "session.steering_changed"

    by_hand: bool
    by: str


SteeringEvent: TypeAlias = TurnTaken | SteeringChanged


class Steering(msgspec.Struct, frozen=True):
    """Who steers the evening; the orders that reached it; which of its pauses the timetable made; its newest turn."""

    by_hand: bool = False
    orders: frozenset[str] = frozenset()
    held: int | None = None
    newest: datetime | None = None


class TakeTurn(Command, frozen=True, kw_only=True):
    """Notes what became of a turn, together with what it did."""

    order_id: str
    action: Action
    outcome: Outcome
    due_at: datetime
    pauses: int | None = None


class SteerByHand(Command, frozen=True, kw_only=True):
    """Takes an evening out of the timetable, or gives it back.

    Args:
        session: as the handler saw it; the append is void when it has changed since.
    """

    by_hand: bool
    session: Session
    by: By


SteeringCommand: TypeAlias = TakeTurn | SteerByHand


def decide(steering: Steering, command: SteeringCommand) -> Sequence[SteeringEvent] | Refusal:
    """What follows from a command; see the classes of the commands."""
    match command:
        case TakeTurn():
            if command.order_id in steering.orders:
                return []
            return [
                TurnTaken(
                    order_id=command.order_id,
                    action=command.action,
                    outcome=command.outcome,
                    pauses=command.pauses,
                    due_at=command.due_at,
                )
            ]
        case SteerByHand():
            if not leads(command.session, command.by):
                return AnotherLeads(led_by=led_by_of(command.session))
            if isinstance(command.session, Unprepared | Ended):
                return SessionIs(status=status_of(command.session))
            if steering.by_hand == command.by_hand:
                return []
            return [SteeringChanged(by_hand=command.by_hand, by=command.by.id)]
    assert_never(command)


def evolve(steering: Steering, event: SteeringEvent) -> Steering:
    """Who steers after an event."""
    match event:
        case TurnTaken():
            held = event.pauses if event.action == "HOLD" and event.outcome == "DONE" else steering.held
            newest = event.due_at if steering.newest is None else max(steering.newest, event.due_at)
            orders = steering.orders | {event.order_id}
            return msgspec.structs.replace(steering, orders=orders, held=held, newest=newest)
        case SteeringChanged():
            return msgspec.structs.replace(steering, by_hand=event.by_hand)
    assert_never(event)


STEERING: Decider[Steering, SteeringCommand, SteeringEvent] = Decider(
    name="session.steering",
    initial=Steering(),
    decide=decide,
    evolve=evolve,
    events=(TurnTaken, SteeringChanged),
)


def obeyed(
    action: Action, session: Session, steering: Steering, at: datetime, due_at: datetime, now: datetime
) -> tuple[Outcome, SessionCommand | None]:
    """What an evening does when an order reaches it.

    Args:
        action: what is ordered.
        at: of a start, when the evening is to begin.
        due_at: when the turn was due; one that comes behind a later one, after a restart, is void.
        now: the present instant.
    """
    if steering.by_hand:
        return "BY_HAND", None
    if steering.newest is not None and due_at < steering.newest:
        return "OTHERWISE", None
    match action, session:
        case "START", Waiting():
            return "DONE", MoveSession(starts_at=max(at, now), now=now)
        case "HOLD", Running():
            return "DONE", PauseSession(now=now)
        case "RELEASE", Paused() if session.pauses == steering.held:
            return "DONE", ResumeSession(now=now)
        case "END", Running() | Paused():
            return "DONE", EndSession(now=now)
    return "OTHERWISE", None


def turn_at(action: Action, begins_at: datetime, offset_seconds: float, given_at: datetime) -> datetime:
    """When an order reaches an evening: a start, which the evening keeps by its own clock, at once."""
    return given_at if action == "START" else begins_at + timedelta(seconds=offset_seconds)

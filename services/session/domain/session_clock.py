# SPDX-License-Identifier: Apache-2.0
"""The clock of a phase: its deadline moves, stands and runs on."""

from datetime import datetime, timedelta

from services.chassis.decider import Refusal
from services.session.domain.session_commands import ExtendPhase, SessionIs
from services.session.domain.session_facts import (
    PausedPhaseExtended,
    PhaseExtended,
    SessionEvent,
    SessionPaused,
    SessionResumed,
)
from services.session.domain.session_state import Paused, Running, Session, status_of

SHORTEST_REST = timedelta(seconds=5)
"""A shortened phase ends this long after the command at the earliest: nobody is cut off in mid-click."""


def extend(session: Session, command: ExtendPhase) -> list[SessionEvent] | Refusal:
    """Another deadline: from now on where the old one has passed, and never in the past."""
    by = timedelta(minutes=command.minutes)
    match session:
        case Running():
            deadline = (
                max(session.deadline + by, command.now + SHORTEST_REST)
                if by < timedelta()
                else (max(session.deadline, command.now) + by)
            )
            by_hand = _advances_by_hand(session)
            extended = PhaseExtended(run=session.run, deadline=deadline, by_hand=by_hand)
            return [] if deadline == session.deadline else [extended]
        case Paused():
            left = max(session.left + by, SHORTEST_REST)
            rest = PausedPhaseExtended(run=session.run, left_seconds=left.total_seconds())
            return [] if left == session.left else [rest]
        case _:
            return SessionIs(status=status_of(session))


def pause(session: Session, now: datetime) -> list[SessionEvent] | Refusal:
    """The clock stands."""
    match session:
        case Running():
            return [SessionPaused(run=session.run, left_seconds=session.left_at(now).total_seconds())]
        case Paused():
            return []
        case _:
            return SessionIs(status=status_of(session))


def resume(session: Session, now: datetime) -> list[SessionEvent] | Refusal:
    """The clock runs on with the time that was left."""
    match session:
        case Paused():
            deadline = now + max(session.left, SHORTEST_REST)
            return [SessionResumed(run=session.run, deadline=deadline, by_hand=_advances_by_hand(session))]
        case Running():
            return []
        case _:
            return SessionIs(status=status_of(session))


def _advances_by_hand(session: Running | Paused) -> bool:
    return session.script.phases[session.phase].advance == "by_hand"

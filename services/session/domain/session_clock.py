# SPDX-License-Identifier: Apache-2.0
"""The clock of a phase: its deadline moves, stands and runs on."""

from datetime import datetime, timedelta

from services.chassis.decider import Refusal
from services.session.domain.session_commands import ClockStruck, ExtendGroup, ExtendPhase, SessionIs
from services.session.domain.session_facts import (
    GroupExtended,
    PausedPhaseExtended,
    PhaseClosing,
    PhaseExtended,
    SessionEvent,
    SessionPaused,
    SessionResumed,
    TimeMarkReached,
)
from services.session.domain.session_state import Closing, Paused, Running, Session, status_of

SHORTEST_REST = timedelta(seconds=5)
"""A shortened phase ends this long after the command at the earliest: nobody is cut off in mid-click."""

MARKS = (5, 2, 1)
"""So many minutes before the deadline everybody is told; nothing ticks in between."""


def marks_to_come(deadline: datetime, now: datetime) -> tuple[int, ...]:
    """The marks on the way from now to the deadline."""
    return tuple(mark for mark in MARKS if deadline - timedelta(minutes=mark) > now)


def marks_reached(session: Running, command: ClockStruck) -> list[SessionEvent]:
    """The marks that are due, each once and in order, also when the clock strikes late."""
    return [
        TimeMarkReached(run=session.run, minutes=mark, deadline=session.deadline, by_hand=advances_by_hand(session))
        for mark in MARKS
        if mark in command.marks
        and session.closing is None
        and session.deadline - timedelta(minutes=mark) <= command.now
        and (session.mark is None or mark < session.mark)
    ]


def close_softly(session: Running, now: datetime, *, by_hand: bool) -> list[SessionEvent]:
    """The seconds that people have to finish begin; nothing when they run already, or there are none."""
    seconds = session.script.phases[session.phase].soft_close_seconds
    if seconds == 0 or session.closing is not None:
        return []
    return [PhaseClosing(run=session.run, closes_at=now + timedelta(seconds=seconds), by_hand=by_hand)]


def close_when_ready(session: Running, now: datetime) -> list[SessionEvent]:
    """Enough are ready: the others get the seconds to finish, and a few where the script gives none."""
    phase = session.script.phases[session.phase]
    if phase.advance != "ready_share" or session.closing is not None:
        return []
    rest = max(timedelta(seconds=phase.soft_close_seconds), SHORTEST_REST)
    return [PhaseClosing(run=session.run, closes_at=now + rest, by_hand=False)]


def reopen(session: Running, now: datetime) -> list[SessionEvent]:
    """Next was pressed by mistake and people still finish: the phase goes on to its deadline."""
    deadline = max(session.deadline, now + SHORTEST_REST)
    return [PhaseExtended(run=session.run, deadline=deadline, by_hand=advances_by_hand(session))]


def next_strike(
    session: Session, run: int, marks: tuple[int, ...], groups: frozenset[str], now: datetime
) -> datetime | None:
    """When the clock of the phase with number `run` strikes next; None: not by itself, or it is another phase.

    Args:
        marks: those that lay ahead when the timer was set.
        groups: that are running.
    """
    if not isinstance(session, Running) or session.run != run:
        return None
    if session.closing is not None:
        return session.closing.at
    ahead = [mark for mark in marks_to_come(session.deadline, now) if mark in marks]
    if ahead:
        return session.deadline - timedelta(minutes=ahead[0])
    return None if advances_by_hand(session) else session.ends_at(groups)


def extend_group(session: Session, command: ExtendGroup) -> list[SessionEvent] | Refusal:
    """A deadline of one group alone, never in the past; the phase ends when the last group's has come."""
    by = timedelta(minutes=command.minutes)
    if not isinstance(session, Running | Paused):
        return SessionIs(status=status_of(session))
    offset = session.offsets.get(command.group_id, timedelta())
    if isinstance(session, Paused):
        left = max(session.left + offset + by, SHORTEST_REST)
        return [] if left == session.left + offset else [group_extended(session, command.group_id, left - session.left)]
    own = session.deadline + offset
    wanted = max(own + by, command.now + SHORTEST_REST) if by < timedelta() else max(own, command.now) + by
    if wanted == own or (by < timedelta() and isinstance(session.closing, Closing)):
        return []
    return [group_extended(session, command.group_id, wanted - session.deadline)]


def group_extended(session: Running | Paused, group_id: str, offset: timedelta) -> GroupExtended:
    """The fact that one group's deadline lies so far behind that of all."""
    offsets = {**session.offsets, group_id: offset}
    deadline = session.deadline if isinstance(session, Running) else None
    return GroupExtended(
        run=session.run,
        group_id=group_id,
        offset_seconds=offset.total_seconds(),
        deadline=deadline,
        ends_at=deadline + max(timedelta(), *offsets.values()) if deadline is not None else None,
        by_hand=advances_by_hand(session),
    )


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
            by_hand = advances_by_hand(session)
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
            return [SessionResumed(run=session.run, deadline=deadline, by_hand=advances_by_hand(session))]
        case Running():
            return []
        case _:
            return SessionIs(status=status_of(session))


def advances_by_hand(session: Running | Paused) -> bool:
    """Whether only somebody who leads ends the present phase."""
    return session.script.phases[session.phase].advance == "by_hand"

# SPDX-License-Identifier: Apache-2.0
"""The phase engine: a session is prepared, lets people in, runs through its script and ends.

Deadlines are absolute instants. `run` counts the entries into phases, so "the phase I saw" keeps its meaning after
going back; every command that leaves or changes a phase names the run it was meant for. Nothing depends on the
moderator: timers open the lobby, start the evening and lead on at each deadline.
"""

from datetime import datetime, timedelta
from typing import TypeAlias, assert_never

from services.chassis.decider import Command, Decider, Refusal
from services.session.domain.script import Script
from services.session.domain.session_facts import (
    Ended,
    LobbyOpened,
    Paused,
    PausedPhaseExtended,
    PhaseEnded,
    PhaseExtended,
    PhaseStarted,
    Running,
    Session,
    SessionEnded,
    SessionEvent,
    SessionMoved,
    SessionPaused,
    SessionPrepared,
    SessionResumed,
    SessionStarted,
    Status,
    Unprepared,
    Waiting,
    evolve,
    phase_of,
    run_of,
    status_of,
)

LOBBY_BEFORE_START = timedelta(minutes=15)
SHORTEST_REST = timedelta(seconds=5)
"""A shortened phase ends this long after the command at the earliest: nobody is cut off in mid-click."""


# Commands -------------------------------------------------------------------------------------------------------


class PrepareSession(Command, frozen=True, kw_only=True):
    """Gives the conference a session."""

    script: Script
    starts_at: datetime
    language: str
    title: str


class MoveSession(Command, frozen=True, kw_only=True):
    """Lets the evening begin at another instant."""

    starts_at: datetime


class OpenLobby(Command, frozen=True, kw_only=True):
    """Lets people in."""


class StartSession(Command, frozen=True, kw_only=True):
    """Enters the first phase."""


class NextPhase(Command, frozen=True, kw_only=True):
    """Leaves the phase with number `run`; behind the last one the session ends."""

    run: int


class PreviousPhase(Command, frozen=True, kw_only=True):
    """Goes back from the phase with number `run`."""

    run: int


class ExtendPhase(Command, frozen=True, kw_only=True):
    """Moves the deadline of the phase with number `run` by `minutes`, which may be negative."""

    run: int
    minutes: int


class PauseSession(Command, frozen=True, kw_only=True):
    """Stops the clock."""


class ResumeSession(Command, frozen=True, kw_only=True):
    """Lets the clock run on with the time that was left."""


class EndSession(Command, frozen=True, kw_only=True):
    """Ends the evening."""


class DeadlineReached(Command, frozen=True, kw_only=True):
    """The timer of the phase with number `run` went off: like NextPhase, unless the timer is out of date."""

    run: int


SessionCommand: TypeAlias = (
    PrepareSession
    | MoveSession
    | OpenLobby
    | StartSession
    | NextPhase
    | PreviousPhase
    | ExtendPhase
    | PauseSession
    | ResumeSession
    | EndSession
    | DeadlineReached
)


# Refusals -------------------------------------------------------------------------------------------------------


class PhaseHasChanged(Refusal, frozen=True, kw_only=True):
    """The command meant another phase than the present one; `phase` is None outside of phases."""

    run: int
    phase: str | None


class SessionIs(Refusal, frozen=True, kw_only=True):
    """The session is in a status in which the command has no meaning; None: it was never prepared."""

    status: Status | None


class FirstPhase(Refusal, frozen=True, kw_only=True):
    """There is no phase before this one."""

    run: int


# Rule -----------------------------------------------------------------------------------------------------------


def decide(session: Session, command: SessionCommand) -> list[SessionEvent] | Refusal:
    """What follows from a command; see the classes of the commands."""
    match command:
        case PrepareSession():
            return _prepare(session, command)
        case MoveSession():
            if not isinstance(session, Waiting):
                return SessionIs(status=status_of(session))
            moved = SessionMoved(starts_at=command.starts_at)
            return [] if session.starts_at == command.starts_at else [moved]
        case OpenLobby():
            if isinstance(session, Waiting):
                return [] if session.lobby_open else [LobbyOpened()]
            return SessionIs(status=status_of(session))
        case StartSession():
            return _start(session, command.now)
        case NextPhase():
            return _has_changed(session, command.run) or _next(session, command.now)
        case PreviousPhase():
            return _has_changed(session, command.run) or _previous(session, command.now)
        case ExtendPhase():
            return _has_changed(session, command.run) or _extend(session, command)
        case PauseSession():
            return _pause(session, command.now)
        case ResumeSession():
            return _resume(session, command.now)
        case EndSession():
            return _end(session)
        case DeadlineReached():
            due = isinstance(session, Running) and session.run == command.run and session.deadline <= command.now
            return _next(session, command.now) if due else []
    assert_never(command)


def _prepare(session: Session, command: PrepareSession) -> list[SessionEvent] | Refusal:
    if not isinstance(session, Unprepared):
        return []
    return [
        SessionPrepared(
            script=command.script, starts_at=command.starts_at, language=command.language, title=command.title
        )
    ]


def _start(session: Session, now: datetime) -> list[SessionEvent] | Refusal:
    match session:
        case Waiting():
            opened: list[SessionEvent] = [] if session.lobby_open else [LobbyOpened()]
            return [*opened, SessionStarted(started_at=now), _enter(session.script, 0, 1, now)]
        case Running() | Paused():
            return []
        case _:
            return SessionIs(status=status_of(session))


def _next(session: Session, now: datetime) -> list[SessionEvent] | Refusal:
    if not isinstance(session, Running | Paused):
        return SessionIs(status=status_of(session))
    if session.phase + 1 == len(session.script.phases):
        return [_leave(session), SessionEnded()]
    return [_leave(session), _enter(session.script, session.phase + 1, session.run + 1, now)]


def _previous(session: Session, now: datetime) -> list[SessionEvent] | Refusal:
    if not isinstance(session, Running | Paused):
        return SessionIs(status=status_of(session))
    if session.phase == 0:
        return FirstPhase(run=session.run)
    return [_leave(session), _enter(session.script, session.phase - 1, session.run + 1, now)]


def _extend(session: Session, command: ExtendPhase) -> list[SessionEvent] | Refusal:
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


def _pause(session: Session, now: datetime) -> list[SessionEvent] | Refusal:
    match session:
        case Running():
            left = max(session.deadline - now, timedelta())
            return [SessionPaused(run=session.run, left_seconds=left.total_seconds())]
        case Paused():
            return []
        case _:
            return SessionIs(status=status_of(session))


def _resume(session: Session, now: datetime) -> list[SessionEvent] | Refusal:
    match session:
        case Paused():
            deadline = now + max(session.left, SHORTEST_REST)
            return [SessionResumed(run=session.run, deadline=deadline, by_hand=_advances_by_hand(session))]
        case Running():
            return []
        case _:
            return SessionIs(status=status_of(session))


def _end(session: Session) -> list[SessionEvent] | Refusal:
    match session:
        case Running() | Paused():
            return [_leave(session), SessionEnded()]
        case Waiting():
            return [SessionEnded()]
        case Ended():
            return []
        case _:
            return SessionIs(status=None)


def _has_changed(session: Session, run: int) -> Refusal | None:
    if isinstance(session, Unprepared | Waiting):
        return SessionIs(status=status_of(session))
    return None if session.run == run and not isinstance(session, Ended) else changed(session)


def _enter(script: Script, phase: int, run: int, now: datetime) -> PhaseStarted:
    entered = script.phases[phase]
    return PhaseStarted(
        run=run,
        phase=phase,
        key=entered.key,
        kind=entered.kind,
        tools=entered.tools,
        group_mode=entered.group_mode,
        deadline=now + timedelta(minutes=entered.minutes),
        by_hand=entered.advance == "by_hand",
    )


def _leave(session: Running | Paused) -> PhaseEnded:
    left = session.script.phases[session.phase]
    return PhaseEnded(run=session.run, key=left.key, tools=left.tools)


def _advances_by_hand(session: Running | Paused) -> bool:
    return session.script.phases[session.phase].advance == "by_hand"


def changed(session: Session) -> PhaseHasChanged:
    """The refusal that tells where the session really is."""
    phase = phase_of(session)
    return PhaseHasChanged(run=run_of(session), phase=phase.key if phase is not None else None)


SESSION: Decider[Session, SessionCommand, SessionEvent] = Decider(
    name="session.session",
    initial=Unprepared(),
    decide=decide,
    evolve=evolve,
    events=(
        SessionPrepared,
        SessionMoved,
        LobbyOpened,
        SessionStarted,
        PhaseStarted,
        PhaseExtended,
        PausedPhaseExtended,
        PhaseEnded,
        SessionPaused,
        SessionResumed,
        SessionEnded,
    ),
)

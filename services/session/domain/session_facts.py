# SPDX-License-Identifier: Apache-2.0
"""What happened in a session, the situation that follows from it, and what others ask about that situation.

The rule that decides new events is in `session.py`.
"""

from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias, assert_never

import msgspec

from services.chassis.decider import Event
from services.session.domain.script import GroupMode, Phase, PhaseKind, Script, Tool

Status = Literal["PREPARED", "LOBBY", "RUNNING", "PAUSED", "ENDED"]


# Events ---------------------------------------------------------------------------------------------------------


class SessionPrepared(Event, frozen=True, kw_only=True):
    """A conference has its session. The script is kept as it was."""

    TOPIC = "session.prepared"
    VERSION = 2

    script: Script
    starts_at: datetime
    language: str
    title: str

    @staticmethod
    def upcast_v1_v2(fields: dict[str, Any]) -> dict[str, Any]:
        """Version 1 knew scripts without versions."""
        return {**fields, "script": {**fields["script"], "version": 1}}


class SessionMoved(Event, frozen=True, kw_only=True):
    """The evening begins at another instant."""

    TOPIC = "session.moved"

    starts_at: datetime


class LobbyOpened(Event, frozen=True, kw_only=True):
    """People may come in and wait."""

    TOPIC = "session.lobby_opened"


class SessionStarted(Event, frozen=True, kw_only=True):
    """The evening began."""

    TOPIC = "session.started"

    started_at: datetime


class PhaseStarted(Event, frozen=True, kw_only=True):
    """A phase was entered; `phase` is its place in the script from 0."""

    TOPIC = "session.phase_started"

    run: int
    phase: int
    key: str
    kind: PhaseKind
    tools: tuple[Tool, ...]
    group_mode: GroupMode | None
    deadline: datetime
    by_hand: bool


class PhaseExtended(Event, frozen=True, kw_only=True):
    """The running phase has another deadline."""

    TOPIC = "session.phase_extended"

    run: int
    deadline: datetime
    by_hand: bool


class PausedPhaseExtended(Event, frozen=True, kw_only=True):
    """The paused phase has another rest."""

    TOPIC = "session.paused_phase_extended"

    run: int
    left_seconds: float


class PhaseEnded(Event, frozen=True, kw_only=True):
    """A phase was left."""

    TOPIC = "session.phase_ended"

    run: int
    key: str
    tools: tuple[Tool, ...]


class SessionPaused(Event, frozen=True, kw_only=True):
    """The clock stands; `left_seconds` of the phase remain."""

    TOPIC = "session.paused"

    run: int
    left_seconds: float


class SessionResumed(Event, frozen=True, kw_only=True):
    """The clock runs on."""

    TOPIC = "session.resumed"

    run: int
    deadline: datetime
    by_hand: bool


class SessionEnded(Event, frozen=True, kw_only=True):
    """The evening is over, or does not take place."""

    TOPIC = "session.ended"


SessionEvent: TypeAlias = (
    SessionPrepared
    | SessionMoved
    | LobbyOpened
    | SessionStarted
    | PhaseStarted
    | PhaseExtended
    | PausedPhaseExtended
    | PhaseEnded
    | SessionPaused
    | SessionResumed
    | SessionEnded
)


# State ----------------------------------------------------------------------------------------------------------


class Unprepared(msgspec.Struct, frozen=True):
    """There is no session yet."""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """Prepared; with the lobby open, people wait in it."""

    script: Script
    starts_at: datetime
    lobby_open: bool = False


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """A phase runs towards its deadline."""

    script: Script
    run: int
    phase: int
    deadline: datetime


class Paused(msgspec.Struct, frozen=True, kw_only=True):
    """The clock stands."""

    script: Script
    run: int
    phase: int
    left: timedelta


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """The evening is over."""

    script: Script
    run: int


Session: TypeAlias = Unprepared | Waiting | Running | Paused | Ended


# What others ask about a session --------------------------------------------------------------------------------


def status_of(session: Session) -> Status | None:
    """The status in one word, None when there is no session."""
    match session:
        case Unprepared():
            return None
        case Waiting():
            return "LOBBY" if session.lobby_open else "PREPARED"
        case Running():
            return "RUNNING"
        case Paused():
            return "PAUSED"
        case Ended():
            return "ENDED"
    assert_never(session)


def phase_of(session: Session) -> Phase | None:
    """The present phase, None outside of phases."""
    return session.script.phases[session.phase] if isinstance(session, Running | Paused) else None


def run_of(session: Session) -> int:
    """How many entries into phases there were."""
    return session.run if isinstance(session, Running | Paused | Ended) else 0


def evolve(session: Session, event: SessionEvent) -> Session:
    """The session after an event."""
    match event:
        case SessionPrepared():
            return Waiting(script=event.script, starts_at=event.starts_at)
        case PhaseStarted():
            script = _script(session)
            return Running(script=script, run=event.run, phase=event.phase, deadline=event.deadline)
        case SessionEnded():
            return Ended(script=_script(session), run=run_of(session))
        case SessionMoved():
            return _waiting(session, starts_at=event.starts_at)
        case LobbyOpened():
            return _waiting(session, lobby_open=True)
        case PhaseExtended():
            return msgspec.structs.replace(session, deadline=event.deadline)
        case PausedPhaseExtended():
            return msgspec.structs.replace(session, left=timedelta(seconds=event.left_seconds))
        case SessionPaused():
            assert isinstance(session, Running), session  # noqa: S101 -- decide pauses running sessions only
            left = timedelta(seconds=event.left_seconds)
            return Paused(script=session.script, run=session.run, phase=session.phase, left=left)
        case SessionResumed():
            assert isinstance(session, Paused), session  # noqa: S101 -- decide resumes paused sessions only
            return Running(script=session.script, run=session.run, phase=session.phase, deadline=event.deadline)
        case SessionStarted() | PhaseEnded():
            return session
    assert_never(event)


def _script(session: Session) -> Script:
    assert not isinstance(session, Unprepared)  # noqa: S101 -- every other event follows SessionPrepared
    return session.script


def _waiting(session: Session, **changes: object) -> Session:
    return msgspec.structs.replace(session, **changes)

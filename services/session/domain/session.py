# SPDX-License-Identifier: Apache-2.0
"""The phase engine: a session is prepared, lets people in, runs through its script and ends.

Deadlines are absolute instants. `run` counts the entries into phases, so "the phase I saw" keeps its meaning after
going back; every command that leaves or changes a phase names the run it was meant for. Nothing depends on the
moderator: timers open the lobby, start the evening and lead on at each deadline.
"""

from datetime import datetime, timedelta
from typing import assert_never

from services.chassis.decider import Decider, Refusal
from services.session.domain.script import Script
from services.session.domain.session_clock import (
    SHORTEST_REST,
    advances_by_hand,
    close_softly,
    close_when_ready,
    extend,
    extend_group,
    group_extended,
    marks_reached,
    pause,
    reopen,
    resume,
)
from services.session.domain.session_commands import (
    AnotherLeads,
    ClockStruck,
    EndSession,
    EnoughAreReady,
    ExtendGroup,
    ExtendPhase,
    FirstPhase,
    HandBack,
    HandOver,
    LastPhase,
    MoveSession,
    NextPhase,
    NothingToUndo,
    OpenLobby,
    PauseSession,
    PhaseHasChanged,
    PhaseIsOver,
    PrepareSession,
    PreviousPhase,
    ResumeSession,
    SessionCommand,
    SessionIs,
    SkipPhase,
    StartSession,
    UndoPhaseChange,
    UnknownPhase,
)
from services.session.domain.session_facts import (
    GroupExtended,
    LeadHandedBack,
    LeadHandedOver,
    LobbyOpened,
    PausedPhaseExtended,
    PhaseChangeUndone,
    PhaseClosing,
    PhaseEnded,
    PhaseExtended,
    PhaseLeftByHand,
    PhaseRestored,
    PhaseSkipped,
    PhaseStarted,
    SessionEnded,
    SessionEvent,
    SessionMoved,
    SessionPaused,
    SessionPrepared,
    SessionResumed,
    SessionStarted,
    TimeMarkReached,
)
from services.session.domain.session_lead import hand_back, hand_over, leads
from services.session.domain.session_state import (
    Ended,
    Paused,
    Running,
    Session,
    Unprepared,
    Waiting,
    evolve,
    led_by_of,
    phase_of,
    run_of,
    status_of,
)

LOBBY_BEFORE_START = timedelta(minutes=15)
UNDO_WITHIN = timedelta(minutes=3)
"""So long after a click that led on or back it can be undone."""


# Rule -----------------------------------------------------------------------------------------------------------


def decide(session: Session, command: SessionCommand) -> list[SessionEvent] | Refusal:
    """What follows from a command; see the classes of the commands."""
    if isinstance(command, PrepareSession | MoveSession | HandOver | HandBack | EnoughAreReady | ClockStruck):
        return _whoever_leads(session, command)
    if not leads(session, command.by):
        return AnotherLeads(led_by=led_by_of(session))
    match command:
        case OpenLobby():
            if isinstance(session, Waiting):
                return [] if session.lobby_open else [LobbyOpened()]
            return SessionIs(status=status_of(session))
        case StartSession():
            return _start(session, command.now)
        case NextPhase():
            return _has_changed(session, command.run) or _press_next(session, command)
        case PreviousPhase():
            return _has_changed(session, command.run) or _previous(session, command.now)
        case SkipPhase():
            return _skip(session, command)
        case UndoPhaseChange():
            return _has_changed(session, command.run) or _undo(session, command.now)
        case ExtendPhase():
            return _has_changed(session, command.run) or extend(session, command)
        case ExtendGroup():
            return _has_changed(session, command.run) or extend_group(session, command)
        case PauseSession():
            return pause(session, command.now)
        case ResumeSession():
            return resume(session, command.now)
        case EndSession():
            return _end(session)
    assert_never(command)


def _whoever_leads(
    session: Session, command: PrepareSession | MoveSession | HandOver | HandBack | EnoughAreReady | ClockStruck
) -> list[SessionEvent] | Refusal:
    """What is nobody's to drive: preparing, the clock itself, and who leads."""
    match command:
        case PrepareSession():
            return _prepare(session, command)
        case MoveSession():
            if not isinstance(session, Waiting):
                return SessionIs(status=status_of(session))
            moved = SessionMoved(starts_at=command.starts_at)
            return [] if session.starts_at == command.starts_at else [moved]
        case HandOver():
            return hand_over(session, command)
        case HandBack():
            return hand_back(session, command.by)
        case EnoughAreReady():
            if isinstance(session, Running) and session.run == command.run:
                return close_when_ready(session, command.now)
            return []
        case ClockStruck():
            return _strike(session, command) if isinstance(session, Running) and session.run == command.run else []
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
            first = _places(session)[0]
            return [*opened, SessionStarted(started_at=now), _enter(session.script, first, 1, now)]
        case Running() | Paused():
            return []
        case _:
            return SessionIs(status=status_of(session))


def _press_next(session: Session, command: NextPhase) -> list[SessionEvent] | Refusal:
    """A click is soft where people get time to finish; a second one while they do is patient."""
    if not isinstance(session, Running | Paused):
        return SessionIs(status=status_of(session))
    if isinstance(session, Running) and not command.force:
        closing = close_softly(session, command.now, by_hand=True)
        if closing or session.closing is not None:
            return closing
    return _next(session, command.now, by_hand=True)


def _strike(session: Running, command: ClockStruck) -> list[SessionEvent]:
    """What is due now, in its order: marks, the seconds to finish, the way on."""
    now, closing = command.now, session.closing
    if closing is not None:
        return _next(session, now, by_hand=closing.by_hand) if closing.at <= now else []
    reached = marks_reached(session, command)
    if advances_by_hand(session) or now < session.ends_at(command.groups):
        return reached
    return [*reached, *(close_softly(session, now, by_hand=False) or _next(session, now, by_hand=False))]


def _next(session: Running | Paused, now: datetime, *, by_hand: bool) -> list[SessionEvent]:
    behind = [place for place in _places(session) if place > session.phase]
    if not behind:
        return [_leave(session), SessionEnded()]
    return _go(session, behind[0], now, by_hand=by_hand)


def _previous(session: Session, now: datetime) -> list[SessionEvent] | Refusal:
    if not isinstance(session, Running | Paused):
        return SessionIs(status=status_of(session))
    ahead = [place for place in _places(session) if place < session.phase]
    return _go(session, ahead[-1], now, by_hand=True) if ahead else FirstPhase(run=session.run)


def _go(session: Running | Paused, place: int, now: datetime, *, by_hand: bool) -> list[SessionEvent]:
    left = PhaseLeftByHand(
        run=session.run,
        phase=session.phase,
        left_seconds=session.left_at(now).total_seconds(),
        paused=isinstance(session, Paused),
        until=now + UNDO_WITHIN,
    )
    return [
        *([left] if by_hand else []),
        _leave(session),
        _enter(session.script, place, session.run + 1, now),
    ]


def _undo(session: Session, now: datetime) -> list[SessionEvent] | Refusal:
    """Back into the phase that was left, with the time it had left; groups find together again by its key."""
    if not isinstance(session, Running | Paused):
        return SessionIs(status=status_of(session))
    if isinstance(session, Running) and session.closing is not None and session.closing.by_hand:
        return reopen(session, now)
    before = session.before
    if before is None or now > before.until:
        return NothingToUndo(run=session.run)
    run, rest = session.run + 1, max(before.left, SHORTEST_REST)
    again = _enter(session.script, before.phase, run, now, rest)
    entered = Running(script=session.script, run=run, phase=before.phase, deadline=again.deadline)
    own = [
        group_extended(entered, group, offset)
        for group, offset in before.offsets.items()
        if again.deadline + offset > now
    ]
    stands = [SessionPaused(run=run, left_seconds=before.left.total_seconds())] if before.paused else []
    return [PhaseChangeUndone(run=session.run), _leave(session), again, *own, *stands]


def _skip(session: Session, command: SkipPhase) -> list[SessionEvent] | Refusal:
    if not isinstance(session, Waiting | Running | Paused):
        return SessionIs(status=status_of(session))
    if run_of(session) != command.run:
        return changed(session)
    place = next((at for at, one in enumerate(session.script.phases) if one.key == command.phase), None)
    if place is None:
        return UnknownPhase(phase=command.phase)
    if (command.phase in session.skipped) == command.skipped:
        return []
    if not command.skipped:
        return [PhaseRestored(key=command.phase)]
    present = -1 if isinstance(session, Waiting) else session.phase
    if place < present:
        return PhaseIsOver(phase=command.phase)
    rest = [other for other in _places(session) if other > present and other != place]
    if not rest and place in (present, *_places(session)[:1]):
        return LastPhase(phase=command.phase)
    skipped = PhaseSkipped(key=command.phase)
    if isinstance(session, Waiting) or place > present:
        return [skipped]
    return [skipped, *_go(session, rest[0], command.now, by_hand=True)]


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


def _enter(script: Script, place: int, run: int, now: datetime, rest: timedelta | None = None) -> PhaseStarted:
    entered = script.phases[place]
    return PhaseStarted(
        run=run,
        phase=place,
        key=entered.key,
        kind=entered.kind,
        tools=entered.tools,
        group_mode=entered.group_mode,
        deadline=now + (timedelta(minutes=entered.minutes) if rest is None else rest),
        by_hand=entered.advance == "by_hand",
    )


def _places(session: Waiting | Running | Paused) -> list[int]:
    """The places in the script of the phases that are not left out."""
    return [place for place, phase in enumerate(session.script.phases) if phase.key not in session.skipped]


def _leave(session: Running | Paused) -> PhaseEnded:
    left = session.script.phases[session.phase]
    return PhaseEnded(run=session.run, key=left.key, tools=left.tools)


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
        PhaseSkipped,
        PhaseRestored,
        PhaseLeftByHand,
        PhaseChangeUndone,
        PhaseExtended,
        PausedPhaseExtended,
        GroupExtended,
        TimeMarkReached,
        PhaseClosing,
        PhaseEnded,
        SessionPaused,
        SessionResumed,
        LeadHandedOver,
        LeadHandedBack,
        SessionEnded,
    ),
)

# SPDX-License-Identifier: Apache-2.0
"""The situation that follows from what happened in a session, and what others ask about it."""

from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias, assert_never

import msgspec

from services.session.domain.script import Phase, Script
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

Status = Literal["PREPARED", "LOBBY", "RUNNING", "PAUSED", "ENDED"]


class Unprepared(msgspec.Struct, frozen=True):
    """There is no session yet."""


class Before(msgspec.Struct, frozen=True, kw_only=True):
    """The phase that was left by hand in the run `run`, as long as that can be undone."""

    run: int
    phase: int
    left: timedelta
    paused: bool
    until: datetime
    offsets: dict[str, timedelta] = {}


class Closing(msgspec.Struct, frozen=True, kw_only=True):
    """The phase is left at this instant; `by_hand`: because somebody pressed next."""

    at: datetime
    by_hand: bool


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """Prepared; with the lobby open, people wait in it. `led_by`: the deputy who leads, None: the moderators."""

    script: Script
    starts_at: datetime
    lobby_open: bool = False
    skipped: frozenset[str] = frozenset()
    led_by: str | None = None


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """What a running and a paused session have in common.

    Args:
        run: counts the entries into phases.
        phase: the present one, by its place in the script.
        skipped: keys of the phases that are left out.
        led_by: the deputy who leads, None: the moderators.
        before: what the present phase was entered from, where that can be undone.
        offsets: of the groups with a deadline of their own, how far it lies behind that of all.
        pauses: how often the clock was stopped so far.
    """

    script: Script
    run: int
    phase: int
    skipped: frozenset[str] = frozenset()
    led_by: str | None = None
    before: Before | None = None
    offsets: dict[str, timedelta] = {}
    pauses: int = 0


class Running(Begun, frozen=True, kw_only=True):
    """A phase runs towards its deadline.

    Args:
        mark: the smallest mark that was reached on the way to this deadline, in minutes.
        closing: when it is left, while people finish.
    """

    deadline: datetime
    mark: int | None = None
    closing: Closing | None = None

    def ends_at(self, groups: frozenset[str] | None = None) -> datetime:
        """When the time of the last group is up; only `groups` count, when they are given."""
        own = [offset for group, offset in self.offsets.items() if groups is None or group in groups]
        return self.deadline + max([timedelta(), *own])

    def left_at(self, now: datetime) -> timedelta:
        """The time to the deadline, nothing behind it."""
        return max(self.deadline - now, timedelta())


class Paused(Begun, frozen=True, kw_only=True):
    """The clock stands."""

    left: timedelta

    def left_at(self, now: datetime) -> timedelta:
        """The time that was left when the clock stopped."""
        return self.left


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


def groups_phase(session: Session, key: str) -> Phase | None:
    """The phase with groups that has this key, None when the script has none."""
    if isinstance(session, Unprepared):
        return None
    return next((phase for phase in session.script.phases if phase.key == key and phase.kind == "groups"), None)


def led_by_of(session: Session) -> str | None:
    """The deputy who leads, None: the moderators."""
    return session.led_by if isinstance(session, Waiting | Running | Paused) else None


def run_of(session: Session) -> int:
    """How many entries into phases there were."""
    return session.run if isinstance(session, Running | Paused | Ended) else 0


def evolve(session: Session, event: SessionEvent) -> Session:
    """The session after an event."""
    match event:
        case SessionPrepared():
            return Waiting(script=event.script, starts_at=event.starts_at)
        case PhaseStarted():
            return _entered(session, event)
        case PhaseSkipped():
            return _with(session, skipped=_skipped(session) | {event.key})
        case PhaseRestored():
            return _with(session, skipped=_skipped(session) - {event.key})
        case PhaseLeftByHand():
            return _left(session, event)
        case PhaseChangeUndone():
            return _undone(session)
        case SessionEnded():
            return Ended(script=_script(session), run=run_of(session))
        case SessionMoved():
            return _with(session, starts_at=event.starts_at)
        case LobbyOpened():
            return _with(session, lobby_open=True)
        case PhaseExtended():
            return _with(session, deadline=event.deadline, mark=None, closing=None)
        case GroupExtended():
            return _group_extended(session, event)
        case TimeMarkReached():
            return _with(session, mark=event.minutes)
        case PhaseClosing():
            return _with(session, closing=Closing(at=event.closes_at, by_hand=event.by_hand))
        case PausedPhaseExtended():
            return _with(session, left=timedelta(seconds=event.left_seconds))
        case SessionPaused():
            assert isinstance(session, Running), session  # noqa: S101 -- decide pauses running sessions only
            common = _common(session) | {"pauses": session.pauses + 1}
            return Paused(**common, left=timedelta(seconds=event.left_seconds))
        case SessionResumed():
            assert isinstance(session, Paused), session  # noqa: S101 -- decide resumes paused sessions only
            return Running(**_common(session), deadline=event.deadline)
        case LeadHandedOver():
            return _with(session, led_by=event.deputy_id)
        case LeadHandedBack():
            return _with(session, led_by=None)
        case SessionStarted() | PhaseEnded():
            return session
    assert_never(event)


def _entered(session: Session, event: PhaseStarted) -> Running:
    """The new phase; what it was entered from is kept when it was left just now, by hand."""
    assert isinstance(session, Waiting | Begun), session  # noqa: S101 -- nothing is entered after the end
    before = session.before if isinstance(session, Begun) else None
    return Running(
        script=session.script,
        run=event.run,
        phase=event.phase,
        deadline=event.deadline,
        skipped=session.skipped,
        led_by=session.led_by,
        before=before if before is not None and before.run == event.run - 1 else None,
        pauses=session.pauses if isinstance(session, Begun) else 0,
    )


def _left(session: Session, event: PhaseLeftByHand) -> Session:
    assert isinstance(session, Begun), session  # noqa: S101 -- only what began is left
    left = timedelta(seconds=event.left_seconds)
    before = Before(
        run=event.run,
        phase=event.phase,
        left=left,
        paused=event.paused,
        until=event.until,
        offsets=session.offsets,
    )
    return _with(session, before=before)


def _group_extended(session: Session, event: GroupExtended) -> Session:
    assert isinstance(session, Running | Paused), session  # noqa: S101 -- decide looks
    offsets = {**session.offsets, event.group_id: timedelta(seconds=event.offset_seconds)}
    goes_on = {"closing": None} if isinstance(session, Running) else {}
    return _with(session, offsets=offsets, **goes_on)


def _undone(session: Session) -> Session:
    """Nothing more to undo; and the phase to which people return is not left out, though it was left by that."""
    assert isinstance(session, Begun) and session.before is not None, session  # noqa: S101, PT018 -- decide looks
    returned = session.script.phases[session.before.phase].key
    return _with(session, before=None, skipped=session.skipped - {returned})


def _common(session: Begun) -> dict[str, Any]:
    return {name: getattr(session, name) for name in Begun.__struct_fields__}


def _script(session: Session) -> Script:
    assert not isinstance(session, Unprepared)  # noqa: S101 -- every other event follows SessionPrepared
    return session.script


def _skipped(session: Session) -> frozenset[str]:
    assert isinstance(session, Waiting | Begun), session  # noqa: S101 -- decide leaves out before the end only
    return session.skipped


def _with(session: Session, **changes: object) -> Session:
    return msgspec.structs.replace(session, **changes)

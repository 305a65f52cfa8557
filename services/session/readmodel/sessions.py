# SPDX-License-Identifier: Apache-2.0
"""Where is the evening? Script, phase and clock of one conference."""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from services.chassis.decider import Event
from services.chassis.projection import DocumentProjection
from services.chassis.store import Recorded
from services.contracts import session as told
from services.session.domain.script import Script
from services.session.domain.session import SESSION
from services.session.domain.session_facts import (
    GroupExtended,
    LeadHandedBack,
    LeadHandedOver,
    LobbyOpened,
    PausedPhaseExtended,
    PhaseChangeUndone,
    PhaseClosing,
    PhaseExtended,
    PhaseLeftByHand,
    PhaseRestored,
    PhaseSkipped,
    PhaseStarted,
    SessionEnded,
    SessionMoved,
    SessionPaused,
    SessionPrepared,
    SessionResumed,
    SessionStarted,
    TimeMarkReached,
)


class Evening(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of `SessionView`, but for the announcement."""

    status: told.SessionStatus = "PREPARED"
    script: str = ""
    script_version: int = 1
    phases: tuple[told.PhaseView, ...] = ()
    starts_at: datetime | None = None
    phase: int | None = None
    run: int = 0
    started_at: datetime | None = None
    deadline: datetime | None = None
    left_seconds: float | None = None
    led_by: str | None = None
    undo: tuple[int, datetime] | None = None
    mark: int | None = None
    closes_at: datetime | None = None
    offsets: dict[str, float] = {}

    def answer(self, conference: str, announcement: str | None, *, inside: bool) -> told.SessionView:
        """The answer to `GetSession`.

        Args:
            announcement: the newest, None where there is none or it may not be seen.
            inside: whether it is for somebody who takes part.
        """
        undo_until = self.undo[1] if self.undo is not None and self.undo[0] == self.run else None
        return told.SessionView(
            conference_id=conference,
            status=self.status,
            script=self.script,
            phases=self.phases,
            phase=self.phase,
            run=self.run,
            started_at=self.started_at,
            deadline=self.deadline,
            left_seconds=self.left_seconds,
            announcement=announcement,
            starts_at=self.starts_at,
            script_version=self.script_version,
            led_by=self.led_by if inside else None,
            undo_until=undo_until,
            mark=self.mark,
            closes_at=self.closes_at,
            group_deadlines=tuple(self._own(group, offset) for group, offset in self.offsets.items()),
        )

    def _own(self, group: str, offset: float) -> told.GroupDeadline:
        """The deadline of a group that has its own."""
        deadline = self.deadline + timedelta(seconds=offset) if self.deadline is not None else None
        left = self.left_seconds + offset if self.left_seconds is not None else None
        return told.GroupDeadline(group_id=group, deadline=deadline, left_seconds=left)


def _keys(event: Event, recorded: Recorded) -> tuple[str, ...]:
    return (recorded.conference_id.hex,) if isinstance(event, SESSION.events) and recorded.conference_id else ()


def _evolve(evening: Evening, event: Event, _: Recorded) -> Evening:
    match event:
        case SessionPrepared():
            script = event.script
            return Evening(
                script=script.name,
                script_version=script.version,
                phases=phase_views(script),
                starts_at=event.starts_at,
            )
        case SessionMoved():
            return _with(evening, starts_at=event.starts_at)
        case LobbyOpened():
            return _with(evening, status="LOBBY")
        case SessionStarted():
            return _with(evening, started_at=event.started_at)
        case PhaseStarted():
            return _clock(evening, event.deadline, status="RUNNING", phase=event.phase, run=event.run, offsets={})
        case PhaseSkipped() | PhaseRestored():
            return _with(evening, phases=_skipping(evening.phases, event.key, skipped=isinstance(event, PhaseSkipped)))
        case PhaseLeftByHand():
            return _with(evening, undo=(event.run + 1, event.until))
        case PhaseChangeUndone():
            return _with(evening, undo=None)
        case LeadHandedOver():
            return _with(evening, led_by=event.deputy_id)
        case LeadHandedBack():
            return _with(evening, led_by=None)
        case PhaseExtended():
            undo = None if evening.closes_at is not None else evening.undo
            return _clock(evening, event.deadline, undo=undo)
        case GroupExtended():
            offsets = {**evening.offsets, event.group_id: event.offset_seconds}
            return _with(evening, offsets=offsets, closes_at=None)
        case TimeMarkReached():
            return _with(evening, mark=event.minutes)
        case PhaseClosing():
            undo = (event.run, event.closes_at) if event.by_hand else evening.undo
            return _with(evening, closes_at=event.closes_at, undo=undo)
        case PausedPhaseExtended():
            return _with(evening, left_seconds=event.left_seconds)
        case SessionPaused():
            return _clock(evening, None, status="PAUSED", left_seconds=event.left_seconds)
        case SessionResumed():
            return _clock(evening, event.deadline, status="RUNNING")
        case SessionEnded():
            return _clock(evening, None, status="ENDED", phase=None, undo=None, offsets={})
        case _:
            return evening


def phase_views(script: Script) -> tuple[told.PhaseView, ...]:
    """The phases of a script as people see them."""
    names = [name for name in told.PhaseView.__struct_fields__ if name != "skipped"]
    plain = [{name: msgspec.to_builtins(getattr(phase, name)) for name in names} for phase in script.phases]
    return msgspec.convert(plain, tuple[told.PhaseView, ...])


def _clock(evening: Evening, deadline: datetime | None, **changes: Any) -> Evening:
    """Another deadline, with all its marks ahead."""
    anew: dict[str, Any] = {"left_seconds": None, "mark": None, "closes_at": None, **changes}
    return _with(evening, deadline=deadline, **anew)


def _skipping(phases: tuple[told.PhaseView, ...], key: str, *, skipped: bool) -> tuple[told.PhaseView, ...]:
    return tuple(msgspec.structs.replace(phase, skipped=skipped) if phase.key == key else phase for phase in phases)


def _with(evening: Evening, **changes: Any) -> Evening:
    return msgspec.structs.replace(evening, **changes)


SESSIONS = DocumentProjection(
    name="sessions", version=1, keys=_keys, initial=lambda _: Evening(), evolve=_evolve, doc=Evening
)

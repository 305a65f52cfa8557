# SPDX-License-Identifier: Apache-2.0
"""What happened in a session. The situation that follows is in `session_state.py`, the rule in `session.py`."""

from datetime import datetime
from typing import Any, TypeAlias

from services.chassis.decider import Event
from services.session.domain.script import GroupMode, PhaseKind, Script, Tool

# Events ---------------------------------------------------------------------------------------------------------


class SessionPrepared(Event, frozen=True, kw_only=True):
    """A conference has its session. The script is kept as it was."""

    TOPIC = "session.prepared"
    VERSION = 3

    script: Script
    starts_at: datetime
    language: str
    title: str

    @staticmethod
    def upcast_v1_v2(fields: dict[str, Any]) -> dict[str, Any]:
        """Version 1 knew scripts without versions."""
        return {**fields, "script": {**fields["script"], "version": 1}}

    @staticmethod
    def upcast_v2_v3(fields: dict[str, Any]) -> dict[str, Any]:
        """Version 2 knew fewer kinds of polls, and none with bounds."""
        return fields


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


class PhaseSkipped(Event, frozen=True, kw_only=True):
    """A phase is left out."""

    TOPIC = "session.phase_skipped"

    key: str


class PhaseRestored(Event, frozen=True, kw_only=True):
    """A phase is not left out any more."""

    TOPIC = "session.phase_restored"

    key: str


class PhaseLeftByHand(Event, frozen=True, kw_only=True):
    """Somebody led on or back. `until` then it can be undone, and the phase gets the seconds back that it had left."""

    TOPIC = "session.phase_left_by_hand"

    run: int
    phase: int
    left_seconds: float
    paused: bool
    until: datetime


class PhaseChangeUndone(Event, frozen=True, kw_only=True):
    """The change of phase that led into this run was a mistake; the phase before it is entered anew."""

    TOPIC = "session.phase_change_undone"

    run: int


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


class LeadHandedOver(Event, frozen=True, kw_only=True):
    """A deputy leads the evening; `by` gave it or took it."""

    TOPIC = "session.lead_handed_over"

    deputy_id: str
    by: str


class LeadHandedBack(Event, frozen=True, kw_only=True):
    """The moderators lead the evening again."""

    TOPIC = "session.lead_handed_back"

    by: str


class SessionEnded(Event, frozen=True, kw_only=True):
    """The evening is over, or does not take place."""

    TOPIC = "session.ended"


SessionEvent: TypeAlias = (
    SessionPrepared
    | SessionMoved
    | LobbyOpened
    | SessionStarted
    | PhaseStarted
    | PhaseSkipped
    | PhaseRestored
    | PhaseLeftByHand
    | PhaseChangeUndone
    | PhaseExtended
    | PausedPhaseExtended
    | PhaseEnded
    | SessionPaused
    | SessionResumed
    | LeadHandedOver
    | LeadHandedBack
    | SessionEnded
)

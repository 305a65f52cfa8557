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
    VERSION = 7

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

    @staticmethod
    def upcast_v3_v4(fields: dict[str, Any]) -> dict[str, Any]:
        """Version 3 knew no ready shares and soft closes: their defaults are what it did."""
        return fields

    @staticmethod
    def upcast_v4_v5(fields: dict[str, Any]) -> dict[str, Any]:
        """Version 4 knew groups around four alone, the same ones as in the last phase with groups, and no steps."""
        return fields

    @staticmethod
    def upcast_v5_v6(fields: dict[str, Any]) -> dict[str, Any]:
        """Version 5 asked nobody to accept the code of conduct, and its chat was always on."""
        return fields

    @staticmethod
    def upcast_v6_v7(fields: dict[str, Any]) -> dict[str, Any]:
        """Version 6 knew no survey."""
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


class GroupExtended(Event, frozen=True, kw_only=True):
    """One group has a deadline of its own: so many seconds behind the `deadline` of all, or before it when negative.

    `ends_at`: when the phase ends now, for it lasts until the last group is done. Both are None while the clock stands.
    """

    TOPIC = "session.group_extended"

    run: int
    group_id: str
    offset_seconds: float
    deadline: datetime | None
    ends_at: datetime | None
    by_hand: bool


class TimeMarkReached(Event, frozen=True, kw_only=True):
    """So many minutes are left until the deadline."""

    TOPIC = "session.time_mark_reached"

    run: int
    minutes: int
    deadline: datetime
    by_hand: bool


class PhaseClosing(Event, frozen=True, kw_only=True):
    """People may finish their sentence: the phase is left at `closes_at`. `by_hand`: somebody pressed next."""

    TOPIC = "session.phase_closing"

    run: int
    closes_at: datetime
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
    | GroupExtended
    | TimeMarkReached
    | PhaseClosing
    | PhaseEnded
    | SessionPaused
    | SessionResumed
    | LeadHandedOver
    | LeadHandedBack
    | SessionEnded
)

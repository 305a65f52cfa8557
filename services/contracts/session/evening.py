# SPDX-License-Identifier: Apache-2.0
"""Leading through the phases of an evening, and all evenings at a glance."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

import msgspec

from services.chassis.contract import Answer, Id, QueryRequest, Refusals
from services.contracts import refusals
from services.contracts.session.vocabulary import (
    SERVICE,
    ChatChannel,
    GroupMode,
    PhaseKind,
    SessionStatus,
    Tool,
    _Command,
)
from services.contracts.shared import LocalText, ShortText


class OpenLobby(_Command, frozen=True, kw_only=True):
    """Lets people in (who leads; a timer does it 15 minutes before the start)."""

    REFUSALS: ClassVar[Refusals] = (refusals.AnotherLeads, refusals.SessionIs)


class StartSession(_Command, frozen=True, kw_only=True):
    """Enters the first phase (who leads)."""

    REFUSALS: ClassVar[Refusals] = (refusals.AnotherLeads, refusals.PlanIsFlawed, refusals.SessionIs)


class NextPhase(_Command, frozen=True, kw_only=True):
    """Leaves the phase with number `run` for the next one; behind the last one the session ends (who leads).

    Where the script gives people seconds to finish, they run first; `force` leaves at once.
    """

    REFUSALS: ClassVar[Refusals] = (
        refusals.AnotherLeads,
        refusals.PhaseHasChanged,
        refusals.PlanIsFlawed,
        refusals.SessionIs,
    )
    run: int
    force: bool = False


class PreviousPhase(_Command, frozen=True, kw_only=True):
    """Goes back from the phase with number `run`; people return to the same groups (who leads)."""

    REFUSALS: ClassVar[Refusals] = (
        refusals.AnotherLeads,
        refusals.FirstPhase,
        refusals.PhaseHasChanged,
        refusals.PlanIsFlawed,
        refusals.SessionIs,
    )
    run: int


class SkipPhase(_Command, frozen=True, kw_only=True):
    """Leaves out a phase to come, or the present one, which is left at once; or takes one in again (who leads).

    `run` is the entry into a phase that the client has seen, 0 before the start.
    """

    REFUSALS: ClassVar[Refusals] = (
        refusals.AnotherLeads,
        refusals.LastPhase,
        refusals.PhaseHasChanged,
        refusals.PhaseIsOver,
        refusals.PlanIsFlawed,
        refusals.SessionIs,
        refusals.UnknownPhase,
    )
    run: int
    phase: ShortText
    skipped: bool = True


class UndoPhaseChange(_Command, frozen=True, kw_only=True):
    """Takes back the click that led into the phase with number `run`, within three minutes: people return to the same
    groups, and the clock has the time it had left (who leads)."""

    REFUSALS: ClassVar[Refusals] = (
        refusals.AnotherLeads,
        refusals.NothingToUndo,
        refusals.PhaseHasChanged,
        refusals.PlanIsFlawed,
        refusals.SessionIs,
    )
    run: int


class ExtendPhase(_Command, frozen=True, kw_only=True):
    """Moves the deadline of the phase with number `run` by this many minutes, shorter when negative (who leads)."""

    REFUSALS: ClassVar[Refusals] = (refusals.AnotherLeads, refusals.PhaseHasChanged, refusals.SessionIs)
    run: int
    minutes: Annotated[int, msgspec.Meta(ge=-120, le=120)]


class ExtendGroup(_Command, frozen=True, kw_only=True):
    """Moves the deadline of one running group alone; the phase lasts until that of the last group (who leads)."""

    REFUSALS: ClassVar[Refusals] = (
        refusals.AnotherLeads,
        refusals.NoGroupsNow,
        refusals.NoSuchGroup,
        refusals.PhaseHasChanged,
        refusals.SessionIs,
    )
    run: int
    group_id: Id
    minutes: Annotated[int, msgspec.Meta(ge=-120, le=120)]


class PauseSession(_Command, frozen=True, kw_only=True):
    """Stops the clock (who leads)."""

    REFUSALS: ClassVar[Refusals] = (refusals.AnotherLeads, refusals.SessionIs)


class ResumeSession(_Command, frozen=True, kw_only=True):
    """Lets the clock run on with the time that was left (who leads)."""

    REFUSALS: ClassVar[Refusals] = (refusals.AnotherLeads, refusals.SessionIs)


class EndSession(_Command, frozen=True, kw_only=True):
    """Ends the evening (who leads)."""

    REFUSALS: ClassVar[Refusals] = (refusals.AnotherLeads, refusals.PlanIsFlawed, refusals.SessionIs)


class HandOver(_Command, frozen=True, kw_only=True):
    """Lets a deputy lead the evening; from then on nobody else drives its clock (who leads, or the deputy)."""

    REFUSALS: ClassVar[Refusals] = (refusals.AnotherLeads, refusals.NotADeputy, refusals.SessionIs)
    deputy_id: Id


class HandBack(_Command, frozen=True, kw_only=True):
    """Lets the moderators lead the evening again (a moderator, or the deputy who leads)."""

    REFUSALS: ClassVar[Refusals] = (refusals.AnotherLeads, refusals.SessionIs)


class PhaseView(msgspec.Struct, frozen=True, kw_only=True):
    """One phase of the script as people see it."""

    key: str
    kind: PhaseKind
    title: LocalText
    prompt: LocalText
    minutes: int
    tools: tuple[Tool, ...]
    group_mode: GroupMode | None
    skipped: bool = False
    soft_close_seconds: int = 0
    chat: tuple[ChatChannel, ...] = ("plenary", "group")


class GroupDeadline(msgspec.Struct, frozen=True, kw_only=True):
    """A group with a deadline of its own; while the clock stands, the seconds that it has left."""

    group_id: Id
    deadline: datetime | None
    left_seconds: float | None


class SessionView(Answer, frozen=True, kw_only=True):
    """The evening at a glance. `deadline` is None before the start, while paused and after the end."""

    conference_id: Id
    status: SessionStatus
    script: str
    phases: tuple[PhaseView, ...]
    phase: int | None
    run: int
    started_at: datetime | None
    deadline: datetime | None
    left_seconds: float | None
    announcement: str | None
    starts_at: datetime | None = None
    script_version: int = 1
    led_by: Id | None = None
    undo_until: datetime | None = None
    mark: int | None = None
    closes_at: datetime | None = None
    group_deadlines: tuple[GroupDeadline, ...] = ()


class GetSession(QueryRequest[SessionView], frozen=True, kw_only=True):
    """The evening at a glance."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = SessionView
    conference_id: Id


class PoolCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call for help that nobody of the conference took in time, so that anybody of the city's pool may."""

    call_id: Id
    asked_at: datetime


DeskAlert = Literal["LATE", "NO_MODERATOR", "FEW_PRESENT", "LONELY_GROUP", "CALL_WAITS"]
"""What somebody at the desk should look after."""


class DeskRow(msgspec.Struct, frozen=True, kw_only=True):
    """One conference on the city desk. `answer_seconds` and `resolution_seconds` are means over its help calls.

    Args:
        planned_until: when the running phase would end if every phase had taken the time of the script.
        delay_seconds: by how much it ends later than that; negative: earlier.
        missing_staff: how many people serve here and are not here.
        lonely_groups: running groups with fewer than three people.
        alerts: by the thresholds of the city's settings.
    """

    conference_id: Id
    status: SessionStatus
    phase: str | None
    deadline: datetime | None
    seated: int
    present: int
    groups: int
    without_mentor: int
    open_calls: int
    pool_calls: tuple[PoolCall, ...] = ()
    oldest_call_at: datetime | None = None
    answer_seconds: float | None = None
    resolution_seconds: float | None = None
    planned_until: datetime | None = None
    delay_seconds: float | None = None
    missing_staff: int = 0
    lonely_groups: int = 0
    alerts: tuple[DeskAlert, ...] = ()


class DeskView(Answer, frozen=True, kw_only=True):
    """The city desk: every conference that is prepared or running."""

    rows: tuple[DeskRow, ...]


class GetDesk(QueryRequest[DeskView], frozen=True, kw_only=True):
    """The city desk (organisers)."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = DeskView

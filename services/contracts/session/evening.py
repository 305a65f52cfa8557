# SPDX-License-Identifier: Apache-2.0
"""Leading through the phases of an evening, and all evenings at a glance."""

from datetime import datetime
from typing import Annotated, ClassVar

import msgspec

from services.chassis.contract import Answer, Id, QueryRequest, Refusals
from services.contracts import refusals
from services.contracts.session.vocabulary import SERVICE, GroupMode, PhaseKind, SessionStatus, Tool, _Command
from services.contracts.shared import LocalText


class OpenLobby(_Command, frozen=True, kw_only=True):
    """Lets people in (moderator; a timer does it 15 minutes before the start)."""

    REFUSALS: ClassVar[Refusals] = (refusals.SessionIs,)


class StartSession(_Command, frozen=True, kw_only=True):
    """Enters the first phase (moderator)."""

    REFUSALS: ClassVar[Refusals] = (refusals.PlanIsFlawed, refusals.SessionIs)


class NextPhase(_Command, frozen=True, kw_only=True):
    """Leaves the phase with number `run` for the next one; behind the last one the session ends (moderator)."""

    REFUSALS: ClassVar[Refusals] = (refusals.PhaseHasChanged, refusals.PlanIsFlawed, refusals.SessionIs)
    run: int


class PreviousPhase(_Command, frozen=True, kw_only=True):
    """Goes back from the phase with number `run`; people return to the same groups (moderator)."""

    REFUSALS: ClassVar[Refusals] = (
        refusals.FirstPhase,
        refusals.PhaseHasChanged,
        refusals.PlanIsFlawed,
        refusals.SessionIs,
    )
    run: int


class ExtendPhase(_Command, frozen=True, kw_only=True):
    """Moves the deadline of the phase with number `run` by this many minutes, shorter when negative (moderator)."""

    REFUSALS: ClassVar[Refusals] = (refusals.PhaseHasChanged, refusals.SessionIs)
    run: int
    minutes: Annotated[int, msgspec.Meta(ge=-120, le=120)]


class PauseSession(_Command, frozen=True, kw_only=True):
    """Stops the clock (moderator)."""

    REFUSALS: ClassVar[Refusals] = (refusals.SessionIs,)


class ResumeSession(_Command, frozen=True, kw_only=True):
    """Lets the clock run on with the time that was left (moderator)."""

    REFUSALS: ClassVar[Refusals] = (refusals.SessionIs,)


class EndSession(_Command, frozen=True, kw_only=True):
    """Ends the evening (moderator)."""

    REFUSALS: ClassVar[Refusals] = (refusals.PlanIsFlawed, refusals.SessionIs)


class PhaseView(msgspec.Struct, frozen=True, kw_only=True):
    """One phase of the script as people see it."""

    key: str
    kind: PhaseKind
    title: LocalText
    prompt: LocalText
    minutes: int
    tools: tuple[Tool, ...]
    group_mode: GroupMode | None


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


class GetSession(QueryRequest[SessionView], frozen=True, kw_only=True):
    """The evening at a glance."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = SessionView
    conference_id: Id


class PoolCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call for help that nobody of the conference took in time, so that anybody of the city's pool may."""

    call_id: Id
    asked_at: datetime


class DeskRow(msgspec.Struct, frozen=True, kw_only=True):
    """One conference on the city desk. `answer_seconds` and `resolution_seconds` are means over its help calls."""

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


class DeskView(Answer, frozen=True, kw_only=True):
    """The city desk: every conference that is prepared or running."""

    rows: tuple[DeskRow, ...]


class GetDesk(QueryRequest[DeskView], frozen=True, kw_only=True):
    """The city desk (organisers)."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = DeskView

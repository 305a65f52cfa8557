# SPDX-License-Identifier: Apache-2.0
"""Calls for help."""

from datetime import datetime
from typing import ClassVar

import msgspec

from services.chassis.contract import Answer, CommandRequest, Id, QueryRequest, Refusals
from services.contracts import refusals
from services.contracts.session.vocabulary import SERVICE, _Command
from services.contracts.shared import LongText


class HelpCallAnswer(Answer, frozen=True, kw_only=True):
    """The id of the help call."""

    call_id: Id


class RequestHelp(CommandRequest[HelpCallAnswer], frozen=True, kw_only=True):
    """Asks for staff; an open call of the same group or person is answered again."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = HelpCallAnswer
    REFUSALS: ClassVar[Refusals] = (refusals.TooManyCalls,)
    conference_id: Id
    reason: LongText | None = None


class ClaimHelp(_Command, frozen=True, kw_only=True):
    """Takes a help call (staff)."""

    REFUSALS: ClassVar[Refusals] = (refusals.AlreadyClaimed, refusals.AlreadyResolved, refusals.UnknownCall)
    call_id: Id


class HandOverHelp(_Command, frozen=True, kw_only=True):
    """Gives a help call to another of the staff, or back to all of them (who has it, or who leads)."""

    REFUSALS: ClassVar[Refusals] = (
        refusals.AlreadyClaimed,
        refusals.AlreadyResolved,
        refusals.NotServing,
        refusals.UnknownCall,
    )
    call_id: Id
    to: Id | None = None


class ResolveHelp(_Command, frozen=True, kw_only=True):
    """Ends a help call (staff, or who asked)."""

    REFUSALS: ClassVar[Refusals] = (refusals.UnknownCall,)
    call_id: Id


class HelpCallView(msgspec.Struct, frozen=True, kw_only=True):
    """One help call; `pooled_at` says since when the city's pool may come too."""

    call_id: Id
    group_id: Id | None
    asked_by: Id
    reason: str | None
    asked_at: datetime
    claimed_by: Id | None
    resolved: bool
    pooled_at: datetime | None = None
    claimed_at: datetime | None = None
    resolved_at: datetime | None = None


class HelpView(Answer, frozen=True, kw_only=True):
    """All help calls of the evening, for staff."""

    conference_id: Id
    calls: tuple[HelpCallView, ...]


class GetHelp(QueryRequest[HelpView], frozen=True, kw_only=True):
    """All help calls of the evening."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = HelpView
    conference_id: Id

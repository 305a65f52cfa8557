# SPDX-License-Identifier: Apache-2.0
"""Reports of people and texts to staff."""

from datetime import datetime
from typing import ClassVar

import msgspec

from services.chassis.contract import Answer, CommandRequest, Id, QueryRequest, Refusals
from services.contracts import refusals
from services.contracts.session.vocabulary import SERVICE, _Command
from services.contracts.shared import LongText


class ReportAnswer(Answer, frozen=True, kw_only=True):
    """The id of the report."""

    report_id: Id


class MakeReport(CommandRequest[ReportAnswer], frozen=True, kw_only=True):
    """Reports a person, or a message of the chat, to staff; an open report of the same is answered again."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = ReportAnswer
    REFUSALS: ClassVar[Refusals] = (refusals.NotOnTheRoster, refusals.TooManyReports)
    conference_id: Id
    participant_id: Id | None = None
    message_id: Id | None = None
    reason: LongText | None = None


class ClaimReport(_Command, frozen=True, kw_only=True):
    """Takes a report (staff)."""

    REFUSALS: ClassVar[Refusals] = (refusals.AlreadyClaimed, refusals.ReportIsClosed, refusals.UnknownReport)
    report_id: Id


class CloseReport(_Command, frozen=True, kw_only=True):
    """Ends a report, whatever staff did about it (staff)."""

    REFUSALS: ClassVar[Refusals] = (refusals.UnknownReport,)
    report_id: Id


class ReportView(msgspec.Struct, frozen=True, kw_only=True):
    """One report: of a person, or of their message."""

    report_id: Id
    made_by: Id
    participant_id: Id
    message_id: Id | None
    reason: str | None
    made_at: datetime
    claimed_by: Id | None
    closed: bool


class ReportsView(Answer, frozen=True, kw_only=True):
    """All reports of the evening, for staff."""

    conference_id: Id
    reports: tuple[ReportView, ...]


class GetReports(QueryRequest[ReportsView], frozen=True, kw_only=True):
    """All reports of the evening."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = ReportsView
    conference_id: Id

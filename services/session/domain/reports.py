# SPDX-License-Identifier: Apache-2.0
"""What people of one conference reported to staff: a person, or a text in the chat, with a reason.

All reports of an evening are one stream, because how many somebody may make is a rule about all of theirs.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeAlias, assert_never

import msgspec

from services.chassis.decider import Command, Decider, Event, Refusal, Sealed, Snapshotted
from services.session.domain.help import AlreadyClaimed

REPORTS: Final = 5
WINDOW: Final = timedelta(minutes=15)
"""So many reports one person may make within this span."""


class ReportMade(Event, frozen=True, kw_only=True):
    """Somebody reported a person, or what a person wrote (`message_id`)."""

    TOPIC = "session.report_made"

    report_id: str
    made_by: str
    participant_id: str
    message_id: str | None
    reason: Sealed | None
    made_at: datetime


class ReportClaimed(Event, frozen=True, kw_only=True):
    """Somebody of the staff looks into it."""

    TOPIC = "session.report_claimed"

    report_id: str
    by: str


class ReportClosed(Event, frozen=True, kw_only=True):
    """Staff are done with it, whatever they did."""

    TOPIC = "session.report_closed"

    report_id: str
    by: str


ReportEvent: TypeAlias = ReportMade | ReportClaimed | ReportClosed


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One report."""

    made_by: str
    participant_id: str
    message_id: str | None
    made_at: datetime
    claimed_by: str | None = None
    closed: bool = False


class Reports(msgspec.Struct, frozen=True, kw_only=True):
    """All reports of the evening by their ids."""

    reports: Mapping[str, Report] = {}

    def open_one(self, made_by: str, participant_id: str, message_id: str | None) -> str | None:
        """The id of the report that this person made of the same, while it is open."""
        same = (made_by, participant_id, message_id)
        return next(
            (
                id_
                for id_, one in self.reports.items()
                if not one.closed and (one.made_by, one.participant_id, one.message_id) == same
            ),
            None,
        )


class MakeReport(Command, frozen=True, kw_only=True):
    """Reports a person or their text, unless the same person did so and staff are not done with it."""

    report_id: str
    made_by: str
    participant_id: str
    message_id: str | None
    reason: Sealed | None


class ClaimReport(Command, frozen=True, kw_only=True):
    """Takes a report."""

    report_id: str
    by: str


class CloseReport(Command, frozen=True, kw_only=True):
    """Ends a report."""

    report_id: str
    by: str


ReportCommand: TypeAlias = MakeReport | ClaimReport | CloseReport


class UnknownReport(Refusal, frozen=True, kw_only=True):
    """There is no such report in this conference."""

    report_id: str


class ReportIsClosed(Refusal, frozen=True, kw_only=True):
    """Staff are done with the report."""

    report_id: str


class TooManyReports(Refusal, frozen=True, kw_only=True):
    """The person reported a lot just now; there is room for the next report at `retry_at`."""

    retry_at: datetime


def decide(state: Reports, command: ReportCommand) -> Sequence[ReportEvent] | Refusal:
    """What follows from a command about reports."""
    if isinstance(command, MakeReport):
        return _make(state, command)
    report = state.reports.get(command.report_id)
    if report is None:
        return UnknownReport(report_id=command.report_id)
    match command:
        case CloseReport(report_id=report_id, by=by):
            return [] if report.closed else [ReportClosed(report_id=report_id, by=by)]
        case ClaimReport(report_id=report_id, by=by):
            if report.closed:
                return ReportIsClosed(report_id=report_id)
            if report.claimed_by is None:
                return [ReportClaimed(report_id=report_id, by=by)]
            return [] if report.claimed_by == by else AlreadyClaimed(by=report.claimed_by)
    assert_never(command)


def _make(state: Reports, command: MakeReport) -> Sequence[ReportEvent] | Refusal:
    who, now = command.made_by, command.now
    if state.open_one(who, command.participant_id, command.message_id) is not None:
        return []
    made = sorted(one.made_at for one in state.reports.values() if one.made_by == who and one.made_at > now - WINDOW)
    if len(made) >= REPORTS:
        return TooManyReports(retry_at=made[-REPORTS] + WINDOW)
    return [
        ReportMade(
            report_id=command.report_id,
            made_by=who,
            participant_id=command.participant_id,
            message_id=command.message_id,
            reason=command.reason,
            made_at=now,
        )
    ]


def evolve(state: Reports, event: ReportEvent) -> Reports:
    """The reports after an event."""
    match event:
        case ReportMade():
            report = Report(
                made_by=event.made_by,
                participant_id=event.participant_id,
                message_id=event.message_id,
                made_at=event.made_at,
            )
        case ReportClaimed(report_id=report_id, by=by):
            report = msgspec.structs.replace(state.reports[report_id], claimed_by=by)
        case ReportClosed(report_id=report_id):
            report = msgspec.structs.replace(state.reports[report_id], closed=True)
        case _:
            assert_never(event)
    return Reports(reports={**state.reports, event.report_id: report})


REPORT: Decider[Reports, ReportCommand, ReportEvent] = Decider(
    name="session.reports",
    initial=Reports(),
    decide=decide,
    evolve=evolve,
    events=(ReportMade, ReportClaimed, ReportClosed),
    snapshot=Snapshotted((Reports,)),
)

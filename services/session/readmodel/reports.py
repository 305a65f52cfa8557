# SPDX-License-Identifier: Apache-2.0
"""What was reported this evening, and who looks into it? Reasons stay sealed here."""

from datetime import datetime

import msgspec

from services.chassis.decider import Event, Sealed
from services.chassis.projection import DocumentProjection
from services.chassis.store import Recorded
from services.session.domain.reports import ReportClaimed, ReportClosed, ReportMade

EVENTS = (ReportMade, ReportClaimed, ReportClosed)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One report, as `ReportView` shows it, with its reason sealed."""

    report_id: str
    made_by: str
    participant_id: str
    message_id: str | None
    reason: Sealed | None
    made_at: datetime
    claimed_by: str | None = None
    closed: bool = False


class ReportsOfConference(msgspec.Struct, frozen=True, kw_only=True):
    """All reports of an evening, the oldest first."""

    reports: tuple[Report, ...] = ()


def _keys(event: Event, recorded: Recorded) -> tuple[str, ...]:
    return (recorded.conference_id.hex,) if isinstance(event, EVENTS) and recorded.conference_id else ()


def _evolve(document: ReportsOfConference, event: Event, _: Recorded) -> ReportsOfConference:
    match event:
        case ReportMade():
            made = Report(
                report_id=event.report_id,
                made_by=event.made_by,
                participant_id=event.participant_id,
                message_id=event.message_id,
                reason=event.reason,
                made_at=event.made_at,
            )
            return ReportsOfConference(reports=(*document.reports, made))
        case ReportClaimed(report_id=report_id, by=by):
            return _changed(document, report_id, claimed_by=by)
        case ReportClosed(report_id=report_id):
            return _changed(document, report_id, closed=True)
        case _:
            return document


def _changed(document: ReportsOfConference, report_id: str, **changes: object) -> ReportsOfConference:
    return ReportsOfConference(
        reports=tuple(
            msgspec.structs.replace(one, **changes) if one.report_id == report_id else one for one in document.reports
        )
    )


REPORTS = DocumentProjection(
    name="reports",
    version=1,
    keys=_keys,
    initial=lambda _: ReportsOfConference(),
    evolve=_evolve,
    doc=ReportsOfConference,
)

# SPDX-License-Identifier: Apache-2.0
"""How people report a person or a text to staff, and what staff do with a report."""

from collections.abc import Sequence
from uuid import uuid4

from services.chassis.api import Api, Context, Decide
from services.chassis.decider import Refusal
from services.chassis.decisions import Decided, Step
from services.chassis.refusals import InvalidInput, NotFound
from services.contracts import session as asked
from services.session.access import may_see, staff_of_conference
from services.session.adapters.keys import seal_as_author
from services.session.domain.reports import REPORT, ClaimReport, CloseReport, MakeReport, Reports
from services.session.domain.roster import ROSTER
from services.session.domain.roster_commands import NotOnTheRoster
from services.session.readmodel.chat import author_of
from services.session.readmodel.reports import REPORTS, ReportsOfConference


def register(api: Api) -> None:
    """Adds what this module answers to the table of contents."""
    api.command(asked.MakeReport)(make_report)
    api.command(asked.ClaimReport, needs=staff_of_conference)(claim_report)
    api.command(asked.CloseReport, needs=staff_of_conference)(close_report)
    api.query(asked.GetReports, needs=staff_of_conference)(get_reports)


async def make_report(request: asked.MakeReport, ctx: Context) -> Decide | Refusal:
    """Notes who or what was reported; of a text its author."""
    conference, message_id, who = request.conference_id, request.message_id, request.participant_id
    refusal = await may_see(ctx, conference)
    if refusal is not None:
        return refusal
    if (message_id is None) == (who is None):
        return InvalidInput(field="participant_id", problem="either a person or a message is reported")
    if message_id is not None:
        who = await author_of(ctx.db, conference, message_id)
        if who is None:
            return NotFound(what="message", id=message_id)
    roster = (await ctx.load(ROSTER, conference)).state
    if who is None or (who not in roster.seats and not roster.serves(who)):
        return NotOnTheRoster(participant_id=who or "")
    reason = None if request.reason is None else await seal_as_author(ctx, conference, request.reason)
    made_by, about = ctx.actor.id, who
    command = MakeReport(
        report_id=uuid4().hex,
        made_by=made_by,
        participant_id=about,
        message_id=message_id,
        reason=reason,
        now=ctx.now,
    )

    def answer(decided: Sequence[Decided]) -> asked.ReportAnswer:
        reports: Reports = decided[0].state
        return asked.ReportAnswer(report_id=reports.open_one(made_by, about, message_id) or command.report_id)

    return Decide(Step(REPORT, conference, command, conference), answer=answer)


async def claim_report(request: asked.ClaimReport, ctx: Context) -> Decide:
    """Gives the report to the first of the staff who takes it."""
    conference = request.conference_id
    command = ClaimReport(report_id=request.report_id, by=ctx.actor.id, now=ctx.now)
    return Decide(Step(REPORT, conference, command, conference))


async def close_report(request: asked.CloseReport, ctx: Context) -> Decide:
    """Ends the report."""
    conference = request.conference_id
    command = CloseReport(report_id=request.report_id, by=ctx.actor.id, now=ctx.now)
    return Decide(Step(REPORT, conference, command, conference))


async def get_reports(request: asked.GetReports, ctx: Context) -> asked.ReportsView:
    """All reports of the evening with their reasons, for staff."""
    conference = request.conference_id
    document = await REPORTS.get(ctx.db, conference) or ReportsOfConference()
    sealed = {one.report_id: one.reason for one in document.reports if one.reason is not None}
    opened = await ctx.keys.open_many(list(sealed.values())) if sealed else []
    reasons = dict(zip(sealed, opened, strict=True))
    return asked.ReportsView(
        conference_id=conference,
        reports=tuple(
            asked.ReportView(
                report_id=one.report_id,
                made_by=one.made_by,
                participant_id=one.participant_id,
                message_id=one.message_id,
                reason=reasons.get(one.report_id),
                made_at=one.made_at,
                claimed_by=one.claimed_by,
                closed=one.closed,
            )
            for one in document.reports
        ),
    )

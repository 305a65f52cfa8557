# SPDX-License-Identifier: Apache-2.0
"""What registration does when something is due; `jobs_run.py` adds the timer of jobs."""

from collections.abc import Sequence
from datetime import timedelta

from services.chassis.api import Decide
from services.chassis.decisions import Step
from services.chassis.timers import TimerContext, Timers, moved
from services.registration.adapters.office import office_of
from services.registration.domain.conference import CONFERENCE, Announced
from services.registration.domain.job import JOB, ExpireJob
from services.registration.domain.retention import EraseEverybody, kept
from services.registration.domain.seating import ExpireRegistration, SeatStandbys
from services.registration.readmodel.deadlines import ApprovalDue, ConfirmationDue, RetentionDue, StandbysDue

timers = Timers("registration")


@timers.due(StandbysDue)
async def at_the_published_minute_seat_the_standbys(payload: StandbysDue, ctx: TimerContext) -> Sequence[Step]:
    """Ten minutes after the start, unused seats go to people who are there."""
    command = SeatStandbys(now=ctx.now, conference_id=payload.conference_id)
    return [Step(CONFERENCE, payload.conference_id, command, conference=payload.conference_id)]


@timers.due(ConfirmationDue)
async def when_nobody_confirmed_forget_the_registration(payload: ConfirmationDue, ctx: TimerContext) -> Sequence[Step]:
    """Who does not confirm leaves no data behind."""
    command = ExpireRegistration(
        now=ctx.now, conference_id=payload.conference_id, participant_id=payload.participant_id
    )
    return [Step(CONFERENCE, payload.conference_id, command, conference=payload.conference_id)]


@timers.due(RetentionDue)
async def some_time_after_a_conference_erase_its_people(payload: RetentionDue, ctx: TimerContext) -> Decide:
    """Names, addresses and keys go; how long they are kept is a setting, read anew when its time has come."""
    office = office_of(ctx.db, ctx.settings)
    days = office.settings.retention_days
    if days == 0:
        return Decide()
    due_at = payload.since + timedelta(days=days)
    if ctx.now < due_at:
        return Decide(effects=[moved(payload, payload.conference_id, due_at)])
    conference = await ctx.load(CONFERENCE, payload.conference_id)
    if not isinstance(conference.state, Announced):
        return Decide()
    erase = EraseEverybody(now=ctx.now, conference_id=payload.conference_id)
    step = Step(CONFERENCE, payload.conference_id, erase, conference=payload.conference_id, guards=(conference,))
    return Decide(step, effects=office.vault.erase(kept(conference.state.seats)))


@timers.due(ApprovalDue)
async def when_nobody_approved_a_job_let_it_expire(payload: ApprovalDue, ctx: TimerContext) -> Sequence[Step]:
    """What was asked for days ago may be wrong by now."""
    return [Step(JOB, payload.job_id, ExpireJob(now=ctx.now, job_id=payload.job_id), conference=None)]

# SPDX-License-Identifier: Apache-2.0
"""How jobs are started, judged, cancelled and watched. `jobs_run.py` carries them out."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import uuid4, uuid5

import msgspec

from services.chassis.api import Api, Context, Decide
from services.chassis.decider import Refusal
from services.chassis.decisions import Decided, Step
from services.chassis.keys import KeyDestroyed, seal, unseal
from services.chassis.refusals import InvalidInput, NotFound
from services.contracts import registration as contract
from services.registration import access
from services.registration.adapters.office import office_of
from services.registration.domain import job as domain
from services.registration.domain.four_eyes import FOUR_EYES, HitConference, NoteConferences, are_too_many
from services.registration.domain.job import JOB, TooManyJobs
from services.registration.readmodel import jobs
from services.registration.readmodel.cursors import BadCursor
from services.registration.settings import RegistrationSettings

UNFINISHED = 50
"""So many jobs may run or wait at the same time."""


def register(api: Api) -> None:
    """Adds what this module answers to the table of contents."""
    api.command(contract.StartJob, needs=access.organisers_of_the_city)(start_job)
    api.command(contract.ApproveJob, needs=access.a_person_who_organises_the_city)(approve_job)
    api.command(contract.RejectJob, needs=access.a_person_who_organises_the_city)(reject_job)
    api.command(contract.CancelJob, needs=access.organisers_of_the_city)(cancel_job)
    api.query(contract.ApprovalFor, needs=access.organisers_of_the_city)(approval_for)
    api.query(contract.GetJob, needs=access.organisers_of_the_city)(get_job)
    api.query(contract.ListJobs, needs=access.organisers_of_the_city)(list_jobs)
    api.query(contract.ListJobRows, needs=access.organisers_of_the_city)(list_job_rows)


def _step(command: domain.JobCommand) -> Step:
    return Step(JOB, command.job_id, command, conference=None)


def by_one_person(ctx: Context, kind: str, conference_id: str) -> Step:
    """Counts that somebody changes a conference without a second person, and refuses it where that is too many.

    Args:
        ctx: of their command.
        kind: what they do, as in `contract.BULK`.
        conference_id: to which conference.
    """
    command = HitConference(now=ctx.now, conference_id=conference_id, limit=_settings(ctx).four_eyes_above)
    return Step(FOUR_EYES, _alone(ctx, kind), command, conference=None)


def _alone(ctx: Context, kind: str) -> str:
    return f"{kind}:{ctx.actor.id}"


def _settings(ctx: Context) -> RegistrationSettings:
    return office_of(ctx.db, ctx.settings).settings


async def start_job(request: contract.StartJob, ctx: Context) -> Decide | Refusal:
    """Starts a job, or has it wait for a second person when it hits many conferences."""
    named = [name for name in contract.BULK if getattr(request, name)]
    if len(named) != 1:
        return InvalidInput(field=named[1] if named else "", problem="rows of exactly one kind")
    unfinished = await jobs.count_unfinished(ctx.db)
    if unfinished >= UNFINISHED:
        return TooManyJobs(unfinished=unfinished)
    (name,) = named
    rows = getattr(request, name)
    alone = await _counted(ctx, name, [row.conference for row in rows])
    waits = contract.BULK[name].four_eyes and alone is None
    command = domain.StartJob(
        now=ctx.now,
        job_id=uuid5(ctx.command_id, "job").hex if ctx.command_id else uuid4().hex,
        kind=name.upper(),
        rows=tuple(msgspec.to_builtins(row) for row in rows),
        requested_by=ctx.actor.id,
        requester_kind=ctx.actor.kind,
        approve_until=ctx.now + timedelta(hours=_settings(ctx).approval_hours) if waits else None,
    )

    def answer(decided: Sequence[Decided]) -> contract.JobAccepted:
        job = decided[0].state
        return contract.JobAccepted(job_id=command.job_id, status=job.status, approve_until=job.facts.approve_until)

    return Decide(_step(command), *([alone] if alone else []), answer=answer)


async def _counted(ctx: Context, kind: str, conference_ids: Sequence[str]) -> Step | None:
    """What counts a job that needs no second person; None where it needs one, or nothing is counted."""
    if not contract.BULK[kind].four_eyes:
        return None
    known = await ctx.load(FOUR_EYES, _alone(ctx, kind))
    if are_too_many(known.state, conference_ids, _settings(ctx).four_eyes_above, ctx.now):
        return None
    command = NoteConferences(now=ctx.now, conference_ids=tuple(conference_ids))
    return Step(FOUR_EYES, _alone(ctx, kind), command, conference=None, guards=[known])


async def approval_for(request: contract.ApprovalFor, ctx: Context) -> contract.Approval:
    """Whether somebody needs a second person for what they are about to do."""
    kind = request.kind.lower()
    needed = contract.BULK[kind].four_eyes and await _counted(ctx, kind, request.conference_ids) is None
    return contract.Approval(needed=needed, limit=_settings(ctx).four_eyes_above)


async def approve_job(request: contract.ApproveJob, ctx: Context) -> Decide:
    """A second person says yes."""
    return Decide(_step(domain.ApproveJob(now=ctx.now, job_id=request.job_id, by=ctx.actor.id)))


async def reject_job(request: contract.RejectJob, ctx: Context) -> Decide:
    """A second person says no; why is sealed with their key.

    Raises:
        KeyDestroyed: they were erased.
    """
    by = ctx.actor.id
    key = (await office_of(ctx.db, ctx.settings).vault.ensure_keys([by], None)).get(by)
    if key is None:
        raise KeyDestroyed(by)
    reason = seal(by, key, request.reason)
    return Decide(_step(domain.RejectJob(now=ctx.now, job_id=request.job_id, by=by, reason=reason)))


async def cancel_job(request: contract.CancelJob, ctx: Context) -> Decide:
    """Ends a job; what was done stays."""
    return Decide(_step(domain.CancelJob(now=ctx.now, job_id=request.job_id, by=ctx.actor.id)))


async def get_job(request: contract.GetJob, ctx: Context) -> contract.JobView | Refusal:
    """One job."""
    found = await jobs.get_job(ctx.db, request.job_id)
    if found is None:
        return NotFound(what="job", id=request.job_id)
    (view,) = await _opened([found], ctx)
    return view


async def list_jobs(request: contract.ListJobs, ctx: Context) -> contract.Jobs | Refusal:
    """One page of jobs."""
    try:
        page, keys, more = await jobs.list_jobs(ctx.db, request)
    except BadCursor as error:
        return InvalidInput(field="cut", problem=str(error))
    return contract.Jobs(items=tuple(await _opened(page, ctx)), keys=keys, more=more)


async def list_job_rows(request: contract.ListJobRows, ctx: Context) -> contract.JobRows | Refusal:
    """One page of what became of the rows of a job."""
    try:
        return await jobs.list_rows(ctx.db, request)
    except BadCursor as error:
        return InvalidInput(field="cut", problem=str(error))


async def _opened(page: Sequence[jobs.Found], ctx: Context) -> list[contract.JobView]:
    """Jobs with names and reasons; without those of people who were erased."""
    vault = office_of(ctx.db, ctx.settings).vault
    keys = await vault.keys(found.reason.key for found in page if found.reason)
    people = {person for found in page for person in (found.view.requested_by, found.view.decided_by) if person}
    names = await vault.names_of_staff(sorted(people))
    return [
        msgspec.structs.replace(
            found.view,
            requested_by_name=names.get(found.view.requested_by),
            decided_by_name=names.get(found.view.decided_by or ""),
            reason=unseal(found.reason, keys.get(found.reason.key)) if found.reason else None,
        )
        for found in page
    ]

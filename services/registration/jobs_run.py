# SPDX-License-Identifier: Apache-2.0
"""Carries jobs out, a few rows at a time, whenever the timer of a job is due.

A row is one append: what its command leads to, together with the note that it had its turn. So it is done once, however
often a timer fires, whichever replica stops in the middle, and not at all once the job was cancelled.
"""

from datetime import timedelta
from uuid import UUID, uuid5

import msgspec
import structlog

from services.chassis.api import Api, Context, Decide
from services.chassis.contract import CommandRequest, Done
from services.chassis.decider import Refusal
from services.chassis.decisions import Envelope, Step, request_hash
from services.chassis.faults import passes
from services.chassis.identity import CITY_SCOPE, Actor, Grant
from services.chassis.refusals import ConcurrentChange, Fault
from services.chassis.timers import TimerContext, Timers, moved
from services.contracts.registration import BULK
from services.registration.domain.four_eyes import FOUR_EYES
from services.registration.domain.job import JOB, JobIs, RecordDone, RecordFailed, Started
from services.registration.readmodel.deadlines import JobDue

ROWS_AT_ONCE = 10
PAUSE = timedelta(milliseconds=100)
"""Conference time between two batches: evenings that run beside a job come first."""

log = structlog.get_logger()


def run_jobs(timers: Timers, api: Api) -> None:
    """Adds the timer of jobs.

    Args:
        timers: of the service.
        api: its table of contents, whose commands rows are.
    """

    @timers.due(JobDue)
    async def when_a_job_is_due_carry_out_some_rows(payload: JobDue, ctx: TimerContext) -> Decide:
        for _ in range(ROWS_AT_ONCE):
            job = (await ctx.load(JOB, payload.job_id)).state
            if not isinstance(job, Started) or job.status != "RUNNING":
                return Decide()
            if not await _carry_out(job, api, ctx):
                break
        return Decide(effects=[moved(payload, payload.job_id, ctx.clock.now() + PAUSE)])


async def _carry_out(job: Started, api: Api, ctx: TimerContext) -> bool:
    """Gives the next row its turn; False when somebody else was faster, and it is to be looked at again."""
    facts, row = job.facts, job.next
    bulk = BULK[facts.kind.lower()]
    request = msgspec.convert(facts.rows[row], bulk.command)
    command_id = uuid5(UUID(facts.job_id), str(row))
    about = getattr(request, bulk.about)
    done = RecordDone(now=ctx.clock.now(), job_id=facts.job_id, row=row, result_id=about)
    outcome = await _decide(job, request, api, ctx, command_id, Step(JOB, facts.job_id, done, conference=None))
    if isinstance(outcome, ConcurrentChange | JobIs):
        return False
    if outcome is None:
        return True
    refused = msgspec.json.encode(outcome).decode()
    failed = RecordFailed(now=ctx.clock.now(), job_id=facts.job_id, row=row, refused=refused)
    # Without an id: the job itself knows whether the row had its turn.
    envelope = Envelope(None, b"", facts.requested_by, ctx.trace)
    noted = await ctx.repository.execute([Step(JOB, facts.job_id, failed, conference=None)], envelope, Done())
    return not isinstance(noted, Refusal)


async def _decide(
    job: Started, request: CommandRequest[Done], api: Api, ctx: TimerContext, command_id: UUID, note: Step
) -> Refusal | None:
    """Carries one command out together with the note; what refuses it, or None."""
    facts = job.facts
    # They organised the city when they asked: what they may lose meanwhile, `cancelJob` is for.
    actor = Actor(facts.requested_by, "staff", (Grant("organiser", CITY_SCOPE),))
    context = Context(
        actor=actor,
        now=ctx.clock.now(),
        clock=ctx.clock,
        repository=ctx.repository,
        db=ctx.db,
        keys=ctx.keys,
        requests=ctx.requests,
        settings=ctx.settings,
        conference=request.conference,
        command_id=command_id,
        trace=ctx.trace,
    )
    try:
        outcome = await api.commands[type(request).__name__].handler(request, context)
        if isinstance(outcome, Refusal):
            return outcome
        if not isinstance(outcome, Decide):
            raise TypeError(f"{type(request).__name__} is not decided, and cannot be a row")
        envelope = Envelope(command_id, request_hash(request, ctx.settings.request_key), facts.requested_by, ctx.trace)
        # What a second person approved is not counted for the first one.
        steps = [step for step in outcome.steps if job.approved_by is None or step.decider is not FOUR_EYES]
        executed = await ctx.repository.execute((*steps, note), envelope, outcome.answer, outcome.effects)
    except Exception as error:
        if passes(error):
            raise
        log.exception("row failed", job=facts.job_id, row=job.next)
        return Fault(trace=ctx.trace)
    return executed if isinstance(executed, Refusal) else None

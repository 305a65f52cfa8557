# SPDX-License-Identifier: Apache-2.0
"""A job: one command for each of many rows, carried out one after the other beside everything else.

What hits many conferences waits for the yes of a second person first. What became of a row stands in the same
transaction as what the row did, so that a row is done once, whoever crashes or hurries, and none after a cancellation.

The stream of a job has three events more than rows at most, and is read as a whole only after a restart: no snapshots.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, assert_never, get_args

import msgspec

from services.chassis.decider import Command, Decider, Event, Refusal, Sealed

Status = Literal["AWAITING_APPROVAL", "RUNNING", "FINISHED", "CANCELLED", "REJECTED", "EXPIRED"]
Row = dict[str, str | int | None]
"""The fields of one command, as they came. There is nobody's name or address among them."""


class JobStarted(Event, frozen=True, kw_only=True):
    """Somebody wants a command of one kind carried out for every row. `approve_until`: not before a second person
    said yes, and not at all when nobody does by then."""

    TOPIC = "registration.job_started"
    job_id: str
    kind: str
    rows: tuple[Row, ...]
    requested_by: str
    requester_kind: str
    approve_until: datetime | None


class JobApproved(Event, frozen=True, kw_only=True):
    """A second person said yes."""

    TOPIC = "registration.job_approved"
    job_id: str
    approved_by: str


class JobRejected(Event, frozen=True, kw_only=True):
    """A second person said no; the reason is sealed with their key."""

    TOPIC = "registration.job_rejected"
    job_id: str
    rejected_by: str
    reason: Sealed


class JobExpired(Event, frozen=True, kw_only=True):
    """Nobody said anything in time."""

    TOPIC = "registration.job_expired"
    job_id: str


class JobCancelled(Event, frozen=True, kw_only=True):
    """No further row is carried out; those that were stay."""

    TOPIC = "registration.job_cancelled"
    job_id: str
    cancelled_by: str


class RowDone(Event, frozen=True, kw_only=True):
    """The command of a row (counted from 0) was carried out, to this thing."""

    TOPIC = "registration.job_row_done"
    job_id: str
    row: int
    result_id: str


class RowFailed(Event, frozen=True, kw_only=True):
    """The command of a row was refused; `refused` is the refusal as it travels."""

    TOPIC = "registration.job_row_failed"
    job_id: str
    row: int
    refused: str


class JobFinished(Event, frozen=True, kw_only=True):
    """Every row has had its turn."""

    TOPIC = "registration.job_finished"
    job_id: str


JobEvent = JobStarted | JobApproved | JobRejected | JobExpired | JobCancelled | RowDone | RowFailed | JobFinished


class Unstarted(msgspec.Struct, frozen=True):
    """Nobody has started the job."""


class Started(msgspec.Struct, frozen=True):
    """The job is known; `next` is the first row that has had no turn."""

    facts: JobStarted
    status: Status
    next: int = 0
    approved_by: str | None = None


Job = Unstarted | Started


class StartJob(Command, frozen=True, kw_only=True):
    """Starts the job."""

    job_id: str
    kind: str
    rows: tuple[Row, ...]
    requested_by: str
    requester_kind: str
    approve_until: datetime | None


class ApproveJob(Command, frozen=True, kw_only=True):
    """Says yes."""

    job_id: str
    by: str


class RejectJob(Command, frozen=True, kw_only=True):
    """Says no."""

    job_id: str
    by: str
    reason: Sealed


class ExpireJob(Command, frozen=True, kw_only=True):
    """The time in which somebody could say yes is over."""

    job_id: str


class CancelJob(Command, frozen=True, kw_only=True):
    """Stops the job."""

    job_id: str
    by: str


class RecordDone(Command, frozen=True, kw_only=True):
    """The next row was carried out."""

    job_id: str
    row: int
    result_id: str


class RecordFailed(Command, frozen=True, kw_only=True):
    """The next row was refused."""

    job_id: str
    row: int
    refused: str


JobCommand = StartJob | ApproveJob | RejectJob | ExpireJob | CancelJob | RecordDone | RecordFailed


class JobIs(Refusal, frozen=True, kw_only=True):
    """A job with this status cannot do that, or have that done to it."""

    status: str


class OwnJob(Refusal, frozen=True, kw_only=True):
    """Whoever started a job does not decide about it: that takes a second person. Cancelling it is allowed."""


class TooManyJobs(Refusal, frozen=True, kw_only=True):
    """So many jobs run or wait for approval that no further one is taken before some have ended."""

    unfinished: int


class UnknownJob(Refusal, frozen=True, kw_only=True):
    """There is no such job."""

    job_id: str


def decide(job: Job, command: JobCommand) -> Sequence[JobEvent] | Refusal:
    """What a wish leads to, given how far the job is."""
    if isinstance(command, StartJob):
        return _start(job, command)
    if not isinstance(job, Started):
        return UnknownJob(job_id=command.job_id)
    match command:
        case ApproveJob() | RejectJob():
            return _judge(job, command)
        case ExpireJob():
            return [JobExpired(job_id=command.job_id)] if job.status == "AWAITING_APPROVAL" else []
        case CancelJob():
            if job.status in ("AWAITING_APPROVAL", "RUNNING"):
                return [JobCancelled(job_id=command.job_id, cancelled_by=command.by)]
            return [] if job.status == "CANCELLED" else JobIs(status=job.status)
        case RecordDone() | RecordFailed():
            return _record(job, command)
        case _:
            assert_never(command)


def _start(job: Job, command: StartJob) -> Sequence[JobEvent] | Refusal:
    if isinstance(job, Started):
        return JobIs(status=job.status)
    return [
        JobStarted(
            job_id=command.job_id,
            kind=command.kind,
            rows=command.rows,
            requested_by=command.requested_by,
            requester_kind=command.requester_kind,
            approve_until=command.approve_until,
        )
    ]


def _judge(job: Started, command: ApproveJob | RejectJob) -> Sequence[JobEvent] | Refusal:
    if command.by == job.facts.requested_by:
        return OwnJob()
    until = job.facts.approve_until
    if job.status != "AWAITING_APPROVAL" or until is None:
        holds = job.status == "REJECTED"
        if isinstance(command, ApproveJob):
            holds = job.approved_by is not None and job.status in ("RUNNING", "FINISHED")
        return [] if holds else JobIs(status=job.status)
    if command.now >= until:  # the timer may be late
        return JobIs(status="EXPIRED")
    if isinstance(command, ApproveJob):
        return [JobApproved(job_id=command.job_id, approved_by=command.by)]
    return [JobRejected(job_id=command.job_id, rejected_by=command.by, reason=command.reason)]


def _record(job: Started, command: RecordDone | RecordFailed) -> Sequence[JobEvent] | Refusal:
    # Refused, not ignored: what the row did is decided in the same breath, and must not be done again.
    if job.status != "RUNNING" or command.row != job.next:
        return JobIs(status=job.status)
    last = [JobFinished(job_id=command.job_id)] if command.row + 1 == len(job.facts.rows) else []
    if isinstance(command, RecordDone):
        return [RowDone(job_id=command.job_id, row=command.row, result_id=command.result_id), *last]
    return [RowFailed(job_id=command.job_id, row=command.row, refused=command.refused), *last]


def evolve(job: Job, event: JobEvent) -> Job:
    """How far the job is after the event."""
    if isinstance(event, JobStarted):
        return Started(facts=event, status="RUNNING" if event.approve_until is None else "AWAITING_APPROVAL")
    if not isinstance(job, Started):
        return job
    change = msgspec.structs.replace
    match event:
        case JobApproved():
            return change(job, status="RUNNING", approved_by=event.approved_by)
        case RowDone() | RowFailed():
            return change(job, next=event.row + 1)
        case JobRejected() | JobExpired() | JobCancelled() | JobFinished():
            return change(job, status=STATUS_AFTER[type(event)])
        case _:
            assert_never(event)


STATUS_AFTER: dict[type[Event], Status] = {
    JobApproved: "RUNNING",
    JobRejected: "REJECTED",
    JobExpired: "EXPIRED",
    JobCancelled: "CANCELLED",
    JobFinished: "FINISHED",
}

JOB: Decider[Job, JobCommand, JobEvent] = Decider(
    name="registration.job", initial=Unstarted(), decide=decide, evolve=evolve, events=get_args(JobEvent)
)

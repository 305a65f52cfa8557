# SPDX-License-Identifier: Apache-2.0
"""Many things at once: the commands that can be given so, and jobs that carry them out while nobody waits."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, ClassVar, Literal, NamedTuple

import msgspec

from services.chassis.contract import Answer, CommandRequest, Done, Id, LiveChange, QueryRequest, Refusals
from services.contracts import refusals
from services.contracts.registration.conferences import AnnounceConference, CancelConference, OpenConference
from services.contracts.registration.staff import AssignStaff
from services.contracts.registration.vocabulary import SERVICE
from services.contracts.shared import Cut, Listed, LongText

JobKind = Literal["ANNOUNCE_CONFERENCES", "OPEN_CONFERENCES", "CANCEL_CONFERENCES", "ASSIGN_STAFF_MEMBERS"]
JobStatus = Literal["AWAITING_APPROVAL", "RUNNING", "FINISHED", "CANCELLED", "REJECTED", "EXPIRED"]
JOB_ROWS = 1000
"""So many rows has a job at most."""


class Bulk(NamedTuple):
    """A command that may be given for many things at once.

    Args:
        command: the same for one of them.
        about: the field of the command that names the thing.
        four_eyes: whether it takes a second person when one hits many conferences within 24 hours.
    """

    command: type[CommandRequest[Done]]
    about: str
    four_eyes: bool = False


BULK: Mapping[str, Bulk] = {
    "announce_conferences": Bulk(AnnounceConference, "conference_id"),
    "open_conferences": Bulk(OpenConference, "conference_id", four_eyes=True),
    "cancel_conferences": Bulk(CancelConference, "conference_id", four_eyes=True),
    "assign_staff_members": Bulk(AssignStaff, "staff_id"),
}
"""By the name of the rows in `StartJob`; in capitals it is the kind of job."""


class JobAccepted(Answer, frozen=True, kw_only=True):
    """The job runs, or waits until `approve_until` for the approval of a second person."""

    job_id: Id
    status: JobStatus
    approve_until: datetime | None = None


class StartJob(CommandRequest[JobAccepted], frozen=True, kw_only=True):
    """Has one command carried out for each of up to 1000 rows of one kind, one after the other, while nobody waits
    (organiser of the city). What hits many conferences waits for a second organiser.
    """

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = JobAccepted
    REFUSALS: ClassVar[Refusals] = (refusals.JobIs, refusals.TooManyJobs)
    announce_conferences: Annotated[tuple[AnnounceConference, ...], msgspec.Meta(max_length=JOB_ROWS)] = ()
    open_conferences: Annotated[tuple[OpenConference, ...], msgspec.Meta(max_length=JOB_ROWS)] = ()
    cancel_conferences: Annotated[tuple[CancelConference, ...], msgspec.Meta(max_length=JOB_ROWS)] = ()
    assign_staff_members: Annotated[tuple[AssignStaff, ...], msgspec.Meta(max_length=JOB_ROWS)] = ()


class ApproveJob(CommandRequest[Done], frozen=True, kw_only=True):
    """Lets a job of somebody else begin (a person who organises the city)."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.JobIs, refusals.OwnJob, refusals.UnknownJob)
    job_id: Id


class RejectJob(CommandRequest[Done], frozen=True, kw_only=True):
    """Turns a job of somebody else down that waits for approval (a person who organises the city)."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.JobIs, refusals.OwnJob, refusals.UnknownJob)
    job_id: Id
    reason: LongText


class CancelJob(CommandRequest[Done], frozen=True, kw_only=True):
    """Ends a job (organiser of the city): no further row is carried out. Rows that were carried out stay so."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.JobIs, refusals.UnknownJob)
    job_id: Id


class JobChanged(LiveChange, frozen=True, kw_only=True):
    """A job went on; its id stands where that of a conference usually does."""

    SERVICE: ClassVar[str] = SERVICE


class JobView(Answer, frozen=True, kw_only=True):
    """How far a job is, for organisers. `decided_by` approved or rejected it; `ended_at` is None while there is
    something to do. The names are None of people who were never added, or erased.
    """

    job_id: Id
    kind: JobKind
    status: JobStatus
    rows: int
    done: int
    failed: int
    requested_by: Id
    requested_by_name: str | None
    by_app: bool
    requested_at: datetime
    approve_until: datetime | None
    decided_by: Id | None
    decided_by_name: str | None
    decided_at: datetime | None
    reason: str | None
    ended_at: datetime | None


class Approval(Answer, frozen=True, kw_only=True):
    """Whether it takes a second person: whoever asks may change `limit` conferences within 24 hours without one."""

    needed: bool
    limit: int


class ApprovalFor(QueryRequest[Approval], frozen=True, kw_only=True):
    """Whether whoever asks needs a second person to do this to all of these conferences (organiser of the city).

    Each command is counted and refused by itself all the same: this tells it before the first of many is carried out.
    """

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = Approval
    kind: JobKind
    conference_ids: Annotated[tuple[Id, ...], msgspec.Meta(max_length=JOB_ROWS)]


class GetJob(QueryRequest[JobView], frozen=True, kw_only=True):
    """One job (organiser of the city)."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = JobView
    job_id: Id


class Jobs(Listed, frozen=True, kw_only=True):
    """Jobs, the newest first."""

    items: tuple[JobView, ...]


class ListJobs(QueryRequest[Jobs], frozen=True, kw_only=True):
    """Jobs, all or those with one status (organiser of the city)."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = Jobs
    cut: Cut = Cut()
    status: JobStatus | None = None


class JobRowView(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one row, counted from 1: either the id of what it was about, or the refusal as JSON."""

    number: int
    result_id: Id | None
    refused: str | None


class JobRows(Listed, frozen=True, kw_only=True):
    """Rows of a job that had their turn, in their order."""

    items: tuple[JobRowView, ...]


class ListJobRows(QueryRequest[JobRows], frozen=True, kw_only=True):
    """Rows of a job that had their turn: all, those that were refused, or the one with a number (organiser of the
    city).
    """

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = JobRows
    job_id: Id
    cut: Cut = Cut()
    only_failed: bool = False
    number: Annotated[int, msgspec.Meta(ge=1, le=JOB_ROWS)] | None = None

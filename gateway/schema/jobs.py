# SPDX-License-Identifier: Apache-2.0
"""Jobs: one command for each of many rows, how far they are, who decides about them, what became of each row."""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Annotated, NamedTuple

import msgspec
import strawberry

from gateway.context import Context, context_of
from gateway.schema.errors import RefusalInterface, refusals_of, show_refusal
from gateway.schema.lists import one_page, paged
from gateway.schema.permissions import Needs
from gateway.schema.relay import HEX, BadId, Connection, Node, Page, global_id, optional_id
from gateway.schema.scalars import JobKind, JobStatus
from gateway.schema.shape import Shown, computed, graphql_type, show, shown
from gateway.schema.words import kind_of_id
from services.chassis.decider import Refusal
from services.chassis.refusals import UnknownRefusal
from services.contracts import registration as contract

FOR_JOBS = Needs(("organiser",), ("admin:registration",), "city")

_NUMBER = re.compile(r"[1-9][0-9]{0,2}\Z|1000\Z")
_REFUSED: Mapping[str, msgspec.json.Decoder[Refusal]] = {
    name: msgspec.json.Decoder(reduce(or_, refusals_of(bulk.command))) for name, bulk in contract.BULK.items()
}
"""What rows may come back with, by the kind of job."""


class Turn(NamedTuple):
    """What became of one row.

    Args:
        job_id: the job.
        kind: of the job.
        row: the row.
    """

    job_id: str
    kind: str
    row: contract.JobRowView


@graphql_type(needs=FOR_JOBS)
class JobRow(Shown, Node):
    """What became of one row of a job: `resultId`, or the `refusal`."""

    view: strawberry.Private[Turn]

    @computed
    def id(self) -> strawberry.ID:
        """Global id."""
        return global_id("JobRow", f"{self.view.job_id}.{self.view.row.number}")

    @computed
    def number(self) -> int:
        """Which row, from 1."""
        return self.view.row.number

    @computed
    def result_id(self) -> strawberry.ID | None:
        """Global id of what the row was about, such as the conference; null when it was refused."""
        about = contract.BULK[self.view.kind.lower()].about
        return optional_id(kind_of_id(about), self.view.row.result_id)

    @computed
    def refusal(self) -> RefusalInterface | None:
        """Why it was not done, as the single command would have said; `path` leads to the field. Null when it was."""
        kind, refused = self.view.kind.lower(), self.view.row.refused
        if refused is None:
            return None
        return show_refusal(_read(kind, refused), contract.BULK[kind].command)  # type: ignore[return-value]


def _read(kind: str, refused: str) -> Refusal:
    try:
        return _REFUSED[kind].decode(refused)
    except msgspec.DecodeError:  # of a release whose words this one does not know
        return UnknownRefusal(name="", facts=refused)


ONLY_FAILED = Annotated[bool, strawberry.argument(description="Only rows that were refused.")]


@graphql_type(needs=FOR_JOBS)
class Job(Shown, Node):
    """Work on many rows that nobody waits for. What hits many conferences waits for a second person first."""

    view: strawberry.Private[contract.JobView]
    done: int = shown("How many rows were done.")
    failed: int = shown("How many rows were refused.")
    requested_by_name: str | None = shown("The name of who started it; null of an app, and of who was erased.")
    requested_at: datetime = shown("When it was started.")
    approve_until: datetime | None = shown("Until when a second person may approve it; null: it needs no approval.")
    decided_by_name: str | None = shown("The name of who approved or rejected it; null while nobody has.")
    decided_at: datetime | None = shown("When somebody approved or rejected it.")
    reason: str | None = shown("Why it was rejected; null when it was not, and when who said so was erased.")
    ended_at: datetime | None = shown("When it ended; null while there is something to do.")

    @computed
    def id(self) -> strawberry.ID:
        """Global id."""
        return global_id("Job", self.view.job_id)

    @computed
    def kind(self) -> JobKind:
        """What it does for each row."""
        return JobKind(self.view.kind)

    @computed
    def status(self) -> JobStatus:
        """How far it is."""
        return JobStatus(self.view.status)

    @computed
    def total(self) -> int:
        """How many rows it has."""
        return self.view.rows

    @computed
    def requested_by_id(self) -> strawberry.ID:
        """Global id of the person, or of the app, that started it."""
        return global_id("App" if self.view.by_app else "Person", self.view.requested_by)

    @computed
    def decided_by_id(self) -> strawberry.ID | None:
        """Global id of the person who approved or rejected it."""
        return optional_id("Person", self.view.decided_by)

    @computed
    @paged
    async def rows(
        self, info: strawberry.Info, page: Page, only_failed: ONLY_FAILED = False
    ) -> Connection[JobRow] | None:
        """What became of the rows that have had their turn, in their order."""
        kind, job_id = self.view.kind, self.view.job_id
        return await one_page(
            context_of(info),
            f"jobRows/{job_id}/{only_failed}",
            page,
            lambda cut: contract.ListJobRows(job_id=job_id, cut=cut, only_failed=only_failed),
            lambda row: show(JobRow, Turn(job_id, kind, row)),
        )


async def fetch_job(context: Context, job_id: str) -> Job:
    """One job.

    Raises:
        Refused: there is none, the client may not see it, or registration is away.
    """
    context.require(FOR_JOBS)
    return show(Job, await context.ask(contract.GetJob(job_id=job_id)))


async def fetch_row(context: Context, local: str) -> JobRow | None:
    """One row of a job; None when it has had no turn.

    Args:
        context: of the operation.
        local: job and number.

    Raises:
        BadId: this names no row.
        Refused: there is no such job, the client may not see it, or registration is away.
    """
    context.require(FOR_JOBS)
    job_id, _, number = local.partition(".")
    if not HEX.match(job_id) or not _NUMBER.match(number):
        raise BadId("this is not a global id")
    job = await context.ask(contract.GetJob(job_id=job_id))
    found = await context.ask(contract.ListJobRows(job_id=job_id, number=int(number)))
    return show(JobRow, Turn(job_id, job.kind, found.items[0])) if found.items else None

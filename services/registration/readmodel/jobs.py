# SPDX-License-Identifier: Apache-2.0
"""Which jobs are there, how far are they, and what became of their rows?"""

from datetime import datetime
from typing import Annotated, Any, NamedTuple
from uuid import UUID

import msgspec

from services.chassis.database import Database, Tx
from services.chassis.decider import Event, Sealed
from services.chassis.paging import one_page
from services.chassis.projection import TableProjection
from services.chassis.records import Recorded
from services.contracts import registration as contract
from services.registration.domain import job as domain
from services.registration.readmodel.cursors import read_cursor, write_cursor


async def _started(tx: Tx, event: domain.JobStarted, recorded: Recorded) -> tuple[str]:
    status = "RUNNING" if event.approve_until is None else "AWAITING_APPROVAL"
    await tx.execute(
        "INSERT INTO jobs (job_id, kind, status, rows, requested_by, requester_kind, requested_at, approve_until)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        UUID(event.job_id), event.kind, status, len(event.rows), event.requested_by, event.requester_kind,
        recorded.recorded_at, event.approve_until,
    )  # fmt: skip
    return (event.job_id,)


async def _judged(tx: Tx, event: domain.JobApproved | domain.JobRejected, recorded: Recorded) -> tuple[str]:
    rejected = isinstance(event, domain.JobRejected)
    await tx.execute(
        "UPDATE jobs SET status = $2, decided_by = $3, decided_at = $4, reason = $5,"
        " ended_at = CASE WHEN $6 THEN $4::timestamptz END WHERE job_id = $1",
        UUID(event.job_id),
        domain.STATUS_AFTER[type(event)],
        event.rejected_by if isinstance(event, domain.JobRejected) else event.approved_by,
        recorded.recorded_at,
        event.reason.box if isinstance(event, domain.JobRejected) else None,
        rejected,
    )
    return (event.job_id,)


async def _ended(
    tx: Tx, event: domain.JobExpired | domain.JobCancelled | domain.JobFinished, recorded: Recorded
) -> tuple[str]:
    await tx.execute(
        "UPDATE jobs SET status = $2, ended_at = $3 WHERE job_id = $1",
        UUID(event.job_id), domain.STATUS_AFTER[type(event)], recorded.recorded_at,
    )  # fmt: skip
    return (event.job_id,)


async def _row(tx: Tx, event: domain.RowDone | domain.RowFailed, _: Recorded) -> tuple[str]:
    done = isinstance(event, domain.RowDone)
    await tx.execute(
        "UPDATE jobs SET done = done + $2, failed = failed + $3 WHERE job_id = $1",
        UUID(event.job_id), int(done), int(not done),
    )  # fmt: skip
    await tx.execute(
        "INSERT INTO job_rows (job_id, number, result_id, refused) VALUES ($1, $2, $3, $4)",
        UUID(event.job_id),
        event.row + 1,
        event.result_id if isinstance(event, domain.RowDone) else None,
        event.refused if isinstance(event, domain.RowFailed) else None,
    )
    return (event.job_id,)


_ENDS: tuple[type[Event], ...] = (domain.JobExpired, domain.JobCancelled, domain.JobFinished)

JOBS = TableProjection(
    name="jobs",
    version=1,
    handlers={
        domain.JobStarted: _started,
        domain.JobApproved: _judged,
        domain.JobRejected: _judged,
        domain.RowDone: _row,
        domain.RowFailed: _row,
        **dict.fromkeys(_ENDS, _ended),
    },
    tables=("jobs", "job_rows"),
)


class _Place(NamedTuple):
    requested_at: Annotated[datetime, msgspec.Meta(tz=True)]
    job_id: UUID


class _Number(NamedTuple):
    number: Annotated[int, msgspec.Meta(ge=0, le=contract.JOB_ROWS)]


class Found(NamedTuple):
    """A job without names, with the reason of who rejected it still sealed."""

    view: contract.JobView
    reason: Sealed | None


def _found(row: Any) -> Found:
    columns = dict(row)
    reason = columns.pop("reason")
    columns["job_id"] = row["job_id"].hex
    columns["by_app"] = columns.pop("requester_kind") == "app"
    view = contract.JobView(**columns, requested_by_name=None, decided_by_name=None, reason=None)
    return Found(view, Sealed(view.decided_by, reason) if reason and view.decided_by else None)


async def count_unfinished(db: Database) -> int:
    """How many jobs run or wait for approval."""
    found: int = await db.pool.fetchval("SELECT count(*) FROM jobs WHERE ended_at IS NULL")
    return found


async def get_job(db: Database, job_id: str) -> Found | None:
    """One job; None when it is not known."""
    row = await db.pool.fetchrow("SELECT * FROM jobs WHERE job_id = $1", UUID(job_id))
    return None if row is None else _found(row)


_LIST = """
SELECT * FROM jobs WHERE ($1::text IS NULL OR status = $1)
AND ($2::timestamptz IS NULL OR (requested_at, job_id) < ($2, $3::uuid))
AND ($4::timestamptz IS NULL OR (requested_at, job_id) > ($4, $5::uuid))
"""
_NEWEST_FIRST = {
    False: "ORDER BY requested_at DESC, job_id DESC LIMIT $6",
    True: "ORDER BY requested_at, job_id LIMIT $6",
}


async def list_jobs(db: Database, query: contract.ListJobs) -> tuple[list[Found], tuple[str, ...], bool]:
    """One page of jobs, the newest first: jobs, their cursors, whether there are more.

    Raises:
        BadCursor: an end of `query.cut` is not a cursor of this list.
    """
    cut = query.cut
    after = read_cursor(cut.after, _Place) if cut.after else (None, None)
    before = read_cursor(cut.before, _Place) if cut.before else (None, None)
    rows = await db.pool.fetch(
        _LIST + _NEWEST_FIRST[cut.backward], query.status, *after, *before, cut.first + 1
    )  # fmt: skip
    page, more = one_page([_found(row) for row in rows], cut.first, backward=cut.backward)
    return page, tuple(write_cursor((each.view.requested_at, each.view.job_id)) for each in page), more


_ROWS = """
SELECT number, result_id, refused FROM job_rows WHERE job_id = $1 AND (NOT $2 OR refused IS NOT NULL)
AND number > $3 AND ($4::int IS NULL OR number < $4) AND ($5::int IS NULL OR number = $5)
"""
_IN_ORDER = {False: "ORDER BY number LIMIT $6", True: "ORDER BY number DESC LIMIT $6"}


async def list_rows(db: Database, query: contract.ListJobRows) -> contract.JobRows:
    """One page of the rows of a job that had their turn.

    Raises:
        BadCursor: an end of `query.cut` is not a cursor of this list.
    """
    cut = query.cut
    after = read_cursor(cut.after, _Number).number if cut.after else 0
    before = read_cursor(cut.before, _Number).number if cut.before else None
    rows = await db.pool.fetch(
        _ROWS + _IN_ORDER[cut.backward],
        UUID(query.job_id), query.only_failed, after, before, query.number, cut.first + 1,
    )  # fmt: skip
    page, more = one_page([contract.JobRowView(**row) for row in rows], cut.first, backward=cut.backward)
    return contract.JobRows(items=tuple(page), keys=tuple(write_cursor((each.number,)) for each in page), more=more)

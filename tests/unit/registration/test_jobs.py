# SPDX-License-Identifier: Apache-2.0
"""A job gives every row one turn, in order, and none without the second person it may need."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.chassis.decider import Refusal, Sealed
from services.chassis.testing.story import Story
from services.registration.domain.job import (
    JOB,
    ApproveJob,
    CancelJob,
    ExpireJob,
    JobApproved,
    JobCancelled,
    JobExpired,
    JobFinished,
    JobIs,
    JobRejected,
    JobStarted,
    OwnJob,
    RecordDone,
    RecordFailed,
    RejectJob,
    RowDone,
    RowFailed,
    Started,
    StartJob,
    UnknownJob,
)

NOW = datetime(2026, 11, 7, 12, 0, tzinfo=UTC)
UNTIL = NOW + timedelta(days=3)
A, ADA, BEA = "a" * 32, "ada", "bea"
ROWS = ({"conference_id": "c" * 32}, {"conference_id": "d" * 32})
NO = Sealed(BEA, b"no")
story = Story(JOB)


def started(until: datetime | None = None) -> JobStarted:
    return JobStarted(
        job_id=A, kind="CANCEL_CONFERENCES", rows=ROWS, requested_by=ADA, requester_kind="staff", approve_until=until
    )


def start(until: datetime | None = None) -> StartJob:
    return StartJob(
        now=NOW, job_id=A, kind="CANCEL_CONFERENCES", rows=ROWS, requested_by=ADA, requester_kind="staff",
        approve_until=until,
    )  # fmt: skip


def approve(by: str = BEA, now: datetime = NOW) -> ApproveJob:
    return ApproveJob(now=now, job_id=A, by=by)


def reject(by: str = BEA) -> RejectJob:
    return RejectJob(now=NOW, job_id=A, by=by, reason=NO)


def done(row: int) -> RecordDone:
    return RecordDone(now=NOW, job_id=A, row=row, result_id="c" * 32)


def failed(row: int) -> RecordFailed:
    return RecordFailed(now=NOW, job_id=A, row=row, refused="{}")


CANCEL, EXPIRE = CancelJob(now=NOW, job_id=A, by=ADA), ExpireJob(now=NOW, job_id=A)
waiting, running = started(UNTIL), started()
approved, cancelled = JobApproved(job_id=A, approved_by=BEA), JobCancelled(job_id=A, cancelled_by=ADA)
first, second = RowDone(job_id=A, row=0, result_id="c" * 32), RowFailed(job_id=A, row=1, refused="{}")
finished = JobFinished(job_id=A)


def test_a_job_is_started_once():
    story.given().when(start(UNTIL)).then(waiting)
    story.given(waiting).when(start(UNTIL)).refused(JobIs(status="AWAITING_APPROVAL"))


def test_a_job_that_nobody_started_is_unknown():
    story.given().when(CANCEL).refused(UnknownJob(job_id=A))


def test_a_job_without_a_second_person_runs_at_once_and_one_with_waits():
    story.given(running).when(done(0)).then(first)
    story.given(waiting).when(done(0)).refused(JobIs(status="AWAITING_APPROVAL"))


def test_a_second_person_approves_once():
    story.given(waiting).when(approve()).then(approved)
    story.given(waiting, approved).when(approve("cem")).then()
    story.given(waiting, approved).when(done(0)).then(first)


def test_whoever_started_it_neither_approves_nor_rejects_but_may_cancel():
    story.given(waiting).when(approve(ADA)).refused(OwnJob)
    story.given(waiting).when(reject(ADA)).refused(OwnJob)
    story.given(waiting).when(CANCEL).then(cancelled)


def test_a_second_person_rejects_with_a_reason_for_good():
    rejected = JobRejected(job_id=A, rejected_by=BEA, reason=NO)
    story.given(waiting).when(reject()).then(rejected)
    story.given(waiting, rejected).when(reject("cem")).then()
    story.given(waiting, rejected).when(approve()).refused(JobIs(status="REJECTED"))


def test_what_was_approved_is_not_rejected_but_cancelled():
    story.given(waiting, approved).when(reject()).refused(JobIs(status="RUNNING"))
    story.given(waiting, approved).when(CANCEL).then(cancelled)


def test_what_needs_no_approval_gets_none():
    story.given(running).when(approve()).refused(JobIs(status="RUNNING"))


def test_it_expires_when_nobody_approves_in_time_also_when_the_timer_is_late():
    story.given(waiting).when(approve(now=UNTIL)).refused(JobIs(status="EXPIRED"))
    story.given(waiting).when(EXPIRE).then(JobExpired(job_id=A))
    story.given(waiting, JobExpired(job_id=A)).when(approve()).refused(JobIs(status="EXPIRED"))
    story.given(waiting, approved).when(EXPIRE).then()


def test_rows_have_their_turn_in_order_and_once():
    story.given(running).when(done(1)).refused(JobIs)
    story.given(running, first).when(done(0)).refused(JobIs)
    story.given(running, first).when(failed(0)).refused(JobIs)


def test_a_refused_row_does_not_stop_the_next_and_the_last_one_finishes_the_job():
    story.given(running, first).when(failed(1)).then(second, finished)
    story.given(running, RowFailed(job_id=A, row=0, refused="{}")).when(done(1)).then(
        RowDone(job_id=A, row=1, result_id="c" * 32), finished
    )


def test_after_a_cancellation_no_row_has_a_turn():
    story.given(running, first, cancelled).when(done(1)).refused(JobIs(status="CANCELLED"))
    story.given(running, cancelled).when(CANCEL).then()


def test_what_has_finished_cannot_be_cancelled():
    story.given(running, first, second, finished).when(CANCEL).refused(JobIs(status="FINISHED"))


COMMANDS = st.lists(
    st.one_of(
        st.builds(approve, by=st.sampled_from([ADA, BEA, "cem"]), now=st.sampled_from([NOW, UNTIL])),
        st.builds(reject, by=st.sampled_from([ADA, BEA])),
        st.builds(done, st.integers(0, 2)),
        st.builds(failed, st.integers(0, 2)),
        st.just(CANCEL),
        st.just(EXPIRE),
    ),
    max_size=30,
)


@settings(max_examples=300, deadline=None)
@given(commands=COMMANDS, until=st.sampled_from([None, UNTIL]))
def test_whatever_is_asked_in_whatever_order_the_rules_of_a_job_hold(commands, until):
    job, log = JOB.fold(JOB.initial, [started(until)]), []
    for command in commands:
        outcome = JOB.decide(job, command)
        events = [] if isinstance(outcome, Refusal) else list(outcome)
        if isinstance(job, Started) and job.status not in ("AWAITING_APPROVAL", "RUNNING"):
            assert events == [], "what has ended stays so"
        log += events
        job = JOB.fold(job, events)
    rows = [event.row for event in log if isinstance(event, RowDone | RowFailed)]
    assert rows == list(range(len(rows))), "each row once, in order"
    assert len(rows) <= len(ROWS)
    yes = [place for place, event in enumerate(log) if isinstance(event, JobApproved)]
    assert len(yes) <= 1
    assert all(log[place].approved_by != ADA for place in yes)
    if until is not None and rows:
        assert yes
        assert yes[0] < min(place for place, event in enumerate(log) if isinstance(event, RowDone | RowFailed))
    ends = [event for event in log if isinstance(event, JobRejected | JobExpired | JobCancelled | JobFinished)]
    assert len(ends) <= 1
    assert any(isinstance(event, JobFinished) for event in ends) == (len(rows) == len(ROWS))

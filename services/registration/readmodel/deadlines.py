# SPDX-License-Identifier: Apache-2.0
"""When is something due? The minute at which standbys get unused seats, the end of unconfirmed registrations, the end
of what is kept about people after a conference, and the work on jobs.
"""

from datetime import datetime

from services.chassis.database import Tx
from services.chassis.projection import TableProjection
from services.chassis.records import Recorded
from services.chassis.timers import TimerPayload, cancel_timer, set_timer
from services.registration.domain.conference import ConferenceAnnounced, ConferenceCancelled, ConferenceHeld
from services.registration.domain.job import (
    JobApproved,
    JobCancelled,
    JobExpired,
    JobFinished,
    JobRejected,
    JobStarted,
)
from services.registration.domain.registrations import (
    ParticipantErased,
    RegistrationCancelled,
    RegistrationExpired,
    RegistrationRepeated,
    RegistrationSubmitted,
    SeatTaken,
    StandbysCalled,
    WaitingListJoined,
)
from services.registration.domain.seating import STANDBY_DELAY


class StandbysDue(TimerPayload, frozen=True, kw_only=True):
    """The published minute of a conference."""

    KIND = "standbys_due"
    conference_id: str


class ConfirmationDue(TimerPayload, frozen=True, kw_only=True):
    """The last instant to confirm a registration."""

    KIND = "confirmation_due"
    conference_id: str
    participant_id: str


class RetentionDue(TimerPayload, frozen=True, kw_only=True):
    """The conference is over since `since`. The handler adds the days for which people's data are kept: a setting."""

    KIND = "retention_due"
    conference_id: str
    since: datetime


class JobDue(TimerPayload, frozen=True, kw_only=True):
    """A job has rows to carry out."""

    KIND = "job_due"
    job_id: str


class ApprovalDue(TimerPayload, frozen=True, kw_only=True):
    """The last instant to approve a job."""

    KIND = "approval_due"
    job_id: str


async def _over_since(tx: Tx, conference_id: str, since: datetime) -> None:
    due = RetentionDue(conference_id=conference_id, since=since)
    await set_timer(tx, key=conference_id, due_at=since, payload=due, conference=conference_id)


async def _announced(tx: Tx, event: ConferenceAnnounced, _: Recorded) -> None:
    await set_timer(
        tx,
        key=event.conference_id,
        due_at=event.starts_at + STANDBY_DELAY,
        payload=StandbysDue(conference_id=event.conference_id),
        conference=event.conference_id,
    )
    # Should nobody ever hold it or call it off, it is over when it has begun.
    await _over_since(tx, event.conference_id, event.starts_at)


async def _over(tx: Tx, event: ConferenceCancelled | ConferenceHeld, recorded: Recorded) -> None:
    await cancel_timer(tx, StandbysDue, event.conference_id)
    await _over_since(tx, event.conference_id, recorded.recorded_at)


async def _called(tx: Tx, event: StandbysCalled, _: Recorded) -> None:
    await cancel_timer(tx, StandbysDue, event.conference_id)


async def _submitted(tx: Tx, event: RegistrationSubmitted | RegistrationRepeated, _: Recorded) -> None:
    # A timer of a registration that was confirmed before it was repeated fires into the void.
    await set_timer(
        tx,
        key=event.participant_id,
        due_at=event.expires_at,
        payload=ConfirmationDue(conference_id=event.conference_id, participant_id=event.participant_id),
        conference=event.conference_id,
    )


async def _settled(
    tx: Tx,
    event: SeatTaken | WaitingListJoined | RegistrationCancelled | RegistrationExpired | ParticipantErased,
    _: Recorded,
) -> None:
    await cancel_timer(tx, ConfirmationDue, event.participant_id)


async def _runs(tx: Tx, job_id: str, due_at: datetime) -> None:
    await set_timer(tx, key=job_id, due_at=due_at, payload=JobDue(job_id=job_id), conference=None)


async def _job_started(tx: Tx, event: JobStarted, recorded: Recorded) -> None:
    if event.approve_until is None:
        await _runs(tx, event.job_id, recorded.recorded_at)
        return
    due = ApprovalDue(job_id=event.job_id)
    await set_timer(tx, key=event.job_id, due_at=event.approve_until, payload=due, conference=None)


async def _job_approved(tx: Tx, event: JobApproved, recorded: Recorded) -> None:
    await cancel_timer(tx, ApprovalDue, event.job_id)
    await _runs(tx, event.job_id, recorded.recorded_at)


async def _job_ended(tx: Tx, event: JobRejected | JobExpired | JobCancelled | JobFinished, _: Recorded) -> None:
    await cancel_timer(tx, ApprovalDue, event.job_id)
    await cancel_timer(tx, JobDue, event.job_id)


DEADLINES = TableProjection(
    name="deadlines",
    version=3,
    handlers={
        ConferenceAnnounced: _announced,
        ConferenceCancelled: _over,
        ConferenceHeld: _over,
        StandbysCalled: _called,
        RegistrationSubmitted: _submitted,
        RegistrationRepeated: _submitted,
        SeatTaken: _settled,
        WaitingListJoined: _settled,
        RegistrationCancelled: _settled,
        RegistrationExpired: _settled,
        ParticipantErased: _settled,
        JobStarted: _job_started,
        JobApproved: _job_approved,
        JobRejected: _job_ended,
        JobExpired: _job_ended,
        JobCancelled: _job_ended,
        JobFinished: _job_ended,
    },
    tables=("timers",),
)

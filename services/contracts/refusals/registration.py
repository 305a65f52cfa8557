# SPDX-License-Identifier: Apache-2.0
"""What the registration service refuses."""

from datetime import datetime

from services.chassis.contract import Id
from services.chassis.decider import Refusal


class AccessIsClosed(Refusal, frozen=True, kw_only=True):
    """The person was excluded from the conference: their link opens nothing."""


class AlreadyAnnounced(Refusal, frozen=True, kw_only=True):
    """The conference exists with other facts; people rely on them."""

    conference_id: Id


class AppIs(Refusal, frozen=True, kw_only=True):
    """An app with this status cannot do that, or have that done to it."""

    status: str


class ApprovalNeeded(Refusal, frozen=True, kw_only=True):
    """More than `limit` conferences within 24 hours take a second person: start a job, which somebody else approves."""

    limit: int


class ConferenceIsOver(Refusal, frozen=True, kw_only=True):
    """The conference was held or cancelled."""

    status: str


class ConferenceNotOpen(Refusal, frozen=True, kw_only=True):
    """Registrations are taken while the conference is open."""

    status: str


class ConfirmationExpired(Refusal, frozen=True, kw_only=True):
    """The address was not confirmed in time; the person may register again."""

    expired_at: datetime


class JobIs(Refusal, frozen=True, kw_only=True):
    """A job with this status cannot do that, or have that done to it."""

    status: str


class NoSeatToTake(Refusal, frozen=True, kw_only=True):
    """A registration in this situation can neither be confirmed nor checked in, and opens no door."""

    status: str


class NotAnnounced(Refusal, frozen=True, kw_only=True):
    """There is no such conference."""

    conference_id: Id


class NotOfTheStaff(Refusal, frozen=True, kw_only=True):
    """Only people of the staff hold roles."""

    staff_id: Id


class NotRegistered(Refusal, frozen=True, kw_only=True):
    """The conference has no such registration (any more)."""

    participant_id: Id


class OwnJob(Refusal, frozen=True, kw_only=True):
    """Whoever started a job does not decide about it: that takes a second person. Cancelling it is allowed."""


class SeriesAlreadyCreated(Refusal, frozen=True, kw_only=True):
    """The series exists with other facts; announced conferences rely on them."""

    series_id: Id


class TooEarlyForStandbys(Refusal, frozen=True, kw_only=True):
    """Seats are kept for their owners until the published minute."""

    not_before: datetime


class TooManyAppsWait(Refusal, frozen=True, kw_only=True):
    """So many apps wait for the city's approval that no further one is taken before some were decided."""

    waiting: int


class TooManyJobs(Refusal, frozen=True, kw_only=True):
    """So many jobs run or wait for approval that no further one is taken before some have ended."""

    unfinished: int


class TooManyMails(Refusal, frozen=True, kw_only=True):
    """So many registrations of this address were asked for lately that no further mail is sent to it now."""

    retry_after_seconds: int


class UnknownApp(Refusal, frozen=True, kw_only=True):
    """There is no such app (any more)."""

    app_id: Id


class UnknownJob(Refusal, frozen=True, kw_only=True):
    """There is no such job."""

    job_id: Id


class UnknownSecret(Refusal, frozen=True, kw_only=True):
    """The secret opens nothing: it was mistyped, replaced, or what it belongs to is gone."""

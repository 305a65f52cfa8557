# SPDX-License-Identifier: Apache-2.0
"""What registration tells everybody: facts that last. Texts about a person travel as `Sealed`."""

from datetime import datetime
from typing import ClassVar

from services.chassis.contract import ContractEvent, Id
from services.chassis.decider import Sealed
from services.contracts.registration.vocabulary import SERVICE, AppStatus, Role, Scope


class _Event(ContractEvent, frozen=True, kw_only=True):
    SERVICE: ClassVar[str] = SERVICE


class DistrictDefined(_Event, frozen=True, kw_only=True):
    """A district exists, or has another name or other streets."""

    district_id: Id


class ConferenceAnnounced(_Event, frozen=True, kw_only=True):
    """A conference exists; its session can be prepared."""

    conference_id: Id
    series_id: Id
    district_id: Id
    title: str
    starts_at: datetime
    zone: str
    capacity: int
    language: str
    script: str


class ConferenceOpened(_Event, frozen=True, kw_only=True):
    """Residents may register."""

    conference_id: Id


class ConferenceClosed(_Event, frozen=True, kw_only=True):
    """Nobody may register any more."""

    conference_id: Id


class ConferenceMoved(_Event, frozen=True, kw_only=True):
    """The conference starts at another instant."""

    conference_id: Id
    starts_at: datetime


class ConferenceCancelled(_Event, frozen=True, kw_only=True):
    """The conference does not take place."""

    conference_id: Id


class ConferenceHeld(_Event, frozen=True, kw_only=True):
    """The conference took place."""

    conference_id: Id


class SeatTaken(_Event, frozen=True, kw_only=True):
    """A person has a seat. `attributes` and `needs` are JSON sealed with the person's key; None: not given."""

    conference_id: Id
    participant_id: Id
    attributes: Sealed | None = None
    needs: Sealed | None = None


class SeatReleased(_Event, frozen=True, kw_only=True):
    """A person has no seat any more."""

    conference_id: Id
    participant_id: Id


class ParticipantCheckedIn(_Event, frozen=True, kw_only=True):
    """A seated person came."""

    conference_id: Id
    participant_id: Id


class StaffAssigned(_Event, frozen=True, kw_only=True):
    """A person serves in a role at a conference, in a series or a district; in none of them: in the city.

    Home district and organisation matter for conflicts of interest.
    """

    VERSION: ClassVar[int] = 2

    conference_id: Id | None
    staff_id: Id
    role: Role
    home_district_id: Id | None = None
    partner_id: Id | None = None
    series_id: Id | None = None
    district_id: Id | None = None


class StaffReleased(_Event, frozen=True, kw_only=True):
    """A person no longer serves in a role."""

    VERSION: ClassVar[int] = 2

    conference_id: Id | None
    staff_id: Id
    role: Role
    series_id: Id | None = None
    district_id: Id | None = None


class StaffErased(_Event, frozen=True, kw_only=True):
    """A person of the staff is erased: forget their cached key and name. Their roles were released before."""

    staff_id: Id


class ParticipantErased(_Event, frozen=True, kw_only=True):
    """The person's key is destroyed: forget cached keys, opened texts and authorship."""

    conference_id: Id
    participant_id: Id


class AppAccessChanged(_Event, frozen=True, kw_only=True):
    """An app was approved, suspended or erased, or its keys changed: ask anew what its keys may.

    `status` is what it has become, with the scopes that it has now; None: it was erased, or only its keys changed.
    """

    VERSION: ClassVar[int] = 2

    app_id: Id
    status: AppStatus | None = None
    scopes: tuple[Scope, ...] = ()
    erased: bool = False

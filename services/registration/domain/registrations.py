# SPDX-License-Identifier: Apache-2.0
"""What happens to one registration of a conference: its events, its situation, and how the events change the lists.

A registration belongs to one participant id. Who registers again after cancelling is a new participant.
"""

from datetime import datetime
from typing import Literal, assert_never

import msgspec

from services.chassis.decider import Event, Sealed

Status = Literal["SUBMITTED", "SEATED", "WAITLISTED", "CANCELLED", "RELEASED", "ERASED"]
SeatCause = Literal["CONFIRMED", "MOVED_UP", "STANDBY"]
ReleaseCause = Literal["NO_SHOW", "ERASED"]


class _Registered(Event, frozen=True, kw_only=True):
    conference_id: str
    participant_id: str


class RegistrationSubmitted(_Registered, frozen=True, kw_only=True):
    """A person wants to take part and has until `expires_at` to confirm the address."""

    TOPIC = "registration.registration_submitted"
    expires_at: datetime
    attributes: Sealed | None
    needs: Sealed | None


class RegistrationRepeated(_Registered, frozen=True, kw_only=True):
    """The same address registered again, for the `number`th time; an unconfirmed one has until `expires_at`."""

    TOPIC = "registration.registration_repeated"
    number: int
    expires_at: datetime


class RegistrationExpired(_Registered, frozen=True, kw_only=True):
    """The address was not confirmed in time; the data are deleted."""

    TOPIC = "registration.registration_expired"


class SeatTaken(_Registered, frozen=True, kw_only=True):
    """The person has a seat. Carries what other services may need to know, sealed with the person's key."""

    TOPIC = "registration.seat_taken"
    cause: SeatCause
    attributes: Sealed | None
    needs: Sealed | None


class WaitingListJoined(_Registered, frozen=True, kw_only=True):
    """The person confirmed when all seats were taken: the last of the waiting list."""

    TOPIC = "registration.waiting_list_joined"


class RegistrationCancelled(_Registered, frozen=True, kw_only=True):
    """The person does not come; `seat_released` says whether a seat became free."""

    TOPIC = "registration.registration_cancelled"
    seat_released: bool


class StandbyJoined(_Registered, frozen=True, kw_only=True):
    """A person without a seat is in the lobby and hopes for one."""

    TOPIC = "registration.standby_joined"


class ParticipantCheckedIn(_Registered, frozen=True, kw_only=True):
    """A person with a seat came."""

    TOPIC = "registration.participant_checked_in"


class SeatReleased(_Registered, frozen=True, kw_only=True):
    """The person has no seat any more, not by their own wish to cancel."""

    TOPIC = "registration.seat_released"
    cause: ReleaseCause


class ParticipantErased(_Registered, frozen=True, kw_only=True):
    """The person's data and key are gone."""

    TOPIC = "registration.participant_erased"


class StandbysCalled(Event, frozen=True, kw_only=True):
    """The published minute has passed: from now on free and unused seats go to people standing by."""

    TOPIC = "registration.standbys_called"
    conference_id: str


RegistrationEvent = (
    RegistrationSubmitted
    | RegistrationRepeated
    | RegistrationExpired
    | SeatTaken
    | WaitingListJoined
    | RegistrationCancelled
    | StandbyJoined
    | ParticipantCheckedIn
    | SeatReleased
    | ParticipantErased
    | StandbysCalled
)


class Registration(msgspec.Struct, frozen=True):
    """Where one registration stands; `present`: checked in when seated, standing by when waiting."""

    status: Status
    expires_at: datetime
    attributes: Sealed | None
    needs: Sealed | None
    present: bool = False
    repeats: int = 0


class Seats(msgspec.Struct, frozen=True):
    """Registrations by participant, who sits (in the order of seating), who waits (in the order of confirmation).

    Expired registrations are not among them: anybody can cause any number of those.
    """

    capacity: int
    registrations: dict[str, Registration] = {}
    seated: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    standbys_called: bool = False

    @property
    def free(self) -> int:
        """Seats that nobody has."""
        return self.capacity - len(self.seated)


def evolve(seats: Seats, event: RegistrationEvent) -> Seats:
    """The lists after one event."""
    if isinstance(event, StandbysCalled):
        return msgspec.structs.replace(seats, standbys_called=True)
    who = event.participant_id
    seated, waiting = seats.seated, seats.waiting
    if isinstance(event, RegistrationSubmitted):
        new = Registration("SUBMITTED", event.expires_at, event.attributes, event.needs)
        return _with(seats, who, new, seated, waiting)
    old = seats.registrations.get(who)
    if old is None or isinstance(event, RegistrationExpired):  # an expired one may have been erased afterwards
        left = {each: registration for each, registration in seats.registrations.items() if each != who}
        return msgspec.structs.replace(seats, registrations=left)
    match event:
        case RegistrationRepeated():
            new = msgspec.structs.replace(old, repeats=event.number, expires_at=event.expires_at)
        case SeatTaken():
            new = msgspec.structs.replace(old, status="SEATED", present=False)
            seated, waiting = (*seated, who), _without(waiting, who)
        case WaitingListJoined():
            new = msgspec.structs.replace(old, status="WAITLISTED")
            waiting = (*waiting, who)
        case RegistrationCancelled():
            new = msgspec.structs.replace(old, status="CANCELLED", present=False)
            seated, waiting = _without(seated, who), _without(waiting, who)
        case StandbyJoined():
            new = msgspec.structs.replace(old, status="WAITLISTED", present=True)
            # Who lost the seat and comes late stands behind everybody who waited.
            waiting = waiting if who in waiting else (*waiting, who)
        case ParticipantCheckedIn():
            new = msgspec.structs.replace(old, present=True)
        case SeatReleased():
            new = msgspec.structs.replace(old, status="RELEASED", present=False)
            seated = _without(seated, who)
        case ParticipantErased():
            new = msgspec.structs.replace(old, status="ERASED", present=False, attributes=None, needs=None)
            seated, waiting = _without(seated, who), _without(waiting, who)
        case _:
            assert_never(event)
    return _with(seats, who, new, seated, waiting)


def _without(people: tuple[str, ...], who: str) -> tuple[str, ...]:
    return tuple(person for person in people if person != who)


def _with(seats: Seats, who: str, new: Registration, seated: tuple[str, ...], waiting: tuple[str, ...]) -> Seats:
    return msgspec.structs.replace(
        seats, registrations={**seats.registrations, who: new}, seated=seated, waiting=waiting
    )

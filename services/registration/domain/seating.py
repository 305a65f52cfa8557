# SPDX-License-Identifier: Apache-2.0
"""The rules of seats: who gets one, who waits, who stands by. Capacity holds because one stream decides it.

Before the published minute a free seat goes to the head of the waiting list. From that minute on it goes to the
first of the waiting list who stands in the lobby, and so does the seat of a person who has not come.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import assert_never

from services.chassis.decider import Command, Refusal, Sealed
from services.registration.domain import registrations
from services.registration.domain.registrations import (
    ParticipantCheckedIn,
    ParticipantErased,
    Registration,
    RegistrationCancelled,
    RegistrationEvent,
    RegistrationExpired,
    RegistrationRepeated,
    RegistrationSubmitted,
    SeatCause,
    SeatReleased,
    Seats,
    SeatTaken,
    StandbyJoined,
    StandbysCalled,
    WaitingListJoined,
)

CONFIRMATION_WINDOW = timedelta(hours=48)
STANDBY_DELAY = timedelta(minutes=10)
MAX_REPEATS = 3
"""So many mails a repeated registration may cause: nobody's mailbox is flooded by a stranger."""


UNCONFIRMED_PER_SEAT = 10
FEWEST_UNCONFIRMED = 100
"""So many unconfirmed registrations a conference keeps at least. One more ends the oldest of them: whoever invents
people neither fills the conference nor keeps real people out, who confirm within minutes."""


class _Registering(Command, frozen=True, kw_only=True):
    conference_id: str
    participant_id: str


class SubmitRegistration(_Registering, frozen=True, kw_only=True):
    """Registers a new participant; attributes and needs are sealed with the participant's key."""

    attributes: Sealed | None = None
    needs: Sealed | None = None


class RepeatRegistration(_Registering, frozen=True, kw_only=True):
    """The address of this participant registered again."""


class ExpireRegistration(_Registering, frozen=True, kw_only=True):
    """Ends a registration whose address was not confirmed in time."""


class ConfirmRegistration(_Registering, frozen=True, kw_only=True):
    """The person confirmed the address."""


class CancelRegistration(_Registering, frozen=True, kw_only=True):
    """The person does not come."""


class CheckIn(_Registering, frozen=True, kw_only=True):
    """The person is in the lobby."""


class EraseParticipant(_Registering, frozen=True, kw_only=True):
    """The person's data are being deleted."""


class SeatStandbys(Command, frozen=True, kw_only=True):
    """The published minute: seats of those who did not come go to people standing by."""

    conference_id: str


SeatingCommand = (
    SubmitRegistration
    | RepeatRegistration
    | ExpireRegistration
    | ConfirmRegistration
    | CancelRegistration
    | CheckIn
    | EraseParticipant
    | SeatStandbys
)


class NotRegistered(Refusal, frozen=True, kw_only=True):
    """The conference has no such registration (any more)."""

    participant_id: str


class ConfirmationExpired(Refusal, frozen=True, kw_only=True):
    """The address was not confirmed in time; the person may register again."""

    expired_at: datetime


class NoSeatToTake(Refusal, frozen=True, kw_only=True):
    """A registration in this situation can neither be confirmed nor checked in."""

    status: str


class TooEarlyForStandbys(Refusal, frozen=True, kw_only=True):
    """Seats are kept for their owners until the published minute."""

    not_before: datetime


def decide(seats: Seats, command: SeatingCommand, starts_at: datetime) -> Sequence[RegistrationEvent] | Refusal:
    """What a wish about seats leads to in a conference that is neither over nor cancelled."""
    if isinstance(command, SeatStandbys):
        return _call_standbys(seats, command, starts_at)
    if isinstance(command, SubmitRegistration):
        return _submit(seats, command)
    registration = seats.registrations.get(command.participant_id)
    if isinstance(command, EraseParticipant):
        return erase(seats, command)
    if registration is None and isinstance(command, ExpireRegistration | RepeatRegistration):
        return []  # expired already; the vault and the timer hear of it a moment later
    if registration is None or registration.status == "ERASED":
        return NotRegistered(participant_id=command.participant_id)
    match command:
        case RepeatRegistration():
            return _repeat(registration, command)
        case ExpireRegistration():
            return _expire(registration, command)
        case ConfirmRegistration():
            return _confirm(seats, registration, command)
        case CancelRegistration():
            return _cancel(seats, registration, command)
        case CheckIn():
            return _check_in(seats, registration, command)
        case _:
            assert_never(command)


def erase(seats: Seats, command: EraseParticipant, *, fill: bool = True) -> Sequence[RegistrationEvent]:
    """Takes the person off every list; a freed seat is given on when `fill` (the conference is not over)."""
    registration = seats.registrations.get(command.participant_id)
    if registration is None or registration.status == "ERASED":
        return []
    ids = {"conference_id": command.conference_id, "participant_id": command.participant_id}
    events: list[RegistrationEvent] = []
    if registration.status == "SEATED":
        events.append(SeatReleased(**ids, cause="ERASED"))
    events.append(ParticipantErased(**ids))
    return _given_on(seats, events, command.conference_id) if fill else events


def _submit(seats: Seats, command: SubmitRegistration) -> Sequence[RegistrationEvent]:
    if command.participant_id in seats.registrations:
        return []
    return [
        *(RegistrationExpired(conference_id=command.conference_id, participant_id=who) for who in _crowded_out(seats)),
        RegistrationSubmitted(
            conference_id=command.conference_id,
            participant_id=command.participant_id,
            expires_at=command.now + CONFIRMATION_WINDOW,
            attributes=command.attributes,
            needs=command.needs,
        ),
    ]


def _crowded_out(seats: Seats) -> Sequence[str]:
    """The unconfirmed registrations that end so that one more keeps to the limit: those with the least time left."""
    unconfirmed = [who for who, each in seats.registrations.items() if each.status == "SUBMITTED"]
    limit = max(FEWEST_UNCONFIRMED, UNCONFIRMED_PER_SEAT * seats.capacity)
    excess = len(unconfirmed) + 1 - limit
    return sorted(unconfirmed, key=lambda who: seats.registrations[who].expires_at)[: max(0, excess)]


def _repeat(registration: Registration, command: RepeatRegistration) -> Sequence[RegistrationEvent]:
    if registration.repeats >= MAX_REPEATS or registration.status == "CANCELLED":
        return []
    return [
        RegistrationRepeated(
            conference_id=command.conference_id,
            participant_id=command.participant_id,
            number=registration.repeats + 1,
            expires_at=command.now + CONFIRMATION_WINDOW,
        )
    ]


def _expire(registration: Registration, command: ExpireRegistration) -> Sequence[RegistrationEvent]:
    if registration.status != "SUBMITTED" or command.now < registration.expires_at:
        return []
    return [RegistrationExpired(conference_id=command.conference_id, participant_id=command.participant_id)]


def _confirm(
    seats: Seats, registration: Registration, command: ConfirmRegistration
) -> Sequence[RegistrationEvent] | Refusal:
    match registration.status:
        case "SEATED" | "WAITLISTED" | "RELEASED":
            return []
        case "CANCELLED":
            return NoSeatToTake(status="CANCELLED")
        case _:
            if command.now >= registration.expires_at:
                return ConfirmationExpired(expired_at=registration.expires_at)
    if seats.free and not seats.standbys_called:
        return [_seat_taken(registration, command.conference_id, command.participant_id, "CONFIRMED")]
    return [WaitingListJoined(conference_id=command.conference_id, participant_id=command.participant_id)]


def _cancel(seats: Seats, registration: Registration, command: CancelRegistration) -> Sequence[RegistrationEvent]:
    if registration.status == "CANCELLED":
        return []
    cancelled = RegistrationCancelled(
        conference_id=command.conference_id,
        participant_id=command.participant_id,
        seat_released=registration.status == "SEATED",
    )
    return _given_on(seats, [cancelled], command.conference_id)


def _check_in(seats: Seats, registration: Registration, command: CheckIn) -> Sequence[RegistrationEvent] | Refusal:
    ids = {"conference_id": command.conference_id, "participant_id": command.participant_id}
    match registration.status:
        case "SEATED":
            return [] if registration.present else [ParticipantCheckedIn(**ids)]
        case "WAITLISTED" | "RELEASED":
            return [] if registration.present else _given_on(seats, [StandbyJoined(**ids)], command.conference_id)
        case _:
            return NoSeatToTake(status=registration.status)


def _call_standbys(seats: Seats, command: SeatStandbys, starts_at: datetime) -> Sequence[RegistrationEvent] | Refusal:
    if command.now < starts_at + STANDBY_DELAY:
        return TooEarlyForStandbys(not_before=starts_at + STANDBY_DELAY)
    if seats.standbys_called:
        return []
    return _given_on(seats, [StandbysCalled(conference_id=command.conference_id)], command.conference_id)


def _given_on(seats: Seats, events: Sequence[RegistrationEvent], conference_id: str) -> Sequence[RegistrationEvent]:
    """The events, and those that give on the seats which are free (or unused, after the published minute) then."""
    for event in events:
        seats = registrations.evolve(seats, event)
    called, people = seats.standbys_called, seats.registrations
    candidates = [who for who in seats.waiting if people[who].present or not called]
    absent = [who for who in seats.seated if called and not people[who].present]
    free = seats.free
    given: list[RegistrationEvent] = []
    for who in candidates:
        if free:
            free -= 1
        elif absent:
            # The last who got a seat is the first to lose it.
            given.append(SeatReleased(conference_id=conference_id, participant_id=absent.pop(), cause="NO_SHOW"))
        else:
            break
        given.append(_seat_taken(people[who], conference_id, who, "STANDBY" if called else "MOVED_UP"))
        if people[who].present:
            given.append(ParticipantCheckedIn(conference_id=conference_id, participant_id=who))
    return [*events, *given]


def _seat_taken(registration: Registration, conference_id: str, participant_id: str, cause: SeatCause) -> SeatTaken:
    return SeatTaken(
        conference_id=conference_id,
        participant_id=participant_id,
        cause=cause,
        attributes=registration.attributes,
        needs=registration.needs,
    )

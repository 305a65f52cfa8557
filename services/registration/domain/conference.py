# SPDX-License-Identifier: Apache-2.0
"""A conference: one evening of one district, from its announcement until it was held or cancelled.

All registrations of a conference are in its one stream, so a seat cannot be sold twice.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, assert_never, get_args

import msgspec

from services.chassis.decider import Command, Decider, Event, Refusal, Snapshotted
from services.registration.domain import registrations, seating
from services.registration.domain.registrations import RegistrationEvent, Seats
from services.registration.domain.retention import EraseEverybody, erase_everybody
from services.registration.domain.seating import (
    CancelRegistration,
    EraseParticipant,
    ExpireRegistration,
    RepeatRegistration,
    SeatingCommand,
    SubmitRegistration,
)

ConferenceStatus = Literal["ANNOUNCED", "OPEN", "CLOSED", "HELD", "CANCELLED"]


class ConferenceAnnounced(Event, frozen=True, kw_only=True):
    """The conference exists; `starts_at` is UTC, `zone` is where it takes place."""

    TOPIC = "registration.conference_announced"
    conference_id: str
    series_id: str
    district_id: str
    title: str
    starts_at: datetime
    zone: str
    capacity: int
    language: str
    script: str


class ConferenceOpened(Event, frozen=True, kw_only=True):
    """Residents may register."""

    TOPIC = "registration.conference_opened"
    conference_id: str


class ConferenceClosed(Event, frozen=True, kw_only=True):
    """Nobody may register any more; who registered may still confirm."""

    TOPIC = "registration.conference_closed"
    conference_id: str


class ConferenceCancelled(Event, frozen=True, kw_only=True):
    """The conference does not take place."""

    TOPIC = "registration.conference_cancelled"
    conference_id: str


class ConferenceHeld(Event, frozen=True, kw_only=True):
    """The conference took place."""

    TOPIC = "registration.conference_held"
    conference_id: str


LifeEvent = ConferenceAnnounced | ConferenceOpened | ConferenceClosed | ConferenceCancelled | ConferenceHeld
ConferenceEvent = LifeEvent | RegistrationEvent


class Unannounced(msgspec.Struct, frozen=True):
    """Nobody has announced the conference."""


class Announced(msgspec.Struct, frozen=True):
    """The conference exists, in one of the situations of `ConferenceStatus`."""

    facts: ConferenceAnnounced
    status: ConferenceStatus
    seats: Seats

    @property
    def is_over(self) -> bool:
        """Held or cancelled: nobody gets a seat any more."""
        return self.status in {"HELD", "CANCELLED"}


Conference = Unannounced | Announced


class AnnounceConference(Command, frozen=True, kw_only=True):
    """Announces the conference."""

    conference_id: str
    series_id: str
    district_id: str
    title: str
    starts_at: datetime
    zone: str
    capacity: int
    language: str
    script: str


class OpenConference(Command, frozen=True, kw_only=True):
    """Opens the registration."""

    conference_id: str


class CloseConference(Command, frozen=True, kw_only=True):
    """Closes the registration."""

    conference_id: str


class CancelConference(Command, frozen=True, kw_only=True):
    """Calls the conference off."""

    conference_id: str


class HoldConference(Command, frozen=True, kw_only=True):
    """The evening has ended."""

    conference_id: str


ConferenceCommand = (
    AnnounceConference
    | OpenConference
    | CloseConference
    | CancelConference
    | HoldConference
    | EraseEverybody
    | SeatingCommand
)


class NotAnnounced(Refusal, frozen=True, kw_only=True):
    """There is no such conference."""

    conference_id: str


class AlreadyAnnounced(Refusal, frozen=True, kw_only=True):
    """The conference exists with other facts; people rely on them."""

    conference_id: str


class ConferenceNotOpen(Refusal, frozen=True, kw_only=True):
    """Registrations are taken while the conference is open."""

    status: str


class ConferenceIsOver(Refusal, frozen=True, kw_only=True):
    """The conference was held or cancelled."""

    status: str


def decide(conference: Conference, command: ConferenceCommand) -> Sequence[ConferenceEvent] | Refusal:
    """What a wish leads to, given how far the conference is."""
    match conference:
        case Unannounced():
            if isinstance(command, AnnounceConference):
                return [_announced(command)]
            if isinstance(command, EraseParticipant | EraseEverybody | ExpireRegistration):
                return []
            return NotAnnounced(conference_id=command.conference_id)
        case Announced():
            return _decide(conference, command)
        case _:
            assert_never(conference)


def _decide(conference: Announced, command: ConferenceCommand) -> Sequence[ConferenceEvent] | Refusal:
    status, seats = conference.status, conference.seats
    match command:
        case AnnounceConference():
            if _announced(command) == conference.facts:
                return []
            return AlreadyAnnounced(conference_id=command.conference_id)
        case OpenConference():
            if conference.is_over:
                return ConferenceIsOver(status=status)
            return [] if status == "OPEN" else [ConferenceOpened(conference_id=command.conference_id)]
        case CloseConference():
            return [ConferenceClosed(conference_id=command.conference_id)] if status == "OPEN" else []
        case CancelConference():
            if status == "HELD":
                return ConferenceIsOver(status=status)
            return [] if status == "CANCELLED" else [ConferenceCancelled(conference_id=command.conference_id)]
        case HoldConference():
            # A cancelled conference ends its session too: that does not make it held.
            return [] if conference.is_over else [ConferenceHeld(conference_id=command.conference_id)]
        case EraseParticipant():
            return seating.erase(seats, command, fill=not conference.is_over)
        case EraseEverybody():
            return erase_everybody(seats, command)
        case ExpireRegistration():
            return seating.decide(seats, command, conference.facts.starts_at)
        case SubmitRegistration() | RepeatRegistration() if status != "OPEN":
            return ConferenceNotOpen(status=status)
        case CancelRegistration() if conference.is_over:
            return []
        case _ if conference.is_over:
            return ConferenceIsOver(status=status)
        case _:
            return seating.decide(seats, command, conference.facts.starts_at)


def _announced(command: AnnounceConference) -> ConferenceAnnounced:
    return ConferenceAnnounced(
        conference_id=command.conference_id,
        series_id=command.series_id,
        district_id=command.district_id,
        title=command.title,
        starts_at=command.starts_at,
        zone=command.zone,
        capacity=command.capacity,
        language=command.language,
        script=command.script,
    )


STATUS_AFTER: dict[type[Event], ConferenceStatus] = {
    ConferenceOpened: "OPEN",
    ConferenceClosed: "CLOSED",
    ConferenceCancelled: "CANCELLED",
    ConferenceHeld: "HELD",
}


def evolve(conference: Conference, event: ConferenceEvent) -> Conference:
    """How far the conference is after the event."""
    if isinstance(event, ConferenceAnnounced):
        return Announced(facts=event, status="ANNOUNCED", seats=Seats(capacity=event.capacity))
    if not isinstance(conference, Announced):
        return conference
    if isinstance(event, ConferenceOpened | ConferenceClosed | ConferenceCancelled | ConferenceHeld):
        return msgspec.structs.replace(conference, status=STATUS_AFTER[type(event)])
    return msgspec.structs.replace(conference, seats=registrations.evolve(conference.seats, event))


CONFERENCE: Decider[Conference, ConferenceCommand, ConferenceEvent] = Decider(
    name="registration.conference",
    initial=Unannounced(),
    decide=decide,
    evolve=evolve,
    events=(*get_args(LifeEvent), *get_args(RegistrationEvent)),
    snapshot=Snapshotted((Unannounced, Announced), version=2),
)

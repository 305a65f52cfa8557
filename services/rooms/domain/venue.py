# SPDX-License-Identifier: Apache-2.0
"""What may be done with the venue of a conference, and what follows from it."""

from typing import TypeAlias, assert_never

import msgspec

from services.chassis.decider import Command, Decider, Refusal, Snapshotted
from services.rooms.domain.venue_facts import (
    GroupRoomClosed,
    GroupRoomOpened,
    PeopleRecalled,
    PersonAdmittedAgain,
    PersonBarred,
    PersonMoved,
    PersonMuted,
    PersonPutOut,
    PersonUnmuted,
    Room,
    Seating,
    Venue,
    VenueClosed,
    VenueEvent,
    VenuePrepared,
)

# Commands -------------------------------------------------------------------------------------------------------


class PrepareVenue(Command, frozen=True, kw_only=True):
    """Makes the venue ready in a cell."""

    conference_id: str
    cell: str


class OpenGeneration(Command, frozen=True, kw_only=True):
    """Places people in groups; who is in none of them belongs in the plenary."""

    conference_id: str
    groups: tuple[Seating, ...]


class MovePerson(Command, frozen=True, kw_only=True):
    """Puts one person into the room of a group, or into the plenary."""

    participant_id: str
    group_id: str | None


class RecallPeople(Command, frozen=True, kw_only=True):
    """Brings everybody back into the plenary."""


class BarPerson(Command, frozen=True, kw_only=True):
    """Shuts a person out, also before the venue is ready."""

    conference_id: str
    participant_id: str


class AdmitAgain(Command, frozen=True, kw_only=True):
    """Lets a person in again."""

    conference_id: str
    participant_id: str


class MutePerson(Command, frozen=True, kw_only=True):
    """Takes a person's voice and picture, also before the venue is ready."""

    conference_id: str
    participant_id: str


class UnmutePerson(Command, frozen=True, kw_only=True):
    """Gives them back."""

    conference_id: str
    participant_id: str


class CloseVenue(Command, frozen=True, kw_only=True):
    """Ends the venue."""


VenueCommand: TypeAlias = (
    PrepareVenue
    | OpenGeneration
    | MovePerson
    | RecallPeople
    | BarPerson
    | AdmitAgain
    | MutePerson
    | UnmutePerson
    | CloseVenue
)

# Refusals -------------------------------------------------------------------------------------------------------


class VenueIsClosed(Refusal, frozen=True, kw_only=True):
    """The evening of this conference is over, or its venue is not ready yet."""

    conference_id: str


class GroupHasNoRoom(Refusal, frozen=True, kw_only=True):
    """The group is none of the running round."""

    group_id: str


def decide(venue: Venue, command: VenueCommand) -> list[VenueEvent] | Refusal:
    """What follows from a wish; a venue that was never prepared or is closed refuses to place anybody."""
    if isinstance(command, PrepareVenue):
        if venue.plenary:
            return []
        plenary = f"{command.cell}.{command.conference_id}.p"
        return [VenuePrepared(conference_id=command.conference_id, cell=command.cell, plenary=plenary)]
    if isinstance(command, BarPerson):
        if command.participant_id in venue.barred:
            return []
        who, conference = command.participant_id, command.conference_id
        barred: list[VenueEvent] = [PersonBarred(conference_id=conference, participant_id=who)]
        out = PersonPutOut(conference_id=conference, participant_id=who, room=venue.room_of(who))
        return [*barred, out] if out.room else barred
    if isinstance(command, MutePerson | UnmutePerson):
        return _mute(venue, command)
    if isinstance(command, AdmitAgain):
        if command.participant_id not in venue.barred:
            return []
        return [PersonAdmittedAgain(conference_id=command.conference_id, participant_id=command.participant_id)]
    if not venue.plenary or venue.closed:
        return [] if isinstance(command, CloseVenue) else VenueIsClosed(conference_id=venue.conference_id)
    match command:
        case OpenGeneration(groups=groups) if groups:
            return [*_close_rooms(venue), *_open_rooms(venue, groups)]
        case MovePerson(participant_id=participant, group_id=group):
            return _move(venue, participant, group)
        case OpenGeneration() | RecallPeople():
            # Too few people for a group stay in the plenary; nobody is left in the room of a round that is over.
            if not venue.rooms:
                return []
            recalled = PeopleRecalled(conference_id=venue.conference_id, generation=venue.generation + 1)
            return [recalled, *_close_rooms(venue)]
        case CloseVenue():
            return [*_close_rooms(venue), VenueClosed(conference_id=venue.conference_id)]
        case _:
            assert_never(command)


def _mute(venue: Venue, command: MutePerson | UnmutePerson) -> list[VenueEvent]:
    who, conference = command.participant_id, command.conference_id
    muted = who in venue.muted
    if isinstance(command, MutePerson):
        return [] if muted else [PersonMuted(conference_id=conference, participant_id=who, room=venue.room_of(who))]
    return [PersonUnmuted(conference_id=conference, participant_id=who, room=venue.room_of(who))] if muted else []


def _close_rooms(venue: Venue) -> list[VenueEvent]:
    return [GroupRoomClosed(conference_id=venue.conference_id, room=room.name) for room in venue.rooms]


def _open_rooms(venue: Venue, groups: tuple[Seating, ...]) -> list[VenueEvent]:
    prefix = f"{venue.cell}.{venue.conference_id}.r{venue.round + 1}"
    return [
        GroupRoomOpened(
            conference_id=venue.conference_id,
            generation=venue.generation + 1,
            room=f"{prefix}.g{group.number}",
            group_id=group.group_id,
            members=group.members,
        )
        for group in groups
    ]


def _move(venue: Venue, participant: str, group_id: str | None) -> list[VenueEvent] | Refusal:
    room = venue.plenary if group_id is None else next((r.name for r in venue.rooms if r.group_id == group_id), None)
    if room is None:
        return GroupHasNoRoom(group_id=group_id or "")
    if venue.room_of(participant) == room:
        return []
    moved = PersonMoved(
        conference_id=venue.conference_id, generation=venue.generation + 1, participant_id=participant, room=room
    )
    return [moved]


def evolve(venue: Venue, event: VenueEvent) -> Venue:
    """The venue after an event."""
    replace = msgspec.structs.replace
    match event:
        case VenuePrepared():
            return replace(venue, conference_id=event.conference_id, cell=event.cell, plenary=event.plenary)
        case GroupRoomOpened():
            opens_round = event.generation != venue.generation
            return replace(
                venue,
                generation=event.generation,
                round=venue.round + 1 if opens_round else venue.round,
                rooms=(*venue.rooms, Room(event.group_id, event.room)),
                placed=({} if opens_round else venue.placed) | dict.fromkeys(event.members, event.room),
            )
        case PersonMoved():
            placed = {who: room for who, room in venue.placed.items() if who != event.participant_id}
            if event.room != venue.plenary:
                placed[event.participant_id] = event.room
            return replace(venue, generation=event.generation, placed=placed)
        case PeopleRecalled():
            return replace(venue, generation=event.generation, placed={})
        case GroupRoomClosed():
            return replace(venue, rooms=tuple(room for room in venue.rooms if room.name != event.room))
        case PersonBarred():
            return replace(venue, barred=venue.barred | {event.participant_id})
        case PersonAdmittedAgain():
            return replace(venue, barred=venue.barred - {event.participant_id})
        case PersonMuted():
            return replace(venue, muted=venue.muted | {event.participant_id})
        case PersonUnmuted():
            return replace(venue, muted=venue.muted - {event.participant_id})
        case PersonPutOut():
            return venue
        case VenueClosed():
            return replace(venue, closed=True)
        case _:
            assert_never(event)


VENUE: Decider[Venue, VenueCommand, VenueEvent] = Decider(
    name="rooms.venue",
    initial=Venue(),
    decide=decide,
    evolve=evolve,
    events=(
        VenuePrepared,
        GroupRoomOpened,
        PersonMoved,
        PeopleRecalled,
        GroupRoomClosed,
        PersonBarred,
        PersonAdmittedAgain,
        PersonMuted,
        PersonUnmuted,
        PersonPutOut,
        VenueClosed,
    ),
    snapshot=Snapshotted((Venue,), version=2),
)

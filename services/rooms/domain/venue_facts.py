# SPDX-License-Identifier: Apache-2.0
"""What happened to the venue of a conference, and what it is: who belongs in which room.

Everybody belongs in the plenary unless a group room was given to them. A *generation* counts the changes of
placements: a client that knows generation n and sees n+1 asks where it belongs now, and stays when the room's name
is the same. Room names are never used twice, so the credentials of an earlier round open nothing.
"""

from typing import TypeAlias

import msgspec

from services.chassis.decider import Event

TEXT_CELL = "text"
"""The cell of an evening without video: rooms still have names, for placements are ours."""


class Seating(msgspec.Struct, frozen=True, kw_only=True):
    """The members of one group; a mentor is one of them."""

    group_id: str
    number: int
    members: tuple[str, ...]


# Events ---------------------------------------------------------------------------------------------------------


class VenuePrepared(Event, frozen=True, kw_only=True):
    """The venue exists, in this cell (a LiveKit cluster, or `text`)."""

    TOPIC = "rooms.venue_prepared"
    conference_id: str
    cell: str
    plenary: str


class GroupRoomOpened(Event, frozen=True, kw_only=True):
    """A group has a room, and its members belong there from this generation on."""

    TOPIC = "rooms.group_room_opened"
    conference_id: str
    generation: int
    room: str
    group_id: str
    members: tuple[str, ...]


class PersonMoved(Event, frozen=True, kw_only=True):
    """One person belongs in another room."""

    TOPIC = "rooms.person_moved"
    conference_id: str
    generation: int
    participant_id: str
    room: str


class PeopleRecalled(Event, frozen=True, kw_only=True):
    """Everybody belongs in the plenary."""

    TOPIC = "rooms.people_recalled"
    conference_id: str
    generation: int


class GroupRoomClosed(Event, frozen=True, kw_only=True):
    """A group's room no longer belongs to the venue."""

    TOPIC = "rooms.group_room_closed"
    conference_id: str
    room: str


class PersonBarred(Event, frozen=True, kw_only=True):
    """A person gets no credentials any more: excluded, or erased."""

    TOPIC = "rooms.person_barred"
    conference_id: str
    participant_id: str


class PersonAdmittedAgain(Event, frozen=True, kw_only=True):
    """An excluded person was readmitted."""

    TOPIC = "rooms.person_admitted_again"
    conference_id: str
    participant_id: str


class PersonMuted(Event, frozen=True, kw_only=True):
    """A person may not be heard or seen; `room` is where they belong, empty before the venue is ready."""

    TOPIC = "rooms.person_muted"
    conference_id: str
    participant_id: str
    room: str


class PersonUnmuted(Event, frozen=True, kw_only=True):
    """A muted person may be heard and seen again; `room` is where they belong."""

    TOPIC = "rooms.person_unmuted"
    conference_id: str
    participant_id: str
    room: str


class PersonPutOut(Event, frozen=True, kw_only=True):
    """A person who was barred is to leave the room where they belonged."""

    TOPIC = "rooms.person_put_out"
    conference_id: str
    participant_id: str
    room: str


class VenueClosed(Event, frozen=True, kw_only=True):
    """The evening is over; no more credentials."""

    TOPIC = "rooms.venue_closed"
    conference_id: str


VenueEvent: TypeAlias = (
    VenuePrepared
    | GroupRoomOpened
    | PersonMoved
    | PeopleRecalled
    | GroupRoomClosed
    | PersonBarred
    | PersonAdmittedAgain
    | PersonMuted
    | PersonUnmuted
    | PersonPutOut
    | VenueClosed
)

# State ----------------------------------------------------------------------------------------------------------


class Room(msgspec.Struct, frozen=True):
    """The room of a group."""

    group_id: str
    name: str


class Venue(msgspec.Struct, frozen=True, kw_only=True):
    """Where everybody belongs.

    Args:
        plenary: name of the plenary's room; empty before the venue is prepared.
        round: how often groups were placed.
        rooms: the running groups' rooms.
        placed: room name by participant, of those who do not belong in the plenary.
        barred: who gets no credentials.
        muted: who is neither heard nor seen.
    """

    conference_id: str = ""
    cell: str = ""
    plenary: str = ""
    generation: int = 0
    round: int = 0
    rooms: tuple[Room, ...] = ()
    placed: dict[str, str] = {}
    barred: frozenset[str] = frozenset()
    muted: frozenset[str] = frozenset()
    closed: bool = False

    def room_of(self, participant_id: str) -> str:
        """The name of the room where the person belongs."""
        return self.placed.get(participant_id, self.plenary)

    def group_of(self, room: str) -> str | None:
        """The group whose room this is; None for the plenary."""
        return next((each.group_id for each in self.rooms if each.name == room), None)

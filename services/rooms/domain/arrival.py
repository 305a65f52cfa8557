# SPDX-License-Identifier: Apache-2.0
"""One person's arrivals: the client says that it is in the room where the venue places the person.

A stream of its own per person, so that fifty confirmations in one second never contend.
"""

from typing import TypeAlias

import msgspec

from services.chassis.decider import Command, Decider, Event, Refusal


class PlacementConfirmed(Event, frozen=True, kw_only=True):
    """The person is where they belong."""

    TOPIC = "rooms.placement_confirmed"
    conference_id: str
    participant_id: str
    generation: int
    room: str


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """The last room the person was in."""

    room: str = ""


class ConfirmRoom(Command, frozen=True, kw_only=True):
    """Confirms the room.

    Args:
        generation: the one the client knows.
        room: where the person belongs now.
        present: the venue's generation.
    """

    conference_id: str
    participant_id: str
    generation: int
    room: str
    present: int


class PlacementChanged(Refusal, frozen=True, kw_only=True):
    """The client knows an older generation: it asks where the person belongs now."""

    generation: int


ArrivalCommand: TypeAlias = ConfirmRoom
ArrivalEvent: TypeAlias = PlacementConfirmed


def decide(arrival: Arrival, command: ArrivalCommand) -> list[ArrivalEvent] | Refusal:
    """Only the present generation can be confirmed; the same room twice is one arrival."""
    if command.generation != command.present:
        return PlacementChanged(generation=command.present)
    if command.room == arrival.room:
        return []
    confirmed = PlacementConfirmed(
        conference_id=command.conference_id,
        participant_id=command.participant_id,
        generation=command.generation,
        room=command.room,
    )
    return [confirmed]


def evolve(arrival: Arrival, event: ArrivalEvent) -> Arrival:
    """The arrival after an event."""
    return Arrival(room=event.room)


ARRIVAL: Decider[Arrival, ArrivalCommand, ArrivalEvent] = Decider(
    name="rooms.arrival", initial=Arrival(), decide=decide, evolve=evolve, events=(PlacementConfirmed,)
)

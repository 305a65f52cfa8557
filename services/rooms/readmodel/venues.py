# SPDX-License-Identifier: Apache-2.0
"""Who belongs in which room of a conference, and who is there: one document per conference."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from services.chassis.decider import Event
from services.chassis.projection import DocumentProjection
from services.chassis.store import Recorded
from services.rooms.domain.arrival import PlacementConfirmed
from services.rooms.domain.venue import VENUE
from services.rooms.domain.venue_facts import TEXT_CELL, Venue


class VenueDoc(msgspec.Struct, frozen=True, kw_only=True):
    """The venue as its rules see it, the room each person confirmed last, and since when each belongs where they do."""

    venue: Venue = Venue()
    arrived: dict[str, str] = {}
    since: dict[str, datetime] = {}

    @property
    def people(self) -> set[str]:
        """Everybody who was placed or has been here."""
        return {*self.venue.placed, *self.arrived}

    @property
    def video(self) -> bool:
        """Whether the rooms exist in LiveKit."""
        return self.venue.cell not in ("", TEXT_CELL)

    def is_there(self, participant_id: str) -> bool:
        """Whether the person confirmed the room where they belong."""
        room = self.venue.room_of(participant_id)
        return room != "" and self.arrived.get(participant_id) == room


def _keys(event: Event, recorded: Recorded) -> Sequence[str]:
    conference_id: str = event.conference_id  # type: ignore[attr-defined] # every event of rooms has one
    return (conference_id,)


def _evolve(doc: VenueDoc, event: Event, recorded: Recorded) -> VenueDoc:
    if isinstance(event, PlacementConfirmed):
        return msgspec.structs.replace(doc, arrived=doc.arrived | {event.participant_id: event.room})
    venue = VENUE.evolve(doc.venue, event)  # type: ignore[arg-type] # the other events of rooms
    moved = [one for one in {*doc.people, *venue.placed} if venue.room_of(one) != doc.venue.room_of(one)]
    since = {**doc.since, **dict.fromkeys(moved, recorded.recorded_at)}
    return msgspec.structs.replace(doc, venue=venue, since=since)


VENUES: DocumentProjection[VenueDoc] = DocumentProjection(
    name="venues", version=2, keys=_keys, initial=lambda _: VenueDoc(), evolve=_evolve, doc=VenueDoc
)

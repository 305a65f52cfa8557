# SPDX-License-Identifier: Apache-2.0
"""Where people belong in video, or that the evening runs on text."""

from datetime import datetime

import strawberry

from gateway.schema.people import Person, person
from gateway.schema.relay import optional_id
from gateway.schema.scalars import RoomKind
from gateway.schema.shape import Shown, computed, graphql_type, show_all, shown
from services.contracts import rooms as contract

GENERATION = "Rises with every change of the placements; a client whose room did not change does nothing."


@graphql_type()
class Placement(Shown):
    """Where one person belongs now."""

    view: strawberry.Private[contract.Placement]
    generation: int = shown(GENERATION)
    room: str = shown("Name of the room.")
    kind: RoomKind = shown("Plenary or small group.")
    video: bool = shown("False while the evening runs on text.")
    confirmed: bool = shown("Whether the person's client said that it is there.")

    @computed
    def group_id(self) -> strawberry.ID | None:
        """Global id of the group; null in the plenary."""
        return optional_id("Group", self.view.group_id)


@graphql_type()
class JoinCredentials(Shown):
    """The way into one's own room. Without video, `url` and `token` are null and `whyNoVideo` says why."""

    view: strawberry.Private[contract.JoinCredentials]
    generation: int = shown(GENERATION)
    room: str = shown("Name of the room.")
    url: str | None = shown("Address of the video server.")
    token: str | None = shown("Token for the video server, good for ten minutes at most.")
    expires_at: datetime | None = shown("When the token expires.")
    why_no_video: str | None = shown("A short reason while there is no video.")


@graphql_type()
class VenuePlacement(Shown):
    """One person of a venue."""

    view: strawberry.Private[contract.PlacementEntry]
    room: str = shown("Name of the room where they belong.")
    confirmed: bool = shown("Whether the person's client said that it is there.")
    kind: RoomKind = shown("Plenary or small group.")
    placed_at: datetime | None = shown(
        "Since when they belong there. Who is here and has not confirmed after 20 seconds is missing: look after them."
    )

    @computed
    def person(self) -> Person:
        """Who."""
        return person(self.conference, self.view.participant_id)

    @computed
    def group_id(self) -> strawberry.ID | None:
        """Global id of the group; null in the plenary."""
        return optional_id("Group", self.view.group_id)


@graphql_type()
class Venue(Shown):
    """All rooms and placements of a conference, for staff."""

    view: strawberry.Private[contract.VenueView]
    generation: int = shown(GENERATION)
    video: bool = shown("False while the evening runs on text.")
    open: bool = shown("Whether people can come in.")
    rooms: list[str] = shown("Names of the rooms.")

    @computed
    def placements(self) -> list[VenuePlacement]:
        """Where everybody belongs."""
        return show_all(VenuePlacement, self.view.placements, self.conference)

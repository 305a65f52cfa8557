# SPDX-License-Identifier: Apache-2.0
"""Messages of the rooms service: where people are in video, or that the evening runs on text."""

from datetime import datetime
from typing import Any, ClassVar, Literal

import msgspec

from services.chassis.contract import Answer, CommandRequest, ContractEvent, Done, Id, QueryRequest, Refusals
from services.contracts import refusals

SERVICE = "rooms"

RoomKind = Literal["plenary", "group"]


# Contract events ------------------------------------------------------------------------------------------------


class _Event(ContractEvent, frozen=True, kw_only=True):
    SERVICE: ClassVar[str] = SERVICE

    conference_id: Id


class VenueReady(_Event, frozen=True, kw_only=True):
    """The conference has a venue. No cell: the evening runs text-only."""

    cell: str | None


class RoomOpened(_Event, frozen=True, kw_only=True):
    """A room belongs to the running generation."""

    generation: int
    room: str
    kind: RoomKind


class RoomClosed(_Event, frozen=True, kw_only=True):
    """A room no longer belongs to the venue."""

    room: str


class ParticipantJoined(_Event, frozen=True, kw_only=True):
    """A person was seen in a video room."""

    participant_id: Id
    room: str


class ParticipantLeft(_Event, frozen=True, kw_only=True):
    """A person left a video room."""

    participant_id: Id
    room: str


class PlacementMissed(_Event, frozen=True, kw_only=True):
    """A person did not arrive where they belong."""

    participant_id: Id
    generation: int


# Commands -------------------------------------------------------------------------------------------------------


class ConfirmPlacement(CommandRequest[Done], frozen=True, kw_only=True):
    """The person's client is where generation `generation` places it."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.PlacementChanged, refusals.VenueIsClosed)
    conference_id: Id
    generation: int


# Queries --------------------------------------------------------------------------------------------------------


class Placement(Answer, frozen=True, kw_only=True):
    """Where one person belongs now. `video` is False while the evening runs on text."""

    conference_id: Id
    participant_id: Id
    generation: int
    room: str
    kind: RoomKind
    group_id: Id | None
    video: bool
    confirmed: bool


class GetPlacement(QueryRequest[Placement], frozen=True, kw_only=True):
    """Where one person belongs now."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = Placement
    conference_id: Id
    participant_id: Id


class JoinCredentials(Answer, frozen=True, kw_only=True):
    """The way into one's room: address and a token of at most ten minutes. All None while there is no video."""

    conference_id: Id
    participant_id: Id
    generation: int
    room: str
    url: str | None
    token: str | None
    expires_at: datetime | None
    why_no_video: str | None


class GetJoinCredentials(QueryRequest[JoinCredentials], frozen=True, kw_only=True):
    """Credentials for the room where the person belongs now; minted offline."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = JoinCredentials
    conference_id: Id
    participant_id: Id


class PlacementEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One person of a venue; with the venue's own fields it says all that the person's `Placement` says.

    `placed_at`: since when they belong in this room; None: since before anybody noted it.
    """

    participant_id: Id
    room: str
    confirmed: bool
    kind: RoomKind = "plenary"
    group_id: Id | None = None
    placed_at: datetime | None = None


class VenueView(Answer, frozen=True, kw_only=True):
    """All placements of the running generation, for staff. Of `rooms` the first is the plenary: whoever has no entry in
    `placements` belongs there.
    """

    conference_id: Id
    generation: int
    video: bool
    open: bool
    rooms: tuple[str, ...]
    placements: tuple[PlacementEntry, ...]


class GetVenue(QueryRequest[VenueView], frozen=True, kw_only=True):
    """All placements of the running generation."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = VenueView
    conference_id: Id


class VideoStatus(Answer, frozen=True, kw_only=True):
    """Whether video is configured and each cell's state."""

    cells: dict[str, Any]


class GetVideoStatus(QueryRequest[VideoStatus], frozen=True, kw_only=True):
    """Whether video is configured and reachable."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = VideoStatus

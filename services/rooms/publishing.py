# SPDX-License-Identifier: Apache-2.0
"""Own event to contract event: what rooms tells the other services."""

from functools import singledispatch

from services.chassis.contract import ContractEvent
from services.chassis.decider import Event
from services.chassis.store import Recorded
from services.contracts import rooms as told
from services.rooms.domain import venue_facts as venue


def publish(event: Event, recorded: Recorded) -> ContractEvent | None:
    """What is told about a stored event; None for what stays inside."""
    return _told(event, recorded)


@singledispatch
def _told(event: Event, recorded: Recorded) -> ContractEvent | None:
    return None


@_told.register
def _(event: venue.VenuePrepared, recorded: Recorded) -> ContractEvent:
    cell = None if event.cell == venue.TEXT_CELL else event.cell
    return told.VenueReady(conference_id=event.conference_id, cell=cell, at=recorded.recorded_at)


@_told.register
def _(event: venue.GroupRoomOpened, recorded: Recorded) -> ContractEvent:
    return told.RoomOpened(
        conference_id=event.conference_id,
        generation=event.generation,
        room=event.room,
        kind="group",
        at=recorded.recorded_at,
    )


@_told.register
def _(event: venue.GroupRoomClosed, recorded: Recorded) -> ContractEvent:
    return told.RoomClosed(conference_id=event.conference_id, room=event.room, at=recorded.recorded_at)

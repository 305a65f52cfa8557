# SPDX-License-Identifier: Apache-2.0
"""What LiveKit has yet to do: one row per room to be made or closed, and per person to be muted or put out of one.

The provisioning loop takes them.
"""

from datetime import timedelta

from services.chassis.database import Tx
from services.chassis.projection import TableProjection
from services.chassis.store import Recorded
from services.rooms.domain.venue_facts import (
    TEXT_CELL,
    GroupRoomClosed,
    GroupRoomOpened,
    PersonMuted,
    PersonPutOut,
    PersonUnmuted,
    VenuePrepared,
)

GRACE = timedelta(seconds=30)
"""Real time in which people leave a closed group's room by themselves before LiveKit closes it."""

_WANT = (
    "INSERT INTO room_work (room, action, not_before) VALUES ($1, $2, now() + $3) ON CONFLICT (room, action) DO NOTHING"
)


async def _venue_prepared(tx: Tx, event: VenuePrepared, recorded: Recorded) -> None:
    if event.cell != TEXT_CELL:
        await tx.execute(_WANT, event.plenary, "ensure", timedelta())


async def _room_opened(tx: Tx, event: GroupRoomOpened, recorded: Recorded) -> None:
    if not event.room.startswith(f"{TEXT_CELL}."):
        await tx.execute(_WANT, event.room, "ensure", timedelta())


async def _room_closed(tx: Tx, event: GroupRoomClosed, recorded: Recorded) -> None:
    if not event.room.startswith(f"{TEXT_CELL}."):
        await tx.execute("DELETE FROM room_work WHERE room = $1 AND action = 'ensure'", event.room)
        await tx.execute(_WANT, event.room, "delete", GRACE)


_WANT_OF_PERSON = (
    "INSERT INTO person_work (room, identity, action) VALUES ($1, $2, $3)"
    " ON CONFLICT (room, identity) DO UPDATE SET action = $3, not_before = now(), attempts = 0"
)
_ACTIONS = {PersonMuted: "mute", PersonUnmuted: "unmute", PersonPutOut: "put_out"}


async def _of_person(tx: Tx, event: PersonMuted | PersonUnmuted | PersonPutOut, recorded: Recorded) -> None:
    if event.room and not event.room.startswith(f"{TEXT_CELL}."):
        await tx.execute(_WANT_OF_PERSON, event.room, event.participant_id, _ACTIONS[type(event)])


ROOM_WORK = TableProjection(
    name="room_work",
    version=1,
    handlers={
        VenuePrepared: _venue_prepared,
        GroupRoomOpened: _room_opened,
        GroupRoomClosed: _room_closed,
        PersonMuted: _of_person,
        PersonUnmuted: _of_person,
        PersonPutOut: _of_person,
    },
    tables=("room_work", "person_work"),
)

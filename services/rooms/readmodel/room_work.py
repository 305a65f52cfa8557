# SPDX-License-Identifier: Apache-2.0
"""What LiveKit has yet to do: one row per room to be made or closed, taken by the provisioning loop."""

from datetime import timedelta

from services.chassis.database import Tx
from services.chassis.projection import TableProjection
from services.chassis.store import Recorded
from services.rooms.domain.venue import TEXT_CELL, GroupRoomClosed, GroupRoomOpened, VenuePrepared

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


ROOM_WORK = TableProjection(
    name="room_work",
    version=1,
    handlers={VenuePrepared: _venue_prepared, GroupRoomOpened: _room_opened, GroupRoomClosed: _room_closed},
    tables=("room_work",),
)

# SPDX-License-Identifier: Apache-2.0
"""Makes LiveKit follow: takes rows of `room_work` and carries them out, best effort.

Nobody waits for it. When LiveKit is down, people still get tokens that make the room on joining, and the rows stay.
"""

import asyncio
from datetime import timedelta

import structlog

from services.chassis.database import Database
from services.rooms.adapters.livekit import LiveKitRooms, VideoUnavailable

BATCH = 32
IDLE_SECONDS = 1.0
CLAIM = timedelta(seconds=30)
GIVE_UP_AFTER = 20

log = structlog.get_logger(__name__)

_CLAIM_DUE = """
UPDATE room_work SET not_before = now() + $2, attempts = attempts + 1
WHERE (room, action) IN (
    SELECT room, action FROM room_work WHERE not_before <= now() ORDER BY not_before LIMIT $1 FOR UPDATE SKIP LOCKED
)
RETURNING room, action, attempts
"""


async def provision(db: Database, rooms: LiveKitRooms) -> None:
    """Works until it is cancelled.

    Args:
        db: the service's database.
        rooms: the cluster, entered.
    """
    while True:
        due = await db.pool.fetch(_CLAIM_DUE, BATCH, CLAIM)
        await asyncio.gather(*(_do(db, rooms, row["room"], row["action"], row["attempts"]) for row in due))
        if len(due) < BATCH:
            await asyncio.sleep(IDLE_SECONDS)


async def _do(db: Database, rooms: LiveKitRooms, room: str, action: str, attempts: int) -> None:
    try:
        if action == "ensure":
            await rooms.ensure(room, plenary=room.endswith(".p"))
        else:
            await rooms.delete(room)
    except VideoUnavailable as error:
        log.warning("room_not_provisioned", room=room, action=action, attempts=attempts, problem=str(error))
        if attempts < GIVE_UP_AFTER:
            return
    await db.pool.execute("DELETE FROM room_work WHERE room = $1 AND action = $2", room, action)

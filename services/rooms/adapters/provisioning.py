# SPDX-License-Identifier: Apache-2.0
"""Makes LiveKit follow: takes rows of `room_work` and `person_work` and carries them out, best effort.

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
RETRY = timedelta(seconds=2)
"""So soon what concerns a person is tried again: it is about somebody's conduct."""

log = structlog.get_logger(__name__)

_CLAIM_DUE = """
UPDATE room_work SET not_before = now() + $2, attempts = attempts + 1
WHERE (room, action) IN (
    SELECT room, action FROM room_work WHERE not_before <= now() ORDER BY not_before LIMIT $1 FOR UPDATE SKIP LOCKED
)
RETURNING room, action, attempts
"""

_CLAIM_PEOPLE = """
UPDATE person_work SET not_before = now() + $2, attempts = attempts + 1
WHERE (room, identity) IN (
    SELECT room, identity FROM person_work WHERE not_before <= now() ORDER BY not_before LIMIT $1
    FOR UPDATE SKIP LOCKED
)
RETURNING room, identity, action, attempts
"""


_AGAIN = "UPDATE person_work SET not_before = now() + $4 WHERE room = $1 AND identity = $2 AND action = $3"


async def provision(db: Database, rooms: LiveKitRooms) -> None:
    """Works until it is cancelled.

    Args:
        db: the service's database.
        rooms: the cluster, entered.
    """
    while True:
        due = await db.pool.fetch(_CLAIM_DUE, BATCH, CLAIM)
        people = await db.pool.fetch(_CLAIM_PEOPLE, BATCH, CLAIM)
        await asyncio.gather(
            *(_do(db, rooms, row["room"], row["action"], row["attempts"]) for row in due),
            *(_do_to(db, rooms, row["room"], row["identity"], row["action"], row["attempts"]) for row in people),
        )
        if len(due) < BATCH and len(people) < BATCH:
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


async def _do_to(db: Database, rooms: LiveKitRooms, room: str, identity: str, action: str, attempts: int) -> None:
    try:
        if action == "put_out":
            await rooms.put_out(room, identity)
        else:
            await rooms.let_speak(room, identity, speak=action == "unmute")
    except VideoUnavailable as error:
        log.warning("person_not_followed", room=room, action=action, attempts=attempts, problem=str(error))
        if attempts < GIVE_UP_AFTER:
            await db.pool.execute(_AGAIN, room, identity, action, RETRY)
            return
    # A newer wish about the same person in the same room stays.
    await db.pool.execute(
        "DELETE FROM person_work WHERE room = $1 AND identity = $2 AND action = $3", room, identity, action
    )

# SPDX-License-Identifier: Apache-2.0
"""Who has a seat, as registration tells it."""

from uuid import UUID

from services.chassis.database import Database, Tx


async def take_seat(tx: Tx, conference_id: str, participant_id: str) -> None:
    """Notes that a person has a seat."""
    await tx.execute(
        "INSERT INTO seats (conference_id, participant_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        UUID(conference_id),
        UUID(participant_id),
    )


async def release_seat(tx: Tx, conference_id: str, participant_id: str) -> None:
    """Notes that a person has no seat any more."""
    await tx.execute(
        "DELETE FROM seats WHERE conference_id = $1 AND participant_id = $2", UUID(conference_id), UUID(participant_id)
    )


async def has_seat(db: Database, conference_id: str, participant_id: str) -> bool:
    """Whether a person has a seat."""
    found = await db.pool.fetchval(
        "SELECT true FROM seats WHERE conference_id = $1 AND participant_id = $2",
        UUID(conference_id),
        UUID(participant_id),
    )
    return found is not None

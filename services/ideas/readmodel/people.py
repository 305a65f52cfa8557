# SPDX-License-Identifier: Apache-2.0
"""What other services told: who has a seat, who is here, where conferences are, and what ties staff have.

The tables are written by policies, each in one transaction with the note that the event was applied.
"""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from services.chassis.database import Database, Tx
from services.chassis.store import Statement


class Ties(NamedTuple):
    """What may bring a juror into a conflict of interest."""

    home_district_id: str | None
    partner_id: str | None


async def seat(tx: Tx, conference_id: str, participant_id: str) -> None:
    """Notes that a person has a seat."""
    await tx.execute(
        "INSERT INTO seats (conference_id, participant_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        UUID(conference_id), UUID(participant_id),
    )  # fmt: skip


def unseat(conference_id: str, participant_id: str) -> Statement:
    """The statement that forgets a seat."""
    return Statement(
        "DELETE FROM seats WHERE conference_id = $1 AND participant_id = $2",
        (UUID(conference_id), UUID(participant_id)),
    )


async def note_presence(tx: Tx, conference_id: str, participant_id: str, *, present: bool) -> None:
    """Notes that a person came or went."""
    await tx.execute(
        "INSERT INTO present (conference_id, participant_id) VALUES ($1, $2) ON CONFLICT DO NOTHING"
        if present
        else "DELETE FROM present WHERE conference_id = $1 AND participant_id = $2",
        UUID(conference_id), UUID(participant_id),
    )  # fmt: skip


async def note_district(tx: Tx, conference_id: str, district_id: str) -> None:
    """Notes in which district a conference is."""
    await tx.execute(
        "INSERT INTO conference_districts (conference_id, district_id) VALUES ($1, $2)"
        " ON CONFLICT (conference_id) DO UPDATE SET district_id = EXCLUDED.district_id",
        UUID(conference_id), UUID(district_id),
    )  # fmt: skip


async def note_ties(tx: Tx, staff_id: str, ties: Ties) -> None:
    """Notes where a person of the staff lives and which organisation they belong to."""
    await tx.execute(
        "INSERT INTO staff_ties (staff_id, home_district_id, partner_id) VALUES ($1, $2, $3)"
        " ON CONFLICT (staff_id) DO UPDATE"
        " SET home_district_id = EXCLUDED.home_district_id, partner_id = EXCLUDED.partner_id",
        UUID(staff_id), _uuid(ties.home_district_id), _uuid(ties.partner_id),
    )  # fmt: skip


async def has_seat(db: Database, conference_id: str, participant_id: str) -> bool:
    """Whether a person has a seat at a conference."""
    found: bool = await db.pool.fetchval(
        "SELECT EXISTS (SELECT 1 FROM seats WHERE conference_id = $1 AND participant_id = $2)",
        UUID(conference_id), UUID(participant_id),
    )  # fmt: skip
    return found


async def count_present(db: Database, conference_id: str) -> int:
    """How many people with a seat are here."""
    number: int = await db.pool.fetchval(
        "SELECT count(*) FROM seats JOIN present USING (conference_id, participant_id) WHERE conference_id = $1",
        UUID(conference_id),
    )
    return number


async def districts_of(db: Database, conference_ids: Iterable[str]) -> dict[str, str]:
    """The district of each conference that is known."""
    rows = await db.pool.fetch(
        "SELECT conference_id, district_id FROM conference_districts WHERE conference_id = ANY($1::uuid[])",
        [UUID(conference_id) for conference_id in conference_ids],
    )
    return {row["conference_id"].hex: row["district_id"].hex for row in rows}


async def ties_of(db: Database, staff_ids: Iterable[str]) -> dict[str, Ties]:
    """The ties of people of the staff that are known."""
    rows = await db.pool.fetch(
        "SELECT staff_id, home_district_id, partner_id FROM staff_ties WHERE staff_id = ANY($1::uuid[])",
        [UUID(staff_id) for staff_id in staff_ids],
    )
    return {row["staff_id"].hex: Ties(_hex(row["home_district_id"]), _hex(row["partner_id"])) for row in rows}


def _uuid(text: str | None) -> UUID | None:
    return UUID(text) if text else None


def _hex(value: UUID | None) -> str | None:
    return value.hex if value else None

# SPDX-License-Identifier: Apache-2.0
"""Whose access has ended lately? For gateways that start, or that did not hear for a while what was told.

Tokens outlive it by hours at most: what is older than a day is forgotten.
"""

from uuid import UUID

from services.chassis.database import Database, Tx
from services.chassis.identity import scope_of
from services.chassis.projection import TableProjection
from services.chassis.records import Recorded
from services.contracts import registration as contract
from services.registration.domain.registrations import ParticipantErased
from services.registration.domain.staff import StaffAssigned, StaffErased, StaffReleased

_KEPT = "interval '1 day'"
_FORGET = f"DELETE FROM revocations WHERE noted_at < now() - {_KEPT}"  # noqa: S608 -- our own constant
_NOTE = "INSERT INTO revocations (person, role, scope) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"


async def _released(tx: Tx, event: StaffReleased, _: Recorded) -> None:
    await tx.execute(_FORGET)
    await tx.execute(_NOTE, *_role(event))


async def _assigned(tx: Tx, event: StaffAssigned, _: Recorded) -> None:
    await tx.execute("DELETE FROM revocations WHERE person = $1 AND role = $2 AND scope = $3", *_role(event))


async def _staff_erased(tx: Tx, event: StaffErased, _: Recorded) -> None:
    await tx.execute(_NOTE, UUID(event.staff_id), "", "")


async def _erased(tx: Tx, event: ParticipantErased, _: Recorded) -> None:
    await tx.execute(_FORGET)
    await tx.execute(_NOTE, UUID(event.participant_id), "", "")


def _role(event: StaffAssigned | StaffReleased) -> tuple[UUID, str, str]:
    return UUID(event.staff_id), event.role, scope_of(event.conference_id, event.series_id, event.district_id)


REVOCATIONS = TableProjection(
    name="revocations",
    version=1,
    handlers={
        StaffReleased: _released,
        StaffAssigned: _assigned,
        StaffErased: _staff_erased,
        ParticipantErased: _erased,
    },
    tables=("revocations",),
)


async def list_revocations(db: Database) -> contract.Revocations:
    """Whose access ended within a day, and which residents are excluded."""
    rows = await db.pool.fetch(
        f"SELECT person, role, scope FROM revocations WHERE noted_at >= now() - {_KEPT}"  # noqa: S608 -- our own
        " ORDER BY noted_at DESC LIMIT 5000"
    )
    excluded = await db.pool.fetch("SELECT participant_id FROM participants WHERE is_excluded LIMIT 5000")
    return contract.Revocations(
        people=tuple(row["person"].hex for row in rows if not row["role"]),
        excluded=tuple(row["participant_id"].hex for row in excluded),
        roles=tuple(
            contract.RoleEnded(staff_id=row["person"].hex, role=row["role"], scope=row["scope"])
            for row in rows
            if row["role"]
        ),
    )

# SPDX-License-Identifier: Apache-2.0
"""Who serves where?"""

from uuid import UUID

from services.chassis.database import Database, Tx
from services.chassis.projection import TableProjection
from services.chassis.records import Recorded
from services.contracts import registration as contract
from services.registration.domain.staff import StaffAssigned, StaffReleased


async def _assigned(tx: Tx, event: StaffAssigned, _: Recorded) -> None:
    await tx.execute(
        "INSERT INTO staff_roles (staff_id, conference_id, role) VALUES ($1, $2, $3)",
        UUID(event.staff_id),
        UUID(event.conference_id) if event.conference_id else None,
        event.role,
    )


async def _released(tx: Tx, event: StaffReleased, _: Recorded) -> None:
    await tx.execute(
        "DELETE FROM staff_roles WHERE staff_id = $1 AND conference_id IS NOT DISTINCT FROM $2 AND role = $3",
        UUID(event.staff_id),
        UUID(event.conference_id) if event.conference_id else None,
        event.role,
    )


STAFF_ROLES = TableProjection(
    name="staff_roles",
    version=1,
    handlers={StaffAssigned: _assigned, StaffReleased: _released},
    tables=("staff_roles",),
)


async def list_staff(db: Database, conference_id: str) -> tuple[contract.StaffEntry, ...]:
    """The roles at one conference, and those that hold in the whole city."""
    rows = await db.pool.fetch(
        "SELECT staff_id, role FROM staff_roles WHERE conference_id = $1 OR conference_id IS NULL"
        " ORDER BY role, staff_id",
        UUID(conference_id),
    )
    return tuple(contract.StaffEntry(staff_id=row["staff_id"].hex, role=row["role"]) for row in rows)

# SPDX-License-Identifier: Apache-2.0
"""Who serves where?"""

from uuid import UUID

from services.chassis.database import Database, Tx
from services.chassis.identity import scope_of
from services.chassis.projection import TableProjection
from services.chassis.records import Recorded
from services.contracts import registration as contract
from services.registration.domain.staff import StaffAssigned, StaffReleased


async def _assigned(tx: Tx, event: StaffAssigned, _: Recorded) -> None:
    await tx.execute(
        "INSERT INTO staff_roles (staff_id, conference_id, series_id, district_id, role) VALUES ($1, $2, $3, $4, $5)",
        *_role(event),
    )


async def _released(tx: Tx, event: StaffReleased, _: Recorded) -> None:
    await tx.execute(
        "DELETE FROM staff_roles WHERE staff_id = $1 AND conference_id IS NOT DISTINCT FROM $2"
        " AND series_id IS NOT DISTINCT FROM $3 AND district_id IS NOT DISTINCT FROM $4 AND role = $5",
        *_role(event),
    )


def _role(event: StaffAssigned | StaffReleased) -> tuple[UUID, UUID | None, UUID | None, UUID | None, str]:
    places = (UUID(each) if each else None for each in (event.conference_id, event.series_id, event.district_id))
    return (UUID(event.staff_id), *places, event.role)  # type: ignore[return-value]  # there are three


STAFF_ROLES = TableProjection(
    name="staff_roles",
    version=2,
    handlers={StaffAssigned: _assigned, StaffReleased: _released},
    tables=("staff_roles",),
)


async def list_staff(db: Database, conference_id: str) -> tuple[contract.StaffEntry, ...]:
    """The roles at one conference, those in its series and its district, and those that hold in the whole city."""
    rows = await db.pool.fetch(
        "SELECT staff_id, role, conference_id, series_id, district_id FROM staff_roles AS r"
        " WHERE holds_at(r, $1) ORDER BY role, staff_id, conference_id, series_id, district_id",
        UUID(conference_id),
    )
    return tuple(
        contract.StaffEntry(
            staff_id=row["staff_id"].hex,
            role=row["role"],
            scope=scope_of(*(row[each] and row[each].hex for each in ("conference_id", "series_id", "district_id"))),
        )
        for row in rows
    )

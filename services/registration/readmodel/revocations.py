# SPDX-License-Identifier: Apache-2.0
"""Whose access has ended lately? For gateways that start, or that did not hear for a while what was told.

Tokens outlive it by hours at most: what is older than a day is forgotten. Nothing younger is left out, however much
there is: retention may erase a city's worth of people in one night.
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


PAGE = 5000
"""People and roles in one answer, about: all roles of a person are in the same one. The broker takes a megabyte."""

# Residents who were excluded before it was noted when are told as well.
_LIST = f"""
SELECT person, role, scope, excluded FROM (
    SELECT person, role, scope, false AS excluded FROM revocations WHERE noted_at >= now() - {_KEPT}
    UNION ALL
    SELECT participant_id, '', '', true FROM participants
    WHERE is_excluded AND coalesce(excluded_at >= now() - {_KEPT}, true)
) ended WHERE $1::uuid IS NULL OR person > $1 ORDER BY person FETCH FIRST ($2) ROWS WITH TIES
"""  # noqa: S608 -- our own constant


async def list_revocations(db: Database, behind: str | None, page: int = PAGE) -> contract.Revocations:
    """Whose access ended within a day, and which residents were excluded within it.

    Args:
        db: the service's database.
        behind: the last person of the page before; None: the first page.
        page: about how many.
    """
    rows = await db.pool.fetch(_LIST, None if behind is None else UUID(behind), page)
    roles = [row for row in rows if row["role"]]
    return contract.Revocations(
        people=tuple(row["person"].hex for row in rows if not row["role"] and not row["excluded"]),
        excluded=tuple(row["person"].hex for row in rows if row["excluded"]),
        roles=tuple(
            contract.RoleEnded(staff_id=row["person"].hex, role=row["role"], scope=row["scope"]) for row in roles
        ),
        more_behind=rows[-1]["person"].hex if len(rows) >= page else None,
    )

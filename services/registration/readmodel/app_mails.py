# SPDX-License-Identifier: Apache-2.0
"""Which mails about apps are due? One row per recipient and kind, which a rebuild neither removes nor adds again.

Organisers of the city hear that apps wait, of all of them in one mail, and not every minute: anybody may register one.
"""

from collections.abc import Sequence
from uuid import UUID

from services.chassis.database import Tx
from services.chassis.projection import TableProjection
from services.chassis.records import Recorded
from services.registration.domain.app import AppApproved, AppErased, AppRegistered, AppRejected
from services.registration.domain.staff import StaffAssigned, StaffErased, StaffReleased

PAUSE_MINUTES = 10
"""Real time between two mails of one kind to one recipient."""

# A rebuild comes with positions that are known already.
_DUE = f"""
INSERT INTO app_mails (recipient, kind, position) SELECT recipient, $2, $3 FROM unnest($1::uuid[]) AS recipient
ON CONFLICT (recipient, kind) DO UPDATE SET position = excluded.position, attempts = 0, sent_at = NULL,
    failed_with = NULL,
    next_attempt_at = greatest(now(), app_mails.sent_at + interval '{PAUSE_MINUTES} minutes')
WHERE app_mails.position < excluded.position
"""  # noqa: S608 -- only our own constants


async def _registered(tx: Tx, event: AppRegistered, recorded: Recorded) -> Sequence[str]:
    await tx.execute(
        "INSERT INTO app_mail_apps (app_id, name, position) VALUES ($1, $2, $3)",
        UUID(event.app_id), event.name, recorded.notification_id,
    )  # fmt: skip
    organisers = [row["staff_id"] for row in await tx.fetch("SELECT staff_id FROM app_mail_organisers")]
    await tx.execute(_DUE, organisers, "app_waiting", recorded.notification_id)
    return [event.app_id]


async def _approved(tx: Tx, event: AppApproved, recorded: Recorded) -> Sequence[str]:
    return await _decided(tx, event.app_id, "app_approved", recorded)


async def _rejected(tx: Tx, event: AppRejected, recorded: Recorded) -> Sequence[str]:
    return await _decided(tx, event.app_id, "app_rejected", recorded)


async def _decided(tx: Tx, app_id: str, kind: str, recorded: Recorded) -> Sequence[str]:
    app = UUID(app_id)
    await tx.execute("UPDATE app_mail_apps SET waits = false WHERE app_id = $1", app)
    # What was decided before and not sent yet is not so any more.
    await tx.execute("DELETE FROM app_mails WHERE recipient = $1 AND kind <> $2 AND sent_at IS NULL", app, kind)
    await tx.execute(_DUE, [app], kind, recorded.notification_id)
    return [app_id]


async def _erased(tx: Tx, event: AppErased, _: Recorded) -> None:
    await tx.execute("DELETE FROM app_mail_apps WHERE app_id = $1", UUID(event.app_id))
    await tx.execute("DELETE FROM app_mails WHERE recipient = $1", UUID(event.app_id))


def _decides(event: StaffAssigned | StaffReleased) -> bool:
    return event.role == "organiser" and not (event.conference_id or event.series_id or event.district_id)


async def _assigned(tx: Tx, event: StaffAssigned, _: Recorded) -> None:
    if _decides(event):
        await tx.execute(
            "INSERT INTO app_mail_organisers (staff_id) VALUES ($1) ON CONFLICT DO NOTHING", UUID(event.staff_id)
        )


async def _released(tx: Tx, event: StaffReleased, _: Recorded) -> None:
    if _decides(event):
        await _forget(tx, event.staff_id)


async def _staff_erased(tx: Tx, event: StaffErased, _: Recorded) -> None:
    await _forget(tx, event.staff_id)


async def _forget(tx: Tx, staff_id: str) -> None:
    await tx.execute("DELETE FROM app_mail_organisers WHERE staff_id = $1", UUID(staff_id))
    await tx.execute("DELETE FROM app_mails WHERE recipient = $1", UUID(staff_id))


APP_MAILS = TableProjection(
    name="app_mails",
    version=1,
    handlers={
        AppRegistered: _registered,
        AppApproved: _approved,
        AppRejected: _rejected,
        AppErased: _erased,
        StaffAssigned: _assigned,
        StaffReleased: _released,
        StaffErased: _staff_erased,
    },
    tables=("app_mail_organisers", "app_mail_apps"),
)

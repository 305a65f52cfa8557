# SPDX-License-Identifier: Apache-2.0
"""Which apps are there, and what may they?"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from services.chassis.database import Database
from services.chassis.decider import Event
from services.chassis.projection import DocumentProjection
from services.chassis.records import Recorded
from services.registration.domain.app import APP, AppErased, Registered, Status


class AppDoc(msgspec.Struct, frozen=True):
    """An app as its log tells it; None before it is registered."""

    app: Registered | None = None
    registered_at: datetime | None = None


def _keys(event: Event, _: Recorded) -> Sequence[str]:
    return (event.app_id,) if isinstance(event, APP.events) else ()


def _evolve(doc: AppDoc, event: Event, recorded: Recorded) -> AppDoc | None:
    if isinstance(event, AppErased) or not isinstance(event, APP.events):
        return None
    app = APP.evolve(doc.app or APP.initial, event)
    at = doc.registered_at or recorded.recorded_at
    return AppDoc(app=app if isinstance(app, Registered) else None, registered_at=at)


APPS = DocumentProjection[AppDoc](
    name="apps", version=1, keys=_keys, initial=lambda _: AppDoc(), evolve=_evolve, doc=AppDoc
)


async def count_waiting(db: Database, ids: Sequence[str] | None = None) -> int:
    """How many apps wait for the city: of these, or of all."""
    found: int = await db.pool.fetchval(
        "SELECT count(*) FROM documents WHERE projection = $1 AND body -> 'app' ->> 'status' = 'WAITING'"
        " AND ($2::text[] IS NULL OR key = ANY ($2))",
        APPS.name,
        ids,
    )
    return found


Place = tuple[datetime, str]
"""Where an app stands in the list: the instant of its registration, and its id."""


async def list_apps(
    db: Database,
    *,
    ids: tuple[str, ...],
    status: Status | None,
    after: Place | None,
    before: Place | None,
    backward: bool,
    first: int,
) -> list[tuple[str, datetime, Registered]]:
    """Apps in the direction of reading: id, instant of registration, and the app. The list has the newest first.

    Args:
        db: the service's database.
        ids: these alone; empty: all.
        status: those with this one alone.
        after: those behind this place.
        before: those ahead of this place.
        backward: from the end of the list.
        first: so many at most.
    """
    found = [
        (app_id, doc.registered_at, doc.app)
        for app_id, doc in (await APPS.all(db)).items()
        if doc.app is not None
        and doc.registered_at is not None
        and status in (None, doc.app.status)
        and (not ids or app_id in ids)
    ]
    found.sort(key=lambda each: (each[1], each[0]), reverse=not backward)
    return [
        each
        for each in found
        if (after is None or (each[1], each[0]) < after) and (before is None or (each[1], each[0]) > before)
    ][:first]

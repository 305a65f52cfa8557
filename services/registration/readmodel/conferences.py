# SPDX-License-Identifier: Apache-2.0
"""Which conferences are there, how full are they, and where does each registration stand?"""

from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple
from uuid import UUID

import msgspec

from services.chassis.database import Database, Tx
from services.chassis.decider import Event, Sealed
from services.chassis.paging import one_page
from services.chassis.projection import TableProjection
from services.chassis.records import Recorded
from services.contracts import registration as contract
from services.registration.domain import conference as life
from services.registration.domain import registrations as domain
from services.registration.readmodel.cursors import read_cursor, write_cursor


async def _announced(tx: Tx, event: life.ConferenceAnnounced, _: Recorded) -> None:
    await tx.execute(
        "INSERT INTO conferences (conference_id, series_id, district_id, title, status, starts_at, zone, language,"
        " capacity) VALUES ($1, $2, $3, $4, 'ANNOUNCED', $5, $6, $7, $8)",
        UUID(event.conference_id), UUID(event.series_id), UUID(event.district_id), event.title, event.starts_at,
        event.zone, event.language, event.capacity,
    )  # fmt: skip


async def _life(
    tx: Tx,
    event: life.ConferenceOpened | life.ConferenceClosed | life.ConferenceCancelled | life.ConferenceHeld,
    _: Recorded,
) -> None:
    await tx.execute(
        "UPDATE conferences SET status = $2 WHERE conference_id = $1",
        UUID(event.conference_id),
        life.STATUS_AFTER[type(event)],
    )


async def _submitted(tx: Tx, event: domain.RegistrationSubmitted, _: Recorded) -> None:
    await tx.execute(
        "INSERT INTO registrations (participant_id, conference_id, status, needs) VALUES ($1, $2, 'SUBMITTED', $3)",
        UUID(event.participant_id),
        UUID(event.conference_id),
        event.needs.box if event.needs else None,
    )


async def _seated(tx: Tx, event: domain.SeatTaken, _: Recorded) -> None:
    await tx.execute(
        "UPDATE registrations SET status = 'SEATED', present = false, waiting_since = NULL WHERE participant_id = $1",
        UUID(event.participant_id),
    )


async def _waits(tx: Tx, event: domain.WaitingListJoined, recorded: Recorded) -> None:
    await tx.execute(
        "UPDATE registrations SET status = 'WAITLISTED', waiting_since = $2 WHERE participant_id = $1",
        UUID(event.participant_id),
        recorded.notification_id,
    )


async def _stands_by(tx: Tx, event: domain.StandbyJoined, recorded: Recorded) -> None:
    await tx.execute(
        "UPDATE registrations SET status = 'WAITLISTED', present = true,"
        " waiting_since = coalesce(waiting_since, $2) WHERE participant_id = $1",
        UUID(event.participant_id),
        recorded.notification_id,
    )


async def _checked_in(tx: Tx, event: domain.ParticipantCheckedIn, _: Recorded) -> None:
    await tx.execute("UPDATE registrations SET present = true WHERE participant_id = $1", UUID(event.participant_id))


class _Place(NamedTuple):
    start: Annotated[datetime, msgspec.Meta(tz=True)]
    conference_id: UUID


_LEFT: dict[type[Event], str] = {
    domain.RegistrationCancelled: "CANCELLED",
    domain.RegistrationExpired: "CANCELLED",
    domain.SeatReleased: "RELEASED",
    domain.ParticipantErased: "ERASED",
}


async def _left(
    tx: Tx,
    event: domain.RegistrationCancelled | domain.RegistrationExpired | domain.SeatReleased | domain.ParticipantErased,
    _: Recorded,
) -> None:
    await tx.execute(
        "UPDATE registrations SET status = $2, present = false, waiting_since = NULL,"
        " needs = CASE WHEN $2 = 'ERASED' THEN NULL ELSE needs END WHERE participant_id = $1",
        UUID(event.participant_id),
        _LEFT[type(event)],
    )


_LIFE: tuple[type[Event], ...] = tuple(life.STATUS_AFTER)

CONFERENCES = TableProjection(
    name="conferences",
    version=1,
    handlers={
        life.ConferenceAnnounced: _announced,
        **dict.fromkeys(_LIFE, _life),
        domain.RegistrationSubmitted: _submitted,
        domain.SeatTaken: _seated,
        domain.WaitingListJoined: _waits,
        domain.StandbyJoined: _stands_by,
        domain.ParticipantCheckedIn: _checked_in,
        **dict.fromkeys(_LEFT, _left),
    },
    tables=("conferences", "registrations"),
)

_CONFERENCE = """
SELECT c.conference_id, c.series_id, c.district_id, d.name AS district_name, c.title, c.status, c.starts_at, c.zone,
    c.language, c.capacity,
    coalesce(r.seated, 0) AS seats_taken, coalesce(r.waiting, 0) AS waiting
FROM conferences c JOIN districts d USING (district_id) LEFT JOIN LATERAL (
    SELECT count(*) FILTER (WHERE status = 'SEATED') AS seated, count(*) FILTER (WHERE status = 'WAITLISTED') AS waiting
    FROM registrations WHERE conference_id = c.conference_id
) r ON true
"""


_PAGE = """
WHERE ($1::timestamptz IS NULL OR (c.starts_at, c.conference_id) > ($1, $2::uuid))
AND ($3::timestamptz IS NULL OR (c.starts_at, c.conference_id) < ($3, $4::uuid))
AND ($5::uuid IS NULL OR c.district_id = $5)
"""
_ORDER = {
    False: "ORDER BY c.starts_at, c.conference_id LIMIT $6",
    True: "ORDER BY c.starts_at DESC, c.conference_id DESC LIMIT $6",
}


async def list_conferences(db: Database, query: contract.ListConferences) -> contract.Conferences:
    """One page of conferences by start.

    Raises:
        BadCursor: an end of `query.cut` is not a cursor of this list.
    """
    cut = query.cut
    after = read_cursor(cut.after, _Place) if cut.after else (None, None)
    before = read_cursor(cut.before, _Place) if cut.before else (None, None)
    district = UUID(query.district_id) if query.district_id else None
    rows = await db.pool.fetch(_CONFERENCE + _PAGE + _ORDER[cut.backward], *after, *before, district, cut.first + 1)
    page, more = one_page([_conference(row) for row in rows], cut.first, backward=cut.backward)
    keys = tuple(write_cursor((item.starts_at, item.conference_id)) for item in page)
    return contract.Conferences(items=tuple(page), keys=keys, more=more)


async def get_conference(db: Database, conference_id: str) -> contract.Conference | None:
    """One conference; None when it is not known."""
    row = await db.pool.fetchrow(_CONFERENCE + "WHERE c.conference_id = $1", UUID(conference_id))
    return None if row is None else _conference(row)


async def get_registration(db: Database, conference_id: str, participant_id: str) -> contract.RegistrationState | None:
    """Where one registration stands; None when it is not known."""
    row = await db.pool.fetchrow(
        _REGISTRATION + "WHERE r.conference_id = $1 AND r.participant_id = $2",
        UUID(conference_id),
        UUID(participant_id),
    )
    if row is None:
        return None
    return contract.RegistrationState(
        conference_id=conference_id,
        participant_id=participant_id,
        status=row["status"],
        waiting_position=row["waiting_position"],
        checked_in=row["status"] == "SEATED" and row["present"],
    )


async def list_registrations(db: Database, conference_id: str) -> list[tuple[contract.RosterEntry, Sealed | None]]:
    """Everybody who confirmed, the seated first, then the waiting in their order; with the needs still sealed."""
    rows = await db.pool.fetch(
        _REGISTRATION + "WHERE r.conference_id = $1 AND r.status NOT IN ('SUBMITTED', 'ERASED')"
        " ORDER BY r.status <> 'SEATED', r.waiting_since NULLS LAST, r.participant_id",
        UUID(conference_id),
    )
    return [
        (
            contract.RosterEntry(
                participant_id=row["participant_id"].hex,
                status=row["status"],
                waiting_position=row["waiting_position"],
                checked_in=row["status"] == "SEATED" and row["present"],
                needs=None,
            ),
            Sealed(row["participant_id"].hex, row["needs"]) if row["needs"] else None,
        )
        for row in rows
    ]


_REGISTRATION = """
SELECT r.participant_id, r.status, r.present, r.needs, CASE WHEN r.waiting_since IS NOT NULL THEN (
    SELECT count(*) FROM registrations w WHERE w.conference_id = r.conference_id AND w.waiting_since <= r.waiting_since
) END AS waiting_position
FROM registrations r
"""


def _conference(row: Any) -> contract.Conference:
    return contract.Conference(
        conference_id=row["conference_id"].hex,
        series_id=row["series_id"].hex,
        district_id=row["district_id"].hex,
        district_name=row["district_name"],
        title=row["title"],
        status=row["status"],
        starts_at=row["starts_at"].astimezone(UTC),
        zone=row["zone"],
        language=row["language"],
        capacity=row["capacity"],
        seats_taken=row["seats_taken"],
        waiting=row["waiting"],
    )

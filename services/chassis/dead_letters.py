# SPDX-License-Identifier: Apache-2.0
"""Events that a consumer could not apply: a conference is parked at the first of them, and those after it wait here.

An operator asks for a replay (the defect is mended) or a skip (the event shall never be applied). The running
consumer carries it out, in order, within a second; nothing is lost meanwhile and other conferences go on.
"""

import json
from datetime import datetime
from typing import NamedTuple

import structlog

from services.chassis.database import Database
from services.chassis.inflow import Delivered

log = structlog.get_logger()

WAITS = "waits behind an earlier event"
"""The error of those that only wait."""

_ERROR_LENGTH = 300


class DeadLetter(NamedTuple):
    """An event that waits.

    Args:
        source: the service that told it.
        conference: 32 hex digits, or `city`.
        position: its place in the source's log.
        error: what went wrong; events behind the first one only say that they wait.
        state: `parked`, `replay` and `skip` (asked for, about to happen), `skipped` (kept as evidence).
    """

    consumer: str
    source: str
    conference: str
    position: int
    subject: str
    error: str
    first_at: datetime
    state: str


class Letter(NamedTuple):
    """A dead letter as the consumer takes it up again."""

    position: int
    delivered: Delivered
    state: str
    error: str


class DeadLetters:
    """The dead letters in a service's database.

    Args:
        db: the database.
        consumer: the consuming service.
    """

    def __init__(self, db: Database, consumer: str) -> None:
        self._db = db
        self._consumer = consumer

    async def list(self, *, source: str | None = None, conference: str | None = None) -> "list[DeadLetter]":
        """All dead letters, or those of a source or a conference, in the order in which they will be applied."""
        rows = await self._db.pool.fetch(
            "SELECT consumer, source, conference, position, subject, error, first_at, state FROM dead_letters"
            " WHERE consumer = $1 AND ($2::text IS NULL OR source = $2) AND ($3::text IS NULL OR conference = $3)"
            " ORDER BY source, conference, position",
            self._consumer, source, conference,
        )  # fmt: skip
        return [DeadLetter(*row) for row in rows]

    async def replay(self, source: str, conference: str) -> int:
        """Asks the consumer to apply everything that waits of this conference; returns how many events wait."""
        return await self._mark(source, conference, None, "replay")

    async def skip(self, source: str, conference: str, position: int) -> bool:
        """Asks the consumer never to apply this event; those behind it wait for a replay. False: it does not wait."""
        return await self._mark(source, conference, position, "skip") > 0

    async def parked(self, source: str) -> set[str]:
        """The conferences that wait."""
        rows = await self._db.pool.fetch(
            "SELECT DISTINCT conference FROM dead_letters WHERE consumer = $1 AND source = $2 AND state <> 'skipped'",
            self._consumer, source,
        )  # fmt: skip
        return {row["conference"] for row in rows}

    async def asked_for(self, source: str) -> set[str]:
        """The conferences of which the first event is to be replayed or skipped."""
        rows = await self._db.pool.fetch(
            "SELECT conference FROM (SELECT DISTINCT ON (conference) conference, state FROM dead_letters"
            " WHERE consumer = $1 AND source = $2 AND state <> 'skipped' ORDER BY conference, position) AS first"
            " WHERE state IN ('replay', 'skip')",
            self._consumer, source,
        )  # fmt: skip
        return {row["conference"] for row in rows}

    async def first(self, source: str, conference: str) -> Letter | None:
        """The first event of the conference that waits."""
        row = await self._db.pool.fetchrow(
            "SELECT position, subject, headers, data, state, error FROM dead_letters"
            " WHERE consumer = $1 AND source = $2 AND conference = $3 AND state <> 'skipped' ORDER BY position LIMIT 1",
            self._consumer, source, conference,
        )  # fmt: skip
        if row is None:
            return None
        delivered = Delivered(0, row["subject"], json.loads(row["headers"]), row["data"])
        return Letter(row["position"], delivered, row["state"], row["error"])

    async def put(self, source: str, conference: str, position: int, delivered: Delivered, error: str) -> None:
        """Lets an event wait; one that waits already only gets the new error."""
        await self._db.pool.execute(
            "INSERT INTO dead_letters AS known (consumer, source, conference, position, subject, headers, data, error)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
            " ON CONFLICT (consumer, source, conference, position) DO UPDATE SET state = 'parked', error = $8"
            " WHERE known.state = 'replay'",
            self._consumer, source, conference, position, delivered.subject, json.dumps(delivered.headers),
            delivered.data, error[:_ERROR_LENGTH],
        )  # fmt: skip

    async def done(self, source: str, conference: str, position: int, *, skipped: bool) -> None:
        """An event was applied, or is skipped for good."""
        this = "WHERE consumer = $1 AND source = $2 AND conference = $3 AND position = $4"
        await self._db.pool.execute(
            f"UPDATE dead_letters SET state = 'skipped' {this}" if skipped else f"DELETE FROM dead_letters {this}",  # noqa: S608
            self._consumer, source, conference, position,
        )  # fmt: skip

    async def _mark(self, source: str, conference: str, position: int | None, state: str) -> int:
        tag = await self._db.pool.execute(
            "UPDATE dead_letters SET state = $5 WHERE consumer = $1 AND source = $2 AND conference = $3"
            " AND ($4::bigint IS NULL OR position = $4) AND state = 'parked'",
            self._consumer, source, conference, position, state,
        )  # fmt: skip
        return int(tag.rpartition(" ")[2])

# SPDX-License-Identifier: Apache-2.0
"""Who has been seen lately: reports of gateways in the memory of this replica, rooms and last reports in tables.

Only a replica that hears of a conference judges who has left it. It starts from nothing after a restart, and gives
everybody the whole grace time from its first report on.
"""

import time
from collections.abc import Callable, Iterable
from uuid import UUID

from services.chassis.database import Database
from services.chassis.records import Statement

BLIND_FACTOR = 8.0
"""A conference of which no gateway reports is empty after this many grace times: sooner, a gateway is away."""


class PresenceBook:
    """Reports of gateways.

    Args:
        clock: real seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since: dict[str, float] = {}
        self._reported: dict[str, float] = {}
        self._seen: dict[str, dict[str, float]] = {}
        self._noted: dict[str, float] = {}

    def report(self, conference: str, people: Iterable[str]) -> None:
        """A gateway sees these people now."""
        now = self._clock()
        self._since.setdefault(conference, now)
        self._reported[conference] = now
        seen = self._seen.setdefault(conference, {})
        for person in people:
            seen[person] = now

    def conferences(self, grace: float) -> list[str]:
        """The conferences this replica hears of; those it no longer hears of are forgotten.

        They are forgotten before anybody's grace time is over: another replica may hear of them now.
        """
        now = self._clock()
        for conference in [one for one, last in self._reported.items() if now - last > grace / 2]:
            for book in (self._since, self._reported, self._seen, self._noted):
                book.pop(conference, None)
        return list(self._reported)

    def knows(self, conference: str, grace: float) -> bool:
        """Whether this replica has listened long enough to say who has left."""
        return conference in self._since and self._clock() - self._since[conference] > grace

    def seen(self, conference: str, grace: float) -> frozenset[str]:
        """Who was reported within the grace time."""
        seen, now = self._seen.get(conference, {}), self._clock()
        for person in [one for one, at in seen.items() if now - at > grace]:
            del seen[person]
        return frozenset(seen)

    def worth_noting(self, conference: str, grace: float) -> bool:
        """Whether the table should hear again that somebody reports; true a few times in a grace time."""
        now = self._clock()
        if now - self._noted.get(conference, -grace) < grace / 3:
            return False
        self._noted[conference] = now
        return True


BOOK = PresenceBook()
"""The reports that this process got."""


async def note_report(db: Database, conference: str) -> None:
    """Lets all replicas know that some gateway reports of this conference."""
    await db.pool.execute(
        "INSERT INTO presence_reports (conference_id, reported_at) VALUES ($1, now())"
        " ON CONFLICT (conference_id) DO UPDATE SET reported_at = now()",
        UUID(conference),
    )


async def silent_conferences(db: Database, grace: float) -> list[str]:
    """The conferences of which no gateway has reported for long, to any replica."""
    rows = await db.pool.fetch(
        "SELECT conference_id FROM presence_reports WHERE reported_at < now() - make_interval(secs => $1)",
        grace * BLIND_FACTOR,
    )
    return [row["conference_id"].hex for row in rows]


async def forget_silent(db: Database, conference: str, grace: float) -> None:
    """Nobody watches this conference any more, unless a gateway has reported meanwhile."""
    await db.pool.execute(
        "DELETE FROM presence_reports WHERE conference_id = $1 AND reported_at < now() - make_interval(secs => $2)",
        UUID(conference), grace * BLIND_FACTOR,
    )  # fmt: skip


async def in_rooms(db: Database, conference: str) -> frozenset[str]:
    """Who is in a video room of the conference."""
    rows = await db.pool.fetch("SELECT participant_id FROM in_rooms WHERE conference_id = $1", UUID(conference))
    return frozenset(row["participant_id"].hex for row in rows)


def entered_room(conference: str, participant: str, room: str) -> Statement:
    """Notes that a person is in a room."""
    return Statement(
        "INSERT INTO in_rooms (conference_id, participant_id, room) VALUES ($1, $2, $3)"
        " ON CONFLICT (conference_id, participant_id) DO UPDATE SET room = $3",
        (UUID(conference), UUID(participant), room),
    )


def left_room(conference: str, participant: str, room: str) -> Statement:
    """Notes that a person has left a room; one that they have already left for another does not count."""
    return Statement(
        "DELETE FROM in_rooms WHERE conference_id = $1 AND participant_id = $2 AND room = $3",
        (UUID(conference), UUID(participant), room),
    )

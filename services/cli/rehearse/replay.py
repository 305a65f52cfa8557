# SPDX-License-Identifier: Apache-2.0
"""Reads the event stores of a rehearsal's city: what really happened, as the services wrote it down."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from services.chassis.database import Database
from services.chassis.store import EventStore, Recorded

PAGE = 1000


@dataclass(frozen=True, slots=True)
class Fact:
    """A stored event: its place in the log, its stream, its topic and its fields as plain JSON.

    Args:
        at: when, on the conference clock.
        cause: the same for neighbours in the log that were stored together, all or none.
    """

    position: int
    stream: str
    topic: str
    fields: Mapping[str, Any]
    at: datetime
    cause: bytes


@dataclass(frozen=True, slots=True)
class Log:
    """What is needed of one service's log, in order.

    Args:
        by_conference: the events of conferences, of all topics or of some.
        gaps: sentences about streams that are not numbered without gaps.
    """

    by_conference: Mapping[str, Sequence[Fact]]
    gaps: Sequence[str] = ()

    def of(self, conference_id: str, *topics: str) -> Iterator[Fact]:
        """The events of a conference with one of these topics, in order."""
        return (fact for fact in self.by_conference.get(conference_id, ()) if fact.topic in topics)


async def read_log(dsn: str, topics: frozenset[str] | None = None) -> Log:
    """Reads a whole log and keeps what is asked for.

    Args:
        dsn: address of the service's database.
        topics: of the events to keep; None: all.
    """
    db = await Database.connect(dsn, size=2)
    try:
        store = await EventStore.open(db)
        by_conference: dict[str, list[Fact]] = defaultdict(list)
        numbers: dict[str, int] = {}
        broken: list[str] = []
        position = 0
        while rows := await store.select_notifications(position, PAGE):
            broken += gaps(numbers, ((row.originator_id.hex, row.originator_version) for row in rows))
            for row in rows:
                if row.conference_id is not None and (topics is None or _topic(row) in topics):
                    by_conference[row.conference_id.hex].append(_fact(row))
            position = rows[-1].notification_id
        await store.close()
        return Log(by_conference, broken)
    finally:
        await db.close()


def gaps(last: dict[str, int], events: Iterable[tuple[str, int]]) -> Iterator[str]:
    """Where streams are not numbered without gaps.

    Args:
        last: the newest version of each stream so far; kept up to date.
        events: stream and version, in the order of the log.
    """
    for stream, version in events:
        expected = last.get(stream, -1) + 1
        if version != expected:
            yield f"stream {stream} goes from {expected - 1} to {version}"
        last[stream] = version


def _topic(row: Recorded) -> str:
    """The topic of an event, the same for all of its versions."""
    return row.topic.partition("/")[0]


def _fact(row: Recorded) -> Fact:
    fields = msgspec.json.decode(row.state)
    return Fact(row.notification_id, row.originator_id.hex, _topic(row), fields, row.recorded_at, row.meta)

# SPDX-License-Identifier: Apache-2.0
"""Reads the event stores of a rehearsal's city: what really happened, as the services wrote it down."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from services.chassis.database import Database
from services.chassis.store import EventStore, Recorded

PAGE = 5000


@dataclass(frozen=True, slots=True)
class Fact:
    """A stored event: its place in the log, its stream, its topic and its fields as plain JSON."""

    position: int
    stream: str
    version: int
    topic: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Log:
    """All events of one service, in order; `of` are those of one conference."""

    facts: Sequence[Fact]
    by_conference: Mapping[str, Sequence[Fact]]

    def of(self, conference_id: str, *topics: str) -> Iterator[Fact]:
        """The events of a conference with one of these topics, in order."""
        return (fact for fact in self.by_conference.get(conference_id, ()) if fact.topic in topics)


async def read_log(dsn: str) -> Log:
    """Reads a whole log.

    Args:
        dsn: address of the service's database.
    """
    db = await Database.connect(dsn, size=2)
    try:
        store = await EventStore.open(db)
        facts: list[Fact] = []
        by_conference: dict[str, list[Fact]] = defaultdict(list)
        position = 0
        while rows := await store.select_notifications(position, PAGE):
            for row in rows:
                fact = _fact(row)
                facts.append(fact)
                if row.conference_id is not None:
                    by_conference[row.conference_id.hex].append(fact)
            position = rows[-1].notification_id
        await store.close()
        return Log(facts, by_conference)
    finally:
        await db.close()


def _fact(row: Recorded) -> Fact:
    fields = msgspec.json.decode(row.state)
    return Fact(row.notification_id, row.originator_id.hex, row.originator_version, row.topic, fields)

# SPDX-License-Identifier: Apache-2.0
"""The feed of changes in the gateway's database, shared by all gateways.

Every change has a place. Places are given under the lock of one row, which is kept until the transaction ends: so they
are committed in their order, and a reader who has seen one has seen all before it. A node has one row, which moves to
a new place with every change; what was skipped by that is seen at the new place.

Places follow the clock of the database, in microseconds: after the restore of a backup they lie beyond all that were
given before it, and what is read anew from JetStream is behind every reader's cursor.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from gateway.backends import GATEWAY
from gateway.changes.catalogue import TOLD, local_of
from services.chassis.contract import ContractEvent
from services.chassis.database import Database, Tx

_CLOCK = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"

_LOCK = "SELECT FROM change_feed FOR UPDATE"

_RECORD = f"""
WITH feed AS (UPDATE change_feed SET head = greatest(head + 1, {_CLOCK}) RETURNING head)
INSERT INTO changes (kind, local, place, removed, at, position) SELECT $1, $2, head, $3, $4, $5 FROM feed
ON CONFLICT (kind, local) DO UPDATE
SET place = EXCLUDED.place, removed = EXCLUDED.removed, at = EXCLUDED.at, position = EXCLUDED.position
"""  # noqa: S608 -- only our own constants

# What was told before the survey came so far is newer than what the survey saw.
_FILL = f"""
WITH feed AS (
    UPDATE change_feed SET head = greatest(head, {_CLOCK}) + cardinality($2::uuid[]) WHERE id = $5 RETURNING head
)
INSERT INTO changes (kind, local, place, removed, at, position)
SELECT $1, found.local, feed.head - cardinality($2::uuid[]) + found.nth, false, $3, $4
FROM feed, unnest($2::uuid[]) WITH ORDINALITY AS found (local, nth)
ON CONFLICT (kind, local) DO NOTHING
"""  # noqa: S608 -- only our own constants

# One statement, so that the feed and its rows are those of one moment.
_PAGE = """
SELECT feed.id AS feed, feed.complete, c.* FROM change_feed AS feed LEFT JOIN LATERAL (
    SELECT kind, local, place, removed, at, position FROM changes WHERE place > $1 ORDER BY place LIMIT $2
) AS c ON true ORDER BY c.place
"""

_TOLD = "SELECT source, max(position) AS position FROM consumed WHERE consumer = $1 GROUP BY source"

_RENEW = "UPDATE change_feed SET id = gen_random_uuid(), complete = false"


class Place(NamedTuple):
    """A place in a feed.

    Args:
        feed: which feed.
        value: behind the change with this number.
    """

    feed: UUID
    value: int

    def __str__(self) -> str:
        return f"{self.feed.hex}:{self.value}"

    @classmethod
    def parse(cls, text: str) -> "Place":
        """Reads what `str()` wrote.

        Raises:
            ValueError: the text is not a place.
        """
        feed, _, value = text.partition(":")
        return cls(UUID(hex=feed), int(value))


class Change(NamedTuple):
    """The last change of one node.

    Args:
        kind: type of the node.
        local: its local id.
        place: number of the change.
        removed: whether the node is gone.
        at: domain time of the change.
        position: of the change in the log of the node's service.
    """

    kind: str
    local: UUID
    place: int
    removed: bool
    at: datetime
    position: int


class Changes(NamedTuple):
    """A page of the feed.

    Args:
        changes: in their order.
        end: the place behind them.
        more: whether there are others behind them.
    """

    changes: Sequence[Change]
    end: Place
    more: bool


class Incomplete(Exception):
    """Not everything that there is stands in the feed yet."""


class OtherFeed(Exception):
    """A place is of a feed that is no more."""


async def lock(tx: Tx) -> None:
    """Lets nobody else write down changes until the transaction ends."""
    await tx.execute(_LOCK)


async def record(tx: Tx, event: ContractEvent, position: int) -> None:
    """Writes down what an event changes; nothing where it changes nothing public. Either way it takes the lock.

    Args:
        tx: the transaction, in which it is also noted that the event was applied.
        event: of a service.
        position: of the event in the service's log.
    """
    told = TOLD.get(type(event))
    if told is None:
        await lock(tx)
    else:
        await tx.execute(_RECORD, told.kind, local_of(event, told), told.removed, event.at, position)


class Feed:
    """The feed.

    Args:
        db: the gateway's database.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    async def page(self, since: Place | None, first: int) -> Changes:
        """The changes behind a place.

        Args:
            since: the place; None: from the beginning.
            first: how many at most.

        Raises:
            Incomplete: the feed is being made.
            OtherFeed: `since` is of another one.
        """
        rows = await self._db.pool.fetch(_PAGE, since.value if since else 0, first + 1)
        feed: UUID = rows[0]["feed"]
        if not rows[0]["complete"]:
            raise Incomplete
        if since is not None and since.feed != feed:
            raise OtherFeed
        found = [Change(*row[2:]) for row in rows if row["place"] is not None]
        shown = found[:first]
        end = shown[-1].place if shown else (since.value if since else 0)
        return Changes(shown, Place(feed, end), len(found) > first)

    async def unfinished(self) -> UUID | None:
        """The feed that must be filled with what there is; None when it is complete."""
        found: UUID | None = await self._db.pool.fetchval("SELECT id FROM change_feed WHERE NOT complete")
        return found

    async def told(self) -> Mapping[str, int]:
        """How far the events of each service were written down, in this feed or in the ones before it."""
        rows = await self._db.pool.fetch(_TOLD, GATEWAY.id)
        return {row["source"]: row["position"] for row in rows}

    async def fill(self, feed: UUID, kind: str, nodes: Sequence[UUID], at: datetime, position: int) -> None:
        """Adds nodes of which nothing was told yet.

        Args:
            feed: the one that is filled; one that was replaced meanwhile gets nothing.
            kind: type of the nodes.
            nodes: their local ids.
            at: domain time for their entries.
            position: in the log of their service, at which they were there.
        """
        if nodes:
            await self._db.pool.execute(_FILL, kind, nodes, at, position, feed)

    async def finish(self, feed: UUID) -> None:
        """Everything there is has been added."""
        await self._db.pool.execute("UPDATE change_feed SET complete = true WHERE id = $1", feed)

    async def renew(self) -> None:
        """Begins another feed: nothing is in it until everything was asked for again, and no cursor is good."""
        async with self._db.transaction() as tx:
            await tx.execute(_RENEW)
            await tx.execute("DELETE FROM changes")

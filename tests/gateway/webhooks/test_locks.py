# SPDX-License-Identifier: Apache-2.0
"""What is told by two services at once is written in one order of locks, so that neither waits for the other for ever.

An app's webhooks are ended in the same transaction in which the feed is written, and events of another service are
queued for the same webhooks at the same moment. Who waited in a circle would be ended by PostgreSQL after a second and
tried again, event by event: each event is written once alone when nobody waits in a circle.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from gateway.backends import Backends
from gateway.schema.errors import all_refusals
from gateway.webhooks.intake import Intake
from services.chassis.contract import ContractEvent
from services.chassis.database import Database, Tx
from services.chassis.requests import Requests
from services.chassis.writing import Outcome, Write, Writing
from services.contracts import ideas, registration
from tests.gateway.webhooks.world import APP, AT, NORTH, World, announced, submitted, until

OWN, OTHER = UUID("0e" * 16), UUID("0f" * 16)
SUSPENDED = registration.AppAccessChanged(at=AT, app_id=APP.id, status="SUSPENDED")
ERASED = registration.AppAccessChanged(at=AT, app_id=APP.id, erased=True)
WITHDRAWN = ideas.IdeaWithdrawn(at=AT, conference_id=NORTH, idea_id="3d" * 16)
ENDPOINT = (
    "INSERT INTO webhook_endpoints (id, owner, url, types, conferences, districts, series, secret)"
    " VALUES ($1, $2, 'http://127.0.0.1:9', $3, '{}', '{}', '{}', '')"
)
WAITS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


class Race:
    """Batches of two services, written at once; the one begins in the middle of the other."""

    def __init__(self, world: World, db: Database) -> None:
        self.db = db
        self.written: Counter[int] = Counter()
        self._policies = Intake(Backends(Requests(world.bus, all_refusals()))).policies
        self._position = 0

    async def run(self, first: Sequence[ContractEvent], second: Sequence[ContractEvent]) -> None:
        """The second batch begins once the first event of the first one is written, which goes on when it waits."""
        begun = asyncio.Event()

        async def pause() -> None:
            begun.set()
            await until(self._somebody_waits)

        earlier = asyncio.create_task(self._batch(first, pause))
        await begun.wait()
        assert await self._batch(second) == (len(second), None)
        assert await earlier == (len(first), None)

    async def _batch(self, events: Sequence[ContractEvent], pause: Callable[[], Any] | None = None) -> Outcome:
        source = events[0].SERVICE
        writes = []
        for event in events:
            self._position += 1
            writes.append(Write(self._position, partial(self._carry_out, event, self._position, pause)))
            pause = None
        return await Writing(self.db, "gateway", source).write("all", writes)

    async def _carry_out(self, event: ContractEvent, position: int, pause: Callable[[], Any] | None, tx: Tx) -> None:
        reaction = self._policies.find(event.SERVICE, type(event).__name__)
        assert reaction is not None
        assert reaction.writer is not None
        self.written[position] += 1
        await reaction.writer(tx, event, position)
        if pause is not None and self.written[position] == 1:
            await pause()

    async def prepare(self, kinds: Sequence[str]) -> None:
        """The webhook of an app for these kinds of events (none: all), and one of somebody else for all."""
        await self.db.pool.execute(ENDPOINT, OWN, APP.id, kinds)
        await self.db.pool.execute(ENDPOINT, OTHER, "portal", [])

    async def is_written(self, events: int, status: str | None) -> None:
        """Each event once; the app's webhook has this status (None: it is gone), and nothing waits for it."""
        assert set(self.written.values()) == {1}, self.written
        fetch = self.db.pool.fetchval
        assert await fetch("SELECT count(*) FROM changes") == events
        assert await fetch("SELECT count(*) FROM webhook_deliveries WHERE endpoint = $1", OTHER) == events
        assert await fetch("SELECT status FROM webhook_endpoints WHERE id = $1", OWN) == status
        assert not await fetch("SELECT count(*) FROM webhook_deliveries WHERE endpoint = $1 AND state = 'PENDING'", OWN)

    async def _somebody_waits(self) -> bool:
        return bool(await self.db.pool.fetchval(WAITS))


@pytest.fixture
async def race(world: World) -> AsyncIterator[Race]:
    db = await Database.connect(world.dsn, size=4)
    try:
        yield Race(world, db)
    finally:
        await db.close()


@pytest.mark.parametrize("kinds", [[], ["idea.submitted"]], ids=["all", "some"])
@pytest.mark.parametrize("ends", [SUSPENDED, ERASED], ids=["suspended", "erased"])
async def test_an_app_ends_behind_an_event_while_another_service_tells(race: Race, ends: Any, kinds: list[str]) -> None:
    await race.prepare(kinds)
    await race.run([announced(), ends], [submitted("1d" * 16), submitted("2d" * 16)])
    await race.is_written(3, None if ends.erased else "SUSPENDED")


@pytest.mark.parametrize("kinds", [[], ["idea.submitted"]], ids=["all", "some"])
@pytest.mark.parametrize("ends", [SUSPENDED, ERASED], ids=["suspended", "erased"])
async def test_an_app_ends_between_the_events_of_another_service(race: Race, ends: Any, kinds: list[str]) -> None:
    await race.prepare(kinds)
    await race.run([WITHDRAWN, submitted("1d" * 16)], [ends, announced()])
    await race.is_written(3, None if ends.erased else "SUSPENDED")

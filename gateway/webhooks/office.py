# SPDX-License-Identifier: Apache-2.0
"""Webhooks and the feed of changes as a part of the running gateway: their database, their reading of events.

The API does not depend on them: while their database is away, they are unavailable and everything else goes on.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import structlog

from gateway.backends import Backends
from gateway.changes.feed import Feed
from gateway.changes.survey import Survey
from gateway.usage.ledger import Ledger, Usage
from gateway.usage.tally import Tallies
from gateway.webhooks import commands
from gateway.webhooks.courier import Courier
from gateway.webhooks.handling import Handling
from gateway.webhooks.intake import CHANNEL, Intake
from gateway.webhooks.network import Guard
from gateway.webhooks.queue import Queue
from gateway.webhooks.records import Records
from gateway.webhooks.schedule import RETRIES
from gateway.webhooks.secrets import Secrets
from gateway.webhooks.sender import Sender
from services.chassis.bus import Bus
from services.chassis.clock import Clock
from services.chassis.consumer import Consumer
from services.chassis.contract import CommandRequest
from services.chassis.database import Database, DatabaseError, LostRace, MigrationChanged, migrate, migrations_of
from services.chassis.groupcommit import UNREACHABLE
from services.chassis.identity import Actor
from services.chassis.leadership import Leadership
from services.chassis.quiet import Seldom
from services.chassis.reactions import Tables
from services.chassis.refusals import Unavailable
from services.chassis.requests import Refused, Reply
from services.chassis.tasks import end

log = structlog.get_logger()

RETRY_SECONDS = 1.0
CLEAN_SECONDS = 3600.0
COMMANDS_KEPT = timedelta(days=7)

_PASSING = (*UNREACHABLE, LostRace)
"""What passes by itself: a database that is away, a transaction that lost a race."""

_CLEAN = (
    "DELETE FROM commands WHERE at < now() - $1::interval",
    # What an endpoint that takes less than there is will never come to.
    "UPDATE webhook_deliveries SET state = 'DISCARDED', ended_at = now() WHERE seq IN (SELECT seq FROM"
    " webhook_deliveries WHERE state = 'PENDING' AND created_at < now() - $1::interval FOR UPDATE SKIP LOCKED)",
    "DELETE FROM webhook_events AS e WHERE kept_since < now() - $1::interval"
    " AND NOT EXISTS (SELECT FROM webhook_deliveries AS d WHERE d.event = e.id AND d.state = 'PENDING')",
)


class Webhooks:
    """Webhooks, and the feed of changes beside them.

    Args:
        dsn: address of the gateway's database.
        bus: the connection to NATS.
        backends: the services.
        key: the key of the settings (32 bytes).
        clock: domain time.
        guard: decides whom messages are sent to.
        days: real days for which events and deliveries are kept.
        connections: of the pool to the database.
        retries: seconds between attempts.
        sender: makes what posts; None: the real one.

    Attributes:
        tallies: what apps use at this gateway; it is written into the same database.
    """

    def __init__(
        self,
        dsn: str,
        bus: Bus,
        backends: Backends,
        key: bytes,
        clock: Clock,
        guard: Guard,
        *,
        days: int = 30,
        connections: int = 4,
        retries: Sequence[float] = RETRIES,
        sender: Callable[[Guard], Sender] = Sender,
    ) -> None:
        self._dsn = dsn
        self._bus = bus
        self._backends = backends
        self._secrets = Secrets(key)
        self._clock = clock
        self._guard = guard
        self._days = days
        self._connections = connections
        self._retries = retries
        self._sender = sender
        self._db: Database | None = None
        self._consumers: list[Consumer] = []
        self._leadership: Leadership | None = None
        self._problem: str | None = "starting"
        self._task: asyncio.Task[None] | None = None
        self._ledger: Ledger | None = None
        self.tallies = Tallies()

    def open(self) -> None:
        """Begins; the database is waited for in the background."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self, drain_seconds: float = 1.0) -> None:
        """Ends everything; attempts under way are cut off and made again by another replica."""
        await asyncio.gather(*(consumer.drain(drain_seconds) for consumer in self._consumers))
        if self._task is not None:
            await end(self._task)
        if self._ledger is not None:
            with suppress(*UNREACHABLE):
                await self._ledger.write()
        if self._db is not None:
            await self._db.close()

    async def carry_out(
        self, command: CommandRequest[Any], actor: Actor, command_id: UUID, expected: str | None = None
    ) -> Reply[Any]:
        """Carries out a command, see `Handling`; trouble with the database is a refusal."""
        if self._db is None:
            return Reply(None, Unavailable(service=commands.SERVICE))
        try:
            handling = Handling(self._db, self._secrets, self._guard, self._clock)
            return await handling.carry_out(command, actor, command_id, expected)
        except _PASSING as error:
            log.warning("a command about webhooks was not carried out", error=type(error).__name__)
            return Reply(None, Unavailable(service=commands.SERVICE))

    @property
    def records(self) -> Records:
        """What there is to read.

        Raises:
            Refused: the database is away.
        """
        if self._db is None:
            raise Refused(Unavailable(service=commands.SERVICE))
        return Records(self._db)

    @property
    def changes(self) -> Feed:
        """The feed of changes.

        Raises:
            Refused: the database is away.
        """
        if self._db is None:
            raise Refused(Unavailable(service=commands.SERVICE))
        return Feed(self._db)

    async def usage(self, client: str, first: date, last: date) -> Usage:
        """What an app has used from one day to another.

        Raises:
            Refused: the database is away.
        """
        try:
            if self._ledger is not None:
                return await self._ledger.usage(client, first, last)
        except UNREACHABLE as error:
            log.warning("what an app has used cannot be read", error=type(error).__name__)
        raise Refused(Unavailable(service=commands.SERVICE))

    def readiness(self) -> Mapping[str, Any]:
        """For `/readyz`: the API is ready without webhooks, so that nothing of it is a reason."""
        return {
            "problem": self._problem,
            "delivering": self._leadership is not None and self._leadership.leading,
            "consuming": [consumer.source for consumer in self._consumers if consumer.leading],
            "parked": {consumer.source: sorted(consumer.parked) for consumer in self._consumers if consumer.parked},
        }

    async def _run(self) -> None:
        self._db = db = await self._connected()
        intake = Intake(self._backends)
        tables = Tables(db, self._bus)
        self._consumers = [Consumer(tables, intake.policies, source) for source in intake.policies.sources]
        self._leadership = Leadership(db, f"deliver:{commands.SERVICE}")
        survey = Survey(Feed(db), self._backends, self._clock)
        self._ledger = Ledger(db, self.tallies)
        self._problem = None
        async with asyncio.TaskGroup() as group:  # each of them goes on by itself until it is cancelled
            for consumer in self._consumers:
                group.create_task(consumer.run())
            group.create_task(self._leadership.run(lambda: self._deliver(db)))
            group.create_task(Leadership(db, f"survey:{commands.SERVICE}").run(survey.run))
            group.create_task(self._clean(db))
            group.create_task(self._ledger.run())

    async def _connected(self) -> Database:
        seldom = Seldom()
        while True:
            try:
                await migrate(self._dsn, [migrations_of("services.chassis"), migrations_of("gateway")])
                return await Database.connect(self._dsn, size=self._connections)
            except (*UNREACHABLE, DatabaseError, MigrationChanged) as error:  # such as: not created yet
                self._problem = f"the database cannot be used: {type(error).__name__}"
                if seldom.due(self._problem):
                    log.warning("webhooks wait for their database", error=str(error))
            await asyncio.sleep(RETRY_SECONDS)

    async def _deliver(self, db: Database) -> None:
        listening = await db.dedicated()
        sender = self._sender(self._guard)
        try:
            courier = Courier(Queue(db, self._retries), self._secrets, sender)
            await listening.add_listener(CHANNEL, lambda *_: courier.wake())
            await courier.run()
        finally:
            listening.terminate()
            await sender.close()

    async def _clean(self, db: Database) -> None:
        kept = timedelta(days=self._days)
        while True:
            try:
                for statement, age in zip(_CLEAN, (COMMANDS_KEPT, kept, kept), strict=True):
                    await db.pool.execute(statement, age)
            except (*UNREACHABLE, DatabaseError) as error:  # no reason to stop delivering
                log.warning("old deliveries are kept for now", error=type(error).__name__)
            await asyncio.sleep(CLEAN_SECONDS)

# SPDX-License-Identifier: Apache-2.0
"""A service while it runs: what starts in which order, what keeps going, what stops first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import asyncpg
import structlog

from services.chassis.bus import NotSent, Subscribed, join
from services.chassis.consumer import Consumer
from services.chassis.database import Database, MigrationChanged, migrate, migrations_of
from services.chassis.decider import Event
from services.chassis.firing import Firing
from services.chassis.forgetting import Forgetting
from services.chassis.health import HealthServer, health_app
from services.chassis.keys import Keys
from services.chassis.leases import Leases
from services.chassis.live import Live
from services.chassis.mapper import Mapper
from services.chassis.outlet import Outlet
from services.chassis.projector import Projector
from services.chassis.records import LogSetBack, StoreUnavailable
from services.chassis.relay import Relay
from services.chassis.repository import Repository
from services.chassis.requests import Requests
from services.chassis.server import Server
from services.chassis.settings import CannotStart
from services.chassis.store import EventStore
from services.chassis.tasks import end
from services.chassis.timers import Timers

if TYPE_CHECKING:
    from nats.aio.msg import Msg

    from services.chassis.service import Runtime, Service

log = structlog.get_logger()

LEASES_FREE = b"leases"
"""Body of a hint: a replica hands its partitions over."""

RESTART_SECONDS = 1.0
CHECK_SECONDS = 5.0
COMMANDS_KEPT = timedelta(days=7)
PURGE_SECONDS = 3600.0


async def _no_keys(_: Sequence[str]) -> Mapping[str, bytes]:
    raise RuntimeError("this service was put together without keys")


async def start(service: Service) -> Running:
    """Starts a service: database, log, bus, then everything that works on them.

    Raises:
        CannotStart: one sentence says why.
    """
    running = Running(service, await _runtime(service))
    try:
        await running.open()
    except BaseException:
        await running.close()
        raise
    return running


async def _runtime(service: Service) -> Runtime:
    from services.chassis.service import Runtime

    settings = service.settings
    db = await _database(service)
    try:
        store = await EventStore.open(db)
        bus = await join(settings.nats_url, service.name, settings.prefix)
    except BaseException:
        await db.close()
        raise
    events: dict[type[Event], None] = dict.fromkeys(event for decider in service.deciders for event in decider.events)
    mapper = Mapper(events)
    repository = Repository(service.name, store, mapper, settings.clock)
    runtime = Runtime(
        service=service.name,
        settings=settings,
        clock=settings.clock,
        db=db,
        store=store,
        mapper=mapper,
        repository=repository,
        bus=bus,
        requests=Requests(bus, service.refusals),
        live=Live(bus, lambda: store.epoch),
        projector=Projector(service.name, db, store, mapper, service.projections),
        keys=Keys(_no_keys),
        wake_timers=lambda: None,
    )
    if service.keys is not None:
        runtime.keys = service.keys(runtime)
    return runtime


async def _database(service: Service) -> Database:
    dsn = service.settings.database_url
    try:
        await migrate(dsn, [migrations_of("services.chassis"), *service.migrations])
        return await Database.connect(dsn, size=service.settings.database_connections)
    except MigrationChanged as changed:
        raise CannotStart(f"The database of {service.name} cannot be used: {changed}.") from None
    except (OSError, asyncpg.PostgresError) as error:
        place = urlsplit(dsn)
        raise CannotStart(
            f"DATABASE_URL cannot be used: {type(error).__name__} at {place.hostname}:{place.port or 5432}{place.path};"
            " it is the address of this service's own database."
        ) from None


class Running:
    """A started service.

    Args:
        service: how it was put together.
        runtime: its parts.

    `stopped` is set when it shall end or has to; `failed` tells that it had to.
    """

    def __init__(self, service: Service, runtime: Runtime) -> None:
        self.service = service
        self.runtime = runtime
        self.stopped = asyncio.Event()
        self.failed = False
        self.server = Server(runtime, service.api)
        self.leases = Leases(service.name, runtime.db, self.server.serve, self.server.leave)
        self.relay: Relay | None = None
        if service.publish is not None:
            replicas = service.settings.stream_replicas
            self.relay = Relay(
                Outlet(
                    service.name, runtime.bus, runtime.store, runtime.mapper,
                    publish=service.publish, replicas=replicas,
                )
            )  # fmt: skip
        policies = service.policies
        self.consumers = [Consumer(runtime, policies, source) for source in policies.sources] if policies else []
        self.firing = Firing(runtime, service.timers or Timers(service.name))
        self.forgetting = Forgetting(runtime.bus, runtime.keys, service.destroyed_by)
        self.health: HealthServer | None = None
        self._hints: Subscribed | None = None
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._draining = False
        self._log_problem: str | None = None

    async def open(self) -> None:
        """Starts everything; returns when requests are answered.

        Raises:
            CannotStart: the port for /livez is taken.
        """
        service, runtime = self.service, self.runtime
        runtime.bus.on_lost = self._on_lost_bus
        runtime.wake_timers = self.firing.notify
        runtime.store.on_commit.append(self._on_commit)
        runtime.projector.changed.append(lambda *_: self.firing.notify())
        self._hints = await runtime.bus.subscribe(runtime.bus.subject_hint(service.name), self._on_hint)
        await self.forgetting.open()
        await self._serve_health()
        self._keep("projector", runtime.projector.run)
        if self.relay is not None:
            self._keep("relay", self.relay.run)
        for consumer in self.consumers:
            self._keep(f"consumer {consumer.source}", consumer.run)
        if service.timers is not None:
            self._keep("timers", self.firing.run)
        self._keep("log", self._watch_log)
        self._keep("housekeeping", self._purge)
        await self.server.open()
        self._keep("leases", self.leases.run)
        for number, loop in enumerate(service.loops):
            self._keep(f"loop {number} {getattr(loop, '__name__', '')}", partial(loop, runtime))
        log.info("started", port=self.health.port if self.health else None)

    async def stop(self) -> None:
        """Drains: nothing new is taken, what was begun is finished, partitions go to other replicas, all is closed."""
        self._draining = True
        log.info("draining")
        seconds = self.service.settings.drain_seconds
        await self._cancel("loop")
        await self._cancel("timers")
        await asyncio.gather(*(consumer.drain(seconds) for consumer in self.consumers))
        await self._cancel("consumer")
        await self._cancel("leases")
        await self.leases.hand_over(self._tell_leases_are_free)
        await self.server.close(seconds)
        await self.close()
        log.info("stopped")

    async def close(self) -> None:
        """Ends everything at once, without finishing anything."""
        runtime = self.runtime
        await self._cancel("")
        if self._hints is not None:
            await self._hints.cancel()
        await self.forgetting.close()
        await runtime.live.close()
        await runtime.repository.snapshots.close()
        await runtime.store.close()
        await runtime.bus.close()
        await runtime.db.close()
        if self.health is not None:
            self.health.should_exit = True
            await self.health.ended

    def readiness(self) -> dict[str, Any]:
        """What `/readyz` tells: not ready while `reasons` holds any."""
        reasons: list[str] = []
        if self._draining:
            reasons.append("draining")
        if not self.runtime.bus.connected:
            reasons.append("no connection to nats")
        if self._log_problem is not None:
            reasons.append(self._log_problem)
        relay: dict[str, Any] | None = None
        if self.relay is not None:
            if self.relay.problem is not None:
                reasons.append(f"relay halted: {self.relay.problem}")
            relay = {
                "leading": self.relay.leading,
                "position": self.relay.position,
                "lag": max(0, self.runtime.store.seen - self.relay.position) if self.relay.leading else None,
                "problem": self.relay.problem,
            }
        return {
            "service": self.service.name,
            "reasons": reasons,
            "relay": relay,
            "consuming": [consumer.source for consumer in self.consumers if consumer.leading],
            "parked": {consumer.source: sorted(consumer.parked) for consumer in self.consumers if consumer.parked},
            "partitions": sorted(self.server.partitions),
            "read_models": self.runtime.projector.positions,
            "failing_read_models": self.runtime.projector.failing,
        }

    async def _serve_health(self) -> None:
        settings, routes = self.service.settings, self.service.routes
        app = health_app(self.readiness, routes(self.runtime) if routes else ())
        self.health = HealthServer(app, settings.http_bind, settings.http_port)
        if not await self.health.begin():
            self.health = None
            raise CannotStart(
                f"QUARTIER_HTTP_PORT cannot be used: {settings.http_bind}:{settings.http_port} is taken or not allowed."
            )

    def _keep(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        self._tasks[name] = asyncio.get_running_loop().create_task(self._again_and_again(name, work), name=name)

    async def _again_and_again(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except Exception:
                log.exception("work failed and starts again", work=name)
            await asyncio.sleep(RESTART_SECONDS)

    async def _cancel(self, prefix: str) -> None:
        chosen = [name for name in self._tasks if name.startswith(prefix)]
        await end(*(self._tasks.pop(name) for name in chosen))

    async def _watch_log(self) -> None:
        while True:
            try:
                await self.runtime.store.check()
                self._log_problem = None
            except LogSetBack as error:
                cure = f"run `quartier refill {self.service.name}`"
                self._log_problem = f"the log ends at {error.head}, but {error.floor} was committed; {cure}"
            except StoreUnavailable as error:
                self._log_problem = str(error)
            await asyncio.sleep(CHECK_SECONDS)

    async def _purge(self) -> None:
        while True:
            try:
                await self.runtime.store.purge_commands(COMMANDS_KEPT)
            except StoreUnavailable:
                log.info("old idempotency records are kept for now")
            await asyncio.sleep(PURGE_SECONDS)

    def _on_lost_bus(self) -> None:
        self.failed = True
        self.stopped.set()

    def _on_commit(self, _: int) -> None:
        # Relay and projector of this process know already; a hint is for those that lead elsewhere.
        if not self.runtime.projector.leading or not (self.relay is None or self.relay.leading):
            self.runtime.bus.hint(self.service.name)

    async def _on_hint(self, message: Msg) -> None:
        if message.data == LEASES_FREE:
            self.leases.wake()
        elif not message.data:
            self.runtime.projector.wake()

    async def _tell_leases_are_free(self) -> None:
        try:
            await self.runtime.bus.publish(self.runtime.bus.subject_hint(self.service.name), LEASES_FREE)
        except NotSent:
            log.warning("other replicas were not told; they look every second")

# SPDX-License-Identifier: Apache-2.0
"""Puts one service together and runs it until it is told to stop.

Each `services/<service>/main.py` builds one `Service` and calls `main()`.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING, Any, TypeAlias

import uvloop
from starlette.routing import BaseRoute

from services.chassis import telemetry
from services.chassis.api import Api
from services.chassis.bus import Bus
from services.chassis.clock import Clock
from services.chassis.contract import ContractEvent
from services.chassis.database import Database
from services.chassis.decider import Decider, Refusal
from services.chassis.keys import Keys
from services.chassis.live import Live
from services.chassis.mapper import Mapper
from services.chassis.policies import Policies
from services.chassis.projector import Projector
from services.chassis.repository import Repository
from services.chassis.requests import Requests
from services.chassis.running import Running, start
from services.chassis.settings import Settings
from services.chassis.store import EventStore
from services.chassis.timers import Timers

if TYPE_CHECKING:
    from services.chassis.outlet import Publish
    from services.chassis.projection import DocumentProjection, TableProjection


@dataclass(slots=True)
class Runtime:
    """The parts of a running service; loops and factories get it.

    Args:
        wake_timers: looks for due timers at once.
    """

    service: str
    settings: Settings
    clock: Clock
    db: Database
    store: EventStore
    mapper: Mapper
    repository: Repository
    bus: Bus
    requests: Requests
    live: Live
    projector: Projector
    keys: Keys
    wake_timers: Callable[[], None]


Loop: TypeAlias = Callable[[Runtime], Awaitable[None]]
"""Work that goes on beside requests: it runs until it is cancelled (on SIGTERM, when the drain begins). An
exception is logged and the loop starts again after a pause."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """One event-sourced service.

    Args:
        name: its name: token of subjects, name of its stream and of its consumers.
        settings: the result of `load_settings`.
        deciders: every kind of aggregate; their events are what the log may hold.
        api: the commands and queries it answers.
        policies: its reactions to other services' contract events.
        publish: own stored event to contract event, or None for what stays inside.
        projections: its read models.
        timers: its deadlines.
        keys: makes the keys with which texts are sealed; called once, before anything is answered.
        destroyed_by: the contract events that tell of a destroyed key, with the name of the field that holds its id.
        loops: work beside requests, such as live changes, reconciliation, sending mail.
        routes: makes HTTP routes beside /livez, /readyz, /metrics, such as webhooks.
        refusals: types of refusals of other services that policies and loops may be answered with.
        migrations: folders of numbered SQL files beside the chassis' own; applied before anything starts.
    """

    name: str
    settings: Settings
    deciders: Sequence[Decider[Any, Any, Any]]
    api: Api
    policies: Policies | None = None
    publish: Publish | None = None
    projections: Sequence[DocumentProjection[Any] | TableProjection] = ()
    timers: Timers | None = None
    keys: Callable[[Runtime], Keys] | None = None
    destroyed_by: Mapping[type[ContractEvent], str] = field(default_factory=dict)
    loops: Sequence[Loop] = ()
    routes: Callable[[Runtime], Sequence[BaseRoute]] | None = None
    refusals: Sequence[type[Refusal]] = ()
    migrations: Sequence[Traversable] = field(default=())

    def main(self) -> int:
        """Runs the service as this process, until SIGTERM or SIGINT; the exit status.

        Raises:
            CannotStart: one sentence says why.
        """
        telemetry.configure(self.name)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            status = runner.run(self._until_signal())
        telemetry.shut_down()
        return status

    async def start(self) -> Running:
        """Starts the service in this event loop; `await running.stop()` drains it. For tests and `main`.

        Raises:
            CannotStart: one sentence says why.
        """
        return await start(self)

    async def _until_signal(self) -> int:
        running = await self.start()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, running.stopped.set)
        await running.stopped.wait()
        await running.stop()
        return 1 if running.failed else 0

# SPDX-License-Identifier: Apache-2.0
"""What an operator does to one service's log, read models and waiting events, beside the running service.

How a service is put together is known to its own `main`; it is loaded by name, like the process itself.
"""

import importlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, cast

from services.chassis.bus import join
from services.chassis.database import Database
from services.chassis.dead_letters import DeadLetter, DeadLetters
from services.chassis.decider import Event
from services.chassis.mapper import Mapper
from services.chassis.outlet import Outlet, Unsent
from services.chassis.projector import Projector
from services.chassis.refill import Refilled, StreamIsKept
from services.chassis.refill import refill as refill_stream
from services.chassis.service import Service
from services.chassis.settings import BadSettings, Settings, load_settings
from services.chassis.store import EventStore
from services.cli.embedded.process import EmbeddedError


@dataclass(frozen=True)
class Opened:
    """A service's log, without the service running."""

    service: Service
    db: Database
    store: EventStore
    mapper: Mapper


@asynccontextmanager
async def opened(name: str) -> AsyncIterator[Opened]:
    """Opens the log of a service; DATABASE_URL and NATS_URL come from the environment.

    Raises:
        EmbeddedError: the settings or the database cannot be used.
    """
    try:
        settings = load_settings(Settings)
    except BadSettings as error:
        raise EmbeddedError(str(error)) from error
    build = cast(Callable[[Settings], Service], importlib.import_module(f"services.{name}.main").build)
    service = build(settings)
    async with database(settings.database_url) as db:
        store = await EventStore.open(db)
        try:
            events = dict.fromkeys(event for decider in service.deciders for event in decider.events)
            yield Opened(service, db, store, Mapper(cast("dict[type[Event], None]", events)))
        finally:
            await store.close()


@asynccontextmanager
async def database(url: str) -> AsyncIterator[Database]:
    """Opens a database.

    Raises:
        EmbeddedError: it cannot be reached.
    """
    try:
        db = await Database.connect(url, size=4)
    except Exception as error:
        raise EmbeddedError(f"the database cannot be used: {error}") from error
    try:
        yield db
    finally:
        await db.close()


async def refill(name: str, progress: Callable[[int, int], None], *, restored: bool = False) -> Refilled:
    """Makes the stream of a service anew from its log.

    Args:
        name: of the service.
        progress: called with the position reached and the head of the log.
        restored: its database came from a backup and has taken nothing new since.

    Raises:
        EmbeddedError: with the reason; repeating is safe.
    """
    async with opened(name) as log:
        if log.service.publish is None:
            raise EmbeddedError(f"{name} tells others nothing, so it has no stream")
        settings = log.service.settings
        bus = await join(settings.nats_url, name, settings.prefix)
        try:
            outlet = Outlet(
                name, bus, log.store, log.mapper, publish=log.service.publish, replicas=settings.stream_replicas
            )
            return await refill_stream(outlet, progress, restored=restored)
        except (StreamIsKept, Unsent) as error:
            raise EmbeddedError(str(error)) from error
        finally:
            await bus.close()


async def renew_changes(url: str) -> None:
    """Has the gateway ask the services for everything that its feed of changes tells, beside the running gateways.

    Raises:
        EmbeddedError: the database cannot be used.
    """
    feed = importlib.import_module("gateway.changes.feed")  # by name, like services
    async with database(url) as db:
        await feed.Feed(db).renew()


async def rebuild(name: str, projection: str) -> int:
    """Makes a read model anew from the log while the service goes on answering; the position it reached.

    Raises:
        EmbeddedError: there is no such read model; the text names those there are.
    """
    async with opened(name) as log:
        known = {one.name: one for one in log.service.projections}
        if projection not in known:
            raise EmbeddedError(f"{name} has no read model {projection!r}; it has {', '.join(sorted(known))}")
        projector = Projector(name, log.db, log.store, log.mapper, log.service.projections)
        return await projector.rebuild(projection)


async def dead_letters(name: str, url: str) -> list[DeadLetter]:
    """What waits in a service, in the order in which it will be applied."""
    async with database(url) as db:
        return await DeadLetters(db, name).list()


async def replay(name: str, url: str, source: str, conference: str) -> int:
    """Asks the running service to apply everything of this conference that waits; returns how many events wait."""
    async with database(url) as db:
        return await DeadLetters(db, name).replay(source, conference)


async def skip(name: str, url: str, source: str, conference: str, position: int) -> bool:
    """Asks the running service never to apply this event; False: it does not wait."""
    async with database(url) as db:
        return await DeadLetters(db, name).skip(source, conference, position)


class Verdict(NamedTuple):
    """Whether a script can be used, and a sentence for each line that is wrong, or what it is."""

    well: bool
    text: str


def check_script(file: Path) -> Verdict:
    """Looks at a script as the session service would when it starts."""
    files = importlib.import_module("services.session.adapters.script_files")  # by name, like services
    try:
        script = files.load_script(file)
    except files.BadScript as error:
        return Verdict(False, str(error))
    phases = f"{len(script.phases)} phases" if len(script.phases) > 1 else "1 phase"
    return Verdict(True, f"{file.name}: {script.name}, version {script.version}, {phases}, {script.minutes} minutes")


def script_schema() -> str:
    """The JSON Schema of a script."""
    found: str = importlib.import_module("services.session.adapters.script_files").schema()
    return found

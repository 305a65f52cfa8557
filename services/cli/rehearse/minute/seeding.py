# SPDX-License-Identifier: Apache-2.0
"""Prepares a city for its minute: conferences announced and opened by jobs, residents seated in bulk.

Nobody waits in front of 10,000 mails here: what they would confirm is decided for them, by registration's own rules.
Everything else goes through the API.
"""

import asyncio
import importlib
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from gateway.client import new_id
from services.cli.embedded.process import EmbeddedError
from services.cli.embedded.secrets import Secrets
from services.cli.rehearse.cast import ConferencePart, cast
from services.cli.rehearse.stage import announcing, appoint, ask, define, must, read_city, run_jobs
from services.cli.rehearse.world import World, local

FILE = "city-minute.json"
AHEAD = timedelta(days=30)
"""So far ahead the evenings are, so that no reminder and no clock comes between; moderators begin them by hand."""

AT_ONCE = 8
"""Conferences under way at the same time."""


class Guest(msgspec.Struct, frozen=True):
    """A resident with a seat, and the secret of their personal link."""

    participant_id: str
    secret: str


class Hall(msgspec.Struct, frozen=True):
    """A conference that is ready; `gid` is its global id, `moderator_id` 32 hex digits."""

    gid: str
    moderator_id: str
    guests: tuple[Guest, ...]


class Seeded(msgspec.Struct, frozen=True):
    """What a data folder was prepared for; it can be played once."""

    halls: tuple[Hall, ...]
    played: bool = False


def seeded(data: Path) -> Seeded | None:
    """What the folder was prepared for; None: nothing."""
    try:
        return msgspec.json.decode((data / FILE).read_bytes(), type=Seeded)
    except FileNotFoundError:
        return None


def note(data: Path, what: Seeded) -> None:
    """Keeps it beside the other secrets of the city, for its owner alone."""
    path = data / FILE
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(msgspec.json.encode(what))


def chosen(found: Seeded, conferences: int, residents: int) -> tuple[Hall, ...]:
    """The first conferences of a prepared folder.

    Raises:
        EmbeddedError: it was prepared for others, or played already.
    """
    if found.played:
        raise EmbeddedError("this folder was played already: prepare another one, or play a copy of a prepared one")
    prepared = len(found.halls), len(found.halls[0].guests)
    if prepared[0] < conferences or prepared[1] != residents:
        raise EmbeddedError(f"this folder was prepared for {prepared[0]} conferences of {prepared[1]} residents")
    return found.halls[:conferences]


async def seed(
    world: World, data: Path, conferences: int, residents: int, draw: int, advance: Callable[[float], None]
) -> Seeded:
    """Prepares conferences with residents and a moderator each; returns when every session knows its residents.

    Args:
        world: a running city.
        data: its folder.
        conferences, residents: how many, and seats of each.
        draw: the seed of who they are.
        advance: called with the number of residents that were seated, to draw progress.

    Raises:
        SetUpFailed: the city refused what an organiser needs.
    """
    districts = read_city().districts
    parts = cast(conferences, residents, len(districts), draw)
    async with world.client(await world.sign_in("organiser", "0" * 31 + "1", "Organiser", None)) as organiser:
        ids = {place: new_id("District") for place in sorted({part.district for part in parts})}
        for place, district_id in ids.items():
            await define(organiser, district_id, districts[place])
        series = new_id("Series")
        await must(organiser, "CreateSeries", series_id=series, title="Stadtminute", zone=read_city().zone)
        starts_at = world.clock.now() + AHEAD
        rows = [
            announcing(part, ids[part.district], series, districts[part.district].name, starts_at) for part in parts
        ]
        await run_jobs(world, organiser, "announce_conferences", rows)
        opened = [{"conferenceId": row["conferenceId"]} for row in rows]
        await run_jobs(world, organiser, "open_conferences", opened)
        limit = asyncio.Semaphore(AT_ONCE)
        async with _seats(world, data) as seats:

            async def one(part: ConferencePart, gid: str) -> Hall:
                async with limit:
                    staff = await appoint(organiser, gid, "moderator", f"Moderation {part.number}")
                    people = [(each.name, each.email, each.attributes) for each in part.residents[: part.capacity]]
                    seated = await seats.fill(local(gid), people)
                    advance(len(seated))
                    return Hall(gid, staff, tuple(Guest(*each) for each in seated))

            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(one(part, row["conferenceId"])) for part, row in zip(parts, rows, strict=True)
                ]
            await seats.drop_mails()
    made = Seeded(tuple(task.result() for task in tasks))
    await _settled(world, made)
    note(data, made)
    return made


@asynccontextmanager
async def _seats(world: World, data: Path) -> AsyncIterator[Any]:
    """Registration's seats; loaded by name, like its process."""
    key = bytes.fromhex(Secrets(data / "secrets.json").key("registration"))
    module = importlib.import_module("services.registration.testing.seats")
    async with module.seats(world.databases["registration"], key, world.clock) as seats:
        yield seats


async def _settled(world: World, made: Seeded) -> None:
    """Waits until every session knows its residents."""
    for hall in made.halls:
        token = await world.sign_in("moderator", hall.moderator_id, "Moderation", local(hall.gid))
        async with world.client(token) as moderator:
            while True:
                found = (await ask(moderator, "EveningForStaff", id=hall.gid)).conference
                if found is not None and found.presence and len(found.presence.seated) == len(hall.guests):
                    break
                await asyncio.sleep(0.2)  # nobody tells an app that a roster is complete

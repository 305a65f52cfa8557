# SPDX-License-Identifier: Apache-2.0
"""Plays a rehearsal: finds or starts a city, sets it up, plays all evenings at once, judges, checks, reports."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from gateway.client import connections
from services.chassis.clock import Clock
from services.cli.embedded.city import City, Plan
from services.cli.embedded.process import EmbeddedError
from services.cli.embedded.up import only_one
from services.cli.rehearse.cast import cast, expected_present
from services.cli.rehearse.invariants import TOPICS, check
from services.cli.rehearse.jury import judge
from services.cli.rehearse.mailbox import Mailbox
from services.cli.rehearse.record import Record
from services.cli.rehearse.replay import read_log
from services.cli.rehearse.report import build_report
from services.cli.rehearse.resident import Resident
from services.cli.rehearse.staff import Deputy, Mentor, Moderator
from services.cli.rehearse.stage import Staged, ask, read_city, set_up
from services.cli.rehearse.survey import evaluate
from services.cli.rehearse.timetable import order
from services.cli.rehearse.world import World

IDEAS_SECONDS = 15.0
"""Real time in which the ideas of an ended evening are submitted."""

START_SECONDS = 60
"""Conference seconds over which the evenings begin, where no moderator begins them."""

EVENING_MINUTES = 185.0
"""Conference minutes of the default script, extension and pause included."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a rehearsal was asked for.

    Args:
        pace: conference seconds per real second; ignored against a running city, whose own pace holds.
        replicas: processes per service of a city started for the rehearsal.
        data: folder of that city.
        against: data folder of a running city, None to start one.
    """

    conferences: int
    residents: int
    pace: float
    seed: int
    replicas: int
    data: Path
    against: Path | None


@dataclass(frozen=True, slots=True)
class Progress:
    """Draws how far a rehearsal is.

    Args:
        begin: `(what, of)` starts a bar.
        advance: `(what, by)` moves it.
        say: receives a sentence.
    """

    begin: Callable[[str, float], None]
    advance: Callable[[str, float], None]
    say: Callable[[str], None]


async def rehearse(wanted: Wanted, progress: Progress) -> dict[str, Any]:
    """Plays the rehearsal.

    Returns:
        The report.

    Raises:
        EmbeddedError: the city could not be started, or there is none to play against.
        SetUpFailed: the city refused what an organiser needs.
    """
    async with _world(wanted, progress) as world:
        parts = cast(wanted.conferences, wanted.residents, len(read_city().districts), wanted.seed)
        organiser = await world.sign_in("organiser", "0" * 31 + "1", "Organiser", None)
        people = sum(len(part.residents) for part in parts)
        progress.begin("registrations", people)
        staged = await set_up(
            world, parts, organiser, lambda what: progress.advance("registrations", float(what == "resident"))
        )
        await order(world, "START", [each.gid for each in staged], START_SECONDS, staged[0].starts_at)
        progress.say(f"{people} people registered, {expected_present(parts)} will come")
        records = [Record(each.conference_id, world.clock.pace) for each in staged]
        started = time.monotonic()
        await _play(world, staged, records, progress)
        organiser = await world.sign_in("organiser", "0" * 31 + "1", "Organiser", None)
        await _until_ideas_are_submitted(world, staged, organiser)
        await evaluate(world, records, staged, organiser)
        await judge(world, records, staged, organiser, wanted.seed)
        seconds = time.monotonic() - started
        _count_mails(world, staged, records)
        progress.say("reading the event stores")
        logs = {service: await read_log(dsn, TOPICS) for service, dsn in world.databases.items()}
        for record in records:
            record.counts["sheets"] = sum(1 for _ in logs["ideas"].of(record.conference_id, "ideas.sheet_opened"))
        return build_report(records, logs, check(records, logs), seconds)


@asynccontextmanager
async def _world(wanted: Wanted, progress: Progress) -> AsyncIterator[World]:
    if wanted.against is not None:
        async with connections(limit=0) as http:  # everybody has a browser of their own
            try:
                world = found(wanted.against, http)
            except FileNotFoundError:
                raise EmbeddedError(f"no city runs on {wanted.against}: start one with `quartier up`") from None
            yield world
        return
    with only_one(wanted.data):
        city = City(Plan(wanted.data, replicas=wanted.replicas, pace=wanted.pace), progress.say)
        try:
            await city.start()
            async with connections(limit=0) as http:  # everybody has a browser of their own
                yield found(wanted.data, http)
        finally:
            await city.supervisor.stop()


def found(data: Path, http: aiohttp.ClientSession) -> World:
    """The city that runs on a data folder.

    Raises:
        FileNotFoundError: there is none.
    """
    addresses = json.loads((data / "run" / "addresses.json").read_text())
    return World(
        gateways=tuple(addresses["gateways"]),
        issuer=addresses["sign_in"],
        clock=Clock.parse(addresses["clock"]),
        mailbox=Mailbox(Path(addresses["mail"])),
        databases={name: dsn for name, dsn in addresses["databases"].items() if name != "gateway"},
        texts=msgspec.yaml.decode((files("services.cli.rehearse") / "texts.yaml").read_bytes()),
        http=http,
    )


async def _play(world: World, staged: list[Staged], records: list[Record], progress: Progress) -> None:
    progress.begin("evening", EVENING_MINUTES)
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(_draw_time(world, staged[-1], progress))
        evenings = [
            group.create_task(_evening(world, each, record)) for each, record in zip(staged, records, strict=True)
        ]
        await asyncio.gather(*evenings)
        watching.cancel()


async def _evening(world: World, staged: Staged, record: Record) -> None:
    """One conference; a player that breaks is noted, the others play on."""
    players = [
        Moderator(world, record, staged),
        Deputy(world, record, staged),
        *(Mentor(world, record, staged, ticket) for ticket in staged.mentors),
        *(Resident(world, record, staged, ticket) for ticket in staged.tickets),
    ]
    for player, outcome in zip(
        players, await asyncio.gather(*(each.play() for each in players), return_exceptions=True), strict=True
    ):
        if isinstance(outcome, Exception):
            record.error(player.name, repr(outcome))


async def _draw_time(world: World, staged: Staged, progress: Progress) -> None:
    last = 0.0
    while True:
        minutes = (world.clock.now() - staged.starts_at).total_seconds() / 60
        progress.advance("evening", max(0.0, minutes - last))
        last = max(last, minutes)
        await asyncio.sleep(0.5)


async def _until_ideas_are_submitted(world: World, staged: list[Staged], organiser: str) -> None:
    """Waits until each conference has an idea; sheets are submitted when the session has ended."""
    async with world.client(organiser) as client:
        for each in staged:
            deadline = time.monotonic() + IDEAS_SECONDS
            while time.monotonic() < deadline:
                if (await ask(client, "Ideas", conferenceId=each.gid)).ideas.nodes:
                    break
                await asyncio.sleep(0.5)


def _count_mails(world: World, staged: list[Staged], records: list[Record]) -> None:
    for each, record in zip(staged, records, strict=True):
        for ticket in each.tickets:
            for subject in world.mailbox.subjects(ticket.part.email):
                record.mails[f"{ticket.part.email}: {subject}"] += 1

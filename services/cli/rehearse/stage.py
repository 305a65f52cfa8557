# SPDX-License-Identifier: Apache-2.0
"""Sets a city up for a rehearsal through the public API: districts, conferences, staff, everybody's registration."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any

import msgspec

from gateway.client import Client, new_id
from services.cli.embedded.process import EmbeddedError
from services.cli.rehearse.cast import ConferencePart, ResidentPart
from services.cli.rehearse.patience import PATIENCE_SECONDS, GivenUp, Patience, carried_out
from services.cli.rehearse.world import World, local

ROWS = 100
"""Of one job: a body has at most 64 KiB."""

AT_ONCE = 16
"""Registrations under way at the same time."""

SECOND = "0" * 31 + "2"
"""The organiser who approves what takes two people."""

CONSENTS = ({"purpose": "participation", "version": "2026-11"}, {"purpose": "mixed-groups", "version": "2026-11"})


class SetUpFailed(EmbeddedError):
    """The city refused what an organiser needs; the text says which command and why."""


class District(msgspec.Struct, frozen=True):
    """A district of the data file."""

    name: str
    postal_codes: tuple[str, ...]
    streets: tuple[str | dict[str, Any], ...]


class CityFile(msgspec.Struct, frozen=True):
    """The data file of a city."""

    city: str
    zone: str
    districts: tuple[District, ...]


@dataclass(frozen=True, slots=True)
class Ticket:
    """A confirmed registration: the secret of the personal link, from the mail."""

    part: ResidentPart
    participant_id: str
    secret: str


@dataclass(frozen=True, slots=True)
class StaffTicket:
    """A person of the staff: id (32 hex digits) and token."""

    staff_id: str
    token: str


@dataclass(frozen=True, slots=True)
class Staged:
    """A conference that is ready to begin. `gid` is its global id."""

    part: ConferencePart
    gid: str
    starts_at: datetime
    tickets: tuple[Ticket, ...]
    moderator: StaffTicket
    deputy: StaffTicket
    mentors: tuple[StaffTicket, ...]

    @property
    def conference_id(self) -> str:
        """32 hex digits."""
        return local(self.gid)


def read_city(name: str = "freiburg") -> CityFile:
    """The districts of a city that ships with Quartier."""
    return msgspec.yaml.decode((files("services.cli") / "data" / f"{name}.yaml").read_bytes(), type=CityFile)


async def must(client: Client, command: str, /, **fields: Any) -> Any:
    """A command that an organiser needs to succeed.

    Raises:
        SetUpFailed: it was refused, or not answered.
    """
    patience = Patience(Counter(), random.Random())  # noqa: S311 - spreads those who try again
    try:
        outcome = await patience.command(client, command, fields)
    except GivenUp as error:
        raise SetUpFailed(str(error)) from error
    if not carried_out(outcome):
        raise SetUpFailed(f"{command} was refused: {outcome}")
    return outcome


async def ask(client: Client, operation: str, **variables: Any) -> Any:
    """A query that an organiser needs to be answered; variables are in camelCase.

    Raises:
        SetUpFailed: it was not.
    """
    patience = Patience(Counter(), random.Random())  # noqa: S311 - spreads those who try again
    try:
        return await patience.query(client, operation, variables)
    except GivenUp as error:
        raise SetUpFailed(str(error)) from error


async def set_up(
    world: World, parts: Sequence[ConferencePart], organiser: str, advance: Callable[[str], None]
) -> list[Staged]:
    """Announces the conferences and registers everybody.

    Args:
        organiser: token of an organiser of the city.
        advance: called with a word for each step, to draw progress.

    Raises:
        SetUpFailed: the city refused something.
    """
    city = read_city()
    async with world.client(organiser) as client:
        wanted = sorted({part.district for part in parts})
        districts = {index: new_id("District") for index in wanted}
        for index in wanted:
            await define(client, districts[index], city.districts[index])
            advance("district")
        series = new_id("Series")
        await must(client, "CreateSeries", series_id=series, title="Bürgerkonferenzen Freiburg", zone=city.zone)
        people = sum(len(part.residents) for part in parts)
        # Registration takes real time, and the lobby opens a quarter of a conference hour before the start.
        lead = world.ahead(8.0 + 0.12 * people)
        starts_at = world.clock.now() + lead
        entrance = _Entrance(world, asyncio.Semaphore(AT_ONCE), advance)
        async with asyncio.TaskGroup() as group:
            names = [city.districts[part.district].name for part in parts]
            rows = [
                announcing(part, districts[part.district], series, name, starts_at)
                for part, name in zip(parts, names, strict=True)
            ]
            for row in rows:
                await must(client, "AnnounceConference", **row)
            gids = [row["conferenceId"] for row in rows]
            await run_jobs(world, client, "open_conferences", [{"conferenceId": gid} for gid in gids])
            staging = [
                group.create_task(_conference(entrance, client, part, gid, name, starts_at))
                for part, gid, name in zip(parts, gids, names, strict=True)
            ]
    return [task.result() for task in staging]


async def define(client: Client, district_id: str, district: District) -> None:
    """Defines a district (global id) as an organiser."""
    streets = [{"street": street} if isinstance(street, str) else street for street in district.streets]
    await must(
        client,
        "DefineDistrict",
        district_id=district_id,
        name=district.name,
        postal_codes=list(district.postal_codes),
        streets=streets,
    )


def announcing(
    part: ConferencePart, district_id: str, series_id: str, district: str, starts_at: datetime
) -> dict[str, Any]:
    """The row of a job that announces a conference, with an id of its own."""
    return {
        "conferenceId": new_id("Conference"),
        "seriesId": series_id,
        "districtId": district_id,
        "title": f"Bürgerkonferenz {district}",
        "startsAt": starts_at.isoformat(),
        "capacity": part.capacity,
        "language": "DE",
    }


async def run_jobs(world: World, organiser: Client, kind: str, rows: Sequence[dict[str, Any]]) -> None:
    """Has rows carried out by jobs, with the yes of a second organiser where there are many.

    Args:
        kind: of the rows, as `StartJob` names it.
        rows: in camelCase.

    Raises:
        SetUpFailed: some could not be carried out, or not in time.
    """
    for first in range(0, len(rows), ROWS):
        await _run_job(world, organiser, {kind: rows[first : first + ROWS]})


async def _run_job(world: World, organiser: Client, fields: dict[str, Any]) -> None:
    job = await must(organiser, "StartJob", **fields)
    if job.status == "AWAITING_APPROVAL":
        async with world.client(await world.sign_in("organiser", SECOND, "Second organiser", None)) as second:
            await must(second, "ApproveJob", job_id=job.job_id)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        jobs = (await ask(organiser, "Jobs", first=50)).jobs.nodes
        known = next((each for each in jobs if each.id == job.job_id), None)
        if known is not None and known.ended_at is not None:
            if known.failed:
                raise SetUpFailed(f"{known.failed} rows of a job were refused: {known.rows}")
            return
        await asyncio.sleep(0.1)
    raise SetUpFailed(f"a job was not done within {PATIENCE_SECONDS:.0f} s")


@dataclass(frozen=True, slots=True)
class _Entrance:
    """Where everybody registers: how many at once, and who is told of each one."""

    world: World
    limit: asyncio.Semaphore
    advance: Callable[[str], None]

    async def register(self, gid: str, part: ResidentPart) -> Ticket:
        """Registers one person and follows the links of their mails."""
        async with self.limit, self.world.client() as client:
            await must(
                client,
                "Register",
                conference_id=gid,
                name=part.name,
                email=part.email,
                language="DE",
                attributes=[{"name": name, "value": value} for name, value in part.attributes.items()],
                consents=list(CONSENTS),
            )
            mail = await self.world.mailbox.link(part.email, "confirm", local(gid))
            state = await must(client, "ConfirmRegistration", conference_id=gid, secret=mail.secret)
            link = await self.world.mailbox.link(part.email, "enter", local(gid))
        self.advance("resident")
        return Ticket(part, local(state.participant_id), link.secret)


async def _conference(
    entrance: _Entrance, organiser: Client, part: ConferencePart, gid: str, district: str, starts_at: datetime
) -> Staged:
    world = entrance.world
    moderator = await _staff(world, organiser, gid, "moderator", f"Moderation {district}")
    deputy = await _staff(world, organiser, gid, "deputy", f"Stellvertretung {district}")
    mentors = [await _staff(world, organiser, gid, "mentor", f"Mentor {n + 1}") for n in range(part.mentors)]
    entrance.advance("conference")
    tickets: list[Ticket] = []
    # Those who get a seat first, then those who will wait: the order of confirmation is the order of seats.
    for first, last in ((0, part.capacity), (part.capacity, len(part.residents))):
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(entrance.register(gid, resident)) for resident in part.residents[first:last]]
        tickets += [task.result() for task in tasks]
    return Staged(part, gid, starts_at, tuple(tickets), moderator, deputy, tuple(mentors))


async def _staff(world: World, organiser: Client, gid: str, role: str, name: str) -> StaffTicket:
    staff = await appoint(organiser, gid, role, name)
    return StaffTicket(staff, await world.sign_in(role, staff, name, local(gid)))


async def appoint(organiser: Client, gid: str, role: str, name: str) -> str:
    """Adds a person of the staff who serves at one conference; their id, 32 hex digits."""
    staff = new_id("Person")
    await must(organiser, "AddStaff", staff_id=staff, name=name, email=f"{local(staff)}@staff.example.org")
    await must(organiser, "AssignStaff", conference_id=gid, staff_id=staff, role=role.upper())
    return local(staff)

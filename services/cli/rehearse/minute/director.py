# SPDX-License-Identifier: Apache-2.0
"""`quartier rehearse --only city-minute`: starts the city, prepares it where it is not, plays the minute, reports."""

import asyncio
import json
import os
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.client import connections
from services.cli.embedded.city import City, Plan
from services.cli.embedded.process import EmbeddedError
from services.cli.embedded.up import only_one
from services.cli.rehearse.director import Progress, found
from services.cli.rehearse.invariants import miscounted
from services.cli.rehearse.minute import seeding
from services.cli.rehearse.minute.figures import CHANGES, ballots, changes
from services.cli.rehearse.minute.play import AT_ONCE, WINDOW_SECONDS, Conference, listen
from services.cli.rehearse.minute.processors import Meter
from services.cli.rehearse.world import World

EVERYBODY_UP_TO = 50
"""So many conferences have a socket for each resident; where there are more, each has `FEW_SOCKETS`."""

FEW_SOCKETS = 5

CALM_SHARE, CALM_SECONDS, CALM_READINGS = 0.25, 2.0, 15
"""The minute begins when the city uses so little of one processor, for so long; after so many readings in any case, for
then that is what it takes for evenings in which nothing happens."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for.

    Args:
        conferences, residents: how many, and of each.
        sockets: of each conference; None: by `EVERYBODY_UP_TO`.
        kill: the process that is killed in the middle, None: none.
        seed: of everything that is drawn.
        seed_only: prepares and plays nothing.
        replicas: processes per service.
        data: folder of the city.
    """

    conferences: int
    residents: int
    sockets: int | None
    kill: str | None
    seed: int
    seed_only: bool
    replicas: int
    data: Path

    @property
    def sockets_each(self) -> int:
        """Sockets of each conference."""
        usual = self.residents if self.conferences <= EVERYBODY_UP_TO else FEW_SOCKETS
        return min(self.residents, usual if self.sockets is None else self.sockets)


async def rehearse_minute(wanted: Wanted, progress: Progress) -> dict[str, Any] | None:
    """Plays the minute.

    Returns:
        The report; None when the folder was only prepared.

    Raises:
        EmbeddedError: the city could not be started, or the folder was prepared for something else.
        SetUpFailed: the city refused what an organiser or a moderator needs.
    """
    with only_one(wanted.data):
        city = City(Plan(wanted.data, replicas=wanted.replicas), progress.say)
        try:
            await city.start()
            if wanted.kill is not None and wanted.kill not in city.supervisor.pids():
                raise EmbeddedError(f"no process of the city is called {wanted.kill!r}")
            async with connections(limit=0) as http:  # everybody has a browser of their own
                world = found(wanted.data, http)
                prepared = seeding.seeded(wanted.data) or await _prepare(world, wanted, progress)
                if wanted.seed_only:
                    progress.say(f"{len(prepared.halls)} conferences are ready to be played")
                    return None
                halls = seeding.chosen(prepared, wanted.conferences, wanted.residents)
                seeding.note(wanted.data, seeding.Seeded(prepared.halls, played=True))
                return await _play(world, city, halls, wanted, progress)
        finally:
            await city.supervisor.stop()


async def _prepare(world: World, wanted: Wanted, progress: Progress) -> seeding.Seeded:
    progress.begin("seats", wanted.conferences * wanted.residents)
    return await seeding.seed(
        world, wanted.data, wanted.conferences, wanted.residents, wanted.seed,
        lambda by: progress.advance("seats", by),
    )  # fmt: skip


async def _play(
    world: World, city: City, halls: tuple[seeding.Hall, ...], wanted: Wanted, progress: Progress
) -> dict[str, Any]:
    retried: Counter[str] = Counter()
    errors: list[str] = []
    stage = [
        Conference(world, hall, wanted.sockets_each, random.Random(f"{wanted.seed}/{number}"), retried, errors)  # noqa: S311 -- a rehearsal is drawn, not a secret
        for number, hall in enumerate(halls)
    ]
    room = asyncio.Semaphore(AT_ONCE)
    progress.say("residents come in")
    await asyncio.gather(*(each.prepare(room) for each in stage))
    for each in stage:
        await each.until_present()
    meter = Meter(city.supervisor.pids)
    idle = await _calm(meter)
    retried.clear()
    addresses = json.loads((wanted.data / "run" / "addresses.json").read_text())
    deaf = await listen(addresses["nats"]["tool"], os.environ.get("QUARTIER_PREFIX", "quartier"), stage)
    progress.say("the minute begins")
    before, own, began = meter.read(), time.process_time(), time.perf_counter()
    async with asyncio.TaskGroup() as group:
        if wanted.kill is not None:
            group.create_task(_kill(city, meter, wanted.kill, began + WINDOW_SECONDS / 2, progress))
        for each in stage:
            group.create_task(each.play(began))
    seconds, own = time.perf_counter() - began, time.process_time() - own
    after = meter.read()
    await deaf()
    for each in stage:
        await each.count()
        await each.leave()
    spent = {name: round(after[name] - before.get(name, 0.0), 2) for name in sorted(after)}
    evenings = [each.evening for each in stage]
    broken = [
        f"{one.conference_id}: {wrong}" for one in evenings for wrong in miscounted(one.votes, one.counted, one.voters)
    ]
    sockets = sum(len(each.listeners) for each in stage)
    unseen = sum(len(each.listeners) - len(each.evening.seen[change]) for each in stage for change in CHANGES)
    return {
        "conferences": len(stage),
        "residents": sum(len(hall.guests) for hall in halls),
        "present": sum(one.present for one in evenings),
        "sockets": {
            "open": sockets,
            "rule": "one for each resident"
            if wanted.sockets_each == wanted.residents
            else f"{wanted.sockets_each} for each conference; the others vote without watching, and sit in no group",
        },
        "killed": wanted.kill,
        "replicas": wanted.replicas,
        "seconds": round(seconds, 2),
        "ballots": ballots(evenings),
        "changes": changes(evenings),
        "retried": dict(retried),
        "processor_seconds": {
            "city": round(sum(spent.values()), 2),
            "per_conference": round(sum(spent.values()) / len(stage), 3),
            "programs": spent,
            "residents": round(own, 2),
            "share_when_nothing_happens": round(idle, 2),
        },
        "machine": {"processors": len(os.sched_getaffinity(0)), "load": round(os.getloadavg()[0], 1)},
        "invariants": {
            "every_accepted_ballot_is_counted_once": not broken,
            "every_socket_saw_every_change": not unseen,
            "nobody_met_an_error": not errors,
        },
        "broken": broken[:20],
        "errors": errors[:20],
    }


async def _kill(city: City, meter: Meter, name: str, at: float, progress: Progress) -> None:
    """Kills a process in the middle; the supervisor starts it again."""
    await asyncio.sleep(max(0.0, at - time.perf_counter()))
    meter.read()
    os.kill(city.supervisor.pids()[name], signal.SIGKILL)
    progress.say(f"{name} is killed")


async def _calm(meter: Meter) -> float:
    """Waits until what came before is done; the share of one processor that is used then."""
    share = 0.0
    for _ in range(CALM_READINGS):
        before = sum(meter.read().values())
        await asyncio.sleep(CALM_SECONDS)
        share = (sum(meter.read().values()) - before) / CALM_SECONDS
        if share < CALM_SHARE:
            break
    return share

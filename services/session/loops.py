# SPDX-License-Identifier: Apache-2.0
"""What the session service does beside requests: finding out who has left, telling of live changes, planning ahead."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from uuid import uuid4

import structlog

from services.chassis.contract import Done
from services.chassis.decider import Refusal
from services.chassis.decisions import Envelope, Step
from services.chassis.faults import passes
from services.chassis.refusals import ConcurrentChange
from services.chassis.service import Runtime
from services.contracts.session import PresenceChanged
from services.session.adapters.planner import PLANNER
from services.session.adapters.presence import BOOK, forget_silent, in_rooms, silent_conferences
from services.session.domain.roster import ROSTER
from services.session.placing import arrival, departure, mending
from services.session.readmodel.places import PRESENCE
from services.session.readmodel.readiness import READY
from services.session.settings import SessionSettings

ATTEMPTS = 5
LONGEST_PAUSE_SECONDS = 2.0

log = structlog.get_logger()


async def keep_a_planner_warm(_: Runtime) -> None:
    """Starts a worker with the service, so that the first groups need not wait for it."""
    PLANNER.warm()
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        PLANNER.close()


async def tell_of_presence(runtime: Runtime) -> None:
    """Sends `PresenceChanged` from the replica that projects; who is ready is part of it."""

    def changed(projection: str, keys: frozenset[str], position: int) -> None:
        if projection in (PRESENCE.name, READY.name):
            for conference in keys:
                runtime.live.send(PresenceChanged(conference_id=conference, position=position))

    runtime.projector.changed.append(changed)
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        runtime.projector.changed.remove(changed)


async def follow_presence(runtime: Runtime) -> None:
    """Marks people absent once nobody has seen them for the grace time, and mends groups that miss somebody."""
    settings = runtime.settings
    grace = settings.presence_grace if isinstance(settings, SessionSettings) else 15.0
    pause = min(grace / 4, LONGEST_PAUSE_SECONDS)
    while True:
        await asyncio.sleep(pause)  # reports come every few seconds; there is nothing to wait for
        for conference in BOOK.conferences(grace):
            await _guarded(conference, partial(_sweep, runtime, conference, grace))
        for conference in await silent_conferences(runtime.db, grace):
            await _guarded(conference, partial(_give_up, runtime, conference, grace))


async def _guarded(conference: str, work: Callable[[], Awaitable[None]]) -> None:
    """One conference's trouble is not another one's."""
    try:
        await work()
    except Exception as error:
        if not passes(error):
            log.exception("presence failed", conference=conference)


async def _sweep(runtime: Runtime, conference: str, grace: float) -> None:
    present = (await runtime.repository.load(ROSTER, conference)).state.present
    seen = BOOK.seen(conference, grace) | await in_rooms(runtime.db, conference)
    if BOOK.knows(conference, grace) and not present <= seen:
        await _until_stored(runtime, lambda: departure(runtime, conference, sorted(present - seen)))
    if not seen <= present:
        await _until_stored(runtime, lambda: arrival(runtime, conference, sorted(seen - present)))
    await _until_stored(runtime, lambda: mending(runtime, conference))


async def _give_up(runtime: Runtime, conference: str, grace: float) -> None:
    present = (await runtime.repository.load(ROSTER, conference)).state.present
    gone = present - await in_rooms(runtime.db, conference)
    if gone:
        await _until_stored(runtime, lambda: departure(runtime, conference, sorted(gone)))
    await forget_silent(runtime.db, conference, grace)


async def _until_stored(runtime: Runtime, steps: Callable[[], Awaitable[Sequence[Step]]]) -> None:
    for _ in range(ATTEMPTS):
        wanted = await steps()
        if not wanted:
            return
        envelope = Envelope(uuid4(), b"presence", "session", uuid4().hex)
        outcome = await runtime.repository.execute(wanted, envelope, Done())
        if not isinstance(outcome, Refusal):
            return
        if not isinstance(outcome, ConcurrentChange):
            log.warning("presence refused", refusal=type(outcome).__name__)
            return

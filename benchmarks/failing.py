# SPDX-License-Identifier: Apache-2.0
"""How soon somebody answers after a crash, and how soon a client learns that nobody does.

The first is bound by constants: a lease must run out and the next renewal come. The second is one round trip through
NATS, which knows that nobody listens. Tests ask whether it happens; how fast it is depends on the machine.
"""

import asyncio
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from uuid import uuid4

import uvloop
from nats.aio.msg import Msg

from benchmarks.harness import ROUNDS, Result, less_is_better, postgres
from services.chassis.api import Api, Context, Decide
from services.chassis.contract import CommandRequest, Done, Id
from services.chassis.leases import LEASE_SECONDS, RENEW_SECONDS
from services.chassis.refusals import Unavailable
from services.chassis.requests import Requests
from services.chassis.running import Running
from services.chassis.service import Service
from services.chassis.settings import Settings
from services.chassis.subjects import PARTITIONS, partition

TAKEN_OVER_SECONDS = 3.0
REFUSED_MS = 500.0
ASKED = 300
PATIENCE_SECONDS = 30.0


class Ping(CommandRequest[Done], frozen=True, kw_only=True):
    SERVICE = "alpha"
    conference_id: Id


class PingNobody(CommandRequest[Done], frozen=True, kw_only=True):
    SERVICE = "nobody"
    conference_id: Id


def replica(database: str, bus: str) -> Service:
    api = Api("alpha")

    @api.command(Ping)
    async def ping(request: Ping, ctx: Context) -> Decide:
        return Decide()

    settings = Settings(database_url=database, nats_url=bus, prefix="bench", http_port=0, drain_seconds=1.0)
    return Service(name="alpha", settings=settings, deciders=(), api=api)


def conference_of(number: int) -> str:
    """A conference whose commands go to this partition."""
    while partition(conference := uuid4().hex) != number:
        pass
    return conference


async def shared(one: Running, partitions: int) -> None:
    """Returns when the replica answers so many partitions."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(one.server.partitions) != partitions:  # noqa: ASYNC110 - another process decides it
            await asyncio.sleep(0.02)


async def takeover(one: Running, requests: Requests, database: str, bus: str, *, after: float) -> float:
    """Seconds from the SIGKILL of a replica until the last of its partitions answers again, as a client sees it.

    Args:
        after: real seconds between the survivor's renewal and the kill; it decides how long the survivor sleeps on.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.failing", database, bus,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await shared(one, PARTITIONS // 2)
        lost = [conference_of(number) for number in set(range(PARTITIONS)) - set(one.server.partitions)]
        await asyncio.sleep(after)
        process.send_signal(signal.SIGKILL)
        began = time.perf_counter()
        await asyncio.gather(*(answered(requests, conference) for conference in lost))
        return time.perf_counter() - began
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await shared(one, PARTITIONS)


async def answered(requests: Requests, conference: str) -> None:
    """Asks until somebody answers."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await requests.ask(Ping(conference_id=conference), timeout=0.5)).refusal is not None:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def refusals(requests: Requests) -> list[float]:
    """Milliseconds until a client knows that nobody listens."""
    found = []
    for _ in range(ASKED):
        began = time.perf_counter()
        reply = await requests.ask(PingNobody(conference_id=uuid4().hex), timeout=PATIENCE_SECONDS)
        found.append((time.perf_counter() - began) * 1000)
        assert reply.refusal == Unavailable(service="nobody")
    return found


async def round_trips(one: Running) -> list[float]:
    """Milliseconds of a request and its answer through NATS, with nothing done in between."""
    bus = one.runtime.bus

    async def echo(message: Msg) -> None:
        await message.respond(b"")

    subject = bus.client.new_inbox()
    subscription = await bus.subscribe(subject, echo)
    found = []
    for _ in range(ASKED):
        began = time.perf_counter()
        await bus.request(subject, b"", {}, timeout=PATIENCE_SECONDS)
        found.append((time.perf_counter() - began) * 1000)
    await subscription.cancel()
    return found


async def measure(database: str, bus: str) -> list[Result]:
    one = await replica(database, bus).start()
    requests = Requests(one.runtime.bus)
    try:
        await shared(one, PARTITIONS)
        refused, trips = [], []
        for _ in range(ROUNDS):
            refused += await refusals(requests)
            trips += await round_trips(one)
        phases = [RENEW_SECONDS * number / ROUNDS for number in range(ROUNDS)]
        taken = [await takeover(one, requests, database, bus, after=after) for after in phases]
    finally:
        await one.stop()
    return [
        less_is_better("nobody listens, refused, p50", median(refused), "ms", peer="NATS round trip",
                       peer_value=median(trips)),
        less_is_better("nobody listens, refused, longest", max(refused), "ms", peer="NATS round trip",
                       peer_value=max(trips), target=REFUSED_MS),
        less_is_better("takeover after SIGKILL, median", median(taken), "s", peer="lease and renewal",
                       peer_value=LEASE_SECONDS + RENEW_SECONDS),
        less_is_better("takeover after SIGKILL, longest", max(taken), "s", peer="lease and renewal",
                       peer_value=LEASE_SECONDS + RENEW_SECONDS, target=TAKEN_OVER_SECONDS),
    ]  # fmt: skip


def run() -> list[Result]:
    """Starts servers of its own and measures."""
    from services.cli.embedded.nats import Nats, User

    with postgres() as server, tempfile.TemporaryDirectory(prefix="quartier-bench-") as folder:
        bus = Nats(Path(folder), [User("bench", "bench")])
        running = bus.start()
        try:
            return uvloop.run(measure(server, bus.url("bench")))
        finally:
            running.stop()


if __name__ == "__main__":
    replica(*sys.argv[1:3]).main()

# SPDX-License-Identifier: Apache-2.0
"""From append to the other service's handler: latency at a steady pace, and a burst, beside bare JetStream.

Ours appends to PostgreSQL, relays in order and stores the consumer's position with each effect. The peer publishes
straight to JetStream and handles in memory. A second peer is the least that stores anything: it inserts a row with
fsync, then publishes. The listener is a process of its own; both read the same wall clock.

The targets were measured on an idle machine. Where one is missed, what follows tells why: how long the append alone
took, and how much of the processors we and others used meanwhile.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from uuid import UUID, uuid4

import asyncpg
import msgspec
import nats
import uvloop
from nats.aio.msg import Msg

from benchmarks.harness import ROUNDS, Load, Result, less_is_better, postgres
from services.chassis.api import Api
from services.chassis.contract import ContractEvent
from services.chassis.decider import Command, Decider, Event
from services.chassis.policies import Policies, PolicyContext
from services.chassis.records import Recorded
from services.chassis.repository import Step
from services.chassis.service import Runtime, Service
from services.chassis.settings import Settings
from services.chassis.store import Append, NewEvent

CONFERENCES = 200
SECONDS = 3.0
BURST = 10_000
PADDING = "x" * 300
TARGETS = {500: (2.8, 6.2), 1_000: (7.2, 28.0)}
"""Milliseconds, p50 and p99, by events a second; measured for the design on an idle machine."""

BURST_SECONDS = 6.2
AT_ONCE = 4_000
"""Appends under way in a burst; the store refuses more than 8,192 waiting ones."""

Send = Callable[[float], Awaitable[object]]
"""Sends one event that says when it was sent."""


class Sent(Event, frozen=True, kw_only=True):
    TOPIC = "alpha.sent"
    conference_id: str
    sent: float
    padding: str


class SentOn(ContractEvent, frozen=True, kw_only=True):
    SERVICE = "alpha"
    conference_id: str
    sent: float
    padding: str


class Nothing(Command, frozen=True, kw_only=True):
    pass


SENDER: Decider[int, Nothing, Sent] = Decider("sender", 0, lambda _, __: [], lambda count, _: count + 1, (Sent,))


def publish(event: Event, recorded: Recorded) -> ContractEvent | None:
    assert isinstance(event, Sent)
    return SentOn(at=recorded.recorded_at, conference_id=event.conference_id, sent=event.sent, padding=event.padding)


def settings(database: str, bus: str) -> Settings:
    return Settings(database_url=database, nats_url=bus, prefix="bench", http_port=0, drain_seconds=5.0)


def sender(database: str, bus: str) -> Service:
    return Service(
        name="alpha", settings=settings(database, bus), deciders=(SENDER,), api=Api("alpha"), publish=publish
    )


def latencies(delays: list[float]) -> list[float]:
    """p50, p99 and the longest, in milliseconds."""
    return [median(delays) * 1000, quantiles(delays, n=100)[98] * 1000, max(delays) * 1000]


class Listener:
    """The other process, as its parent sees it: `expect(n)` answers when n messages were handled."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def expect(self, count: int) -> Callable[[], Awaitable[list[float]]]:
        """Starts to count; the result waits for the last message."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(f"{count}\n".encode())
        await stdin.drain()
        await stdout.readline()

        async def result() -> list[float]:
            found: list[float] = msgspec.json.decode(await stdout.readline())
            return found

        return result


@asynccontextmanager
async def listener(kind: str, database: str, bus: str) -> AsyncIterator[Listener]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.delivery", kind, database, bus,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    await process.stdout.readline()
    yield Listener(process)
    assert process.stdin is not None
    process.stdin.close()
    await process.wait()


async def listen(kind: str, database: str, bus: str) -> None:
    """The listening process: handles messages and answers what its parent asks on stdin."""
    answers, sys.stdout = sys.stdout, sys.stderr  # logs go elsewhere
    delays: list[float] = []
    heard = asyncio.Event()

    def handled(sent: float) -> None:
        delays.append(time.time() - sent)
        heard.set()

    close = await (_consume(database, bus, handled) if kind == "ours" else _subscribe(bus, handled))
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    print("ready", file=answers, flush=True)
    while line := await reader.readline():
        delays.clear()
        print("counting", file=answers, flush=True)
        while len(delays) < int(line):
            heard.clear()
            await heard.wait()
        print(msgspec.json.encode(latencies(delays)).decode(), file=answers, flush=True)
    await close()


async def _consume(database: str, bus: str, handled: Callable[[float], None]) -> Callable[[], Awaitable[None]]:
    policies = Policies("beta")

    @policies.when(SentOn)
    async def when_sent_note_it(event: SentOn, ctx: PolicyContext) -> Sequence[Step]:
        handled(event.sent)
        return ()

    service = Service(name="beta", settings=settings(database, bus), deciders=(), api=Api("beta"), policies=policies)
    return (await service.start()).stop


async def _subscribe(bus: str, handled: Callable[[float], None]) -> Callable[[], Awaitable[None]]:
    connection = await nats.connect(bus)

    async def take(message: Msg) -> None:
        handled(msgspec.json.decode(message.data)["sent"])

    await connection.jetstream().subscribe("bare.>", cb=take, ordered_consumer=True)
    return connection.close


async def paced(rate: int, send: Send) -> int:
    """Sends at a steady pace without waiting for answers; the number sent."""
    count = int(rate * SECONDS)
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            ahead = began + number / rate - time.perf_counter()
            if ahead > 0:
                await asyncio.sleep(ahead)
            group.create_task(send(time.time()))  # type: ignore[arg-type]
    return count


async def burst(send: Send) -> int:
    """Sends as many as a simultaneous vote of a whole city; all say that they were sent at its beginning."""
    began, room = time.time(), asyncio.Semaphore(AT_ONCE)

    async def one() -> None:
        async with room:
            await send(began)

    await asyncio.gather(*(one() for _ in range(BURST)))
    return BURST


def _append(runtime: Runtime, stored: list[float]) -> Send:
    """Appends an event; `stored` gets the seconds each append took."""
    conferences = [uuid4() for _ in range(CONFERENCES)]
    turn = iter(range(10**12))

    async def send(sent: float) -> object:
        conference = conferences[next(turn) % CONFERENCES]
        topic, state = runtime.mapper.encode(Sent(conference_id=conference.hex, sent=sent, padding=PADDING))
        stream: UUID = uuid4()
        event = NewEvent(stream, 0, topic, state, conference, uuid4(), b"", datetime.now(UTC))
        began = time.perf_counter()
        result = await runtime.store.append(Append([event]))
        stored.append(time.perf_counter() - began)
        return result

    return send


def _publish(jetstream: nats.js.JetStreamContext) -> Send:
    async def send(sent: float) -> object:
        body = msgspec.json.encode({"sent": sent, "padding": PADDING})
        return await jetstream.publish("bare.sent", body)

    return send


def _insert(pool: "asyncpg.Pool[asyncpg.Record]", publish: Send) -> Send:
    async def send(sent: float) -> object:
        await pool.execute("INSERT INTO plain VALUES ($1, $2)", uuid4(), PADDING)
        return await publish(sent)

    return send


async def measure(databases: tuple[str, str], bus: str) -> list[Result]:
    running = await sender(databases[0], bus).start()
    bare = await nats.connect(bus)
    await bare.jetstream().add_stream(name="BARE", subjects=["bare.>"])
    pool = await asyncpg.create_pool(databases[1], min_size=4, max_size=4)
    await pool.execute("CREATE TABLE plain (id uuid PRIMARY KEY, padding text)")
    found: dict[tuple[str, object], list[list[float]]] = {}
    stored: list[float] = []
    try:
        async with listener("ours", databases[1], bus) as ours, listener("bare", "", bus) as peer:
            publish = _publish(bare.jetstream())
            ways = {
                "ours": (ours, _append(running.runtime, stored)),
                "bare": (peer, publish),
                "plain": (peer, _insert(pool, publish)),
            }
            for number in range(ROUNDS):
                for kind in sorted(ways, reverse=bool(number % 2)):
                    listening, send = ways[kind]
                    for rate in TARGETS:
                        result = await listening.expect(int(rate * SECONDS))
                        stored.clear()
                        load = Load()
                        await paced(rate, send)
                        found.setdefault((kind, rate), []).append(await result())
                        if kind == "ours":
                            found.setdefault(("append", rate), []).append(latencies(stored))
                            found.setdefault(("load", rate), []).append([*load.shares()])
                    result = await listening.expect(BURST)
                    await burst(send)
                    found.setdefault((kind, "burst"), []).append(await result())
    finally:
        await pool.close()
        await bare.close()
        await running.stop()
    return _results(found)


def _results(found: dict[tuple[str, object], list[list[float]]]) -> list[Result]:
    def of(kind: str, what: object, figure: int) -> float:
        return median(run[figure] for run in found[kind, what])

    results = []
    for rate, targets in TARGETS.items():
        rows = []
        for figure, (name, target) in enumerate(zip(("p50", "p99"), targets, strict=True)):
            value = of("ours", rate, figure)
            rows += _beside(f"append to handler, {rate}/s, {name}", value, "ms", target, of, rate, figure)
            if not rows[-1].ok:
                append = of("append", rate, figure)
                rows.append(less_is_better(f"  of which the append, {rate}/s, {name}", append, "ms"))
        if not all(row.ok for row in rows):
            ours, others = of("load", rate, 0), of("load", rate, 1)
            rows.append(
                less_is_better(f"  processors meanwhile, {rate}/s", ours, "%", peer="other programs", peer_value=others)
            )
        results += rows
    longest = of("ours", "burst", 2) / 1000
    results += _beside(f"{BURST:,} at once, last handled", longest, "s", BURST_SECONDS, of, "burst", 2, 1000)
    return results


def _beside(
    name: str, value: float, unit: str, target: float, of: Callable[[str, object, int], float], what: object,
    figure: int, scale: int = 1,
) -> list[Result]:  # fmt: skip
    """Our figure beside each peer's; both are held against the target."""
    return [
        less_is_better(
            name, value, unit, peer=peer, peer_value=of(kind, what, figure) / scale, target=target
        )
        for kind, peer in (("bare", "bare JetStream"), ("plain", "insert, then JetStream"))
    ]  # fmt: skip


def run() -> list[Result]:
    """Starts servers of its own and measures."""
    from services.cli.embedded.nats import Nats, User

    with postgres() as server, tempfile.TemporaryDirectory(prefix="quartier-bench-") as folder:
        bus = Nats(Path(folder), [User("bench", "bench")])
        running = bus.start()
        try:
            return uvloop.run(_with_databases(server, bus.url("bench")))
        finally:
            running.stop()


async def _with_databases(server: str, bus: str) -> list[Result]:
    admin = await asyncpg.connect(server)
    for name in ("alpha", "beta"):
        await admin.execute(f"CREATE DATABASE {name}")
    await admin.close()
    base = server.rpartition("/")[0]
    return await measure((f"{base}/alpha", f"{base}/beta"), bus)


if __name__ == "__main__":
    uvloop.run(listen(*sys.argv[1:4]))

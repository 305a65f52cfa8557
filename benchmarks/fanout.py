# SPDX-License-Identifier: Apache-2.0
"""One change told to thousands of subscribers: the gateway beside the reference server of graphql-transport-ws.

Both are one process on a processor of their own; the clients, who only count, have the other one. The gateway is the
real process with all that lies on the way: a message over NATS, a question to the session service, the cut to each
viewer, the frames; the time is counted from the message on. The peer (npm graphql-ws with ws) has its change in
memory and is asked for it over HTTP. They are told in turns.

Then, without a peer: all sockets come back at once; one client does not read. Ten thousand sockets are another
benchmark, `python -m benchmarks city`.
"""

import asyncio
import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from statistics import median
from typing import Any, NamedTuple

import httpx
import uvloop

from benchmarks.gateway_http import PEERS, node
from benchmarks.harness import ROUNDS, Result, less_is_better, more_is_better
from benchmarks.peers.listeners import Crowd
from benchmarks.peers.processes import memory, pinned, processors, used
from benchmarks.peers.stage import CHAT, WATCH, Stage, free_port, wait_for

SOCKETS = 2_000
CHANGES, FEW = 10, 3


class Told(NamedTuple):
    """What one change cost.

    Args:
        last_ms: until the last one had heard it.
        cpu_us: processor time of the server for each who heard it.
    """

    last_ms: float
    cpu_us: float


@contextmanager
def reference(processor: int | None) -> Iterator[tuple[int, int]]:
    """Port and process of the peer."""
    port = free_port()
    command = pinned([node(), str(PEERS / "graphql_ws.mjs"), str(port)], processor)
    process = subprocess.Popen(command, env={**os.environ, "NODE_ENV": "production"})
    try:
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
        stage = Stage(stack, 1, SOCKETS, 1, processor=own)
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
    slow, quick = stage.crowd(1, query=CHAT), stage.crowd(1, query=CHAT)
    await slow.connect(1, narrow=True)
    await quick.connect(1)
    (stalled,), (other,) = slow.listeners, quick.listeners
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
    slow.leave()
    quick.leave()
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


def run() -> list[Result]:
    """Starts servers of its own and measures."""
    found, seen = uvloop.run(one_process())
    ours, theirs = (
        Told(median(one.last_ms for one in found[name]), median(one.cpu_us for one in found[name]))
        for name in ("gateway", "graphql-ws")
    )
    peer = "graphql-ws"
    print(json.dumps({name: round(value, 2) for name, value in seen.items()}))
    return [
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

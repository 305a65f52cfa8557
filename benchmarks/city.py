# SPDX-License-Identifier: Apache-2.0
"""Ten thousand sockets in 200 conferences on two gateways: what each costs, and how long a change takes.

It takes minutes and is measured only when it is named: `python -m benchmarks city`.
"""

import asyncio
from contextlib import ExitStack
from statistics import quantiles

import uvloop

from benchmarks.harness import ROUNDS, Result, less_is_better
from benchmarks.peers.processes import memory
from benchmarks.peers.stage import Stage

SOCKETS, CONFERENCES, GATEWAYS = 10_000, 200, 2


async def measure() -> dict[str, float]:
    """Ten thousand sockets in 200 conferences on two processes: memory, and a change in each within a second."""
    residents = SOCKETS // CONFERENCES
    with ExitStack() as stack:
        stage = Stage(stack, CONFERENCES, residents, GATEWAYS)
        idle = sum(map(memory, stage.gateways.values()))
        crowd = stage.crowd(CONFERENCES)
        took = await crowd.connect(SOCKETS)
        await asyncio.sleep(1.0)  # what connecting left to do is no part of the memory of a socket
        grown = (sum(map(memory, stage.gateways.values())) - idle) / SOCKETS
        delays: list[float] = []
        for _ in range(ROUNDS):
            heard = crowd.expect(SOCKETS)
            await asyncio.gather(stage.command(f"change {CONFERENCES} 1"), heard())
            delays += crowd.delays()
            await asyncio.sleep(0.5)  # the next round is no part of this one
        crowd.leave()
    return {"socket kB": grown, "connect s": took, "p99 ms": quantiles(delays, n=100)[98]}


def run() -> list[Result]:
    """Starts servers of its own and measures."""
    found = uvloop.run(measure())
    return [
        less_is_better(f"{SOCKETS} sockets: memory of each", found["socket kB"], "kB", target=35.0),
        less_is_better(f"{SOCKETS} sockets: {CONFERENCES} changes in 1 s, p99", found["p99 ms"], "ms"),
    ]

# SPDX-License-Identifier: Apache-2.0
"""With two replicas of everything, the one that does the work is killed while people use the city."""

import signal

import pytest

from services.chassis.subjects import SERVICES, partition
from tests.city.crashes import survives
from tests.city.evening import Evening
from tests.city.town import Town, eventually

pytestmark = pytest.mark.soak
REPLICAS = 2


async def test_the_relaying_replica_is_killed(town: Town) -> None:
    async def relaying(_: Evening) -> str:
        return await _the_one("relays", town, lambda ready: ready["relay"]["leading"])

    await survives(town, relaying)


async def test_the_replica_with_the_conference_s_partition_is_killed(town: Town) -> None:
    async def holder(one: Evening) -> str:
        number = partition(one.conference_id)
        return await _the_one("has the partition", town, lambda ready: number in ready["partitions"])

    await survives(town, holder)


async def test_every_process_is_replaced_in_turn(town: Town) -> None:
    """A release is rolled out: one process after the other ends in order, while the others go on."""
    turn = iter([f"{service}{number}" for service in (*SERVICES, "gateway") for number in ("", "-2")])

    async def next_one(_: Evening) -> str:
        await town.all_ready()
        return next(turn)

    await survives(town, next_one, kills=10, how=signal.SIGTERM, kinds=("ballots", "messages", "moves"))


async def _the_one(what: str, town: Town, does) -> str:
    async def found() -> str | None:
        for name in ("session", "session-2"):
            ready = await town.readiness(name)
            if "partitions" in ready and does(ready):
                return name
        return None

    return str(await eventually(f"one replica of session {what}", found))

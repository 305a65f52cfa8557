# SPDX-License-Identifier: Apache-2.0
"""Each process of a city without replicas is killed while people use it."""

import pytest

from tests.city.crashes import RESIDENTS, goes_on, survives
from tests.city.evening import Evening, Guest, evening
from tests.city.load import Load
from tests.city.town import Town
from tests.city.truth import (
    everything_is_told_once,
    logs_are_whole,
    read_logs,
    settle,
    what_was_accepted_is_there_once,
)


def named(name: str):
    async def victim(_: Evening) -> str:
        return name

    return victim


async def test_session_is_killed(town: Town) -> None:
    await survives(town, named("session"))


@pytest.mark.soak
@pytest.mark.parametrize("name", ["registration", "rooms", "ideas", "gateway", "mail", "nats", "postgres"])
async def test_another_process_is_killed(town: Town, name: str) -> None:
    await survives(town, named(name))


@pytest.mark.soak
async def test_everything_is_killed_at_once_and_started_again(town: Town) -> None:
    """A power cut, but for the disk cache: what was accepted is there, and people go on where they were."""
    async with evening(town.world(), [Guest.number(n) for n in range(RESIDENTS)]) as one:
        await settle(town)
        await one.start()
        await one.next()
        await settle(town)
        poll = await one.open_poll()
        async with Load(one, poll) as load:
            await load.goes_on(10)
            town.power_cut()
            await load.abandon()
        await town.start_again()
        await town.all_ready()
        await one.move_to(town.world())
        await everything_is_told_once(town)
        logs = await read_logs(town)
        logs_are_whole(logs)
        what_was_accepted_is_there_once(one, logs, abandoned=True)
        assert (await one.run()) == 2
        assert sum((await one.close_poll(poll)).values()) == len(one.residents)
        await goes_on(one)

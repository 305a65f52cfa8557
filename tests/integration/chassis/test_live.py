# SPDX-License-Identifier: Apache-2.0
"""Live changes: at most two a second per conference and kind, and always the last one."""

import asyncio

import msgspec

from services.chassis.contract import LiveChange
from services.chassis.live import Live
from tests.integration.chassis.waiting import until


class Changed(LiveChange, frozen=True, kw_only=True):
    SERVICE = "alpha"
    count: int


async def listening(bus, conference: str) -> list[int]:
    counts: list[int] = []

    async def note(message) -> None:
        counts.append(msgspec.json.decode(message.data)["count"])

    await bus.subscribe(bus.subject_live("alpha", conference, "Changed"), note)
    await bus.client.flush()
    return counts


async def test_many_changes_become_the_first_and_the_last(bus, conference):
    live = Live(bus, lambda: "e", interval=0.2)
    counts = await listening(bus, conference)
    for count in range(100):
        live.send(Changed(conference_id=conference, position=count, count=count))
        await asyncio.sleep(0)
    await until(lambda: bool(counts) and counts[-1] == 99)
    assert len(counts) == 2
    await live.close()


async def test_what_waits_is_sent_at_the_end(bus, conference):
    live = Live(bus, lambda: "e", interval=60)
    counts = await listening(bus, conference)
    for count in range(3):
        live.send(Changed(conference_id=conference, position=count, count=count))
        await asyncio.sleep(0.01)
    await live.close()
    await until(lambda: counts == [0, 2])


async def test_nothing_is_kept_of_a_conference_that_is_quiet(bus, conference):
    live = Live(bus, lambda: "e", interval=0.01)
    live.send(Changed(conference_id=conference, position=1, count=1))
    await until(lambda: not live._latest)

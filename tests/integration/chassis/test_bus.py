# SPDX-License-Identifier: Apache-2.0
"""The connection to NATS goes on hearing, whoever gives up waiting for it."""

import asyncio

import nats.errors
import pytest
from nats.aio.msg import Msg

from services.chassis.bus import Bus


async def test_a_subscription_given_up_halfway_leaves_the_connection_hearing(bus: Bus):
    heard = asyncio.Event()

    async def hear(_: Msg) -> None:
        heard.set()

    inbox = bus.client.new_inbox()
    await bus.subscribe(inbox, hear)
    for _ in range(20):
        giving_up = asyncio.create_task(bus.subscribe(bus.client.new_inbox(), hear))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        giving_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await giving_up
    await bus.publish(inbox, b"still there?")
    async with asyncio.timeout(60):
        await heard.wait()


async def test_an_answer_that_comes_too_late_leaves_the_connection_hearing(bus: Bus, monkeypatch: pytest.MonkeyPatch):
    heard = asyncio.Event()

    async def hear(_: Msg) -> None:
        heard.set()

    monkeypatch.setattr("services.chassis.bus.ARRIVAL_SECONDS", 0.0)
    inbox = bus.client.new_inbox()
    for _ in range(20):
        await bus.subscribe(bus.client.new_inbox(), hear)
    await bus.subscribe(inbox, hear)
    await bus.publish(inbox, b"still there?")
    async with asyncio.timeout(60):
        await heard.wait()


async def test_a_closed_connection_subscribes_nothing(bus: Bus):
    await bus.close()
    with pytest.raises(nats.errors.ConnectionClosedError):
        await bus.subscribe("anything", lambda _: asyncio.sleep(0))

# SPDX-License-Identifier: Apache-2.0
"""How often a subscriber is told again what lacked a name: ever more rarely, until it is complete."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from gateway.live.hub import RETRY_SECONDS, SAFETY_SECONDS, Hub, Subscriber
from gateway.live.parts import Changes
from gateway.live.views import Key
from gateway.live.visibility import Viewer

EVENING = Key("session")


async def test_what_lacks_a_name_is_told_ever_more_rarely_until_it_is_complete(monkeypatch):
    delays: list[float] = []

    def at_once(delay: float, call: Any) -> None:
        delays.append(delay)
        asyncio.get_running_loop().call_soon(call)

    monkeypatch.setattr(asyncio.get_running_loop(), "call_later", at_once, raising=False)
    hub = SimpleNamespace(shared={}, views={EVENING: "clock"}, changes=Changes(seconds=0.0), want=lambda _: None)
    subscriber = Subscriber(cast("Hub", hub), Viewer("a" * 32, staff=True))
    subscriber.sent = {EVENING: "clock"}
    subscriber._told_at = float("-inf")
    for _ in range(7):
        subscriber.tell_again([EVENING])
        (change,) = await subscriber.next()
        assert change.now == "clock"
        subscriber._told_at = float("-inf")
    assert delays == [min(SAFETY_SECONDS, RETRY_SECONDS * 2**number) for number in range(7)]
    hub.views = {EVENING: "later"}
    subscriber.woken.set()
    await subscriber.next()
    subscriber.tell_again([EVENING])
    assert delays[-1] == RETRY_SECONDS

# SPDX-License-Identifier: Apache-2.0
"""How many gateways there are, so that each gives out its part of what a client may have.

Nobody keeps a list: every replica says now and then over the bus that it is there, and counts whom it heard. A
newcomer is greeted at once, one that stops says so, one that crashed is missed after some beats.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import uuid4

import msgspec

from services.chassis.bus import Bus, NotSent, Subscribed
from services.chassis.subjects import GATEWAY
from services.chassis.tasks import end

BEAT_SECONDS = 2.0
MISSED = 3.5
"""Beats without which a replica counts as gone."""


class _Beat(msgspec.Struct, frozen=True):
    """What replicas say to each other."""

    replica: str
    leaving: bool = False


_BEAT = msgspec.json.Decoder(_Beat)


class Replicas:
    """The gateways that run at this moment, this one among them.

    Args:
        bus: the connection to NATS.
        changed: told how many there are, whenever that changes.
        beat_seconds: real time between two beats.
        now: real time in seconds; tests bring their own.
    """

    def __init__(
        self,
        bus: Bus,
        changed: Callable[[int], None],
        *,
        beat_seconds: float = BEAT_SECONDS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bus = bus
        self._changed = changed
        self._beat_seconds = beat_seconds
        self._now = now
        self._id = uuid4().hex
        self._heard: dict[str, float] = {}
        self._told = 1
        self._subscribed: Subscribed | None = None
        self._beating: asyncio.Task[None] | None = None
        bus.on_reconnect.append(self._on_reconnect)

    def __len__(self) -> int:
        return len(self._heard) + 1

    async def open(self) -> None:
        """Listens, and says that this replica is there."""
        self._subscribed = await self._bus.subscribe(self._bus.subject_peers(GATEWAY), self._on_message)
        self._beating = asyncio.get_running_loop().create_task(self._beat())

    async def close(self) -> None:
        """Says that this replica goes."""
        if self._beating is not None:
            await end(self._beating)
            await self._say(leaving=True)
        if self._subscribed is not None:
            await self._subscribed.stop()

    async def _beat(self) -> None:
        while True:
            await self._say()
            await asyncio.sleep(self._beat_seconds)
            if self._bus.connected:  # without the bus nobody is heard, which says nothing about them
                gone = self._now() - MISSED * self._beat_seconds
                self._heard = {replica: at for replica, at in self._heard.items() if at >= gone}
                self._tell()

    async def _say(self, *, leaving: bool = False) -> None:
        with suppress(NotSent):  # said again at the next beat; who misses it waits a little longer
            await self._bus.publish(self._bus.subject_peers(GATEWAY), msgspec.json.encode(_Beat(self._id, leaving)))

    async def _on_message(self, message: Any) -> None:
        beat = _BEAT.decode(message.data)
        if beat.replica == self._id:
            return
        if beat.leaving:
            self._heard.pop(beat.replica, None)
        else:
            new = beat.replica not in self._heard
            self._heard[beat.replica] = self._now()
            if new:
                await self._say()
        self._tell()

    def _tell(self) -> None:
        if len(self) != self._told:
            self._told = len(self)
            self._changed(self._told)

    def _on_reconnect(self) -> None:
        now = self._now()
        self._heard = dict.fromkeys(self._heard, now)  # they, too, could not be heard meanwhile

# SPDX-License-Identifier: Apache-2.0
"""Live changes: losable hints to gateways that a read model changed, at most two a second per conference and kind.

The last one is always sent: whoever shows a tally ends with the right one.
"""

import asyncio
from collections.abc import Callable

import msgspec

from services.chassis.bus import Bus, NotSent
from services.chassis.contract import LiveChange
from services.chassis.subjects import ES_EPOCH
from services.chassis.tasks import end
from services.chassis.telemetry import LIVE_SENT

INTERVAL_SECONDS = 0.5


class Live:
    """Sends the live changes of one service.

    Args:
        bus: connection to NATS.
        epoch: tells the epoch of the log to which the positions belong.
        interval: real seconds between two changes of one kind in one conference.
    """

    def __init__(self, bus: Bus, epoch: Callable[[], str], interval: float = INTERVAL_SECONDS) -> None:
        self._bus = bus
        self._epoch = epoch
        self._interval = interval
        self._latest: dict[tuple[str, str], LiveChange | None] = {}
        self._senders: set[asyncio.Task[None]] = set()

    def send(self, change: LiveChange) -> None:
        """Sends the change now, or at the end of the interval unless a later one of its kind replaces it."""
        key = (type(change).__name__, change.conference_id)
        waiting = key in self._latest
        self._latest[key] = change
        if not waiting:
            sender = asyncio.get_running_loop().create_task(self._send_while_changing(key))
            self._senders.add(sender)
            sender.add_done_callback(self._senders.discard)

    async def close(self) -> None:
        """Sends what waits."""
        await end(*self._senders)
        for change in self._latest.values():
            if change is not None:
                await self._publish(change)
        self._latest.clear()

    async def _send_while_changing(self, key: tuple[str, str]) -> None:
        while (change := self._latest[key]) is not None:
            self._latest[key] = None
            await self._publish(change)
            await asyncio.sleep(self._interval)
        del self._latest[key]

    async def _publish(self, change: LiveChange) -> None:
        name = type(change).__name__
        subject = self._bus.subject_live(change.SERVICE, change.conference_id, name)
        try:
            await self._bus.publish(subject, msgspec.json.encode(change), {ES_EPOCH: self._epoch()})
        except NotSent:
            return  # losable by design; a fresh snapshot heals it
        LIVE_SENT.labels(change.SERVICE, name).inc()

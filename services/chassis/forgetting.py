# SPDX-License-Identifier: Apache-2.0
"""Every replica forgets a destroyed key at once, whether or not it is the one that consumes the events.

What a replica misses because it has no connection, it makes up for by forgetting all keys when it is back; how long a
key is kept at most bounds everything else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec
import structlog

from services.chassis.bus import Bus, Subscribed
from services.chassis.contract import ContractEvent
from services.chassis.keys import Keys

if TYPE_CHECKING:
    from nats.aio.msg import Msg

log = structlog.get_logger()


class Forgetting:
    """Hears of destroyed keys.

    Args:
        bus: the connection to NATS.
        keys: those that this process keeps.
        destroyed_by: the contract events that tell of a destroyed key, with the name of the field that holds its id.
    """

    def __init__(self, bus: Bus, keys: Keys, destroyed_by: Mapping[type[ContractEvent], str]) -> None:
        self._bus = bus
        self._keys = keys
        self._destroyed_by = destroyed_by
        self._subscriptions: list[Subscribed] = []

    async def open(self) -> None:
        """Starts listening: keys that are fetched from now on are forgotten in time."""
        self._bus.on_reconnect.append(self._keys.forget_all)
        for event, field in self._destroyed_by.items():
            await self._listen(event, field)

    async def close(self) -> None:
        """Stops listening."""
        for subscription in self._subscriptions:
            await subscription.cancel()

    async def _listen(self, event: type[ContractEvent], field: str) -> None:
        async def on_message(message: Msg) -> None:
            try:
                self._keys.forget(getattr(msgspec.json.decode(message.data, type=event), field))
            except msgspec.DecodeError:
                # A newer version than this release knows: whose key it was is not known, so none is kept.
                log.warning("a destroyed key is not named in a way that is understood", told=event.__name__)
                self._keys.forget_all()

        subject = f"{self._bus.prefix}.evt.{event.SERVICE}.*.*.{event.__name__}"
        self._subscriptions.append(await self._bus.subscribe(subject, on_message))

# SPDX-License-Identifier: Apache-2.0
"""The hubs of this gateway: one for each conference that somebody watches, for as long as somebody does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.backends import Backends
from gateway.live.hub import SAFETY_SECONDS, Hub, Subscriber
from gateway.live.presence import Presence
from gateway.live.visibility import Viewer
from gateway.metrics import HUBS
from services.chassis.bus import Bus


class Hubs:
    """The hubs of this gateway.

    Args:
        bus: the connection to NATS.
        backends: the services.
        presence: learns that whoever watches is there.
        safety_seconds: real time after which every view is asked for again.
    """

    def __init__(
        self, bus: Bus, backends: Backends, presence: Presence, *, safety_seconds: float = SAFETY_SECONDS
    ) -> None:
        self._bus = bus
        self._backends = backends
        self._presence = presence
        self._safety_seconds = safety_seconds
        self._hubs: dict[str, Hub] = {}
        bus.on_reconnect.append(self._on_reconnect)
        HUBS.set_function(lambda: len(self._hubs))

    def __len__(self) -> int:
        return len(self._hubs)

    @asynccontextmanager
    async def watch(self, conference: str, viewer: Viewer) -> AsyncIterator[tuple[Hub, Subscriber]]:
        """A subscription to one conference; its hub lives as long as somebody watches."""
        hub = self._hubs.get(conference)
        if hub is None:
            hub = self._hubs[conference] = Hub(
                conference, self._bus, self._backends, safety_seconds=self._safety_seconds
            )
        subscriber = hub.join(viewer)
        self._presence.enter(conference, viewer.id)
        try:
            await hub.open()
            yield hub, subscriber
        finally:
            self._presence.leave(conference, viewer.id)
            if hub.leave(subscriber) and self._hubs.get(conference) is hub:
                del self._hubs[conference]
                await hub.close()

    async def close(self) -> None:
        """Closes every hub."""
        hubs, self._hubs = list(self._hubs.values()), {}
        for hub in hubs:
            await hub.close()

    def _on_reconnect(self) -> None:
        self._backends.names.forget_all()
        for hub in self._hubs.values():
            hub.mark_all()

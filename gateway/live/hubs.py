# SPDX-License-Identifier: Apache-2.0
"""The hubs of this gateway: one for each thing that somebody watches, for as long as somebody does."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

from gateway.backends import Backends
from gateway.execution.sharing import Words
from gateway.live.hub import SAFETY_SECONDS, Hub
from gateway.live.presence import Presence
from gateway.live.subscriber import Place, Show, Sink, Subscriber
from gateway.live.topics import Topic, rendered
from gateway.live.visibility import Viewer
from gateway.metrics import HUBS
from services.chassis.bus import Bus


class Feed:
    """What a subscription field gives: something to listen to. It costs nothing until somebody does.

    Args:
        hubs: the hubs of this gateway.
        topic: what kind of thing is watched.
        scope: which one.
        values: of the arguments in the topic's subjects.
        viewer: who watches.
        offered: the kinds of parts that are told at all: a narrower door has fewer.
        show: how GraphQL shows what is told.
        after: where the client was before.
    """

    def __init__(
        self,
        hubs: "Hubs",
        topic: Topic,
        scope: str,
        values: Mapping[str, str],
        viewer: Viewer,
        offered: frozenset[str],
        show: Show,
        after: Place | None,
    ) -> None:
        self.hubs = hubs
        self.topic = topic
        self.scope = scope
        self.values = values
        self.viewer = viewer
        self.offered = offered
        self.show = show
        self.after = after

    def __aiter__(self) -> AsyncIterator[Any]:
        raise TypeError("a feed is heard through a sink")


class Listening:
    """A subscription that runs.

    Args:
        hubs: where it runs.
        hub: what is watched.
        subscriber: who.
    """

    __slots__ = ("_hub", "_hubs", "_subscriber")

    def __init__(self, hubs: "Hubs", hub: Hub, subscriber: Subscriber) -> None:
        self._hubs = hubs
        self._hub = hub
        self._subscriber = subscriber

    def go_on(self) -> None:
        """The client reads again."""
        self._subscriber.go_on()

    def stop(self) -> None:
        """Ends it; repeating that is harmless."""
        self._hubs.leave(self._hub, self._subscriber)


class Hubs:
    """The hubs of this gateway.

    Args:
        bus: the connection to NATS.
        backends: the services.
        presence: learns that whoever watches a conference is there.
        safety_seconds: real time after which every view is asked for again.
    """

    def __init__(
        self, bus: Bus, backends: Backends, presence: Presence, *, safety_seconds: float = SAFETY_SECONDS
    ) -> None:
        self._bus = bus
        self._backends = backends
        self._presence = presence
        self._safety_seconds = safety_seconds
        self._hubs: dict[tuple[str, str], Hub] = {}
        self._members: set[Subscriber] = set()
        self._closing: set[asyncio.Task[None]] = set()
        bus.on_reconnect.append(self._on_reconnect)
        HUBS.set_function(lambda: len(self._hubs))

    def __len__(self) -> int:
        return len(self._hubs)

    async def listen(self, feed: Feed, words: Words, sink: Sink) -> Listening:
        """Begins to tell a sink of a feed; the first message may have been written when this returns.

        Args:
            feed: what is watched, and by whom.
            words: the operation, in whose words it is told.
            sink: where it is told.
        """
        hub = self._hub(feed)
        subscriber = hub.join(feed.viewer, words, sink, feed.offered)
        self._members.add(subscriber)
        if feed.topic.attended:
            self._presence.enter(feed.scope, feed.viewer.id, feed.viewer.visiting)
        try:
            await hub.open()
            await subscriber.begin(feed.after)
        except BaseException:
            self.leave(hub, subscriber)
            raise
        return Listening(self, hub, subscriber)

    def leave(self, hub: Hub, subscriber: Subscriber) -> None:
        """Ends a subscription; its hub lives as long as somebody watches."""
        if subscriber not in self._members:
            return
        self._members.discard(subscriber)
        subscriber.end()
        if hub.topic.attended:
            self._presence.leave(hub.scope, subscriber.viewer.id)
        key = (hub.topic.name, hub.scope)
        if hub.leave(subscriber) and self._hubs.get(key) is hub:
            del self._hubs[key]
            task = asyncio.create_task(hub.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """Closes every hub."""
        hubs, self._hubs = list(self._hubs.values()), {}
        for hub in hubs:
            await hub.close()
        await asyncio.gather(*self._closing)

    def _hub(self, feed: Feed) -> Hub:
        key = (feed.topic.name, feed.scope)
        hub = self._hubs.get(key)
        if hub is None:
            subjects = tuple(rendered(subject, self._bus.prefix, feed.values) for subject in feed.topic.subjects)
            hub = self._hubs[key] = Hub(
                feed.topic,
                feed.scope,
                subjects,
                feed.show,
                self._bus,
                self._backends,
                safety_seconds=self._safety_seconds,
            )
        return hub

    def _on_reconnect(self) -> None:
        self._backends.names.forget_all()
        for hub in self._hubs.values():
            hub.mark_all()

# SPDX-License-Identifier: Apache-2.0
"""A hub without services and clients without a network: what is told, and what a client makes of it."""

from typing import Any, cast

import msgspec

from gateway.live.changes import Change
from gateway.live.hub import Hub
from gateway.live.subscriber import Place, Subscriber
from gateway.live.topics import CONFERENCE, Topic
from gateway.live.views import Key
from gateway.live.visibility import Viewer
from services.chassis.refusals import Unavailable
from services.chassis.requests import Reply

SCOPE = "c" * 32


class Said:
    """A message; its payload is its number."""

    def __init__(self, show: "Show", place: Place, said: Any) -> None:
        self.place = place
        self.said = said
        self.context = self
        self.sharing = self
        self.incomplete = show.incomplete
        self.number = len(show.told)
        show.told.append(self)

    def payload(self, words: Any, told: Any, then: Any) -> bytes:
        return b"%d" % self.number


class Show:
    """Shows messages as they are, and remembers all that were made."""

    def __init__(self) -> None:
        self.told: list[Said] = []
        self.incomplete = False

    def snapshot(self, hub: Hub, place: Place, view: dict[Key, Any]) -> Any:
        return Said(self, place, dict(view))

    def resumed(self, hub: Hub, place: Place) -> Any:
        return Said(self, place, None)

    def change(self, hub: Hub, place: Place, change: Change) -> Any:
        return Said(self, place, change)


class Nobody:
    """Services that are all away."""

    async def ask(self, query: Any, actor: Any, *, after: str | None = None) -> Reply[Any]:
        return Reply(None, refusal=Unavailable(service=query.SERVICE))


def hub(topic: Topic = CONFERENCE) -> Hub:
    made = Hub(topic, SCOPE, (), Show(), cast("Any", None), cast("Any", Nobody()))
    made.fresh._ask = lambda key: made.fresh._kept[key].asked.set()  # type: ignore[method-assign]
    return made


def answered(hub: Hub, key: Key, answer: Any) -> None:
    """A service has answered; None: it has nothing there."""
    hub.fresh._take(key, answer)


def tell_now(hub: Hub) -> None:
    """The round that is due, at once."""
    if hub._round is not None:
        hub._round.cancel()
        hub._tell()


class Client:
    """Who listens, and the picture they make of it.

    Args:
        hub: what is watched.
        viewer: who they are.
    """

    def __init__(self, hub: Hub, viewer: Viewer) -> None:
        self.hub = hub
        self.viewer = viewer
        self.picture: dict[Key, Any] = {}
        self.cursor: Place | None = None
        self.heard: list[Any] = []
        self.ready = True
        self.takes = float("inf")
        self.failed: Exception | None = None
        self.subscriber: Subscriber | None = None

    async def connect(self) -> None:
        self.subscriber = self.hub.join(self.viewer, cast("Any", "words"), self)
        await self.subscriber.begin(self.cursor)

    def disconnect(self) -> None:
        if self.subscriber is not None:
            self.subscriber.end()
            self.hub.leave(self.subscriber)
            self.subscriber = None

    def stall(self, after: int) -> None:
        """Reads so many messages more and then none."""
        did_not, self.takes, self.ready = not self.ready, after, after > 0
        if did_not and self.ready and self.subscriber is not None:
            self.subscriber.go_on()

    def read(self) -> None:
        """Reads again."""
        self.takes, self.ready = float("inf"), True
        if self.subscriber is not None:
            self.subscriber.go_on()

    def write(self, payload: bytes) -> None:
        assert self.ready
        message = cast("Show", self.hub.show).told[int(payload)]
        self.takes -= 1
        self.ready = self.takes > 0
        self.cursor = message.place
        self.heard.append(message.said)
        if isinstance(message.said, Change):
            self._fold(message.said)
        elif message.said is not None:
            self.picture = dict(message.said)

    def fail(self, error: Exception) -> None:
        self.failed = error

    def _fold(self, change: Change) -> None:
        listed = self.hub.topic.listed.get(change.key.kind)
        if change.now is None:
            self.picture.pop(change.key, None)
        elif listed is None:
            self.picture[change.key] = change.now
        else:
            items = {listed.id_of(item): item for item in listed.items(self.picture.get(change.key) or change.now)}
            items.update((listed.id_of(item), item) for item in change.changed)
            self.picture[change.key] = {name: item for name, item in items.items() if name not in change.removed}
            self.picture[change.key] = _rebuilt(change.now, tuple(self.picture[change.key].values()))

    def sees(self) -> dict[Key, Any]:
        """The picture, lists in one order."""
        return {key: _ordered(part) for key, part in self.picture.items()}

    def fresh(self) -> dict[Key, Any]:
        """What a fresh snapshot would say."""
        parts = self.hub.topic.parts(self.hub.look(self.viewer, {}), self.hub.views, None)
        return {key: _ordered(part) for key, part in parts.items()}


def _ordered(part: Any) -> Any:
    if isinstance(part, tuple) and not hasattr(part, "_fields"):
        return tuple(sorted(part, key=repr))
    for name in getattr(part, "__struct_fields__", ()):
        if name in ("cards", "messages"):
            return _rebuilt(part, tuple(sorted(getattr(part, name), key=repr)))
    return part


def _rebuilt(part: Any, items: tuple[Any, ...]) -> Any:
    for name in getattr(part, "__struct_fields__", ()):
        if name in ("cards", "messages"):
            return msgspec.structs.replace(part, **{name: items})
    return items

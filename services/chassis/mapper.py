# SPDX-License-Identifier: Apache-2.0
"""Between events as the domain sees them and events as the log holds them.

State is JSON without any tag; the topic says which class it belongs to: `TOPIC` for version 1, `TOPIC/<n>`
for version n. An older version is lifted step by step by the class's `upcast_vN_vM`, on reading only.
"""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from services.chassis.decider import Event

Decode = Callable[[bytes], Event]


class UnknownEvent(Exception):
    """The log holds an event that this release does not know: a newer one wrote it.

    Whoever meets it stops there; folding on without it would give a state that never was.
    """

    def __init__(self, topic: str) -> None:
        super().__init__(f"this release does not know the event {topic!r}; a newer one wrote it")
        self.topic = topic


class _Decoders(dict[str, Decode]):
    def __missing__(self, topic: str) -> Decode:
        raise UnknownEvent(topic)


def topic_of(event: type[Event], version: int | None = None) -> str:
    """The topic under which a version of an event is stored (None: its present version)."""
    number = event.VERSION if version is None else version
    return event.TOPIC if number == 1 else f"{event.TOPIC}/{number}"


class Mapper:
    """Encodes and decodes the events of one service.

    Args:
        events: every event type the log may hold.

    Raises:
        ValueError: two types share a topic, or a type lacks the upcast from one of its older versions.
    """

    def __init__(self, events: Iterable[type[Event]]) -> None:
        self._topics: dict[type[Event], str] = {}
        self.decoders: dict[str, Decode] = _Decoders()
        self._encode = msgspec.json.Encoder().encode
        for event in events:
            self._add(event)

    @property
    def events(self) -> tuple[type[Event], ...]:
        """The event types this mapper knows."""
        return tuple(self._topics)

    def topic(self, event: type[Event]) -> str:
        """The topic under which new events of a type are stored."""
        return self._topics[event]

    def topics(self, events: Iterable[type[Event]]) -> list[str]:
        """Every topic, of present and older versions, under which events of these types may be stored."""
        return [topic_of(event, version) for event in events for version in range(1, event.VERSION + 1)]

    def encode(self, event: Event) -> tuple[str, bytes]:
        """Topic and state of an event."""
        return self._topics[type(event)], self._encode(event)

    def decode(self, topic: str, state: bytes) -> Event:
        """The event of a topic and state, lifted to the present version.

        Raises:
            UnknownEvent: the topic, or this version of it, is not known.
            msgspec.ValidationError: the state does not have the fields of its version.
        """
        return self.decoders[topic](state)

    def _add(self, event: type[Event]) -> None:
        if event in self._topics:
            return
        topic = topic_of(event)
        decode = msgspec.json.Decoder(event).decode
        for version in range(1, event.VERSION + 1):
            stored = topic_of(event, version)
            if stored in self.decoders:
                raise ValueError(f"two events are stored under the topic {stored!r}")
            self.decoders[stored] = decode if version == event.VERSION else self._lifting(event, version, decode)
        self._topics[event] = topic

    def _lifting(self, event: type[Event], version: int, decode: Decode) -> Decode:
        steps: list[Callable[[dict[str, Any]], dict[str, Any]]] = []
        for source in range(version, event.VERSION):
            step = getattr(event, f"upcast_v{source}_v{source + 1}", None)
            if step is None:
                raise ValueError(f"{event.__name__} has version {event.VERSION} but no upcast_v{source}_v{source + 1}")
            steps.append(step)

        def lift(state: bytes) -> Event:
            fields: dict[str, Any] = msgspec.json.decode(state)
            for step in steps:
                fields = step(fields)
            return decode(self._encode(fields))

        return lift

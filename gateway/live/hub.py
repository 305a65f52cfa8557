# SPDX-License-Identifier: Apache-2.0
"""One hub per thing that somebody watches: its views in memory, kept fresh by what the services tell.

Every view is asked for again now and then, in case the message was lost that would have said that it is out of date.

Whenever answers have changed, all subscribers are told in one round. The first change goes out at once, those after
it together; what changes again and again, such as a tally, is told about three times a second.
"""

import asyncio
from typing import Any
from uuid import uuid4

import msgspec

from gateway.backends import Backends
from gateway.execution.sharing import Words
from gateway.live.changes import Changes
from gateway.live.freshness import Freshness, Kept
from gateway.live.history import History
from gateway.live.parts import Look, Memo
from gateway.live.rounds import Round
from gateway.live.subscriber import Show, Sink, Subscriber
from gateway.live.topics import Topic
from gateway.live.views import Key, Message, Told
from gateway.live.visibility import Viewer
from gateway.metrics import TOLD
from services.chassis.bus import Bus, Subscribed
from services.chassis.contract import Position
from services.chassis.subjects import ES_EPOCH, ES_POSITION
from services.chassis.telemetry import apart
from services.contracts import registration, session

SAFETY_SECONDS = 10.0
TELL_SECONDS = 0.1
TALLY_SECONDS = 0.3
"""Real time between two rounds of tellings, and between two of tallies alone."""

_ERASING: tuple[Message, ...] = (session.ChatDeleted, session.CityChatDeleted, registration.ParticipantErased)
ERASING = frozenset(message.__name__ for message in _ERASING)
"""After these no text of before is kept, not even for those who come back after a moment."""

_TOLD = msgspec.json.Decoder(Told)


class Hub:
    """The live views of one thing that is watched.

    Args:
        topic: what kind of thing.
        scope: which one: the id of a conference or a jury round; empty where there is only one.
        subjects: where changes are told.
        show: how GraphQL shows them.
        bus: the connection to NATS.
        backends: the services.
        safety_seconds: real time after which every view is asked for again.

    Attributes:
        id: tells hubs apart: a place in one says nothing about another.
        fresh: keeps the views fresh.
        views: the newest answers.
        stood: goes up whenever viewers may stand otherwise than before.
    """

    def __init__(
        self,
        topic: Topic,
        scope: str,
        subjects: tuple[str, ...],
        show: Show,
        bus: Bus,
        backends: Backends,
        *,
        safety_seconds: float = SAFETY_SECONDS,
    ) -> None:
        self.id = uuid4().hex[:12]
        self.topic = topic
        self.scope = scope
        self.show = show
        self.fresh = Freshness(topic, scope, backends, self._on_change)
        self.views = self.fresh.views
        self.history = History()
        self.shared: Memo = {}
        self.released: set[str] = set()
        self.stood = 0
        self.changes = Changes(topic.listed)
        self._subjects = subjects
        self._bus = bus
        self._safety_seconds = safety_seconds
        self._subscriptions: list[Subscribed] = []
        self._subscribers: set[Subscriber] = set()
        self._safety: asyncio.Task[None] | None = None
        self._opening = asyncio.Lock()
        self._changed: set[str] = set()
        self._erased: set[Key] = set()
        self._round: asyncio.TimerHandle | None = None
        self._round_at = float("inf")
        self._told_at = float("-inf")

    async def open(self) -> None:
        """Listens; what is asked for from now on misses nothing. Repeating it is harmless."""
        async with self._opening:
            if self._safety is None:
                for subject in self._subjects:
                    self._subscriptions.append(await self._bus.subscribe(subject, self._on_message))
                self._safety = asyncio.create_task(self._ask_again_now_and_then(), context=apart())

    async def close(self) -> None:
        """Forgets everything."""
        if self._round is not None:
            self._round.cancel()
        await self.fresh.close()
        if self._safety is not None:
            self._safety.cancel()
            await asyncio.gather(self._safety, return_exceptions=True)
        for subscription in self._subscriptions:
            await subscription.stop()

    def join(self, viewer: Viewer, words: Words, sink: Sink, offered: frozenset[str] | None = None) -> Subscriber:
        """A new subscription."""
        subscriber = Subscriber(self, viewer, words, sink, offered)
        self._subscribers.add(subscriber)
        return subscriber

    def leave(self, subscriber: Subscriber) -> bool:
        """Ends a subscription; whether it was the last one."""
        self._subscribers.discard(subscriber)
        return not self._subscribers

    def look(self, viewer: Viewer, shared: Memo | None = None) -> Look:
        """How a viewer looks at it."""
        return Look(viewer, self.shared if shared is None else shared, self.released)

    def want(self, viewer: Viewer) -> list[Kept]:
        """Sees to it that the views of a viewer are kept."""
        return self.fresh.keep(self.topic.wanted(viewer, self.views))

    async def loaded(self, viewer: Viewer) -> None:
        """Waits until every view of a viewer was asked for once, answered or not."""
        for _ in range(2):  # the channels of groups are known only after the groups
            for kept in self.want(viewer):
                if not kept.asked.is_set():
                    await kept.asked.wait()

    def mark_all(self) -> None:
        """Every view may be out of date."""
        for key in self.fresh.keys:
            self.fresh.mark(key)

    # --- what comes in ---------------------------------------------------------------------------------------

    async def _on_message(self, message: Any) -> None:
        _, _, service, _, _, name = message.subject.removeprefix(self._bus.prefix).split(".", 5)
        kinds = self.topic.bound.get((service, name), ())
        if not kinds:
            return
        told = _TOLD.decode(message.data)
        if self.topic.attended:
            self._note_seat(name, told)
        headers = message.headers or {}
        value, epoch = headers.get(ES_POSITION, told.position), headers.get(ES_EPOCH)
        position = Position(epoch, int(value)) if epoch and value is not None else None
        for key in self.fresh.keys:
            view = self.topic.views[key.kind]
            if key.kind not in kinds or not view.concerns(self.scope, key, told):
                continue
            if name in ERASING:
                self._erased.add(key)
            if view.service == service:
                self.fresh.mark(key, position)
            else:
                # That service hears the message by itself and needs a moment; what it then does it may not tell.
                self.fresh.mark(key)
                self.fresh.mark_later(key)

    def _note_seat(self, name: str, told: Told) -> None:
        """Who loses their seat sees the conference no more at once; the views follow when their services know."""
        person = told.participant_id
        if person is None or name not in ("SeatReleased", "SeatTaken"):
            return
        if (name == "SeatReleased") == (person in self.released):
            return
        if name == "SeatReleased":
            self.released.add(person)
        else:
            self.released.discard(person)
        self.history.forget()  # what they had seen before is not what they may resume from
        self.stood += 1
        self._tell_soon("presence")

    def _on_change(self, key: Key) -> None:
        self.history.note(key, self.views.get(key))
        if key in self._erased:
            self._erased.discard(key)
            self.history.forget()  # nobody resumes from texts that are gone, and they lie in memory no longer
        if key.kind in self.topic.standing_on:
            self.stood += 1
        self._tell_soon(key.kind)

    async def _ask_again_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(self._safety_seconds)
            needed: set[Key] = set()
            for subscriber in self._subscribers:
                needed |= self.topic.wanted(subscriber.viewer, self.views)
            for key in self.fresh.keys:
                if key not in needed and self.fresh.drop(key):
                    self.stood += 1
                    self.history.note(key, None)
                    self.history.forget()
            self.mark_all()

    # --- rounds ----------------------------------------------------------------------------------------------

    def _tell_soon(self, kind: str) -> None:
        """A round is due: at once when the last one is long ago, else together with what else changes meanwhile."""
        self._changed.add(kind)
        loop = asyncio.get_running_loop()
        pace = TALLY_SECONDS if kind in self.topic.tallies else TELL_SECONDS
        due = max(loop.time(), self._told_at + pace)
        if due < self._round_at:
            if self._round is not None:
                self._round.cancel()
            self._round_at = due
            self._round = loop.call_at(due, self._tell)

    def _tell(self) -> None:
        changed, self._changed = self._changed, set()
        self._round, self._round_at = None, float("inf")
        self._told_at = asyncio.get_running_loop().time()
        affected = frozenset().union(*map(self.topic.affected, changed))
        now = Round(self, affected, choosing=not changed.isdisjoint(self.topic.choosing))
        TOLD.inc(sum(subscriber.tell(now) for subscriber in tuple(self._subscribers)))
        self.changes.begin()

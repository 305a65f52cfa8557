# SPDX-License-Identifier: Apache-2.0
"""One hub per thing that somebody watches: its views in memory, kept fresh by what the services tell.

A message never carries the news itself; it says that a view is out of date and from which position on. So a lost,
repeated or late message costs one question and never a wrong picture, and every view is asked for again now and
then in case the message was lost.

Whenever answers have changed, all subscribers are told in one round. The first change goes out at once, those after
it together; what changes again and again, such as a tally, is told about three times a second.
"""

import asyncio
import time
from typing import Any
from uuid import uuid4

import msgspec
import structlog

from gateway.backends import GATEWAY, Backends
from gateway.execution.sharing import Words
from gateway.live.changes import Changes
from gateway.live.history import History
from gateway.live.parts import Look, Memo
from gateway.live.rounds import Round
from gateway.live.subscriber import Show, Sink, Subscriber
from gateway.live.topics import Topic
from gateway.live.views import Key, Told
from gateway.live.visibility import Viewer
from gateway.metrics import QUESTIONS, TOLD
from services.chassis.bus import Bus, Subscribed
from services.chassis.contract import Position, QueryRequest
from services.chassis.decider import Refusal
from services.chassis.refusals import NotAllowed, NotFound
from services.chassis.requests import Reply
from services.chassis.subjects import ES_EPOCH, ES_POSITION

log = structlog.get_logger()

SAFETY_SECONDS = 10.0
LATER_SECONDS = 0.5
RETRY_SECONDS = 0.5
STALE_SECONDS = 0.05
TELL_SECONDS = 0.1
TALLY_SECONDS = 0.3
"""Real time between two rounds of tellings, and between two of tallies alone."""

_TOLD = msgspec.json.Decoder(Told)


class _State:
    """One view in memory."""

    __slots__ = ("after", "asked", "asked_at", "dirty", "position", "task")

    def __init__(self) -> None:
        self.position: Position | None = None
        self.after: Position | None = None
        self.dirty = True
        self.asked = asyncio.Event()
        self.asked_at = float("-inf")
        self.task: asyncio.Task[None] | None = None


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
        views: the newest answers.
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
        self.views: dict[Key, Any] = {}
        self.history = History()
        self.shared: Memo = {}
        self.released: set[str] = set()
        self.changes = Changes(topic.listed)
        self._subjects = subjects
        self._bus = bus
        self._backends = backends
        self._safety_seconds = safety_seconds
        self._states: dict[Key, _State] = {}
        self._subscriptions: list[Subscribed] = []
        self._subscribers: set[Subscriber] = set()
        self._safety: asyncio.Task[None] | None = None
        self._later: set[asyncio.TimerHandle] = set()
        self._opening = asyncio.Lock()
        self._changed: set[str] = set()
        self._round: asyncio.TimerHandle | None = None
        self._round_at = float("inf")
        self._told_at = float("-inf")

    @property
    def positions(self) -> str:
        """How far the services had come in what is known of them, `<service>/<epoch>:<value>` separated by commas."""
        newest: dict[str, Position] = {}
        for key, state in self._states.items():
            service, position = self.topic.views[key.kind].service, state.position
            known = newest.get(service)
            if position and (known is None or known.epoch != position.epoch or known.value < position.value):
                newest[service] = position
        return ",".join(f"{service}/{position}" for service, position in sorted(newest.items()))

    async def open(self) -> None:
        """Listens; what is asked for from now on misses nothing. Repeating it is harmless."""
        async with self._opening:
            if self._safety is None:
                for subject in self._subjects:
                    self._subscriptions.append(await self._bus.subscribe(subject, self._on_message))
                self._safety = asyncio.create_task(self._ask_again_now_and_then())

    async def close(self) -> None:
        """Forgets everything."""
        for timer in self._later:
            timer.cancel()
        if self._round is not None:
            self._round.cancel()
        tasks = [state.task for state in self._states.values() if state.task]
        if self._safety is not None:
            tasks.append(self._safety)
        self._states.clear()  # what is still told asks nobody any more
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
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

    def want(self, viewer: Viewer) -> list[_State]:
        """Sees to it that the views of a viewer are kept."""
        found = []
        for key in self.topic.wanted(viewer, self.views):
            if key not in self._states:
                self._states[key] = _State()
                self._ask(key)
            found.append(self._states[key])
        return found

    async def loaded(self, viewer: Viewer) -> None:
        """Waits until every view of a viewer was asked for once, answered or not."""
        for _ in range(2):  # the channels of groups are known only after the groups
            for state in self.want(viewer):
                if not state.asked.is_set():
                    await state.asked.wait()

    def mark_all(self) -> None:
        """Every view may be out of date."""
        for key in self._states:
            self._mark(key, None)

    # --- freshness -------------------------------------------------------------------------------------------

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
        for key in list(self._states):
            view = self.topic.views[key.kind]
            if key.kind not in kinds or not view.concerns(self.scope, key, told):
                continue
            if view.service == service:
                self._mark(key, position)
            else:
                # That service hears the message by itself and needs a moment; what it then does it may not tell.
                self._mark(key, None)
                self._mark_later(key)

    def _note_seat(self, name: str, told: Told) -> None:
        """Who loses their seat sees the conference no more at once; the views follow when their services know."""
        if told.participant_id is None:
            return
        if name == "SeatReleased" and told.participant_id not in self.released:
            self.released.add(told.participant_id)
            self.history.forget()  # what they had seen before is not what they may resume from
            self._tell_soon("presence")
        elif name == "SeatTaken" and told.participant_id in self.released:
            self.released.discard(told.participant_id)
            self.history.forget()
            self._tell_soon("presence")

    def _mark(self, key: Key, after: Position | None) -> None:
        state = self._states.get(key)
        if state is None:
            return
        state.dirty = True
        if after is not None and (
            state.after is None or state.after.epoch != after.epoch or state.after.value < after.value
        ):
            state.after = after
        self._ask(key)

    def _mark_later(self, key: Key) -> None:
        def fire() -> None:
            self._later.discard(timer)
            self._mark(key, None)

        timer = asyncio.get_running_loop().call_later(LATER_SECONDS, fire)
        self._later.add(timer)

    def _ask(self, key: Key) -> None:
        state = self._states[key]
        if state.task is None or state.task.done():
            state.task = asyncio.create_task(self._keep_fresh(key, state))

    async def _keep_fresh(self, key: Key, state: _State) -> None:
        try:
            await self._refresh(key, state)
        except Exception as error:  # an answer that cannot be read: asked for again with the next message, or soon
            log.error("a view was not kept fresh", view=key.kind, scope=self.scope, exc_info=error)
            state.asked.set()  # whoever waits for it does without

    async def _refresh(self, key: Key, state: _State) -> None:
        """Asks until the answer is as new as the newest message: one question at a time."""
        pause = self.topic.views[key.kind].pause
        while state.dirty:
            early = state.asked_at + pause - time.monotonic()
            if early > 0:
                await asyncio.sleep(early)  # paces the questions: what comes meanwhile needs no question of its own
            state.asked_at = time.monotonic()
            state.dirty = False
            reply = await self._reply(key, str(state.after) if state.after else None)
            if reply.refusal is not None:
                await self._refused(key, state, reply.refusal, stale=reply.stale)
                continue
            try:
                position = Position.parse(reply.position)
            except ValueError:
                position = None
            known = state.position
            older = known and position and known.epoch == position.epoch and position.value < known.value
            if not older:
                state.position = position or known
                self._take(key, reply.answer)
            state.asked.set()
            if reply.stale or older:
                state.dirty = True
                await asyncio.sleep(STALE_SECONDS)  # paces the questions to a service that is behind

    async def _reply(self, key: Key, after: str | None) -> Reply[Any]:
        """The answer for a view, put together from its pages; the reply of the first page says how new it is."""
        view = self.topic.views[key.kind]
        actor = GATEWAY if view.asks is None else view.asks(key.channel)
        replies: list[Reply[Any]] = []
        question: QueryRequest[Any] | None = view.query(self.scope, key.channel)
        while question is not None:
            QUESTIONS.labels(key.kind).inc()
            reply = await self._backends.ask(question, actor, after=after)
            if reply.refusal is not None:
                return reply
            replies.append(reply)
            question = view.more(reply.answer)
        first = replies[0]
        if len(replies) == 1:
            return first
        answer = view.join([reply.answer for reply in replies])
        return Reply(answer=answer, refusal=None, position=first.position, stale=any(one.stale for one in replies))

    async def _refused(self, key: Key, state: _State, refusal: Refusal, *, stale: bool) -> None:
        if isinstance(refusal, (NotFound, NotAllowed)):
            self._take(key, None)
            state.asked.set()
            if stale:  # it may have come meanwhile
                state.dirty = True
                await asyncio.sleep(STALE_SECONDS)  # paces the questions to a service that is behind
            return
        # The last answer stays: it is what was true when the service was last heard.
        log.info("view not answered", view=key.kind, scope=self.scope, refusal=type(refusal).__name__)
        state.asked.set()
        state.dirty = True
        await asyncio.sleep(RETRY_SECONDS)  # paces the questions to a service that is away

    def _take(self, key: Key, answer: Any) -> None:
        known = self.views.get(key)
        if known == answer:
            return
        if answer is None:
            del self.views[key]
        else:
            self.views[key] = _thrifty(known, answer)
        self.history.note(key, self.views.get(key))
        self._tell_soon(key.kind)

    async def _ask_again_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(self._safety_seconds)
            needed: set[Key] = set()
            for subscriber in self._subscribers:
                needed |= self.topic.wanted(subscriber.viewer, self.views)
            for key in [key for key in self._states if key not in needed]:
                state = self._states.pop(key)
                state.asked.set()  # whoever waits for it does without
                if state.task is not None:
                    state.task.cancel()
                if self.views.pop(key, None) is not None:
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


def _thrifty(old: Any, new: Any) -> Any:
    """The new answer, with the old objects for what has not changed: they are compared and kept many times."""
    found = {}
    for name in new.__struct_fields__ if old is not None else ():
        items, before = getattr(new, name), getattr(old, name)
        if isinstance(items, tuple) and isinstance(before, tuple) and items and _hashable(items[0]):
            known = {item: item for item in before}
            found[name] = tuple(known.get(item, item) for item in items)
    return msgspec.structs.replace(new, **found) if found else new


def _hashable(item: object) -> bool:
    try:
        hash(item)
    except TypeError:
        return False
    return True

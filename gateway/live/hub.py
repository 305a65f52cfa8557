# SPDX-License-Identifier: Apache-2.0
"""One hub per conference that somebody watches: its views in memory, kept fresh by what the services tell.

A message never carries the news itself; it says that a view is out of date and from which position on. So a lost,
repeated or late message costs one question and never a wrong picture, and every view is asked for again now and
then in case the message was lost.
"""

import asyncio
import time
from collections.abc import Iterable
from typing import Any

import msgspec
import structlog

from gateway.backends import GATEWAY, Backends
from gateway.live.parts import Change, Changes, Look, Memo, parts, wanted
from gateway.live.views import BOUND, VIEWS, Key
from gateway.live.visibility import Viewer
from gateway.metrics import QUESTIONS
from services.chassis.bus import Bus, Subscribed
from services.chassis.contract import Position
from services.chassis.decider import Refusal
from services.chassis.refusals import NotAllowed, NotFound
from services.chassis.subjects import ES_EPOCH, ES_POSITION, partition

log = structlog.get_logger()

SAFETY_SECONDS = 10.0
LATER_SECONDS = 0.5
RETRY_SECONDS = 0.5
STALE_SECONDS = 0.05
TELL_SECONDS = 0.1
"""Real time between two tellings of one subscriber: the first change goes out at once, those after it together."""


class _Told(msgspec.Struct):
    """What a hub reads of a message: the channel of a chat message, the position of a live change."""

    channel: str | None = None
    position: int | None = None


_TOLD = msgspec.json.Decoder(_Told)


class _State:
    """One view in memory."""

    def __init__(self) -> None:
        self.answer: Any = None
        self.position: Position | None = None
        self.after: Position | None = None
        self.dirty = True
        self.asked = asyncio.Event()
        self.task: asyncio.Task[None] | None = None


class Subscriber:
    """One subscription. It holds no queue: it compares what it was sent with what is, whenever it is its turn.

    Args:
        hub: the conference.
        viewer: who watches.
    """

    def __init__(self, hub: "Hub", viewer: Viewer) -> None:
        self._hub = hub
        self._look = Look(viewer, hub.shared)
        self._timer: asyncio.TimerHandle | None = None
        self.viewer = viewer
        self.woken = asyncio.Event()
        self.sent: dict[Key, Any] = {}
        self._lacking: frozenset[Key] = frozenset()
        self._again: frozenset[Key] = frozenset()
        self._told_at = float("-inf")
        self._pause = RETRY_SECONDS

    async def snapshot(self) -> dict[Key, Any]:
        """All parts, once every view has been asked for."""
        await self._hub.loaded(self.viewer)
        self.woken.clear()
        self.sent = parts(self._look, self._hub.views)
        return self.sent

    async def next(self) -> list[Change]:
        """The changes since what was sent before; waits for the first."""
        if not self._lacking and not self._again:
            self._pause = RETRY_SECONDS  # what was told last was complete
        while True:
            await self.woken.wait()
            await asyncio.sleep(self._told_at + TELL_SECONDS - time.monotonic())  # paces what the client is told
            self.woken.clear()
            self._hub.want(self.viewer)
            now = parts(self._look, self._hub.views)
            found = self._hub.changes.between(self.sent, now, self._again)
            self.sent, self._again = now, frozenset()
            if found:
                self._told_at = time.monotonic()
                return found

    def tell_again(self, keys: Iterable[Key]) -> None:
        """What was said of these parts was incomplete, a name was missing: they are told once more, a little later.

        The pause grows while it goes on: all that somebody sees is much to say again and again.
        """
        self._lacking = self._lacking.union(keys)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._pause, self._tell_what_lacked)
            self._pause = min(SAFETY_SECONDS, 2 * self._pause)

    def _tell_what_lacked(self) -> None:
        self._timer = None
        self._again, self._lacking = self._lacking, frozenset()
        self.woken.set()


class Hub:
    """The live views of one conference.

    Args:
        conference: its id.
        bus: the connection to NATS.
        backends: the services.
        safety_seconds: real time after which every view is asked for again.
    """

    def __init__(
        self, conference: str, bus: Bus, backends: Backends, *, safety_seconds: float = SAFETY_SECONDS
    ) -> None:
        self.conference = conference
        self._bus = bus
        self._backends = backends
        self._safety_seconds = safety_seconds
        self._states: dict[Key, _State] = {}
        self._subscriptions: list[Subscribed] = []
        self._subscribers: set[Subscriber] = set()
        self._safety: asyncio.Task[None] | None = None
        self._later: set[asyncio.TimerHandle] = set()
        self._opening = asyncio.Lock()
        self.shared: Memo = {}
        self.changes = Changes()

    @property
    def views(self) -> dict[Key, Any]:
        """The newest answers."""
        return {key: state.answer for key, state in self._states.items() if state.answer is not None}

    @property
    def positions(self) -> dict[str, str]:
        """The position of each service that the views have reached."""
        newest: dict[str, Position] = {}
        for key, state in self._states.items():
            service = VIEWS[key.kind].service
            known = newest.get(service)
            if state.position and (known is None or known.epoch != state.position.epoch or known < state.position):
                newest[service] = state.position
        return {service: str(position) for service, position in sorted(newest.items())}

    async def open(self) -> None:
        """Listens; what is asked for from now on misses nothing. Repeating it is harmless."""
        async with self._opening:
            if self._safety is None:
                await self._open()

    async def _open(self) -> None:
        number = partition(self.conference)
        for kind in ("evt", "live"):
            subject = f"{self._bus.prefix}.{kind}.*.p{number:02d}.{self.conference}.>"
            self._subscriptions.append(await self._bus.subscribe(subject, self._on_message))
        self._safety = asyncio.create_task(self._ask_again_now_and_then())

    async def close(self) -> None:
        """Forgets everything."""
        for timer in self._later:
            timer.cancel()
        tasks = [state.task for state in self._states.values() if state.task]
        if self._safety is not None:
            tasks.append(self._safety)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for subscription in self._subscriptions:
            await subscription.stop()

    def join(self, viewer: Viewer) -> Subscriber:
        """A new subscription."""
        subscriber = Subscriber(self, viewer)
        self._subscribers.add(subscriber)
        return subscriber

    def leave(self, subscriber: Subscriber) -> bool:
        """Ends a subscription; whether it was the last one."""
        self._subscribers.discard(subscriber)
        return not self._subscribers

    def want(self, viewer: Viewer) -> list[_State]:
        """Sees to it that the views of a viewer are kept."""
        found = []
        for key in wanted(viewer, self.views):
            if key not in self._states:
                self._states[key] = _State()
                self._ask(key)
            found.append(self._states[key])
        return found

    async def loaded(self, viewer: Viewer) -> None:
        """Waits until every view of a viewer was asked for once, answered or not."""
        for _ in range(2):  # the channels of groups are known only after the groups
            await asyncio.gather(*(state.asked.wait() for state in self.want(viewer)))

    def mark_all(self) -> None:
        """Every view may be out of date."""
        for key in self._states:
            self._mark(key, None)

    async def _on_message(self, message: Any) -> None:
        _, _, service, _, _, name = message.subject.removeprefix(self._bus.prefix).split(".", 5)
        kinds = BOUND.get((service, name), ())
        if not kinds:
            return
        told = _TOLD.decode(message.data)
        headers = message.headers or {}
        value, epoch = headers.get(ES_POSITION, told.position), headers.get(ES_EPOCH)
        position = Position(epoch, int(value)) if epoch and value is not None else None
        for key in list(self._states):
            if key.kind not in kinds or (key.kind == "chat" and told.channel not in (None, key.channel)):
                continue
            if VIEWS[key.kind].service == service:
                self._mark(key, position)
            else:
                # That service hears the message by itself and needs a moment; what it then does it may not tell.
                self._mark(key, None)
                self._mark_later(key)

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
            state.task = asyncio.create_task(self._refresh(key, state))

    async def _refresh(self, key: Key, state: _State) -> None:
        """Asks until the answer is as new as the newest message: one question at a time."""
        view = VIEWS[key.kind]
        while state.dirty:
            state.dirty = False
            after = state.after
            QUESTIONS.labels(key.kind).inc()
            reply = await self._backends.ask(
                view.query(self.conference, key.channel), GATEWAY, after=str(after) if after else None
            )
            if reply.refusal is not None:
                await self._refused(key, state, reply.refusal)
                continue
            try:
                position = Position.parse(reply.position)
            except ValueError:
                position = None
            known = state.position
            older = known and position and known.epoch == position.epoch and position.value < known.value
            if not older:
                state.position = position or known
                self._take(state, reply.answer)
            state.asked.set()
            if reply.stale or older:
                state.dirty = True
                await asyncio.sleep(STALE_SECONDS)  # paces the questions to a service that is behind

    async def _refused(self, key: Key, state: _State, refusal: Refusal) -> None:
        if isinstance(refusal, (NotFound, NotAllowed)):
            self._take(state, None)
            state.asked.set()
            return
        # The last answer stays: it is what was true when the service was last heard.
        log.info("view not answered", view=key.kind, conference=self.conference, refusal=type(refusal).__name__)
        state.asked.set()
        state.dirty = True
        await asyncio.sleep(RETRY_SECONDS)  # paces the questions to a service that is away

    def _take(self, state: _State, answer: Any) -> None:
        if state.answer != answer:
            state.answer = answer
            for subscriber in self._subscribers:
                subscriber.woken.set()

    async def _ask_again_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(self._safety_seconds)
            needed: set[Key] = set()
            for subscriber in self._subscribers:
                needed |= wanted(subscriber.viewer, self.views)
            for key in [key for key in self._states if key not in needed]:
                state = self._states.pop(key)
                state.asked.set()  # whoever waits for it does without
                if state.task is not None:
                    state.task.cancel()
            self.mark_all()

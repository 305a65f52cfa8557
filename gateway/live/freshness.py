# SPDX-License-Identifier: Apache-2.0
"""Views in memory, asked for until they are as new as the newest message about them.

A message never carries the news itself; it says that a view is out of date and from which position on. So a lost,
repeated or late message costs one question and never a wrong picture.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import structlog

from gateway.backends import GATEWAY, Backends
from gateway.live.topics import Topic
from gateway.live.views import Key
from gateway.metrics import QUESTIONS
from services.chassis.contract import Position, QueryRequest
from services.chassis.decider import Refusal
from services.chassis.refusals import NotAllowed, NotFound
from services.chassis.requests import Reply

log = structlog.get_logger()

LATER_SECONDS = 0.5
RETRY_SECONDS = 0.5
STALE_SECONDS = 0.05


class Kept:
    """How new one view in memory is.

    Attributes:
        position: of its answer, as far as its service says.
        after: the newest message that makes it out of date.
        asked: whether it was asked for once, answered or not.
    """

    __slots__ = ("after", "asked", "asked_at", "dirty", "position", "task")

    def __init__(self) -> None:
        self.position: Position | None = None
        self.after: Position | None = None
        self.dirty = True
        self.asked = asyncio.Event()
        self.asked_at = float("-inf")
        self.task: asyncio.Task[None] | None = None

    def end(self) -> None:
        """Is asked for no more; whoever waits for it does without."""
        self.asked.set()
        if self.task is not None:
            self.task.cancel()


class Freshness:
    """The views of one thing that is watched.

    Args:
        topic: what kind of thing.
        scope: which one.
        backends: the services.
        changed: called with a view that has another answer than before, or none any more.

    Attributes:
        views: the newest answers.
    """

    def __init__(self, topic: Topic, scope: str, backends: Backends, changed: Callable[[Key], None]) -> None:
        self.views: dict[Key, Any] = {}
        self._topic = topic
        self._scope = scope
        self._backends = backends
        self._changed = changed
        self._kept: dict[Key, Kept] = {}
        self._later: set[asyncio.TimerHandle] = set()

    @property
    def positions(self) -> str:
        """How far the services had come in what is known of them, `<service>/<epoch>:<value>` separated by commas."""
        newest: dict[str, Position] = {}
        for key, kept in self._kept.items():
            service, position = self._topic.views[key.kind].service, kept.position
            known = newest.get(service)
            if position and (known is None or known.epoch != position.epoch or known.value < position.value):
                newest[service] = position
        return ",".join(f"{service}/{position}" for service, position in sorted(newest.items()))

    @property
    def keys(self) -> list[Key]:
        """The views that are kept, or asked for the first time."""
        return list(self._kept)

    def keep(self, keys: Iterable[Key]) -> list[Kept]:
        """Keeps these views from now on."""
        found = []
        for key in keys:
            if key not in self._kept:
                self._kept[key] = Kept()
                self._ask(key)
            found.append(self._kept[key])
        return found

    def drop(self, key: Key) -> bool:
        """Keeps a view no more; whether it had an answer."""
        self._kept.pop(key).end()
        return self.views.pop(key, None) is not None

    async def close(self) -> None:
        """Asks no more."""
        for timer in self._later:
            timer.cancel()
        tasks = [kept.task for kept in self._kept.values() if kept.task]
        self._kept.clear()  # what is still told asks nobody any more
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def mark(self, key: Key, after: Position | None = None) -> None:
        """A view is out of date.

        Args:
            key: the view.
            after: what its service must have seen before it is asked; None: whatever it has seen.
        """
        kept = self._kept.get(key)
        if kept is None:
            return
        kept.dirty = True
        if after is not None and (
            kept.after is None or kept.after.epoch != after.epoch or kept.after.value < after.value
        ):
            kept.after = after
        self._ask(key)

    def mark_later(self, key: Key) -> None:
        """A view will be out of date in a moment."""

        def fire() -> None:
            self._later.discard(timer)
            self.mark(key)

        timer = asyncio.get_running_loop().call_later(LATER_SECONDS, fire)
        self._later.add(timer)

    def _ask(self, key: Key) -> None:
        kept = self._kept[key]
        if kept.task is None or kept.task.done():
            kept.task = asyncio.create_task(self._keep_fresh(key, kept))

    async def _keep_fresh(self, key: Key, kept: Kept) -> None:
        try:
            await self._refresh(key, kept)
        except Exception as error:  # an answer that cannot be read: asked for again with the next message, or soon
            log.error("a view was not kept fresh", view=key.kind, scope=self._scope, exc_info=error)
            kept.asked.set()  # whoever waits for it does without

    async def _refresh(self, key: Key, kept: Kept) -> None:
        """Asks until the answer is as new as the newest message: one question at a time."""
        pause = self._topic.views[key.kind].pause
        while kept.dirty:
            early = kept.asked_at + pause - time.monotonic()
            if early > 0:
                await asyncio.sleep(early)  # paces the questions: what comes meanwhile needs no question of its own
            kept.asked_at = time.monotonic()
            kept.dirty = False
            reply = await self._reply(key, str(kept.after) if kept.after else None)
            if reply.refusal is not None:
                await self._refused(key, kept, reply.refusal, stale=reply.stale)
                continue
            try:
                position = Position.parse(reply.position)
            except ValueError:
                position = None
            known = kept.position
            older = known and position and known.epoch == position.epoch and position.value < known.value
            if not older:
                kept.position = position or known
                self._take(key, reply.answer)
            kept.asked.set()
            if reply.stale or older:
                kept.dirty = True
                await asyncio.sleep(STALE_SECONDS)  # paces the questions to a service that is behind

    async def _reply(self, key: Key, after: str | None) -> Reply[Any]:
        """The answer for a view, put together from its pages; the reply of the first page says how new it is."""
        view = self._topic.views[key.kind]
        actor = GATEWAY if view.asks is None else view.asks(key.channel)
        replies: list[Reply[Any]] = []
        question: QueryRequest[Any] | None = view.query(self._scope, key.channel)
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

    async def _refused(self, key: Key, kept: Kept, refusal: Refusal, *, stale: bool) -> None:
        if isinstance(refusal, (NotFound, NotAllowed)):
            self._take(key, None)
            kept.asked.set()
            if stale:  # it may have come meanwhile
                kept.dirty = True
                await asyncio.sleep(STALE_SECONDS)  # paces the questions to a service that is behind
            return
        # The last answer stays: it is what was true when the service was last heard.
        log.info("view not answered", view=key.kind, scope=self._scope, refusal=type(refusal).__name__)
        kept.asked.set()
        kept.dirty = True
        await asyncio.sleep(RETRY_SECONDS)  # paces the questions to a service that is away

    def _take(self, key: Key, answer: Any) -> None:
        known = self.views.get(key)
        if known == answer:
            return
        if answer is None:
            del self.views[key]
        else:
            self.views[key] = _thrifty(known, answer)
        self._changed(key)


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

# SPDX-License-Identifier: Apache-2.0
"""One subscription. It holds no queue: it compares what it was sent with what is, whenever it can be told.

While its client reads slowly nothing is kept for it; when it reads again it is told the difference, in which the
newest state of everything has taken the place of all that came between.
"""

import asyncio
from collections.abc import Collection, Hashable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import structlog

from gateway.execution.sharing import Told, Words
from gateway.live.changes import Change, Parts, Step
from gateway.live.rounds import NOTHING, Round, by_kind
from gateway.live.views import Key
from gateway.live.visibility import Viewer
from gateway.metrics import TOLD

if TYPE_CHECKING:
    from gateway.live.hub import Hub

log = structlog.get_logger()

FIRST_RETRY_SECONDS = 0.5
LAST_RETRY_SECONDS = 10.0
"""Real time until what lacked a name is told again, the first time and after many times."""

UNKNOWN = 0
"""The generation of a place from which nothing can be resumed."""


class Place(NamedTuple):
    """Where a client is in what a hub tells.

    Args:
        hub: its id.
        generation: everything up to it was told.
        audience: to whom: what others see says nothing about them.
    """

    hub: str
    generation: int
    audience: str


class Show(Protocol):
    """How GraphQL shows what a hub tells."""

    def snapshot(self, hub: "Hub", place: Place, view: Mapping[Key, Any]) -> Told:
        """Everything."""
        ...

    def resumed(self, hub: "Hub", place: Place) -> Told:
        """That what the client holds is still true; what has changed follows."""
        ...

    def change(self, hub: "Hub", place: Place, change: Change) -> Told:
        """One change."""
        ...


class Sink(Protocol):
    """Where a subscription's messages go.

    Attributes:
        ready: whether one may be written now; when that turns true, `Subscriber.go_on` is called.
    """

    @property
    def ready(self) -> bool:
        """Whether the client reads."""
        ...

    def write(self, payload: bytes) -> None:
        """Takes one message, a GraphQL result as JSON; it does not wait."""
        ...

    def fail(self, error: Exception) -> None:
        """Takes the news that a message could not be made. The subscription has ended."""
        ...


class _First(NamedTuple):
    """The first message.

    Args:
        resumed: whether the client goes on from where it was, and is not told everything.
    """

    resumed: bool


class Subscriber:
    """One subscription.

    Args:
        hub: what is watched.
        viewer: who watches.
        words: the operation, in whose words it is told.
        sink: where it is told.
        offered: the kinds of parts that are told at all; None: all.
    """

    __slots__ = (
        "_again", "_batch", "_behind", "_generation", "_hub", "_lacking", "_look", "_offered", "_pause", "_sent",
        "_showing", "_sink", "_standing", "_started", "_stood", "_timer", "_waiting", "_words", "audience", "viewer",
    )  # fmt: skip

    def __init__(
        self, hub: "Hub", viewer: Viewer, words: Words, sink: Sink, offered: frozenset[str] | None = None
    ) -> None:
        self.viewer = viewer
        self.audience = "staff" if viewer.staff else "guests" if viewer.invited else "residents"
        self._hub = hub
        self._look = hub.look(viewer)
        self._words = words
        self._sink = sink
        self._offered = offered
        self._sent: dict[str, Parts] = {}  # by kind
        self._standing: Hashable = None
        self._stood = -1
        self._started = False
        self._batch: list[_First | Step] = []
        self._showing: Told | None = None  # the first of the batch, while it is made
        self._generation = UNKNOWN  # the one that is reached when the batch has been told
        self._waiting = False
        self._behind = False
        self._again: frozenset[Key] = frozenset()
        self._lacking: frozenset[Key] = frozenset()
        self._timer: asyncio.TimerHandle | None = None
        self._pause = FIRST_RETRY_SECONDS

    async def begin(self, after: Place | None) -> None:
        """Tells the first message once every view has been asked for: a snapshot, or that the client may go on.

        Args:
            after: where the client was before.
        """
        hub, topic = self._hub, self._hub.topic
        await hub.loaded(self.viewer)
        known = None
        if after is not None and after.hub == hub.id and after.audience == self.audience:
            known = hub.history.at(after.generation)
        self._standing, self._stood = topic.standing(self._look, hub.views), hub.stood
        self._started = True
        self._batch = [_First(resumed=known is not None)]
        self._generation = hub.history.generation
        if known is not None and after is not None:
            self._sent = by_kind(topic.parts(hub.look(self.viewer, {}), known, self._offered))
            self._generation = after.generation
            self._behind = True
        TOLD.inc(self._deliver())

    def end(self) -> None:
        """Tells no more."""
        self._started = False
        self._batch.clear()
        if self._timer is not None:
            self._timer.cancel()

    def tell(self, now: Round) -> int:
        """Tells what has changed; how many messages that were.

        Who cannot be told now is told later, whatever has changed until then.
        """
        if not self._started:
            return 0
        if self._batch or self._waiting or not self._sink.ready:
            self._behind = True
            return 0
        return self._compare(now)

    def go_on(self) -> None:
        """The client reads again."""
        if self._waiting or not self._started:
            return
        self._showing = None
        if self._batch and isinstance(self._batch[0], _First):  # still to be told, as things are now
            TOLD.inc(self._deliver())
            return
        self._batch.clear()  # made when more was missing or less: compared anew
        self._behind = False
        TOLD.inc(self._compare(Round(self._hub)))

    def _compare(self, now: Round) -> int:
        try:
            hub, sent, kinds, offered = self._hub, self._sent, now.kinds, self._offered
            if self._stood != hub.stood and self._stands_otherwise():
                kinds = None
            if kinds is None:
                hub.want(self.viewer)
                kinds = offered
            elif offered is not None and not kinds <= offered:
                kinds &= offered
            seen = now.seen(self._look, self._standing, kinds)
            if kinds is None:
                seen = dict.fromkeys(sent, NOTHING) | seen
            batch: list[_First | Step] = []
            for kind, parts in seen.items():
                had = sent.get(kind, NOTHING)
                if self._again:
                    batch += hub.changes.again(had, parts, self._again)
                elif had is not parts:
                    steps = hub.changes.between(had, parts)
                    if steps:
                        batch += steps
                    else:  # the same, and from now on the object that others have, too
                        sent[kind] = parts
            self._again = frozenset()
            self._generation = hub.history.generation
            self._batch = batch
            return self._deliver() if batch else 0
        except Exception as error:  # one subscription's defect is no reason to leave the others untold
            self._fail(error)
            return 0

    def _stands_otherwise(self) -> bool:
        """Looks how the viewer stands now; whether they take part from now on, or no more."""
        hub, took_part = self._hub, self._standing is not None
        self._standing, self._stood = hub.topic.standing(self._look, hub.views), hub.stood
        return took_part != (self._standing is not None)

    def _deliver(self) -> int:
        """Tells the batch for as long as the client reads; the number of messages told."""
        told = 0
        while self._batch and self._started:
            if not self._sink.ready:
                self._behind = True
                return told
            following = self._batch[0]
            shown = self._showing
            if shown is None:
                shown = self._shown(following)
            payload = shown.sharing.payload(self._words, shown, self._made)
            if payload is None:
                self._showing, self._waiting = shown, True
                return told
            self._showing = None
            self._sink.write(payload)
            told += 1
            del self._batch[0]
            keys: Collection[Key]
            if isinstance(following, _First):
                keys = [key for parts in self._sent.values() for key in parts]
            else:
                key = following.change.key
                self._sent[key.kind], keys = following.after, (key,)
            if shown.sharing.context.incomplete:
                self._tell_again(keys)
            elif not self._lacking:
                self._pause = FIRST_RETRY_SECONDS
        if self._behind and self._started:
            self._behind = False
            told += self._compare(Round(self._hub))
        return told

    def _made(self) -> None:
        """A message that was being made can be told."""
        self._waiting = False
        if not self._started:
            return
        try:
            TOLD.inc(self._deliver())
        except Exception as error:  # one subscription's defect is no reason to leave the others untold
            self._fail(error)

    def _shown(self, following: _First | Step) -> Told:
        """The message as GraphQL shows it; of a change the same object for all who are then at the same place."""
        hub, show = self._hub, self._hub.show
        # Who is interrupted before the last one holds some of it: what was at no generation.
        reached = self._generation if len(self._batch) == 1 and not self._lacking else UNKNOWN
        if isinstance(following, Step):
            change = following.change
            # By the generation too: what is told again is shown anew, though it leaves nobody at another place.
            key = reached, self._generation, self.audience
            shown: Told | None = change.told.get(key)
            if shown is None:
                shown = change.told[key] = show.change(hub, Place(hub.id, reached, self.audience), change)
            return shown
        if following.resumed:
            return show.resumed(hub, Place(hub.id, reached, self.audience))
        parts = hub.topic.parts(self._look, hub.views, self._offered)
        self._sent, self._generation = by_kind(parts), hub.history.generation
        return show.snapshot(hub, Place(hub.id, self._generation, self.audience), parts)

    def _tell_again(self, keys: Collection[Key]) -> None:
        """What was said of these parts was incomplete, a name was missing: they are told once more, a little later.

        The pause grows while it goes on: all that somebody sees is much to say again and again.
        """
        self._hub.history.forget()  # who was told so cannot resume from there
        self._lacking = self._lacking.union(keys)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._pause, self._tell_what_lacked)
            self._pause = min(LAST_RETRY_SECONDS, 2 * self._pause)

    def _tell_what_lacked(self) -> None:
        self._timer = None
        self._again, self._lacking = self._again | self._lacking, frozenset()
        if self._batch or self._waiting or not self._sink.ready:
            self._behind = True
        elif self._started:
            TOLD.inc(self._compare(Round(self._hub)))

    def _fail(self, error: Exception) -> None:
        log.error("a subscription failed", topic=self._hub.topic.name, exc_info=error)
        self.end()
        self._sink.fail(error)

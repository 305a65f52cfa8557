# SPDX-License-Identifier: Apache-2.0
"""What all messages of subscriptions have in common, and how a hub's news become such messages."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar, cast

import strawberry
from strawberry.schema_directive import Location

from gateway.context import Context, context_of, offers
from gateway.execution.sharing import Sharing, Told
from gateway.live.changes import Change
from gateway.live.hub import Hub
from gateway.live.hubs import Feed
from gateway.live.subscriber import Place
from gateway.live.topics import Topic
from gateway.live.views import Key
from gateway.live.visibility import Viewer
from gateway.schema.permissions import Needs, directive_of
from gateway.schema.relay import BadCursor
from gateway.schema.shape import Shown, computed, graphql_type, show, show_all

ShownT = TypeVar("ShownT", bound=Shown)
Resolver = TypeVar("Resolver", bound=Callable[..., Any])

TOPIC = "topic"
"""In the metadata of a subscription field: what is watched."""


class Changed(Shown):
    """Base of everything a subscription says.

    Attributes:
        cursor_text: the signed place that it leaves the client at.
        positions_text: how far the services had come.
        server_now: conference time when it was said.
        sharing: executes it once for all who ask with the same words.
    """

    cursor_text: str
    positions_text: str
    server_now: datetime
    sharing: Sharing


def optional(kind: type[ShownT], part: object, conference: str) -> ShownT | None:
    """`show`, for what may be missing."""
    return None if part is None else show(kind, part, conference)


def optional_list(kind: type[ShownT], items: Iterable[object] | None, conference: str) -> list[ShownT] | None:
    """`show_all`, for what may be missing."""
    return None if items is None else show_all(kind, items, conference)


@graphql_type(interfaces=True)
class News:
    """Something that a subscriber did not know."""

    @computed
    def cursor(self) -> str:
        """Opaque place in the stream; sent as `after` when subscribing again."""
        cursor: str = getattr(self, "cursor_text")  # noqa: B009 -- every implementing type is `Changed`
        return cursor

    @computed
    def positions(self) -> str:
        """How far the services had come; sent as `expectedPosition` with a command that is decided by this picture."""
        positions: str = getattr(self, "positions_text")  # noqa: B009 -- every implementing type is `Changed`
        return positions

    @computed
    def server_time(self) -> datetime:
        """Conference time when it was said; clients count down from it."""
        now: datetime = getattr(self, "server_now")  # noqa: B009 -- every implementing type is `Changed`
        return now


@graphql_type()
class Resumed(Changed, News):
    """What the client holds is still true up to its cursor; what has changed since follows. There is no snapshot."""

    view: strawberry.Private[object]


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    description="The messages that make a subscription tell something: NATS subjects behind the city's prefix."
    " `{argument}` is an argument of the field, `*` any one token, `>` any number of them.",
)
class Subjects:
    """The messages that make a subscription tell something."""

    patterns: list[str]


def watching(topic: Topic, needs: Needs, description: str) -> Callable[[Resolver], Any]:
    """Declares a subscription field, bound to the subjects of what is watched.

    Args:
        topic: what is watched.
        needs: who may watch; the resolver checks it.
        description: for the readers of the schema.
    """

    def declare(resolver: Resolver) -> Any:
        return strawberry.subscription(
            resolver,
            description=description,
            directives=[directive_of(needs), Subjects(patterns=list(topic.subjects))],
            metadata={TOPIC: topic},
        )

    return declare


class Shows:
    """Shows what a hub tells as objects of the schema.

    Args:
        context: of an operation; only its tools are used, not who asks.
        topic: what is watched.
        snapshot: the type of a snapshot.
        changes: the type that tells of a change, by the kind of part.
    """

    def __init__(
        self, context: Context, topic: Topic, snapshot: type[Changed], changes: Mapping[str, type[Changed]]
    ) -> None:
        self._context = context.of_nobody()
        self._topic = topic
        self._snapshot = snapshot
        self._changes = changes

    def snapshot(self, hub: Hub, place: Place, view: Mapping[Key, Any]) -> Told:
        """Everything."""
        return self._said(self._snapshot, hub, place, view)

    def resumed(self, hub: Hub, place: Place) -> Told:
        """That the client may go on."""
        return self._said(Resumed, hub, place, place)

    def change(self, hub: Hub, place: Place, change: Change) -> Told:
        """One change."""
        return self._said(self._changes[change.key.kind], hub, place, change)

    def _said(self, kind: type[Changed], hub: Hub, place: Place, view: object) -> Told:
        said = show(kind, view, hub.scope)
        content = f"{place.hub}:{place.generation}:{place.audience}"
        said.cursor_text = self._context.signer.sign(purpose(self._topic, hub.scope), content)
        said.positions_text = hub.fresh.positions
        said.server_now = self._context.clock.now()
        said.sharing = Sharing(self._context.of_nobody())
        return said


def purpose(topic: Topic, scope: str) -> str:
    """What cursors of a subscription are good for."""
    return f"live/{topic.name}/{scope}"


def place_of(context: Context, topic: Topic, scope: str, after: str | None) -> Place | None:
    """Where a client was before.

    Raises:
        BadCursor: the cursor is not one of this subscription.
    """
    if after is None:
        return None
    hub, _, rest = context.signer.read(purpose(topic, scope), after).partition(":")
    generation, _, audience = rest.partition(":")
    if not generation.isdecimal():
        raise BadCursor("this cursor was not made by this API for this list")
    return Place(hub, int(generation), audience)


def feed(
    info: strawberry.Info,
    topic: Topic,
    viewer: Viewer,
    shows: tuple[type[Changed], Mapping[str, type[Changed]]],
    *,
    after: str | None,
    scope: str = "",
    **values: str,
) -> AsyncIterator[Any]:
    """What a subscription field answers.

    Args:
        info: of the operation.
        topic: what is watched.
        viewer: who watches.
        shows: the types of a snapshot and of its changes.
        after: the client's last cursor.
        scope: which one is watched.
        values: of the arguments in the topic's subjects.
    """
    context = context_of(info)
    snapshot, changes = shows
    show = Shows(context, topic, snapshot, changes)
    place = place_of(context, topic, scope, after)
    offered = frozenset(kind for kind, change in changes.items() if offers(info, change.__name__))
    # The annotation tells strawberry what is said; who listens gets a feed and hears it through a sink.
    return cast("AsyncIterator[Any]", Feed(context.hubs, topic, scope, values, viewer, offered, show, place))

# SPDX-License-Identifier: Apache-2.0
"""What changed of all that everybody may read, for portals that keep a copy of it."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, NamedTuple

import strawberry

from gateway.changes.catalogue import SERVICE_OF
from gateway.changes.feed import Change as Row
from gateway.changes.feed import Feed, Incomplete, OtherFeed, Place
from gateway.changes.refusals import ChangesNotOffered, CursorTooOld
from gateway.context import Context, context_of
from gateway.schema.errors import REFUSAL_TYPES
from gateway.schema.nodes import fetch_node
from gateway.schema.relay import PAGE, BadCursor, BadPage, Node, global_id
from gateway.schema.scalars import ChangeKind
from gateway.schema.shape import Shown, computed, graphql_type, show, show_all, shown
from gateway.webhooks import commands
from services.chassis.groupcommit import UNREACHABLE
from services.chassis.refusals import Unavailable
from services.chassis.requests import Refused

PURPOSE = "changes"
MOST = 100


class Seen(NamedTuple):
    """A change as it is shown.

    Args:
        row: of the feed.
        node: the thing as it is now; None when it is gone.
    """

    row: Row
    node: Node | None


class Read(NamedTuple):
    """A page as it is shown.

    Args:
        rows: the changes.
        cursor: signed.
        has_next_page: whether others follow.
    """

    rows: Sequence[Row]
    cursor: str
    has_next_page: bool


@graphql_type()
class Change(Shown):
    """One thing, in the place of its last change. Of what is gone nothing but the id is kept."""

    view: strawberry.Private[Seen]

    @computed
    def node_id(self) -> strawberry.ID:
        """Global id of the thing."""
        return global_id(self.view.row.kind, self.view.row.local.hex)

    @computed
    def kind(self) -> ChangeKind:
        """Whether to keep it as it is now, or to remove it."""
        return ChangeKind.REMOVED if self.view.node is None else ChangeKind.CHANGED

    @computed
    def at(self) -> datetime:
        """When it changed; of what was there before the feed began: when the feed began."""
        return self.view.row.at

    @computed
    def node(self) -> Node | None:
        """The thing as it is now; null when it was removed."""
        return self.view.node


@graphql_type()
class Changes(Shown):
    """A page of changes, the oldest first."""

    view: strawberry.Private[Read]
    cursor: str = shown("For `since`: the place behind this page. It is good for as long as the feed is.")
    has_next_page: bool = shown("Whether changes follow behind this page.")

    @computed
    async def entries(self, info: strawberry.Info) -> list[Change]:
        """The changes, each thing at most once."""
        return show_all(Change, await _seen(context_of(info), self.view.rows))


ChangesResult = Annotated[
    Changes | REFUSAL_TYPES[CursorTooOld],  # type: ignore[valid-type]
    strawberry.union("ChangesResult", description="Changes, or why they cannot be told from this cursor on."),
]


async def list_changes(context: Context, since: str | None, first: int | None) -> Shown:
    """A page of changes, or the refusal that the cursor is none of this feed.

    Args:
        context: of the operation.
        since: a cursor; None: from the beginning.
        first: how many at most.

    Raises:
        BadPage: `first` is out of bounds.
        Refused: there is no feed, it is being made, or its database is away.
    """
    size = PAGE if first is None else first
    if not 1 <= size <= MOST:
        raise BadPage(f"`first` is between 1 and {MOST}")
    try:
        place = None if since is None else Place.parse(context.signer.read(PURPOSE, since))
        page = await _feed(context).page(place, size)
    except (BadCursor, OtherFeed, ValueError):
        return show(REFUSAL_TYPES[CursorTooOld], CursorTooOld())
    except (Incomplete, *UNREACHABLE):
        raise Refused(Unavailable(service=commands.SERVICE)) from None
    return show(Changes, Read(page.changes, context.signer.sign(PURPOSE, str(page.end)), page.more))


def _feed(context: Context) -> Feed:
    if context.backends.webhooks is None:
        raise Refused(ChangesNotOffered())
    return context.backends.webhooks.changes


async def _seen(context: Context, rows: Sequence[Row]) -> list[Seen]:
    """The rows with what they are about, as it is now or later: at least as new as the change.

    Raises:
        Refused: a service that knows one of the things is away, or behind.
    """
    needed: dict[str, int] = {}
    for row in rows:
        service = SERVICE_OF[row.kind]
        needed[service] = max(row.position, needed.get(service, 0))
    recent = context.no_older_than(needed)

    async def node(row: Row) -> Node | None:
        return None if row.removed else await fetch_node(recent, global_id(row.kind, row.local.hex))

    nodes = await asyncio.gather(*(node(row) for row in rows))
    return [Seen(row, found) for row, found in zip(rows, nodes, strict=True)]

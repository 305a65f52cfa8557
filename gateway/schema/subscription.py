# SPDX-License-Identifier: Apache-2.0
"""Subscriptions: a snapshot first, then typed changes, for as long as the client listens."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import strawberry

from gateway.context import Context, context_of
from gateway.live.hub import Hub
from gateway.schema.conference import viewer_of
from gateway.schema.live import CHANGES, Changed, ConferenceChange, ConferenceSnapshot
from gateway.schema.relay import local_id
from gateway.schema.shape import graphql_type, show

CONFERENCE = Annotated[strawberry.ID, strawberry.argument(description="Global id of the conference.")]
AFTER = Annotated[
    str | None, strawberry.argument(description="The last cursor of an earlier subscription; a snapshot follows.")
]


def _said(context: Context, hub: Hub, kind: type[Changed], view: object) -> Any:
    told = show(kind, view, hub.conference)
    told.cursor_text = context.signer.sign("changes", ",".join(f"{s}/{p}" for s, p in hub.positions.items()))
    told.server_now = context.clock.now()
    return told


@graphql_type()
class Subscription:
    """What can be watched."""

    @strawberry.subscription(  # type: ignore[untyped-decorator]
        description="One conference: a snapshot, then every part that changes. Over the WebSocket only."
    )
    async def conference_changes(
        self, info: strawberry.Info, conference_id: CONFERENCE, after: AFTER = None
    ) -> AsyncIterator[ConferenceChange]:
        """What the subscriber may see of one conference, for ever."""
        context = context_of(info)
        conference = local_id(conference_id, "Conference")
        viewer = viewer_of(context, conference)
        if after is not None:
            context.signer.read("changes", after)
        async with context.hubs.watch(conference, viewer) as (hub, subscriber):
            yield _said(context, hub, ConferenceSnapshot, await subscriber.snapshot())
            while True:
                for change in await subscriber.next():
                    yield _said(context, hub, CHANGES[change.key.kind], change)

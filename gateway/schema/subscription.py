# SPDX-License-Identifier: Apache-2.0
"""Subscriptions: a snapshot first, then typed changes, for as long as the client listens."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import strawberry

from gateway.context import Context, context_of, offers
from gateway.execution.sharing import Sharing
from gateway.live.hub import Hub
from gateway.live.parts import Change
from gateway.schema.conference import FOR_WHO_COMES, viewer_of
from gateway.schema.live import CHANGES, Changed, ConferenceChange, ConferenceSnapshot
from gateway.schema.permissions import directive_of
from gateway.schema.relay import local_id
from gateway.schema.shape import graphql_type, show

CONFERENCE = Annotated[strawberry.ID, strawberry.argument(description="Global id of the conference.")]
AFTER = Annotated[
    str | None, strawberry.argument(description="The last cursor of an earlier subscription; a snapshot follows.")
]


def _said(context: Context, hub: Hub, kind: type[Changed], view: object) -> Any:
    said = show(kind, view, hub.conference)
    said.cursor_text = context.signer.sign("changes", ",".join(f"{s}/{p}" for s, p in hub.positions.items()))
    said.server_now = context.clock.now()
    said.sharing = Sharing(context.of_nobody())
    return said


def _told(context: Context, hub: Hub, change: Change) -> Any:
    """The change in GraphQL's form: one object for all who are told."""
    if change.shown is None:
        change.shown = _said(context, hub, CHANGES[change.key.kind], change)
    return change.shown


@graphql_type()
class Subscription:
    """What can be watched."""

    @strawberry.subscription(  # type: ignore[untyped-decorator]
        description="One conference: a snapshot, then every part that changes. Over the WebSocket only.",
        directives=[directive_of(FOR_WHO_COMES)],
    )
    async def conference_changes(
        self, info: strawberry.Info, conference_id: CONFERENCE, after: AFTER = None
    ) -> AsyncIterator[ConferenceChange]:
        """What the subscriber may see of one conference, for ever."""
        context = context_of(info)
        conference = local_id(conference_id, "Conference")
        context.require(FOR_WHO_COMES, conference)
        viewer = viewer_of(context, conference)
        if after is not None:
            context.signer.read("changes", after)
        async with context.hubs.watch(conference, viewer) as (hub, subscriber):
            view = await subscriber.snapshot()
            said = _said(context, hub, ConferenceSnapshot, view)
            yield said
            if said.sharing.context.incomplete:
                subscriber.tell_again(view)
            while True:
                for change in await subscriber.next():
                    if not offers(info, CHANGES[change.key.kind].__name__):
                        continue  # behind this door it is not shown to anybody
                    said = _told(context, hub, change)
                    yield said
                    if said.sharing.context.incomplete:
                        subscriber.tell_again([change.key])

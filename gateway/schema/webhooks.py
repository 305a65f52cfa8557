# SPDX-License-Identifier: Apache-2.0
"""Webhooks in the API: who is sent what, and what became of it. For the organisers of the city and the owning app."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
import strawberry

from gateway.context import Context, context_of
from gateway.schema.lists import paged
from gateway.schema.permissions import FOR_WEBHOOKS
from gateway.schema.relay import (
    Connection,
    Node,
    Page,
    connection,
    global_id,
)
from gateway.schema.scalars import (
    WebhookDeliveryPurpose,
    WebhookDeliveryState,
    WebhookEventType,
    WebhookProblem,
    WebhookStatus,
)
from gateway.schema.shape import Shown, computed, graphql_type, show, show_all, shown
from gateway.webhooks import commands
from gateway.webhooks.catalogue import KINDS, Kind
from gateway.webhooks.commands import WebhooksNotOffered
from gateway.webhooks.examples import example
from gateway.webhooks.handling import manages, owner_of
from gateway.webhooks.records import AttemptRecord, DeliveryRecord, Records, WebhookRecord
from services.chassis.refusals import NotAllowed
from services.chassis.requests import Refused
from services.contracts.shared import Listed


@graphql_type()
class WebhookEventKind(Shown):
    """A type of event, with the form of its messages."""

    view: strawberry.Private[Kind]
    version: int = shown("Version of the form; a change that could break a reader raises it.")
    description: str = shown("When it is sent.")

    @computed
    def type(self) -> str:
        """Its name, as messages bear it: for example `phase.started`."""
        return self.view.name

    @computed
    def example(self) -> str:
        """A whole message, as JSON."""
        return json.dumps(example(self.view))

    @computed
    def json_schema(self) -> str:
        """JSON Schema of `data`."""
        return json.dumps(msgspec.json.schema(self.view.data))


@graphql_type()
class WebhookAttempt(Shown):
    """One attempt to deliver."""

    view: strawberry.Private[AttemptRecord]
    number: int = shown("Counted from 1.")
    at: datetime = shown("When it ended, in real time.")
    status: int | None = shown("HTTP status of the answer; null without one.")
    milliseconds: int = shown("How long it took.")
    answer: str | None = shown("The first 200 characters of an answer other than 2xx.")

    @computed
    def problem(self) -> WebhookProblem | None:
        """Why it failed; null when the message was taken."""
        return None if self.view.problem is None else WebhookProblem(self.view.problem)


@graphql_type(needs=FOR_WEBHOOKS)
class WebhookDelivery(Shown, Node):
    """One message on its way to one webhook."""

    view: strawberry.Private[DeliveryRecord]
    message_id: str = shown("The header `webhook-id`: the same for every repetition of the message.")
    type: str = shown("Type of the event.")
    at: datetime = shown("The instant of the fact, as `timestamp` in the message.")
    created_at: datetime = shown("When it was queued, in real time.")
    due_at: datetime | None = shown("When it is tried next, in real time; null when it is not tried any more.")
    ended_at: datetime | None = shown("When it was delivered, given up or discarded, in real time.")

    @computed
    def id(self) -> strawberry.ID:
        """Global id."""
        return global_id("WebhookDelivery", self.view.id.hex)

    @computed
    def webhook_id(self) -> strawberry.ID:
        """Global id of the webhook."""
        return global_id("Webhook", self.view.webhook.hex)

    @computed
    def purpose(self) -> WebhookDeliveryPurpose:
        """Why it is sent."""
        return WebhookDeliveryPurpose(self.view.purpose)

    @computed
    def state(self) -> WebhookDeliveryState:
        """What became of it."""
        return WebhookDeliveryState(self.view.state)

    @computed
    def body(self) -> str:
        """The message, byte for byte as it is signed and sent."""
        return self.view.body.decode()

    @computed
    def attempts(self) -> list[WebhookAttempt]:
        """The attempts, the oldest first."""
        return show_all(WebhookAttempt, self.view.attempts)


@graphql_type(needs=FOR_WEBHOOKS)
class Webhook(Shown, Node):
    """An address that public events are sent to."""

    view: strawberry.Private[WebhookRecord]
    owner: str = shown("Whose it is: the id of an app, or a name that the organisers chose.")
    url: str = shown("Where messages are posted to.")
    status_since: datetime = shown("Since when it has this status, in real time.")
    failing_since: datetime | None = shown("When the first of the failures in a row was; null when all is well.")
    created_at: datetime = shown("When it was made, in real time.")

    @computed
    def id(self) -> strawberry.ID:
        """Global id."""
        return global_id("Webhook", self.view.id.hex)

    @computed
    def position(self) -> str:
        """For `expectedPosition`: where it stands. Deliveries change nothing, unless it is given up because of them."""
        return f"{commands.SERVICE}/{self.view.id.hex}:{self.view.version}"

    @computed
    def types(self) -> list[WebhookEventType]:
        """What it is told of; none: everything."""
        return [WebhookEventType(each) for each in self.view.types]

    @computed
    def conference_ids(self) -> list[strawberry.ID]:
        """Only what belongs to these conferences, or to the districts and series; none of all: the whole city."""
        return _ids("Conference", self.view.conferences)

    @computed
    def district_ids(self) -> list[strawberry.ID]:
        """Only what belongs to these districts, or to the conferences and series."""
        return _ids("District", self.view.districts)

    @computed
    def series_ids(self) -> list[strawberry.ID]:
        """Only what belongs to these series, or to the conferences and districts."""
        return _ids("Series", self.view.series)

    @computed
    def status(self) -> WebhookStatus:
        """Whether anything is sent."""
        return WebhookStatus(self.view.status)

    @computed
    def both_secrets_until(self) -> datetime | None:
        """Until when messages are signed with the former secret too; null when there is only one."""
        return self.view.former_until

    @computed
    @paged
    async def deliveries(
        self,
        info: strawberry.Info,
        page: Page,
        state: Annotated[
            WebhookDeliveryState | None, strawberry.argument(description="Only those of which this became.")
        ] = None,
    ) -> Connection[WebhookDelivery] | None:
        """Its deliveries, the newest first; they are kept for some weeks."""
        context = context_of(info)
        wanted = None if state is None else state.value
        purpose = f"deliveries/{self.view.id.hex}/{wanted or ''}"
        cut = page.cut(context.signer, purpose)
        found, more = await records_of(context).deliveries(self.view.id, wanted, cut)
        listed = Listed(keys=tuple(str(one.seq) for one in found), more=more)
        nodes = show_all(WebhookDelivery, found)
        made: Connection[WebhookDelivery] = connection(context.signer, purpose, cut, listed, nodes)
        return made


def records_of(context: Context) -> Records:
    """What is known of webhooks.

    Raises:
        Refused: there are none here, or their database is away.
    """
    if context.backends.webhooks is None:
        raise Refused(WebhooksNotOffered())
    return context.backends.webhooks.records


async def list_webhooks(context: Context, owner: str | None, page: Page) -> Connection[Webhook]:
    """The webhooks that the client manages: all, of one owner, or its own.

    Raises:
        Refused: it manages none.
    """
    if context.actor.kind == "app":
        owner = context.actor.id
    owner = None if owner is None else owner_of(owner)
    if not manages(context.actor, owner):
        raise Refused(NotAllowed(needs="organiser"))
    purpose = f"webhooks/{owner or ''}"
    cut = page.cut(context.signer, purpose)
    found, more = await records_of(context).webhooks(owner, cut)
    listed = Listed(keys=tuple(str(one.seq) for one in found), more=more)
    made: Connection[Webhook] = connection(context.signer, purpose, cut, listed, show_all(Webhook, found))
    return made


async def fetch_webhook(context: Context, local: str) -> Webhook | None:
    """A webhook by its id (32 hex digits); None when there is none that the client manages."""
    found = await records_of(context).webhook(UUID(local))
    return show(Webhook, found) if found is not None and manages(context.actor, found.owner) else None


async def fetch_delivery(context: Context, local: str) -> WebhookDelivery | None:
    """A delivery by its id (32 hex digits); None when there is none to a webhook that the client manages."""
    found = await records_of(context).delivery(UUID(local))
    return show(WebhookDelivery, found) if found is not None and manages(context.actor, found.owner) else None


def event_kinds() -> list[WebhookEventKind]:
    """Every type of event that is sent."""
    return show_all(WebhookEventKind, KINDS.values())


def _ids(kind: str, ids: Iterable[UUID]) -> list[strawberry.ID]:
    return [global_id(kind, each.hex) for each in ids]

# SPDX-License-Identifier: Apache-2.0
"""What apps ask of webhooks: the gateway's own commands, in the same form as those of the services."""

from datetime import datetime
from typing import Annotated, ClassVar

import msgspec

from gateway.webhooks.catalogue import EventType
from services.chassis.contract import Answer, CommandRequest, Done, Id, Refusals
from services.chassis.decider import Refusal

SERVICE = "gateway"

Owner = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Ids = Annotated[tuple[Id, ...], msgspec.Meta(max_length=200)]
Types = Annotated[tuple[EventType, ...], msgspec.Meta(max_length=50)]


class WebhookCreated(Answer, frozen=True, kw_only=True):
    """The webhook, and the secret with which its messages are signed; the secret is shown only here."""

    webhook_id: Id
    signing_secret: str


class SecretRotated(Answer, frozen=True, kw_only=True):
    """The new secret; until the instant messages are signed with the former one too."""

    signing_secret: str
    both_until: datetime


class DeliveryQueued(Answer, frozen=True, kw_only=True):
    """The delivery; ask for it by its id to see what became of it."""

    delivery_id: Id


class DeliveriesQueued(Answer, frozen=True, kw_only=True):
    """So many events will be sent again."""

    deliveries: int


class WebhooksNotOffered(Refusal, frozen=True, kw_only=True):
    """This gateway has no database for webhooks."""


class WebhookAddressNotAllowed(Refusal, frozen=True, kw_only=True):
    """Nothing can be sent to this URL; `needs` says what it has to be."""

    needs: str


class TooManyWebhooks(Refusal, frozen=True, kw_only=True):
    """There can be no more than `most`: of one owner, or in all."""

    most: int


class WebhookIsNotActive(Refusal, frozen=True, kw_only=True):
    """Nothing is sent to this webhook at present; activate it first."""


class TooMuchToReplay(Refusal, frozen=True, kw_only=True):
    """The period holds more than `most` events; choose a shorter one."""

    most: int


class CreateWebhook(CommandRequest[WebhookCreated], frozen=True, kw_only=True):
    """Has public events sent to an address. No types: all. No conferences, districts or series: the whole city."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = WebhookCreated
    REFUSALS: ClassVar[Refusals] = (TooManyWebhooks, WebhookAddressNotAllowed, WebhooksNotOffered)
    owner: Owner
    url: str
    types: Types = ()
    conference_ids: Ids = ()
    district_ids: Ids = ()
    series_ids: Ids = ()


class UpdateWebhook(CommandRequest[Done], frozen=True, kw_only=True):
    """Changes what is given. `active` false: nothing is sent, and nothing kept for later; true: sent again from now."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (WebhookAddressNotAllowed, WebhooksNotOffered)
    webhook_id: Id
    url: str | None = None
    types: Types | None = None
    conference_ids: Ids | None = None
    district_ids: Ids | None = None
    series_ids: Ids | None = None
    active: bool | None = None


class DeleteWebhook(CommandRequest[Done], frozen=True, kw_only=True):
    """Ends a webhook and forgets its deliveries."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (WebhooksNotOffered,)
    webhook_id: Id


class RotateWebhookSecret(CommandRequest[SecretRotated], frozen=True, kw_only=True):
    """Makes a new secret. For some hours messages are signed with both, so that the receiver can change over."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = SecretRotated
    REFUSALS: ClassVar[Refusals] = (WebhooksNotOffered,)
    webhook_id: Id
    hours: Annotated[int, msgspec.Meta(ge=0, le=168)] = 24


class TestWebhook(CommandRequest[DeliveryQueued], frozen=True, kw_only=True):
    """Sends a test message of the type `ping`, once, whatever the filters; also where one is paused or failing."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = DeliveryQueued
    REFUSALS: ClassVar[Refusals] = (WebhooksNotOffered,)
    webhook_id: Id


class ReplayWebhookDelivery(CommandRequest[DeliveryQueued], frozen=True, kw_only=True):
    """Sends the message of a delivery again, with the same `webhook-id`."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = DeliveryQueued
    REFUSALS: ClassVar[Refusals] = (WebhookIsNotActive, WebhooksNotOffered)
    delivery_id: Id


class ReplayWebhook(CommandRequest[DeliveriesQueued], frozen=True, kw_only=True):
    """Sends the events of a period again, behind what is new: those its filters let through now."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = DeliveriesQueued
    REFUSALS: ClassVar[Refusals] = (TooMuchToReplay, WebhookIsNotActive, WebhooksNotOffered)
    webhook_id: Id
    since: datetime
    until: datetime
    undelivered: bool = True

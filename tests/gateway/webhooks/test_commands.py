# SPDX-License-Identifier: Apache-2.0
"""What whoever manages a webhook can have done with it."""

import asyncio
from datetime import timedelta
from uuid import uuid4

from gateway.webhooks import commands
from services.chassis.refusals import NotFound
from services.contracts.shared import Cut
from tests.gateway.webhooks.waits import ended
from tests.gateway.webhooks.world import (
    APP,
    AT,
    phase,
    until,
)


async def test_a_test_message_comes_whatever_the_filters_and_the_status(world, receiver):
    async with world.webhooks() as office:
        made = await office.create(receiver.url, types=("award.made",))
        await office.do(commands.UpdateWebhook(webhook_id=made.webhook_id, active=False))
        queued = await office.do(commands.TestWebhook(webhook_id=made.webhook_id))
        (post,) = await receiver.got(1)
        assert post.message["type"] == "ping"
        assert post.is_signed_with(made.signing_secret)
        (delivery,) = await office.log(made.webhook_id)
        assert (delivery.id.hex, delivery.purpose) == (queued.delivery_id, "PING")


async def test_while_a_secret_changes_a_message_bears_both_signatures(world, receiver):
    async with world.webhooks() as office:
        made = await office.create(receiver.url)
        rotated = await office.do(commands.RotateWebhookSecret(webhook_id=made.webhook_id))
        await office.do(commands.TestWebhook(webhook_id=made.webhook_id))
        (post,) = await receiver.got(1)
        assert post.is_signed_with(made.signing_secret)
        assert post.is_signed_with(rotated.signing_secret)
        at_once = await office.do(commands.RotateWebhookSecret(webhook_id=made.webhook_id, hours=0))
        await office.do(commands.TestWebhook(webhook_id=made.webhook_id))
        post = (await receiver.got(2))[1]
        assert post.headers["webhook-signature"].count("v1,") == 1
        assert post.is_signed_with(at_once.signing_secret)


async def test_one_delivery_and_a_period_are_sent_again_with_the_same_ids(world, receiver):
    async with world.webhooks() as office:
        made = await office.create(receiver.url)
        await world.tell(*(phase(run) for run in range(1, 5)))
        before = [post.id for post in await receiver.got(4)]
        await until(lambda: ended(office, made))
        third = (await office.log(made.webhook_id))[2]
        await office.do(commands.ReplayWebhookDelivery(delivery_id=third.id.hex))
        assert (await receiver.got(5))[4].id == before[2]
        await until(lambda: ended(office, made))
        period = {"since": AT + timedelta(minutes=2), "until": AT + timedelta(minutes=4)}
        nothing = commands.ReplayWebhook(webhook_id=made.webhook_id, **period)
        assert await office.do(nothing) == commands.DeliveriesQueued(deliveries=0)
        everything = commands.ReplayWebhook(webhook_id=made.webhook_id, **period, undelivered=False)
        assert await office.do(everything) == commands.DeliveriesQueued(deliveries=2)
        assert [post.id for post in (await receiver.got(7))[5:]] == before[1:3]


async def test_a_command_with_the_same_key_is_done_once(world, receiver):
    async with world.webhooks() as office:
        key, create = uuid4(), commands.CreateWebhook(owner="portal", url=receiver.url)
        answers = await asyncio.gather(*(office.do(create, key=key) for _ in range(5)))
        assert len({(answer.webhook_id, answer.signing_secret) for answer in answers}) == 1
        found, _ = await office.webhooks.records.webhooks(None, Cut(first=10))
        assert len(found) == 1
        other = commands.CreateWebhook(owner="portal", url=receiver.url + "/other")
        assert type(await office.do(other, key=key)).__name__ == "IdempotencyKeyReused"
        (row,) = await world.sql("SELECT outcome FROM commands")
        assert answers[0].signing_secret.encode() not in row["outcome"]


async def test_an_app_manages_its_own_webhooks_and_learns_of_no_others(world, receiver):
    async with world.webhooks() as office:
        made = await office.create(receiver.url, owner="somebody")
        assert type(await office.do(commands.CreateWebhook(owner="x", url=receiver.url), APP)).__name__ == "NotAllowed"
        own = await office.do(commands.CreateWebhook(owner=APP.id, url=receiver.url), APP)
        for webhook in (made.webhook_id, "99" * 16):
            refusal = await office.do(commands.DeleteWebhook(webhook_id=webhook), APP)
            assert refusal == NotFound(what="Webhook", id=webhook)
        assert not isinstance(await office.do(commands.DeleteWebhook(webhook_id=own.webhook_id), APP), NotFound)


async def test_there_is_a_bound_for_one_owner(world, receiver):
    async with world.webhooks() as office:
        for _ in range(20):
            await office.create(receiver.url, owner="eager")
        assert await office.create(receiver.url, owner="eager") == commands.TooManyWebhooks(most=20)
        assert (await office.create(receiver.url, owner="other")).webhook_id

# SPDX-License-Identifier: Apache-2.0
"""Webhooks of an app end with the app: nothing is sent to one that the city suspended, and nothing is kept for it."""

import asyncio
from uuid import UUID

from gateway.webhooks import commands
from services.chassis.refusals import NotAllowed
from services.contracts import registration
from tests.gateway.webhooks.world import APP, AT, announced, phase, until

OTHER = "cd" * 16


def changed(status=None, *scopes, app=APP.id, erased=False):
    return registration.AppAccessChanged(at=AT, app_id=app, status=status, scopes=scopes, erased=erased)


async def becomes(office, webhook, status):
    async def is_so():
        return await office.status(webhook) == status

    await until(is_so)


async def test_nothing_is_sent_to_a_suspended_app_until_it_is_approved_again(world, receiver):
    async with world.webhooks() as office:
        own = await office.create(receiver.url, owner=APP.id)
        other = await office.create(receiver.url.replace("hooks", "other"), owner=OTHER)
        await world.tell(changed("SUSPENDED"))
        await becomes(office, own.webhook_id, "SUSPENDED")
        await world.tell(phase(1))

        async def delivered():
            return [one.state for one in await office.log(other.webhook_id)] == ["DELIVERED"]

        await until(delivered)
        assert await office.log(own.webhook_id) == []
        await world.tell(changed("APPROVED", "webhook:manage"))
        await becomes(office, own.webhook_id, "ACTIVE")
        await world.tell(phase(2))

        async def delivered_again():
            return [one.state for one in await office.log(own.webhook_id)] == ["DELIVERED"]

        await until(delivered_again)


async def test_what_waits_for_a_suspended_app_is_dropped(world, receiver):
    async def busy(_):
        return 503

    receiver.answer = busy
    async with world.webhooks(retries=(600.0,) * 3) as office:
        own = await office.create(receiver.url, owner=APP.id)
        await world.tell(announced())
        await receiver.got(1)
        await world.tell(changed("SUSPENDED"))

        async def dropped():
            return [one.state for one in await office.log(own.webhook_id)] == ["DISCARDED"]

        await until(dropped)


async def test_an_app_without_the_scope_has_no_webhooks_and_an_erased_one_never_had(world, receiver):
    async with world.webhooks() as office:
        own = await office.create(receiver.url, owner=APP.id)
        await world.tell(changed("APPROVED", "idea:read"))
        await becomes(office, own.webhook_id, "SUSPENDED")
        await world.tell(changed(erased=True))

        async def gone():
            return await office.webhooks.records.webhook(UUID(own.webhook_id)) is None

        await until(gone)


async def test_nobody_wakes_or_makes_webhooks_of_a_suspended_app(world, receiver):
    async with world.webhooks() as office:
        own = await office.create(receiver.url, owner=APP.id)
        paused = await office.create(receiver.url, owner=APP.id)
        await office.do(commands.UpdateWebhook(webhook_id=paused.webhook_id, active=False))
        await world.tell(changed("SUSPENDED"))
        await becomes(office, own.webhook_id, "SUSPENDED")
        for webhook in (own, paused):
            for command in (
                commands.UpdateWebhook(webhook_id=webhook.webhook_id, active=True),
                commands.TestWebhook(webhook_id=webhook.webhook_id),
            ):
                assert await office.do(command) == commands.WebhookIsNotActive()
        assert isinstance(await office.create(receiver.url, owner=APP.id), NotAllowed)
        assert await office.status(own.webhook_id) == "SUSPENDED"
        assert await office.status(paused.webhook_id) == "PAUSED"


async def test_a_webhook_that_its_owner_paused_stays_so_and_a_changed_key_changes_nothing(world, receiver):
    async with world.webhooks() as office:
        paused = await office.create(receiver.url, owner=APP.id)
        active = await office.create(receiver.url, owner=APP.id)
        await office.do(commands.UpdateWebhook(webhook_id=paused.webhook_id, active=False))
        await world.tell(changed(), changed("SUSPENDED"))
        await becomes(office, active.webhook_id, "SUSPENDED")
        await world.tell(changed("APPROVED", "webhook:manage"))
        await becomes(office, active.webhook_id, "ACTIVE")
        await world.tell(phase(1))
        await receiver.got(1)
        assert await office.status(paused.webhook_id) == "PAUSED"
        assert await office.status(active.webhook_id) == "ACTIVE"


async def test_a_webhook_that_is_made_while_its_app_is_suspended_does_not_slip_through(world, receiver):
    async with world.webhooks() as office:
        apps = [f"{number:032x}" for number in range(10)]
        made, _ = await asyncio.gather(
            asyncio.gather(*(office.create(receiver.url, owner=app) for app in apps)),
            world.tell(*(changed("SUSPENDED", app=app) for app in apps)),
        )

        async def all_shut_out():
            rows = await world.sql("SELECT count(*) FROM webhook_owners_shut_out")
            return rows[0][0] == len(apps)

        await until(all_shut_out)
        statuses = [await office.status(one.webhook_id) for one in made if isinstance(one, commands.WebhookCreated)]
        assert set(statuses) <= {"SUSPENDED"}

# SPDX-License-Identifier: Apache-2.0
"""Webhooks and their database: what it keeps and forgets, who shares it, and what happens without it."""

from urllib.parse import urlsplit
from uuid import uuid4

from gateway.backends import Backends
from gateway.webhooks.network import Guard
from gateway.webhooks.office import Webhooks
from services.chassis.clock import Clock
from services.chassis.requests import Requests
from tests.gateway.webhooks.waits import has_state, runs, tried
from tests.gateway.webhooks.world import (
    KEY,
    phase,
    submitted,
    until,
)


async def test_secrets_lie_sealed_in_the_database(world, receiver):
    async with world.webhooks() as office:
        made = await office.create(receiver.url)
        (row,) = await world.sql("SELECT secret FROM webhook_endpoints")
        assert made.signing_secret.removeprefix("whsec_").encode() not in row["secret"]


async def test_of_two_replicas_one_delivers_and_a_message_comes_once(world, receiver):
    async with world.webhooks() as one, world.webhooks() as two:
        await one.create(receiver.url)
        await world.tell(*(phase(run) for run in range(50)))
        await receiver.got(50)
        await until(lambda: world.sql("SELECT 1 FROM webhook_deliveries HAVING bool_and(state = 'DELIVERED')"))
        assert len(receiver.posts) == 50
        leading = [office.webhooks.readiness()["delivering"] for office in (one, two)]
        assert sorted(leading) == [False, True]


async def test_old_events_and_their_deliveries_are_forgotten_but_not_what_still_waits(world, receiver):
    async def answer(post):
        return 500 if post.message["type"] == "idea.submitted" else 200

    receiver.answer = answer
    async with world.webhooks() as office:
        made = await office.create(receiver.url)
        await world.tell(phase(1))
        await until(lambda: world.sql("SELECT 1 FROM webhook_deliveries WHERE state = 'DELIVERED'"))
        await world.tell(submitted())  # not before: what is tried again would go before what comes after it
        await receiver.got(2)
    await world.sql("UPDATE webhook_events SET kept_since = now() - interval '31 days'")
    async with world.webhooks() as office:
        await until(lambda: world.sql("SELECT 1 FROM webhook_events HAVING count(*) = 1"))
        assert [one.type for one in await office.log(made.webhook_id)] == ["idea.submitted"]


async def test_what_waited_for_too_long_is_discarded_and_forgotten_with_its_event(world, receiver):
    async def answer(_):
        return 500

    receiver.answer = answer
    async with world.webhooks(retries=(3600.0,)) as office:
        made = await office.create(receiver.url)
        await world.tell(phase(1))
        await until(lambda: tried(office, made))
    await world.sql("UPDATE webhook_deliveries SET created_at = now() - interval '31 days'")
    async with world.webhooks() as office:
        await until(lambda: has_state(office, made, "DISCARDED"))
    await world.sql("UPDATE webhook_events SET kept_since = now() - interval '31 days'")
    async with world.webhooks():
        await until(lambda: world.sql("SELECT 1 FROM webhook_events HAVING count(*) = 0"))


async def test_deliveries_go_on_while_old_ones_cannot_be_forgotten(world, receiver, monkeypatch):
    monkeypatch.setattr("gateway.webhooks.office._CLEAN", ("SELECT 1 / (0 * length($1::interval::text))",) * 3)
    async with world.webhooks() as office:
        await office.create(receiver.url)
        await world.tell(phase(1))
        assert runs(await receiver.got(1)) == [1]


async def test_a_database_that_is_made_later_is_waited_for(world, nats_url):
    name = f"later_{uuid4().hex}"
    later = world.dsn.replace(urlsplit(world.dsn).path, f"/{name}")
    assert later != world.dsn
    webhooks = Webhooks(later, world.bus, Backends(Requests(world.bus)), KEY, Clock(), Guard())
    webhooks.open()
    try:
        await until(lambda: webhooks.readiness()["problem"] not in (None, "starting"))
        await world.sql(f'CREATE DATABASE "{name}"')
        await until(lambda: webhooks.readiness()["problem"] is None)
    finally:
        await webhooks.close(0.1)
        await world.sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


CONNECTIONS = 3


async def test_when_the_database_drops_everybody_deliveries_go_on(world, receiver):
    async with world.webhooks(connections=CONNECTIONS) as office:
        await office.create(receiver.url)
        await world.tell(*(phase(run) for run in range(20)))
        await receiver.got(5)
        await world.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await world.tell(*(phase(run) for run in range(20, 40)))
        await until(lambda: set(runs(receiver.posts)) == set(range(40)), 60)
        # What was sent when its note failed comes again: once for each connection of the pool that was found dead.
        assert len(receiver.posts) <= 40 + CONNECTIONS

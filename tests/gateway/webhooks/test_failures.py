# SPDX-License-Identifier: Apache-2.0
"""What is not taken: each message is sent until it is taken or given up, and nobody is held up by anybody."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

from aiohttp import web

from gateway.webhooks import commands
from gateway.webhooks.queue import Queue, end_endpoint
from gateway.webhooks.sender import Outcome, Sender
from services.chassis.database import Database
from tests.gateway.webhooks.waits import SOON, ended, has_status, runs, tried
from tests.gateway.webhooks.world import (
    AT,
    SOUTH,
    Receiver,
    phase,
    submitted,
    until,
)


async def test_what_is_not_taken_is_sent_again_with_the_same_id_and_body(world, receiver):
    async def answer(_):
        return 500 if len(receiver.posts) < 2 else 200

    receiver.answer = answer
    async with world.webhooks(retries=SOON) as office:
        made = await office.create(receiver.url)
        await world.tell(phase(1))
        posts = await receiver.got(3, 60)
        assert len({(post.id, post.body) for post in posts}) == 1
        await until(lambda: ended(office, made))
        (delivery,) = await office.log(made.webhook_id)
        assert [attempt.status for attempt in delivery.attempts] == [500, 500, 200]
        assert [attempt.problem for attempt in delivery.attempts] == ["STATUS", "STATUS", None]


async def test_events_of_a_conference_come_in_order_also_past_a_failure(world, receiver):
    async def answer(post):
        failed = post.message["data"]["run"] == 2 and not any(
            each.message["data"]["run"] == 2 for each in receiver.posts
        )
        return 503 if failed else 200

    receiver.answer = answer
    async with world.webhooks(retries=SOON) as office:
        await office.create(receiver.url, types=("phase.started",))
        await world.tell(*(phase(run) for run in range(1, 6)))
        assert runs(await receiver.got(6, 60)) == [1, 2, 2, 3, 4, 5]
        assert receiver.most_open == 1


async def test_a_message_that_is_never_taken_is_passed_after_its_quick_retries(world, receiver):
    async def answer(post):
        return 500 if post.message["data"]["run"] == 1 else 200

    receiver.answer = answer
    async with world.webhooks(retries=(0.05, 0.05, 0.05, 3600.0)) as office:
        await office.create(receiver.url, types=("phase.started",))
        await world.tell(phase(1), phase(2))
        assert runs(await receiver.got(5, 120)) == [1, 1, 1, 1, 2]  # it rests 30 s in all


async def test_a_slow_endpoint_holds_up_nobody_else(world, receiver):
    released = asyncio.Event()

    async def answer(_):
        await released.wait()
        return 200

    async with Receiver.running() as slow, world.webhooks() as office:
        slow.answer = answer
        for number in range(10):
            await office.create(f"{slow.url}/{number}")
        await office.create(receiver.url)
        await world.tell(*(phase(run) for run in range(20)))
        await receiver.got(20)
        assert slow.posts == []
        released.set()


async def test_who_answers_410_is_sent_nothing_more_and_can_come_back(world, receiver):
    all_wait = asyncio.Event()

    async def answer(_):
        await all_wait.wait()
        return 410

    receiver.answer = answer
    async with world.webhooks() as office:
        made = await office.create(receiver.url)
        await world.tell(phase(1), phase(2), phase(3))

        async def queued():
            return len(await office.log(made.webhook_id)) == 3

        await until(queued)
        all_wait.set()
        await until(lambda: has_status(office, made, "GONE"))
        assert sorted(one.state for one in await office.log(made.webhook_id)) == ["DISCARDED", "DISCARDED", "FAILED"]
        await world.tell(phase(4))
        replay = commands.ReplayWebhook(webhook_id=made.webhook_id, since=AT, until=AT + timedelta(days=1))
        assert await office.do(replay) == commands.WebhookIsNotActive()
        await until(lambda: world.sql("SELECT 1 FROM webhook_events HAVING count(*) = 4"))
        receiver.answer = None
        receiver.posts.clear()
        await office.do(commands.UpdateWebhook(webhook_id=made.webhook_id, active=True))
        assert await office.do(replay) == commands.DeliveriesQueued(deliveries=4)
        assert runs(await receiver.got(4)) == [1, 2, 3, 4]


async def test_an_endpoint_that_failed_all_the_time_is_given_up_with_its_message(world, receiver):
    async def answer(_):
        return 500

    receiver.answer = answer
    async with world.webhooks(retries=(0.05, 0.05)) as office:
        made = await office.create(receiver.url)
        await world.tell(phase(1))
        await until(lambda: has_status(office, made, "FAILING"), 60)
        (delivery,) = await office.log(made.webhook_id)
        assert (delivery.state, len(delivery.attempts)) == ("FAILED", 3)


async def test_a_message_is_given_up_without_the_endpoint_where_others_are_taken(world, receiver):
    async def answer(post):
        return 400 if post.message["type"] == "phase.started" else 200

    receiver.answer = answer
    async with world.webhooks(retries=(3600.0,)) as office:
        made = await office.create(receiver.url)
        await world.tell(phase(1))
        await until(lambda: tried(office, made))
        await world.tell(submitted(conference=SOUTH))
        await until(lambda: world.sql("SELECT 1 FROM webhook_deliveries WHERE state = 'DELIVERED'"))
        await world.sql("UPDATE webhook_deliveries SET due_at = now() WHERE state = 'PENDING'")
        await until(lambda: ended(office, made))
        assert sorted(one.state for one in await office.log(made.webhook_id)) == ["DELIVERED", "FAILED"]
        assert await office.status(made.webhook_id) == "ACTIVE"


async def test_the_receiver_s_wish_to_wait_is_granted(world, receiver):
    async def answer(_):
        return web.Response(status=429, headers={"Retry-After": "60"}, text="slow\x00 down " + "x" * 5000)

    receiver.answer = answer
    async with world.webhooks(retries=SOON) as office:
        made = await office.create(receiver.url)
        await world.tell(phase(1))
        await receiver.got(1)
        await until(lambda: tried(office, made))
        (delivery,) = await office.log(made.webhook_id)
        assert delivery.due_at - delivery.attempts[0].at > timedelta(seconds=50)
        assert delivery.attempts[0].answer.startswith("slow  down xxx")
        assert len(delivery.attempts[0].answer) == 200


async def test_a_redirect_is_a_failure_and_is_not_followed(world, receiver):
    async def answer(_):
        return web.Response(status=307, headers={"Location": other.url})

    async with Receiver.running() as other, world.webhooks() as office:
        receiver.answer = answer
        made = await office.create(receiver.url)
        await world.tell(phase(1))
        await until(lambda: tried(office, made))
        (delivery,) = await office.log(made.webhook_id)
        assert (delivery.attempts[0].status, delivery.attempts[0].problem) == (307, "STATUS")
        assert other.posts == []


async def test_who_does_not_answer_in_time_is_tried_again(world, receiver):
    async def answer(_):
        await asyncio.sleep(0.6)
        return 200

    receiver.answer = answer
    async with world.webhooks(sender=lambda guard: Sender(guard, seconds=0.2)) as office:
        made = await office.create(receiver.url)
        await world.tell(phase(1))
        await until(lambda: tried(office, made))
        (delivery,) = await office.log(made.webhook_id)
        assert (delivery.attempts[0].status, delivery.attempts[0].problem) == (None, "TIMEOUT")


async def test_a_defect_of_one_attempt_is_an_attempt_that_failed(world, receiver):
    class Broken(Sender):
        async def send(self, address, headers, body):
            if address.endswith("/broken"):
                raise RuntimeError("a defect")
            return await super().send(address, headers, body)

    async with world.webhooks(sender=Broken, retries=(0.05, 3600.0)) as office:
        broken = await office.create(f"{receiver.url}/broken")
        await office.create(receiver.url)
        await world.tell(phase(1))
        assert runs(await receiver.got(1)) == [1]

        async def twice():
            (delivery,) = await office.log(broken.webhook_id)
            return len(delivery.attempts) == 2

        await until(twice)
        (delivery,) = await office.log(broken.webhook_id)
        assert [attempt.problem for attempt in delivery.attempts] == ["CONNECTION"] * 2
        assert delivery.state == "PENDING"


@asynccontextmanager
async def undelivered(world, receiver):
    """A webhook one of whose deliveries has just been tried in vain; what became of it is not written down yet."""

    async def answer(_):
        return 500

    receiver.answer = answer
    async with world.webhooks(retries=(3600.0,)) as office:
        made = await office.create(receiver.url)
        await world.tell(phase(1))
        await until(lambda: tried(office, made))
    await world.sql("UPDATE webhook_deliveries SET due_at = now()")
    await world.sql("UPDATE webhook_endpoints SET not_before = now()")
    db = await Database.connect(world.dsn, size=3)
    try:
        queue, endpoint = Queue(db), UUID(made.webhook_id)
        yield db, queue, endpoint, await queue.next(endpoint)
    finally:
        await db.close()


async def test_an_attempt_is_written_down_while_its_webhook_is_paused_and_neither_waits_for_ever(world, receiver):
    async with undelivered(world, receiver) as (db, queue, endpoint, sent):
        async with db.transaction() as tx:
            await tx.execute("SELECT 1 FROM webhook_endpoints WHERE id = $1 FOR UPDATE", endpoint)
            noting = asyncio.create_task(queue.note(endpoint, sent, Outcome(500, "STATUS", 1)))
            waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            await until(lambda: world.sql(waits))
            assert await end_endpoint(tx, endpoint, "PAUSED")
        assert await noting is None
        (row,) = await world.sql("SELECT state, attempts FROM webhook_deliveries")
        assert tuple(row) == ("DISCARDED", 1)


async def test_what_became_of_an_attempt_is_no_news_once_its_webhook_was_deleted(world, receiver):
    async with undelivered(world, receiver) as (db, queue, endpoint, sent):
        await db.pool.execute("DELETE FROM webhook_endpoints WHERE id = $1", endpoint)
        assert await queue.note(endpoint, sent, Outcome(200, None, 1)) is None
        assert await queue.note(endpoint, sent, Outcome(410, "STATUS", 1)) is None

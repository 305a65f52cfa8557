# SPDX-License-Identifier: Apache-2.0
"""Deliveries: every public event once in the queue, each message until it is taken, nobody held up by anybody."""

import asyncio
import time
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from aiohttp import web

from gateway.backends import Backends
from gateway.webhooks import commands
from gateway.webhooks.network import Guard
from gateway.webhooks.office import Webhooks
from gateway.webhooks.queue import Queue, end_endpoint
from gateway.webhooks.sender import Outcome, Sender
from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.dead_letters import DeadLetters
from services.chassis.refusals import NotFound, Unavailable
from services.chassis.requests import Requests
from services.contracts import ideas, registration
from services.contracts.shared import Cut
from tests.gateway.webhooks.world import (
    APP,
    AT,
    DISTRICT,
    KEY,
    NORTH,
    OTHER_DISTRICT,
    SERIES,
    SOUTH,
    Receiver,
    announced,
    phase,
    submitted,
    until,
)

SOON = (0.1,) * 6


def runs(posts):
    return [post.message["data"]["run"] for post in posts]


async def test_an_event_is_posted_signed_thin_and_once(world, receiver):
    async with world.webhooks() as office:
        made = await office.create(receiver.url)
        await world.tell(announced(), phase(1))
        first, second = sorted(await receiver.got(2), key=lambda post: post.message["type"])
        assert first.message == {
            "type": "conference.announced",
            "version": 1,
            "timestamp": "2026-11-07T18:00:00Z",
            "data": {
                "conference": "Q29uZmVyZW5jZTpjMGMwYzBjMGMwYzBjMGMwYzBjMGMwYzBjMGMwYzBjMA==",
                "district": "RGlzdHJpY3Q6ZDFkMWQxZDFkMWQxZDFkMWQxZDFkMWQxZDFkMWQxZDE=",
                "series": "U2VyaWVzOjVlNWU1ZTVlNWU1ZTVlNWU1ZTVlNWU1ZTVlNWU1ZTVl",
                "state": "ANNOUNCED",
                "startsAt": "2026-11-07T18:00:00Z",
            },
        }
        assert second.message["type"] == "phase.started"
        assert first.is_signed_with(made.signing_secret)
        assert second.is_signed_with(made.signing_secret)
        assert first.headers["content-type"] == "application/json"
        assert abs(int(first.headers["webhook-timestamp"]) - time.time()) < 60

        async def noted():
            log = await office.log(made.webhook_id)
            return [(one.state, [each.status for each in one.attempts]) for one in log] == [("DELIVERED", [204])] * 2

        await until(noted)


async def test_a_webhook_gets_what_its_filters_let_through(world):
    async with (
        Receiver.running() as types,
        Receiver.running() as conference,
        Receiver.running() as district,
        Receiver.running() as series,
        Receiver.running() as other,
        world.webhooks() as office,
    ):
        await office.create(types.url, types=("phase.started",))
        await office.create(conference.url, conference_ids=(SOUTH,))
        await office.create(district.url, district_ids=(DISTRICT,))
        await office.create(series.url, series_ids=(SERIES,), types=("idea.submitted",))
        await office.create(other.url, series_ids=("ee" * 16,))
        await world.tell(announced(NORTH, DISTRICT), announced(SOUTH, OTHER_DISTRICT))
        await world.tell(
            phase(1, NORTH), phase(2, SOUTH), submitted("1d" * 16, NORTH), submitted("2d" * 16, SOUTH),
            ideas.ChallengePublished(at=AT, challenge_id="ca" * 16, district_id=DISTRICT),
        )  # fmt: skip
        assert sorted(runs(await types.got(2))) == [1, 2]
        got = sorted(post.message["type"] for post in await conference.got(3))
        assert got == ["conference.announced", "idea.submitted", "phase.started"]
        got = sorted(post.message["type"] for post in await district.got(4))
        assert got == ["challenge.published", "conference.announced", "idea.submitted", "phase.started"]
        assert [post.message["type"] for post in await series.got(2)] == ["idea.submitted"] * 2
        assert other.posts == []


async def test_registration_is_asked_where_a_conference_is_whose_announcement_was_never_heard(world, receiver, city):
    await world.sql("DELETE FROM webhook_conferences")
    async with world.webhooks() as office:
        await office.create(receiver.url, district_ids=(DISTRICT,))
        await world.tell(phase(1))
        assert runs(await receiver.got(1)) == [1]
        says = city.answers[registration.GetConference]
        city.say(registration.GetConference, lambda _: Unavailable(service="registration"))
        await world.tell(phase(2, SOUTH))
        question = registration.GetConference(conference_id=SOUTH)
        await until(lambda: city.queries.count(question) >= 2)  # it is tried again
        assert not await world.sql("SELECT 1 FROM webhook_events WHERE conference = $1", UUID(SOUTH))
        city.say(registration.GetConference, says)
        assert runs(await receiver.got(2)) == [1, 2]


async def test_what_is_not_taken_is_sent_again_with_the_same_id_and_body(world, receiver):
    async def answer(_):
        return 500 if len(receiver.posts) < 2 else 200

    receiver.answer = answer
    async with world.webhooks(retries=SOON) as office:
        made = await office.create(receiver.url)
        await world.tell(phase(1))
        posts = await receiver.got(3, 60)
        assert len({(post.id, post.body) for post in posts}) == 1
        await until(lambda: _ended(office, made))
        (delivery,) = await office.log(made.webhook_id)
        assert [attempt.status for attempt in delivery.attempts] == [500, 500, 200]
        assert [attempt.problem for attempt in delivery.attempts] == ["STATUS", "STATUS", None]


async def _ended(office, made):
    return all(one.state != "PENDING" for one in await office.log(made.webhook_id))


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
        await until(lambda: _has_status(office, made, "GONE"))
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


async def _has_status(office, made, status):
    return await office.status(made.webhook_id) == status


async def test_an_endpoint_that_failed_all_the_time_is_given_up_with_its_message(world, receiver):
    async def answer(_):
        return 500

    receiver.answer = answer
    async with world.webhooks(retries=(0.05, 0.05)) as office:
        made = await office.create(receiver.url)
        await world.tell(phase(1))
        await until(lambda: _has_status(office, made, "FAILING"), 60)
        (delivery,) = await office.log(made.webhook_id)
        assert (delivery.state, len(delivery.attempts)) == ("FAILED", 3)


async def test_a_message_is_given_up_without_the_endpoint_where_others_are_taken(world, receiver):
    async def answer(post):
        return 400 if post.message["type"] == "phase.started" else 200

    receiver.answer = answer
    async with world.webhooks(retries=(3600.0,)) as office:
        made = await office.create(receiver.url)
        await world.tell(phase(1))
        await until(lambda: _tried(office, made))
        await world.tell(submitted(conference=SOUTH))
        await until(lambda: world.sql("SELECT 1 FROM webhook_deliveries WHERE state = 'DELIVERED'"))
        await world.sql("UPDATE webhook_deliveries SET due_at = now() WHERE state = 'PENDING'")
        await until(lambda: _ended(office, made))
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
        await until(lambda: _tried(office, made))
        (delivery,) = await office.log(made.webhook_id)
        assert delivery.due_at - delivery.attempts[0].at > timedelta(seconds=50)
        assert delivery.attempts[0].answer.startswith("slow  down xxx")
        assert len(delivery.attempts[0].answer) == 200


async def _tried(office, made):
    log = await office.log(made.webhook_id)
    return log and log[-1].attempts


async def test_a_redirect_is_a_failure_and_is_not_followed(world, receiver):
    async def answer(_):
        return web.Response(status=307, headers={"Location": other.url})

    async with Receiver.running() as other, world.webhooks() as office:
        receiver.answer = answer
        made = await office.create(receiver.url)
        await world.tell(phase(1))
        await until(lambda: _tried(office, made))
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
        await until(lambda: _tried(office, made))
        (delivery,) = await office.log(made.webhook_id)
        assert (delivery.attempts[0].status, delivery.attempts[0].problem) == (None, "TIMEOUT")


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
        await until(lambda: _ended(office, made))
        third = (await office.log(made.webhook_id))[2]
        await office.do(commands.ReplayWebhookDelivery(delivery_id=third.id.hex))
        assert (await receiver.got(5))[4].id == before[2]
        await until(lambda: _ended(office, made))
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
        await until(lambda: _tried(office, made))
    await world.sql("UPDATE webhook_deliveries SET created_at = now() - interval '31 days'")
    async with world.webhooks() as office:
        await until(lambda: _has_state(office, made, "DISCARDED"))
    await world.sql("UPDATE webhook_events SET kept_since = now() - interval '31 days'")
    async with world.webhooks():
        await until(lambda: world.sql("SELECT 1 FROM webhook_events HAVING count(*) = 0"))


async def _has_state(office, made, state):
    return [one.state for one in await office.log(made.webhook_id)] == [state]


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
        await until(lambda: _tried(office, made))
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


async def test_a_cancelled_conference_is_told(world, receiver):
    async with world.webhooks() as office:
        await office.create(receiver.url, types=("conference.cancelled", "conference.moved"))
        await world.tell(
            announced(),
            registration.ConferenceMoved(at=AT, conference_id=NORTH, starts_at=AT),
            registration.ConferenceCancelled(at=AT, conference_id=NORTH),
        )
        posts = await receiver.got(2)
        assert [post.message["type"] for post in posts] == ["conference.moved", "conference.cancelled"]
        assert posts[1].message["data"]["state"] == "CANCELLED"


async def test_an_event_of_a_newer_release_parks_its_conference_alone_until_it_is_skipped(world, receiver):
    async with world.webhooks() as office:
        await office.create(receiver.url)
        await world.tell(phase(1, NORTH), version=2)
        await world.tell(phase(2, NORTH), phase(3, SOUTH))
        assert runs(await receiver.got(1)) == [3]
        await until(lambda: office.webhooks.readiness()["parked"] == {"session": [NORTH]})
        db = await Database.connect(world.dsn, size=1)
        try:
            letters = DeadLetters(db, "gateway")
            assert await letters.skip("session", NORTH, 1)
            await until(lambda: letters.replay("session", NORTH))
            assert runs(await receiver.got(2)) == [3, 2]
        finally:
            await db.close()


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

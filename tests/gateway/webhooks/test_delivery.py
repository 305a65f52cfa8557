# SPDX-License-Identifier: Apache-2.0
"""Deliveries: every public event once in the queue of each webhook that wants it, and posted."""

import time
from uuid import UUID

from services.chassis.database import Database
from services.chassis.dead_letters import DeadLetters
from services.chassis.refusals import Unavailable
from services.contracts import ideas, registration
from tests.gateway.webhooks.waits import runs
from tests.gateway.webhooks.world import (
    AT,
    DISTRICT,
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

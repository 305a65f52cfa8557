# SPDX-License-Identifier: Apache-2.0
"""What running replicas do by themselves: keep deadlines, and react to other services."""

import asyncio
import time
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import uuid4

import msgspec
import pytest

from services.chassis.bus import topology
from services.chassis.clock import Clock
from services.chassis.subjects import ES_EPOCH, ES_POSITION, ES_TOPIC
from services.contracts import registration as contract
from services.contracts import session
from tests.integration.registration.city import EVENING, all_mails_sent, announce, open_city, open_evening
from tests.integration.registration.desk import ORGANISER


async def until(condition):
    """Waits for what the replicas do in their own time."""
    async with asyncio.timeout(60):
        while not await condition():  # noqa: ASYNC110 -- the service tells nobody
            await asyncio.sleep(0.05)


@pytest.fixture
def fast_city(service_database, nats_url, prefix):
    @asynccontextmanager
    async def start(pace):
        clock = Clock(time.time(), pace)
        async with open_city(
            service_database("registration"), nats_url, prefix, replicas=2, embedded=True, clock=clock
        ) as city:
            yield city, clock

    return start


async def state_of(city, participant):
    query = contract.GetRegistration(conference_id=EVENING, participant_id=participant)
    return (await city.ask(query, ORGANISER)).answer


async def test_at_the_published_minute_a_standby_gets_the_seat_of_who_did_not_come(fast_city):
    async with fast_city(20) as (city, clock):
        await announce(city, capacity=3, starts_at=clock.now() - timedelta(minutes=5))
        await city.register(range(4))
        secrets = await city.secrets()
        for secret in secrets.values():
            await city.confirm(secret)
        *seated, waiting = secrets
        for here in (seated[0], seated[1], waiting):
            await city.done(contract.CheckIn(conference_id=EVENING, participant_id=here))

        async def has_a_seat():
            known = await state_of(city, waiting)  # None: the read model has not come so far yet
            return known is not None and known.checked_in

        await until(has_a_seat)
        assert (await state_of(city, seated[2])).status == "RELEASED"


async def test_after_48_hours_an_unconfirmed_registration_is_forgotten(fast_city):
    async with fast_city(100_000) as (city, _):
        await open_evening(city, capacity=3)
        await city.register(range(1))

        async def forgotten():
            left = "SELECT (SELECT count(*) FROM participants) + (SELECT count(*) FROM data_keys WHERE wrapped <> '')"
            return await city.runtime.db.pool.fetchval(left) == 0

        await until(forgotten)


async def tell(city, event, position):
    """What the session service tells, at this position of its log."""
    bus = city.runtime.bus
    headers = {
        ES_POSITION: str(position), ES_EPOCH: "e" * 32, ES_TOPIC: type(event).__name__,
        "Nats-Msg-Id": uuid4().hex, "traceparent": f"00-{'1' * 32}-{'2' * 16}-00",
    }  # fmt: skip
    subject = bus.subject_event("session", event.conference_id, type(event).__name__)
    await bus.js.publish(subject, msgspec.json.encode(event), headers=headers)


async def test_those_who_came_are_thanked_and_asked_once_more_once_even_when_everything_is_told_again(city):
    bus = city.runtime.bus
    await topology(bus, ["session"])
    await open_evening(city, capacity=5)
    await city.register(range(3))
    secrets = await city.secrets()
    for secret in secrets.values():
        await city.confirm(secret)
    first, second, _ = secrets
    at = city.runtime.clock.now()
    story = [
        session.PresenceEdge(at=at, conference_id=EVENING, participant_id=first, present=True),
        session.PresenceEdge(at=at, conference_id=EVENING, participant_id=second, present=True),
        session.PresenceEdge(at=at, conference_id=EVENING, participant_id=second, present=False),
        session.PresenceEdge(at=at, conference_id=EVENING, participant_id="a" * 32, present=True),
        session.SessionEnded(at=at, conference_id=EVENING),
        session.SurveyOpened(at=at, conference_id=EVENING, wave="after", until=at),
        session.SurveyOpened(at=at, conference_id=EVENING, wave="follow_up", until=at),
        session.SurveyOpened(at=at, conference_id=EVENING, wave="follow_up", until=None),
    ]
    for position, event in enumerate(story, 1):
        await tell(city, event, position)

    async def held():
        reply = await city.ask(contract.GetConference(conference_id=EVENING))
        return reply.answer.status == "HELD"

    await until(held)
    await all_mails_sent(city)
    head = await city.runtime.store.max_notification_id()

    await bus.js.delete_stream(bus.stream("session"))
    await topology(bus, ["session"])
    for position, event in enumerate(story, 1):
        await tell(city, event, position)
    later = session.PresenceEdge(at=at, conference_id=EVENING, participant_id=first, present=False)
    await tell(city, later, len(story) + 1)

    async def applied():
        return await city.runtime.db.pool.fetchval("SELECT max(position) FROM consumed") == len(story) + 1

    await until(applied)
    await all_mails_sent(city)
    assert await city.runtime.store.max_notification_id() == head
    thanked = [mail["To"] for mail in city.mailbox.mails if mail["Subject"].startswith("Danke")]
    assert len(thanked) == 2

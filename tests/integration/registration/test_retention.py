# SPDX-License-Identifier: Apache-2.0
"""Some days after a conference its people are forgotten, and those of other conferences are not."""

import time
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import pytest

from services.chassis.clock import Clock
from services.contracts import registration as contract
from services.registration.readmodel.deadlines import RetentionDue
from tests.integration.registration.city import EVENING, announce, open_city
from tests.integration.registration.desk import ANONYMOUS
from tests.integration.registration.test_running import until

LATER = "b" * 32
PACE = 20_000.0


@pytest.fixture
def city_that_keeps(service_database, nats_url, prefix):
    @asynccontextmanager
    async def start(days):
        more = {"embedded": True, "clock": Clock(time.time(), PACE), "retention_days": days}
        async with open_city(service_database("registration"), nats_url, prefix, replicas=2, **more) as city:
            yield city

    return start


async def people_of(city, conference_id):
    """How many rows, readable keys and mails the vault holds of the participants of a conference."""
    return await city.runtime.db.pool.fetchrow(
        "SELECT (SELECT count(*) FROM participants WHERE conference_id = $1) AS people,"
        " (SELECT count(*) FROM data_keys WHERE conference_id = $1 AND wrapped IS NOT NULL) AS keys,"
        " (SELECT count(*) FROM outbox WHERE conference_id = $1) AS mails",
        UUID(conference_id),
    )


async def seats(city, number):
    """So many people with a seat; who does not confirm is forgotten anyway."""
    await city.register(range(number))
    for secret in (await city.secrets()).values():
        await city.confirm(secret)


async def retention_timers(city):
    query = "SELECT count(*) FROM timers WHERE kind = $1 AND conference_id = $2"
    return await city.runtime.db.pool.fetchval(query, RetentionDue.KIND, UUID(EVENING))


async def test_one_day_after_a_conference_its_people_are_forgotten_and_those_of_the_next_stay(city_that_keeps):
    async with city_that_keeps(1) as city:
        await announce(city, capacity=3, starts_at=city.runtime.clock.now() + timedelta(hours=12))
        await city.done(contract.AnnounceConference(
            conference_id=LATER, series_id="5" * 32, district_id="d" * 32, title="Das nächste",
            starts_at=city.runtime.clock.now() + timedelta(days=3650),
        ))  # fmt: skip
        await city.done(contract.OpenConference(conference_id=LATER))
        await seats(city, 3)
        before = await city.secrets()
        again = contract.Register(conference_id=LATER, name="Person 0", email="p0@example.org")
        await city.done(again, ANONYMOUS)
        (theirs,) = (secret for who, secret in (await city.secrets()).items() if who not in before)
        await city.done(contract.ConfirmRegistration(conference_id=LATER, secret=theirs), ANONYMOUS)
        assert (await people_of(city, EVENING))["people"] == 3

        async def forgotten():
            return tuple(await people_of(city, EVENING)) == (0, 0, 0)

        await until(forgotten)
        told = await city.runtime.db.pool.fetchval(
            "SELECT count(*) FROM stored_events WHERE topic = 'registration.participant_erased' AND conference_id = $1",
            UUID(EVENING),
        )
        assert told == 3
        assert (await people_of(city, LATER))["people"] == 1
        assert await retention_timers(city) == 0


async def test_people_are_kept_for_good_where_the_setting_says_so(city_that_keeps):
    async with city_that_keeps(0) as city:
        await announce(city, capacity=3, starts_at=city.runtime.clock.now() + timedelta(hours=12))
        await seats(city, 1)

        async def considered():
            return await retention_timers(city) == 0

        await until(considered)
        assert (await people_of(city, EVENING))["people"] == 1


async def test_people_are_still_forgotten_in_time_after_the_deadlines_were_rebuilt(city_that_keeps):
    async with city_that_keeps(3650) as city:
        await announce(city, capacity=3, starts_at=city.runtime.clock.now() + timedelta(hours=12))
        query = "SELECT max(due_at) FROM timers WHERE kind = $1 AND conference_id = $2"

        async def due_at():
            return await city.runtime.db.pool.fetchval(query, RetentionDue.KIND, UUID(EVENING))

        async def moved_on():
            due = await due_at()
            return due is not None and due > city.runtime.clock.now() + timedelta(days=365)

        async def moved_on_or_gone():
            return await due_at() is None or await moved_on()

        await until(moved_on)
        before = await due_at()
        await city.runtime.projector.rebuild("deadlines")
        await until(moved_on_or_gone)
        assert await due_at() == before

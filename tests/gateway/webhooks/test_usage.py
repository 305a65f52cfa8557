# SPDX-License-Identifier: Apache-2.0
"""What apps have used: counted beside requests, added up over gateways, shown to the app and to the city."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from gateway.identity.logins import Login
from gateway.usage.ledger import _CLEAN, DAYS, Ledger
from gateway.usage.tally import Tallies
from services.chassis.database import Database
from services.chassis.identity import Actor
from services.contracts import registration
from tests.gateway.conftest import running
from tests.gateway.test_api_keys import APP, KEY, TEXT, Registry
from tests.gateway.webhooks.world import announced, until

TODAY = datetime.now(UTC).date()
USAGE = """{ viewer { usage { days { day operations points errors rateLimited deliveries failedDeliveries }
  keys { keyId lastUsedAt operations } } } }"""
OTHER = "cd" * 16


def login(client=APP, key=KEY):
    return Login(Actor(client, "app"), None, float("inf"), frozenset(), client, key)


def used(tallies, operations, client=APP, key=KEY):
    tally = tallies.of(login(client, key))
    for _ in range(operations):
        tally.began()
        tally.points += 3
    return tally


@pytest.fixture
async def db(world):
    async with world.webhooks():
        pass  # the tables are made
    made = await Database.connect(world.dsn, size=4)
    yield made
    await made.close()


async def total(db, client=APP):
    found = await Ledger(db, Tallies()).usage(client, TODAY - timedelta(days=1), TODAY)
    return sum(day.operations for day in found.days), sum(day.points for day in found.days)


async def test_what_several_gateways_count_at_the_same_time_is_added_up(db):
    everywhere = [Tallies() for _ in range(4)]
    ledgers = [Ledger(db, tallies) for tallies in everywhere]
    for _ in range(5):
        for number, tallies in enumerate(everywhere):
            used(tallies, number + 1)
            used(tallies, 1, client=OTHER)
        await asyncio.gather(*(ledger.write() for ledger in ledgers))
    assert await total(db) == (50, 150)
    assert await total(db, OTHER) == (20, 60)


async def test_gateways_that_count_the_same_apps_in_another_order_do_not_wait_for_each_other(db):
    apps = [f"{number:032x}" for number in range(200)]
    ledgers = []
    for order in (apps, apps[::-1]) * 2:
        tallies = Tallies()
        ledgers.append((Ledger(db, tallies), tallies, order))
    for _ in range(5):
        for _, tallies, order in ledgers:
            for app in order:
                used(tallies, 1, client=app)
        await asyncio.gather(*(ledger.write() for ledger, _, _ in ledgers))
    assert await total(db, apps[0]) == (20, 60)


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "x" * 201, "a\nb"], ids=range(4))
async def test_a_name_that_no_table_takes_is_not_counted(name):
    assert Tallies().of(login(client=name)) is None


async def test_a_batch_whose_outcome_got_lost_is_counted_once(db, monkeypatch):
    tallies = Tallies()
    ledger = Ledger(db, tallies)
    used(tallies, 2)
    real = Database.transaction

    def cut(self):
        made = real(self)

        class Cut:
            async def __aenter__(self):
                return await made.__aenter__()

            async def __aexit__(self, *error):
                await made.__aexit__(*error)
                raise ConnectionResetError  # it was committed, and nobody heard of it

        return Cut()

    monkeypatch.setattr(Database, "transaction", cut)
    with pytest.raises(ConnectionResetError):
        await ledger.write()
    monkeypatch.undo()
    used(tallies, 1)
    await ledger.write()
    assert await total(db) == (2, 6)
    await ledger.write()
    assert await total(db) == (3, 9)


async def test_while_the_database_is_away_counting_goes_on(db, monkeypatch):
    tallies = Tallies()
    ledger = Ledger(db, tallies)
    used(tallies, 1)

    def away(_):
        raise ConnectionRefusedError

    monkeypatch.setattr(Database, "transaction", away)
    with pytest.raises(ConnectionRefusedError):
        await ledger.write()
    used(tallies, 1)
    monkeypatch.undo()
    await ledger.write()
    await ledger.write()
    assert await total(db) == (2, 6)


async def test_points_that_flow_back_after_a_batch_are_taken_off_again(db):
    tallies = Tallies()
    ledger = Ledger(db, tallies)
    tally = used(tallies, 1)
    await ledger.write()
    tally.points -= 2
    await ledger.write()
    assert await total(db) == (1, 1)


async def test_who_comes_by_no_app_is_not_counted():
    assert Tallies().of(Login(Actor("a" * 32, "resident"), "c" * 32, 0.0)) is None


@pytest.fixture
async def gateway(city, world, nats_url, prefix):
    async with running(nats_url, prefix, database_url=world.dsn, webhooks_to_loopback=True) as address:
        await until(lambda: address.gateway.backends.webhooks.readiness()["problem"] is None)
        yield address


async def written(gateway):
    await gateway.gateway.backends.webhooks._ledger.write()


async def test_an_app_sees_what_it_has_used_and_nobody_elses(city, gateway):
    Registry(city, "idea:read")
    for query in ("{ serverTime }", "{ nothing }", '{ conference(id: "x") { details { title } } }'):
        await gateway.ask(query, TEXT)
    await written(gateway)
    usage = (await gateway.ask(USAGE, TEXT))["data"]["viewer"]["usage"]
    (day,) = usage["days"]
    assert (day["day"], day["operations"], day["errors"], day["rateLimited"]) == (TODAY.isoformat(), 3, 2, 0)
    assert day["points"] >= 10
    (key,) = usage["keys"]
    assert (key["keyId"], key["operations"]) == (KEY, 3)
    assert datetime.now(UTC) - datetime.fromisoformat(key["lastUsedAt"]) < timedelta(minutes=5)
    for token in (None, city.issuer.staff(), city.issuer.resident()):
        assert (await gateway.ask(USAGE, token))["data"]["viewer"]["usage"] is None


async def test_requests_without_points_are_counted_as_limited(city, world, nats_url, prefix):
    Registry(city, "idea:read")
    options = {"database_url": world.dsn, "webhooks_to_loopback": True}
    async with running(nats_url, prefix, points_per_second=0.001, points_at_once=5000, **options) as gateway:
        await until(lambda: gateway.gateway.backends.webhooks.readiness()["problem"] is None)
        await gateway.ask("{ serverTime }", TEXT)
        gateway.gateway.budget.account(Actor(APP, "app"), "", APP).spend(5000)
        for _ in range(3):
            answer = await gateway.ask("{ serverTime }", TEXT)
            assert answer["errors"][0]["extensions"]["code"] == "TOO_MANY_OPERATIONS"
        await written(gateway)
        found = await gateway.gateway.backends.webhooks.usage(APP, TODAY, TODAY + timedelta(days=1))
    assert (sum(day.operations for day in found.days), sum(day.rate_limited for day in found.days)) == (1, 3)


async def test_a_gateway_that_stops_writes_what_it_counted(city, world, nats_url, prefix):
    Registry(city, "idea:read")
    async with running(nats_url, prefix, database_url=world.dsn, webhooks_to_loopback=True) as gateway:
        await until(lambda: gateway.gateway.backends.webhooks.readiness()["problem"] is None)
        await gateway.ask("{ serverTime }", TEXT)
    rows = await world.sql("SELECT client, key, operations FROM app_usage")
    assert [tuple(row) for row in rows] == [(APP, KEY, 1)]


async def test_the_city_sees_what_an_app_has_used_and_a_wrong_day_names_the_argument(city, gateway):
    Registry(city, "idea:read")
    view = registration.AppView(
        app_id=APP, name="Zeitung", status="APPROVED", purpose=None, licence="x", wanted=(), scopes=(),
        contact_name=None, contact_email=None, registered_at=datetime.now(UTC), keys=(),
    )  # fmt: skip
    city.say(registration.ListApps, lambda _: registration.Apps(items=(view,), keys=("1",)))
    await gateway.ask("{ serverTime }", TEXT)
    await written(gateway)
    organiser = city.issuer.staff(role="organiser", scope="city")
    query = (
        "query($from: String, $to: String) { apps { nodes { usage(from: $from, to: $to) { days { operations } } } } }"
    )
    dates = {"from": TODAY.isoformat(), "to": TODAY.isoformat()}
    answer = await gateway.ask(query, organiser, **dates)
    assert answer["data"]["apps"]["nodes"] == [{"usage": {"days": [{"operations": 1}]}}]
    old = await gateway.ask(query, organiser, **{"from": "2020-01-01", "to": "2020-12-31"})
    assert old["data"]["apps"]["nodes"] == [{"usage": {"days": []}}]
    wrong = await gateway.ask(query, organiser, **{"from": "yesterday"})
    assert wrong["errors"][0]["extensions"]["code"] == "INVALID_INPUT"
    assert wrong["errors"][0]["extensions"]["field"] == "from"


async def test_deliveries_to_webhooks_are_counted_by_whose_they_are(world, receiver):
    async def refuses_the_first(_):
        return 204 if receiver.posts else 503

    receiver.answer = refuses_the_first
    async with world.webhooks(retries=(0.1,) * 6) as office:
        await office.create(receiver.url, owner=APP)
        await world.tell(announced())
        await receiver.got(2)

        async def counted():
            days = (await office.webhooks.usage(APP, TODAY, TODAY + timedelta(days=1))).days
            return [(sum(d.deliveries for d in days), sum(d.failed_deliveries for d in days))] == [(1, 1)]

        await until(counted)


async def test_old_days_go_and_an_erased_app_leaves_none(world):
    async with world.webhooks() as office:
        db = await Database.connect(world.dsn, size=2)
        try:
            row = "INSERT INTO app_usage VALUES ($1, '', $2, 1, 1, 0, 0, now())"
            for age in (0, DAYS - 1, DAYS, DAYS + 5):
                await db.pool.execute(row, OTHER, TODAY - timedelta(days=age))
            await db.pool.execute(row, APP, TODAY)
            for statement in _CLEAN:
                await db.pool.execute(statement)
            kept = await db.pool.fetchval("SELECT count(*) FROM app_usage WHERE client = $1", OTHER)
            assert kept == 2
            await world.tell(registration.AppAccessChanged(at=datetime.now(UTC), app_id=APP, erased=True))

            async def gone():
                return await db.pool.fetchval("SELECT count(*) FROM app_usage WHERE client = $1", APP) == 0

            await until(gone)
            late = Tallies()  # of a gateway that had not written yet what it had counted
            used(late, 1)
            used(late, 1, client=OTHER)
            await Ledger(db, late).write()
            assert await db.pool.fetchval("SELECT count(*) FROM app_usage WHERE client = $1", APP) == 0
            assert (await total(db, OTHER))[0] == 2
        finally:
            await db.close()
        assert office.webhooks.readiness()["problem"] is None

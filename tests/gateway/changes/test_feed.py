# SPDX-License-Identifier: Apache-2.0
"""The feed in the database: nothing is lost between writers and readers; of what is gone only an id stays."""

import asyncio
from uuid import UUID, uuid4

import pytest

from gateway.changes.catalogue import LEFT_OUT, SERVICE_OF, TOLD
from gateway.changes.feed import Feed, Incomplete, OtherFeed, Place, record
from gateway.schema.build import build_schema, core
from gateway.schema.doors import DOORS
from gateway.webhooks.catalogue import BY_EVENT
from services.chassis.database import Database
from services.contracts import ideas, registration
from tests.gateway.city import START

CONFERENCE = "c0" * 16


async def complete(db: Database) -> Feed:
    feed = Feed(db)
    made = await feed.unfinished()
    assert made is not None
    await feed.finish(made)
    return feed


async def write(db: Database, *events, position: int = 1) -> None:
    async with db.transaction() as tx:
        for event in events:
            await record(tx, event, position)


def submitted(idea: str):
    return ideas.IdeaSubmitted(at=START, conference_id=CONFERENCE, idea_id=idea, sheet_id="5" * 32, topic_id=None)


async def all_pages(feed: Feed, first: int, since: Place | None = None):
    found = []
    while True:
        page = await feed.page(since, first)
        found += page.changes
        since = page.end
        if not page.more:
            return found, since


def test_every_public_node_is_told_of_or_left_out_with_a_reason() -> None:
    schema = DOORS["public"].schema
    public = {kind.name for kind in schema.get_possible_types(schema.type_map["Node"])}
    assert public == set(SERVICE_OF) | set(LEFT_OUT)
    assert not set(SERVICE_OF) & set(LEFT_OUT)
    assert {told.kind for told in TOLD.values()} == set(SERVICE_OF)
    assert public <= {kind.name for kind in core(build_schema()).type_map.values()}


def test_whatever_webhooks_tell_changes_something_in_the_feed() -> None:
    assert set(BY_EVENT) <= set(TOLD)


def test_each_event_is_told_by_the_service_that_knows_the_thing() -> None:
    assert {event: told.kind for event, told in TOLD.items() if SERVICE_OF[told.kind] != event.SERVICE} == {}


async def test_a_thing_stands_once_at_the_place_of_its_last_change(db: Database) -> None:
    feed = await complete(db)
    first, second = "1a" * 16, "2b" * 16
    await write(db, submitted(first))
    await write(db, submitted(second))
    before, middle = await all_pages(feed, 1)
    await write(db, ideas.IdeaRevised(at=START, conference_id=CONFERENCE, idea_id=first), position=7)
    after, _ = await all_pages(feed, 1)
    assert [change.local.hex for change in before] == [first, second]
    assert [(change.local.hex, change.position) for change in after] == [(second, 1), (first, 7)]
    news, _ = await all_pages(feed, 1, middle)
    assert [change.local.hex for change in news] == [first]


async def test_of_what_is_gone_only_the_id_stays(db: Database) -> None:
    feed = await complete(db)
    await write(db, submitted("1a" * 16))
    await write(db, ideas.IdeaWithdrawn(at=START, conference_id=CONFERENCE, idea_id="1a" * 16))
    (row,) = await db.pool.fetch("SELECT * FROM changes")
    assert dict(row).keys() == {"kind", "local", "place", "removed", "at", "position"}
    assert (row["kind"], row["local"].hex, row["removed"]) == ("Idea", "1a" * 16, True)
    (change,), _ = await all_pages(feed, 10)
    assert change.removed


async def test_a_new_feed_is_not_told_before_it_is_complete_and_a_renewed_one_knows_no_old_cursor(db: Database) -> None:
    feed = Feed(db)
    with pytest.raises(Incomplete):
        await feed.page(None, 10)
    await complete(db)
    await write(db, submitted("1a" * 16))
    _, end = await all_pages(feed, 10)
    await feed.renew()
    with pytest.raises(Incomplete):
        await feed.page(end, 10)
    await complete(db)
    with pytest.raises(OtherFeed):
        await feed.page(end, 10)
    assert (await feed.page(None, 10)).changes == []


async def test_what_was_told_during_a_survey_is_newer_than_what_the_survey_saw(db: Database) -> None:
    feed = Feed(db)
    made = await feed.unfinished()
    assert made is not None
    gone, there = "1a" * 16, "2b" * 16
    await write(db, ideas.IdeaWithdrawn(at=START, conference_id=CONFERENCE, idea_id=gone))
    await feed.fill(made, "Idea", [UUID(gone), UUID(there)], START, 5)
    await feed.finish(made)
    found, _ = await all_pages(feed, 10)
    assert [(change.local.hex, change.removed) for change in found] == [(gone, True), (there, False)]


async def test_a_survey_of_a_feed_that_was_replaced_meanwhile_adds_and_ends_nothing(db: Database) -> None:
    feed = Feed(db)
    old = await feed.unfinished()
    assert old is not None
    await feed.renew()
    await feed.fill(old, "Idea", [uuid4()], START, 5)
    await feed.finish(old)
    assert await feed.unfinished() not in (None, old)
    assert await db.pool.fetchval("SELECT count(*) FROM changes") == 0


async def test_places_go_on_behind_every_cursor_after_a_backup_was_restored(db: Database) -> None:
    feed = await complete(db)
    await write(db, submitted("1a" * 16))
    backup = await db.pool.fetchrow("SELECT head FROM change_feed")
    await write(db, submitted("2b" * 16))
    _, cursor = await all_pages(feed, 10)
    await db.pool.execute("UPDATE change_feed SET head = $1", backup["head"])
    await db.pool.execute("DELETE FROM changes WHERE place > $1", backup["head"])
    await write(db, submitted("2b" * 16), submitted("3c" * 16))  # read again from JetStream, and something new
    found, _ = await all_pages(feed, 10, cursor)
    assert [change.local.hex for change in found] == ["2b" * 16, "3c" * 16]


WRITERS, EVENTS, THINGS = 6, 40, 25


async def test_readers_beside_racing_writers_miss_nothing_and_read_in_one_order(db: Database) -> None:
    """The transactions of writers end in another order than they began; a reader pages all the while."""
    feed = await complete(db)
    things = [f"{number:032x}" for number in range(THINGS)]
    districts = [f"{number:032x}" for number in range(1000, 1000 + THINGS)]
    writing = WRITERS

    async def writer(number: int) -> None:
        nonlocal writing
        for event in range(EVENTS):
            thing = (event * 7 + number * 3) % THINGS
            async with db.transaction() as tx:
                if number % 2:
                    await record(tx, registration.DistrictDefined(at=START, district_id=districts[thing]), event)
                else:
                    await record(tx, submitted(things[thing]), event)
                await tx.execute("SELECT pg_sleep(0.002 * random())")  # commits later than it wrote
        writing -= 1

    async def reader(size: int):
        seen: dict[UUID, int] = {}
        places: list[int] = []
        since = None
        while True:
            last = writing == 0
            page = await feed.page(since, size)
            places += [change.place for change in page.changes]
            seen |= {change.local: change.place for change in page.changes}
            since = page.end
            if last and not page.more:
                return seen, places

    tasks = [reader(size) for size in (1, 3, 100)]
    *results, _ = await asyncio.gather(*tasks, asyncio.gather(*map(writer, range(WRITERS))))
    rows = await db.pool.fetch("SELECT local, place FROM changes")
    truth = {row["local"]: row["place"] for row in rows}
    assert len(truth) == 2 * THINGS
    for seen, places in results:
        assert seen == truth
        assert places == sorted(set(places))

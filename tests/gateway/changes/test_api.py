# SPDX-License-Identifier: Apache-2.0
"""`changes(since:)`: a portal that follows it has what everybody may read, and no more."""

import asyncio
from uuid import UUID

from gateway.changes.feed import Feed
from gateway.schema.relay import global_id
from services.chassis.database import Database
from services.contracts import ideas, registration, session
from tests.gateway.changes.portal import CHANGES, DISTRICT, Away, Country, Portal, TooOld
from tests.gateway.city import START
from tests.gateway.conftest import running
from tests.gateway.webhooks.world import until

EVENING = "c0" * 16
IDEA, OTHER = "1d" * 16, "2d" * 16
GID = global_id("Idea", IDEA)


async def test_a_portal_has_what_is_there_and_loses_what_was_withdrawn(country: Country, nats_url, prefix) -> None:
    await country.district()
    await country.announce(EVENING)
    await country.submit(IDEA, EVENING)
    async with running(nats_url, prefix, database_url=country.dsn) as gateway:
        portal = Portal(gateway, first=2)
        await portal.until(lambda: len(portal.copy) == 4)
        assert portal.copy[GID] == {
            "__typename": "Idea", "id": GID, "title": "Reparaturcafé", "awardCents": None, "authors": []
        }  # fmt: skip
        assert portal.copy[global_id("District", DISTRICT)]["name"] == "Stühlinger"

        portal.heard.clear()
        await country.submit(OTHER, EVENING)
        await country.withdraw(IDEA)
        await portal.until(lambda: GID not in portal.copy)
        assert (GID, "REMOVED") in portal.heard
        newcomer = Portal(gateway)
        await newcomer.sync()
        assert newcomer.copy == portal.copy
        assert (GID, "REMOVED") in newcomer.heard


async def test_the_erasure_of_an_author_is_a_change_of_the_idea_and_nobody_personal_is_in_the_table(
    country: Country, nats_url, prefix
) -> None:
    anna = "a0" * 16
    async with running(nats_url, prefix, database_url=country.dsn) as gateway:
        portal = Portal(gateway)
        await portal.begin()
        await country.submit(IDEA, EVENING, title="Werkstatt")
        await portal.until(lambda: GID in portal.copy)
        portal.heard.clear()
        country.ideas[IDEA] = ideas.IdeaView(
            idea_id=IDEA, conference_id=EVENING, sheet_id="55" * 16, topic_id=None, fields={}, authors=(),
            submitted_at=START, award_cents=None,
        )  # fmt: skip
        await country.tell(registration.ParticipantErased(at=START, conference_id=EVENING, participant_id=anna))
        await country.tell(ideas.IdeaRevised(at=START, conference_id=EVENING, idea_id=IDEA))
        await portal.until(lambda: portal.copy[GID]["title"] is None)
        assert portal.heard == [(GID, "CHANGED")]
    db = await Database.connect(country.dsn, size=1)
    rows = await db.pool.fetch("SELECT * FROM changes")
    await db.close()
    (row,) = rows
    assert anna not in str(dict(row)).replace("-", "")
    assert "Werkstatt" not in str(dict(row))


async def test_every_kind_of_public_thing_is_told_when_it_changes(country: Country, nats_url, prefix) -> None:
    challenge = "ca" * 16
    async with running(nats_url, prefix, database_url=country.dsn) as gateway:
        portal = Portal(gateway)
        await portal.begin()
        await country.district()
        await country.announce(EVENING)
        await country.submit(IDEA, EVENING)
        country.challenges[challenge] = ideas.ChallengeView(
            challenge_id=challenge, district_id=DISTRICT, title="Schatten", text="Mehr Bäume", published=True
        )
        await country.tell(ideas.ChallengePublished(at=START, challenge_id=challenge, district_id=DISTRICT))
        await portal.until(lambda: len(portal.copy) == 5)
        for event, gid in (
            (registration.DistrictDefined(at=START, district_id=DISTRICT), global_id("District", DISTRICT)),
            (registration.ConferenceHeld(at=START, conference_id=EVENING), global_id("Conference", EVENING)),
            (session.SessionEnded(at=START, conference_id=EVENING), global_id("Session", EVENING)),
            (
                ideas.ChallengePublished(at=START, challenge_id=challenge, district_id=DISTRICT),
                global_id("Challenge", challenge),
            ),
            (ideas.IdeaAwarded(at=START, conference_id=EVENING, idea_id=IDEA, round_id="9" * 32, amount_cents=5), GID),
        ):  # fmt: skip
            portal.heard.clear()
            await country.tell(event)
            await portal.until(lambda: portal.heard)
            assert portal.heard == [(gid, "CHANGED")]


async def test_an_entry_waits_until_its_service_answers_with_what_it_told(country: Country, nats_url, prefix) -> None:
    """The read model of a service may be behind its own events."""
    async with running(nats_url, prefix, database_url=country.dsn) as gateway:
        portal = Portal(gateway)
        await portal.begin()
        await country.submit(IDEA, EVENING)
        await portal.until(lambda: GID in portal.copy)
        part = country.city.parts["ideas"]
        await country.tell(ideas.IdeaRevised(at=START, conference_id=EVENING, idea_id=IDEA), position=part.position + 1)

        async def told() -> bool:
            try:
                await portal.page()
            except Away as away:
                (error,) = away.args[0]
                return error["extensions"] == {"code": "UNAVAILABLE", "service": "ideas"}
            return False

        await until(told, 60)
        part.position += 1
        country.ideas[IDEA] = ideas.IdeaView(
            idea_id=IDEA, conference_id=EVENING, sheet_id="55" * 16, topic_id=None, fields={"title": "Neu"}, authors=(),
            submitted_at=START, award_cents=None,
        )  # fmt: skip
        await portal.sync()
        assert portal.copy[GID]["title"] == "Neu"


async def test_a_cursor_lasts_beyond_the_gateway_and_the_streams(country: Country, nats_url, prefix) -> None:
    async with running(nats_url, prefix, database_url=country.dsn) as gateway:
        portal = Portal(gateway)
        await portal.begin()
        await country.submit(IDEA, EVENING)
        await portal.until(lambda: GID in portal.copy)
    for service in ("ideas", "registration", "session"):
        await country.city.bus.js.purge_stream(country.city.bus.stream(service))  # older than JetStream keeps
    await country.submit(OTHER, EVENING)
    async with running(nats_url, prefix, database_url=country.dsn) as gateway:
        portal.gateway = gateway
        portal.heard.clear()
        await portal.until(lambda: len(portal.copy) == 2)
        assert portal.heard == [(global_id("Idea", OTHER), "CHANGED")]


async def test_a_fresh_database_is_filled_from_the_services_and_old_cursors_are_refused(
    country: Country, nats_url, prefix
) -> None:
    await country.district()
    for number in range(120):  # more than one page of each
        conference = f"{number:032x}"
        await country.announce(conference)
        await country.submit(f"{number + 1000:032x}", conference)
    for service in ("ideas", "registration", "session"):
        await country.city.bus.js.purge_stream(country.city.bus.stream(service))
    async with running(nats_url, prefix, database_url=country.dsn) as gateway:
        portal = Portal(gateway)
        await portal.until(lambda: len(portal.copy) == 361)
        db = await Database.connect(country.dsn, size=1)
        await country.withdraw(f"{1000:032x}")
        await portal.until(lambda: len(portal.copy) == 360)
        await Feed(db).renew()
        await db.close()

        async def refused() -> bool:
            try:
                await portal.page()
            except TooOld:
                return True
            except Away:
                return False
            return False

        await until(refused, 60)
        again = Portal(gateway)
        await again.until(lambda: len(again.copy) == 360)
        assert again.copy == portal.copy


async def test_a_new_feed_waits_for_services_that_do_not_know_yet_what_they_have_told(
    country: Country, nats_url, prefix
) -> None:
    """What was told of it stood in the feed before, and is not told again."""
    other, part = global_id("Idea", OTHER), country.city.parts["ideas"]
    async with running(nats_url, prefix, database_url=country.dsn) as gateway:
        portal = Portal(gateway)
        await portal.begin()
        told = ideas.IdeaSubmitted(at=START, conference_id=EVENING, idea_id=OTHER, sheet_id="55" * 16, topic_id=None)
        await country.tell(told, position=part.position + 1)
        db = await Database.connect(country.dsn, size=1)

        async def noted() -> bool:
            return await db.pool.fetchval("SELECT count(*) FROM changes WHERE local = $1", UUID(OTHER)) == 1

        await until(noted)
        country.city.queries.clear()
        await Feed(db).renew()
        await db.close()

        def surveyed() -> bool:
            """The list was read, or a service was asked once more."""
            asked = [type(query) for query in country.city.queries]
            return ideas.ListIdeas in asked or asked.count(ideas.ListChallenges) > 1

        await until(surveyed)
        await country.submit(OTHER, EVENING, silently=True)
        newcomer = Portal(gateway)
        await newcomer.until(lambda: other in newcomer.copy)


async def test_who_asks_for_no_entries_has_no_service_asked(country: Country, nats_url, prefix) -> None:
    """Or thirty aliases of a page of a hundred would cost next to nothing."""
    async with running(nats_url, prefix, database_url=country.dsn) as gateway:
        portal = Portal(gateway)
        await portal.begin()
        await country.submit(IDEA, EVENING)
        await portal.until(lambda: GID in portal.copy)
        country.city.queries.clear()
        answer = await gateway.ask("{ changes(first: 100) { ... on Changes { cursor hasNextPage } } }")
        assert answer["data"]["changes"]["hasNextPage"] is False
        assert country.city.queries == []


async def test_what_is_no_cursor_of_this_feed_is_a_typed_refusal(country: Country, nats_url, prefix) -> None:
    async with running(nats_url, prefix, database_url=country.dsn) as gateway:
        portal = Portal(gateway)
        await portal.begin()
        conferences = await gateway.ask("{ conferences(first: 1) { pageInfo { endCursor } } }")
        of_a_list = conferences["data"]["conferences"]["pageInfo"]["endCursor"]
        signer_of_another = "x" * 40
        for since in ("", "nonsense", of_a_list or "", signer_of_another):
            answer = await gateway.ask(CHANGES, since=since)
            refused = answer["data"]["changes"]
            assert (refused["__typename"], refused["code"]) == ("CursorTooOld", "CURSOR_TOO_OLD")
        for first in (0, 101, -1):
            answer = await gateway.ask(CHANGES, first=first)
            assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_without_a_database_there_is_no_feed(country: Country, nats_url, prefix) -> None:
    async with running(nats_url, prefix) as gateway:
        answer = await gateway.ask(CHANGES)
        assert answer["data"]["changes"] is None
        assert answer["errors"][0]["extensions"]["code"] == "CHANGES_NOT_OFFERED"


async def test_the_public_door_has_it_as_well(country: Country, nats_url, prefix) -> None:
    await country.submit(IDEA, EVENING)
    async with running(nats_url, prefix, database_url=country.dsn) as gateway:
        portal = Portal(gateway)
        await portal.until(lambda: GID in portal.copy)
        asked = CHANGES.replace("authors { displayName }", "id")
        answer = (await gateway.http.post("/public/graphql", json={"query": asked})).json()
        assert [entry["nodeId"] for entry in answer["data"]["changes"]["entries"]] == [GID]


async def test_a_portal_that_reads_beside_writers_has_all_in_the_end(country: Country, nats_url, prefix) -> None:
    things = [f"{number:032x}" for number in range(40)]
    async with running(nats_url, prefix, database_url=country.dsn) as gateway:
        portal = Portal(gateway, first=3)
        await portal.begin()

        async def write() -> None:
            for number, idea in enumerate(things):
                await country.submit(idea, f"{number % 5:032x}")
                if number % 3 == 0:
                    await country.withdraw(idea)

        writing = asyncio.create_task(write())
        left = {global_id("Idea", idea) for number, idea in enumerate(things) if number % 3}
        await portal.until(lambda: writing.done() and set(portal.copy) == left)

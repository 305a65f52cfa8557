# SPDX-License-Identifier: Apache-2.0
"""Compiled operations answer exactly what graphql-core answers, also where something is amiss."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from inspect import iscoroutine
from typing import Any

import msgspec
import orjson
import pytest

from gateway.client.messages import document
from gateway.execution.compiled import Compiled
from gateway.schema.relay import global_id
from services.chassis.refusals import NotFound
from services.contracts import ideas, registration, session
from tests.gateway.city import ANNA, CONFERENCE, City
from tests.gateway.conftest import Address, running
from tests.gateway.pictures import fresh, view

GID = global_id("Conference", CONFERENCE)
READS: dict[str, dict[str, Any]] = {
    "Evening": {"id": GID},
    "EveningForStaff": {"id": GID},
    "ChatMessages": {"id": GID, "channel": "plenary"},
    "ConferenceDetails": {"id": GID},
    "Conferences": {},
    "Viewer": {},
    "MyRegistration": {"id": GID},
    "Desk": {},
}


@pytest.fixture
async def plain(city: City, nats_url: str, prefix: str) -> AsyncIterator[Address]:
    """A gateway in which graphql-core executes everything."""
    async with running(nats_url, prefix, compiled=False) as address:
        yield address


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """By which way each operation was answered."""
    used: list[str] = []
    begin = Compiled.begin

    def note(found: Any) -> Any:
        used.append("graphql-core" if found is None else "compiled")
        return found

    async def awaited(found: Any) -> Any:
        return note(await found)

    def noting(self: Compiled, *given: Any) -> Any:
        found = begin(self, *given)
        return awaited(found) if iscoroutine(found) else note(found)

    monkeypatch.setattr(Compiled, "begin", noting)
    return used


def comparable(answer: dict[str, Any]) -> dict[str, Any]:
    """Without what differs from one execution to the next, errors in the order of their fields."""
    if isinstance(answer.get("data"), dict):
        answer["data"].pop("serverTime", None)
    for error in answer.get("errors", ()):
        error.get("extensions", {}).pop("trace", None)
    answer.get("errors", []).sort(key=lambda error: str(error.get("path")))
    return answer


async def both(
    gateway: Address, plain: Address, query: str, token: str | None, **variables: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the compiled operation answers and what graphql-core answers."""
    first = await gateway.ask(query, token, **variables)
    return comparable(first), comparable(await plain.ask(query, token, **variables))


async def eventually(gateway: Address, query: str, token: str | None, words: str) -> dict[str, Any]:
    """The answer, once these words are in it."""
    async with asyncio.timeout(60):
        while True:
            found = await gateway.ask(query, token)
            if words in str(found):
                return found


def known(city: City) -> None:
    """A list of conferences, beside the evening."""
    conference = view(registration.Conference)
    city.say(registration.ListConferences, lambda _: registration.Conferences(items=(conference,), keys=("1",)))


@pytest.mark.parametrize("operation", READS)
@pytest.mark.parametrize("who", ["staff", "resident", "nobody"])
async def test_the_operations_of_the_client_say_the_same_either_way(
    operation: str, who: str, city: City, gateway: Address, plain: Address, ways: list[str]
) -> None:
    known(city)
    token = {"staff": city.issuer.staff(), "resident": city.issuer.resident(), "nobody": None}[who]
    compiled, reference = await both(gateway, plain, document(operation), token, **READS[operation])
    assert compiled == reference
    assert ways == ["compiled"]


@pytest.mark.parametrize(
    "query",
    [
        "{ __typename viewer { __typename kind } }",
        "query($id: ID!) { a: conference(id: $id) { id b: id } conference(id: $id) { id ... on Node { id } } }",
        "query($id: ID!) { node(id: $id) { __typename id ... on Conference { details { title } } } }",
        "query($id: ID!) { nodes(ids: [$id, $id]) { id ... on Node { __typename } } }",
        "query($id: ID!) { conference(id: $id) { ...A ...B } }"
        " fragment A on Conference { session { status phases { key } } }"
        " fragment B on Conference { session { status phases { title { de } kind } } }",
        "{ conferences(first: 1) { pageInfo { hasNextPage endCursor } edges { cursor node { id } } nodes { id } } }",
        "{ conferences { nodes { id details { title startsAt seriesId } session { deadline phases { minutes } } } } }",
        'query { conference(id: "not an id") { id } }',
        'query { node(id: "not an id") { id } serverTime }',
        "query($id: ID!) { conference(id: $id) { polls { tally { label count } question { de } options { en } } } }",
        "query($id: ID!) { conference(id: $id) { groups { groups { number members { id displayName } } } } }",
        "query($id: ID!) { conference(id: $id) { help { reason } details { title } } }",
        "query($id: ID!, $n: Int) { conference(id: $id) { ideas(first: $n) { nodes { id } } } }",
    ],
)
async def test_what_the_language_allows_is_answered_the_same_either_way(
    query: str, city: City, gateway: Address, plain: Address, ways: list[str]
) -> None:
    known(city)
    variables = {"id": GID} if "$id" in query else {}
    for token in (None, city.issuer.staff(), city.issuer.resident()):
        compiled, reference = await both(gateway, plain, query, token, **variables)
        assert compiled == reference
    if "not an id" not in query:
        assert set(ways) == {"compiled"}


async def test_directives_decide_what_is_selected(
    city: City, gateway: Address, plain: Address, ways: list[str]
) -> None:
    query = (
        "query($id: ID!, $who: Boolean!, $not: Boolean = false) { conference(id: $id) { groups { generation"
        " mode @include(if: $who) ... @skip(if: $not) { plans } run @skip(if: true) } } }"
    )
    for who in (True, False):
        compiled, reference = await both(gateway, plain, query, city.issuer.staff(), id=GID, who=who)
        assert compiled == reference
        assert set(compiled["data"]["conference"]["groups"]) == {"generation", "plans", *(["mode"] if who else [])}
    assert ways == ["compiled"] * 2


async def test_what_the_schema_does_not_allow_is_said_the_same_either_way(
    city: City, gateway: Address, plain: Address, ways: list[str]
) -> None:
    polls = view(session.PollsView)
    city.know([msgspec.structs.replace(polls, polls=(msgspec.structs.replace(polls.polls[0], ballots=2**40),))])
    query = "query($id: ID!) { conference(id: $id) { id polls { id ballots } session { status } } }"
    compiled, reference = await both(gateway, plain, query, city.issuer.staff(), id=GID)
    assert compiled["errors"][0]["path"] == ["conference", "polls", 0, "ballots"]
    assert compiled == reference
    assert ways == ["graphql-core"]


async def test_a_snapshot_says_the_same_either_way(
    city: City, gateway: Address, plain: Address, ways: list[str]
) -> None:
    token = city.issuer.staff()
    compiled, reference = await fresh(gateway, token), await fresh(plain, token)
    assert ways == ["compiled"]
    for name in set(type(reference).__struct_fields__) - {"cursor", "server_time"}:
        assert getattr(compiled, name) == getattr(reference, name)


def counted(gateway: Address) -> list[str]:
    """The subjects of the questions that the gateway sends from now on."""
    sent: list[str] = []
    request = gateway.bus.request

    async def counting(subject: str, *given: Any, **options: Any) -> Any:
        sent.append(subject.removeprefix(gateway.prefix))
        return await request(subject, *given, **options)

    gateway.bus.request = counting  # type: ignore[method-assign]
    return sent


async def test_an_evening_costs_one_message_to_each_service_and_one_for_the_names(city: City, gateway: Address) -> None:
    token = city.issuer.staff()
    await gateway.ask("{ viewer { kind } }", token)  # the keys of tokens are known
    sent = counted(gateway)
    answer = await gateway.ask(document("EveningForStaff"), token, id=GID)
    assert answer["data"]["conference"]["groups"]["groups"]
    asked = Counter(subject.split(".")[2] for subject in sent if not subject.endswith(".GetNames"))
    assert set(asked.values()) == {1}, sent
    assert sent.count(".qry.registration.GetNames") == 1


async def test_a_list_of_conferences_costs_one_question_for_each_service(city: City, gateway: Address) -> None:
    """Fifty evenings: one message to registration, one to session; none at all when it is asked for again."""
    some = view(registration.Conference)
    every = [msgspec.structs.replace(some, conference_id=f"{number:032x}") for number in range(50)]
    city.say(
        registration.ListConferences,
        lambda _: registration.Conferences(items=tuple(every), keys=tuple(map(str, range(len(every))))),
    )
    evening = view(session.SessionView)
    city.say(session.GetSession, lambda query: msgspec.structs.replace(evening, conference_id=query.conference_id))
    sent = counted(gateway)
    query = (
        "{ conferences(first: 50) { nodes { id details { title } session { status phases { key title { de } } } } } }"
    )
    found = await gateway.ask(query)
    assert len(found["data"]["conferences"]["nodes"]) == 50
    assert all(node["session"]["status"] == "RUNNING" for node in found["data"]["conferences"]["nodes"])
    assert sent == [".qry.registration.ListConferences", ".qry.session.Many"]
    assert await gateway.ask(query) == found
    assert len(sent) == 2


async def test_a_change_is_in_the_next_answer(city: City, gateway: Address) -> None:
    known(city)
    query = "{ conferences { nodes { details { status seatsTaken } session { status } } } }"
    first = await gateway.ask(query)
    conference = msgspec.structs.replace(view(registration.Conference), seats_taken=17)
    city.say(registration.ListConferences, lambda _: registration.Conferences(items=(conference,), keys=("1",)))
    assert await gateway.ask(query) == first  # nobody told
    await city.tell(registration.SeatTaken(at=conference.starts_at, conference_id=CONFERENCE, participant_id=ANNA))
    found = await eventually(gateway, query, None, "17")
    (node,) = found["data"]["conferences"]["nodes"]
    assert node == {"details": {"status": "CLOSED", "seatsTaken": 17}, "session": {"status": "RUNNING"}}


async def test_an_erased_name_is_in_no_answer_any_more(city: City, gateway: Address) -> None:
    """Names are never part of what is kept of an entity: they are erased while the entity stays the same."""
    known(city)
    query = "{ conferences { nodes { id details { title } } } ideas { nodes { id authors { displayName } } } }"
    idea = ideas.IdeaView(
        idea_id="1d" * 16, conference_id=CONFERENCE, sheet_id="15" * 16, topic_id=None, fields={}, authors=(ANNA,),
        submitted_at=view(registration.Conference).starts_at, award_cents=None,
    )  # fmt: skip
    city.say(ideas.ListIdeas, lambda _: ideas.Ideas(items=(idea,), keys=("1",)))
    assert "Anna" in str(await gateway.ask(query, city.issuer.staff()))
    city.say(registration.GetNames, lambda _: registration.Names(names={}))
    await city.tell(registration.ParticipantErased(at=idea.submitted_at, conference_id=CONFERENCE, participant_id=ANNA))
    answer = await eventually(gateway, query, city.issuer.staff(), "'displayName': None")
    assert answer["data"]["ideas"]["nodes"][0]["authors"] == [{"displayName": None}]
    kept = gateway.gateway.door.engine.registry.fragments._kept.values()
    assert len(kept) == 1
    assert b"Anna" not in orjson.dumps([one.written for one in kept])


async def test_what_a_service_refuses_is_not_kept(city: City, gateway: Address) -> None:
    known(city)
    query = "{ conferences { nodes { session { status } } } }"
    city.say(session.GetSession, lambda _: NotFound(what="session", id=""))
    missing = await gateway.ask(query)
    assert missing["data"]["conferences"]["nodes"] == [{"session": None}]
    assert missing["errors"][0]["path"] == ["conferences", "nodes", 0, "session"]
    city.know([view(session.SessionView)])
    found = await gateway.ask(query)
    assert found["data"]["conferences"]["nodes"] == [{"session": {"status": "RUNNING"}}]

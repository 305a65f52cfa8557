# SPDX-License-Identifier: Apache-2.0
"""What can be asked, by whom, and what remains when a service is away."""

import pytest

from gateway.schema.relay import global_id
from services.chassis.refusals import NotFound
from services.contracts import ideas, registration, session
from tests.gateway.city import ANNA, CONFERENCE, GROUP_2, START, City, message
from tests.gateway.conftest import Address

GID = global_id("Conference", CONFERENCE)


async def test_a_resident_sees_the_evening_and_their_own_group_with_names(city: City, gateway: Address) -> None:
    answer = await gateway.ask(
        "query($id: ID!) { conference(id: $id) { session { status phases { title { de } } }"
        " myGroup { number members { displayName } } myPlacement { room groupId } sheets { passages { text } } } }",
        city.issuer.resident(),
        id=GID,
    )
    assert "errors" not in answer
    conference = answer["data"]["conference"]
    assert conference["session"] == {"status": "RUNNING", "phases": [{"title": {"de": "Austausch"}}]}
    assert conference["myGroup"] == {"number": 1, "members": [{"displayName": "Anna"}, {"displayName": "Ben"}]}
    assert conference["sheets"] == [{"passages": [{"text": "Blatt 1"}]}]


async def test_all_names_of_an_answer_are_asked_for_at_once(city: City, gateway: Address) -> None:
    await gateway.ask(
        "query($id: ID!) { conference(id: $id) { groups { groups { members { displayName } } }"
        " presence { seated { displayName } present { displayName } } } }",
        city.issuer.staff(),
        id=GID,
    )
    assert sum(isinstance(query, registration.GetNames) for query in city.queries) == 1


async def test_what_is_for_staff_is_refused_to_residents_and_the_rest_is_answered(city: City, gateway: Address) -> None:
    answer = await gateway.ask(
        "query($id: ID!) { conference(id: $id) { groups { run } session { status } } }", city.issuer.resident(), id=GID
    )
    assert answer["data"]["conference"] == {"groups": None, "session": {"status": "RUNNING"}}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["NOT_ALLOWED"]


async def test_a_resident_of_another_conference_sees_nothing_of_this_one(city: City, gateway: Address) -> None:
    token = city.issuer.resident(conference="ff" * 16)
    answer = await gateway.ask("query($id: ID!) { conference(id: $id) { polls { open } } }", token, id=GID)
    assert answer["data"]["conference"] == {"polls": None}


@pytest.mark.parametrize("role", ["juror", "partner", "guest"])
async def test_who_has_another_role_in_the_city_sees_no_evening(role: str, city: City, gateway: Address) -> None:
    query = "query($id: ID!) { conference(id: $id) { polls { open } help { reason } } }"
    answer = await gateway.ask(query, city.issuer.staff(role=role, scope="city"), id=GID)
    assert answer["data"]["conference"] == {"polls": None, "help": None}


async def test_a_guest_of_the_conference_sees_what_residents_see(city: City, gateway: Address) -> None:
    query = "query($id: ID!) { conference(id: $id) { polls { open } help { reason } } }"
    answer = await gateway.ask(query, city.issuer.staff(role="guest"), id=GID)
    assert answer["data"]["conference"] == {"polls": [{"open": True}], "help": None}


async def test_a_service_that_is_away_costs_its_own_fields_alone(city: City, gateway: Address) -> None:
    await city.parts["ideas"].down()
    answer = await gateway.ask(
        "query($id: ID!) { conference(id: $id) { session { status } board { cards { text } } } }",
        city.issuer.resident(),
        id=GID,
    )
    assert answer["data"]["conference"] == {"session": {"status": "RUNNING"}, "board": None}
    (error,) = answer["errors"]
    assert error["path"] == ["conference", "board"]
    assert error["extensions"] == {"code": "UNAVAILABLE", "service": "ideas"}


async def test_needs_and_offers_show_no_author_to_others(city: City, gateway: Address) -> None:
    answer = await gateway.ask(
        "query($id: ID!) { conference(id: $id) { board { cards { kind author { id } } } } }",
        city.issuer.resident(),
        id=GID,
    )
    cards = answer["data"]["conference"]["board"]["cards"]
    assert [(card["kind"], card["author"] is None) for card in cards] == [("NEED", True), ("VALUE", False)]


async def test_the_chat_of_another_group_is_closed_to_residents(city: City, gateway: Address) -> None:
    answer = await gateway.ask(
        "query($id: ID!, $channel: String!) { conference(id: $id) { chat(channel: $channel) { channel } } }",
        city.issuer.resident(),
        id=GID,
        channel=global_id("Group", GROUP_2),
    )
    assert answer["errors"][0]["extensions"]["code"] == "NOT_ALLOWED"


async def test_a_hidden_message_has_no_text_for_residents(city: City, gateway: Address) -> None:
    city.know(
        [session.ChatView(conference_id=CONFERENCE, channel="plenary", messages=(message("3", "böse", hidden=True),))]
    )
    query = 'query($id: ID!) { conference(id: $id) { chat(channel: "plenary") { messages { text hidden } } } }'
    seen = [await gateway.ask(query, token, id=GID) for token in (city.issuer.resident(), city.issuer.staff())]
    texts = [answer["data"]["conference"]["chat"]["messages"][0]["text"] for answer in seen]
    assert texts == [None, "böse"]


async def test_a_node_is_fetched_by_its_id_and_an_unknown_one_is_null(city: City, gateway: Address) -> None:
    query = "query($id: ID!) { node(id: $id) { id __typename ... on Conference { details { title } } } }"
    found = await gateway.ask(query, city.issuer.resident(), id=GID)
    assert found["data"]["node"] == {
        "id": GID, "__typename": "Conference", "details": {"title": "Stühlinger spricht"},
    }  # fmt: skip
    city.say(registration.GetConference, lambda _: NotFound(what="conference", id=""))
    missing = await gateway.ask(query, city.issuer.resident(), id=global_id("Conference", "00" * 16))
    assert missing == {"data": {"node": None}}


async def test_one_of_several_nodes_that_cannot_be_fetched_costs_no_other(city: City, gateway: Address) -> None:
    await city.parts["ideas"].down()
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Conference { details { title } } } }"
    several = [global_id("Idea", "00" * 16), GID, "nonsense"]
    answer = await gateway.ask(query, city.issuer.resident(), ids=several)
    assert answer["data"]["nodes"] == [None, {"id": GID, "details": {"title": "Stühlinger spricht"}}, None]
    errors = [(error["path"], error["extensions"]["code"]) for error in answer["errors"]]
    assert sorted(errors) == [(["nodes", 0], "UNAVAILABLE"), (["nodes", 2], "BAD_USER_INPUT")]


async def test_more_nodes_than_are_fetched_at_once_are_refused_and_not_cut(city: City, gateway: Address) -> None:
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    assert len((await gateway.ask(query, city.issuer.resident(), ids=[GID] * 100))["data"]["nodes"]) == 100
    answer = await gateway.ask(query, city.issuer.resident(), ids=[GID] * 101)
    assert answer["data"] == {"nodes": None}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]


async def test_pages_follow_each_other_by_signed_cursors(city: City, gateway: Address) -> None:
    every = [
        registration.District(district_id=f"{n:032x}", name=f"D{n}", postal_codes=(), streets=()) for n in range(5)
    ]

    def page(query: registration.ListDistricts) -> registration.Districts:
        start = int(query.cut.after or -1) + 1
        end = start + query.cut.first
        keys = tuple(str(place) for place in range(start, min(end, len(every))))
        return registration.Districts(items=tuple(every[start:end]), keys=keys, more=end < len(every))

    city.say(registration.ListDistricts, page)
    query = (
        "query($first: Int, $after: String) { districts(first: $first, after: $after)"
        " { nodes { name } edges { cursor } pageInfo { hasNextPage endCursor } } }"
    )
    names, after, more = [], None, True
    while more:
        found = (await gateway.ask(query, first=2, after=after))["data"]["districts"]
        names += [node["name"] for node in found["nodes"]]
        after, more = found["pageInfo"]["endCursor"], found["pageInfo"]["hasNextPage"]
    assert names == ["D0", "D1", "D2", "D3", "D4"]
    first = (await gateway.ask(query, first=2))["data"]["districts"]
    behind_the_first = await gateway.ask(query, first=2, after=first["edges"][0]["cursor"])
    assert [node["name"] for node in behind_the_first["data"]["districts"]["nodes"]] == ["D1", "D2"]
    forged = await gateway.ask(query, first=2, after="AAAA" + after[4:])
    assert forged["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_page_has_at_most_a_hundred_items(gateway: Address) -> None:
    answer = await gateway.ask("{ ideas(first: 101) { nodes { id } } }")
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_the_ideas_of_a_jury_queue_are_asked_for_at_once(city: City, gateway: Address) -> None:
    found = [
        ideas.IdeaView(
            idea_id=f"{n:032x}", conference_id=CONFERENCE, sheet_id="15" * 16, topic_id=None,
            fields={"title": f"Idee {n}"}, authors=(ANNA,), submitted_at="2026-11-07T18:00:00Z", award_cents=None,
        )
        for n in range(3)
    ]  # fmt: skip
    found = [ideas.IdeaView(**{f: getattr(i, f) for f in i.__struct_fields__}) for i in found]

    def named(query: ideas.ListIdeas) -> ideas.Ideas:
        return ideas.Ideas(items=tuple(i for i in found if i.idea_id in query.ids), keys=query.ids)

    city.say(ideas.ListIdeas, named)
    city.say(
        ideas.GetJuryRound,
        lambda query: ideas.JuryRoundView(
            round_id=query.round_id, title="Runde", open=True, criteria=(), budget_cents=0, ranking=(), submitted=0,
            expected=3,
            queue=tuple(ideas.ReviewView(idea_id=i.idea_id, scores={}, comment=None, recused=False) for i in found),
        ),
    )  # fmt: skip
    answer = await gateway.ask(
        "query($id: ID!) { juryRound(id: $id) { queue { idea { title authors { displayName } } } } }",
        city.issuer.staff(role="juror", scope="city"),
        id=global_id("JuryRound", "77" * 16),
    )
    titles = [review["idea"]["title"] for review in answer["data"]["juryRound"]["queue"]]
    assert titles == ["Idee 0", "Idee 1", "Idee 2"]
    assert sum(isinstance(query, ideas.ListIdeas) for query in city.queries) == 1


@pytest.mark.parametrize(
    ("role", "scope", "shown"),
    [("juror", "city", True), ("guest", CONFERENCE, True), ("partner", "city", False), ("mentor", "ff" * 16, False)],
)
async def test_authors_of_an_idea_are_shown_to_staff_but_not_to_partners(
    role: str, scope: str, shown: bool, city: City, gateway: Address
) -> None:
    idea = ideas.IdeaView(
        idea_id="1d" * 16, conference_id=CONFERENCE, sheet_id="15" * 16, topic_id=None, fields={}, authors=(ANNA,),
        submitted_at=START, award_cents=None,
    )  # fmt: skip
    city.say(ideas.ListIdeas, lambda _: ideas.Ideas(items=(idea,), keys=(idea.idea_id,)))
    token = city.issuer.staff(role=role, scope=scope)
    answer = await gateway.ask("{ ideas { nodes { authors { id } } } }", token)
    assert bool(answer["data"]["ideas"]["nodes"][0]["authors"]) is shown


async def test_an_answer_is_no_older_than_the_position_the_client_saw(city: City, gateway: Address) -> None:
    part = city.parts["session"]
    answer = await gateway.ask(
        "query($id: ID!) { conference(id: $id) { session { run } } }",
        city.issuer.resident(),
        {"quartier-after": f"session/{part.epoch}:{part.position}"},
        id=GID,
    )
    assert answer["data"]["conference"]["session"] == {"run": 1}


async def test_an_answer_older_than_the_client_asked_for_says_so(city: City, gateway: Address) -> None:
    part = city.parts["session"]
    answer = await gateway.ask(
        "query($id: ID!) { conference(id: $id) { session { run } } }",
        city.issuer.resident(),
        {"quartier-after": f"session/{part.epoch}:{part.position + 1}"},
        id=GID,
    )
    assert answer["data"]["conference"]["session"] == {"run": 1}
    assert answer["extensions"] == {"stale": ["session"]}

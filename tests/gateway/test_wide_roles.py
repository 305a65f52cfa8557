# SPDX-License-Identifier: Apache-2.0
"""Roles that hold in a series or a district, over HTTP and WebSocket: where they hold, since when, and until when."""

from typing import Any

import msgspec
import pytest

from gateway.client import Client, ClientError, Closed
from gateway.schema.relay import global_id
from services.contracts import ideas, registration, rooms, session
from tests.gateway.city import CONFERENCE, MODERATOR, NAMES, START, City
from tests.gateway.conftest import Address
from tests.gateway.pictures import last, until

GID = global_id("Conference", CONFERENCE)
LATER = "1a" * 16
SERIES, DISTRICT = "series:" + "5e" * 16, "district:" + "d1" * 16
OPEN = 'mutation($c: ID!) { openLobby(input: {conferenceId: $c, idempotencyKey: "1"}) { __typename } }'
AT_ONCE = '{ a: conference(id: "%s") { venue { generation } } b: conference(id: "%s") { venue { generation } } }'


def opened(answer: dict[str, Any]) -> str:
    outcome: str = answer["data"]["openLobby"]["__typename"]
    return outcome


def announcement(conference: str) -> registration.ConferenceAnnounced:
    return registration.ConferenceAnnounced(
        at=START, conference_id=conference, series_id="5e" * 16, district_id="d2" * 16, title="Wiehre spricht",
        starts_at=START, zone="Europe/Berlin", capacity=50, language="de", script="full-evening",
    )  # fmt: skip


ANNOUNCE = """mutation($c: ID!, $s: ID!, $d: ID!) { announceConference(input: {conferenceId: $c, seriesId: $s,
    districtId: $d, title: "Wiehre spricht", startsAt: "2026-11-07T17:00:00+01:00", idempotencyKey: "1"}) {
    __typename ... on NotAllowed { needs } } }"""


@pytest.mark.parametrize("scope", [SERIES, DISTRICT])
async def test_who_organises_a_series_or_a_district_announces_conferences_in_it_and_in_no_other_one(
    scope: str, city: City, gateway: Address
) -> None:
    city.announced()

    async def announce(token: str, series: str = "ff" * 16, district: str = "ff" * 16) -> str:
        ids = {"s": global_id("Series", series), "d": global_id("District", district)}
        answer = await gateway.ask(ANNOUNCE, token, c=global_id("Conference", LATER), **ids)
        return str(answer["data"]["announceConference"]["__typename"])

    organiser = city.issuer.staff(role="organiser", scope=scope)
    theirs = dict([scope.split(":")])
    assert await announce(organiser, **theirs) == "AnnounceConferenceSuccess"
    assert await announce(organiser) == "NotAllowed"
    assert await announce(city.issuer.staff(scope=scope), **theirs) == "NotAllowed"
    assert len(city.commands) == 1


@pytest.mark.parametrize("scope", [SERIES, DISTRICT])
async def test_a_role_in_a_series_or_a_district_is_a_role_at_its_conference_for_gateway_and_service(
    scope: str, city: City, gateway: Address
) -> None:
    city.announced()
    token = city.issuer.staff(scope=scope)
    assert opened(await gateway.ask(OPEN, token, c=GID)) == "OpenLobbySuccess"
    ((_, ctx),) = city.commands
    assert ctx.actor.holds("moderator", CONFERENCE)
    assert not ctx.actor.holds("moderator")
    answer = await gateway.ask("{ viewer { grants { role scope } } }", token)
    assert answer["data"]["viewer"]["grants"] == [{"role": "moderator", "scope": scope}]


async def test_it_is_none_at_a_conference_of_another_one(city: City, gateway: Address) -> None:
    city.announced()
    for scope in ("series:" + "ff" * 16, "district:" + "ff" * 16, "5e" * 16):
        answer = await gateway.ask(OPEN, city.issuer.staff(scope=scope), c=GID)
        assert opened(answer) == "NotAllowed"
    assert city.commands == []


async def test_questions_about_several_conferences_still_travel_together(city: City, gateway: Address) -> None:
    here = city.answers[registration.GetConference](None)
    city.announced(msgspec.structs.replace(here, conference_id=LATER, district_id="d2" * 16))
    city.say(registration.GetConference, lambda query: here)
    asked: list[tuple[str, bool]] = []

    def venue(query: Any, actor: Any) -> Any:
        asked.append((query.conference_id, actor.holds("moderator", query.conference_id)))
        return city.answers[type(query)](query)

    city.say_to_each(rooms.GetVenue, venue)
    query = AT_ONCE % (CONFERENCE, LATER)
    answer = await gateway.ask(query, city.issuer.staff(scope=DISTRICT))
    assert asked == [(CONFERENCE, True)]  # the other one is refused by the gateway itself
    assert answer["data"]["b"]["venue"] is None
    asked.clear()
    await gateway.ask(query, city.issuer.staff(scope=SERIES))
    assert sorted(asked) == sorted([(CONFERENCE, True), (LATER, True)])


async def test_it_holds_at_a_conference_that_is_announced_later(city: City, gateway: Address) -> None:
    city.announced()
    token = city.issuer.staff(scope=SERIES)
    later = global_id("Conference", LATER)
    assert opened(await gateway.ask(OPEN, token, c=later)) == "NotAllowed"
    await city.tell(announcement(LATER))
    await until(lambda: bool(gateway.gateway.backends.places.scopes(LATER)))
    assert opened(await gateway.ask(OPEN, token, c=later)) == "OpenLobbySuccess"


async def test_whoever_saw_the_announcement_may_act_at_once_though_the_gateway_did_not_hear_of_it(
    city: City, gateway: Address
) -> None:
    city.announced()
    token = city.issuer.staff(scope=SERIES)
    await gateway.ask("{ viewer { kind } }", token)
    await city.tell(announcement(LATER), lost=True)
    here = city.answers[registration.GetConference](None)
    city.announced(msgspec.structs.replace(here, conference_id=LATER))
    part = city.parts["registration"]
    after = {"quartier-after": f"registration/{part.epoch}:{part.position}"}
    answer = await gateway.ask(OPEN, token, after, c=global_id("Conference", LATER))
    assert opened(answer) == "OpenLobbySuccess"


async def test_who_is_released_from_a_series_is_out_at_once_at_each_of_its_conferences(
    city: City, gateway: Address
) -> None:
    city.announced()
    token = city.issuer.staff(scope=SERIES)
    role = {"at": START, "conference_id": None, "series_id": "5e" * 16, "staff_id": MODERATOR, "role": "moderator"}
    async with Client(gateway.url, token) as client:
        changes = client.subscribe("ConferenceChanges", {"conferenceId": GID})
        await anext(changes)
        await city.tell(registration.StaffReleased(**role))
        with pytest.raises(Closed) as closed:
            await last(changes)
        assert (closed.value.code, closed.value.reason) == (4403, "Released")
        with pytest.raises(ClientError) as refused:
            await anext(client.subscribe("ConferenceChanges", {"conferenceId": GID}))
        assert refused.value.codes == ["NOT_ALLOWED"]
    assert opened(await gateway.ask(OPEN, token, c=GID)) == "NotAllowed"
    await city.tell(registration.StaffAssigned(**role))
    await until(lambda: not gateway.gateway.identity._released)
    assert opened(await gateway.ask(OPEN, token, c=GID)) == "OpenLobbySuccess"


async def test_who_comes_by_a_role_in_the_series_is_told_as_staff_of_the_evening(city: City, gateway: Address) -> None:
    city.announced()

    def told() -> Any:
        reports = [command for command, _ in city.commands if isinstance(command, session.ReportPresence)]
        return reports and (reports[-1].participants, reports[-1].visiting)

    async with Client(gateway.url, city.issuer.staff(scope=SERIES)) as client:
        watching = client.subscribe("ConferenceChanges", {"conferenceId": GID})
        await anext(watching)
        await until(lambda: told() == ((MODERATOR,), {MODERATOR: ("moderator",)}))
        role = {"at": START, "conference_id": None, "series_id": "5e" * 16, "staff_id": MODERATOR, "role": "moderator"}
        await city.tell(registration.StaffReleased(**role))
        with pytest.raises(Closed):
            await last(watching)
    await until(lambda: told() == ((), {}))
    async with Client(gateway.url, city.issuer.staff(role="mentor")) as client:
        again = client.subscribe("ConferenceChanges", {"conferenceId": GID})  # who forgets it, has left
        await anext(again)
        await until(lambda: told() == ((MODERATOR,), {MODERATOR: ()}))


async def test_while_registration_was_never_there_nobody_guesses(city: City, gateway: Address) -> None:
    city.announced()
    token = city.issuer.staff(scope=SERIES)
    assert opened(await gateway.ask(OPEN, city.issuer.staff(), c=GID)) == "OpenLobbySuccess"
    await city.parts["registration"].down()
    answer = await gateway.ask(OPEN, token, c=GID)
    assert answer["errors"][0]["extensions"]["code"] == "ROLES_AWAY"
    assert opened(await gateway.ask(OPEN, city.issuer.staff(), c=GID)) == "OpenLobbySuccess"


async def test_how_to_reach_a_group_is_for_staff_of_its_series_in_a_list_of_the_city_too(
    city: City, gateway: Address
) -> None:
    city.announced()

    def listed(query: Any, actor: Any) -> ideas.Ideas:
        shown = {"title": "Werkzeug"}
        if actor.holds("moderator", CONFERENCE):
            shown["contact"] = "werkzeug@example.org"
        view = ideas.IdeaView(
            idea_id="1d" * 16, conference_id=CONFERENCE, sheet_id="15" * 16, topic_id=None, fields=shown, authors=(),
            submitted_at=START, award_cents=None,
        )  # fmt: skip
        return ideas.Ideas(items=(view,), keys=("1d" * 16,))

    city.say_to_each(ideas.ListIdeas, listed)
    query = "{ ideas { nodes { fields { field text } } } }"
    for scope, seen in ((SERIES, {"title", "contact"}), ("series:" + "ff" * 16, {"title"})):
        answer = await gateway.ask(query, city.issuer.staff(scope=scope))
        fields = answer["data"]["ideas"]["nodes"][0]["fields"]
        assert {one["field"].lower() for one in fields} == seen


async def test_staff_of_the_city_and_of_a_series_see_their_own_name(city: City, gateway: Address) -> None:
    city.announced()
    for scope in ("city", SERIES, CONFERENCE):
        answer = await gateway.ask("{ viewer { person { displayName } } }", city.issuer.staff(scope=scope))
        assert answer["data"]["viewer"]["person"] == {"displayName": NAMES[MODERATOR]}
    asked = [query for query in city.queries if isinstance(query, registration.GetNames)]
    assert {query.conference_id for query in asked} == {None}

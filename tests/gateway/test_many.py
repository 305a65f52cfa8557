# SPDX-License-Identifier: Apache-2.0
"""Many commands in one request, and jobs, as clients see them."""

import asyncio
from typing import Any

import msgspec
import pytest

from gateway.backends import command_id
from gateway.client import Client
from gateway.schema.bulk import MOST, TOGETHER
from gateway.schema.relay import global_id
from services.chassis.contract import Done
from services.chassis.identity import Actor
from services.chassis.refusals import InvalidInput, Unavailable
from services.chassis.requests import Reply
from services.contracts import registration
from services.contracts.refusals import ApprovalNeeded, ConferenceIsOver
from tests.gateway.city import CONFERENCE, MODERATOR, START, City
from tests.gateway.conftest import Address

JOB = "70b0" * 8
CANCEL = """mutation($items: [CancelConferenceInput!]!) { cancelConferences(input: {items: $items}) { __typename
  ... on CancelConferencesSuccess { results { __typename
    ... on CancelConferenceSuccess { position } ... on ConferenceIsOver { status } ... on Refusal { code path } } }
  ... on ApprovalNeeded { limit } ... on Refusal { code path } } }"""


@pytest.fixture(autouse=True)
def alone(city: City) -> None:
    """Whatever is asked for, one person may do it alone."""
    city.say(registration.ApprovalFor, lambda _: registration.Approval(needed=False, limit=5))


def organiser(city: City, subject: str = MODERATOR) -> str:
    return city.issuer.staff(subject, role="organiser", scope="city")


def items(*numbers: int) -> list[dict[str, str]]:
    return [{"idempotencyKey": f"key-{n}", "conferenceId": global_id("Conference", f"{n:032x}")} for n in numbers]


async def cancel(city: City, gateway: Address, given: list[dict[str, str]]) -> Any:
    answer = await gateway.ask(CANCEL, organiser(city), items=given)
    assert "errors" not in answer, answer
    return answer["data"]["cancelConferences"]


async def test_each_item_has_its_own_result_in_the_order_of_the_items(city: City, gateway: Address) -> None:
    city.outcomes[registration.CancelConference] = lambda request: (
        ConferenceIsOver(status="HELD") if request.conference_id == f"{2:032x}" else Done()
    )
    given = [*items(1, 2), {"idempotencyKey": "key-x", "conferenceId": "nonsense"}, *items(4)]
    found = (await cancel(city, gateway, given))["results"]
    assert [one["__typename"] for one in found] == [
        "CancelConferenceSuccess", "ConferenceIsOver", "InvalidInput", "CancelConferenceSuccess",
    ]  # fmt: skip
    assert found[1] == {"__typename": "ConferenceIsOver", "status": "HELD", "code": "CONFERENCE_IS_OVER", "path": None}
    assert found[2]["path"] == ["input", "items", "2"]
    assert {request.conference_id for request, _ in city.commands} == {f"{n:032x}" for n in (1, 2, 4)}


async def test_an_item_is_the_single_command_with_the_same_key(city: City, gateway: Address) -> None:
    await cancel(city, gateway, items(1, 2))
    single = "mutation($i: CancelConferenceInput!) { cancelConference(input: $i) { __typename } }"
    await gateway.ask(single, organiser(city), i=items(1)[0])
    sent = [(request.conference_id, ctx.command_id) for request, ctx in city.commands]
    actor = Actor(MODERATOR, "staff")
    expected = [(f"{n:032x}", command_id(actor, f"key-{n}")) for n in (1, 2)]
    assert sorted(sent, key=str) == sorted([*expected, expected[0]], key=str)


async def test_a_bounded_number_of_items_is_under_way_at_the_same_time(city: City, gateway: Address) -> None:
    running_now, most = 0, 0

    async def slow(request: Any, actor: Any, key: str, *, expected: str | None = None) -> Reply[Any]:
        nonlocal running_now, most
        running_now += 1
        most = max(most, running_now)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        running_now -= 1
        return Reply(Done(), position="e:1")

    gateway.gateway.backends.command = slow  # type: ignore[method-assign]
    given = [
        {"idempotencyKey": str(n), "staffId": MODERATOR, "role": "MENTOR", "conferenceId": f"{n:032x}"}
        for n in range(MOST)
    ]
    query = """mutation($items: [AssignStaffInput!]!) { assignStaffMembers(input: {items: $items}) {
        ... on AssignStaffMembersSuccess { results { __typename } } } }"""
    answer = await gateway.ask(query, organiser(city), items=given)
    assert len(answer["data"]["assignStaffMembers"]["results"]) == MOST
    assert most == TOGETHER


@pytest.mark.parametrize("number", [0, MOST + 1])
async def test_none_or_too_many_are_refused_as_a_whole(number: int, city: City, gateway: Address) -> None:
    found = await cancel(city, gateway, items(*range(number)))
    assert (found["code"], found["path"]) == ("INVALID_INPUT", ["input", "items"])
    assert city.commands == []


async def test_what_takes_a_second_person_is_not_begun(city: City, gateway: Address) -> None:
    asked: list[registration.ApprovalFor] = []

    def judge(query: registration.ApprovalFor) -> registration.Approval:
        asked.append(query)
        return registration.Approval(needed=len(query.conference_ids) > 1, limit=1)

    city.say(registration.ApprovalFor, judge)
    bad = {"idempotencyKey": "key-x", "conferenceId": "nonsense"}
    found = await cancel(city, gateway, [*items(2, 1, 2), bad])
    assert (found["__typename"], found["limit"]) == ("ApprovalNeeded", 1)
    assert city.commands == []
    assert asked == [
        registration.ApprovalFor(kind="CANCEL_CONFERENCES", conference_ids=tuple(f"{n:032x}" for n in (1, 2)))
    ]
    again = [{**items(1)[0], "idempotencyKey": str(n)} for n in range(6)]  # one conference, six times
    assert len((await cancel(city, gateway, again))["results"]) == 6


async def test_nothing_is_begun_while_nobody_can_say_whether_it_takes_a_second_person(
    city: City, gateway: Address
) -> None:
    city.say(registration.ApprovalFor, lambda _: Unavailable(service="registration"))
    assert (await cancel(city, gateway, items(1)))["code"] == "UNAVAILABLE"
    assert city.commands == []


async def test_an_item_that_was_one_too_many_by_then_is_told_so(city: City, gateway: Address) -> None:
    city.outcomes[registration.CancelConference] = lambda request: (
        ApprovalNeeded(limit=1) if request.conference_id == f"{2:032x}" else Done()
    )
    found = (await cancel(city, gateway, items(1, 2)))["results"]
    assert [one["__typename"] for one in found] == ["CancelConferenceSuccess", "ApprovalNeeded"]


async def test_planning_many_needs_nobody_else(city: City, gateway: Address) -> None:
    given = [
        {
            "idempotencyKey": str(n), "conferenceId": f"{n:032x}", "seriesId": "5e" * 16, "districtId": "d1" * 16,
            "title": f"Abend {n}", "startsAt": "2026-11-07T17:00:00+01:00",
        }
        for n in range(20)
    ]  # fmt: skip
    async with Client(gateway.url, organiser(city)) as client:
        done = await client.execute("AnnounceConferences", {"input": {"items": given}})
        assert [one.typename for one in done.results] == ["AnnounceConferenceSuccess"] * 20
        assert max(int(one.position.rpartition(":")[2]) for one in done.results) == city.parts["registration"].position
        await client.execute("Jobs", {})  # asks for what is no older


def view(**more: Any) -> registration.JobView:
    given: dict[str, Any] = {
        "job_id": JOB, "kind": "CANCEL_CONFERENCES", "status": "RUNNING", "rows": 40, "done": 3, "failed": 1,
        "requested_by": MODERATOR, "requested_by_name": "Mia", "by_app": False, "requested_at": START,
        "approve_until": None, "decided_by": None, "decided_by_name": None, "decided_at": None, "reason": None,
        "ended_at": None,
    }  # fmt: skip
    return registration.JobView(**(given | more))


ROWS = (
    registration.JobRowView(number=1, result_id=CONFERENCE, refused=None),
    registration.JobRowView(
        number=2, result_id=None, refused=msgspec.json.encode(ConferenceIsOver(status="HELD")).decode()
    ),
    registration.JobRowView(
        number=3,
        result_id=None,
        refused=msgspec.json.encode(InvalidInput(field="starts_at", problem="a year")).decode(),
    ),
    registration.JobRowView(number=4, result_id=None, refused='{"refusal":"OfTomorrow","x":1}'),
)


async def test_a_job_tells_what_became_of_each_row_in_the_words_of_the_command(city: City, gateway: Address) -> None:
    city.say(registration.GetJob, lambda _: view())
    city.say(registration.ListJobRows, lambda _: registration.JobRows(items=ROWS, keys=("1", "2", "3", "4")))
    query = """query($id: ID!) { node(id: $id) { ... on Job { kind status total done requestedById requestedByName
        rows { nodes { number resultId refusal { __typename code path ... on ConferenceIsOver { status } } } } } } }"""
    job = (await gateway.ask(query, organiser(city), id=global_id("Job", JOB)))["data"]["node"]
    assert (job["kind"], job["status"], job["total"], job["done"]) == ("CANCEL_CONFERENCES", "RUNNING", 40, 3)
    assert (job["requestedById"], job["requestedByName"]) == (global_id("Person", MODERATOR), "Mia")
    done, over, bad, tomorrow = job["rows"]["nodes"]
    assert done == {"number": 1, "resultId": global_id("Conference", CONFERENCE), "refusal": None}
    assert over["refusal"] == {
        "__typename": "ConferenceIsOver", "code": "CONFERENCE_IS_OVER", "path": None, "status": "HELD",
    }  # fmt: skip
    assert bad["refusal"]["path"] == ["input", "startsAt"]
    assert tomorrow["refusal"]["__typename"] == "UnknownRefusal"


async def test_a_row_is_fetched_by_its_id(city: City, gateway: Address) -> None:
    city.say(registration.GetJob, lambda _: view())
    city.say(
        registration.ListJobRows,
        lambda query: registration.JobRows(items=tuple(row for row in ROWS if row.number == query.number), keys=("2",)),
    )
    query = "query($id: ID!) { node(id: $id) { id ... on JobRow { number } } }"
    row = global_id("JobRow", f"{JOB}.2")
    assert (await gateway.ask(query, organiser(city), id=row))["data"]["node"] == {"id": row, "number": 2}
    assert (await gateway.ask(query, organiser(city), id=global_id("JobRow", f"{JOB}.9")))["data"]["node"] is None
    for bad in ("0", "1001", "-1", "x", ""):
        answer = await gateway.ask(query, organiser(city), id=global_id("JobRow", f"{JOB}.{bad}"))
        assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    answer = await gateway.ask(query, city.issuer.staff(), id=row)
    assert answer["errors"][0]["extensions"]["code"] == "NOT_ALLOWED"


async def test_a_job_that_an_app_started_names_the_app(city: City, gateway: Address) -> None:
    city.say(registration.GetJob, lambda _: view(by_app=True, requested_by_name=None))
    query = "query($id: ID!) { job(id: $id) { requestedById requestedByName } }"
    job = (await gateway.ask(query, organiser(city), id=global_id("Job", JOB)))["data"]["job"]
    assert job == {"requestedById": global_id("App", MODERATOR), "requestedByName": None}


async def test_what_is_wrong_is_named_with_its_place_in_the_list(city: City, gateway: Address) -> None:
    given = {
        "idempotencyKey": "j",
        "announceConferences": [
            {
                "conferenceId": f"{n:032x}", "seriesId": "5e" * 16, "districtId": "d1" * 16, "title": "Abend",
                "startsAt": "2026-11-07T17:00:00+01:00", "capacity": 50 - 49 * n,
            }
            for n in range(2)
        ],
    }  # fmt: skip
    many = {"items": [{**row, "idempotencyKey": "k"} for row in given["announceConferences"]]}  # type: ignore[arg-type]
    query = """mutation($i: AnnounceConferencesInput!) { announceConferences(input: $i) {
        ... on AnnounceConferencesSuccess { results { ... on Refusal { path } } } } }"""
    found = (await gateway.ask(query, organiser(city), i=many))["data"]["announceConferences"]["results"]
    assert found == [{}, {"path": ["input", "items", "1", "capacity"]}]
    city.commands.clear()
    query = "mutation($i: StartJobInput!) { startJob(input: $i) { __typename ... on Refusal { path } } }"
    found = (await gateway.ask(query, organiser(city), i=given))["data"]["startJob"]
    assert found == {"__typename": "InvalidInput", "path": ["input", "announceConferences", "1", "capacity"]}
    assert city.commands == []


async def test_a_job_is_watched_while_it_goes_on(city: City, gateway: Address) -> None:
    city.say(registration.GetJob, lambda _: view())
    async with Client(gateway.url, organiser(city)) as client, asyncio.timeout(60):
        changes = client.subscribe("JobChanges", {"jobId": global_id("Job", JOB)})
        snapshot = await anext(changes)
        assert (snapshot.job.status, snapshot.job.done) == ("RUNNING", 3)
        city.say(registration.GetJob, lambda _: view(status="FINISHED", done=39, ended_at=START))
        await city.tell(registration.JobChanged(conference_id=JOB, position=0))
        change = await anext(changes)
        assert (type(change).__name__, change.job.status, change.job.done) == ("JobChanged", "FINISHED", 39)
        await changes.aclose()  # type: ignore[attr-defined]

# SPDX-License-Identifier: Apache-2.0
"""Public reads by trusted documents may be cached, by us and by others, until something changes."""

import asyncio
import hashlib
from typing import Any

import httpx
import msgspec
import pytest

from gateway.client.messages import document
from services.contracts import registration, session
from tests.gateway.city import ANNA, CONFERENCE, City
from tests.gateway.conftest import Address
from tests.gateway.pictures import view


def trusted(name: str) -> dict[str, str]:
    """The query of a GET for a trusted document."""
    return {"documentId": f"sha256:{hashlib.sha256(document(name).encode()).hexdigest()}"}


async def read(gateway: Address, name: str = "Conferences", **headers: str) -> httpx.Response:
    return await gateway.http.get("/graphql", params=trusted(name), headers=headers)


@pytest.fixture
def known(city: City) -> City:
    """A city with a list of conferences."""
    conference = view(registration.Conference)
    city.say(registration.ListConferences, lambda _: registration.Conferences(items=(conference,), keys=("1",)))
    return city


async def test_a_public_read_may_be_cached_for_as_long_as_its_fields_say(known: City, gateway: Address) -> None:
    answer = await read(gateway)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "public, max-age=2"
    assert answer.headers["vary"] == "Accept, Authorization, Quartier-After"
    again = await read(gateway)
    assert (again.content, again.headers["etag"]) == (answer.content, answer.headers["etag"])


async def test_who_has_the_answer_already_is_told_so_without_it(known: City, gateway: Address) -> None:
    etag = (await read(gateway)).headers["etag"]
    for said in (etag, f'"other", W/{etag}', "*"):
        answer = await read(gateway, **{"if-none-match": said})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
    assert (await read(gateway, **{"if-none-match": '"other"'})).status_code == 200


async def test_a_change_is_in_the_next_answer_with_another_etag(known: City, gateway: Address) -> None:
    before = await read(gateway)
    conference = msgspec.structs.replace(view(registration.Conference), seats_taken=17)
    known.say(registration.ListConferences, lambda _: registration.Conferences(items=(conference,), keys=("1",)))
    await known.tell(registration.SeatTaken(at=conference.starts_at, conference_id=CONFERENCE, participant_id=ANNA))
    async with asyncio.timeout(60):
        while (answer := await read(gateway, **{"if-none-match": before.headers["etag"]})).status_code == 304:
            pass
    assert answer.json()["data"]["conferences"]["nodes"][0]["details"]["seatsTaken"] == 17
    assert answer.headers["etag"] != before.headers["etag"]


async def test_a_page_that_was_written_is_not_told_after_a_change(known: City, gateway: Address) -> None:
    words = "{ conferences { nodes { id details { seatsTaken } } } }"
    for _ in range(3):  # it is asked for, written, and told as it was written
        before = await gateway.ask(words)
    conference = msgspec.structs.replace(view(registration.Conference), seats_taken=18)
    known.say(registration.ListConferences, lambda _: registration.Conferences(items=(conference,), keys=("1",)))
    await known.tell(registration.SeatTaken(at=conference.starts_at, conference_id=CONFERENCE, participant_id=ANNA))
    async with asyncio.timeout(60):
        while (answer := await gateway.ask(words)) == before:
            pass
    assert answer["data"]["conferences"]["nodes"][0]["details"]["seatsTaken"] == 18
    assert gateway.gateway.door.engine.registry.fragments.pages.size


async def test_what_was_written_for_nobody_is_not_told_to_somebody(known: City, gateway: Address) -> None:
    words = "{ conferences { nodes { id session { announcement } } } }"
    told = view(session.SessionView)
    known.say(session.GetSession, lambda _: told)
    for _ in range(2):
        await gateway.ask(words)
    own = msgspec.structs.replace(told, announcement="Only for those who come.")
    known.say(session.GetSession, lambda _: own)
    found = await gateway.ask(words, known.issuer.resident())
    assert found["data"]["conferences"]["nodes"][0]["session"]["announcement"] == own.announcement


@pytest.mark.parametrize(
    "headers",
    [{"quartier-after": "registration/e:1"}, {"authorization": "token"}, {"x-by": "post"}, {"x-by": "own words"}],
)
async def test_every_other_answer_is_for_who_asked_alone(
    headers: dict[str, str], known: City, gateway: Address
) -> None:
    sent: dict[str, Any] = dict(headers)
    if "authorization" in sent:
        sent["authorization"] = f"Bearer {known.issuer.staff()}"
    match sent.pop("x-by", None):
        case "post":
            answer = await gateway.http.post("/graphql", json={"query": document("Conferences")}, headers=sent)
        case "own words":
            query = {"query": "{ conferences { nodes { id } } }"}
            answer = await gateway.http.get("/graphql", params=query, headers=sent)
        case _:
            answer = await read(gateway, **sent)
    assert answer.status_code == 200
    assert "etag" not in answer.headers
    assert "public" not in answer.headers.get("cache-control", "")


async def test_an_answer_with_an_error_in_it_is_not_cached(known: City, gateway: Address) -> None:
    await known.parts["registration"].down()
    answer = await read(gateway)
    assert answer.json()["errors"]
    assert answer.headers["cache-control"] == "no-store"

# SPDX-License-Identifier: Apache-2.0
"""Personal links, tokens, and the lists that everybody may read."""

from datetime import timedelta
from uuid import uuid4

import jwt
import pytest

from services.chassis.decider import Refusal
from services.chassis.refusals import InvalidInput, NotFound
from services.contracts import registration as contract
from services.contracts import session
from services.contracts.shared import Cut, Reason
from services.registration.domain.conference import ConferenceIsOver
from services.registration.domain.links import AccessIsClosed, UnknownSecret
from services.registration.domain.seating import NoSeatToTake
from tests.integration.registration.desk import ORGANISER, STARTS_AT, react, resident


async def enter(desk, name="Anna"):
    await desk.send_mails()
    secret = desk.mailbox.secret(f"{name.lower()}@example.org", "enter")
    return await desk.ask(contract.EnterWithLink(conference_id=desk.evening, secret=secret))


async def claims_of(desk, token):
    known = await desk.done(contract.GetJsonWebKeys())
    keys = {key["kid"]: jwt.PyJWK(key).key for key in known.keys}
    kid = jwt.get_unverified_header(token)["kid"]
    return jwt.decode(token, keys[kid], algorithms=["ES256"], audience="quartier", issuer=known.issuer)


async def test_a_personal_link_opens_the_door_for_ten_minutes(desk):
    state = await desk.join("Anna")
    access = await enter(desk)
    claims = await claims_of(desk, access.token)
    assert (claims["sub"], claims["conference"]) == (state.participant_id, desk.evening)
    assert (claims["kind"], claims["status"]) == ("resident", "SEATED")
    assert claims["exp"] - claims["iat"] == 600
    assert int(access.expires_at.timestamp()) == claims["exp"]


async def test_no_token_lies_in_the_database(desk):
    await desk.join("Anna")
    await enter(desk)
    assert await desk.db.pool.fetchval("SELECT count(*) FROM commands WHERE position('eyJ' in outcome::text) > 0") == 0


async def test_the_confirmation_link_does_not_open_the_door(desk):
    await desk.join("Anna")
    secret = desk.mailbox.secret("anna@example.org", "confirm")
    assert await desk.ask(contract.EnterWithLink(conference_id=desk.evening, secret=secret)) == UnknownSecret()


async def test_a_link_ends_with_the_registration(desk):
    state = await desk.join("Anna")
    await desk.done(contract.CancelRegistration(conference_id=desk.evening, participant_id=state.participant_id))
    assert await enter(desk) == NoSeatToTake(status="CANCELLED")


async def test_a_link_of_an_erased_person_is_unknown(desk):
    state = await desk.join("Anna")
    await desk.send_mails()
    await desk.done(contract.EraseMe(conference_id=desk.evening, participant_id=state.participant_id))
    assert await enter(desk) == UnknownSecret()


async def test_a_link_ends_with_the_conference(desk):
    await desk.join("Anna")
    await desk.done(contract.CancelConference(conference_id=desk.evening))
    assert isinstance(await enter(desk), ConferenceIsOver)


async def test_an_excluded_person_stays_outside_until_readmitted(desk):
    state = await desk.join("Anna")
    facts = {"conference_id": desk.evening, "participant_id": state.participant_id, "at": desk.now}
    await react(desk, session.ParticipantExcluded(**facts, reason=Reason(code="insult", by="a" * 32)))
    assert await enter(desk) == AccessIsClosed()
    await react(desk, session.ParticipantReadmitted(**facts))
    assert isinstance(await enter(desk), contract.AccessToken)


async def later(desk, interval):
    """So much later, keys are read again."""
    await desk.db.pool.execute("UPDATE signing_keys SET made_at = made_at - $1::interval", interval)
    desk.office.tokens._read_at = float("-inf")


async def test_a_new_signing_key_is_told_before_it_signs(desk):
    await desk.join("Anna")
    first = jwt.get_unverified_header((await enter(desk)).token)["kid"]
    await later(desk, timedelta(days=31))
    assert jwt.get_unverified_header((await enter(desk)).token)["kid"] == first
    new, old = [key["kid"] for key in await desk.office.tokens.public_keys()]
    assert old == first
    await later(desk, timedelta(seconds=61))
    assert jwt.get_unverified_header((await enter(desk)).token)["kid"] == new


async def test_a_new_signing_key_leaves_the_tokens_of_the_one_before_valid(desk):
    await desk.join("Anna")
    first = (await enter(desk)).token
    await later(desk, timedelta(days=31))
    await enter(desk)
    await later(desk, timedelta(seconds=61))
    second = (await enter(desk)).token
    assert jwt.get_unverified_header(first)["kid"] != jwt.get_unverified_header(second)["kid"]
    assert (await claims_of(desk, first))["sub"] == (await claims_of(desk, second))["sub"]


async def test_conferences_are_listed_page_by_page_without_gap_or_repetition(desk):
    for _ in range(6):
        await desk.announce(uuid4().hex)
    pages = await read_all(desk, contract.ListConferences, 3)
    seen = [item.conference_id for page in pages for item in page.items]
    assert len(seen) == len(set(seen)) == 7
    back = await read_all(desk, contract.ListConferences, 2, backward=True)
    assert [item.conference_id for page in reversed(back) for item in page.items] == seen


async def read_all(desk, query, size, *, backward=False):
    """All pages of a list from one end to the other."""
    pages, ends = [], {}
    while not pages or pages[-1].more:
        pages.append(await desk.done(query(cut=Cut(first=size, backward=backward, **ends))))
        ends = {"before": pages[-1].keys[0]} if backward else {"after": pages[-1].keys[-1]}
    return pages


async def test_districts_are_listed_the_same_in_both_directions(desk):
    for key, name in enumerate(("Ost", "Nord", "Süd", "Nord"), 1):
        await desk.done(contract.DefineDistrict(district_id=f"{key}" * 32, name=name, postal_codes=(), streets=()))
    seen = [item.district_id for page in await read_all(desk, contract.ListDistricts, 2) for item in page.items]
    assert len(seen) == len(set(seen)) >= 4
    back = await read_all(desk, contract.ListDistricts, 3, backward=True)
    assert [item.district_id for page in reversed(back) for item in page.items] == seen
    first, *_, last = (key for page in await read_all(desk, contract.ListDistricts, 100) for key in page.keys)
    between = await desk.done(contract.ListDistricts(cut=Cut(first=100, after=first, before=last)))
    assert [item.district_id for item in between.items] == seen[1:-1]


async def test_a_made_up_cursor_is_refused(desk):
    for query in (contract.ListConferences, contract.ListDistricts):
        refusal = await desk.ask(query(cut=Cut(after="bm9wZQ")))
        assert isinstance(refusal, InvalidInput)


async def test_a_conference_shows_how_full_it_is(desk):
    for name in ("Anna", "Boris", "Clara", "Dilek"):
        await desk.join(name)
    shown = await desk.done(contract.GetConference(conference_id=desk.evening))
    assert (shown.seats_taken, shown.waiting, shown.district_name) == (3, 1, "Vauban")
    assert shown.starts_at == STARTS_AT
    missing = await desk.ask(contract.GetConference(conference_id="f" * 32))
    assert missing == NotFound(what="conference", id="f" * 32)


@pytest.mark.parametrize(("street", "number", "found"), [
    ("Schwarzwaldstr.", 12, {"Oberau"}),
    ("schwarzwaldstraße", 300, {"Ebnet"}),
    ("Schwarzwaldstraße", None, {"Oberau", "Ebnet"}),
    ("Vaubanallee", 7, {"Vauban"}),
    ("Unter den Linden", 1, set()),
])  # fmt: skip
async def test_an_address_finds_its_district(desk, street, number, found):
    for key, name, first, last in [("1", "Oberau", 1, 249), ("2", "Ebnet", 250, None)]:
        await desk.done(contract.DefineDistrict(
            district_id=key * 32, name=name, postal_codes=("79102",),
            streets=(contract.StreetRange(street="Schwarzwaldstraße", first=first, last=last),),
        ))  # fmt: skip
    answer = await desk.done(contract.ListDistricts(street=street, house_number=number))
    assert {district.name for district in answer.items} == found


async def test_a_postal_code_is_a_first_filter(desk):
    assert (await desk.done(contract.ListDistricts(postal_code="79100"))).items
    assert not (await desk.done(contract.ListDistricts(postal_code="10115"))).items


async def test_districts_can_be_asked_for_by_id(desk):
    known = (await desk.done(contract.ListDistricts())).items[-1]
    assert (await desk.done(contract.ListDistricts(ids=(known.district_id,)))).items == (known,)
    assert not (await desk.done(contract.ListDistricts(ids=("0" * 32,)))).items


@pytest.mark.parametrize("changes", [
    {"name": "Gewinn: https://example.org"},
    {"attributes": {str(number): "x" for number in range(21)}},
    {"attributes": {"age": "x" * 101}},
])  # fmt: skip
async def test_a_registration_carries_no_advertisement_and_no_novel(desk, changes):
    facts = {"conference_id": desk.evening, "name": "Anna", "email": "anna@example.org"} | changes
    assert isinstance(await desk.ask(contract.Register(**facts)), InvalidInput)


async def test_only_the_person_and_hosts_ask_for_a_registration(desk):
    anna, boris = await desk.join("Anna"), await desk.join("Boris")
    query = contract.GetRegistration(conference_id=desk.evening, participant_id=anna.participant_id)
    assert not isinstance(await desk.ask(query, resident(anna.participant_id)), Refusal)
    with pytest.raises(AssertionError, match="may not"):
        await desk.ask(query, resident(boris.participant_id))


async def test_a_conference_needs_an_instant_with_its_offset(desk):
    request = contract.AnnounceConference(
        conference_id="e" * 32,
        series_id="5" * 32,
        district_id="d" * 32,
        title="T",
        starts_at=(STARTS_AT + timedelta(days=1)).replace(tzinfo=None),
    )
    assert isinstance(await desk.ask(request, ORGANISER), InvalidInput)

# SPDX-License-Identifier: Apache-2.0
"""People's data: sealed while they are there, gone when they are erased."""

import asyncio
import re
from uuid import UUID, uuid4

import msgspec
import pytest

from services.chassis.decider import Refusal, Sealed
from services.chassis.identity import Actor, Grant
from services.chassis.keys import unseal
from services.chassis.refusals import InvalidInput, NotFound
from services.contracts import registration as contract
from services.contracts import session
from services.contracts.shared import Reason
from services.registration import access
from services.registration.adapters.outbox import send_next
from services.registration.domain.conference import CONFERENCE
from services.registration.domain.registrations import ParticipantErased, SeatReleased, SeatTaken
from services.registration.domain.staff import NotOfTheStaff
from services.registration.publishing import publish
from services.registration.readmodel.revocations import list_revocations
from tests.integration.registration.desk import ORGANISER, SERVICE, react, resident

NEEDS = "Rollstuhl, bitte ebenerdig"
ABOUT_ANNA = ("Anna Annasdottir", "anna.a@example.org", NEEDS, "neu in der Stadt")


async def register_anna(desk, conference_id=None):
    conference_id = conference_id or desk.evening
    await desk.done(contract.Register(
        conference_id=conference_id, name="Anna Annasdottir", email="anna.a@example.org", needs=NEEDS,
        attributes={"newcomer": "neu in der Stadt"},
        consents=(contract.ConsentGiven(purpose="groups", version="1"),),
    ))  # fmt: skip
    await desk.send_mails()
    secret = desk.mailbox.secret("anna.a@example.org", "confirm")
    return await desk.done(contract.ConfirmRegistration(conference_id=conference_id, secret=secret))


async def dump(db) -> str:
    """Every row of every table, bytes as text where they are text."""
    tables = await db.pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    found = []
    for (table,) in tables:
        for row in await db.pool.fetch(f'SELECT * FROM "{table}"'):  # noqa: S608
            found += [value.decode(errors="replace") if isinstance(value, bytes) else str(value) for value in row]
    return "\n".join(found)


async def contract_events(desk):
    rows = await desk.store.select_notifications(0)
    events = [(publish(desk.repository.mapper.decode(row.topic, row.state), row)) for row in rows]
    return [event for event in events if event is not None]


async def test_not_even_the_vault_holds_readable_data(desk):
    await register_anna(desk)
    everything = await dump(desk.db)
    assert [text for text in ABOUT_ANNA if text in everything] == []


async def test_an_erased_person_leaves_nothing_but_readable_events(desk):
    state = await register_anna(desk)
    other = uuid4().hex
    await desk.announce(other)
    there = await register_anna(desk, other)
    for name in ("Boris", "Clara", "Dilek"):
        await desk.join(name)
    boxes = [event.needs for event in await contract_events(desk) if isinstance(event, contract.SeatTaken)][:1]
    await desk.send_mails()
    key = (await desk.office.vault.keys([state.participant_id]))[state.participant_id]

    erase = contract.EraseMe(conference_id=desk.evening, participant_id=state.participant_id)
    await desk.done(erase, resident(state.participant_id))

    people = [state.participant_id, there.participant_id]
    assert await desk.office.vault.keys(people) == {}
    for table in ("participants", "outbox", "mail_standing"):
        left = await desk.db.pool.fetchval(
            f"SELECT count(*) FROM {table} WHERE participant_id = ANY($1::uuid[])",  # noqa: S608
            [UUID(each) for each in people],
        )
        assert left == 0, table
    told = await contract_events(desk)
    erased = {(e.conference_id, e.participant_id) for e in told if isinstance(e, contract.ParticipantErased)}
    assert erased == {(desk.evening, state.participant_id), (other, there.participant_id)}
    assert unseal(boxes[0], key), "the box could be opened with the key"
    stored = (await dump(desk.db)) + str(await desk.db.pool.fetch("SELECT wrapped FROM data_keys"))
    assert [text for text in ABOUT_ANNA if text in stored] == []
    seats = (await desk.repository.load(CONFERENCE, desk.evening)).state.seats
    assert seats.registrations[state.participant_id].status == "ERASED"
    assert len(seats.seated) == 3, "the freed seat was given on"


async def test_a_freed_seat_is_told_before_the_erasure(desk):
    state = await register_anna(desk)
    await desk.done(contract.EraseMe(conference_id=desk.evening, participant_id=state.participant_id))
    rows = await desk.store.select_notifications(0)
    kinds = [type(desk.repository.mapper.decode(row.topic, row.state)) for row in rows]
    assert kinds[-3:] == [SeatTaken, SeatReleased, ParticipantErased]


async def test_erasing_twice_is_done_once(desk):
    state = await register_anna(desk)
    erase = contract.EraseMe(conference_id=desk.evening, participant_id=state.participant_id)
    await desk.done(erase)
    head = await desk.store.max_notification_id()
    await desk.done(erase)
    assert await desk.store.max_notification_id() == head


async def test_no_mail_goes_to_an_erased_person(desk):
    state = await register_anna(desk)
    sent = len(desk.mailbox.mails)
    await desk.done(contract.EraseMe(conference_id=desk.evening, participant_id=state.participant_id))
    await desk.projector.rebuild("mails")
    assert not await send_next(desk.db, desk.office)
    assert len(desk.mailbox.mails) == sent


async def test_an_unconfirmed_registration_is_forgotten_when_it_expires(desk):
    await desk.register("Anna")
    await desk.expire_registrations()
    assert await desk.db.pool.fetchval("SELECT count(*) FROM participants") == 0
    assert await desk.db.pool.fetchval("SELECT count(*) FROM data_keys WHERE wrapped IS NOT NULL") == 0
    assert await desk.db.pool.fetchval("SELECT count(*) FROM timers WHERE kind = 'confirmation_due'") == 0


async def test_two_registrations_of_one_address_at_once_leave_one_that_counts(desk):
    vault = desk.office.vault
    request = contract.Register(conference_id=desk.evening, name="Anna", email="anna@example.org")
    await asyncio.gather(*(desk.ask(request) for _ in range(4)))
    await desk.send_mails()
    assert await vault.standing(desk.evening, "anna@example.org")
    texts = [mail.get_body(("plain",)).get_content() for mail in desk.mailbox.to("anna@example.org")]
    assert len({re.search(r"/confirm#(\S+)", text)[1] for text in texts}) == 1


async def test_a_person_gets_everything_that_is_kept_about_them(desk):
    state = await register_anna(desk)
    query = contract.ExportMe(conference_id=desk.evening, participant_id=state.participant_id)
    data = await desk.ask(query, resident(state.participant_id))
    assert (data.name, data.email, data.needs) == ("Anna Annasdottir", "anna.a@example.org", NEEDS)
    assert data.consents == (contract.ConsentGiven(purpose="groups", version="1"),)


async def test_staff_read_needs_until_the_person_is_erased(desk):
    state = await register_anna(desk)
    roster = contract.GetRoster(conference_id=desk.evening)
    assert (await desk.done(roster)).entries[0].needs == NEEDS
    await desk.done(contract.EraseMe(conference_id=desk.evening, participant_id=state.participant_id))
    assert (await desk.done(roster)).entries == ()


async def test_services_open_what_a_seat_tells_with_the_persons_key(desk):
    state = await register_anna(desk)
    (seat,) = [event for event in await contract_events(desk) if isinstance(event, contract.SeatTaken)]
    found = await desk.ask(contract.GetKeys(ids=(state.participant_id, "e" * 32)), SERVICE)
    assert list(found.keys) == [state.participant_id]
    attributes = unseal(seat.attributes, found.keys[state.participant_id])
    assert msgspec.json.decode(attributes) == {"newcomer": "neu in der Stadt"}


async def test_a_key_of_a_sheet_is_made_once_and_a_destroyed_one_never_again(desk):
    state = await register_anna(desk)
    wanted = contract.EnsureKeys(conference_id=desk.evening, ids=("e" * 32, state.participant_id))
    first = await desk.ask(wanted, SERVICE)
    assert first == await desk.ask(wanted, SERVICE)
    await desk.done(contract.EraseMe(conference_id=desk.evening, participant_id=state.participant_id))
    assert list((await desk.ask(wanted, SERVICE)).keys) == ["e" * 32]


async def test_names_are_told_to_those_who_meet_and_vanish_with_the_person(desk):
    anna = await register_anna(desk)
    boris = await desk.join("Boris")
    await desk.register("Clara")
    await desk.done(contract.AddStaff(staff_id="a" * 32, name="Mira", email="mira@example.org"))
    await desk.done(contract.AssignStaff(conference_id=desk.evening, staff_id="a" * 32, role="moderator"))
    query = contract.GetNames(conference_id=desk.evening)
    names = (await desk.ask(query, resident(boris.participant_id))).names
    assert set(names.values()) == {"Anna Annasdottir", "Boris", "Mira"}
    assert isinstance(await desk.ask(query, resident("f" * 32)), Refusal)
    await desk.done(contract.EraseMe(conference_id=desk.evening, participant_id=anna.participant_id))
    assert anna.participant_id not in (await desk.done(query)).names


async def test_names_of_staff_are_told_only_where_they_serve(desk):
    for staff_id, conference_id in (("a" * 32, desk.evening), ("b" * 32, None), ("9" * 32, "7" * 32)):
        await desk.done(contract.AddStaff(staff_id=staff_id, name=f"Name {staff_id[0]}", email="s@example.org"))
        if conference_id != "7" * 32:
            await desk.done(contract.AssignStaff(conference_id=conference_id, staff_id=staff_id, role="mentor"))
    query = contract.GetNames(conference_id=desk.evening, ids=("a" * 32, "b" * 32, "9" * 32))
    assert set((await desk.done(query)).names.values()) == {"Name a", "Name b"}


async def test_a_person_of_the_staff_is_erased_with_their_roles_and_words(desk):
    mira = "a" * 32
    await desk.done(contract.AddStaff(staff_id=mira, name="Mira Mirasdottir", email="mira@example.org"))
    for conference_id, role in ((desk.evening, "moderator"), (None, "organiser")):
        await desk.done(contract.AssignStaff(conference_id=conference_id, staff_id=mira, role=role))
    await desk.done(contract.EraseStaff(staff_id=mira), Actor(mira, "staff"))
    told = await contract_events(desk)
    released = {event.conference_id for event in told if isinstance(event, contract.StaffReleased)}
    assert released == {desk.evening, None}
    assert [event.staff_id for event in told if isinstance(event, contract.StaffErased)] == [mira]
    assert await desk.db.pool.fetchval("SELECT count(*) FROM staff_people") == 0
    assert (await desk.ask(contract.GetKeys(ids=(mira,)), SERVICE)).keys == {}
    again = contract.AddStaff(staff_id=mira, name="Mira", email="mira@example.org")
    assert await desk.ask(again, ORGANISER) == NotOfTheStaff(staff_id=mira)
    await desk.done(contract.EraseStaff(staff_id=mira))


@pytest.mark.parametrize("wrote", [True, False])
async def test_who_was_never_added_to_the_staff_is_erased_with_their_key(desk, wrote):
    mira = "a" * 32
    wanted = contract.EnsureKeys(conference_id=desk.evening, ids=(mira,))
    if wrote:
        assert list((await desk.ask(wanted, SERVICE)).keys) == [mira]
    await desk.done(contract.EraseStaff(staff_id=mira), Actor(mira, "staff"))
    told = await contract_events(desk)
    assert [event.staff_id for event in told if isinstance(event, contract.StaffErased)] == [mira]
    assert (await desk.ask(wanted, SERVICE)).keys == {}


async def test_the_key_of_a_joint_text_is_not_erased_under_the_id_of_a_person(desk):
    sheet = uuid4().hex
    made = await desk.done(contract.EnsureKeys(conference_id=desk.evening, ids=(sheet,), joint=True), SERVICE)
    assert await desk.ask(contract.EraseStaff(staff_id=sheet), ORGANISER) == NotOfTheStaff(staff_id=sheet)
    assert (await desk.done(contract.GetKeys(ids=(sheet,)), SERVICE)).keys == made.keys


async def test_a_resident_is_not_erased_as_staff(desk):
    anna = (await register_anna(desk)).participant_id
    assert await desk.ask(contract.EraseStaff(staff_id=anna), ORGANISER) == NotOfTheStaff(staff_id=anna)
    assert list((await desk.ask(contract.GetKeys(ids=(anna,)), SERVICE)).keys) == [anna]


def test_staff_erase_themselves_and_organisers_of_the_city_erase_all():
    request = contract.EraseStaff(staff_id="a" * 32)
    may = access.the_staff_member_or_an_organiser
    assert may(request, Actor("a" * 32, "staff"))
    assert may(request, ORGANISER)
    for other in (
        Actor("b" * 32, "staff", (Grant("moderator", "city"), Grant("organiser", "c" * 32))),
        Actor("a" * 32, "resident"),
    ):
        assert not may(request, other)


async def test_an_unknown_registration_is_not_found(desk):
    query = contract.GetRegistration(conference_id=desk.evening, participant_id="f" * 32)
    assert await desk.ask(query, resident("f" * 32)) == NotFound(what="registration", id="f" * 32)


def test_a_sealed_box_is_bound_to_its_owner():
    assert unseal(Sealed("a" * 32, b"x" * 40), bytes(32)) is None


async def test_a_role_in_a_series_or_a_district_holds_at_its_conferences(desk):
    here = await desk.done(contract.GetConference(conference_id=desk.evening))
    places = {"a": {"series_id": here.series_id}, "b": {"district_id": here.district_id}}
    for letter, place in places.items():
        await desk.done(contract.AddStaff(staff_id=letter * 32, name=f"Name {letter}", email="s@example.org"))
        await desk.done(contract.AssignStaff(staff_id=letter * 32, role="mentor", **place))
    await desk.announce(later := uuid4().hex)
    for conference in (desk.evening, later):
        roster = await desk.done(contract.GetRoster(conference_id=conference))
        assert {(entry.staff_id, entry.scope) for entry in roster.staff} == {
            ("a" * 32, f"series:{here.series_id}"),
            ("b" * 32, f"district:{here.district_id}"),
        }
        names = await desk.done(contract.GetNames(conference_id=conference, ids=("a" * 32, "b" * 32)))
        assert set(names.names.values()) == {"Name a", "Name b"}
    await desk.done(contract.ReleaseStaff(staff_id="a" * 32, role="mentor", series_id=here.series_id))
    roster = await desk.done(contract.GetRoster(conference_id=later))
    assert [entry.staff_id for entry in roster.staff] == ["b" * 32]
    await desk.done(contract.EraseStaff(staff_id="b" * 32))
    assert (await desk.done(contract.GetRoster(conference_id=later))).staff == ()
    told = [event for event in await contract_events(desk) if isinstance(event, contract.StaffReleased)]
    assert [(event.conference_id, event.series_id, event.district_id) for event in told] == [
        (None, here.series_id, None),
        (None, None, here.district_id),
    ]


@pytest.mark.parametrize("field", ["conference_id", "series_id", "district_id"])
async def test_a_role_at_a_place_that_there_is_not_names_the_field(desk, field):
    await desk.done(contract.AddStaff(staff_id="a" * 32, name="Mira", email="m@example.org"))
    for kind in (contract.AssignStaff, contract.ReleaseStaff):
        both = kind(staff_id="a" * 32, role="mentor", series_id="e" * 32, district_id="e" * 32)
        refused = await desk.ask(both, ORGANISER)
        assert (type(refused), refused.field) == (InvalidInput, "district_id")
    refused = await desk.ask(contract.AssignStaff(staff_id="a" * 32, role="mentor", **{field: "e" * 32}), ORGANISER)
    assert (type(refused), refused.field) == (InvalidInput, field)


async def test_only_organisers_of_the_city_give_roles_beyond_one_conference(desk):
    here = await desk.done(contract.GetConference(conference_id=desk.evening))
    scope = f"series:{here.series_id}"
    lena = Actor("e" * 32, "staff", (Grant("organiser", scope),))
    wish = contract.AssignStaff(staff_id="a" * 32, role="mentor", series_id=here.series_id)
    assert not access.organisers(wish, lena.within(wish.conference, (scope,)))
    at_one = contract.AssignStaff(staff_id="a" * 32, role="mentor", conference_id=desk.evening)
    assert access.organisers(at_one, lena.within(at_one.conference, (scope,)))


async def test_who_organises_a_series_or_a_district_announces_in_it_alone(desk):
    for kind in ("series", "district"):
        lena = Actor("e" * 32, "staff", (Grant("organiser", f"{kind}:{'a' * 32}"),))
        mara = Actor("f" * 32, "staff", (Grant("moderator", f"{kind}:{'a' * 32}"),))
        for theirs in ("a" * 32, "b" * 32):
            given = {"series_id": "c" * 32, "district_id": "c" * 32, f"{kind}_id": theirs}
            wish = contract.AnnounceConference(conference_id="0" * 32, title="T", starts_at=desk.now, **given)
            assert access.organisers_of_what_it_belongs_to(wish, lena) == (theirs == "a" * 32)
            assert not access.organisers_of_what_it_belongs_to(wish, mara)


async def test_names_of_staff_wherever_they_serve_are_told_to_services_alone(desk):
    await desk.done(contract.AddStaff(staff_id="a" * 32, name="Mira", email="m@example.org"))
    query = contract.GetNames(ids=("a" * 32,))
    assert (await desk.ask(query, SERVICE)).names == {"a" * 32: "Mira"}
    assert isinstance(await desk.ask(query, ORGANISER), Refusal)


async def test_whose_access_ended_lately_is_told_to_who_did_not_hear_of_it(desk):
    await desk.done(contract.AddStaff(staff_id="a" * 32, name="Mira", email="m@example.org"))
    for conference_id, role in ((desk.evening, "moderator"), (None, "juror"), (desk.evening, "mentor")):
        await desk.done(contract.AssignStaff(conference_id=conference_id, staff_id="a" * 32, role=role))
        await desk.done(contract.ReleaseStaff(conference_id=conference_id, staff_id="a" * 32, role=role))
    await desk.done(contract.AssignStaff(conference_id=desk.evening, staff_id="a" * 32, role="mentor"))
    await desk.done(contract.EraseStaff(staff_id="b" * 32))
    anna = await register_anna(desk)
    await desk.done(contract.EraseMe(conference_id=desk.evening, participant_id=anna.participant_id))
    boris = await desk.join("Boris")
    excluded = "UPDATE participants SET is_excluded = true WHERE participant_id = $1"
    await desk.db.pool.execute(excluded, UUID(boris.participant_id))
    told = await desk.ask(contract.GetRevocations(), SERVICE)
    assert {(each.role, each.scope) for each in told.roles} == {("moderator", desk.evening), ("juror", "city")}
    assert set(told.people) == {"b" * 32, anna.participant_id}
    assert told.excluded == (boris.participant_id,)
    await desk.db.pool.execute("UPDATE revocations SET noted_at = now() - interval '25 hours'")
    old = await desk.ask(contract.GetRevocations(), SERVICE)
    assert (old.roles, old.people) == ((), ())


async def all_told(desk):
    """Every page: all of them, and how many there were."""
    pages = [await desk.ask(contract.GetRevocations(), SERVICE)]
    while pages[-1].more_behind is not None:
        pages.append(await desk.ask(contract.GetRevocations(behind=pages[-1].more_behind), SERVICE))
    return pages


async def test_a_release_is_told_however_many_people_retention_erases_after_it(desk):
    await desk.done(contract.AddStaff(staff_id="e" * 32, name="Mira", email="m@example.org"))
    for role in ("moderator", "mentor"):
        await desk.done(contract.AssignStaff(conference_id=desk.evening, staff_id="e" * 32, role=role))
        await desk.done(contract.ReleaseStaff(conference_id=desk.evening, staff_id="e" * 32, role=role))
    boris = await desk.join("Boris")
    facts = {"conference_id": desk.evening, "participant_id": boris.participant_id, "at": desk.now}
    await react(desk, session.ParticipantExcluded(**facts, reason=Reason(code="insult", by="a" * 32)))
    await desk.db.pool.execute(
        "INSERT INTO revocations (person, role, scope, noted_at)"
        " SELECT gen_random_uuid(), '', '', now() + interval '1 s' FROM generate_series(1, 12000)"
    )
    pages = await all_told(desk)
    assert max(len(msgspec.json.encode(page)) for page in pages) < 900_000
    assert {each.role for page in pages for each in page.roles} == {"moderator", "mentor"}
    assert [person for page in pages for person in page.excluded] == [boris.participant_id]
    people = [person for page in pages for person in page.people]
    assert len(people) == len(set(people)) == 12_000


async def test_all_roles_of_a_person_are_told_on_one_page(desk):
    await desk.db.pool.execute(
        "INSERT INTO revocations (person, role, scope) SELECT p.id, 'mentor', s::text"
        " FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, 4)) p, generate_series(1, 3) s"
    )
    behind, pages = None, []
    while behind is not None or not pages:
        pages.append(await list_revocations(desk.db, behind, 4))
        behind = pages[-1].more_behind
    assert [len(page.roles) for page in pages] == [6, 6, 0]
    assert len({role for page in pages for role in page.roles}) == 12


async def test_an_exclusion_is_told_until_no_token_of_theirs_can_be_good(desk):
    anna, boris = await desk.join("Anna"), await desk.join("Boris")
    for one in (anna, boris):
        facts = {"conference_id": desk.evening, "participant_id": one.participant_id, "at": desk.now}
        await react(desk, session.ParticipantExcluded(**facts, reason=Reason(code="insult", by="a" * 32)))
    set_back = "UPDATE participants SET excluded_at = now() - interval '25 hours' WHERE participant_id = $1"
    await desk.db.pool.execute(set_back, UUID(anna.participant_id))
    assert (await desk.ask(contract.GetRevocations(), SERVICE)).excluded == (boris.participant_id,)
    await react(desk, session.ParticipantReadmitted(**facts))
    assert (await desk.ask(contract.GetRevocations(), SERVICE)).excluded == ()

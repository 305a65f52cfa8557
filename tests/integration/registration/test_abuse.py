# SPDX-License-Identifier: Apache-2.0
"""What somebody may try to do to others: their mails, their data, the read models of the whole city."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from uuid import uuid4

import pytest

from services.chassis.identity import Actor, Grant
from services.chassis.refusals import InvalidInput, NotFound
from services.contracts import registration as contract
from services.registration.adapters.outbox import send_next
from services.registration.adapters.vault import Person
from services.registration.domain import seating
from services.registration.domain.conference import CONFERENCE
from services.registration.domain.mails import MAILS_PER_HOUR, TooManyMails


@pytest.mark.parametrize(
    "email",
    ["anna@example.org\n", "anna@[example.org", "anna@example.org,x", "anna@example.org;x", "anna@example.org>",
     "\0@example.org", "an\x01na@example.org", 'an"na@example.org', "anna@example.org\x7f"],
)  # fmt: skip
async def test_an_address_that_would_be_delivered_elsewhere_or_nowhere_is_not_taken(desk, email):
    request = contract.Register(conference_id=desk.evening, name="Anna", email=email)
    assert isinstance(await desk.ask(request), InvalidInput)


async def test_a_mail_that_cannot_be_written_holds_up_no_other(desk, monkeypatch):
    await desk.register("Anna")
    await desk.register("Boris")
    addressee = desk.office.vault.addressee

    async def broken(participant_id):
        found = await addressee(participant_id)
        if found.person.name == "Anna":
            return found._replace(person=Person(name="Anna", email="anna@[example.org"))
        return found

    monkeypatch.setattr(desk.office.vault, "addressee", broken)
    while await send_next(desk.db, desk.office):
        pass
    assert desk.mailbox.to("boris@example.org")
    assert await desk.db.pool.fetchval("SELECT count(*) FROM outbox WHERE sent_at IS NULL") == 1


async def test_nobody_is_buried_in_mails_of_many_conferences(desk):
    evenings = [uuid4().hex for _ in range(2 * MAILS_PER_HOUR)]
    for evening in evenings:
        await desk.announce(evening)
    requests = [contract.Register(conference_id=each, name="Anna", email="anna@example.org") for each in evenings]
    outcomes = await asyncio.gather(*(desk.ask(each) for each in requests))
    refused = [each for each in outcomes if isinstance(each, TooManyMails)]
    assert len(refused) == MAILS_PER_HOUR
    assert all(3500 < each.retry_after_seconds <= 3600 for each in refused)
    await desk.send_mails()
    assert len(desk.mailbox.to("anna@example.org")) == MAILS_PER_HOUR
    await desk.register("Boris")
    await desk.db.pool.execute("UPDATE mail_requests SET asked_at = asked_at - interval '1 hour'")
    assert isinstance(await desk.ask(requests[outcomes.index(refused[0])]), contract.RegistrationAccepted)


async def test_a_registration_that_is_sent_again_and_again_counts_once(desk):
    request = contract.Register(conference_id=desk.evening, name="Anna", email="anna@example.org")
    command_id = uuid4()
    first = await desk.ask(request, command_id=command_id)
    for _ in range(MAILS_PER_HOUR + 1):
        assert await desk.ask(request, command_id=command_id) == first


async def test_an_erased_address_is_not_even_counted_any_more(desk):
    state = await desk.join("Anna")
    await desk.done(contract.EraseMe(conference_id=desk.evening, participant_id=state.participant_id))
    assert await desk.db.pool.fetchval("SELECT count(*) FROM mail_requests") == 0


async def test_who_organises_one_conference_erases_nobody_of_another(desk):
    state = await desk.join("Anna")
    other = uuid4().hex
    await desk.announce(other)
    organiser_elsewhere = Actor("e" * 32, "staff", (Grant("organiser", other),))
    erase = contract.EraseMe(conference_id=other, participant_id=state.participant_id)
    assert isinstance(await desk.ask(erase, organiser_elsewhere), NotFound)
    seats = (await desk.repository.load(CONFERENCE, desk.evening)).state.seats
    assert seats.seated == (state.participant_id,)
    assert await desk.office.vault.keys([state.participant_id])


@pytest.mark.parametrize(
    "starts_at",
    [
        datetime(9999, 12, 31, 23, 59, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=2))),
    ],
)
async def test_a_start_at_the_end_of_the_calendar_stops_no_deadlines(desk, starts_at):
    request = contract.AnnounceConference(
        conference_id=uuid4().hex, series_id="5" * 32, district_id="d" * 32, title="Nie", starts_at=starts_at
    )
    assert isinstance(await desk.ask(request, Actor("0" * 32, "staff", (Grant("organiser", "city"),))), InvalidInput)
    assert desk.projector.failing == {}


async def test_invented_addresses_keep_no_real_person_out(desk, monkeypatch):
    monkeypatch.setattr(seating, "FEWEST_UNCONFIRMED", 2)
    monkeypatch.setattr(seating, "UNCONFIRMED_PER_SEAT", 0)
    for name in ("Nobody", "Noone", "Anna", "Boris"):
        await desk.register(name)
    await desk.send_mails()
    assert await desk.db.pool.fetchval("SELECT count(*) FROM participants") == 2
    assert await desk.db.pool.fetchval("SELECT count(*) FROM data_keys WHERE wrapped IS NOT NULL") == 2
    assert await desk.db.pool.fetchval("SELECT count(*) FROM timers WHERE kind = 'confirmation_due'") == 2
    assert desk.mailbox.to("nobody@example.org") == []
    for name in ("anna", "boris"):
        secret = desk.mailbox.secret(f"{name}@example.org", "confirm")
        await desk.done(contract.ConfirmRegistration(conference_id=desk.evening, secret=secret))
    await desk.join("Nobody")

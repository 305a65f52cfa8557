# SPDX-License-Identifier: Apache-2.0
"""What somebody may try to do to others: their mails, their data, the read models of the whole city."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import uuid4

import pytest

from services.chassis.identity import Actor, Grant
from services.chassis.refusals import InvalidInput, NotFound
from services.contracts import registration as contract
from services.registration.adapters.outbox import send_next
from services.registration.adapters.vault import Person
from services.registration.domain.conference import CONFERENCE


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

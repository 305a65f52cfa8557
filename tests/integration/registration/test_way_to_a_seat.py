# SPDX-License-Identifier: Apache-2.0
"""From the form to the evening, with real mails."""

from datetime import timedelta

import icalendar

from services.contracts import registration as contract
from services.registration.domain.links import UnknownSecret
from services.registration.domain.seating import ConfirmationExpired
from tests.integration.registration.desk import ORGANISER, STARTS_AT, resident


async def test_a_confirmed_registration_gets_a_seat_and_a_mail_with_link_and_calendar_file(desk):
    state = await desk.join("Anna")
    await desk.send_mails()
    assert state.status == "SEATED"
    mail = desk.mailbox.to("anna@example.org")[-1]
    assert "Ihr Platz" in mail["Subject"]
    (attachment,) = mail.iter_attachments()
    (event,) = icalendar.Calendar.from_ical(attachment.get_content()).events
    assert event.start == STARTS_AT
    assert desk.mailbox.secret("anna@example.org", "enter")


async def test_who_does_not_speak_german_gets_english_mails(desk):
    await desk.join("Anna", language="en")
    await desk.send_mails()
    assert [mail["Subject"].split(":")[0] for mail in desk.mailbox.to("anna@")] == ["Please confirm", "Your seat"]


async def test_the_fourth_of_three_waits_and_moves_up_when_somebody_cancels(desk):
    states = [await desk.join(name) for name in ("Anna", "Boris", "Clara", "Dilek", "Emil")]
    assert [state.waiting_position for state in states] == [None, None, None, 1, 2]
    await desk.done(
        contract.CancelRegistration(conference_id=desk.evening, participant_id=states[0].participant_id),
        resident(states[0].participant_id),
    )
    await desk.send_mails()
    assert "nachgerückt" in desk.mailbox.text("dilek@example.org")
    assert "abgemeldet" in desk.mailbox.text("anna@example.org")
    assert "Warteliste" in desk.mailbox.text("emil@example.org")
    query = contract.GetRegistration(conference_id=desk.evening, participant_id=states[4].participant_id)
    assert (await desk.done(query)).waiting_position == 1


async def test_a_repeated_registration_is_answered_like_a_new_one_and_only_the_mail_tells(desk):
    await desk.join("Anna")
    request = contract.Register(conference_id=desk.evening, name="Eve", email="ANNA@example.org")
    stranger = contract.Register(conference_id=desk.evening, name="Eve", email="new@example.org")
    assert await desk.done(request) == await desk.done(stranger)
    await desk.send_mails()
    text = desk.mailbox.text("anna@example.org")
    assert "schon eine" in text
    assert "Eve" not in text
    roster = await desk.done(contract.GetRoster(conference_id=desk.evening))
    assert len(roster.entries) == 1


async def test_a_repeated_registration_brings_the_confirmation_link_again(desk):
    await desk.register("Anna")
    await desk.send_mails()
    first = desk.mailbox.secret("anna@example.org", "confirm")
    await desk.register("Anna")
    await desk.send_mails()
    assert len(desk.mailbox.to("anna@example.org")) == 2
    assert desk.mailbox.secret("anna@example.org", "confirm") == first


async def test_who_cancelled_may_register_again_as_another_participant(desk):
    first = await desk.join("Anna")
    await desk.done(
        contract.CancelRegistration(conference_id=desk.evening, participant_id=first.participant_id), ORGANISER
    )
    second = await desk.join("Anna")
    assert second.status == "SEATED"
    assert second.participant_id != first.participant_id


async def test_an_unknown_secret_confirms_nothing(desk):
    await desk.register("Anna")
    refusal = await desk.ask(contract.ConfirmRegistration(conference_id=desk.evening, secret="x" * 43))
    assert refusal == UnknownSecret()


async def test_a_confirmation_after_48_hours_is_refused(desk):
    await desk.register("Anna")
    await desk.send_mails()
    desk.now += timedelta(hours=48)
    secret = desk.mailbox.secret("anna@example.org", "confirm")
    refusal = await desk.ask(contract.ConfirmRegistration(conference_id=desk.evening, secret=secret))
    assert isinstance(refusal, ConfirmationExpired)


async def test_nobody_who_did_not_come_is_thanked(desk):
    came = await desk.join("Anna")
    await desk.join("Boris")
    await desk.done(contract.CheckIn(conference_id=desk.evening, participant_id=came.participant_id))
    await desk.end_evening()
    await desk.send_mails()
    assert "danke" in desk.mailbox.text("anna@example.org").lower()
    assert "Danke" not in desk.mailbox.to("boris@example.org")[-1]["Subject"]


async def test_everybody_hears_of_a_cancelled_conference(desk):
    for name in ("Anna", "Boris", "Clara", "Dilek"):
        await desk.join(name)
    await desk.register("Emil")
    await desk.done(contract.CancelConference(conference_id=desk.evening))
    await desk.send_mails()
    off = {mail["To"].addresses[0].username for mail in desk.mailbox.mails if "Fällt aus" in mail["Subject"]}
    assert off == {"anna", "boris", "clara", "dilek"}


async def test_a_rebuild_of_all_read_models_sends_no_mail_and_changes_no_answer(desk):
    for name in ("Anna", "Boris", "Clara", "Dilek"):
        await desk.join(name)
    await desk.send_mails()
    roster = contract.GetRoster(conference_id=desk.evening)
    listing = contract.ListConferences()
    before = (len(desk.mailbox.mails), await desk.done(roster), await desk.done(listing))
    for name in desk.projector.projections:
        await desk.projector.rebuild(name)
    await desk.send_mails()
    assert (len(desk.mailbox.mails), await desk.done(roster), await desk.done(listing)) == before


async def test_a_refused_mail_is_tried_again_later(desk):
    desk.mailbox.refusing = "451 later"
    await desk.register("Anna")
    await desk.send_mails()
    assert desk.mailbox.mails == []
    desk.mailbox.refusing = None
    await desk.db.pool.execute("UPDATE outbox SET next_attempt_at = now()")
    await desk.send_mails()
    assert len(desk.mailbox.mails) == 1

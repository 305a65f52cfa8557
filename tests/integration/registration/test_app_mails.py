# SPDX-License-Identifier: Apache-2.0
"""Mails about apps: organisers hear that some wait, who answers for one hears what became of it, each once."""

from services.chassis.identity import ANONYMOUS
from services.contracts import registration as contract
from services.registration.readmodel.app_mails import APP_MAILS
from tests.integration.registration.test_apps import REGISTER, approved

MIRA = "a" * 32
FRIEDA = "frieda@zeitung.example"


async def with_organiser(desk, **place):
    await desk.done(contract.AddStaff(staff_id=MIRA, name="Mira", email="mira@stadt.example"))
    await desk.done(contract.AssignStaff(staff_id=MIRA, role="organiser", **place))


async def test_organisers_of_the_city_hear_of_all_apps_that_wait_in_one_mail(desk):
    await with_organiser(desk)
    for name in ("Zeitung", "Offene\r\nDaten <b>"):
        await desk.done(contract.RegisterApp(**{**fields(), "name": name}), ANONYMOUS)
    await desk.send_mails()
    (mail,) = desk.mailbox.to("mira@stadt.example")
    assert mail["Subject"] == "Apps warten auf Freigabe / Apps wait for approval: 2"
    text = desk.mailbox.text("mira@stadt.example")
    assert "2 Apps möchten" in text
    assert "„Zeitung“, „Offene Daten <b>“" in text
    assert "2 apps want to use" in text
    assert "&lt;b&gt;" in mail.get_body(("html",)).get_content()
    assert "Frieda" not in text


def fields():
    return {
        name: getattr(REGISTER, name)
        for name in ("name", "contact_name", "contact_email", "purpose", "licence", "scopes")
    }


async def test_a_further_app_is_told_after_a_while_and_not_at_all_once_it_was_decided(desk):
    await with_organiser(desk)
    await desk.done(REGISTER, ANONYMOUS)
    await desk.send_mails()
    second = await desk.done(REGISTER, ANONYMOUS)
    await desk.send_mails()
    assert len(desk.mailbox.to("mira@stadt.example")) == 1
    pause = "SELECT next_attempt_at - now() > interval '9 minutes' FROM app_mails WHERE kind = 'app_waiting'"
    assert await desk.db.pool.fetchval(pause)
    for app in (await desk.done(contract.ListApps())).items:
        await desk.done(contract.RejectApp(app_id=app.app_id))
    await desk.db.pool.execute("UPDATE app_mails SET next_attempt_at = now()")
    await desk.send_mails()
    assert len(desk.mailbox.to("mira@stadt.example")) == 1
    assert second.app_id


async def test_only_organisers_of_the_city_are_written_to_and_not_after_they_were_released(desk):
    await with_organiser(desk, conference_id=desk.evening)
    await desk.done(contract.AssignStaff(staff_id=MIRA, role="organiser"))
    await desk.done(contract.ReleaseStaff(staff_id=MIRA, role="organiser"))
    await desk.done(REGISTER, ANONYMOUS)
    await desk.send_mails()
    assert desk.mailbox.mails == []


async def test_who_answers_for_an_app_hears_that_it_is_approved_in_german_and_english(desk):
    await approved(desk)
    await desk.send_mails()
    await desk.send_mails()
    (mail,) = desk.mailbox.to(FRIEDA)
    assert mail["Subject"] == "Ihre App ist freigegeben / Your app is approved: Zeitung"
    text = desk.mailbox.text(FRIEDA)
    assert "die Stadt hat Ihre App „Zeitung“ freigegeben" in text
    assert "The city has approved your app “Zeitung”" in text


async def test_who_answers_for_an_app_hears_that_it_is_refused(desk):
    app = await desk.done(REGISTER, ANONYMOUS)
    await desk.done(contract.RejectApp(app_id=app.app_id))
    await desk.send_mails()
    assert "nicht freigegeben" in desk.mailbox.text(FRIEDA)
    assert "has not approved" in desk.mailbox.text(FRIEDA)


async def test_an_erased_app_leaves_no_mail_and_nobody_is_written_to(desk):
    app = await approved(desk)
    await desk.done(contract.EraseApp(app_id=app.app_id))
    await desk.send_mails()
    assert desk.mailbox.mails == []
    assert await desk.db.pool.fetchval("SELECT count(*) FROM app_mails") == 0


async def test_a_rebuild_of_the_read_models_sends_nothing_again(desk):
    await with_organiser(desk)
    await approved(desk)
    await desk.send_mails()
    before = len(desk.mailbox.mails)
    await desk.projector.rebuild(APP_MAILS.name)
    await desk.send_mails()
    assert len(desk.mailbox.mails) == before


async def test_a_mail_server_that_is_away_is_tried_again_with_the_same_mail(desk):
    await approved(desk)
    desk.mailbox.refusing = "451 later"
    await desk.send_mails()
    assert desk.mailbox.mails == []
    desk.mailbox.refusing = None
    await desk.db.pool.execute("UPDATE app_mails SET next_attempt_at = now()")
    await desk.send_mails()
    assert len(desk.mailbox.to(FRIEDA)) == 1

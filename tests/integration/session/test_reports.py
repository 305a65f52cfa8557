# SPDX-License-Identifier: Apache-2.0
"""Reports over NATS: who reports what, and who learns of it."""

from uuid import uuid4

import pytest

from services.chassis.identity import Actor
from services.chassis.refusals import InvalidInput, NotAllowed, NotFound
from services.contracts.refusals import NotOnTheRoster
from services.contracts.session import ClaimReport, CloseReport, GetReports, MakeReport, PostMessage
from tests.integration.session.talk import talking


@pytest.fixture
async def talk(service_database, nats_url, prefix):
    async with talking(service_database("session"), nats_url, prefix, people=4) as talk:
        yield talk


def report(talk, **about):
    return MakeReport(conference_id=talk.conference, **about)


async def reports(talk):
    return (await talk.ask(GetReports(conference_id=talk.conference), talk.moderator)).reports


async def test_a_text_is_reported_with_its_author_and_staff_look_into_it(talk):
    anna, bilal = talk.residents[:2]
    post = PostMessage(conference_id=talk.conference, channel="plenary", text="Unfug")
    message_id = (await talk.ask(post, bilal)).message_id
    await talk.caught_up()
    report_id = (await talk.ask(report(talk, message_id=message_id, reason="Das verletzt."), anna)).report_id
    again = (await talk.ask(report(talk, message_id=message_id), anna)).report_id
    (shown,) = await reports(talk)
    assert (shown.report_id, again, shown.made_by) == (report_id, report_id, anna.id)
    assert (shown.participant_id, shown.message_id, shown.reason) == (bilal.id, message_id, "Das verletzt.")
    about = {"conference_id": talk.conference, "report_id": report_id}
    await talk.ask(ClaimReport(**about), talk.mentor)
    await talk.ask(CloseReport(**about), talk.mentor)
    (shown,) = await reports(talk)
    assert (shown.claimed_by, shown.closed) == (talk.mentor.id, True)


async def test_a_person_is_reported_also_one_of_the_staff(talk):
    anna, bilal = talk.residents[:2]
    await talk.ask(report(talk, participant_id=bilal.id), anna)
    await talk.ask(report(talk, participant_id=talk.mentor.id), anna)
    assert [one.participant_id for one in await reports(talk)] == [bilal.id, talk.mentor.id]


async def test_what_there_is_not_is_not_reported(talk):
    anna, nobody = talk.residents[0], "f" * 32
    assert await talk.refused(report(talk, participant_id=nobody), anna) == NotOnTheRoster(participant_id=nobody)
    assert await talk.refused(report(talk, message_id=nobody), anna) == NotFound(what="message", id=nobody)
    assert isinstance(await talk.refused(report(talk), anna), InvalidInput)


async def test_residents_read_no_reports_and_strangers_make_none(talk):
    anna = talk.residents[0]
    await talk.ask(report(talk, participant_id=talk.residents[1].id), anna)
    assert isinstance(await talk.refused(GetReports(conference_id=talk.conference), anna), NotAllowed)
    stranger = Actor(uuid4().hex, "resident")
    assert isinstance(await talk.refused(report(talk, participant_id=anna.id), stranger), NotAllowed)

# SPDX-License-Identifier: Apache-2.0
"""The survey in a real service: shown in batches, one answer per person, compared over the waves."""

import asyncio
from datetime import timedelta
from hashlib import sha256
from types import SimpleNamespace
from uuid import uuid4

import pytest

from services.chassis.contract import Done
from services.chassis.decisions import Envelope, Executed
from services.chassis.identity import Actor, Grant
from services.chassis.mapper import topic_of
from services.contracts.session import (
    GetRemarks,
    GetSurvey,
    GetSurveyResults,
    ModerateRemarks,
    OpenFollowUp,
    SubmitSurveyAnswers,
    SurveyAnswer,
)
from services.session.domain.session import SESSION
from services.session.domain.session_commands import EndSession
from services.session.domain.survey import SURVEY, EndAnswering, OpenSurvey
from services.session.domain.survey_sheet import SheetSubmitted
from services.session.surveying import opening
from tests.integration.chassis.waiting import until
from tests.integration.session.talk import SCRIPT, talking

PEOPLE = 7
TEXT = "Die Gruppen waren gut."


@pytest.fixture
async def talk(service_database, nats_url, prefix):
    async with talking(service_database("session"), nats_url, prefix, people=PEOPLE) as talk:
        yield talk


async def open_wave(talk, wave):
    """As the service does at the announcement, at the end of the evening, or when an organiser asks once more."""
    runtime = talk.one.runtime
    if wave == "after":
        await talk.decide((SESSION, talk.conference, EndSession(now=runtime.clock.now())))
    elif wave == "follow_up":
        end = runtime.clock.now() + timedelta(days=30)
        await talk.ask(OpenFollowUp(conference_id=talk.conference, until=end), talk.staff("organiser"))
    else:
        # The evening has begun here, which ends the wave; that must have happened before it is opened.
        await talk.caught_up()
        waiting = "SELECT count(*) FROM timers WHERE kind = 'survey_evening'"

        async def begun():
            return await runtime.db.pool.fetchval(waiting) == 0

        await until(begun)
        ctx = SimpleNamespace(load=runtime.repository.load, db=runtime.db, settings=runtime.settings)
        command = OpenSurvey(wave=wave, items=SCRIPT.survey.asked(wave), now=runtime.clock.now())
        step, keys = await opening(ctx, talk.conference, SCRIPT.survey, command)
        envelope = Envelope(uuid4(), b"", "test", uuid4().hex)
        assert isinstance(await runtime.repository.execute([step], envelope, Done(), keys), Executed)
    await is_at(talk, wave, "open")


async def is_at(talk, wave, status):
    async def reached():
        return (await talk.one.runtime.repository.load(SURVEY, talk.conference)).state.status(wave) == status

    await until(reached)


async def close_wave(talk, wave):
    await talk.decide((SURVEY, talk.conference, EndAnswering(wave=wave, now=talk.one.runtime.clock.now())))
    await is_at(talk, wave, "closed")
    await talk.caught_up()


def code_of(person):
    return sha256(person.id.encode()).hexdigest()


def answers(talk, person, wave="after", value=None, text=TEXT):
    number = talk.residents.index(person)
    given = (
        SurveyAnswer(item="cohesion", value=1 + number % 5 if value is None else value),
        SurveyAnswer(item="good", text=text),
    )
    return SubmitSurveyAnswers(conference_id=talk.conference, wave=wave, answers=given, pairing_code=code_of(person))


async def counted(talk, number, wave="after"):
    async def reached():
        asking = (await talk.one.runtime.repository.load(SURVEY, talk.conference)).state.waves[wave]
        return asking.counted == number

    await until(reached)


async def all_waves(talk):
    """Everybody answers before, after and months later; the last time better."""
    for wave in ("before", "after", "follow_up"):
        await open_wave(talk, wave)
        for person in talk.residents:
            value = 5 if wave == "follow_up" else None
            await talk.ask(answers(talk, person, wave, value, text=f"{TEXT} {wave}"), person)
        await counted(talk, 5, wave)
        await close_wave(talk, wave)


async def shown(talk, wave="after", actor=None):
    """What everybody sees of the wave."""
    who = None if actor is None else actor.id
    asked = GetSurvey(conference_id=talk.conference, participant_id=who)
    view = await talk.ask(asked, actor or talk.mentor)
    return next(one for one in view.waves if one.wave == wave)


async def sheets(talk):
    rows = (await talk.everything())["stored_events"]
    return sum(row["topic"] == topic_of(SheetSubmitted) for row in rows)


async def test_five_answers_are_shown_and_the_next_ones_wait_for_others(talk):
    await open_wave(talk, "after")
    for person in talk.residents[:4]:
        await talk.ask(answers(talk, person), person)
    assert (await shown(talk)).items[0].counts is None
    await talk.ask(answers(talk, talk.residents[4]), talk.residents[4])
    await counted(talk, 5)
    seen = await shown(talk)
    assert seen.items[0].counts == (1, 1, 1, 1, 1)
    await talk.ask(answers(talk, talk.residents[5]), talk.residents[5])
    assert await shown(talk) == seen
    city = await talk.ask(GetSurveyResults(), Actor(uuid4().hex, "staff", (Grant("organiser", "city"),)))
    assert [(one.conference_id, one.counts) for one in city.results] == [
        (None, (1, 1, 1, 1, 1)), (talk.conference, (1, 1, 1, 1, 1))
    ]  # fmt: skip
    assert (await shown(talk, actor=talk.residents[5])).answered is True
    assert (await shown(talk, actor=talk.residents[6])).answered is False


async def test_words_are_shown_by_staff_when_five_people_wrote(talk):
    await open_wave(talk, "after")
    for person in talk.residents[:5]:
        text = "Du Idiot" if person is talk.residents[0] else TEXT
        await talk.ask(answers(talk, person, text=text), person)
    await counted(talk, 5)
    remarks = (await talk.ask(GetRemarks(conference_id=talk.conference), talk.moderator)).remarks
    assert [(one.text, one.held, one.status) for one in remarks] == [
        ("Du Idiot", True, "waiting"), *[(TEXT, False, "waiting")] * 4
    ]  # fmt: skip
    show = ModerateRemarks(conference_id=talk.conference, remark_ids=(remarks[1].remark_id,), show=True)
    await talk.ask(show, talk.moderator)
    assert (await shown(talk)).items[1].remarks == (TEXT,)


async def test_of_different_answers_of_one_person_at_once_one_is_stored(talk):
    await open_wave(talk, "after")
    for person in talk.residents:
        outcomes = await asyncio.gather(*(talk.try_(answers(talk, person, value=one), person) for one in range(1, 6)))
        refused = [type(one.refusal).__name__ for one in outcomes if one.refusal is not None]
        assert refused == ["AlreadyAnswered"] * 4
    assert await sheets(talk) == PEOPLE


async def test_the_same_answer_again_is_one_answer(talk):
    await open_wave(talk, "after")
    person, command_id = talk.residents[0], uuid4()
    for number in range(3):
        await talk.ask(answers(talk, person), person, command_id if number else None)
    assert await sheets(talk) == 1


async def test_the_same_people_are_compared_and_who_would_be_shown_alone_is_not(talk):
    """Of seven, five are shown at once, and two are too few."""
    await all_waves(talk)
    assert [sum((await shown(talk, wave)).items[0].counts) for wave in ("before", "after", "follow_up")] == [5, 5, 5]
    view = await talk.ask(GetSurvey(conference_id=talk.conference), talk.mentor)
    assert {(one.earlier, one.later): (one.higher, one.same, one.lower) for one in view.changes} == {
        ("before", "after"): (0, 5, 0), ("before", "follow_up"): (4, 1, 0), ("after", "follow_up"): (4, 1, 0),
    }  # fmt: skip
    late = await talk.refused(answers(talk, talk.residents[0]), talk.residents[0])
    assert (type(late).__name__, late.wave, late.status) == ("SurveyIs", "after", "closed")

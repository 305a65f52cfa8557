# SPDX-License-Identifier: Apache-2.0
"""Help calls over NATS: who calls, who comes, who may know why."""

import asyncio
from uuid import uuid4

import pytest

from services.chassis.identity import Actor
from services.chassis.refusals import NotAllowed, NotFound
from services.contracts.refusals import AlreadyClaimed, AlreadyResolved, NotServing
from services.contracts.session import ClaimHelp, GetHelp, GetRecord, HandOverHelp, RequestHelp, ResolveHelp
from services.session.domain.groups import GROUPS, Join
from services.session.domain.help import HELP, POOL_AFTER
from services.session.domain.help import RequestHelp as AskForHelp
from tests.integration.chassis.waiting import until
from tests.integration.session.talk import talking


@pytest.fixture
async def talk(service_database, nats_url, prefix):
    async with talking(service_database("session"), nats_url, prefix, people=6) as talk:
        yield talk


async def call(talk, who, reason=None):
    return (await talk.ask(RequestHelp(conference_id=talk.conference, reason=reason), who)).call_id


def claim(talk, call_id):
    return ClaimHelp(conference_id=talk.conference, call_id=call_id)


def resolve(talk, call_id):
    return ResolveHelp(conference_id=talk.conference, call_id=call_id)


async def calls(talk):
    return (await talk.ask(GetHelp(conference_id=talk.conference), talk.moderator)).calls


async def test_a_call_comes_from_the_group_in_which_the_person_sits(talk):
    group, _ = await talk.place(talk.residents[:3], talk.residents[3:])
    call_id = await call(talk, talk.residents[0], "Der Ton ist weg.")
    (shown,) = await calls(talk)
    assert (shown.call_id, shown.group_id, shown.asked_by) == (call_id, group, talk.residents[0].id)
    assert (shown.reason, shown.claimed_by, shown.resolved) == ("Der Ton ist weg.", None, False)


async def test_a_whole_group_that_calls_at_once_makes_one_call(talk):
    await talk.place(talk.residents[:3], talk.residents[3:])
    ids = await asyncio.gather(*(call(talk, person) for person in talk.residents[:3]))
    assert len(set(ids)) == 1
    assert [one.call_id for one in await calls(talk)] == [ids[0]]


async def test_a_person_in_the_plenary_calls_for_themselves(talk):
    first, again = await call(talk, talk.residents[0]), await call(talk, talk.residents[0])
    other = await call(talk, talk.residents[1])
    assert (first == again, first == other) == (True, False)


async def test_who_does_not_belong_to_the_conference_calls_nobody(talk):
    refusal = await talk.refused(RequestHelp(conference_id=talk.conference), Actor(uuid4().hex, "resident"))
    assert isinstance(refusal, NotAllowed)


async def test_of_two_who_come_at_once_one_is_told_about_the_other(talk):
    call_id = await call(talk, talk.residents[0])
    replies = await asyncio.gather(
        *(talk.try_(claim(talk, call_id), who, uuid4()) for who in (talk.mentor, talk.moderator))
    )
    (shown,) = await calls(talk)
    assert [reply.refusal for reply in replies if reply.refusal] == [AlreadyClaimed(by=shown.claimed_by)]


async def test_residents_claim_nothing(talk):
    call_id = await call(talk, talk.residents[0])
    assert isinstance(await talk.refused(claim(talk, call_id), talk.residents[1]), NotAllowed)


async def test_staff_end_a_call(talk):
    call_id = await call(talk, talk.residents[0])
    await talk.ask(claim(talk, call_id), talk.mentor)
    await talk.ask(resolve(talk, call_id), talk.mentor)
    (shown,) = await calls(talk)
    assert (shown.resolved, shown.claimed_by) == (True, talk.mentor.id)


async def test_who_called_may_withdraw(talk):
    call_id = await call(talk, talk.residents[0])
    await talk.ask(resolve(talk, call_id), talk.residents[0])
    assert await talk.refused(claim(talk, call_id), talk.mentor) == AlreadyResolved(call_id=call_id)


async def test_others_do_not_end_it(talk):
    call_id = await call(talk, talk.residents[0])
    assert isinstance(await talk.refused(resolve(talk, call_id), talk.residents[1]), NotAllowed)


async def test_a_call_that_nobody_made_is_not_found(talk):
    assert await talk.refused(claim(talk, "f" * 32), talk.mentor) == NotFound(what="help call", id="f" * 32)


async def test_reasons_are_for_staff(talk):
    await call(talk, talk.residents[0], "Mir ist nicht gut.")
    assert isinstance(await talk.refused(GetHelp(conference_id=talk.conference), talk.residents[0]), NotAllowed)


async def test_the_reason_of_an_erased_person_is_gone(talk):
    await call(talk, talk.residents[0], "Mir ist nicht gut.")
    talk.erased.add(talk.residents[0].id)
    assert [one.reason for one in await calls(talk)] == [None]


async def test_the_reason_lies_nowhere_in_plain(talk):
    await call(talk, talk.residents[0], "Mir ist nicht gut.")
    await talk.caught_up()
    rows = await talk.everything()
    stored = [value for table in rows.values() for row in table for value in row.values()]
    assert not [one for one in stored if b"nicht gut" in (one if isinstance(one, bytes) else str(one).encode())]


async def test_a_call_is_handed_over_to_somebody_who_serves_here(talk):
    call_id = await call(talk, talk.residents[0])
    await talk.ask(claim(talk, call_id), talk.mentor)
    over = HandOverHelp(conference_id=talk.conference, call_id=call_id, to=talk.moderator.id)
    await talk.ask(over, talk.mentor)
    (shown,) = await calls(talk)
    assert shown.claimed_by == talk.moderator.id
    assert shown.claimed_at is not None


async def test_a_call_is_handed_over_to_nobody_who_does_not_serve_here(talk):
    call_id = await call(talk, talk.residents[0])
    over = HandOverHelp(conference_id=talk.conference, call_id=call_id, to=talk.residents[1].id)
    assert await talk.refused(over, talk.mentor) == NotServing(staff_id=talk.residents[1].id)


async def test_a_call_that_nobody_takes_is_offered_to_the_pool_by_itself(talk):
    before = talk.one.runtime.clock.now() - POOL_AFTER
    asked = AskForHelp(call_id=uuid4().hex, asked_by=talk.residents[0].id, group_id=None, reason=None, now=before)
    await talk.decide((HELP, talk.conference, asked))
    await until(lambda: shows(talk, lambda shown: shown.pooled_at is not None))


async def test_the_mentor_who_comes_to_the_group_answers_its_call(talk):
    await talk.place(talk.residents[:3], talk.residents[3:])
    for person in (talk.residents[0], talk.residents[3]):
        await call(talk, person)
    comes = Join(people=(), mentors=(talk.mentor.id,), new_ids=(), now=talk.one.runtime.clock.now())
    await talk.decide((GROUPS, talk.conference, comes))
    await until(lambda: answered(talk))


async def answered(talk):
    return sorted(shown.resolved for shown in await calls(talk)) == [False, True]


async def shows(talk, what):
    (shown,) = await calls(talk)
    return what(shown)


async def test_the_record_of_the_evening_says_how_long_calls_waited_and_is_for_those_who_lead(talk):
    call_id = await call(talk, talk.residents[0])
    await talk.ask(claim(talk, call_id), talk.mentor)
    (shown,) = (await talk.ask(GetRecord(conference_id=talk.conference), talk.moderator)).help_calls
    assert (shown.from_group, shown.claimed_seconds is None, shown.resolved_seconds) == (False, False, None)
    refusal = await talk.refused(GetRecord(conference_id=talk.conference), talk.residents[0])
    assert isinstance(refusal, NotAllowed)

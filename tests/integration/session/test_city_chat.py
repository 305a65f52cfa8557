# SPDX-License-Identifier: Apache-2.0
"""The chat of the city's staff: who writes and reads it, its limits, and that it goes day by day."""

from uuid import uuid4

import pytest

from services.chassis.identity import CITY_SCOPE, Actor, Grant
from services.chassis.refusals import NotAllowed
from services.contracts.refusals import TooManyMessages
from services.contracts.session import GetCityChat, PostCityMessage
from services.session.domain.chat import BURST
from services.session.domain.chat_life import CHAT_LIFE, city_chat, kept_until
from tests.integration.chassis.waiting import until
from tests.integration.session.talk import talking


@pytest.fixture
async def talk(service_database, nats_url, prefix):
    async with talking(service_database("session"), nats_url, prefix) as talk:
        yield talk


def of_the_city(role: str) -> Actor:
    return Actor(uuid4().hex, "staff", (Grant(role, CITY_SCOPE),))


async def test_those_who_serve_in_the_whole_city_write_to_each_other_and_nobody_else_does(talk):
    desk, pool = of_the_city("organiser"), of_the_city("mentor")
    await talk.ask(PostCityMessage(text="Wer kann nach Haslach?"), desk)
    await talk.ask(PostCityMessage(text="Ich."), pool)
    told = (await talk.ask(GetCityChat(), desk)).messages
    assert [(one.author_id, one.text) for one in told] == [(desk.id, "Wer kann nach Haslach?"), (pool.id, "Ich.")]
    for stranger in (talk.moderator, talk.residents[0]):
        assert isinstance(await talk.refused(PostCityMessage(text="Hallo"), stranger), NotAllowed)
        assert isinstance(await talk.refused(GetCityChat(), stranger), NotAllowed)


async def test_nobody_floods_it(talk):
    desk = of_the_city("organiser")
    for number in range(BURST):
        await talk.ask(PostCityMessage(text=str(number)), desk)
    assert isinstance(await talk.refused(PostCityMessage(text="noch eine"), desk), TooManyMessages)


async def test_what_was_written_is_deleted_when_the_next_day_is_over(talk):
    desk = of_the_city("organiser")
    await talk.ask(PostCityMessage(text="Bis morgen!"), desk)
    await talk.caught_up()
    runtime = talk.one.runtime
    today = runtime.clock.now().date()
    due = await runtime.db.pool.fetchval("SELECT due_at FROM timers WHERE kind = 'chat'")
    assert due == kept_until(today)
    await runtime.db.pool.execute("UPDATE timers SET due_at = now() - interval '1 minute'")

    async def gone() -> bool:
        return (await runtime.repository.load(CHAT_LIFE, city_chat(today))).state.deleted_at is not None

    await until(gone)
    await talk.caught_up()
    assert (await talk.ask(GetCityChat(), desk)).messages == ()
    rows = await talk.everything()
    assert (rows["chat_messages"], [row["wrapped"] for row in rows["chat_keys"]]) == ([], [None])

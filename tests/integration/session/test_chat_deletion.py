# SPDX-License-Identifier: Apache-2.0
"""A day after the evening its chat is gone: for residents, staff, and whoever has the database and all settings.

What the administrator cannot have any more is a backup or a write-ahead log from before; docs/privacy.md says so.
"""

import asyncio
import itertools
from contextlib import suppress
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

import pytest

from services.chassis.decider import Sealed
from services.chassis.keys import CannotUnwrap, unseal, unwrap
from services.chassis.mapper import topic_of
from services.contracts.refusals import ChatIsDeleted
from services.contracts.session import Broadcast, GetChat, PostMessage
from services.session.adapters.chat_keys import _name
from services.session.domain.chat import BroadcastSent, MessagePosted
from services.session.domain.chat_life import CHAT_LIFE, ChatDeleted
from services.session.domain.session import SESSION
from services.session.domain.session_commands import EndSession
from services.session.readmodel.chat import ANNOUNCEMENT
from tests.integration.chassis.waiting import until
from tests.integration.session.talk import WRAPPING, Talk, talking

WORDS = ["Geldsorgen habe ich.", "Ich auch.", "Kommt am Dienstag vorbei."]
TOLD = "In fünf Minuten geht es weiter."


@pytest.fixture
async def talk(service_database, nats_url, prefix):
    async with talking(service_database("session"), nats_url, prefix) as talk:
        yield talk


async def an_evening(talk: Talk) -> None:
    """People write, staff tell everybody something, and the evening ends."""
    for person, words in zip(talk.residents, WORDS, strict=False):
        await talk.ask(PostMessage(conference_id=talk.conference, channel="plenary", text=words), person)
    await talk.ask(Broadcast(conference_id=talk.conference, text=TOLD), talk.moderator)
    await talk.decide((SESSION, talk.conference, EndSession(now=talk.one.runtime.clock.now())))
    await talk.caught_up()


async def a_day_passes(talk: Talk) -> None:
    """While nobody is there to see it; then two replicas start at once."""
    await talk.one.close()
    for running in await asyncio.gather(talk.start(timers=False), talk.start(timers=False)):
        await running.runtime.db.pool.execute("UPDATE timers SET due_at = now() - interval '1 minute'")
        await running.close()
    talk.one, _ = await asyncio.gather(talk.start(), talk.start())

    async def gone() -> bool:
        return (await talk.one.runtime.repository.load(CHAT_LIFE, talk.conference)).state.deleted_at is not None

    await until(gone)
    await talk.caught_up()


async def readable(talk: Talk) -> set[str]:
    """The texts that the administrator opens with everything at hand: all rows, all settings, everybody's own key."""
    rows = await talk.everything()
    values = [value for row in itertools.chain.from_iterable(rows.values()) for value in row.values()]
    names = {value.bytes for value in values if isinstance(value, UUID)}
    keys = {WRAPPING, *(value[:32] for value in values if isinstance(value, bytes))}
    for box, name in itertools.product([v for v in values if isinstance(v, bytes) and len(v) == 60], names):
        with suppress(CannotUnwrap):
            keys.add(unwrap(WRAPPING, box, name))
    written = {topic_of(MessagePosted), topic_of(BroadcastSent)}
    mapper, found = talk.one.runtime.mapper, set()
    for row in rows["stored_events"]:
        if row["topic"] not in written:
            continue
        event = mapper.decode(row["topic"], row["state"])
        assert isinstance(event, MessagePosted | BroadcastSent)
        author, own = event.author_id, sha256(event.author_id.encode()).digest()
        boxes = [event.text.box]
        for key in keys:
            with suppress(CannotUnwrap, ValueError):
                boxes.append(unwrap(key, event.text.box, _name(row["conference_id"], author)))
        found |= {text for box in boxes if (text := unseal(Sealed(author, box), own)) is not None}
    return found


async def test_the_method_of_the_administrator_reads_everything_on_the_evening_itself(talk: Talk) -> None:
    await an_evening(talk)
    assert await readable(talk) == {*WORDS, TOLD}


async def test_a_day_later_no_key_at_hand_opens_a_text(talk: Talk) -> None:
    await an_evening(talk)
    await a_day_passes(talk)
    assert await readable(talk) == set()
    rows = await talk.everything()
    assert rows["chat_messages"] == []
    assert [row["wrapped"] for row in rows["chat_keys"]] == [None]


async def test_it_is_deleted_a_day_after_the_end_once_and_for_everybody(talk: Talk) -> None:
    await an_evening(talk)
    due = await talk.one.runtime.db.pool.fetchrow("SELECT due_at FROM timers WHERE kind = 'chat'")
    assert due is not None
    assert abs(due["due_at"] - talk.one.runtime.clock.now() - timedelta(days=1)) < timedelta(minutes=5)
    await a_day_passes(talk)
    rows = await talk.everything()
    assert sum(row["topic"] == topic_of(ChatDeleted) for row in rows["stored_events"]) == 1
    assert not [row for row in rows["timers"] if row["kind"] == "chat"]
    assert (await ANNOUNCEMENT.get(talk.one.runtime.db, talk.conference)).text is None  # type: ignore[union-attr]
    for channel, actor in (("plenary", talk.residents[0]), ("plenary", talk.moderator), ("broadcast", talk.moderator)):
        answer = await talk.ask(GetChat(conference_id=talk.conference, channel=channel), actor)
        assert answer.messages == ()


async def test_what_staff_write_in_the_moment_of_the_deletion_is_refused_or_deleted_with_the_rest(talk: Talk) -> None:
    await an_evening(talk)
    writers = [talk.staff("mentor") for _ in range(20)]

    async def write(writer: object, number: int) -> object:
        post = PostMessage(conference_id=talk.conference, channel="staff", text=f"Nachtrag {number}")
        return (await talk.try_(post, writer)).refusal  # type: ignore[arg-type]

    await talk.one.runtime.db.pool.execute("UPDATE timers SET due_at = now() - interval '1 minute'")
    refusals = await asyncio.gather(*(write(writer, number) for number, writer in enumerate(writers * 5)))
    assert {type(one) for one in refusals} <= {type(None), ChatIsDeleted}

    async def gone() -> bool:
        return isinstance(await write(talk.moderator, 0), ChatIsDeleted)

    await until(gone)
    await talk.caught_up()
    assert await readable(talk) == set()
    assert (await talk.everything())["chat_messages"] == []

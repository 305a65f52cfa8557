# SPDX-License-Identifier: Apache-2.0
"""The chat over NATS: who writes and reads where, what staff may do, what erasure leaves."""

import asyncio
from uuid import uuid4

import pytest

from services.chassis.identity import Actor
from services.chassis.refusals import NotAllowed, NotFound
from services.contracts.refusals import PersonIsMuted, SessionIs, TooManyMessages
from services.contracts.session import Broadcast, GetChat, HideMessage, PostMessage, RequestHelp
from services.session.adapters.chat_keys import ChatKeys, Written
from services.session.domain.chat import CHAT, PLENARY, channel_key
from services.session.domain.roster import ROSTER
from services.session.domain.roster_commands import MuteParticipant, UnmuteParticipant
from services.session.domain.session import SESSION
from services.session.domain.session_commands import EndSession
from services.session.readmodel.chat import ANNOUNCEMENT, NEWEST
from tests.integration.chassis.waiting import until
from tests.integration.session.talk import WRAPPING, talking


@pytest.fixture
async def talk(service_database, nats_url, prefix):
    async with talking(service_database("session"), nats_url, prefix, people=6) as talk:
        yield talk


async def write(talk, who, words, channel="plenary"):
    message = PostMessage(conference_id=talk.conference, channel=channel, text=words)
    return (await talk.ask(message, who)).message_id


async def read(talk, who, channel="plenary"):
    return (await talk.ask(GetChat(conference_id=talk.conference, channel=channel), who)).messages


async def test_what_one_writes_in_the_plenary_all_read(talk):
    anna, bilal = talk.residents[:2]
    message_id = await write(talk, anna, "Guten Abend!")
    (message,) = await read(talk, bilal)
    assert (message.message_id, message.author_id, message.text) == (message_id, anna.id, "Guten Abend!")


async def test_the_text_lies_nowhere_in_plain(talk):
    await write(talk, talk.residents[0], "Geldsorgen habe ich.")
    await talk.caught_up()
    rows = await talk.everything()
    stored = [value for table in rows.values() for row in table for value in row.values()]
    assert not [
        value for value in stored if b"Geldsorgen" in (value if isinstance(value, bytes) else str(value).encode())
    ]


async def test_the_text_of_an_erased_author_is_gone(talk):
    await write(talk, talk.residents[0], "Das war ich.")
    talk.erased.add(talk.residents[0].id)
    (message,) = await read(talk, talk.residents[1])
    assert (message.text, message.hidden) == (None, False)


async def test_people_of_a_group_write_to_each_other(talk):
    group, _ = await talk.place(talk.residents[:3], talk.residents[3:])
    await write(talk, talk.residents[0], "Wer schreibt mit?", group)
    assert [message.text for message in await read(talk, talk.residents[2], group)] == ["Wer schreibt mit?"]


async def test_nobody_reads_or_writes_in_anothers_group(talk):
    group, _ = await talk.place(talk.residents[:3], talk.residents[3:])
    message = PostMessage(conference_id=talk.conference, channel=group, text="Hallo")
    assert isinstance(await talk.refused(message, talk.residents[4]), NotAllowed)
    question = GetChat(conference_id=talk.conference, channel=group)
    assert isinstance(await talk.refused(question, talk.residents[4]), NotAllowed)


async def test_staff_write_to_any_group(talk):
    group, _ = await talk.place(talk.residents[:3], talk.residents[3:])
    await write(talk, talk.mentor, "Noch zwei Minuten.", group)
    assert [message.author_id for message in await read(talk, talk.residents[0], group)] == [talk.mentor.id]


async def test_staff_who_were_never_added_write_and_call_with_a_key_made_for_them(service_database, nats_url, prefix):
    where = service_database("session"), nats_url, prefix
    async with talking(*where, people=1, keys_database=service_database("chassis")) as talk:
        guest = talk.staff("moderator")
        await write(talk, guest, "Ich springe heute ein.")
        await talk.ask(Broadcast(conference_id=talk.conference, text="Gleich geht es los."), guest)
        await talk.ask(RequestHelp(conference_id=talk.conference, reason="Wer macht das Licht an?"), guest)
        assert [message.text for message in await read(talk, guest)] == ["Ich springe heute ein."]
        assert list(talk.keys) == [guest.id]
        # An erased one gets no other key, and for residents none is made: theirs comes with the registration.
        talk.erased.add(guest.id)
        del talk.keys[guest.id]
        talk.one.runtime.keys.forget(guest.id)
        for nobody in (guest, talk.residents[0]):
            message = PostMessage(conference_id=talk.conference, channel="plenary", text="Hallo")
            assert await talk.refused(message, nobody) == NotFound(what="key", id=nobody.id)
        assert talk.keys == {}


async def test_a_group_that_does_not_run_has_no_chat(talk):
    message = PostMessage(conference_id=talk.conference, channel="f" * 32, text="Hallo")
    assert await talk.refused(message, talk.moderator) == NotAllowed(needs="a running group")


async def test_residents_neither_read_nor_write_in_the_channel_of_staff(talk):
    await write(talk, talk.moderator, "Gruppe 3 ist laut.", "staff")
    message = PostMessage(conference_id=talk.conference, channel="staff", text="Hallo")
    assert isinstance(await talk.refused(message, talk.residents[0]), NotAllowed)
    question = GetChat(conference_id=talk.conference, channel="staff")
    assert isinstance(await talk.refused(question, talk.residents[0]), NotAllowed)


async def test_who_does_not_belong_to_the_conference_writes_nothing(talk):
    message = PostMessage(conference_id=talk.conference, channel="plenary", text="Hallo")
    assert isinstance(await talk.refused(message, Actor(uuid4().hex, "resident")), NotAllowed)


async def test_who_was_shut_out_writes_nothing(talk):
    await talk.exclude(talk.residents[0])
    message = PostMessage(conference_id=talk.conference, channel="plenary", text="Hallo")
    assert isinstance(await talk.refused(message, talk.residents[0]), NotAllowed)


async def test_a_flood_is_refused_with_the_instant_at_which_there_is_room(talk):
    message = PostMessage(conference_id=talk.conference, channel="plenary", text="!")
    replies = await asyncio.gather(*(talk.try_(message, talk.residents[0], uuid4()) for _ in range(12)))
    refused = [reply.refusal for reply in replies if reply.refusal is not None]
    assert [type(refusal) for refusal in refused] == [TooManyMessages, TooManyMessages]
    assert len(await read(talk, talk.residents[0])) == 10


async def test_a_hidden_message_keeps_its_place_and_shows_its_text_to_staff_alone(talk):
    message_id = await write(talk, talk.residents[0], "Unfug")
    await talk.ask(HideMessage(conference_id=talk.conference, message_id=message_id), talk.mentor)
    (theirs,), (ours,) = await read(talk, talk.residents[1]), await read(talk, talk.moderator)
    assert ((theirs.text, theirs.hidden), (ours.text, ours.hidden)) == ((None, True), ("Unfug", True))


async def test_a_message_can_be_hidden_before_the_read_model_shows_it(talk):
    async with talk.one.runtime.db.transaction() as tx:
        await tx.execute("SELECT 1 FROM projections FOR UPDATE")  # the projector passes over what others hold
        message_id = await write(talk, talk.residents[0], "Unfug")
        await talk.ask(HideMessage(conference_id=talk.conference, message_id=message_id), talk.mentor)
    assert [message.hidden for message in await read(talk, talk.residents[1])] == [True]


async def test_residents_hide_nothing(talk):
    message_id = await write(talk, talk.residents[0], "Unfug")
    refusal = await talk.refused(HideMessage(conference_id=talk.conference, message_id=message_id), talk.residents[1])
    assert isinstance(refusal, NotAllowed)


async def test_a_message_that_does_not_exist_is_not_found(talk):
    refusal = await talk.refused(HideMessage(conference_id=talk.conference, message_id="f" * 32), talk.moderator)
    assert refusal == NotFound(what="message", id="f" * 32)


async def test_a_broadcast_reaches_everybody_and_stays_as_the_announcement(talk):
    said = Broadcast(conference_id=talk.conference, text="In fünf Minuten geht es weiter.")
    message_id = (await talk.ask(said, talk.moderator)).message_id
    (message,) = await read(talk, talk.residents[0], "broadcast")
    await talk.caught_up()
    announcement = await ANNOUNCEMENT.get(talk.one.runtime.db, talk.conference)
    assert (message.text, announcement.message_id) == ("In fünf Minuten geht es weiter.", message_id)
    written = [Written(announcement.author_id, announcement.text)]
    (text,) = await ChatKeys(talk.one.runtime.db, WRAPPING).open(talk.one.runtime.keys, talk.conference, written)
    assert text == "In fünf Minuten geht es weiter."


async def test_a_hidden_broadcast_is_no_announcement_any_more(talk):
    said = Broadcast(conference_id=talk.conference, text="Irrtum")
    message_id = (await talk.ask(said, talk.moderator)).message_id
    await talk.caught_up()
    await talk.ask(HideMessage(conference_id=talk.conference, message_id=message_id), talk.moderator)
    await talk.caught_up()
    assert (await ANNOUNCEMENT.get(talk.one.runtime.db, talk.conference)).text is None


async def test_residents_do_not_speak_to_everybody_at_once(talk):
    said = Broadcast(conference_id=talk.conference, text="Hallo")
    assert isinstance(await talk.refused(said, talk.residents[0]), NotAllowed)
    posted = PostMessage(conference_id=talk.conference, channel="broadcast", text="Hallo")
    assert isinstance(await talk.refused(posted, talk.residents[0]), NotAllowed)


async def test_after_the_end_residents_read_but_do_not_write(talk):
    await write(talk, talk.residents[0], "Bis bald!")
    await talk.decide((SESSION, talk.conference, EndSession(now=talk.one.runtime.clock.now())))
    message = PostMessage(conference_id=talk.conference, channel="plenary", text="Noch da?")
    assert await talk.refused(message, talk.residents[0]) == SessionIs(status="ENDED")
    assert len(await read(talk, talk.residents[0])) == 1


async def test_the_newest_messages_are_shown_oldest_first_however_many_there_are(talk):
    writers = [talk.staff("mentor") for _ in range(21)]
    for writer in writers:
        for number in range(10):
            await write(talk, writer, str(number))
    messages = await read(talk, talk.residents[0])
    assert len(messages) == NEWEST
    assert [message.text for message in messages] == [str(n) for n in range(10)] * 20
    assert messages[0].author_id == writers[1].id


async def test_a_long_channel_is_appended_to_without_reading_it_again(talk):
    await write(talk, talk.moderator, "eins")
    repository = talk.one.runtime.repository
    stream = repository.stream_id(CHAT, channel_key(talk.conference, PLENARY))
    read_events = []
    select = repository.store.select_events

    async def watched(originator_id, *, after_version=None):
        events = await select(originator_id, after_version=after_version)
        read_events.extend(event for event in events if originator_id == stream)
        return events

    repository.store.select_events = watched
    await write(talk, talk.moderator, "zwei")
    assert read_events == []


async def test_others_learn_that_something_was_written_but_not_what(talk):
    heard = []

    async def hear(message):
        heard.append((message.subject.rpartition(".")[2], message.data))

    await talk.bus.subscribe(f"{talk.bus.prefix}.evt.session.>", hear)
    message_id = await write(talk, talk.residents[0], "Geldsorgen habe ich.")
    await talk.ask(HideMessage(conference_id=talk.conference, message_id=message_id), talk.moderator)
    await until(lambda: "MessageHidden" in [name for name, _ in heard])
    told = dict(heard)
    assert message_id.encode() in told["MessagePosted"]
    assert b"text" not in told["MessagePosted"]


async def test_who_is_muted_writes_nothing_until_they_may_speak_again(talk):
    anna = talk.residents[0]
    about = {"participant_id": anna.id, "by": talk.moderator.id, "now": talk.one.runtime.clock.now()}
    await talk.decide((ROSTER, talk.conference, MuteParticipant(code="insult", **about)))
    post = PostMessage(conference_id=talk.conference, channel="plenary", text="Hallo")
    assert await talk.refused(post, anna) == PersonIsMuted(participant_id=anna.id)
    await talk.decide((ROSTER, talk.conference, UnmuteParticipant(**about)))
    await talk.ask(post, anna)

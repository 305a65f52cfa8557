# SPDX-License-Identifier: Apache-2.0
"""How messages are written, hidden and read, and how staff tells everybody something."""

from collections.abc import Callable, Sequence
from uuid import UUID, uuid4

from services.chassis.api import Api, Context, Decide
from services.chassis.decider import Refusal, Sealed
from services.chassis.decisions import Step
from services.chassis.keys import KeyDestroyed
from services.chassis.refusals import NotAllowed, NotFound
from services.contracts import session as asked
from services.session.access import group_of, groups_now, is_staff, may_see, staff_of_conference
from services.session.adapters.chat_keys import ChatKeys, Written
from services.session.adapters.keys import seal_as_author
from services.session.domain.chat import (
    BROADCAST,
    CHAT,
    PLENARY,
    STAFF,
    Broadcast,
    BroadcastSent,
    ChannelIsOff,
    HideMessage,
    MessagePosted,
    PersonIsMuted,
    PostMessage,
    channel_key,
)
from services.session.domain.chat_life import CHAT_LIFE, deleted
from services.session.domain.code import CodeNotAccepted
from services.session.domain.roster import ROSTER
from services.session.domain.session import SESSION
from services.session.domain.session_commands import SessionIs
from services.session.domain.session_state import phase_of, status_of
from services.session.readmodel.chat import ANNOUNCEMENT, Message, channel_of, newest_messages


def register(api: Api) -> None:
    """Adds what this module answers to the table of contents."""
    api.command(asked.PostMessage)(post_message)
    api.command(asked.HideMessage, needs=staff_of_conference)(hide_message)
    api.command(asked.Broadcast, needs=staff_of_conference)(broadcast)
    api.query(asked.GetChat)(get_chat)


async def post_message(request: asked.PostMessage, ctx: Context) -> Decide | Refusal:
    """Puts a text into a channel where the author belongs."""
    conference, channel, author = request.conference_id, request.channel, ctx.actor.id
    refusal = await _closed_to(ctx, conference) or await _is_off(ctx, conference, channel)
    refusal = refusal or await _may_write(ctx, conference, channel)
    if refusal is not None:
        return refusal
    message_id = uuid4().hex

    def post(text: Sealed) -> PostMessage:
        return PostMessage(message_id=message_id, channel=channel, author_id=author, text=text, now=ctx.now)

    return await write(ctx, (conference, conference), channel, request.text, post)


async def write(
    ctx: Context,
    chat: tuple[str, str | None],
    channel: str,
    text: str,
    command: Callable[[Sealed], PostMessage | Broadcast],
) -> Decide | Refusal:
    """Seals a text under its author's key and that of the chat; nothing is written into a chat that was deleted.

    Args:
        chat: its id, and the conference it belongs to; None: the city's.
        command: what is done with the sealed text.
    """
    chat_id, conference = chat
    sealed = await keys_of_chats(ctx).seal(chat_id, await seal_as_author(ctx, conference, text))
    life = await ctx.load(CHAT_LIFE, chat_id)  # after the key: whoever finds none finds here that it was destroyed
    gone = deleted(life.state)
    if gone is not None:
        return gone
    if sealed is None:
        raise KeyDestroyed(chat_id)
    posted = command(sealed)
    step = Step(CHAT, channel_key(chat_id, channel), posted, conference, guards=(life,))
    return Decide(step, answer=asked.MessageAnswer(message_id=posted.message_id))


def keys_of_chats(ctx: Context) -> ChatKeys:
    """The keys under which chats are sealed, beside those of their authors."""
    return ChatKeys(ctx.db, ctx.settings.key_encryption)


async def _closed_to(ctx: Context, conference: str) -> Refusal | None:
    """People write while the lobby is open and the evening runs; staff also before and after."""
    status = status_of((await ctx.load(SESSION, conference)).state)
    if status is None or (status in {"PREPARED", "ENDED"} and not is_staff(ctx.actor, conference)):
        return SessionIs(status=status)
    return None


async def _is_off(ctx: Context, conference: str, channel: str) -> Refusal | None:
    """Whether the script keeps a channel quiet in this phase; that of staff is always on."""
    phase = phase_of((await ctx.load(SESSION, conference)).state)
    kind = "plenary" if channel == PLENARY else "group"
    return None if phase is None or channel == STAFF or kind in phase.chat else ChannelIsOff(phase=phase.key)


async def _may_write(ctx: Context, conference: str, channel: str) -> Refusal | None:
    if channel == BROADCAST:
        return NotAllowed(needs="Broadcast")
    if is_staff(ctx.actor, conference):
        known = channel in {PLENARY, STAFF} or channel in await groups_now(ctx, conference)
        # Groups end while somebody writes to them: no mistake of the client, so the same answer as for residents.
        return None if known else NotAllowed(needs="a running group")
    roster = (await ctx.load(ROSTER, conference)).state
    if ctx.actor.id in roster.muted:
        return PersonIsMuted(participant_id=ctx.actor.id)
    refusal = await _belongs(ctx, conference, channel)
    if refusal is None and ctx.actor.id in roster.seats and not roster.has_accepted(ctx.actor.id):
        return CodeNotAccepted(participant_id=ctx.actor.id)
    return refusal


async def _belongs(ctx: Context, conference: str, channel: str) -> Refusal | None:
    """Residents belong to the plenary and to the group they sit in now."""
    refusal = await may_see(ctx, conference)
    if refusal is not None or channel == PLENARY:
        return refusal
    if channel == STAFF:
        return NotAllowed(needs="staff")
    return None if channel == await group_of(ctx, conference) else NotAllowed(needs="a place in the group")


async def hide_message(request: asked.HideMessage, ctx: Context) -> Decide | Refusal:
    """Hides a message in whichever channel it was written."""
    conference, message_id = request.conference_id, request.message_id
    channel = await channel_of(ctx.db, conference, message_id) or await _channel_in_log(ctx, conference, message_id)
    if channel is None:
        return NotFound(what="message", id=message_id)
    command = HideMessage(message_id=message_id, channel=channel, by=ctx.actor.id, now=ctx.now)
    return Decide(Step(CHAT, channel_key(conference, channel), command, conference))


async def _channel_in_log(ctx: Context, conference: str, message_id: str) -> str | None:
    """The channel of a message that the read model does not show yet: told by an event, hidden at once."""
    mapper = ctx.repository.mapper
    topics = mapper.topics([MessagePosted, BroadcastSent])
    for recorded in reversed(await ctx.repository.store.select_conference(UUID(conference), topics=topics)):
        match mapper.decode(recorded.topic, recorded.state):
            case MessagePosted(message_id=found, channel=channel) if found == message_id:
                return channel
            case BroadcastSent(message_id=found) if found == message_id:
                return BROADCAST
    return None


async def broadcast(request: asked.Broadcast, ctx: Context) -> Decide | Refusal:
    """Shows a text to everybody."""
    conference, author, message_id = request.conference_id, ctx.actor.id, uuid4().hex
    refusal = await _closed_to(ctx, conference)
    if refusal is not None:
        return refusal

    def send(text: Sealed) -> Broadcast:
        return Broadcast(message_id=message_id, author_id=author, text=text, now=ctx.now)

    return await write(ctx, (conference, conference), BROADCAST, request.text, send)


async def get_chat(request: asked.GetChat, ctx: Context) -> asked.ChatView | Refusal:
    """The newest messages of a channel; what staff hid shows its text to staff alone."""
    conference, channel = request.conference_id, request.channel
    staff = is_staff(ctx.actor, conference)
    if not staff:
        refusal = await (may_see(ctx, conference) if channel == BROADCAST else _belongs(ctx, conference, channel))
        if refusal is not None:
            return refusal
    messages = await newest_messages(ctx.db, conference, channel)
    texts = await _texts(ctx, conference, [message for message in messages if staff or not message.hidden])
    return asked.ChatView(
        conference_id=conference,
        channel=channel,
        messages=tuple(
            asked.MessageView(
                message_id=message.message_id,
                channel=channel,
                author_id=message.author_id,
                text=texts.get(message.message_id),
                hidden=message.hidden,
                at=message.at,
            )
            for message in messages
        ),
    )


async def announced(ctx: Context, conference: str) -> str | None:
    """What staff told everybody last; None when it is no more to be read, or nothing was said."""
    said = await ANNOUNCEMENT.get(ctx.db, conference)
    if said is None or said.text is None:
        return None
    return (await keys_of_chats(ctx).open(ctx.keys, conference, [Written(said.author_id, said.text)]))[0]


async def _texts(ctx: Context, conference: str, messages: Sequence[Message]) -> dict[str, str | None]:
    written = [Written(message.author_id, message.text) for message in messages]
    opened = await keys_of_chats(ctx).open(ctx.keys, conference, written)
    return {message.message_id: text for message, text in zip(messages, opened, strict=True)}

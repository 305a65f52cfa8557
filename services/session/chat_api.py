# SPDX-License-Identifier: Apache-2.0
"""How messages are written, hidden and read, and how staff tells everybody something."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from services.chassis.api import Api, Context, Decide
from services.chassis.decider import Refusal, Sealed
from services.chassis.decisions import Step
from services.chassis.refusals import NotAllowed, NotFound
from services.contracts import session as asked
from services.session.access import group_of, groups_now, is_staff, may_see, staff_of_conference
from services.session.adapters.keys import seal_as_author
from services.session.domain.chat import (
    BROADCAST,
    CHAT,
    PLENARY,
    STAFF,
    Broadcast,
    BroadcastSent,
    HideMessage,
    MessagePosted,
    PersonIsMuted,
    PostMessage,
    channel_key,
)
from services.session.domain.roster import ROSTER
from services.session.domain.session import SESSION
from services.session.domain.session_commands import SessionIs
from services.session.domain.session_state import status_of
from services.session.readmodel.chat import Message, channel_of, newest_messages


def register(api: Api) -> None:
    """Adds what this module answers to the table of contents."""
    api.command(asked.PostMessage)(post_message)
    api.command(asked.HideMessage, needs=staff_of_conference)(hide_message)
    api.command(asked.Broadcast, needs=staff_of_conference)(broadcast)
    api.query(asked.GetChat)(get_chat)


async def post_message(request: asked.PostMessage, ctx: Context) -> Decide | Refusal:
    """Seals a text under its author's key and puts it into a channel where the author belongs."""
    conference, channel, author = request.conference_id, request.channel, ctx.actor.id
    refusal = await _closed_to(ctx, conference) or await _may_write(ctx, conference, channel)
    if refusal is not None:
        return refusal
    message_id = uuid4().hex
    command = PostMessage(
        message_id=message_id,
        channel=channel,
        author_id=author,
        text=await seal_as_author(ctx, conference, request.text),
        now=ctx.now,
    )
    return Decide(
        Step(CHAT, channel_key(conference, channel), command, conference),
        answer=asked.MessageAnswer(message_id=message_id),
    )


async def _closed_to(ctx: Context, conference: str) -> Refusal | None:
    """People write while the lobby is open and the evening runs; staff also before and after."""
    status = status_of((await ctx.load(SESSION, conference)).state)
    if status is None or (status in {"PREPARED", "ENDED"} and not is_staff(ctx.actor, conference)):
        return SessionIs(status=status)
    return None


async def _may_write(ctx: Context, conference: str, channel: str) -> Refusal | None:
    if channel == BROADCAST:
        return NotAllowed(needs="Broadcast")
    if is_staff(ctx.actor, conference):
        known = channel in {PLENARY, STAFF} or channel in await groups_now(ctx, conference)
        # Groups end while somebody writes to them: no mistake of the client, so the same answer as for residents.
        return None if known else NotAllowed(needs="a running group")
    if ctx.actor.id in (await ctx.load(ROSTER, conference)).state.muted:
        return PersonIsMuted(participant_id=ctx.actor.id)
    return await _belongs(ctx, conference, channel)


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
    """Seals a text under its author's key and shows it to everybody."""
    conference, author, message_id = request.conference_id, ctx.actor.id, uuid4().hex
    refusal = await _closed_to(ctx, conference)
    if refusal is not None:
        return refusal
    text = await seal_as_author(ctx, conference, request.text)
    command = Broadcast(message_id=message_id, author_id=author, text=text, now=ctx.now)
    return Decide(
        Step(CHAT, channel_key(conference, BROADCAST), command, conference),
        answer=asked.MessageAnswer(message_id=message_id),
    )


async def get_chat(request: asked.GetChat, ctx: Context) -> asked.ChatView | Refusal:
    """The newest messages of a channel; what staff hid shows its text to staff alone."""
    conference, channel = request.conference_id, request.channel
    staff = is_staff(ctx.actor, conference)
    if not staff:
        refusal = await (may_see(ctx, conference) if channel == BROADCAST else _belongs(ctx, conference, channel))
        if refusal is not None:
            return refusal
    messages = await newest_messages(ctx.db, conference, channel)
    texts = await _texts(ctx, [message for message in messages if staff or not message.hidden])
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


async def _texts(ctx: Context, messages: Sequence[Message]) -> dict[str, str | None]:
    sealed: list[Sealed] = [message.text for message in messages]
    opened = await ctx.keys.open_many(sealed) if sealed else []
    return {message.message_id: text for message, text in zip(messages, opened, strict=True)}

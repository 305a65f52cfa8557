# SPDX-License-Identifier: Apache-2.0
"""What the staff of the whole city write to each other, over all conferences: its desk and its pool."""

from datetime import timedelta
from uuid import uuid4

from services.chassis.api import Api, Context, Decide, role
from services.chassis.decider import Refusal, Sealed
from services.contracts import session as asked
from services.session.access import STAFF_ROLES
from services.session.adapters.chat_keys import Written
from services.session.chat_api import keys_of_chats, write
from services.session.domain.chat import CITY, PostMessage
from services.session.domain.chat_life import city_chat
from services.session.readmodel.chat import NEWEST, newest_messages


def register(api: Api) -> None:
    """Adds what this module answers to the table of contents."""
    api.command(asked.PostCityMessage, needs=role(*STAFF_ROLES))(post_city_message)
    api.query(asked.GetCityChat, needs=role(*STAFF_ROLES))(get_city_chat)


async def post_city_message(request: asked.PostCityMessage, ctx: Context) -> Decide | Refusal:
    """Goes into the chat of the day, with the limits of every channel."""
    message_id, author = uuid4().hex, ctx.actor.id

    def post(text: Sealed) -> PostMessage:
        return PostMessage(message_id=message_id, channel=CITY, author_id=author, text=text, now=ctx.now)

    return await write(ctx, (city_chat(ctx.now.date()), None), CITY, request.text, post)


async def get_city_chat(_: asked.GetCityChat, ctx: Context) -> asked.CityChatView:
    """What is kept: yesterday's and today's messages."""
    found: list[asked.MessageView] = []
    for day in (ctx.now.date() - timedelta(days=1), ctx.now.date()):
        chat = city_chat(day)
        messages = await newest_messages(ctx.db, chat, CITY)
        texts = await keys_of_chats(ctx).open(ctx.keys, chat, [Written(one.author_id, one.text) for one in messages])
        found += [
            asked.MessageView(
                message_id=one.message_id,
                channel=CITY,
                author_id=one.author_id,
                text=text,
                hidden=one.hidden,
                at=one.at,
            )
            for one, text in zip(messages, texts, strict=True)
        ]
    return asked.CityChatView(messages=tuple(found[-NEWEST:]))

# SPDX-License-Identifier: Apache-2.0
"""What was written in a channel, and what did staff tell everybody last? Texts stay sealed here."""

from datetime import datetime
from uuid import UUID

import msgspec

from services.chassis.database import Database, Tx
from services.chassis.decider import Event, Sealed
from services.chassis.projection import DocumentProjection, TableProjection
from services.chassis.store import Recorded
from services.session.domain.chat import BROADCAST, BroadcastSent, MessageHidden, MessagePosted
from services.session.domain.chat_life import ChatDeleted, city_chat

NEWEST = 200
"""So many messages of a channel are shown."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message."""

    message_id: str
    channel: str
    author_id: str
    text: Sealed
    hidden: bool
    at: datetime


async def _posted(tx: Tx, event: MessagePosted, recorded: Recorded) -> None:
    await _insert(tx, event, event.channel, recorded)


async def _sent(tx: Tx, event: BroadcastSent, recorded: Recorded) -> None:
    await _insert(tx, event, BROADCAST, recorded)


async def _insert(tx: Tx, event: MessagePosted | BroadcastSent, channel: str, recorded: Recorded) -> None:
    chat = recorded.conference_id or UUID(city_chat(event.posted_at.date()))
    await tx.execute(
        "INSERT INTO chat_messages (message_id, conference_id, channel, position, author_id, text_key, text_box, at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        UUID(event.message_id), chat, channel, recorded.notification_id, event.author_id,
        event.text.key, event.text.box, event.posted_at,
    )  # fmt: skip


async def _hidden(tx: Tx, event: MessageHidden, _: Recorded) -> None:
    await tx.execute("UPDATE chat_messages SET hidden = true WHERE message_id = $1", UUID(event.message_id))


async def _deleted(tx: Tx, event: ChatDeleted, _: Recorded) -> None:
    await tx.execute("DELETE FROM chat_messages WHERE conference_id = $1", UUID(event.chat_id))


MESSAGES = TableProjection(
    name="chat",
    version=1,
    handlers={MessagePosted: _posted, BroadcastSent: _sent, MessageHidden: _hidden, ChatDeleted: _deleted},
    tables=("chat_messages",),
)


async def newest_messages(db: Database, conference_id: str, channel: str) -> list[Message]:
    """The newest messages of one channel, the oldest first."""
    rows = await db.pool.fetch(
        "SELECT message_id, author_id, text_key, text_box, hidden, at FROM chat_messages"
        " WHERE conference_id = $1 AND channel = $2 ORDER BY position DESC LIMIT $3",
        UUID(conference_id), channel, NEWEST,
    )  # fmt: skip
    return [
        Message(
            message_id=row["message_id"].hex,
            channel=channel,
            author_id=row["author_id"],
            text=Sealed(row["text_key"], row["text_box"]),
            hidden=row["hidden"],
            at=row["at"],
        )
        for row in reversed(rows)
    ]


async def channel_of(db: Database, conference_id: str, message_id: str) -> str | None:
    """The channel in which a message of this conference was written; None when there is no such message."""
    channel: str | None = await db.pool.fetchval(
        "SELECT channel FROM chat_messages WHERE message_id = $1 AND conference_id = $2",
        UUID(message_id), UUID(conference_id),
    )  # fmt: skip
    return channel


async def author_of(db: Database, conference_id: str, message_id: str) -> str | None:
    """Who wrote a message of this conference; None when there is no such message."""
    author: str | None = await db.pool.fetchval(
        "SELECT author_id FROM chat_messages WHERE message_id = $1 AND conference_id = $2",
        UUID(message_id), UUID(conference_id),
    )  # fmt: skip
    return author


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """What staff told everybody last; None before the first time, and once it was hidden or the chat deleted."""

    message_id: str | None = None
    author_id: str = ""
    text: Sealed | None = None


def _announcement(document: Announcement, event: Event, _: Recorded) -> Announcement:
    match event:
        case BroadcastSent(message_id=message_id, author_id=author_id, text=text):
            return Announcement(message_id=message_id, author_id=author_id, text=text)
        case MessageHidden(message_id=message_id) if message_id == document.message_id:
            return Announcement()
        case ChatDeleted():
            return Announcement()
        case _:
            return document


def _conference(event: Event, recorded: Recorded) -> tuple[str, ...]:
    hidden = isinstance(event, MessageHidden) and event.channel == BROADCAST
    concerned = hidden or isinstance(event, BroadcastSent | ChatDeleted)
    return (recorded.conference_id.hex,) if concerned and recorded.conference_id else ()


ANNOUNCEMENT = DocumentProjection(
    name="announcement",
    version=2,
    keys=_conference,
    initial=lambda _: Announcement(),
    evolve=_announcement,
    doc=Announcement,
)

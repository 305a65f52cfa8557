# SPDX-License-Identifier: Apache-2.0
"""How long a chat lives: a day after the evening its texts are deleted for good, and nobody writes there any more.

What the staff of the city write to each other is a chat for each day.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import NAMESPACE_OID, uuid5

import msgspec

from services.chassis.decider import Command, Decider, Event, Refusal

CHAT_KEPT: Final = timedelta(days=1)
"""So long after the end of the evening its chat can be read."""


def city_chat(day: date) -> str:
    """The id of what the staff of the city write to each other on one day (UTC): it is deleted day by day."""
    return uuid5(NAMESPACE_OID, f"quartier city chat:{day.isoformat()}").hex


def kept_until(day: date) -> datetime:
    """When what was written on a day is deleted: a day after its end."""
    return datetime.combine(day, time(), UTC) + timedelta(days=1) + CHAT_KEPT


class ChatDeleted(Event, frozen=True, kw_only=True):
    """All texts of the chat are gone: the key under which they were sealed was destroyed with this event."""

    TOPIC = "session.chat_deleted"

    chat_id: str
    deleted_at: datetime


class ChatLife(msgspec.Struct, frozen=True, kw_only=True):
    """Since when there is nothing to read any more; None: there still is."""

    deleted_at: datetime | None = None


class DeleteChat(Command, frozen=True, kw_only=True):
    """Deletes all texts of the chat."""

    chat_id: str


class ChatIsDeleted(Refusal, frozen=True, kw_only=True):
    """The chat was deleted a day after the evening; nobody writes there any more."""

    deleted_at: datetime


def decide(life: ChatLife, command: DeleteChat) -> Sequence[ChatDeleted]:
    """Once is enough."""
    return [] if life.deleted_at else [ChatDeleted(chat_id=command.chat_id, deleted_at=command.now)]


def evolve(_: ChatLife, event: ChatDeleted) -> ChatLife:
    """The chat after its end."""
    return ChatLife(deleted_at=event.deleted_at)


def deleted(life: ChatLife) -> ChatIsDeleted | None:
    """The refusal of whatever comes too late."""
    return None if life.deleted_at is None else ChatIsDeleted(deleted_at=life.deleted_at)


CHAT_LIFE: Decider[ChatLife, DeleteChat, ChatDeleted] = Decider(
    name="session.chat_life", initial=ChatLife(), decide=decide, evolve=evolve, events=(ChatDeleted,)
)

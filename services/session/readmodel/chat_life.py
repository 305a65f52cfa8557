# SPDX-License-Identifier: Apache-2.0
"""When is a chat deleted by itself?"""

from typing import ClassVar

from services.chassis.database import Tx
from services.chassis.projection import TableProjection
from services.chassis.store import Recorded
from services.chassis.timers import TimerPayload, cancel_timer, set_timer
from services.session.domain.chat import CITY, MessagePosted
from services.session.domain.chat_life import CHAT_KEPT, ChatDeleted, city_chat, kept_until
from services.session.domain.session_facts import SessionEnded


class ChatDue(TimerPayload, frozen=True, kw_only=True):
    """The texts of a chat are deleted; `conference` is None for the city's."""

    KIND: ClassVar[str] = "chat"
    chat_id: str
    conference: str | None


async def _ended(tx: Tx, _: SessionEnded, recorded: Recorded) -> None:
    if recorded.conference_id is not None:
        key = recorded.conference_id.hex
        payload = ChatDue(chat_id=key, conference=key)
        await set_timer(tx, key=key, due_at=recorded.recorded_at + CHAT_KEPT, payload=payload, conference=key)


async def _posted(tx: Tx, event: MessagePosted, _: Recorded) -> None:
    if event.channel == CITY:
        day = event.posted_at.date()
        payload = ChatDue(chat_id=city_chat(day), conference=None)
        await set_timer(tx, key=payload.chat_id, due_at=kept_until(day), payload=payload, conference=None)


async def _deleted(tx: Tx, event: ChatDeleted, _: Recorded) -> None:
    await cancel_timer(tx, ChatDue, event.chat_id)


CHAT_TIMERS = TableProjection(
    name="chat_timers",
    version=1,
    handlers={SessionEnded: _ended, MessagePosted: _posted, ChatDeleted: _deleted},
    tables=(),
)

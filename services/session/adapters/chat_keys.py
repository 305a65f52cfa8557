# SPDX-License-Identifier: Apache-2.0
"""Texts of a chat are sealed twice: under their author's key, and around it under a key of the chat.

So a text is gone when its author is erased, and all texts are gone when the key of the chat is destroyed. That key lies
wrapped in this service's database and nowhere in memory: a process forgets a destroyed one at once.
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from services.chassis.database import Database
from services.chassis.decider import Sealed
from services.chassis.keys import Keys, new_key, unwrap, wrap
from services.chassis.store import Statement


class Written(NamedTuple):
    """A sealed text and whose it is."""

    author_id: str
    text: Sealed


class ChatKeys:
    """The keys of the chats.

    Args:
        db: the database of the service.
        wrapping: the 32 bytes under which the keys are wrapped; from the settings, never stored.
    """

    def __init__(self, db: Database, wrapping: bytes) -> None:
        self._db = db
        self._wrapping = wrapping

    async def seal(self, chat_id: str, written: Sealed) -> Sealed | None:
        """A text, sealed by its author, sealed once more under the key of the chat, which is made with the first one.

        Args:
            chat_id: 32 hex digits; of an evening the id of the conference.
            written: the text under its author's key.

        Returns:
            None: the key was destroyed.
        """
        chat = UUID(chat_id)
        key = await self._key(chat)
        if key is None:
            made = wrap(self._wrapping, new_key(), chat.bytes)
            await self._db.pool.execute(
                "INSERT INTO chat_keys (chat_id, wrapped) VALUES ($1, $2) ON CONFLICT DO NOTHING", chat, made
            )
            key = await self._key(chat)
        return None if key is None else Sealed(chat_id, wrap(key, written.box, _name(chat, written.key)))

    async def open(self, keys: Keys, chat_id: str, written: Sequence[Written]) -> list[str | None]:
        """The texts in the same order; None where the author was erased, and everywhere once the chat is deleted.

        Args:
            keys: those of the authors.
            chat_id: 32 hex digits.
            written: what was sealed; texts from before chats had keys lie under their author's key alone.
        """
        if not written:
            return []
        chat = UUID(chat_id)
        key = await self._key(chat)
        inner: list[Sealed | None] = []
        for author_id, text in written:
            if text.key == author_id:
                inner.append(text)
            else:
                inner.append(None if key is None else Sealed(author_id, unwrap(key, text.box, _name(chat, author_id))))
        opened = iter(await keys.open_many([one for one in inner if one is not None]))
        return [None if one is None else next(opened) for one in inner]

    async def _key(self, chat: UUID) -> bytes | None:
        wrapped: bytes | None = await self._db.pool.fetchval("SELECT wrapped FROM chat_keys WHERE chat_id = $1", chat)
        return None if wrapped is None else unwrap(self._wrapping, wrapped, chat.bytes)


def destroy(chat_id: str) -> Statement:
    """The statement that destroys the key of a chat, for the transaction that says so."""
    return Statement(
        "INSERT INTO chat_keys (chat_id) VALUES ($1) ON CONFLICT (chat_id) DO UPDATE SET wrapped = NULL",
        (UUID(chat_id),),
    )


def _name(chat: UUID, author_id: str) -> bytes:
    """What a box is bound to: it opens in no other chat and as nobody else's."""
    return chat.bytes + author_id.encode()

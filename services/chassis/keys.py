# SPDX-License-Identifier: Apache-2.0
"""Texts that only the holder of a key can read, so that destroying the key erases them everywhere at once.

Every person (and every sheet written together) has a key. Registration keeps the keys, wrapped under a key
from the settings; the other services ask for them and keep them in memory for minutes.
"""

import os
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.chassis.decider import Sealed

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12

AT_ONCE: Final = 500
"""Keys asked for in one question, so that no answer gets too long for a message."""
MAX_AGE: Final = 300.0
"""Seconds a key is kept at most. Destroyed ones are forgotten at once (`services.chassis.forgetting`); for a process
that does not hear of it, the erasure of a person is complete after that time."""
MISSING_AGE: Final = 10.0
"""Seconds it is remembered that a key does not exist."""

FetchMany = Callable[[Sequence[str]], Awaitable[Mapping[str, bytes]]]
"""Key ids to keys; destroyed and unknown ones are left out."""


class KeyDestroyed(Exception):
    """There is no key to seal with: the person was erased, or never had one."""


class CannotUnwrap(Exception):
    """The key from the settings is not the one under which this was wrapped, or the name is another one."""


def new_key() -> bytes:
    """A fresh random key of 32 bytes."""
    return os.urandom(KEY_BYTES)


def wrap(kek: bytes, content: bytes, name: bytes) -> bytes:
    """Encrypts a key under a key of keys.

    Args:
        kek: 32 bytes from the settings.
        content: the key to keep.
        name: what the result is bound to, for example the id of the key; it opens under no other.
    """
    return _encrypt(AESGCM(kek), content, name)


def unwrap(kek: bytes, wrapped: bytes, name: bytes) -> bytes:
    """What `wrap` was given.

    Raises:
        CannotUnwrap: other key or other name.
    """
    try:
        return _decrypt(AESGCM(kek), wrapped, name)
    except InvalidTag:
        raise CannotUnwrap("the key-encryption key of the settings is not the one this was stored under") from None


def seal(key_id: str, key: bytes, text: str) -> Sealed:
    """Seals a text under a key; the box is bound to the key's id.

    Args:
        key_id: 32 hex digits.
        key: 32 bytes.
        text: what a person wrote.
    """
    return Sealed(key_id, _encrypt(AESGCM(key), text.encode(), key_id.encode()))


def unseal(sealed: Sealed, key: bytes | None) -> str | None:
    """The text of a sealed box; None when its key is destroyed (None), or is not the one it was sealed with."""
    return None if key is None else _read(sealed, AESGCM(key))


class Keys:
    """Seals and opens texts with keys that are fetched when needed and forgotten soon.

    Args:
        fetch_many: asks for keys; may raise when it cannot, which the caller of `seal` and `open` then sees.
        max_entries: keys kept in memory, the least recently used ones forgotten.
        max_age: seconds of real time a key is kept.
        clock: seconds of real time.
    """

    def __init__(
        self,
        fetch_many: FetchMany,
        *,
        max_entries: int = 20_000,
        max_age: float = MAX_AGE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch_many = fetch_many
        self._max_entries = max_entries
        self._max_age = min(max_age, MAX_AGE)
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, AESGCM | None]] = OrderedDict()
        self._forgotten: list[set[str]] = []
        self._generation = 0

    async def seal(self, key_id: str, text: str) -> Sealed:
        """Seals a text under the key of this id (32 hex digits).

        Raises:
            KeyDestroyed: there is no such key (any more).
        """
        cipher = (await self._ciphers([key_id]))[key_id]
        if cipher is None:
            raise KeyDestroyed(key_id)
        return Sealed(key_id, _encrypt(cipher, text.encode(), key_id.encode()))

    async def open(self, sealed: Sealed) -> str | None:
        """The text, or None when its key is destroyed."""
        return (await self.open_many([sealed]))[0]

    async def open_many(self, sealed: Sequence[Sealed]) -> list[str | None]:
        """The texts in the same order, None for those whose key is destroyed; asks for all missing keys at once."""
        ciphers = await self._ciphers([one.key for one in sealed])
        return [None if (cipher := ciphers[one.key]) is None else _read(one, cipher) for one in sealed]

    def forget(self, key_id: str) -> None:
        """Forgets a key at once, because it was destroyed; one that is being fetched right now too."""
        self._kept.pop(key_id, None)
        for flight in self._forgotten:
            flight.add(key_id)

    def forget_all(self) -> None:
        """Forgets every key, because it may have been destroyed unheard; they are asked for again when needed."""
        self._kept.clear()
        self._generation += 1

    async def _ciphers(self, key_ids: Sequence[str]) -> dict[str, AESGCM | None]:
        now = self._clock()
        found: dict[str, AESGCM | None] = {}
        missing: list[str] = []
        for key_id in dict.fromkeys(key_ids):
            until, cipher = self._kept.get(key_id, (now, None))
            if until > now:
                self._kept.move_to_end(key_id)
                found[key_id] = cipher
            else:
                missing.append(key_id)
        if missing:
            found.update(await self._fetched(missing))
        return found

    async def _fetched(self, key_ids: Sequence[str]) -> dict[str, AESGCM | None]:
        forgotten: set[str] = set()
        generation = self._generation
        self._forgotten.append(forgotten)
        keys: dict[str, bytes] = {}
        try:
            for start in range(0, len(key_ids), AT_ONCE):
                keys.update(await self._fetch_many(key_ids[start : start + AT_ONCE]))
        finally:
            self._forgotten = [flight for flight in self._forgotten if flight is not forgotten]
        now = self._clock()
        found: dict[str, AESGCM | None] = {}
        for key_id in key_ids:
            key = None if key_id in forgotten else keys.get(key_id)
            found[key_id] = None if key is None else AESGCM(key)
            if generation != self._generation:
                continue  # used this once, and not kept: it may have been read before it was destroyed
            age = min(MISSING_AGE, self._max_age) if key is None else self._max_age
            self._kept[key_id] = (now + age, found[key_id])
            self._kept.move_to_end(key_id)
        while len(self._kept) > self._max_entries:
            self._kept.popitem(last=False)
        return found

    def __len__(self) -> int:
        return len(self._kept)


def _encrypt(cipher: AESGCM, content: bytes, name: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, content, name)


def _decrypt(cipher: AESGCM, box: bytes, name: bytes) -> bytes:
    return cipher.decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], name)


def _read(sealed: Sealed, cipher: AESGCM) -> str | None:
    try:
        return _decrypt(cipher, sealed.box, sealed.key.encode()).decode()
    except (InvalidTag, ValueError):  # ValueError: a box too short to hold a nonce
        return None

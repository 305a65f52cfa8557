# SPDX-License-Identifier: Apache-2.0
"""Secrets of webhooks as they lie in the database: sealed under a key from the settings, which is never in it."""

import hashlib
import hmac
from uuid import UUID

from services.chassis.keys import unwrap, wrap


class Secrets:
    """Seals and opens.

    Args:
        key: the key of the settings (32 bytes), the same in every replica.
    """

    def __init__(self, key: bytes) -> None:
        self._key = hmac.digest(key, b"webhooks", hashlib.sha256)

    def seal(self, owner: UUID, content: str) -> bytes:
        """A sealed text that opens only for the same owner: a webhook, or a command."""
        return wrap(self._key, content.encode(), owner.bytes)

    def open(self, owner: UUID, sealed: bytes) -> str:
        """What `seal` was given.

        Raises:
            CannotUnwrap: it was sealed under another key, or for somebody else.
        """
        return unwrap(self._key, sealed, owner.bytes).decode()

    def of(self, webhook: UUID, *sealed: bytes | None) -> list[str]:
        """The secrets of a webhook, those that are there."""
        return [self.open(webhook, each) for each in sealed if each is not None]

    def digest(self, content: bytes) -> bytes:
        """Recognises a command that is repeated, without telling what it was."""
        return hmac.digest(self._key, content, hashlib.sha256)

# SPDX-License-Identifier: Apache-2.0
"""The secrets in links: derived, never stored, so that a mail can be written again and a dump gives nothing away.

Everything follows from the key of keys in the settings. The database holds a hash of each secret, to find its owner.
"""

import base64
import hashlib
import hmac
import unicodedata
import zlib
from typing import Literal

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

Purpose = Literal["confirm", "enter"]

KEY_PREFIX = "qt_live_"
"""Every API key begins with it, so that scanners of source code recognise one that leaked."""


class Secrets:
    """Makes the secrets of one city.

    Args:
        key: the 32 bytes of the key of keys.
    """

    def __init__(self, key: bytes) -> None:
        self._links = _derive(key, b"registration/links")
        self._addresses = _derive(key, b"registration/addresses")
        self._apps = _derive(key, b"registration/apps")

    def link(self, purpose: Purpose, participant_id: str, rotation: int = 0) -> str:
        """The secret in a link, 43 characters without meaning.

        Args:
            purpose: what the link is for; the secret of one purpose opens nothing else.
            participant_id: whose link it is.
            rotation: counts how often the link was replaced.
        """
        text = f"{purpose}:{participant_id}:{rotation}"
        return base64.urlsafe_b64encode(_hmac(self._links, text)).decode().rstrip("=")

    def address(self, email: str) -> bytes:
        """What stands for an e-mail address in the database: equal for equal addresses, worthless without the key.

        Upper and lower case do not tell addresses apart. Strictly they may, but no mailbox in use does.
        """
        return _hmac(self._addresses, unicodedata.normalize("NFC", email.strip()).casefold())

    def app(self, app_id: str) -> str:
        """The secret with which whoever registered an app fetches its keys, 43 characters without meaning."""
        return base64.urlsafe_b64encode(_hmac(self._apps, app_id)).decode().rstrip("=")

    def is_app(self, app_id: str, secret: str) -> bool:
        """Whether this is the secret of the app."""
        return hmac.compare_digest(self.app(app_id).encode(), secret.encode())

    def app_key(self, app_id: str, key_id: str) -> tuple[str, str]:
        """A key of an app, `qt_live_<app><key id>_<secret><check>`, and what is stored of it: its secret's hash.

        The last 8 digits are the CRC-32 of all before them: a mistyped or made-up key is recognised without asking.
        """
        secret = _hmac(self._apps, f"{app_id}:{key_id}").hex()[:40]
        text = f"{KEY_PREFIX}{app_id}{key_id}_{secret}"
        return f"{text}{zlib.crc32(text.encode()):08x}", hash_of(secret).hex()


def hash_of(secret: str) -> bytes:
    """What is stored of a link's secret. It has 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(secret.encode()).digest()


def _derive(key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=purpose).derive(key)


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), hashlib.sha256)

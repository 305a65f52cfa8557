# SPDX-License-Identifier: Apache-2.0
"""The secrets in links: derived, never stored, so that a mail can be written again and a dump gives nothing away.

Everything follows from the key of keys in the settings. The database holds a hash of each secret, to find its owner.
"""

import base64
import hashlib
import hmac
import unicodedata
from typing import Literal

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

Purpose = Literal["confirm", "enter"]


class Secrets:
    """Makes the secrets of one city.

    Args:
        key: the 32 bytes of the key of keys.
    """

    def __init__(self, key: bytes) -> None:
        self._links = _derive(key, b"registration/links")
        self._addresses = _derive(key, b"registration/addresses")

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


def hash_of(secret: str) -> bytes:
    """What is stored of a link's secret. It has 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(secret.encode()).digest()


def _derive(key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=purpose).derive(key)


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), hashlib.sha256)

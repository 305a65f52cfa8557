# SPDX-License-Identifier: Apache-2.0
"""Signatures as the Standard Webhooks specification asks for them, and the secrets they are made with.

While a secret is changed a message bears two signatures: the receiver takes it when either is right.
"""

import base64
import hashlib
import hmac
import os
from collections.abc import Iterable, Mapping

PREFIX = "whsec_"
_SECRET_BYTES = 32


def new_secret() -> str:
    """A fresh random secret, as the receiver is told it."""
    return PREFIX + base64.b64encode(os.urandom(_SECRET_BYTES)).decode()


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """One signature of a message.

    Args:
        secret: `whsec_` and base64.
        message_id: the same for every repetition.
        timestamp: when this attempt is made, seconds since 1970.
        body: exactly the bytes that are sent.
    """
    key = base64.b64decode(secret.removeprefix(PREFIX))
    content = b".".join((message_id.encode(), str(timestamp).encode(), body))
    return "v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()


def headers(secrets: Iterable[str], message_id: str, timestamp: int, body: bytes) -> Mapping[str, str]:
    """The three headers of a message, with one signature for each secret."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(sign(secret, message_id, timestamp, body) for secret in secrets),
    }

# SPDX-License-Identifier: Apache-2.0
"""Wraps keys and sealed records with AES-256-GCM. What is wrapped is bound to its name and opens under no other."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


class CannotUnwrap(Exception):
    """The key is not the one with which this was wrapped, or the row is not the one it was written to."""


def wrap(key: bytes, content: bytes, name: bytes) -> bytes:
    """Nonce and ciphertext of `content`, bound to `name`."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, content, name)


def unwrap(key: bytes, wrapped: bytes, name: bytes) -> bytes:
    """What `wrap` wrapped.

    Raises:
        CannotUnwrap: other key or other name.
    """
    try:
        return AESGCM(key).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], name)
    except InvalidTag:
        raise CannotUnwrap("QUARTIER_KEY_ENCRYPTION_KEY is not the one under which this was stored") from None

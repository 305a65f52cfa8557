# SPDX-License-Identifier: Apache-2.0
"""Cursors of long lists: the sort key of the last item, not meant to be read by clients."""

import base64
import binascii
from typing import TypeVar

import msgspec

T = TypeVar("T")


class BadCursor(ValueError):
    """The text is not a cursor of this list."""


def write_cursor(key: tuple[object, ...]) -> str:
    """The cursor of the item with this sort key."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def read_cursor(text: str, kind: type[T]) -> T:
    """The sort key in a cursor.

    Args:
        text: what `write_cursor` wrote.
        kind: the type of the key, for example `tuple[str, str]`.

    Raises:
        BadCursor: it is something else.
    """
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=kind)
    except (binascii.Error, ValueError) as error:
        raise BadCursor("not a cursor of this list") from error

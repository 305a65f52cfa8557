# SPDX-License-Identifier: Apache-2.0
"""Instants of the API: RFC 3339 with an offset, so that nobody has to guess whose local time is meant."""

import re
from datetime import datetime

from strawberry.exceptions import StrawberryInputCoercionError
from strawberry.types.scalar import ScalarDefinition

_RFC_3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})\Z")


def read_instant(value: object) -> datetime:
    """The instant that a client sent.

    Raises:
        StrawberryInputCoercionError: it is no instant of RFC 3339.
    """
    if isinstance(value, str) and _RFC_3339.match(value):
        try:
            return datetime.fromisoformat(value.upper())
        except ValueError:
            pass  # the thirteenth month; said below like everything else
    raise StrawberryInputCoercionError("An instant is RFC 3339 with an offset, such as 2026-11-07T17:00:00+01:00.")


INSTANT = ScalarDefinition(
    name="DateTime",
    description="An instant: RFC 3339, in UTC when the API says it, with any offset when a client does.",
    specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
    serialize=datetime.isoformat,
    parse_value=read_instant,
    parse_literal=None,
    origin=datetime,
)

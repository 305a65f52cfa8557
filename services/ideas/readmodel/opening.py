# SPDX-License-Identifier: Apache-2.0
"""Opens the sealed texts of an answer in one batch."""

from collections.abc import Iterable

from services.chassis.decider import Sealed
from services.chassis.keys import Keys


class Opened:
    """The texts of one answer; what was sealed under a destroyed key is None."""

    def __init__(self, texts: dict[Sealed, str | None]) -> None:
        self._texts = texts

    def text(self, sealed: Sealed | None) -> str | None:
        """What a box holds."""
        return None if sealed is None else self._texts[sealed]


async def opened(keys: Keys, boxes: Iterable[Sealed | None]) -> Opened:
    """Opens all boxes, asking for missing keys once.

    Args:
        keys: opens them.
        boxes: None where there is nothing to open.
    """
    wanted = [box for box in boxes if box is not None]
    return Opened(dict(zip(wanted, await keys.open_many(wanted), strict=True)))

# SPDX-License-Identifier: Apache-2.0
"""One page of a list that was read in either direction."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def one_page(rows: Sequence[T], size: int, *, backward: bool) -> tuple[list[T], bool]:
    """The rows of a page in the order of the list, and whether there are more in the direction of reading.

    Args:
        rows: at most `size + 1`, in the order they were read: the last one only tells that there are more.
        size: how many rows a page has.
        backward: whether they were read from the end of the list towards its start.
    """
    page = list(rows[:size])
    if backward:
        page.reverse()
    return page, len(rows) > size

# SPDX-License-Identifier: Apache-2.0
"""When an undelivered message is tried again: soon at first, then ever more rarely, for three days of real time."""

import random
from collections.abc import Sequence
from typing import Final

SECOND, MINUTE, HOUR = 1.0, 60.0, 3600.0

RETRIES: Final[Sequence[float]] = (
    5 * SECOND,
    30 * SECOND,
    2 * MINUTE,
    10 * MINUTE,
    30 * MINUTE,
    1 * HOUR,
    2 * HOUR,
    4 * HOUR,
    8 * HOUR,
    12 * HOUR,
    15 * HOUR,
    15 * HOUR,
    15 * HOUR,
)
"""Real seconds between an attempt and the next one: 14 attempts in 73 hours."""

QUICK: Final = 3
"""So many retries of a message hold back the later ones of its conference, so that they come in order."""

JITTER: Final = 0.2
LONGEST_WISH: Final = 1 * HOUR
LONGEST_REST: Final = 1 * MINUTE
"""So long an endpoint that failed again and again is left alone before the next message is tried."""


def bounded(wish: float) -> float:
    """What of a receiver's `Retry-After` (seconds) is granted."""
    return min(wish, LONGEST_WISH)


def pause(attempts: int, retries: Sequence[float] = RETRIES, *, wish: float = 0.0) -> float | None:
    """Real seconds until a message is tried again; None when it is given up.

    Args:
        attempts: how many have failed.
        retries: the schedule.
        wish: what `Retry-After` of the last answer said, in seconds.
    """
    if attempts > len(retries):
        return None
    planned = retries[attempts - 1] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 -- spreads retries
    return max(planned, bounded(wish))

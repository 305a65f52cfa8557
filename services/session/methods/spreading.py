# SPDX-License-Identifier: Apache-2.0
"""Many moments in one window, so that a city does not change in the same second: seed in, offsets out."""

import random
from collections.abc import Sequence


def spread(conferences: Sequence[str], window: float, seed: int) -> tuple[tuple[str, float], ...]:
    """When in the window each conference has its turn: one in each equal part of it, at a drawn moment, in drawn order.

    Args:
        conferences: ids; the order in which they are named does not matter.
        window: seconds.
        seed: the same one gives the same moments.

    Returns:
        Each conference with its offset in seconds, the earliest first.
    """
    draw = random.Random(seed)  # noqa: S311 -- it is spread, not kept secret
    order = sorted(set(conferences))
    draw.shuffle(order)
    part = window / len(order) if order else 0.0
    return tuple((one, round((place + draw.random()) * part, 3)) for place, one in enumerate(order))

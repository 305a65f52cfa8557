# SPDX-License-Identifier: Apache-2.0
"""The city's timetable as organisers use it: one order for many evenings, and the yes of a second person."""

from collections.abc import Sequence
from datetime import datetime

from services.cli.rehearse.stage import SECOND, must
from services.cli.rehearse.world import World

FIRST = "0" * 31 + "1"
"""The organiser who gives the orders."""


async def order(
    world: World, action: str, gids: Sequence[str], window_seconds: int = 0, begins_at: datetime | None = None
) -> str:
    """Orders something for these conferences, and has it approved where that takes two people.

    Args:
        action: `START`, `HOLD`, `RELEASE` or `END`.
        gids: global ids.
        window_seconds: over which the turns are spread.
        begins_at: None: now.

    Returns:
        Global id of the order.

    Raises:
        SetUpFailed: it was refused.
    """
    at = {} if begins_at is None else {"begins_at": begins_at.isoformat()}
    async with world.client(await world.sign_in("organiser", FIRST, "Organiser", None)) as organiser:
        given = await must(
            organiser, "OrderSessions", action=action, conference_ids=list(gids), window_seconds=window_seconds, **at
        )
    if given.status == "AWAITING_APPROVAL":
        async with world.client(await world.sign_in("organiser", SECOND, "Second organiser", None)) as second:
            await must(second, "ApproveSessionOrder", order_id=given.order_id)
    return str(given.order_id)

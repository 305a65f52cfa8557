# SPDX-License-Identifier: Apache-2.0
"""Opens the words of people from which groups are formed. They stay in memory, and no group waits for them.

What was sealed by a person who was erased reads as nothing.
"""

import asyncio
from collections.abc import Mapping, Sequence

import msgspec
import structlog

from services.chassis.decider import Sealed
from services.chassis.keys import Keys
from services.session.domain.groups_state import GroupPlan
from services.session.domain.roster_state import Roster

KEYS_SECONDS = 1.0
"""So long groups wait for the words of people."""

ATTRIBUTES = msgspec.json.Decoder(dict[str, str])

log = structlog.get_logger()


async def attributes_of(keys: Keys, roster: Roster, people: Sequence[str]) -> dict[str, dict[str, str]]:
    """What people agreed to use for mixed groups, by person; nothing when it cannot be read now.

    Args:
        keys: opens the attributes.
        roster: holds them, sealed.
        people: whose attributes are wanted.
    """
    sealed = {one: box for one in people if (box := roster.seats.get(one)) is not None}
    texts = await _opened(keys, list(sealed.values()), what="attributes")
    found: dict[str, dict[str, str]] = {}
    for person, box in sealed.items():
        try:
            found[person] = ATTRIBUTES.decode(texts.get(box, "{}"))
        except msgspec.DecodeError:
            log.warning("attributes that cannot be read")
    return found


async def tags_of(
    keys: Keys, plan: GroupPlan, people: Sequence[str]
) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """The needs and the offers of people, in sorted tags by person; none when they cannot be read now.

    Args:
        keys: opens the tags.
        plan: holds them, sealed.
        people: whose tags are wanted.
    """
    kinds = (plan.needs, plan.offers)
    boxes = [box for kept in kinds for person in people for box in kept.get(person, ())]
    texts = await _opened(keys, boxes, what="tags")
    needs, offers = (
        {person: tuple(sorted({texts[box] for box in kept.get(person, ()) if box in texts})) for person in people}
        for kept in kinds
    )
    return needs, offers


async def _opened(keys: Keys, boxes: Sequence[Sealed], *, what: str) -> Mapping[Sealed, str]:
    if not boxes:
        return {}
    try:
        async with asyncio.timeout(KEYS_SECONDS):
            texts = await keys.open_many(boxes)
    except Exception as error:  # whatever keeps the keys away, groups are formed without them
        log.warning("groups are formed without words of people", what=what, error=type(error).__name__)
        return {}
    return {box: text for box, text in zip(boxes, texts, strict=True) if text is not None}

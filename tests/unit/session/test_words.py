# SPDX-License-Identifier: Apache-2.0
"""Tags are opened to find partners: only those of present people whose keys can be had."""

import hashlib
from collections.abc import Mapping, Sequence

from services.chassis.keys import Keys, seal
from services.session.domain.groups_facts import GroupPlan
from services.session.words import tags_of

ERASED = "c"


def _key(person: str) -> bytes:
    return hashlib.sha256(person.encode()).digest()


async def _fetch(ids: Sequence[str]) -> Mapping[str, bytes]:
    return {one: _key(one) for one in ids if one != ERASED}


async def _no_keys(_: Sequence[str]) -> Mapping[str, bytes]:
    raise ConnectionError("no keys today")


PLAN = GroupPlan(
    needs={
        "a": frozenset({seal("a", _key("a"), "garden"), seal("a", _key("a"), "garden"), seal("a", _key("a"), "bike")}),
        ERASED: frozenset({seal(ERASED, _key(ERASED), "secret")}),
        "away": frozenset({seal("away", _key("away"), "cooking")}),
    },
    offers={"b": frozenset({seal("b", _key("b"), "garden")})},
)


async def test_the_same_tag_on_two_cards_is_one_tag_and_what_an_erased_person_wrote_is_none():
    needs, offers = await tags_of(Keys(_fetch), PLAN, ("a", "b", ERASED))
    assert needs == {"a": ("bike", "garden"), "b": (), ERASED: ()}
    assert offers == {"a": (), "b": ("garden",), ERASED: ()}


async def test_groups_are_formed_without_tags_when_keys_cannot_be_had():
    needs, offers = await tags_of(Keys(_no_keys), PLAN, ("a", "b"))
    assert needs == offers == {"a": (), "b": ()}

# SPDX-License-Identifier: Apache-2.0
"""Names in compiled selections: no one is left out because a name grew too old meanwhile."""

from collections.abc import Sequence
from typing import Any, cast

from gateway.context import Context
from gateway.execution.plan import _with_names
from gateway.schema.shape import Reading

ANNA, BEN = ("c", "anna"), ("c", "ben")


class Forgetful:
    """Knows Ben until somebody asks for Anna."""

    def __init__(self) -> None:
        self.kept = {BEN: "Ben"}
        self.asked: list[Sequence[tuple[str, str]]] = []

    def names_at_hand(self, person: tuple[str, str]) -> str | None:
        return self.kept[person]

    async def load_names(self, people: list[tuple[str, str]]) -> Sequence[str | None]:
        self.asked.append(people)
        self.kept.clear()
        return [name.capitalize() for _, name in people]


async def test_a_name_that_grows_too_old_while_others_are_asked_for_is_asked_for_too():
    context = Forgetful()

    def plan(value: Any, reading: Reading) -> Any:
        return [reading.name(person) for person in value]

    reading = Reading(context.names_at_hand)
    assert plan([ANNA, BEN], reading) == [None, "Ben"]
    assert await _with_names(plan, [ANNA, BEN], reading, cast("Context", context)) == ["Anna", "Ben"]
    assert context.asked == [[ANNA], [BEN]]

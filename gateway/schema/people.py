# SPDX-License-Identifier: Apache-2.0
"""People, as far as others may see them: an id and the name they chose."""

import strawberry

from gateway.context import context_of
from gateway.schema.relay import global_id
from gateway.schema.shape import Shown, computed, graphql_type, show


@graphql_type()
class Person(Shown):
    """A resident or a person of the staff, within one conference."""

    view: strawberry.Private[str]

    @computed
    def id(self) -> strawberry.ID:
        """Global id of the person, good within their conference."""
        return global_id("Person", self.view)

    @computed(at_hand=lambda person, reading: reading.name((person.conference, person.view)))
    async def display_name(self, info: strawberry.Info) -> str | None:
        """The name others see; null when the person was erased."""
        return await context_of(info).names.load((self.conference, self.view))


def person(conference: str, local: str) -> Person:
    """One person of a conference."""
    return show(Person, local, conference)


def optional_person(conference: str, local: str | None) -> Person | None:
    """One person of a conference, if there is one."""
    return None if local is None else show(Person, local, conference)

# SPDX-License-Identifier: Apache-2.0
"""Who is here, how they conduct themselves, and who is ready to go on."""

import strawberry

from gateway.schema.people import Person, person
from gateway.schema.relay import global_id
from gateway.schema.scalars import Role
from gateway.schema.shape import Shown, computed, graphql_type, show_all, shown
from gateway.schema.stored import part, parts
from services.contracts import session as contract


@graphql_type()
class StaffPresence(Shown):
    """One person of the staff and what they do at the conference."""

    view: strawberry.Private[tuple[str, tuple[str, ...]]]

    @computed
    def person(self) -> Person:
        """The person."""
        return person(self.conference, self.view[0])

    @computed
    def roles(self) -> list[Role]:
        """What they do."""
        return [Role(role) for role in self.view[1]]


@graphql_type()
class Conduct(Shown):
    """What there is about the conduct of one person."""

    view: strawberry.Private[contract.ConductView]
    warnings: list[str] = shown("The rules of the code of conduct they were warned of, in order.")
    muted: bool = shown("Whether they are neither heard, seen nor read.")
    apart: bool = shown("Whether they stay in the plenary while others sit in groups.")
    must_accept: bool = shown("Whether they have to accept the code of conduct before they vote, write or get a group.")

    @computed
    def person(self) -> Person:
        """Whom it is about."""
        return person(self.conference, self.view.participant_id)


@graphql_type()
class ReadinessCounts(Shown):
    """How the groups stand to the end of the phase; outside of groups, the people who are here."""

    view: strawberry.Private[contract.ReadinessView]
    ready: int = shown("How many are ready.")
    more_time: int = shown("How many want more time.")
    of: int = shown("How many there are.")

    @computed
    def groups_wanting_time(self) -> list[strawberry.ID]:
        """Global ids of the groups that want more time."""
        return [global_id("Group", group) for group in self.view.groups_wanting_time]


@graphql_type()
class Presence(Shown):
    """Who has a seat and who is here."""

    view: strawberry.Private[contract.PresenceView]

    readiness = part(ReadinessCounts, "readiness", "Who is ready to go on, and who wants more time.")

    @computed
    def seated(self) -> list[Person]:
        """Residents with a seat."""
        return [person(self.conference, one) for one in self.view.seated]

    @computed
    def present(self) -> list[Person]:
        """Who is here now, residents and staff."""
        return [person(self.conference, one) for one in self.view.present]

    @computed
    def staff(self) -> list[StaffPresence]:
        """The staff of the conference."""
        return show_all(StaffPresence, self.view.staff.items(), self.conference)

    conduct = parts(
        Conduct,
        "conduct",
        "Whom staff warned, muted or took out of the groups, and who has not accepted the code of conduct.",
    )

# SPDX-License-Identifier: Apache-2.0
"""Who takes part: districts, registrations, the roster, one's own data."""

import strawberry

from gateway.schema.licensed import Licensed
from gateway.schema.people import Person, person
from gateway.schema.relay import Node, global_id
from gateway.schema.scalars import Role, SeatStatus
from gateway.schema.shape import Shown, computed, graphql_type, show_all, shown
from services.contracts import registration as contract

WAITING = "Place on the waiting list, from 1; null without one."


@graphql_type()
class StreetRange(Shown):
    """House numbers of a street; both ends null: the whole street."""

    view: strawberry.Private[contract.StreetRange]
    street: str = shown("Name of the street.")
    first: int | None = shown("Lowest house number.")
    last: int | None = shown("Highest house number.")


@graphql_type()
class District(Shown, Node, Licensed):
    """A part of the city."""

    view: strawberry.Private[contract.District]
    name: str = shown("Its name.")
    postal_codes: list[str] = shown("Postal codes that it shares; a first filter only.")

    @computed
    def id(self) -> strawberry.ID:
        """Global id."""
        return global_id("District", self.view.district_id)

    @computed
    def streets(self) -> list[StreetRange]:
        """The streets that belong to it."""
        return show_all(StreetRange, self.view.streets)


@graphql_type()
class Registration(Shown):
    """Where one registration stands."""

    view: strawberry.Private[contract.RegistrationState]
    status: SeatStatus = shown("Seat, waiting list, or given back.")
    waiting_position: int | None = shown(WAITING)
    checked_in: bool = shown("Whether the person came.")

    @computed
    def person(self) -> Person:
        """Who registered."""
        return person(self.conference, self.view.participant_id)


@graphql_type()
class RosterEntry(Shown):
    """One registration as staff see it."""

    view: strawberry.Private[contract.RosterEntry]
    status: SeatStatus = shown("Seat, waiting list, or given back.")
    waiting_position: int | None = shown(WAITING)
    checked_in: bool = shown("Whether the person came.")
    needs: str | None = shown("What staff must know to make taking part possible.")

    @computed
    def person(self) -> Person:
        """Who registered."""
        return person(self.conference, self.view.participant_id)


@graphql_type()
class StaffAssignment(Shown):
    """One role that a person of the staff holds at the conference."""

    view: strawberry.Private[contract.StaffEntry]
    role: Role = shown("What they do.")
    scope: str = shown("Where else: `city`, `series:<id>` or `district:<id>`; the id of the conference: nowhere else.")

    @computed
    def person(self) -> Person:
        """Who."""
        return person(self.conference, self.view.staff_id)


@graphql_type()
class Roster(Shown):
    """Registrations and staff of one conference."""

    view: strawberry.Private[contract.Roster]

    @computed
    def entries(self) -> list[RosterEntry]:
        """The registrations."""
        return show_all(RosterEntry, self.view.entries, self.conference)

    @computed
    def staff(self) -> list[StaffAssignment]:
        """The staff."""
        return show_all(StaffAssignment, self.view.staff, self.conference)


@graphql_type()
class Attribute(Shown):
    """One thing a person told about themselves for mixed groups."""

    view: strawberry.Private[tuple[str, str]]

    @computed
    def name(self) -> str:
        """What about, for example `age`."""
        return self.view[0]

    @computed
    def value(self) -> str:
        """What they told, for example `30-44`."""
        return self.view[1]


@graphql_type()
class Consent(Shown):
    """One consent that a person gave."""

    view: strawberry.Private[contract.ConsentGiven]
    purpose: str = shown("What for.")
    version: str = shown("Which version of the text they were shown.")


@graphql_type()
class PersonalData(Shown):
    """Everything registration holds about the asking person."""

    view: strawberry.Private[contract.PersonalData]
    name: str = shown("Name.")
    email: str = shown("Address for mails.")
    language: str = shown("Language of mails: `de` or `en`.")
    needs: str | None = shown("What staff were told.")
    status: SeatStatus = shown("Where the registration stands.")

    @computed
    def attributes(self) -> list[Attribute]:
        """What is used for mixed groups."""
        return show_all(Attribute, self.view.attributes.items())

    @computed
    def consents(self) -> list[Consent]:
        """The consents."""
        return show_all(Consent, self.view.consents)

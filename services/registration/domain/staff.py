# SPDX-License-Identifier: Apache-2.0
"""A person of the staff and the roles they hold; names and addresses are in the vault."""

from collections.abc import Sequence
from typing import Any, assert_never

import msgspec

from services.chassis.decider import Command, Decider, Event, Refusal, Snapshotted


class StaffAdded(Event, frozen=True, kw_only=True):
    """The person belongs to the staff. Home district and organisation matter for conflicts of interest."""

    TOPIC = "registration.staff_added"
    staff_id: str
    home_district_id: str | None
    partner_id: str | None


class StaffAssigned(Event, frozen=True, kw_only=True):
    """The person holds a role at a conference, in a series or a district, or in the whole city when none is named."""

    TOPIC = "registration.staff_assigned"
    VERSION = 2
    staff_id: str
    conference_id: str | None
    role: str
    home_district_id: str | None
    partner_id: str | None
    series_id: str | None = None
    district_id: str | None = None

    @staticmethod
    def upcast_v1_v2(fields: dict[str, Any]) -> dict[str, Any]:
        """Version 1 knew roles at a conference and in the city alone."""
        return {**fields, "series_id": None, "district_id": None}


class StaffReleased(Event, frozen=True, kw_only=True):
    """The person no longer holds the role."""

    TOPIC = "registration.staff_released"
    VERSION = 2
    staff_id: str
    conference_id: str | None
    role: str
    series_id: str | None = None
    district_id: str | None = None

    @staticmethod
    def upcast_v1_v2(fields: dict[str, Any]) -> dict[str, Any]:
        """Version 1 knew roles at a conference and in the city alone."""
        return {**fields, "series_id": None, "district_id": None}


class StaffErased(Event, frozen=True, kw_only=True):
    """Name, address and key of the person are gone; they hold no role any more."""

    TOPIC = "registration.staff_erased"
    staff_id: str


StaffEvent = StaffAdded | StaffAssigned | StaffReleased | StaffErased


class Stranger(msgspec.Struct, frozen=True):
    """Nobody added the person. They may still come with grants in a token of the city's OIDC provider."""


class Member(msgspec.Struct, frozen=True):
    """The person belongs to the staff and holds these roles: (scope as in `Grant` or None for the city, role)."""

    facts: StaffAdded
    roles: frozenset[tuple[str | None, str]] = frozenset()


class Erased(msgspec.Struct, frozen=True):
    """The person was erased. Their key is never made again, so they are added under another id."""


StaffMember = Stranger | Member | Erased


class AddStaff(Command, frozen=True, kw_only=True):
    """Adds the person, or corrects home district and organisation."""

    staff_id: str
    home_district_id: str | None
    partner_id: str | None


class AssignStaff(Command, frozen=True, kw_only=True):
    """Gives the person a role: at one of the three places, or in the city."""

    staff_id: str
    conference_id: str | None
    role: str
    series_id: str | None = None
    district_id: str | None = None


class ReleaseStaff(Command, frozen=True, kw_only=True):
    """Takes the role back."""

    staff_id: str
    conference_id: str | None
    role: str
    series_id: str | None = None
    district_id: str | None = None


class EraseStaff(Command, frozen=True, kw_only=True):
    """Erases the person; they may hold roles no more."""

    staff_id: str


StaffCommand = AddStaff | AssignStaff | ReleaseStaff | EraseStaff


class NotOfTheStaff(Refusal, frozen=True, kw_only=True):
    """Only people of the staff hold roles."""

    staff_id: str


def decide(member: StaffMember, command: StaffCommand) -> Sequence[StaffEvent] | Refusal:
    """Roles are given to and taken from known people; what already holds changes nothing."""
    match command:
        case AddStaff():
            if isinstance(member, Erased):
                return NotOfTheStaff(staff_id=command.staff_id)
            added = StaffAdded(
                staff_id=command.staff_id, home_district_id=command.home_district_id, partner_id=command.partner_id
            )
            return [] if isinstance(member, Member) and member.facts == added else [added]
        case AssignStaff():
            if not isinstance(member, Member):
                return NotOfTheStaff(staff_id=command.staff_id)
            if _held(command) in member.roles:
                return []
            return [
                StaffAssigned(
                    staff_id=command.staff_id,
                    conference_id=command.conference_id,
                    role=command.role,
                    home_district_id=member.facts.home_district_id,
                    partner_id=member.facts.partner_id,
                    series_id=command.series_id,
                    district_id=command.district_id,
                )
            ]
        case ReleaseStaff():
            if not isinstance(member, Member) or _held(command) not in member.roles:
                return []
            return [
                StaffReleased(
                    staff_id=command.staff_id,
                    conference_id=command.conference_id,
                    role=command.role,
                    series_id=command.series_id,
                    district_id=command.district_id,
                )
            ]
        case EraseStaff():
            # Also who was never added: with a token of the city's OIDC provider they may have written, under a key.
            return [] if isinstance(member, Erased) else [StaffErased(staff_id=command.staff_id)]
        case _:
            assert_never(command)


def evolve(member: StaffMember, event: StaffEvent) -> StaffMember:
    """Roles come and go; a correction of the person keeps them."""
    roles = member.roles if isinstance(member, Member) else frozenset()
    match event:
        case StaffAdded():
            return Member(facts=event, roles=roles)
        case StaffAssigned():
            return _with_roles(member, roles | {_held(event)})
        case StaffReleased():
            return _with_roles(member, roles - {_held(event)})
        case StaffErased():
            return Erased()
        case _:
            assert_never(event)


def releases(member: StaffMember, command: EraseStaff) -> list[ReleaseStaff]:
    """The commands that take every role from a person who is to be erased."""
    roles = member.roles if isinstance(member, Member) else frozenset()
    found = []
    for scope, role in sorted(roles, key=str):
        kind, separator, local = (scope or "").partition(":")
        found.append(
            ReleaseStaff(
                now=command.now,
                staff_id=command.staff_id,
                role=role,
                conference_id=None if separator else scope,
                series_id=local if kind == "series" else None,
                district_id=local if kind == "district" else None,
            )
        )
    return found


def _held(about: AssignStaff | ReleaseStaff | StaffAssigned | StaffReleased) -> tuple[str | None, str]:
    scope = about.conference_id
    if about.series_id is not None:
        scope = f"series:{about.series_id}"
    elif about.district_id is not None:
        scope = f"district:{about.district_id}"
    return (scope, about.role)


def _with_roles(member: StaffMember, roles: frozenset[tuple[str | None, str]]) -> StaffMember:
    return msgspec.structs.replace(member, roles=roles) if isinstance(member, Member) else member


STAFF_MEMBER: Decider[StaffMember, StaffCommand, StaffEvent] = Decider(
    name="registration.staff_member",
    initial=Stranger(),
    decide=decide,
    evolve=evolve,
    events=(StaffAdded, StaffAssigned, StaffReleased, StaffErased),
    snapshot=Snapshotted((Stranger, Member, Erased), version=2),
)

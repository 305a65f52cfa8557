# SPDX-License-Identifier: Apache-2.0
"""Who serves where, and whose access has ended."""

from typing import ClassVar

import msgspec

from services.chassis.contract import Answer, CommandRequest, Done, Id, QueryRequest, Refusals
from services.contracts import refusals
from services.contracts.registration.vocabulary import SERVICE, Role
from services.contracts.shared import ShortText


class AddStaff(CommandRequest[Done], frozen=True, kw_only=True):
    """Adds a person of the staff."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.NotOfTheStaff,)
    staff_id: Id
    name: ShortText
    email: ShortText
    home_district_id: Id | None = None
    partner_id: Id | None = None


class AssignStaff(CommandRequest[Done], frozen=True, kw_only=True):
    """Gives a person a role at one conference, in one series or one district; in the city when none is named."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.NotOfTheStaff,)
    conference_id: Id | None = None
    series_id: Id | None = None
    district_id: Id | None = None
    staff_id: Id
    role: Role


class ReleaseStaff(CommandRequest[Done], frozen=True, kw_only=True):
    """Takes a role from a person, where they were given it."""

    SERVICE: ClassVar[str] = SERVICE
    conference_id: Id | None = None
    series_id: Id | None = None
    district_id: Id | None = None
    staff_id: Id
    role: Role


class EraseStaff(CommandRequest[Done], frozen=True, kw_only=True):
    """Erases a person of the staff (they ask, or an organiser), added or not: roles, name, address, key are gone."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.NotOfTheStaff,)
    staff_id: Id


class RoleEnded(msgspec.Struct, frozen=True, kw_only=True):
    """A role that a person of the staff no longer has; `scope` as in a grant."""

    staff_id: Id
    role: str
    scope: str


class Revocations(Answer, frozen=True, kw_only=True):
    """Whose access has ended lately: erased people, excluded residents, and roles that were taken from the staff.

    Args:
        people: erased ones.
        excluded: residents.
        roles: of the staff.
        more_behind: where the next page begins: behind this person; None: there is none.
    """

    people: tuple[Id, ...]
    excluded: tuple[Id, ...]
    roles: tuple[RoleEnded, ...]
    more_behind: Id | None = None


class GetRevocations(QueryRequest[Revocations], frozen=True, kw_only=True):
    """Whose access has ended lately, for who did not hear of it; only services ask. A page, in the order of people."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = Revocations
    behind: Id | None = None

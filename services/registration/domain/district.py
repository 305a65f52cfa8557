# SPDX-License-Identifier: Apache-2.0
"""A district: the part of the city whose residents meet in one conference."""

from collections.abc import Sequence
from typing import assert_never

import msgspec

from services.chassis.decider import Command, Decider, Event


class Streets(msgspec.Struct, frozen=True, kw_only=True):
    """House numbers `first` to `last` of a street; both None: the whole street."""

    street: str
    first: int | None = None
    last: int | None = None


class DistrictDefined(Event, frozen=True, kw_only=True):
    """The district has this name and these streets; it replaces what was defined before."""

    TOPIC = "registration.district_defined"
    district_id: str
    name: str
    postal_codes: tuple[str, ...]
    streets: tuple[Streets, ...]


class Undefined(msgspec.Struct, frozen=True):
    """Nobody has defined the district."""


class Defined(msgspec.Struct, frozen=True):
    """The district exists."""

    facts: DistrictDefined


District = Undefined | Defined


class DefineDistrict(Command, frozen=True, kw_only=True):
    """Defines or redefines the district."""

    district_id: str
    name: str
    postal_codes: tuple[str, ...]
    streets: tuple[Streets, ...]


def decide(district: District, command: DefineDistrict) -> Sequence[DistrictDefined]:
    """A definition replaces the earlier one; the same definition changes nothing."""
    defined = DistrictDefined(
        district_id=command.district_id,
        name=command.name,
        postal_codes=command.postal_codes,
        streets=command.streets,
    )
    match district:
        case Undefined():
            return [defined]
        case Defined(facts=facts):
            return [] if facts == defined else [defined]
        case _:
            assert_never(district)


def evolve(district: District, event: DistrictDefined) -> District:
    """The latest definition holds."""
    return Defined(facts=event)


DISTRICT: Decider[District, DefineDistrict, DistrictDefined] = Decider(
    name="registration.district", initial=Undefined(), decide=decide, evolve=evolve, events=(DistrictDefined,)
)

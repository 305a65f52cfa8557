# SPDX-License-Identifier: Apache-2.0
"""What can be asked of the roster of a conference, and what is refused; the rule is in `roster.py`."""

from collections.abc import Mapping
from typing import TypeAlias

from services.chassis.decider import Command, Refusal, Sealed
from services.session.domain.code import AcceptCode, SetCode


class FillSeat(Command, frozen=True, kw_only=True):
    """Gives a person a seat."""

    participant_id: str
    attributes: Sealed | None = None


class EmptySeat(Command, frozen=True, kw_only=True):
    """Takes a person's seat."""

    participant_id: str


class AddStaff(Command, frozen=True, kw_only=True):
    """Lets a person serve in a role."""

    staff_id: str
    role: str


class RemoveStaff(Command, frozen=True, kw_only=True):
    """Takes a role from a person."""

    staff_id: str
    role: str


class MarkPresent(Command, frozen=True, kw_only=True):
    """People are here; those who do not belong here are passed over.

    Args:
        people: all of them.
        visiting: of some of them the roles that hold here by the series or the district; of others nothing is said.
    """

    people: tuple[str, ...]
    visiting: Mapping[str, tuple[str, ...]] = {}


class MarkAbsent(Command, frozen=True, kw_only=True):
    """People have gone."""

    people: tuple[str, ...]


class ExcludeParticipant(Command, frozen=True, kw_only=True):
    """Shuts a resident out."""

    participant_id: str
    code: str
    by: str


class ReadmitParticipant(Command, frozen=True, kw_only=True):
    """Lets a resident come back."""

    participant_id: str
    code: str
    by: str


class WarnParticipant(Command, frozen=True, kw_only=True):
    """Warns a resident."""

    participant_id: str
    code: str
    by: str


class MuteParticipant(Command, frozen=True, kw_only=True):
    """Takes a resident's voice, picture and chat."""

    participant_id: str
    code: str
    by: str


class UnmuteParticipant(Command, frozen=True, kw_only=True):
    """Gives them back."""

    participant_id: str
    by: str


class SetApart(Command, frozen=True, kw_only=True):
    """Keeps a resident out of groups."""

    participant_id: str
    code: str
    by: str


class TakeBack(Command, frozen=True, kw_only=True):
    """Lets a resident sit in groups again."""

    participant_id: str
    by: str


Measure: TypeAlias = WarnParticipant | MuteParticipant | UnmuteParticipant | SetApart | TakeBack


class ForgetPerson(Command, frozen=True, kw_only=True):
    """Drops what the roster knows about an erased person."""

    participant_id: str


RosterCommand: TypeAlias = (
    FillSeat
    | EmptySeat
    | AddStaff
    | RemoveStaff
    | MarkPresent
    | MarkAbsent
    | ExcludeParticipant
    | ReadmitParticipant
    | Measure
    | ForgetPerson
    | SetCode
    | AcceptCode
)


class NotOnTheRoster(Refusal, frozen=True, kw_only=True):
    """Nobody with this id has a seat."""

    participant_id: str


class NotServing(Refusal, frozen=True, kw_only=True):
    """Nobody with this id serves at the conference."""

    staff_id: str

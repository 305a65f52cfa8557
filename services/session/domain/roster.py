# SPDX-License-Identifier: Apache-2.0
"""The roster of one conference: who has a seat, who serves, who is here, who is shut out.

Presence is stored as edges, after a grace time for leaving; heartbeats never come here.
"""

from collections.abc import Iterable, Mapping
from typing import TypeAlias, TypeVar, assert_never

import msgspec

from services.chassis.decider import Command, Decider, Event, Refusal, Sealed, Snapshotted

V = TypeVar("V")

MODERATION = frozenset({"moderator", "deputy"})


class SeatFilled(Event, frozen=True, kw_only=True):
    """A person has a seat; `attributes` is sealed JSON of what they agreed to use for mixed groups."""

    TOPIC = "session.seat_filled"

    participant_id: str
    attributes: Sealed | None = None


class SeatEmptied(Event, frozen=True, kw_only=True):
    """A person has no seat any more."""

    TOPIC = "session.seat_emptied"

    participant_id: str


class StaffJoined(Event, frozen=True, kw_only=True):
    """A person serves in a role."""

    TOPIC = "session.staff_joined"

    staff_id: str
    role: str


class StaffLeft(Event, frozen=True, kw_only=True):
    """A person no longer serves in a role."""

    TOPIC = "session.staff_left"

    staff_id: str
    role: str


class StaffVisits(Event, frozen=True, kw_only=True):
    """A person is here whose roles hold at the conference by its series or its district; these roles, or none any
    more. They serve here as long as they are here."""

    TOPIC = "session.staff_visits"

    staff_id: str
    roles: tuple[str, ...]


class PersonCame(Event, frozen=True, kw_only=True):
    """A person with a seat or a role is here."""

    TOPIC = "session.person_came"

    person_id: str


class PersonWent(Event, frozen=True, kw_only=True):
    """A person has been away for longer than the grace time, or was shut out."""

    TOPIC = "session.person_went"

    person_id: str


class ParticipantExcluded(Event, frozen=True, kw_only=True):
    """A person is shut out; `code` names a rule of the code of conduct."""

    TOPIC = "session.participant_excluded"

    participant_id: str
    code: str
    by: str


class ParticipantReadmitted(Event, frozen=True, kw_only=True):
    """A person may come back."""

    TOPIC = "session.participant_readmitted"

    participant_id: str


class ParticipantWarned(Event, frozen=True, kw_only=True):
    """Staff warned a person; `code` names a rule of the code of conduct."""

    TOPIC = "session.participant_warned"

    participant_id: str
    code: str
    by: str


class ParticipantMuted(Event, frozen=True, kw_only=True):
    """A person is neither heard nor seen any more, and writes to nobody; `code` names a rule."""

    TOPIC = "session.participant_muted"

    participant_id: str
    code: str
    by: str


class ParticipantUnmuted(Event, frozen=True, kw_only=True):
    """A person may speak and write again."""

    TOPIC = "session.participant_unmuted"

    participant_id: str
    by: str


class ParticipantSetApart(Event, frozen=True, kw_only=True):
    """A person stays in the plenary while others sit in groups; `code` names a rule."""

    TOPIC = "session.participant_set_apart"

    participant_id: str
    code: str
    by: str


class ParticipantTakenBack(Event, frozen=True, kw_only=True):
    """A person may sit in groups again."""

    TOPIC = "session.participant_taken_back"

    participant_id: str
    by: str


class PersonForgotten(Event, frozen=True, kw_only=True):
    """A person was erased: what the roster knew about them is dropped."""

    TOPIC = "session.person_forgotten"

    participant_id: str


RosterEvent: TypeAlias = (
    SeatFilled
    | SeatEmptied
    | StaffJoined
    | StaffLeft
    | StaffVisits
    | PersonCame
    | PersonWent
    | ParticipantExcluded
    | ParticipantReadmitted
    | ParticipantWarned
    | ParticipantMuted
    | ParticipantUnmuted
    | ParticipantSetApart
    | ParticipantTakenBack
    | PersonForgotten
)


class Roster(msgspec.Struct, frozen=True, kw_only=True):
    """Seats with sealed attributes, roles of the staff, of those too who serve while they are here, who is present, who
    is shut out, who is muted, and who stays apart from groups."""

    seats: dict[str, Sealed | None] = {}
    staff: dict[str, frozenset[str]] = {}
    visiting: dict[str, frozenset[str]] = {}
    present: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()
    muted: frozenset[str] = frozenset()
    apart: frozenset[str] = frozenset()

    def may_come(self, person: str) -> bool:
        """Whether this person belongs here at all."""
        return (person in self.seats or self.serves(person)) and person not in self.excluded

    def serves(self, person: str) -> bool:
        """Whether they have a role here, now at least."""
        return person in self.staff or person in self.visiting

    def residents_present(self) -> tuple[str, ...]:
        """People with a seat who are here and may sit in groups, in the order of their ids; staff have their own
        places."""
        here = (one for one in self.present if one in self.seats and one not in self.apart)
        return tuple(sorted(one for one in here if not self.serves(one)))

    def roles_of(self, person: str) -> frozenset[str]:
        """What they do here, now at least."""
        none: frozenset[str] = frozenset()
        return self.staff.get(person, none) | self.visiting.get(person, none)

    def mentors_present(self) -> tuple[str, ...]:
        """Mentors who are here and do not also moderate, in the order of their ids."""
        roles = {one: self.roles_of(one) for one in (*self.staff, *self.visiting) if one in self.present}
        return tuple(sorted(one for one, theirs in roles.items() if "mentor" in theirs and not theirs & MODERATION))


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
)


class NotOnTheRoster(Refusal, frozen=True, kw_only=True):
    """Nobody with this id has a seat."""

    participant_id: str


class NotServing(Refusal, frozen=True, kw_only=True):
    """Nobody with this id serves at the conference."""

    staff_id: str


def decide(roster: Roster, command: RosterCommand) -> list[RosterEvent] | Refusal:
    """What follows from a command; see the classes of the commands."""
    match command:
        case FillSeat():
            filled = SeatFilled(participant_id=command.participant_id, attributes=command.attributes)
            same = command.participant_id in roster.seats and roster.seats[command.participant_id] == filled.attributes
            return [] if same else [filled]
        case EmptySeat():
            if command.participant_id not in roster.seats:
                return []
            return [*_went(roster, [command.participant_id]), SeatEmptied(participant_id=command.participant_id)]
        case AddStaff():
            known = command.role in roster.staff.get(command.staff_id, frozenset())
            return [] if known else [StaffJoined(staff_id=command.staff_id, role=command.role)]
        case RemoveStaff():
            roles = roster.staff.get(command.staff_id, frozenset())
            if command.role not in roles:
                return []
            elsewhere = command.staff_id in roster.seats or command.staff_id in roster.visiting
            last = roles == {command.role} and not elsewhere
            went = _went(roster, [command.staff_id] if last else [])
            return [*went, StaffLeft(staff_id=command.staff_id, role=command.role)]
        case MarkPresent():
            return _came(roster, command)
        case MarkAbsent():
            return _went(roster, command.people)
        case ExcludeParticipant():
            return _exclude(roster, command)
        case ReadmitParticipant():
            back = ParticipantReadmitted(participant_id=command.participant_id)
            return [back] if command.participant_id in roster.excluded else []
        case WarnParticipant() | MuteParticipant() | UnmuteParticipant() | SetApart() | TakeBack():
            return _measure(roster, command)
        case ForgetPerson():
            who = command.participant_id
            known = who in roster.seats or who in roster.excluded
            return [*_went(roster, [who]), PersonForgotten(participant_id=who)] if known else []
    assert_never(command)


def _came(roster: Roster, command: MarkPresent) -> list[RosterEvent]:
    people = dict.fromkeys(command.people)
    visits = [
        StaffVisits(staff_id=one, roles=tuple(sorted(set(roles))))
        for one, roles in command.visiting.items()
        if one in people and one not in roster.seats and frozenset(roles) != roster.visiting.get(one, frozenset())
    ]
    now = roster
    for visit in visits:
        now = evolve(now, visit)
    # Who serves no more in any role has no place here any more.
    lost = [visit.staff_id for visit in visits if not now.may_come(visit.staff_id)]
    came = [PersonCame(person_id=one) for one in people if one not in now.present and now.may_come(one)]
    return [*visits, *_went(now, lost), *came]


def _went(roster: Roster, people: Iterable[str]) -> list[RosterEvent]:
    return [PersonWent(person_id=one) for one in dict.fromkeys(people) if one in roster.present]


def _exclude(roster: Roster, command: ExcludeParticipant) -> list[RosterEvent] | Refusal:
    who = command.participant_id
    if who in roster.excluded:
        return []
    if who not in roster.seats:
        return NotOnTheRoster(participant_id=who)
    excluded = ParticipantExcluded(participant_id=who, code=command.code, by=command.by)
    return [*_went(roster, [who]), excluded]


def _measure(roster: Roster, command: Measure) -> list[RosterEvent] | Refusal:
    who, by = command.participant_id, command.by
    if who not in roster.seats:
        return NotOnTheRoster(participant_id=who)
    match command:
        case WarnParticipant(code=code):
            return [ParticipantWarned(participant_id=who, code=code, by=by)]
        case MuteParticipant(code=code):
            return [] if who in roster.muted else [ParticipantMuted(participant_id=who, code=code, by=by)]
        case UnmuteParticipant():
            return [ParticipantUnmuted(participant_id=who, by=by)] if who in roster.muted else []
        case SetApart(code=code):
            return [] if who in roster.apart else [ParticipantSetApart(participant_id=who, code=code, by=by)]
        case TakeBack():
            return [ParticipantTakenBack(participant_id=who, by=by)] if who in roster.apart else []
    assert_never(command)


def evolve(roster: Roster, event: RosterEvent) -> Roster:
    """The roster after an event."""
    match event:
        case SeatFilled():
            return msgspec.structs.replace(roster, seats={**roster.seats, event.participant_id: event.attributes})
        case SeatEmptied():
            return msgspec.structs.replace(roster, seats=_besides(roster.seats, event.participant_id))
        case StaffJoined():
            roles = roster.staff.get(event.staff_id, frozenset()) | {event.role}
            return msgspec.structs.replace(roster, staff={**roster.staff, event.staff_id: roles})
        case StaffLeft():
            roles = roster.staff.get(event.staff_id, frozenset()) - {event.role}
            rest = _besides(roster.staff, event.staff_id)
            return msgspec.structs.replace(roster, staff={**rest, event.staff_id: roles} if roles else rest)
        case StaffVisits():
            rest = _besides(roster.visiting, event.staff_id)
            now = {event.staff_id: frozenset(event.roles)} if event.roles else {}
            return msgspec.structs.replace(roster, visiting={**rest, **now})
        case PersonCame():
            return msgspec.structs.replace(roster, present=roster.present | {event.person_id})
        case PersonWent():
            visiting = _besides(roster.visiting, event.person_id)
            return msgspec.structs.replace(roster, present=roster.present - {event.person_id}, visiting=visiting)
        case ParticipantExcluded():
            return msgspec.structs.replace(roster, excluded=roster.excluded | {event.participant_id})
        case ParticipantReadmitted():
            return msgspec.structs.replace(roster, excluded=roster.excluded - {event.participant_id})
        case PersonForgotten():
            who = event.participant_id
            return msgspec.structs.replace(
                roster,
                seats=_besides(roster.seats, who),
                excluded=roster.excluded - {who},
                muted=roster.muted - {who},
                apart=roster.apart - {who},
            )
        case ParticipantWarned():
            return roster
        case ParticipantMuted(participant_id=who):
            return msgspec.structs.replace(roster, muted=roster.muted | {who})
        case ParticipantUnmuted(participant_id=who):
            return msgspec.structs.replace(roster, muted=roster.muted - {who})
        case ParticipantSetApart(participant_id=who):
            return msgspec.structs.replace(roster, apart=roster.apart | {who})
        case ParticipantTakenBack(participant_id=who):
            return msgspec.structs.replace(roster, apart=roster.apart - {who})
    assert_never(event)


def _besides(entries: dict[str, V], key: str) -> dict[str, V]:
    return {one: value for one, value in entries.items() if one != key}


ROSTER: Decider[Roster, RosterCommand, RosterEvent] = Decider(
    name="session.roster",
    initial=Roster(),
    decide=decide,
    evolve=evolve,
    events=(
        SeatFilled,
        SeatEmptied,
        StaffJoined,
        StaffLeft,
        StaffVisits,
        PersonCame,
        PersonWent,
        ParticipantExcluded,
        ParticipantReadmitted,
        ParticipantWarned,
        ParticipantMuted,
        ParticipantUnmuted,
        ParticipantSetApart,
        ParticipantTakenBack,
        PersonForgotten,
    ),
    snapshot=Snapshotted((Roster,), version=3),
)

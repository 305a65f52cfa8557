# SPDX-License-Identifier: Apache-2.0
"""The roster that follows from what happened, and what others ask about it."""

from typing import TypeVar, assert_never

import msgspec

from services.chassis.decider import Sealed
from services.session.domain.code import CodeAccepted, CodeInForce, evolve_code
from services.session.domain.roster_facts import (
    ParticipantExcluded,
    ParticipantMuted,
    ParticipantReadmitted,
    ParticipantSetApart,
    ParticipantTakenBack,
    ParticipantUnmuted,
    ParticipantWarned,
    PersonCame,
    PersonForgotten,
    PersonWent,
    RosterEvent,
    SeatEmptied,
    SeatFilled,
    StaffJoined,
    StaffLeft,
    StaffVisits,
)

V = TypeVar("V")

MODERATION = frozenset({"moderator", "deputy"})


class Roster(msgspec.Struct, frozen=True, kw_only=True):
    """Seats with sealed attributes, roles of the staff, of those too who serve while they are here, who is present, who
    is shut out, who is muted, who stays apart from groups, which code of conduct is in force and who accepted which."""

    seats: dict[str, Sealed | None] = {}
    staff: dict[str, frozenset[str]] = {}
    visiting: dict[str, frozenset[str]] = {}
    present: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()
    muted: frozenset[str] = frozenset()
    apart: frozenset[str] = frozenset()
    code: str | None = None
    accepted: dict[str, str] = {}

    def has_accepted(self, person: str) -> bool:
        """Whether they agreed to the code of conduct, or need not."""
        return self.code is None or person in self.accepted

    def may_come(self, person: str) -> bool:
        """Whether this person belongs here at all."""
        return (person in self.seats or self.serves(person)) and person not in self.excluded

    def serves(self, person: str) -> bool:
        """Whether they have a role here, now at least."""
        return person in self.staff or person in self.visiting

    def residents_present(self) -> tuple[str, ...]:
        """People with a seat who are here, accepted the code of conduct and may sit in groups, in the order of their
        ids; staff have their own places."""
        here = (one for one in self.present if one in self.seats and one not in self.apart and self.has_accepted(one))
        return tuple(sorted(one for one in here if not self.serves(one)))

    def roles_of(self, person: str) -> frozenset[str]:
        """What they do here, now at least."""
        none: frozenset[str] = frozenset()
        return self.staff.get(person, none) | self.visiting.get(person, none)

    def mentors_present(self) -> tuple[str, ...]:
        """Mentors who are here and do not also moderate, in the order of their ids."""
        roles = {one: self.roles_of(one) for one in (*self.staff, *self.visiting) if one in self.present}
        return tuple(sorted(one for one, theirs in roles.items() if "mentor" in theirs and not theirs & MODERATION))


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
                accepted=_besides(roster.accepted, who),
            )
        case CodeInForce() | CodeAccepted():
            code = event.version if isinstance(event, CodeInForce) else roster.code
            return msgspec.structs.replace(roster, code=code, accepted=evolve_code(roster.accepted, event))
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

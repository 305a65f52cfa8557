# SPDX-License-Identifier: Apache-2.0
"""The roster of one conference: who has a seat, who serves, who is here, who is shut out."""

from collections.abc import Iterable
from typing import assert_never

from services.chassis.decider import Decider, Refusal, Snapshotted
from services.session.domain.code import AcceptCode, CodeAccepted, CodeInForce, SetCode, decide_code
from services.session.domain.roster_commands import (
    AddStaff,
    EmptySeat,
    ExcludeParticipant,
    FillSeat,
    ForgetPerson,
    MarkAbsent,
    MarkPresent,
    Measure,
    MuteParticipant,
    NotOnTheRoster,
    ReadmitParticipant,
    RemoveStaff,
    RosterCommand,
    SetApart,
    TakeBack,
    UnmuteParticipant,
    WarnParticipant,
)
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
from services.session.domain.roster_state import (
    Roster,
    evolve,
)


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
            back = ParticipantReadmitted(participant_id=command.participant_id, code=command.code, by=command.by)
            return [back] if command.participant_id in roster.excluded else []
        case WarnParticipant() | MuteParticipant() | UnmuteParticipant() | SetApart() | TakeBack():
            return _measure(roster, command)
        case ForgetPerson():
            who = command.participant_id
            known = who in roster.seats or who in roster.excluded
            return [*_went(roster, [who]), PersonForgotten(participant_id=who)] if known else []
        case AcceptCode(participant_id=who) if who not in roster.seats:
            return NotOnTheRoster(participant_id=who)
        case SetCode() | AcceptCode():
            outcome = decide_code(roster.code, roster.accepted, command)
            return outcome if isinstance(outcome, Refusal) else [*outcome]
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
        CodeInForce,
        CodeAccepted,
    ),
    snapshot=Snapshotted((Roster,), version=5),
)

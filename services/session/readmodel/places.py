# SPDX-License-Identifier: Apache-2.0
"""Who is here, and who sits where now?"""

from typing import Any, TypeVar

import msgspec

from services.chassis.decider import Event
from services.chassis.projection import DocumentProjection
from services.chassis.store import Recorded
from services.contracts import session as told
from services.contracts.shared import LocalText
from services.session.domain.code import CodeAccepted, CodeInForce, evolve_code
from services.session.domain.groups_facts import GroupLocked, GroupsPlaced, GroupsRecalled, MentorMoved, PersonMoved
from services.session.domain.groups_state import move_mentor, move_person
from services.session.domain.guidance import roles_of
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
    SeatEmptied,
    SeatFilled,
    StaffJoined,
    StaffLeft,
    StaffVisits,
)
from services.session.domain.seating import Group, Seating

D = TypeVar("D", bound=msgspec.Struct)

NOTHING_SAID = told.ReadinessView()


class GroupsNow(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of `GroupsView`, and the key of the phase."""

    generation: int = 0
    run: int = 0
    phase: str = ""
    mode: told.GroupMode | None = None
    seating: Seating = Seating(groups=())
    plans: int = 0
    locked: tuple[str, ...] = ()

    def answer(self, conference: str, steps: tuple[LocalText, ...] = ()) -> told.GroupsView:
        """The answer to `GetGroups`; `steps` are those of the phase."""
        return told.GroupsView(
            conference_id=conference,
            generation=self.generation,
            run=self.run,
            mode=self.mode,
            groups=tuple(self._placed(group, steps) for group in self.seating.groups),
            with_moderator=self.seating.with_moderator,
            plans=self.plans,
        )

    def _placed(self, group: Group, steps: tuple[LocalText, ...]) -> told.GroupView:
        """A group of the running phase; one without a mentor guides itself."""
        view = group_placed(group, locked=group.group_id in self.locked)
        if group.mentor_id is not None:
            return view
        drawn = roles_of(self.phase, group.members)
        roles = tuple(told.GroupRole(role=role, participant_id=one) for role, one in drawn.items())
        return _with(view, steps=steps, roles=roles)


class WhoIsHere(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of `PresenceView`. Who is `excluded` keeps the seat, but nothing is shown to them."""

    seated: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    present: tuple[str, ...] = ()
    staff: dict[str, tuple[str, ...]] = {}
    visiting: dict[str, tuple[str, ...]] = {}
    conduct: dict[str, told.ConductView] = {}
    code: str | None = None
    accepted: dict[str, str] = {}

    def answer(self, conference: str, readiness: told.ReadinessView = NOTHING_SAID) -> told.PresenceView:
        """The answer to `GetPresence`."""
        seated = tuple(one for one in self.seated if one not in self.excluded)
        missing = [one for one in seated if self.code is not None and one not in self.accepted]
        told_of = self.conduct | {one: _with(_known(self, one), must_accept=True) for one in missing}
        conduct = tuple(told_of[one] for one in sorted(told_of))
        return told.PresenceView(
            conference_id=conference,
            seated=seated,
            present=self.present,
            staff=self.roles(),
            conduct=conduct,
            readiness=readiness,
        )

    def roles(self) -> dict[str, tuple[str, ...]]:
        """What everybody serves as who serves here, by assignment or while they are here."""
        staff = dict(self.staff)
        for one, roles in self.visiting.items():
            staff[one] = tuple(dict.fromkeys((*staff.get(one, ()), *roles)))
        return staff


def group_placed(group: Group, *, locked: bool) -> told.GroupView:
    """A group as others see it."""
    return told.GroupView(
        group_id=group.group_id,
        number=group.number,
        members=group.members,
        mentor_id=group.mentor_id,
        topic_id=group.topic_id,
        locked=locked,
    )


def _groups(now: GroupsNow, event: Event, _: Recorded) -> GroupsNow:
    match event:
        case GroupsPlaced():
            seating = Seating(groups=event.groups, with_moderator=event.with_moderator, spare=event.spare)
            same = event.run == now.run and now.mode is not None
            return GroupsNow(
                generation=event.generation,
                run=event.run,
                phase=event.phase,
                mode=event.mode,
                seating=seating,
                plans=now.plans + (not same),
                locked=now.locked if same else (),
            )
        case PersonMoved():
            return _with(now, generation=event.generation, seating=move_person(now.seating, event))
        case MentorMoved():
            return _with(now, generation=event.generation, seating=move_mentor(now.seating, event))
        case GroupsRecalled():
            return _with(now, generation=event.generation, mode=None, seating=Seating(groups=()), locked=())
        case GroupLocked():
            change = _including if event.locked else _besides
            return _with(now, locked=change(now.locked, event.group_id))
        case _:
            return now


def _presence(here: WhoIsHere, event: Event, _: Recorded) -> WhoIsHere:
    match event:
        case SeatFilled():
            return _with(here, seated=_including(here.seated, event.participant_id))
        case PersonForgotten(participant_id=who):
            conduct = {one: known for one, known in here.conduct.items() if one != who}
            accepted = {one: version for one, version in here.accepted.items() if one != who}
            return _with(here, seated=_besides(here.seated, who), conduct=conduct, accepted=accepted)
        case CodeInForce(version=version):
            return _with(here, code=version, accepted=evolve_code(here.accepted, event))
        case CodeAccepted():
            return _with(here, accepted=evolve_code(here.accepted, event))
        case SeatEmptied():
            return _with(here, seated=_besides(here.seated, event.participant_id))
        case ParticipantExcluded():
            return _with(here, excluded=_including(here.excluded, event.participant_id))
        case ParticipantReadmitted():
            return _with(here, excluded=_besides(here.excluded, event.participant_id))
        case ParticipantWarned(participant_id=who, code=code):
            return _about(here, who, warnings=(*_known(here, who).warnings, code))
        case ParticipantMuted(participant_id=who) | ParticipantUnmuted(participant_id=who):
            return _about(here, who, muted=isinstance(event, ParticipantMuted))
        case ParticipantSetApart(participant_id=who) | ParticipantTakenBack(participant_id=who):
            return _about(here, who, apart=isinstance(event, ParticipantSetApart))
        case PersonCame():
            return _with(here, present=_including(here.present, event.person_id))
        case PersonWent():
            visiting = {one: roles for one, roles in here.visiting.items() if one != event.person_id}
            return _with(here, present=_besides(here.present, event.person_id), visiting=visiting)
        case StaffVisits():
            visiting = {one: roles for one, roles in here.visiting.items() if one != event.staff_id}
            return _with(here, visiting={**visiting, event.staff_id: event.roles} if event.roles else visiting)
        case StaffJoined():
            roles = _including(here.staff.get(event.staff_id, ()), event.role)
            return _with(here, staff={**here.staff, event.staff_id: roles})
        case StaffLeft():
            roles = _besides(here.staff.get(event.staff_id, ()), event.role)
            rest = {one: known for one, known in here.staff.items() if one != event.staff_id}
            return _with(here, staff={**rest, event.staff_id: roles} if roles else rest)
        case _:
            return here


def _about(here: WhoIsHere, who: str, **changes: Any) -> WhoIsHere:
    return _with(here, conduct={**here.conduct, who: msgspec.structs.replace(_known(here, who), **changes)})


def _known(here: WhoIsHere, who: str) -> told.ConductView:
    return here.conduct.get(who) or told.ConductView(participant_id=who)


def _including(people: tuple[str, ...], person: str) -> tuple[str, ...]:
    return people if person in people else (*people, person)


def _besides(people: tuple[str, ...], person: str) -> tuple[str, ...]:
    return tuple(one for one in people if one != person)


def _with(document: D, **changes: Any) -> D:
    return msgspec.structs.replace(document, **changes)


def _keys_of(*kinds: type[Event]) -> Any:
    def keys(event: Event, recorded: Recorded) -> tuple[str, ...]:
        return (recorded.conference_id.hex,) if isinstance(event, kinds) and recorded.conference_id else ()

    return keys


GROUPINGS = DocumentProjection(
    name="groups",
    version=3,
    keys=_keys_of(GroupsPlaced, PersonMoved, MentorMoved, GroupsRecalled, GroupLocked),
    initial=lambda _: GroupsNow(),
    evolve=_groups,
    doc=GroupsNow,
)

PRESENCE = DocumentProjection(
    name="presence",
    version=4,
    keys=_keys_of(
        CodeInForce,
        CodeAccepted,
        SeatFilled,
        SeatEmptied,
        ParticipantExcluded,
        ParticipantReadmitted,
        ParticipantWarned,
        ParticipantMuted,
        ParticipantUnmuted,
        ParticipantSetApart,
        ParticipantTakenBack,
        PersonForgotten,
        PersonCame,
        PersonWent,
        StaffJoined,
        StaffLeft,
        StaffVisits,
    ),
    initial=lambda _: WhoIsHere(),
    evolve=_presence,
    doc=WhoIsHere,
)

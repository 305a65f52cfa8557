# SPDX-License-Identifier: Apache-2.0
"""What happened to the roster of a conference; the rule is in `roster.py`.

Presence is stored as edges, after a grace time for leaving; heartbeats never come here.
"""

from typing import Any, TypeAlias

from services.chassis.decider import Event, Sealed
from services.session.domain.code import CodeAccepted, CodeInForce


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
    """A person may come back; `code` says why."""

    TOPIC = "session.participant_readmitted"
    VERSION = 2

    participant_id: str
    code: str | None = None
    by: str | None = None

    @staticmethod
    def upcast_v1_v2(fields: dict[str, Any]) -> dict[str, Any]:
        """Version 1 did not say why, nor who let them in."""
        return fields


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
    | CodeInForce
    | CodeAccepted
)

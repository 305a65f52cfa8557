# SPDX-License-Identifier: Apache-2.0
"""Who is here, who sits where, who is shut out."""

from typing import ClassVar

from services.chassis.contract import Answer, Id, LiveChange, QueryRequest, Refusals
from services.contracts import refusals
from services.contracts.session.vocabulary import SERVICE, GroupMode, GroupPlaced, _Command
from services.contracts.shared import ShortText


class PresenceChanged(LiveChange, frozen=True, kw_only=True):
    """Who is present changed."""

    SERVICE: ClassVar[str] = SERVICE


class MoveParticipant(_Command, frozen=True, kw_only=True):
    """Puts one person into another running group (moderator)."""

    REFUSALS: ClassVar[Refusals] = (
        refusals.GroupIsFull,
        refusals.NoGroupsNow,
        refusals.NoSuchGroup,
        refusals.NotInAGroup,
    )
    participant_id: Id
    group_id: Id


class ExcludeParticipant(_Command, frozen=True, kw_only=True):
    """Shuts a resident out; `code` names a rule of the code of conduct (moderator, organiser)."""

    REFUSALS: ClassVar[Refusals] = (refusals.NotOnTheRoster,)
    participant_id: Id
    code: ShortText


class ReadmitParticipant(_Command, frozen=True, kw_only=True):
    """Lets an excluded resident come back (moderator, organiser)."""

    participant_id: Id


class ReportPresence(_Command, frozen=True, kw_only=True):
    """A gateway tells who has a live connection through it; sent every few seconds, never stored (gateway only).

    Who is not named within the grace time has left; an empty report tells that nobody is connected any more. `visiting`
    has, of some of the staff among them, the roles that hold here by the series or the district: none, when they have
    just come without any.
    """

    gateway: Id
    participants: tuple[Id, ...]
    visiting: dict[Id, tuple[str, ...]] = {}


class GroupsView(Answer, frozen=True, kw_only=True):
    """Who sits where now. Without running groups `groups` is empty and everybody is in the plenary."""

    conference_id: Id
    generation: int
    run: int
    mode: GroupMode | None
    groups: tuple[GroupPlaced, ...]
    with_moderator: tuple[Id, ...]
    plans: int


class GetGroups(QueryRequest[GroupsView], frozen=True, kw_only=True):
    """Who sits where now."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = GroupsView
    conference_id: Id


class PresenceView(Answer, frozen=True, kw_only=True):
    """Who has a seat and who is here; staff are told apart."""

    conference_id: Id
    seated: tuple[Id, ...]
    present: tuple[Id, ...]
    staff: dict[str, tuple[str, ...]]


class GetPresence(QueryRequest[PresenceView], frozen=True, kw_only=True):
    """Who has a seat and who is here."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = PresenceView
    conference_id: Id

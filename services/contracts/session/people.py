# SPDX-License-Identifier: Apache-2.0
"""Who is here, who sits where, who is shut out."""

from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from services.chassis.contract import Answer, Id, LiveChange, QueryRequest, Refusals
from services.contracts import refusals
from services.contracts.session.vocabulary import (
    SERVICE,
    GroupMode,
    GroupPlaced,
    GuidingRole,
    Readiness,
    SeatingRuleKind,
    _Command,
)
from services.contracts.shared import LocalText, ShortText


class PresenceChanged(LiveChange, frozen=True, kw_only=True):
    """Who is present changed."""

    SERVICE: ClassVar[str] = SERVICE


class GroupDraft(msgspec.Struct, frozen=True, kw_only=True):
    """The people of one group that is set by hand: three to five."""

    participant_ids: Annotated[tuple[Id, ...], Meta(min_length=3, max_length=5)]


class MoveParticipant(_Command, frozen=True, kw_only=True):
    """Puts one person into another running group (moderator)."""

    REFUSALS: ClassVar[Refusals] = (
        refusals.CannotRegroup,
        refusals.GroupIsFull,
        refusals.GroupIsLocked,
        refusals.KeptApart,
        refusals.NoGroupsNow,
        refusals.NoSuchGroup,
        refusals.NotInAGroup,
    )
    participant_id: Id
    group_id: Id


class SwapParticipants(_Command, frozen=True, kw_only=True):
    """Lets two people of different running groups exchange their places (moderator)."""

    REFUSALS: ClassVar[Refusals] = (
        refusals.GroupIsLocked,
        refusals.KeptApart,
        refusals.KeptTogether,
        refusals.NoGroupsNow,
        refusals.NotInAGroup,
    )
    participant_id: Id
    other_participant_id: Id


class LockGroup(_Command, frozen=True, kw_only=True):
    """Lets a running group keep its people until it is unlocked or the phase ends (moderator).

    Who comes late goes to other groups, and other groups are filled up without it, as long as that leaves nobody
    without a place. Who leaves the group leaves it.
    """

    REFUSALS: ClassVar[Refusals] = (refusals.NoGroupsNow, refusals.NoSuchGroup)
    group_id: Id
    locked: bool = True


class AccompanyGroup(_Command, frozen=True, kw_only=True):
    """A mentor goes on to another running group that has none (mentor, of themselves; moderator, of every mentor).

    Without `group_id` it is the one that needs a mentor most: a group that called for help, then one that nobody has
    accompanied in this phase, then the one that was left longest ago. When every group has one, nothing changes.
    Without `mentor_id` one goes oneself.
    """

    REFUSALS: ClassVar[Refusals] = (
        refusals.GroupIsAccompanied,
        refusals.NoGroupsNow,
        refusals.NoSuchGroup,
        refusals.NotAMentor,
    )
    mentor_id: Id | None = None
    group_id: Id | None = None


class MergeGroups(_Command, frozen=True, kw_only=True):
    """Closes a running group: its people go to another one, and where that is full to groups with room (moderator)."""

    REFUSALS: ClassVar[Refusals] = (
        refusals.CannotRegroup,
        refusals.GroupIsLocked,
        refusals.NoGroupsNow,
        refusals.NoSuchGroup,
    )
    group_id: Id
    into_group_id: Id


class SplitGroup(_Command, frozen=True, kw_only=True):
    """Lets people of a running group begin one of their own; both are filled up from larger groups (moderator)."""

    REFUSALS: ClassVar[Refusals] = (
        refusals.CannotRegroup,
        refusals.GroupIsLocked,
        refusals.NoGroupsNow,
        refusals.NoSuchGroup,
        refusals.NotInAGroup,
    )
    group_id: Id
    participant_ids: Annotated[tuple[Id, ...], Meta(min_length=1, max_length=4)]


class PrepareGroups(_Command, frozen=True, kw_only=True):
    """Computes a plan for a phase, with those who are here, to be looked at before it goes live (moderator).

    `like`: as the groups of that earlier phase were in the end. `mode`: by what they are formed; None: as the script
    says. Every plan is a new version; without further ado the newest of a phase goes live when the phase begins.
    """

    REFUSALS: ClassVar[Refusals] = (refusals.NoSuchPhase, refusals.PlanIsFlawed)
    phase: ShortText
    mode: GroupMode | None = None
    like: ShortText | None = None


class DraftGroups(_Command, frozen=True, kw_only=True):
    """Keeps groups that were set by hand as the next version of a phase's plan (moderator).

    Who is here and not named is seated like somebody who comes late.
    """

    REFUSALS: ClassVar[Refusals] = (refusals.NoSuchPhase, refusals.NotOnTheRoster, refusals.PlanIsFlawed)
    phase: ShortText
    groups: Annotated[tuple[GroupDraft, ...], Meta(min_length=1, max_length=100)]


class UseGroupPlan(_Command, frozen=True, kw_only=True):
    """Goes live with a version of a plan: at once when its phase runs, else when it begins (moderator).

    Who came or went since it was drafted is seated or left out with the fewest moves.
    """

    REFUSALS: ClassVar[Refusals] = (refusals.NoSuchPlan,)
    version: int


class KeepParticipants(_Command, frozen=True, kw_only=True):
    """Keeps people apart or together from now on, in every plan, repair and move by hand; or no longer (moderator,
    organiser).

    `one_organisation`: they speak for the same one, of which each group has at most one person. Running groups follow
    at once. Where a rule leaves somebody without a group, they stay with the moderator.
    """

    REFUSALS: ClassVar[Refusals] = (refusals.NotOnTheRoster, refusals.RulesContradict)
    kind: SeatingRuleKind
    participant_ids: Annotated[tuple[Id, ...], Meta(min_length=2, max_length=20)]
    kept: bool = True


class ExcludeParticipant(_Command, frozen=True, kw_only=True):
    """Shuts a resident out; `code` names a rule of the code of conduct (moderator, organiser)."""

    REFUSALS: ClassVar[Refusals] = (refusals.NotOnTheRoster,)
    participant_id: Id
    code: ShortText


class ReadmitParticipant(_Command, frozen=True, kw_only=True):
    """Lets an excluded resident come back; `code` says why (moderator, organiser)."""

    participant_id: Id
    code: ShortText = "settled"


class WarnParticipant(_Command, frozen=True, kw_only=True):
    """Warns a resident, who is told so; `code` names a rule of the code of conduct (staff)."""

    REFUSALS: ClassVar[Refusals] = (refusals.NotOnTheRoster,)
    participant_id: Id
    code: ShortText


class MuteParticipant(_Command, frozen=True, kw_only=True):
    """Takes a resident's voice, picture and chat; `code` names a rule of the code of conduct (staff)."""

    REFUSALS: ClassVar[Refusals] = (refusals.NotOnTheRoster,)
    participant_id: Id
    code: ShortText


class UnmuteParticipant(_Command, frozen=True, kw_only=True):
    """Gives a muted resident voice, picture and chat back (staff)."""

    REFUSALS: ClassVar[Refusals] = (refusals.NotOnTheRoster,)
    participant_id: Id


class RemoveFromGroups(_Command, frozen=True, kw_only=True):
    """Takes a resident out of their group, into the plenary, until they are taken back; `code` names a rule (staff)."""

    REFUSALS: ClassVar[Refusals] = (refusals.NotOnTheRoster,)
    participant_id: Id
    code: ShortText


class TakeBackIntoGroups(_Command, frozen=True, kw_only=True):
    """Lets a resident who was removed from the groups sit in them again (staff)."""

    REFUSALS: ClassVar[Refusals] = (refusals.NotOnTheRoster,)
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


class GroupRole(msgspec.Struct, frozen=True, kw_only=True):
    """What one person does for a group that no mentor accompanies."""

    role: GuidingRole
    participant_id: Id


class GroupView(GroupPlaced, frozen=True, kw_only=True):
    """One small group as it is now; a `locked` one keeps its people. `steps` and `roles` are those of a group that no
    mentor accompanies."""

    locked: bool = False
    steps: tuple[LocalText, ...] = ()
    roles: tuple[GroupRole, ...] = ()


class GroupsView(Answer, frozen=True, kw_only=True):
    """Who sits where now. Without running groups `groups` is empty and everybody is in the plenary."""

    conference_id: Id
    generation: int
    run: int
    mode: GroupMode | None
    groups: tuple[GroupView, ...]
    with_moderator: tuple[Id, ...]
    plans: int


class GetGroups(QueryRequest[GroupsView], frozen=True, kw_only=True):
    """Who sits where now."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = GroupsView
    conference_id: Id


class GroupPlanView(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a plan; `seed` and `algorithm` tell how it was found."""

    version: int
    phase: str
    mode: GroupMode
    groups: tuple[GroupView, ...]
    with_moderator: tuple[Id, ...]
    seed: int
    algorithm: str
    chosen: bool


class GroupPlansView(Answer, frozen=True, kw_only=True):
    """The newest versions of plans, the oldest first; `live` is the last one that went live, 0 before."""

    plans: tuple[GroupPlanView, ...]
    live: int


class GetGroupPlans(QueryRequest[GroupPlansView], frozen=True, kw_only=True):
    """Plans that can go live (moderator, organiser)."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = GroupPlansView
    conference_id: Id


class SeatingRuleView(msgspec.Struct, frozen=True, kw_only=True):
    """Who is kept apart, or together."""

    kind: SeatingRuleKind
    participant_ids: tuple[Id, ...]


class SeatingRulesView(Answer, frozen=True, kw_only=True):
    """All rules about who sits with whom, the oldest first."""

    rules: tuple[SeatingRuleView, ...]


class GetSeatingRules(QueryRequest[SeatingRulesView], frozen=True, kw_only=True):
    """Who is kept apart, or together (moderator, organiser)."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = SeatingRulesView
    conference_id: Id


class ConductView(msgspec.Struct, frozen=True, kw_only=True):
    """What there is about the conduct of one person: whether they have to accept the code of conduct first, and what
    staff did; `warnings` are the rules they were warned of, in order."""

    participant_id: Id
    warnings: tuple[str, ...] = ()
    muted: bool = False
    apart: bool = False
    must_accept: bool = False


class SetReadiness(_Command, frozen=True, kw_only=True):
    """Says that one is ready, or wants more time, in the phase with number `run`; in a group, for the whole group."""

    REFUSALS: ClassVar[Refusals] = (refusals.CodeNotAccepted, refusals.PhaseHasChanged, refusals.SessionIs)
    run: int
    readiness: Readiness


class ReadinessView(msgspec.Struct, frozen=True, kw_only=True):
    """How many of the groups, outside of groups of the people, are ready, and how many want more time."""

    ready: int = 0
    more_time: int = 0
    of: int = 0
    groups_wanting_time: tuple[Id, ...] = ()


class PresenceView(Answer, frozen=True, kw_only=True):
    """Who has a seat and who is here; staff are told apart."""

    conference_id: Id
    seated: tuple[Id, ...]
    present: tuple[Id, ...]
    staff: dict[str, tuple[str, ...]]
    conduct: tuple[ConductView, ...] = ()
    readiness: ReadinessView = ReadinessView()


class GetPresence(QueryRequest[PresenceView], frozen=True, kw_only=True):
    """Who has a seat and who is here."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = PresenceView
    conference_id: Id

# SPDX-License-Identifier: Apache-2.0
"""What can be asked of the groups of a conference, and what is refused; the rule is in `groups.py`."""

from typing import TypeAlias

from services.chassis.decider import Command, Refusal, Sealed
from services.session.domain.groups_facts import CardKind, Draft
from services.session.domain.script import GroupMode
from services.session.domain.seating import Group
from services.session.domain.seating_rules import SeatingRule

# Commands -------------------------------------------------------------------------------------------------------


class PlaceGroups(Command, frozen=True, kw_only=True):
    """Lets a computed plan go live for a run. `mentors`: who of them is present."""

    run: int
    phase: str
    mode: GroupMode
    groups: tuple[Group, ...]
    with_moderator: tuple[str, ...]
    mentors: tuple[str, ...]
    seed: int
    algorithm: str
    new_ids: tuple[str, ...] = ()


class PlaceGroupsAgain(Command, frozen=True, kw_only=True):
    """Brings the groups of the phase `like` back together, with those who are present now."""

    run: int
    phase: str
    like: str
    mode: GroupMode
    present: tuple[str, ...]
    mentors: tuple[str, ...]
    new_ids: tuple[str, ...]


class Join(Command, frozen=True, kw_only=True):
    """People and mentors came. Without running groups nothing happens."""

    people: tuple[str, ...] = ()
    mentors: tuple[str, ...] = ()
    new_ids: tuple[str, ...] = ()
    alike: dict[str, dict[str, float]] = {}


class Leave(Command, frozen=True, kw_only=True):
    """People and mentors went. Without running groups nothing happens."""

    people: tuple[str, ...] = ()
    mentors: tuple[str, ...] = ()
    new_ids: tuple[str, ...] = ()


class MovePerson(Command, frozen=True, kw_only=True):
    """Puts one person into another running group; the group they leave is repaired."""

    participant_id: str
    group_id: str


class SwapPeople(Command, frozen=True, kw_only=True):
    """Two people of different running groups exchange their places."""

    one: str
    other: str


class LockGroup(Command, frozen=True, kw_only=True):
    """A running group keeps its people from now on, or does no longer."""

    group_id: str
    locked: bool


class MergeGroups(Command, frozen=True, kw_only=True):
    """Closes a running group in favour of another one; who finds no place there goes to groups with room."""

    group_id: str
    into: str


class SplitGroup(Command, frozen=True, kw_only=True):
    """Lets people of a running group begin one of their own; both are filled up from larger groups."""

    group_id: str
    participants: tuple[str, ...]
    new_id: str


class KeepPeople(Command, frozen=True, kw_only=True):
    """Sets a rule about who sits with whom, or drops it; running groups follow at once."""

    rule: SeatingRule
    kept: bool
    new_ids: tuple[str, ...] = ()


class DraftPlan(Command, frozen=True, kw_only=True):
    """Keeps a plan to be looked at: groups that were computed, or set by hand.

    Args:
        present: who is here; who is in no group is seated as a late person would be.
        by_hand: whether broken rules are refused, and not mended.
    """

    phase: str
    mode: GroupMode
    groups: tuple[Group, ...]
    present: tuple[str, ...]
    seed: int
    algorithm: str
    by_hand: bool
    new_ids: tuple[str, ...]


class DraftPlanAgain(Command, frozen=True, kw_only=True):
    """Keeps the groups of the phase `like` as a plan for another one, with those who are present now."""

    phase: str
    like: str
    mode: GroupMode
    present: tuple[str, ...]
    new_ids: tuple[str, ...]


class UseDraft(Command, frozen=True, kw_only=True):
    """Goes live with a version: at once when its phase runs, else when it begins."""

    version: int
    present: tuple[str, ...]
    mentors: tuple[str, ...]
    new_ids: tuple[str, ...]


class PlaceDraft(Command, frozen=True, kw_only=True):
    """The phase of a version begins."""

    draft: Draft
    run: int
    present: tuple[str, ...]
    mentors: tuple[str, ...]
    new_ids: tuple[str, ...]


class RecallGroups(Command, frozen=True, kw_only=True):
    """Brings everybody back to the plenary."""


class KeepTopics(Command, frozen=True, kw_only=True):
    """Keeps the chosen topics for the plan."""

    topics: tuple[str, ...]


class KeepWishes(Command, frozen=True, kw_only=True):
    """Keeps who wants to work on which topics."""

    ranks: dict[str, tuple[str, ...]]


class KeepTags(Command, frozen=True, kw_only=True):
    """Keeps what a person needs or offers."""

    participant_id: str
    kind: CardKind
    tags: tuple[Sealed, ...]


GroupsCommand: TypeAlias = (
    PlaceGroups
    | PlaceGroupsAgain
    | Join
    | Leave
    | MovePerson
    | SwapPeople
    | LockGroup
    | MergeGroups
    | SplitGroup
    | KeepPeople
    | DraftPlan
    | DraftPlanAgain
    | UseDraft
    | PlaceDraft
    | RecallGroups
    | KeepTopics
    | KeepWishes
    | KeepTags
)


# Refusals -------------------------------------------------------------------------------------------------------


class PlanIsFlawed(Refusal, frozen=True, kw_only=True):
    """The plan would break a rule of seating; it must be computed anew."""

    flaw: str


class NoGroupsNow(Refusal, frozen=True, kw_only=True):
    """No groups are running; `generation` is that of the plenary."""

    generation: int


class NoSuchGroup(Refusal, frozen=True, kw_only=True):
    """There is no such group in the running phase."""

    group_id: str


class GroupIsFull(Refusal, frozen=True, kw_only=True):
    """The group has as many people as a group may have."""

    group_id: str
    size: int


class NotInAGroup(Refusal, frozen=True, kw_only=True):
    """The person sits in no group of the running phase."""

    participant_id: str


class GroupIsLocked(Refusal, frozen=True, kw_only=True):
    """The group keeps its people until it is unlocked."""

    group_id: str


class CannotRegroup(Refusal, frozen=True, kw_only=True):
    """So many people cannot sit in so many groups of three to five, with the rules and locks that hold."""

    people: int
    groups: int


class KeptApart(Refusal, frozen=True, kw_only=True):
    """These people must not share a group."""

    participant_ids: tuple[str, ...]


class KeptTogether(Refusal, frozen=True, kw_only=True):
    """These people share a group and cannot be exchanged for one other person."""

    participant_ids: tuple[str, ...]


class RulesContradict(Refusal, frozen=True, kw_only=True):
    """These people would have to sit together, and cannot: they are more than three, or some are kept apart."""

    participant_ids: tuple[str, ...]


class NoSuchPlan(Refusal, frozen=True, kw_only=True):
    """There is no such version of a plan; the newest is `newest`, 0 when there is none."""

    version: int
    newest: int


class NoSuchPhase(Refusal, frozen=True, kw_only=True):
    """There is no such phase with groups in the script, or there were no groups in it yet."""

    phase: str

# SPDX-License-Identifier: Apache-2.0
"""What can be asked of the groups of a conference; the rule is in `groups.py`, refusals in `groups_refusals.py`."""

from typing import TypeAlias

from services.chassis.decider import Command, Sealed
from services.session.domain.groups_facts import CardKind, Draft
from services.session.domain.script import GroupMode
from services.session.domain.seating import Group
from services.session.domain.seating_rules import SeatingRule


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
    """People and mentors came. Without running groups nothing happens. `calling`: groups with open calls for help."""

    people: tuple[str, ...] = ()
    mentors: tuple[str, ...] = ()
    new_ids: tuple[str, ...] = ()
    alike: dict[str, dict[str, float]] = {}
    calling: tuple[str, ...] = ()


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


class AccompanyGroup(Command, frozen=True, kw_only=True):
    """A mentor goes to another running group that has none.

    Args:
        group_id: None: who needs it most.
        calling: groups with open calls for help, the oldest first.
    """

    mentor_id: str
    group_id: str | None
    calling: tuple[str, ...] = ()


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
    | AccompanyGroup
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

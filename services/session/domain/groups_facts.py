# SPDX-License-Identifier: Apache-2.0
"""What happened to the groups of a conference; the plan that follows is in `groups_state.py`, the rule in `groups.py`.

A *generation* counts every change of anybody's place.
"""

from typing import Literal, TypeAlias

import msgspec

from services.chassis.decider import Event, Sealed
from services.session.domain.script import GroupMode
from services.session.domain.seating import Group
from services.session.domain.seating_rules import SeatingRule

CardKind = Literal["NEED", "OFFER"]


class GroupsPlaced(Event, frozen=True, kw_only=True):
    """Everybody present got a place for a phase. `seed` and `algorithm` tell how the groups were found.

    `again`: the groups of an earlier time came back together, or a group had to be formed in a running phase.
    """

    TOPIC = "session.groups_placed"

    generation: int
    run: int
    phase: str
    mode: GroupMode
    groups: tuple[Group, ...]
    with_moderator: tuple[str, ...]
    spare: tuple[str, ...]
    seed: int
    algorithm: str
    again: bool


class PersonMoved(Event, frozen=True, kw_only=True):
    """A person has another place in the running phase: a group, or None. `gone`: they have left the conference."""

    TOPIC = "session.person_moved"

    generation: int
    participant_id: str
    group_id: str | None
    gone: bool = False


class MentorMoved(Event, frozen=True, kw_only=True):
    """A mentor accompanies another group, or None. `gone`: they have left the conference."""

    TOPIC = "session.mentor_moved"

    generation: int
    mentor_id: str
    group_id: str | None
    gone: bool = False


class GroupsRecalled(Event, frozen=True, kw_only=True):
    """Everybody is in the plenary again."""

    TOPIC = "session.groups_recalled"

    generation: int


class TopicsKept(Event, frozen=True, kw_only=True):
    """The topics among which people choose."""

    TOPIC = "session.topics_kept"

    topics: tuple[str, ...]


class WishesKept(Event, frozen=True, kw_only=True):
    """Who wants to work on which topics, the dearest first."""

    TOPIC = "session.wishes_kept"

    ranks: dict[str, tuple[str, ...]]


class TagsKept(Event, frozen=True, kw_only=True):
    """What a person needs or offers, in tags that they agreed to use for finding partners; sealed by the person."""

    TOPIC = "session.tags_kept"

    participant_id: str
    kind: CardKind
    tags: tuple[Sealed, ...]


class GroupLocked(Event, frozen=True, kw_only=True):
    """A group of the running phase keeps its people, or does no longer."""

    TOPIC = "session.group_locked"

    group_id: str
    locked: bool


class SeatingRuleSet(Event, frozen=True, kw_only=True):
    """Staff want people apart, or together."""

    TOPIC = "session.seating_rule_set"

    rule: SeatingRule


class SeatingRuleDropped(Event, frozen=True, kw_only=True):
    """Staff want that no longer."""

    TOPIC = "session.seating_rule_dropped"

    rule: SeatingRule


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """Groups of a phase as they could be; `seed` and `algorithm` tell how they were found."""

    version: int
    phase: str
    mode: GroupMode
    groups: tuple[Group, ...]
    with_moderator: tuple[str, ...]
    seed: int
    algorithm: str


class PlanDrafted(Event, frozen=True, kw_only=True):
    """A plan can be looked at before it goes live; earlier versions stay."""

    TOPIC = "session.plan_drafted"

    draft: Draft


class PlanChosen(Event, frozen=True, kw_only=True):
    """Of several versions this one will go live when its phase begins."""

    TOPIC = "session.plan_chosen"

    version: int


class PlanWentLive(Event, frozen=True, kw_only=True):
    """A version of a plan became the groups of its phase; the groups follow."""

    TOPIC = "session.plan_went_live"

    version: int


GroupsEvent: TypeAlias = (
    GroupsPlaced
    | PersonMoved
    | MentorMoved
    | GroupsRecalled
    | TopicsKept
    | WishesKept
    | TagsKept
    | GroupLocked
    | SeatingRuleSet
    | SeatingRuleDropped
    | PlanDrafted
    | PlanChosen
    | PlanWentLive
)

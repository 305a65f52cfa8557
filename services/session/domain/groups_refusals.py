# SPDX-License-Identifier: Apache-2.0
"""What is refused about the groups of a conference."""

from services.chassis.decider import Refusal


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


class NotAMentor(Refusal, frozen=True, kw_only=True):
    """Nobody with this id is here as a mentor."""

    staff_id: str


class GroupIsAccompanied(Refusal, frozen=True, kw_only=True):
    """Another mentor is with the group."""

    group_id: str
    mentor_id: str

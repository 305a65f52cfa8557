# SPDX-License-Identifier: Apache-2.0
"""What the session service refuses of phases, groups and the roster."""

from services.chassis.contract import Id
from services.chassis.decider import Refusal


class AnotherLeads(Refusal, frozen=True, kw_only=True):
    """Somebody else leads the evening: the deputy `led_by`, or the moderators where it is None."""

    led_by: Id | None


class CannotRegroup(Refusal, frozen=True, kw_only=True):
    """So many people cannot sit in so many groups of three to five, with the rules and locks that hold."""

    people: int
    groups: int


class CodeHasChanged(Refusal, frozen=True, kw_only=True):
    """The text is another one by now, with this version: the person has to read it first."""

    version: str


class CodeNotAccepted(Refusal, frozen=True, kw_only=True):
    """The resident has to accept the code of conduct first."""

    participant_id: Id


class FirstPhase(Refusal, frozen=True, kw_only=True):
    """There is no phase before this one."""

    run: int


class GroupIsFull(Refusal, frozen=True, kw_only=True):
    """The group has as many people as a group may have."""

    group_id: Id
    size: int


class LastPhase(Refusal, frozen=True, kw_only=True):
    """There is no phase behind this one; the evening can be ended instead."""

    phase: str


class GroupIsLocked(Refusal, frozen=True, kw_only=True):
    """The group keeps its people until it is unlocked."""

    group_id: Id


class KeptApart(Refusal, frozen=True, kw_only=True):
    """These people must not share a group."""

    participant_ids: tuple[Id, ...]


class KeptTogether(Refusal, frozen=True, kw_only=True):
    """These people share a group and cannot be exchanged for one other person."""

    participant_ids: tuple[Id, ...]


class NoGroupsNow(Refusal, frozen=True, kw_only=True):
    """No groups are running; `generation` is that of the plenary."""

    generation: int


class NoSuchGroup(Refusal, frozen=True, kw_only=True):
    """There is no such group in the running phase."""

    group_id: Id


class NotADeputy(Refusal, frozen=True, kw_only=True):
    """Nobody with this id is a deputy of the conference."""

    deputy_id: Id


class NothingToUndo(Refusal, frozen=True, kw_only=True):
    """The phase was not entered by hand, or too long ago."""

    run: int


class NoSuchPhase(Refusal, frozen=True, kw_only=True):
    """There is no such phase with groups in the script, or there were no groups in it yet."""

    phase: str


class NoSuchPlan(Refusal, frozen=True, kw_only=True):
    """There is no such version of a plan; the newest is `newest`, 0 when there is none."""

    version: int
    newest: int


class NotAMentor(Refusal, frozen=True, kw_only=True):
    """Nobody with this id is here as a mentor."""

    staff_id: Id


class GroupIsAccompanied(Refusal, frozen=True, kw_only=True):
    """Another mentor is with the group."""

    group_id: Id
    mentor_id: Id


class NotInAGroup(Refusal, frozen=True, kw_only=True):
    """The person sits in no group of the running phase."""

    participant_id: Id


class NotOnTheRoster(Refusal, frozen=True, kw_only=True):
    """Nobody with this id has a seat."""

    participant_id: Id


class NotServing(Refusal, frozen=True, kw_only=True):
    """Nobody with this id serves at the conference."""

    staff_id: Id


class PhaseHasChanged(Refusal, frozen=True, kw_only=True):
    """The command meant another phase than the present one; `phase` is None outside of phases."""

    run: int
    phase: str | None


class PhaseIsOver(Refusal, frozen=True, kw_only=True):
    """The phase lies behind the present one."""

    phase: str


class PlanIsFlawed(Refusal, frozen=True, kw_only=True):
    """A plan of groups broke a rule of seating and was not stored."""

    flaw: str


class RulesContradict(Refusal, frozen=True, kw_only=True):
    """These people would have to sit together, and cannot: they are more than three, or some are kept apart."""

    participant_ids: tuple[Id, ...]


class SessionIs(Refusal, frozen=True, kw_only=True):
    """The session is in a status in which the command has no meaning; None: it was never prepared."""

    status: str | None


class UnknownPhase(Refusal, frozen=True, kw_only=True):
    """The script has no phase with this key."""

    phase: str

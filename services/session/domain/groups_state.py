# SPDX-License-Identifier: Apache-2.0
"""The plan of groups that follows from what happened.

It remembers who met whom in which phase, so that later rounds bring new partners, and the last seating of every phase,
so that going back brings people back together.
"""

from collections.abc import Iterable, Mapping
from typing import assert_never

import msgspec

from services.chassis.decider import Sealed
from services.session.domain.groups_facts import (
    Draft,
    GroupLocked,
    GroupsEvent,
    GroupsPlaced,
    GroupsRecalled,
    MentorMoved,
    PersonMoved,
    PlanChosen,
    PlanDrafted,
    PlanWentLive,
    SeatingRuleDropped,
    SeatingRuleSet,
    TagsKept,
    TopicsKept,
    WishesKept,
)
from services.session.domain.script import GroupMode
from services.session.domain.seating import Group, Seating
from services.session.domain.seating_rules import SeatingRule

MOST_DRAFTS = 20
"""So many versions of plans can still go live; older ones are in the log."""

Pair = tuple[str, str]


class InPhase(msgspec.Struct, frozen=True, kw_only=True):
    """The groups of the running phase; `locked` ones keep their people, mentors have `left` some, the latest last."""

    run: int
    phase: str
    mode: GroupMode
    seating: Seating
    locked: frozenset[str] = frozenset()
    left: tuple[str, ...] = ()


class GroupPlan(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known about the groups of one conference.

    Args:
        generation: counts the changes of places.
        now: the groups of the running phase, None in the plenary.
        earlier: the last seating of each phase that had groups, by the phase's key, the latest last.
        met: in which phases two people sat together; the smaller id first.
        mentored: whom each mentor has accompanied.
        topics: the topics of the solutions phase.
        wishes: topics by person, the dearest first.
        needs, offers: sealed tags by person.
        plans: how many plans went live.
        rules: who must not, and who must, share a group.
        drafts: the newest versions of plans, the oldest first.
        chosen: the version that is to go live when its phase begins; None: the newest of that phase.
        live: the last version that went live.
        settled: the newest version there was when a phase's groups last went live, by the phase's key.
    """

    generation: int = 0
    now: InPhase | None = None
    earlier: dict[str, Seating] = {}
    met: dict[Pair, frozenset[str]] = {}
    mentored: dict[str, frozenset[str]] = {}
    topics: tuple[str, ...] = ()
    wishes: dict[str, tuple[str, ...]] = {}
    needs: dict[str, frozenset[Sealed]] = {}
    offers: dict[str, frozenset[Sealed]] = {}
    plans: int = 0
    rules: tuple[SeatingRule, ...] = ()
    drafts: tuple[Draft, ...] = ()
    chosen: int | None = None
    live: int = 0
    settled: dict[str, int] = {}

    def draft(self, version: int) -> Draft | None:
        """A version of a plan, None when there is none or it was forgotten."""
        return next((draft for draft in self.drafts if draft.version == version), None)

    def draft_for(self, phase: str) -> Draft | None:
        """What is to go live when a phase begins: the chosen version, else the newest that was drafted since one of
        this phase went live; None when nothing was drafted."""
        chosen = None if self.chosen is None else self.draft(self.chosen)
        if chosen is not None and chosen.phase == phase:
            return chosen
        newer = (draft for draft in reversed(self.drafts) if draft.version > self.settled.get(phase, 0))
        return next((draft for draft in newer if draft.phase == phase), None)

    def times_met(self, one: str, other: str, besides: str | None = None) -> int:
        """In how many phases two people sat together; the phase `besides` is not counted."""
        phases = self.met.get(pair(one, other), frozenset())
        return len(phases) - (besides in phases)


def pair(one: str, other: str) -> Pair:
    """Two people as a key, whatever their order."""
    return (one, other) if one < other else (other, one)


def evolve(plan: GroupPlan, event: GroupsEvent) -> GroupPlan:
    """The plan after an event."""
    match event:
        case GroupsPlaced():
            seating = Seating(groups=event.groups, with_moderator=event.with_moderator, spare=event.spare)
            before = plan.now if plan.now is not None and plan.now.run == event.run else None
            phase = InPhase(run=event.run, phase=event.phase, mode=event.mode, seating=seating)
            if before is not None:
                phase = msgspec.structs.replace(phase, locked=before.locked, left=before.left)
            first = before is None
            return msgspec.structs.replace(
                _seated(plan, phase, event.generation, event.groups), plans=plan.plans + first
            )
        case PersonMoved():
            return _changed(plan, event.generation, _person_moved(plan, event), event.group_id)
        case MentorMoved():
            return _changed(_left(plan, event), event.generation, _mentor_moved(plan, event), event.group_id)
        case GroupsRecalled():
            return msgspec.structs.replace(plan, generation=event.generation, now=None)
        case TopicsKept():
            return msgspec.structs.replace(plan, topics=event.topics)
        case WishesKept():
            return msgspec.structs.replace(plan, wishes=event.ranks)
        case TagsKept():
            field = "needs" if event.kind == "NEED" else "offers"
            known: Mapping[str, frozenset[Sealed]] = getattr(plan, field)
            tags = known.get(event.participant_id, frozenset()) | frozenset(event.tags)
            return msgspec.structs.replace(plan, **{field: {**known, event.participant_id: tags}})
        case PlanDrafted():
            return msgspec.structs.replace(plan, drafts=(*plan.drafts, event.draft)[-MOST_DRAFTS:])
        case PlanChosen():
            return msgspec.structs.replace(plan, chosen=event.version)
        case PlanWentLive():
            gone_live = plan.draft(event.version)
            settled = {} if gone_live is None else {gone_live.phase: plan.drafts[-1].version}
            return msgspec.structs.replace(plan, chosen=None, live=event.version, settled={**plan.settled, **settled})
        case SeatingRuleSet():
            return msgspec.structs.replace(plan, rules=(*plan.rules, event.rule))
        case SeatingRuleDropped():
            return msgspec.structs.replace(plan, rules=tuple(rule for rule in plan.rules if rule != event.rule))
        case GroupLocked():
            assert plan.now is not None  # noqa: S101 -- groups are locked in running phases only
            here = frozenset((event.group_id,))
            locked = plan.now.locked | here if event.locked else plan.now.locked - here
            return msgspec.structs.replace(plan, now=msgspec.structs.replace(plan.now, locked=locked))
    assert_never(event)


def move_person(seating: Seating, event: PersonMoved) -> Seating:
    """The seating after one person moved; a group that nobody is left in is closed."""
    who = event.participant_id
    groups = []
    for group in seating.groups:
        members = tuple(person for person in group.members if person != who)
        if group.group_id == event.group_id:
            members = (*members, who)
        groups.append(msgspec.structs.replace(group, members=members) if members != group.members else group)
    rest = tuple(person for person in seating.with_moderator if person != who)
    stays = event.group_id is None and not event.gone
    closed = [group.mentor_id for group in groups if not group.members and group.mentor_id]
    return Seating(
        groups=tuple(group for group in groups if group.members),
        with_moderator=(*rest, who) if stays else rest,
        spare=(*seating.spare, *closed),
    )


def move_mentor(seating: Seating, event: MentorMoved) -> Seating:
    """The seating after one mentor moved."""
    who = event.mentor_id
    groups = []
    for group in seating.groups:
        mentor = None if group.mentor_id == who else group.mentor_id
        mentor = who if group.group_id == event.group_id else mentor
        groups.append(msgspec.structs.replace(group, mentor_id=mentor) if mentor != group.mentor_id else group)
    rest = tuple(mentor for mentor in seating.spare if mentor != who)
    spare = event.group_id is None and not event.gone
    return Seating(groups=tuple(groups), with_moderator=seating.with_moderator, spare=(*rest, who) if spare else rest)


def _person_moved(plan: GroupPlan, event: PersonMoved) -> Seating:
    assert plan.now is not None  # noqa: S101 -- people move in running phases only
    return move_person(plan.now.seating, event)


def _mentor_moved(plan: GroupPlan, event: MentorMoved) -> Seating:
    assert plan.now is not None  # noqa: S101 -- mentors move in running phases only
    return move_mentor(plan.now.seating, event)


def _left(plan: GroupPlan, event: MentorMoved) -> GroupPlan:
    assert plan.now is not None  # noqa: S101 -- see above
    before = plan.now.seating.mentors().get(event.mentor_id)
    if before is None or before == event.group_id:
        return plan
    left = (*(group for group in plan.now.left if group != before), before)
    return msgspec.structs.replace(plan, now=msgspec.structs.replace(plan.now, left=left))


def _changed(plan: GroupPlan, generation: int, seating: Seating, group_id: str | None) -> GroupPlan:
    assert plan.now is not None  # noqa: S101 -- see above
    phase = msgspec.structs.replace(plan.now, seating=seating)
    return _seated(plan, phase, generation, [group for group in seating.groups if group.group_id == group_id])


def _seated(plan: GroupPlan, phase: InPhase, generation: int, new: Iterable[Group]) -> GroupPlan:
    met, mentored = dict(plan.met), dict(plan.mentored)
    nobody: frozenset[str] = frozenset()
    for group in new:
        for place, one in enumerate(group.members):
            for other in group.members[:place]:
                key = pair(one, other)
                met[key] = met.get(key, nobody) | {phase.phase}
        if group.mentor_id is not None:
            mentored[group.mentor_id] = mentored.get(group.mentor_id, nobody).union(group.members)
    earlier = {key: seating for key, seating in plan.earlier.items() if key != phase.phase}
    return msgspec.structs.replace(
        plan,
        generation=generation,
        now=phase,
        earlier={**earlier, phase.phase: phase.seating},
        met=met,
        mentored=mentored,
    )

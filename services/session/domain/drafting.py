# SPDX-License-Identifier: Apache-2.0
"""Plans before they go live: drafted in versions, looked at, and used.

Between a draft and its phase people come and go: what goes live is the draft, repaired for those who are here.
"""

import msgspec

from services.chassis.decider import Refusal
from services.session.domain.groups_changes import REPAIRED, placed, settled
from services.session.domain.groups_commands import DraftPlan, DraftPlanAgain, PlaceDraft, UseDraft
from services.session.domain.groups_facts import Draft, GroupsEvent, PlanChosen, PlanDrafted, PlanWentLive
from services.session.domain.groups_refusals import NoSuchPhase, NoSuchPlan, PlanIsFlawed
from services.session.domain.groups_state import GroupPlan, InPhase
from services.session.domain.mentoring import spread
from services.session.domain.seating import Seating, flaw, without
from services.session.domain.seating_rules import Rules


def draft_plan(plan: GroupPlan, command: DraftPlan) -> list[GroupsEvent] | Refusal:
    """The next version, whole and by the rules."""
    named = Seating(groups=command.groups)
    found = flaw(named, Rules(plan.rules) if command.by_hand else Rules())
    if found is not None:
        return PlanIsFlawed(flaw=found)
    pinned = frozenset(named.people()) if command.by_hand else frozenset()
    phase = InPhase(run=0, phase=command.phase, mode=command.mode, seating=_of_those_here(named, command.present))
    coming = _missing(phase.seating, command.present)
    seating = settled(plan, phase, coming, command.new_ids, pinned=pinned)
    if seating.with_moderator and pinned:
        # Who was named is not here, and what is left of their group finds no place unless others move as well.
        seating = settled(plan, phase, coming, command.new_ids)
    return [_drafted(plan, phase, seating, command.seed, command.algorithm)]


def draft_plan_again(plan: GroupPlan, command: DraftPlanAgain) -> list[GroupsEvent] | Refusal:
    """The next version, as the groups of an earlier phase were in the end."""
    if command.like not in plan.earlier:
        return NoSuchPhase(phase=command.like)
    earlier = _of_those_here(plan.earlier[command.like], command.present)
    phase = InPhase(run=0, phase=command.phase, mode=command.mode, seating=earlier)
    seating = settled(plan, phase, _missing(earlier, command.present), command.new_ids)
    return [_drafted(plan, phase, seating, 0, REPAIRED)]


def use_draft(plan: GroupPlan, command: UseDraft) -> list[GroupsEvent] | Refusal:
    """A version that is live already, or chosen already, stays so."""
    draft = plan.draft(command.version)
    if draft is None:
        return NoSuchPlan(version=command.version, newest=plan.drafts[-1].version if plan.drafts else 0)
    if plan.now is None or plan.now.phase != draft.phase:
        return [] if plan.chosen == draft.version else [PlanChosen(version=draft.version)]
    now = msgspec.structs.replace(plan.now, locked=frozenset())
    return _live(plan, draft, now, command)


def place_draft(plan: GroupPlan, command: PlaceDraft) -> list[GroupsEvent]:
    """A run is placed once."""
    if plan.now is not None and plan.now.run == command.run:
        return []
    draft = command.draft
    phase = InPhase(run=command.run, phase=draft.phase, mode=draft.mode, seating=Seating(groups=()))
    return _live(plan, draft, phase, command)


def _live(plan: GroupPlan, draft: Draft, phase: InPhase, command: UseDraft | PlaceDraft) -> list[GroupsEvent]:
    drafted = Seating(groups=draft.groups, with_moderator=draft.with_moderator)
    here = _of_those_here(drafted, command.present)
    bare = msgspec.structs.replace(phase, mode=draft.mode, seating=here)
    seating = settled(plan, bare, _missing(here, command.present), command.new_ids)
    whole_phase = msgspec.structs.replace(bare, seating=seating)
    live = msgspec.structs.replace(whole_phase, seating=spread(plan, whole_phase, command.mentors))
    if plan.now is not None and plan.now.run == phase.run and plan.now.seating == live.seating:
        return []
    whole = seating.groups == draft.groups
    algorithm = draft.algorithm if whole else f"{draft.algorithm}+{REPAIRED}"
    return [PlanWentLive(version=draft.version), placed(plan, live, draft.seed, algorithm, again=False)]


def _drafted(plan: GroupPlan, phase: InPhase, seating: Seating, seed: int, algorithm: str) -> PlanDrafted:
    version = (plan.drafts[-1].version if plan.drafts else 0) + 1
    return PlanDrafted(
        draft=Draft(
            version=version,
            phase=phase.phase,
            mode=phase.mode,
            groups=seating.groups,
            with_moderator=seating.with_moderator,
            seed=seed,
            algorithm=algorithm,
        )
    )


def _of_those_here(seating: Seating, present: tuple[str, ...]) -> Seating:
    """Who is here of a seating, without mentors."""
    absent = [person for person in seating.people() if person not in present]
    return without(seating, [*absent, *seating.mentors()])


def _missing(seating: Seating, present: tuple[str, ...]) -> list[str]:
    known = frozenset(seating.people())
    return [person for person in dict.fromkeys(present) if person not in known]

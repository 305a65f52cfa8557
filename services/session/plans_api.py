# SPDX-License-Identifier: Apache-2.0
"""Plans of groups before they go live: computed or set by hand, looked at in versions, used."""

from uuid import uuid4

import msgspec

from services.chassis.api import Api, Context, Decide, role
from services.chassis.decider import Refusal
from services.chassis.decisions import Step
from services.contracts import session as asked
from services.session.domain.groups import GROUPS
from services.session.domain.groups_commands import DraftPlan, DraftPlanAgain, UseDraft
from services.session.domain.groups_refusals import NoSuchPhase
from services.session.domain.groups_state import GroupPlan
from services.session.domain.roster import ROSTER
from services.session.domain.roster_commands import NotOnTheRoster
from services.session.domain.seating import Group
from services.session.domain.session import SESSION
from services.session.domain.session_state import groups_phase
from services.session.planning import computed, like_of, new_ids_for, seed_of
from services.session.readmodel.places import group_placed

BY_HAND = "by-hand"


def register(api: Api) -> None:
    """Adds what this module answers to the table of contents."""
    api.command(asked.PrepareGroups, needs=role("moderator", "deputy"))(prepare_groups)
    api.command(asked.DraftGroups, needs=role("moderator", "deputy"))(draft_groups)
    api.command(asked.UseGroupPlan, needs=role("moderator", "deputy"))(use_group_plan)
    api.query(asked.GetGroupPlans, needs=role("moderator", "deputy", "organiser", "service"))(get_group_plans)


async def prepare_groups(request: asked.PrepareGroups, ctx: Context) -> Decide | Refusal:
    """Computes the next version for those who are here."""
    conference = request.conference_id
    phase = groups_phase((await ctx.load(SESSION, conference)).state, request.phase)
    if phase is None:
        return NoSuchPhase(phase=request.phase)
    if request.mode is not None:
        phase = msgspec.structs.replace(phase, group_mode=request.mode)
    mode = phase.group_mode or "mix"
    plan, roster = (await ctx.load(GROUPS, conference)).state, (await ctx.load(ROSTER, conference)).state
    present = roster.residents_present()
    like = request.like or like_of(phase, plan)
    if like is not None:
        again = DraftPlanAgain(
            phase=request.phase,
            like=like,
            mode=mode,
            present=present,
            new_ids=new_ids_for(len(present)),
            now=ctx.now,
        )
        return Decide(Step(GROUPS, conference, again, conference))
    seed = seed_of(conference, f"draft {_newest(plan) + 1}")
    groups, algorithm = await computed(ctx, plan, roster, mode, phase.group_size, seed)
    command = DraftPlan(
        phase=request.phase,
        mode=mode,
        groups=groups,
        present=present,
        seed=seed,
        algorithm=algorithm,
        by_hand=False,
        new_ids=new_ids_for(len(present)),
        now=ctx.now,
    )
    return Decide(Step(GROUPS, conference, command, conference))


async def draft_groups(request: asked.DraftGroups, ctx: Context) -> Decide | Refusal:
    """Keeps groups as they were set by hand."""
    conference = request.conference_id
    phase = groups_phase((await ctx.load(SESSION, conference)).state, request.phase)
    if phase is None:
        return NoSuchPhase(phase=request.phase)
    roster = (await ctx.load(ROSTER, conference)).state
    for one in (one for group in request.groups for one in group.participant_ids):
        if one not in roster.seats:
            return NotOnTheRoster(participant_id=one)
    present = roster.residents_present()
    groups = tuple(
        Group(group_id=uuid4().hex, number=number, members=group.participant_ids)
        for number, group in enumerate(request.groups, start=1)
    )
    command = DraftPlan(
        phase=request.phase,
        mode=phase.group_mode or "mix",
        groups=groups,
        present=present,
        seed=0,
        algorithm=BY_HAND,
        by_hand=True,
        new_ids=new_ids_for(len(present)),
        now=ctx.now,
    )
    return Decide(Step(GROUPS, conference, command, conference))


async def use_group_plan(request: asked.UseGroupPlan, ctx: Context) -> Decide:
    """Goes live with a version; nothing is stored while somebody comes or goes."""
    conference = request.conference_id
    roster = await ctx.load(ROSTER, conference)
    present, mentors = roster.state.residents_present(), roster.state.mentors_present()
    command = UseDraft(
        version=request.version,
        present=present,
        mentors=mentors,
        new_ids=new_ids_for(len(present)),
        now=ctx.now,
    )
    return Decide(Step(GROUPS, conference, command, conference, guards=(roster,)))


async def get_group_plans(request: asked.GetGroupPlans, ctx: Context) -> asked.GroupPlansView:
    """The versions that can go live."""
    plan = (await ctx.load(GROUPS, request.conference_id)).state
    plans = tuple(
        asked.GroupPlanView(
            version=draft.version,
            phase=draft.phase,
            mode=draft.mode,
            groups=tuple(group_placed(group, locked=False) for group in draft.groups),
            with_moderator=draft.with_moderator,
            seed=draft.seed,
            algorithm=draft.algorithm,
            chosen=plan.draft_for(draft.phase) == draft,
        )
        for draft in plan.drafts
    )
    return asked.GroupPlansView(plans=plans, live=plan.live)


def _newest(plan: GroupPlan) -> int:
    return plan.drafts[-1].version if plan.drafts else 0

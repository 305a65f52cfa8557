# SPDX-License-Identifier: Apache-2.0
"""Who may vote, write, call and look in a conference. The gateway checks too; the service does not rely on it."""

from typing import Any, Final

from services.chassis.api import Context
from services.chassis.decider import Refusal
from services.chassis.identity import Actor
from services.chassis.refusals import NotAllowed
from services.session.domain.code import CodeNotAccepted
from services.session.domain.groups import GROUPS
from services.session.domain.groups_state import InPhase
from services.session.domain.roster import ROSTER
from services.session.domain.session_commands import By

STAFF_ROLES: Final = ("organiser", "moderator", "deputy", "mentor")


def is_staff(actor: Actor, conference: str | None) -> bool:
    """Whether they work for this conference, or are a service."""
    return actor.kind == "service" or any(actor.holds(role, conference) for role in STAFF_ROLES)


def acting(ctx: Context) -> By:
    """Who drives the clock, and as what: those with several roles act in the one closest to the evening."""
    actor, conference = ctx.actor, ctx.conference
    if actor.holds("moderator", conference):
        return By(id=actor.id, role="moderator")
    if actor.holds("organiser", conference):
        return By(id=actor.id)
    return By(id=actor.id, role="deputy")


def staff_of_conference(request: Any, actor: Actor) -> bool:
    """Staff of the conference a request is about; a `needs` of `Api`."""
    return is_staff(actor, request.conference)


async def may_answer(ctx: Context, conference: str) -> Refusal | None:
    """Residents with a seat answer the survey, from home too; staff, guests and people who were shut out do not."""
    roster = (await ctx.load(ROSTER, conference)).state
    person = ctx.actor.id
    resident = ctx.actor.kind == "resident" and person in roster.seats and person not in roster.staff
    return None if resident and roster.may_come(person) else NotAllowed(needs="a seat as a resident")


async def may_vote(ctx: Context, conference: str) -> Refusal | None:
    """Whoever may answer votes, standbys once they have a seat, when they have accepted the code of conduct."""
    person = ctx.actor.id
    accepted = (await ctx.load(ROSTER, conference)).state.has_accepted(person)
    return await may_answer(ctx, conference) or (None if accepted else CodeNotAccepted(participant_id=person))


async def may_see(ctx: Context, conference: str) -> Refusal | None:
    """Staff, guests of the conference, and residents who belong to it."""
    if is_staff(ctx.actor, conference) or any(grant.scope == conference for grant in ctx.actor.grants):
        return None
    roster = (await ctx.load(ROSTER, conference)).state
    return None if ctx.actor.kind == "resident" and roster.may_come(ctx.actor.id) else NotAllowed(needs="a seat")


async def group_of(ctx: Context, conference: str) -> str | None:
    """The running group in which the actor sits, or which they accompany; None: none."""
    now = await _in_groups(ctx, conference)
    if now is None:
        return None
    return {**now.seating.mentors(), **now.seating.places()}.get(ctx.actor.id)


async def groups_now(ctx: Context, conference: str) -> frozenset[str]:
    """The ids of the running groups."""
    now = await _in_groups(ctx, conference)
    return frozenset(() if now is None else (group.group_id for group in now.seating.groups))


async def _in_groups(ctx: Context, conference: str) -> InPhase | None:
    return (await ctx.load(GROUPS, conference)).state.now

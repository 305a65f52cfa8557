# SPDX-License-Identifier: Apache-2.0
"""How help is called, given and shown, and what happens to a call by itself."""

from collections.abc import Sequence
from uuid import uuid4

from services.chassis.api import Api, Context, Decide
from services.chassis.decider import Refusal
from services.chassis.decisions import Decided, Step
from services.chassis.refusals import NotAllowed, NotFound
from services.chassis.timers import TimerContext, Timers
from services.contracts import session as asked
from services.session.access import group_of, is_staff, may_see, staff_of_conference
from services.session.adapters.keys import seal_as_author
from services.session.domain.help import (
    HELP,
    ClaimHelp,
    EnterGroup,
    HandOverHelp,
    HelpCalls,
    PoolHelp,
    RequestHelp,
    ResolveHelp,
)
from services.session.domain.roster import ROSTER
from services.session.domain.roster_commands import NotServing
from services.session.readmodel.help import HELP_CALLS, HelpCallsOfConference
from services.session.readmodel.help_timers import PoolDue, StaffCame

HOSTS = ("moderator", "deputy", "organiser")


def register(api: Api) -> None:
    """Adds what this module answers to the table of contents."""
    api.command(asked.RequestHelp)(request_help)
    api.command(asked.ClaimHelp, needs=staff_of_conference)(claim_help)
    api.command(asked.HandOverHelp, needs=staff_of_conference)(hand_over_help)
    api.command(asked.ResolveHelp)(resolve_help)
    api.query(asked.GetHelp, needs=staff_of_conference)(get_help)


def register_timers(timers: Timers) -> None:
    """What happens to calls by itself."""
    timers.due(PoolDue)(when_nobody_came_in_time_tell_the_pool)
    timers.due(StaffCame)(when_staff_came_to_a_group_its_call_is_answered)


async def request_help(request: asked.RequestHelp, ctx: Context) -> Decide | Refusal:
    """Calls staff to the group of the person, or to the person."""
    conference, person = request.conference_id, ctx.actor.id
    refusal = await may_see(ctx, conference)
    if refusal is not None:
        return refusal
    group_id = await group_of(ctx, conference)
    reason = None if request.reason is None else await seal_as_author(ctx, conference, request.reason)
    command = RequestHelp(call_id=uuid4().hex, asked_by=person, group_id=group_id, reason=reason, now=ctx.now)

    def answer(decided: Sequence[Decided]) -> asked.HelpCallAnswer:
        calls: HelpCalls = decided[0].state
        return asked.HelpCallAnswer(call_id=calls.waiting(group_id or person) or command.call_id)

    return Decide(Step(HELP, conference, command, conference), answer=answer)


async def claim_help(request: asked.ClaimHelp, ctx: Context) -> Decide | Refusal:
    """Gives the call to the first of the staff who takes it."""
    conference, call_id = request.conference_id, request.call_id
    calls = (await ctx.load(HELP, conference)).state.calls
    if call_id not in calls:
        return NotFound(what="help call", id=call_id)
    return Decide(Step(HELP, conference, ClaimHelp(call_id=call_id, by=ctx.actor.id, now=ctx.now), conference))


async def hand_over_help(request: asked.HandOverHelp, ctx: Context) -> Decide | Refusal:
    """Gives a call to somebody who serves here, or back; what others have, only those who lead give away."""
    conference, call_id, to = request.conference_id, request.call_id, request.to
    if call_id not in (await ctx.load(HELP, conference)).state.calls:
        return NotFound(what="help call", id=call_id)
    if to is not None and to != ctx.actor.id and not (await ctx.load(ROSTER, conference)).state.serves(to):
        return NotServing(staff_id=to)
    leads = any(ctx.actor.holds(role, conference) for role in HOSTS)
    command = HandOverHelp(call_id=call_id, by=ctx.actor.id, leads=leads, to=to, now=ctx.now)
    return Decide(Step(HELP, conference, command, conference))


async def resolve_help(request: asked.ResolveHelp, ctx: Context) -> Decide | Refusal:
    """Ends a call, by staff or by who made it."""
    conference, call_id = request.conference_id, request.call_id
    staff = is_staff(ctx.actor, conference)
    call = (await ctx.load(HELP, conference)).state.calls.get(call_id)
    if call is None:
        return NotFound(what="help call", id=call_id) if staff else NotAllowed(needs="staff, or who asked")
    if not staff and call.asked_by != ctx.actor.id:
        return NotAllowed(needs="staff, or who asked")
    return Decide(Step(HELP, conference, ResolveHelp(call_id=call_id, by=ctx.actor.id, now=ctx.now), conference))


async def get_help(request: asked.GetHelp, ctx: Context) -> asked.HelpView:
    """All calls of the evening with their reasons, for staff."""
    conference = request.conference_id
    document = await HELP_CALLS.get(ctx.db, conference) or HelpCallsOfConference()
    sealed = {call.call_id: call.reason for call in document.calls if call.reason is not None}
    opened = await ctx.keys.open_many(list(sealed.values())) if sealed else []
    reasons = dict(zip(sealed, opened, strict=True))
    return asked.HelpView(
        conference_id=conference,
        calls=tuple(
            asked.HelpCallView(
                call_id=call.call_id,
                group_id=call.group_id,
                asked_by=call.asked_by,
                reason=reasons.get(call.call_id),
                asked_at=call.asked_at,
                claimed_by=call.claimed_by,
                resolved=call.resolved,
                pooled_at=call.pooled_at,
                claimed_at=call.claimed_at,
                resolved_at=call.resolved_at,
            )
            for call in document.calls
        ),
    )


# By itself ------------------------------------------------------------------------------------------------------


async def when_nobody_came_in_time_tell_the_pool(due: PoolDue, ctx: TimerContext) -> Sequence[Step]:
    """Nothing happens when somebody has the call meanwhile."""
    return [Step(HELP, due.conference_id, PoolHelp(call_id=due.call_id, now=ctx.now), due.conference_id)]


async def when_staff_came_to_a_group_its_call_is_answered(due: StaffCame, ctx: TimerContext) -> Sequence[Step]:
    """Whoever took it."""
    command = EnterGroup(group_id=due.group_id, by=due.staff_id, came_at=due.came_at, now=ctx.now)
    return [Step(HELP, due.conference_id, command, due.conference_id)]

# SPDX-License-Identifier: Apache-2.0
"""Who is here and where everybody sits: groups, presence, exclusion."""

from services.chassis.api import Api, Context, Decide, role
from services.chassis.contract import Done
from services.chassis.decider import Refusal
from services.chassis.decisions import Step
from services.chassis.identity import Actor
from services.contracts import session as asked
from services.session.access import may_see
from services.session.adapters.presence import BOOK, note_report
from services.session.domain.groups import GROUPS, MovePerson
from services.session.domain.roster import ROSTER, ExcludeParticipant, ReadmitParticipant
from services.session.placing import arrival, leave
from services.session.readmodel.places import GROUPINGS, PRESENCE, GroupsNow, WhoIsHere
from services.session.settings import SessionSettings


def register(api: Api) -> None:
    """Adds what this module answers to the table of contents."""
    api.command(asked.MoveParticipant, needs=role("moderator", "deputy"))(move_participant)
    api.command(asked.ReportPresence, needs=gateway)(report_presence)
    api.command(asked.ExcludeParticipant, needs=role("moderator", "deputy", "organiser"))(exclude_participant)
    api.command(asked.ReadmitParticipant, needs=role("moderator", "deputy", "organiser"))(readmit_participant)
    api.query(asked.GetGroups)(get_groups)
    api.query(asked.GetPresence)(get_presence)


def gateway(_: asked.ReportPresence, actor: Actor) -> bool:
    """Services alone, that is the gateway: nobody reports other people's presence."""
    return actor.kind == "service"


async def move_participant(request: asked.MoveParticipant, ctx: Context) -> Decide:
    """Puts one person into another running group."""
    command = MovePerson(participant_id=request.participant_id, group_id=request.group_id, now=ctx.now)
    return Decide(Step(GROUPS, request.conference_id, command, request.conference_id))


async def report_presence(request: asked.ReportPresence, ctx: Context) -> Decide | Done:
    """Who comes is present at once; who has left is found out later, by `presence_loop`."""
    conference = request.conference_id
    BOOK.report(conference, request.participants)
    grace = ctx.settings.presence_grace if isinstance(ctx.settings, SessionSettings) else 15.0
    if BOOK.worth_noting(conference, grace):
        await note_report(ctx.db, conference)
    steps = await arrival(ctx, conference, request.participants, request.visiting)
    return Decide(*steps) if steps else Done()


async def exclude_participant(request: asked.ExcludeParticipant, ctx: Context) -> Decide:
    """Shuts a resident out of the conference and takes their place in a group."""
    conference, who = request.conference_id, request.participant_id
    command = ExcludeParticipant(participant_id=who, code=request.code, by=ctx.actor.id, now=ctx.now)
    return Decide(Step(ROSTER, conference, command, conference), leave(ctx, conference, [who]))


async def readmit_participant(request: asked.ReadmitParticipant, ctx: Context) -> Decide:
    """Lets a resident come back."""
    command = ReadmitParticipant(participant_id=request.participant_id, now=ctx.now)
    return Decide(Step(ROSTER, request.conference_id, command, request.conference_id))


async def get_groups(request: asked.GetGroups, ctx: Context) -> asked.GroupsView | Refusal:
    """Who sits where now."""
    refusal = await may_see(ctx, request.conference_id)
    if refusal is not None:
        return refusal
    found = await GROUPINGS.get(ctx.db, request.conference_id)
    return (found or GroupsNow()).answer(request.conference_id)


async def get_presence(request: asked.GetPresence, ctx: Context) -> asked.PresenceView | Refusal:
    """Who has a seat and who is here."""
    refusal = await may_see(ctx, request.conference_id)
    if refusal is not None:
        return refusal
    return (await PRESENCE.get(ctx.db, request.conference_id) or WhoIsHere()).answer(request.conference_id)

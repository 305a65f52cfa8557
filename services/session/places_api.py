# SPDX-License-Identifier: Apache-2.0
"""Who is here and where everybody sits: groups and presence."""

from uuid import uuid4

import msgspec

from services.chassis.api import Api, Context, Decide, role
from services.chassis.contract import Done
from services.chassis.decider import Refusal
from services.chassis.decisions import Step
from services.chassis.identity import Actor
from services.chassis.refusals import NotAllowed
from services.contracts import session as asked
from services.contracts.shared import LocalText
from services.session.access import is_staff, may_see
from services.session.adapters.presence import BOOK, note_report
from services.session.domain.groups import GROUPS
from services.session.domain.groups_commands import (
    AccompanyGroup,
    KeepPeople,
    LockGroup,
    MergeGroups,
    MovePerson,
    SplitGroup,
    SwapPeople,
)
from services.session.domain.help import HELP
from services.session.domain.roster import ROSTER
from services.session.domain.roster_commands import NotOnTheRoster
from services.session.domain.seating_rules import SeatingRule
from services.session.domain.session import SESSION
from services.session.domain.session_state import groups_phase
from services.session.placing import arrival
from services.session.readmodel.places import GROUPINGS, PRESENCE, GroupsNow, WhoIsHere
from services.session.readmodel.readiness import READY, Readiness
from services.session.readmodel.sessions import SESSIONS
from services.session.settings import SessionSettings


def register(api: Api) -> None:
    """Adds what this module answers to the table of contents."""
    api.command(asked.MoveParticipant, needs=role("moderator", "deputy"))(move_participant)
    api.command(asked.SwapParticipants, needs=role("moderator", "deputy"))(swap_participants)
    api.command(asked.LockGroup, needs=role("moderator", "deputy"))(lock_group)
    api.command(asked.MergeGroups, needs=role("moderator", "deputy"))(merge_groups)
    api.command(asked.AccompanyGroup, needs=role("moderator", "deputy", "mentor"))(accompany_group)
    api.command(asked.SplitGroup, needs=role("moderator", "deputy"))(split_group)
    api.command(asked.KeepParticipants, needs=role("moderator", "deputy", "organiser"))(keep_participants)
    api.command(asked.ReportPresence, needs=gateway)(report_presence)
    api.query(asked.GetGroups)(get_groups)
    api.query(asked.GetSeatingRules, needs=role("moderator", "deputy", "organiser", "service"))(get_seating_rules)
    api.query(asked.GetPresence)(get_presence)


def gateway(_: asked.ReportPresence, actor: Actor) -> bool:
    """Services alone, that is the gateway: nobody reports other people's presence."""
    return actor.kind == "service"


async def move_participant(request: asked.MoveParticipant, ctx: Context) -> Decide:
    """Puts one person into another running group."""
    command = MovePerson(participant_id=request.participant_id, group_id=request.group_id, now=ctx.now)
    return Decide(Step(GROUPS, request.conference_id, command, request.conference_id))


async def swap_participants(request: asked.SwapParticipants, ctx: Context) -> Decide:
    """Lets two people exchange their places."""
    command = SwapPeople(one=request.participant_id, other=request.other_participant_id, now=ctx.now)
    return Decide(Step(GROUPS, request.conference_id, command, request.conference_id))


async def lock_group(request: asked.LockGroup, ctx: Context) -> Decide:
    """Lets a group keep its people, or no longer."""
    command = LockGroup(group_id=request.group_id, locked=request.locked, now=ctx.now)
    return Decide(Step(GROUPS, request.conference_id, command, request.conference_id))


async def merge_groups(request: asked.MergeGroups, ctx: Context) -> Decide:
    """Closes a group in favour of another one."""
    command = MergeGroups(group_id=request.group_id, into=request.into_group_id, now=ctx.now)
    return Decide(Step(GROUPS, request.conference_id, command, request.conference_id))


async def accompany_group(request: asked.AccompanyGroup, ctx: Context) -> Decide | Refusal:
    """Lets a mentor go on to another group; others than themselves, only who moderates sends."""
    conference, mentor = request.conference_id, request.mentor_id or ctx.actor.id
    if mentor != ctx.actor.id and not any(ctx.actor.holds(one, conference) for one in ("moderator", "deputy")):
        return NotAllowed(needs="the mentor, or who moderates")
    calling = (await ctx.load(HELP, conference)).state.calling()
    command = AccompanyGroup(mentor_id=mentor, group_id=request.group_id, calling=calling, now=ctx.now)
    return Decide(Step(GROUPS, conference, command, conference))


async def split_group(request: asked.SplitGroup, ctx: Context) -> Decide:
    """Lets people of a group begin one of their own."""
    command = SplitGroup(
        group_id=request.group_id, participants=request.participant_ids, new_id=uuid4().hex, now=ctx.now
    )
    return Decide(Step(GROUPS, request.conference_id, command, request.conference_id))


async def keep_participants(request: asked.KeepParticipants, ctx: Context) -> Decide | Refusal:
    """Keeps people with a seat apart or together, or no longer."""
    conference, people = request.conference_id, tuple(sorted(set(request.participant_ids)))
    seats = (await ctx.load(ROSTER, conference)).state.seats
    for one in people:
        if request.kept and one not in seats:
            return NotOnTheRoster(participant_id=one)
    rule = SeatingRule(kind=request.kind, people=people)
    new_ids = tuple(uuid4().hex for _ in range(len(seats) // 3 + 1))
    command = KeepPeople(rule=rule, kept=request.kept, new_ids=new_ids, now=ctx.now)
    return Decide(Step(GROUPS, conference, command, conference))


async def report_presence(request: asked.ReportPresence, ctx: Context) -> Decide | Done:
    """Who comes is present at once; who has left is found out later, by `presence_loop`."""
    conference = request.conference_id
    BOOK.report(conference, request.participants)
    grace = ctx.settings.presence_grace if isinstance(ctx.settings, SessionSettings) else 15.0
    if BOOK.worth_noting(conference, grace):
        await note_report(ctx.db, conference)
    steps = await arrival(ctx, conference, request.participants, request.visiting)
    return Decide(*steps) if steps else Done()


async def get_groups(request: asked.GetGroups, ctx: Context) -> asked.GroupsView | Refusal:
    """Who sits where now."""
    refusal = await may_see(ctx, request.conference_id)
    if refusal is not None:
        return refusal
    found = await GROUPINGS.get(ctx.db, request.conference_id) or GroupsNow()
    phase = groups_phase((await ctx.load(SESSION, request.conference_id)).state, found.phase)
    steps = () if phase is None else tuple(LocalText(de=step.de, en=step.en) for step in phase.steps)
    return found.answer(request.conference_id, steps)


async def get_seating_rules(request: asked.GetSeatingRules, ctx: Context) -> asked.SeatingRulesView:
    """Who is kept apart, or together."""
    plan = (await ctx.load(GROUPS, request.conference_id)).state
    rules = (asked.SeatingRuleView(kind=rule.kind, participant_ids=rule.people) for rule in plan.rules)
    return asked.SeatingRulesView(rules=tuple(rules))


async def get_presence(request: asked.GetPresence, ctx: Context) -> asked.PresenceView | Refusal:
    """Who has a seat and who is here."""
    refusal = await may_see(ctx, request.conference_id)
    if refusal is not None:
        return refusal
    conference = request.conference_id
    here = await PRESENCE.get(ctx.db, conference) or WhoIsHere()
    shown = here.answer(conference, await _readiness(ctx, conference, here))
    if is_staff(ctx.actor, conference):
        return shown
    # What staff did about others is nobody's business.
    return msgspec.structs.replace(shown, conduct=tuple(c for c in shown.conduct if c.participant_id == ctx.actor.id))


async def _readiness(ctx: Context, conference: str, here: WhoIsHere) -> asked.ReadinessView:
    """Of the groups that run, or else of the residents who are here."""
    seating = (await GROUPINGS.get(ctx.db, conference) or GroupsNow()).seating
    evening = await SESSIONS.get(ctx.db, conference)
    groups = [group.group_id for group in seating.groups]
    people = [one for one in here.seated if one in here.present and one not in here.staff]
    said = await READY.get(ctx.db, conference) or Readiness()
    return said.counts(evening.run if evening is not None else 0, groups or people, groups)

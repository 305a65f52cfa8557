# SPDX-License-Identifier: Apache-2.0
"""How the evening is led: phases, their clock, and what everybody sees of it."""

from typing import TypeAlias

from services.chassis.api import Api, Context, Decide, role
from services.chassis.decider import Refusal
from services.chassis.decisions import Envelope, Step, request_hash
from services.chassis.refusals import NotFound
from services.contracts import session as asked
from services.session.access import STAFF_ROLES, acting, is_staff
from services.session.chat_api import announced
from services.session.code_api import code_of_tonight
from services.session.domain.groups import GROUPS
from services.session.domain.groups_refusals import NoGroupsNow, NoSuchGroup
from services.session.domain.roster import ROSTER
from services.session.domain.session import SESSION
from services.session.domain.session_commands import (
    EndSession,
    ExtendGroup,
    ExtendPhase,
    HandBack,
    HandOver,
    NextPhase,
    NotADeputy,
    OpenLobby,
    PauseSession,
    PreviousPhase,
    ResumeSession,
    SessionCommand,
    SkipPhase,
    StartSession,
    UndoPhaseChange,
)
from services.session.placing import carry_out, change_of_phase
from services.session.readmodel.desk import DESK
from services.session.readmodel.sessions import SESSIONS
from services.session.settings import USUAL, SessionSettings

LeadsOn: TypeAlias = (
    asked.StartSession
    | asked.NextPhase
    | asked.PreviousPhase
    | asked.SkipPhase
    | asked.UndoPhaseChange
    | asked.EndSession
)


def register(api: Api) -> None:
    """Adds what this module answers to the table of contents."""
    moderation = role("moderator", "deputy", "organiser")
    api.command(asked.OpenLobby, needs=moderation)(open_lobby)
    api.command(asked.StartSession, needs=moderation)(start_session)
    api.command(asked.NextPhase, needs=moderation)(next_phase)
    api.command(asked.PreviousPhase, needs=moderation)(previous_phase)
    api.command(asked.SkipPhase, needs=moderation)(skip_phase)
    api.command(asked.UndoPhaseChange, needs=moderation)(undo_phase_change)
    api.command(asked.ExtendPhase, needs=moderation)(extend_phase)
    api.command(asked.ExtendGroup, needs=moderation)(extend_group)
    api.command(asked.PauseSession, needs=moderation)(pause_session)
    api.command(asked.ResumeSession, needs=moderation)(resume_session)
    api.command(asked.EndSession, needs=moderation)(end_session)
    api.command(asked.HandOver, needs=moderation)(hand_over)
    api.command(asked.HandBack, needs=moderation)(hand_back)
    api.query(asked.GetSession)(get_session)
    api.query(asked.GetDesk, needs=role(*STAFF_ROLES, "service"))(get_desk)


async def open_lobby(request: asked.OpenLobby, ctx: Context) -> Decide:
    """Lets people in."""
    conference = request.conference_id
    opening = Step(SESSION, conference, OpenLobby(by=acting(ctx), now=ctx.now), conference)
    return Decide(opening, *await code_of_tonight(ctx, conference))


async def start_session(request: asked.StartSession, ctx: Context) -> Decide | Refusal:
    """Enters the first phase."""
    return await _change(request, ctx, StartSession(by=acting(ctx), now=ctx.now))


async def next_phase(request: asked.NextPhase, ctx: Context) -> Decide | Refusal:
    """Leaves the phase that the moderator saw."""
    return await _change(request, ctx, NextPhase(run=request.run, force=request.force, by=acting(ctx), now=ctx.now))


async def previous_phase(request: asked.PreviousPhase, ctx: Context) -> Decide | Refusal:
    """Goes back from the phase that the moderator saw."""
    return await _change(request, ctx, PreviousPhase(run=request.run, by=acting(ctx), now=ctx.now))


async def skip_phase(request: asked.SkipPhase, ctx: Context) -> Decide | Refusal:
    """Leaves out a phase to come, or the present one at once; or takes one in again."""
    command = SkipPhase(run=request.run, phase=request.phase, skipped=request.skipped, by=acting(ctx), now=ctx.now)
    return await _change(request, ctx, command)


async def undo_phase_change(request: asked.UndoPhaseChange, ctx: Context) -> Decide | Refusal:
    """Takes back the click that led into the phase that the moderator sees."""
    return await _change(request, ctx, UndoPhaseChange(run=request.run, by=acting(ctx), now=ctx.now))


async def extend_phase(request: asked.ExtendPhase, ctx: Context) -> Decide:
    """Moves the deadline of the phase that the moderator saw."""
    return _only(
        request.conference_id, ExtendPhase(run=request.run, minutes=request.minutes, by=acting(ctx), now=ctx.now)
    )


async def extend_group(request: asked.ExtendGroup, ctx: Context) -> Decide | Refusal:
    """Moves the deadline of one running group."""
    groups = (await ctx.load(GROUPS, request.conference_id)).state
    if groups.now is None:
        return NoGroupsNow(generation=groups.generation)
    if request.group_id not in {group.group_id for group in groups.now.seating.groups}:
        return NoSuchGroup(group_id=request.group_id)
    command = ExtendGroup(
        run=request.run, group_id=request.group_id, minutes=request.minutes, by=acting(ctx), now=ctx.now
    )
    return _only(request.conference_id, command)


async def pause_session(request: asked.PauseSession, ctx: Context) -> Decide:
    """Stops the clock."""
    return _only(request.conference_id, PauseSession(by=acting(ctx), now=ctx.now))


async def resume_session(request: asked.ResumeSession, ctx: Context) -> Decide:
    """Lets the clock run on."""
    return _only(request.conference_id, ResumeSession(by=acting(ctx), now=ctx.now))


async def end_session(request: asked.EndSession, ctx: Context) -> Decide | Refusal:
    """Ends the evening."""
    return await _change(request, ctx, EndSession(by=acting(ctx), now=ctx.now))


async def hand_over(request: asked.HandOver, ctx: Context) -> Decide | Refusal:
    """Lets a deputy of the conference lead."""
    conference, deputy = request.conference_id, request.deputy_id
    roster = (await ctx.load(ROSTER, conference)).state
    known = "deputy" in roster.roles_of(deputy) or (ctx.actor.id == deputy and ctx.actor.holds("deputy", conference))
    if not known:
        return NotADeputy(deputy_id=deputy)
    return _only(conference, HandOver(deputy_id=deputy, by=acting(ctx), now=ctx.now))


async def hand_back(request: asked.HandBack, ctx: Context) -> Decide:
    """Lets the moderators lead again."""
    return _only(request.conference_id, HandBack(by=acting(ctx), now=ctx.now))


async def _change(request: LeadsOn, ctx: Context, command: SessionCommand) -> Decide | Refusal:
    """Carries out here what the chassis would give up after a few lost races, then lets it find the stored answer."""
    conference = request.conference_id
    if ctx.command_id is None:
        return Decide(*await change_of_phase(ctx, conference, command))
    hashed = request_hash(request, ctx.settings.request_key)
    envelope = Envelope(ctx.command_id, hashed, ctx.actor.id, ctx.trace, expected=ctx.expected)
    return await carry_out(ctx, conference, command, envelope) or Decide()


def _only(conference: str, command: SessionCommand) -> Decide:
    return Decide(Step(SESSION, conference, command, conference))


async def get_session(request: asked.GetSession, ctx: Context) -> asked.SessionView | Refusal:
    """The evening at a glance, for everybody: it names nobody. Who leads and what staff said is for those within."""
    view = await SESSIONS.get(ctx.db, request.conference_id)
    if view is None or not view.script:
        return NotFound(what="session", id=request.conference_id)
    announcement = None
    inside = ctx.actor.kind == "resident" or is_staff(ctx.actor, request.conference_id)
    if inside:
        announcement = await announced(ctx, request.conference_id)
    return view.answer(request.conference_id, announcement, inside=inside)


async def get_desk(request: asked.GetDesk, ctx: Context) -> asked.DeskView:
    """Every conference that is prepared or running, by the instant of its start."""
    desk = await DESK.all(ctx.db)
    rows = sorted(desk.items(), key=lambda item: (item[1].starts_at, item[0]))
    limits = ctx.settings.thresholds if isinstance(ctx.settings, SessionSettings) else USUAL
    return asked.DeskView(rows=tuple(row.answer(conference, ctx.now, limits) for conference, row in rows))

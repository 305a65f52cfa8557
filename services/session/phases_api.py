# SPDX-License-Identifier: Apache-2.0
"""How the evening is led: phases, their clock, and what everybody sees of it."""

from typing import TypeAlias

from services.chassis.api import Api, Context, Decide, role
from services.chassis.decider import Refusal
from services.chassis.decisions import Envelope, Step, request_hash
from services.chassis.refusals import NotFound
from services.contracts import session as asked
from services.session.access import STAFF_ROLES, is_staff
from services.session.domain.session import (
    SESSION,
    EndSession,
    ExtendPhase,
    NextPhase,
    OpenLobby,
    PauseSession,
    PreviousPhase,
    ResumeSession,
    SessionCommand,
    StartSession,
)
from services.session.placing import carry_out, change_of_phase
from services.session.readmodel.chat import ANNOUNCEMENT
from services.session.readmodel.desk import DESK
from services.session.readmodel.sessions import SESSIONS

LeadsOn: TypeAlias = asked.StartSession | asked.NextPhase | asked.PreviousPhase | asked.EndSession


def register(api: Api) -> None:
    """Adds what this module answers to the table of contents."""
    moderation = role("moderator", "deputy", "organiser")
    api.command(asked.OpenLobby, needs=moderation)(open_lobby)
    api.command(asked.StartSession, needs=moderation)(start_session)
    api.command(asked.NextPhase, needs=moderation)(next_phase)
    api.command(asked.PreviousPhase, needs=moderation)(previous_phase)
    api.command(asked.ExtendPhase, needs=moderation)(extend_phase)
    api.command(asked.PauseSession, needs=moderation)(pause_session)
    api.command(asked.ResumeSession, needs=moderation)(resume_session)
    api.command(asked.EndSession, needs=moderation)(end_session)
    api.query(asked.GetSession)(get_session)
    api.query(asked.GetDesk, needs=role(*STAFF_ROLES, "service"))(get_desk)


async def open_lobby(request: asked.OpenLobby, ctx: Context) -> Decide:
    """Lets people in."""
    return _only(request.conference_id, OpenLobby(now=ctx.now))


async def start_session(request: asked.StartSession, ctx: Context) -> Decide | Refusal:
    """Enters the first phase."""
    return await _change(request, ctx, StartSession(now=ctx.now))


async def next_phase(request: asked.NextPhase, ctx: Context) -> Decide | Refusal:
    """Leaves the phase that the moderator saw."""
    return await _change(request, ctx, NextPhase(run=request.run, now=ctx.now))


async def previous_phase(request: asked.PreviousPhase, ctx: Context) -> Decide | Refusal:
    """Goes back from the phase that the moderator saw."""
    return await _change(request, ctx, PreviousPhase(run=request.run, now=ctx.now))


async def extend_phase(request: asked.ExtendPhase, ctx: Context) -> Decide:
    """Moves the deadline of the phase that the moderator saw."""
    return _only(request.conference_id, ExtendPhase(run=request.run, minutes=request.minutes, now=ctx.now))


async def pause_session(request: asked.PauseSession, ctx: Context) -> Decide:
    """Stops the clock."""
    return _only(request.conference_id, PauseSession(now=ctx.now))


async def resume_session(request: asked.ResumeSession, ctx: Context) -> Decide:
    """Lets the clock run on."""
    return _only(request.conference_id, ResumeSession(now=ctx.now))


async def end_session(request: asked.EndSession, ctx: Context) -> Decide | Refusal:
    """Ends the evening."""
    return await _change(request, ctx, EndSession(now=ctx.now))


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
    """The evening at a glance, for everybody: it names nobody. Announcements are for those who are signed in."""
    view = await SESSIONS.get(ctx.db, request.conference_id)
    if view is None or not view.script:
        return NotFound(what="session", id=request.conference_id)
    announcement = None
    if ctx.actor.kind == "resident" or is_staff(ctx.actor, request.conference_id):
        said = await ANNOUNCEMENT.get(ctx.db, request.conference_id)
        announcement = await ctx.keys.open(said.text) if said is not None and said.text is not None else None
    return view.answer(request.conference_id, announcement)


async def get_desk(request: asked.GetDesk, ctx: Context) -> asked.DeskView:
    """Every conference that is prepared or running, by the instant of its start."""
    desk = await DESK.all(ctx.db)
    rows = sorted(desk.items(), key=lambda item: (item[1].starts_at, item[0]))
    return asked.DeskView(rows=tuple(row.answer(conference) for conference, row in rows))

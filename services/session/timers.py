# SPDX-License-Identifier: Apache-2.0
"""What happens in an evening by itself: the lobby opens, the evening starts, phases end. No moderator is needed."""

from collections.abc import Sequence
from uuid import NAMESPACE_OID, uuid5

from services.chassis.api import Decide
from services.chassis.decisions import Envelope, Step
from services.chassis.policies import Transient
from services.chassis.refusals import ConcurrentChange
from services.chassis.timers import TimerContext, Timers, moved
from services.session import chat_deletion, help_api, polls_api, survey_api, timetable_api
from services.session.code_api import code_of_tonight
from services.session.domain.groups import GROUPS
from services.session.domain.session import SESSION
from services.session.domain.session_clock import next_strike
from services.session.domain.session_commands import (
    ClockStruck,
    OpenLobby,
    SessionCommand,
    StartSession,
)
from services.session.placing import carry_out
from services.session.readmodel.timers import LobbyDue, PhaseDue, StartDue

timers = Timers("session")

polls_api.register_timers(timers)
help_api.register_timers(timers)
chat_deletion.register_timers(timers)
timetable_api.register_timers(timers)
survey_api.register_timers(timers)


@timers.due(LobbyDue)
async def fifteen_minutes_before_the_start_open_the_lobby(due: LobbyDue, ctx: TimerContext) -> Sequence[Step]:
    """Also late, after the service was away."""
    opening = Step(SESSION, due.conference_id, OpenLobby(now=ctx.now), due.conference_id)
    return [opening, *await code_of_tonight(ctx, due.conference_id)]


@timers.due(StartDue)
async def at_the_start_enter_the_first_phase(due: StartDue, ctx: TimerContext) -> Sequence[Step]:
    """A moderator may have started before."""
    await _change(ctx, due.conference_id, StartSession(now=ctx.now), "start")
    return []


@timers.due(PhaseDue)
async def when_the_clock_strikes_tell_the_mark_or_lead_on(due: PhaseDue, ctx: TimerContext) -> Decide:
    """Nothing happens when the phase was left, extended or paused meanwhile."""
    conference = due.conference_id
    now = (await ctx.load(GROUPS, conference)).state.now
    groups = frozenset(() if now is None else (group.group_id for group in now.seating.groups))
    struck = ClockStruck(run=due.run, marks=due.marks, groups=groups, now=ctx.now)
    await _change(ctx, conference, struck, f"phase {due.run}")
    # A group may have more time than the others, and the timer may be older than the newest deadline.
    session = (await ctx.load(SESSION, conference)).state
    again = next_strike(session, due.run, due.marks, groups, ctx.now)
    return Decide(effects=[moved(due, conference, again)]) if again is not None and again > ctx.now else Decide()


async def _change(ctx: TimerContext, conference: str, command: SessionCommand, name: str) -> None:
    """Decides here rather than in the chassis: a lost race is decided anew at once, for an evening does not wait."""
    command_id = uuid5(NAMESPACE_OID, f"session timer:{conference}:{name}:{command.now.isoformat()}")
    envelope = Envelope(command_id, name.encode(), "session", ctx.trace)
    refusal = await carry_out(ctx, conference, command, envelope)
    if isinstance(refusal, ConcurrentChange):
        raise Transient("somebody else was faster, again and again")

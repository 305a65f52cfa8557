# SPDX-License-Identifier: Apache-2.0
"""What staff do about the conduct of residents: warn, mute, keep out of groups, exclude, and take it back."""

from services.chassis.api import Api, Context, Decide, role
from services.chassis.decisions import Step
from services.contracts import session as asked
from services.session.access import staff_of_conference
from services.session.domain.roster import ROSTER
from services.session.domain.roster_commands import (
    ExcludeParticipant,
    MuteParticipant,
    ReadmitParticipant,
    RosterCommand,
    SetApart,
    TakeBack,
    UnmuteParticipant,
    WarnParticipant,
)
from services.session.placing import leave


def register(api: Api) -> None:
    """Adds what this module answers to the table of contents."""
    api.command(asked.WarnParticipant, needs=staff_of_conference)(warn_participant)
    api.command(asked.MuteParticipant, needs=staff_of_conference)(mute_participant)
    api.command(asked.UnmuteParticipant, needs=staff_of_conference)(unmute_participant)
    api.command(asked.RemoveFromGroups, needs=staff_of_conference)(remove_from_groups)
    api.command(asked.TakeBackIntoGroups, needs=staff_of_conference)(take_back_into_groups)
    api.command(asked.ExcludeParticipant, needs=role("moderator", "deputy", "organiser"))(exclude_participant)
    api.command(asked.ReadmitParticipant, needs=role("moderator", "deputy", "organiser"))(readmit_participant)


async def warn_participant(request: asked.WarnParticipant, ctx: Context) -> Decide:
    """The person sees it at once."""
    who, by = request.participant_id, ctx.actor.id
    return _only(request.conference_id, WarnParticipant(participant_id=who, code=request.code, by=by, now=ctx.now))


async def mute_participant(request: asked.MuteParticipant, ctx: Context) -> Decide:
    """They hear and see everything, and are neither heard, seen nor read; help they may call."""
    who, by = request.participant_id, ctx.actor.id
    return _only(request.conference_id, MuteParticipant(participant_id=who, code=request.code, by=by, now=ctx.now))


async def unmute_participant(request: asked.UnmuteParticipant, ctx: Context) -> Decide:
    """They may take part as before."""
    who, by = request.participant_id, ctx.actor.id
    return _only(request.conference_id, UnmuteParticipant(participant_id=who, by=by, now=ctx.now))


async def remove_from_groups(request: asked.RemoveFromGroups, ctx: Context) -> Decide:
    """They leave their group now, and get no place in later ones."""
    conference, who = request.conference_id, request.participant_id
    command = SetApart(participant_id=who, code=request.code, by=ctx.actor.id, now=ctx.now)
    return Decide(Step(ROSTER, conference, command, conference), leave(ctx, conference, [who]))


async def take_back_into_groups(request: asked.TakeBackIntoGroups, ctx: Context) -> Decide:
    """They get a place in the running groups within seconds, as somebody who comes late."""
    who, by = request.participant_id, ctx.actor.id
    return _only(request.conference_id, TakeBack(participant_id=who, by=by, now=ctx.now))


async def exclude_participant(request: asked.ExcludeParticipant, ctx: Context) -> Decide:
    """Shuts a resident out of the conference and takes their place in a group."""
    conference, who = request.conference_id, request.participant_id
    command = ExcludeParticipant(participant_id=who, code=request.code, by=ctx.actor.id, now=ctx.now)
    return Decide(Step(ROSTER, conference, command, conference), leave(ctx, conference, [who]))


async def readmit_participant(request: asked.ReadmitParticipant, ctx: Context) -> Decide:
    """Lets a resident come back."""
    who, by = request.participant_id, ctx.actor.id
    return _only(request.conference_id, ReadmitParticipant(participant_id=who, code=request.code, by=by, now=ctx.now))


def _only(conference: str, command: RosterCommand) -> Decide:
    return Decide(Step(ROSTER, conference, command, conference))

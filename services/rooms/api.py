# SPDX-License-Identifier: Apache-2.0
"""Every command and query that rooms answers."""

from typing import Any

from services.chassis.api import Api, Context, Decide, role
from services.chassis.decider import Refusal
from services.chassis.identity import Actor
from services.chassis.refusals import NotAllowed, NotFound
from services.chassis.repository import Step
from services.contracts import rooms as contract
from services.rooms.adapters.livekit import LiveKitRooms, VideoUnavailable
from services.rooms.adapters.tokens import Part, mint
from services.rooms.domain.arrival import ARRIVAL, ConfirmRoom
from services.rooms.domain.venue import VENUE, VenueIsClosed
from services.rooms.policies import CELL
from services.rooms.readmodel.seats import has_seat
from services.rooms.readmodel.venues import VENUES, VenueDoc
from services.rooms.settings import RoomsSettings

api = Api("rooms")

STAFF = ("moderator", "deputy", "organiser", "mentor", "guest")
TEXT_ONLY = "This evening runs on text: no LiveKit server is configured."


def the_person_or_staff(request: Any, actor: Actor) -> bool:
    """The person whose placement it is, or staff of the conference."""
    return actor.id == request.participant_id or any(actor.holds(name, request.conference_id) for name in STAFF)


async def may_enter(ctx: Context, conference_id: str) -> bool:
    """Whether the actor takes part in the evening: a resident with a seat, or staff who serve there."""
    if ctx.actor.kind == "resident":
        return await has_seat(ctx.db, conference_id, ctx.actor.id)
    return any(ctx.actor.holds(name, conference_id) for name in STAFF)


@api.command(contract.ConfirmPlacement)
async def confirm_placement(request: contract.ConfirmPlacement, ctx: Context) -> Decide | Refusal:
    """The actor's own client tells where it is."""
    loaded = await ctx.load(VENUE, request.conference_id)
    venue = loaded.state
    if not venue.plenary or venue.closed:
        return VenueIsClosed(conference_id=request.conference_id)
    if ctx.actor.id in venue.barred or not await may_enter(ctx, request.conference_id):
        return NotAllowed(needs="a seat")
    command = ConfirmRoom(
        now=ctx.now,
        conference_id=request.conference_id,
        participant_id=ctx.actor.id,
        generation=request.generation,
        room=venue.room_of(ctx.actor.id),
        present=venue.generation,
    )
    return Decide(Step(ARRIVAL, f"{request.conference_id}:{ctx.actor.id}", command, conference=request.conference_id))


@api.query(contract.GetPlacement, needs=the_person_or_staff)
async def get_placement(request: contract.GetPlacement, ctx: Context) -> contract.Placement | Refusal:
    """Where one person belongs now."""
    doc = await VENUES.get(ctx.db, request.conference_id)
    if doc is None or not doc.venue.plenary:
        return NotFound(what="venue", id=request.conference_id)
    room = doc.venue.room_of(request.participant_id)
    group_id = doc.venue.group_of(room)
    return contract.Placement(
        conference_id=request.conference_id,
        participant_id=request.participant_id,
        generation=doc.venue.generation,
        room=room,
        kind="plenary" if group_id is None else "group",
        group_id=group_id,
        video=doc.video,
        confirmed=doc.is_there(request.participant_id),
    )


@api.query(contract.GetJoinCredentials)
async def get_join_credentials(
    request: contract.GetJoinCredentials, ctx: Context
) -> contract.JoinCredentials | Refusal:
    """The person's own way into the room where they belong."""
    if ctx.actor.id != request.participant_id:
        return NotAllowed(needs="the person themselves")
    doc = await VENUES.get(ctx.db, request.conference_id)
    if doc is None or not doc.venue.plenary:
        return NotFound(what="venue", id=request.conference_id)
    if doc.venue.closed:
        return VenueIsClosed(conference_id=request.conference_id)
    if request.participant_id in doc.venue.barred or not await may_enter(ctx, request.conference_id):
        return NotAllowed(needs="a seat")
    return _credentials(request, doc, ctx)


def _credentials(
    request: contract.GetJoinCredentials, doc: VenueDoc, ctx: Context
) -> contract.JoinCredentials | Refusal:
    room = doc.venue.room_of(request.participant_id)
    settings = ctx.settings
    url = token = expires_at = None
    if doc.video and isinstance(settings, RoomsSettings) and settings.livekit_api_secret is not None:
        minted = mint(
            settings.livekit_api_key or "",
            settings.livekit_api_secret.get_secret_value(),
            room=room,
            identity=request.participant_id,
            part=_part(ctx.actor, request.conference_id),
            plenary=room == doc.venue.plenary,
            generation=doc.venue.generation,
            muted=request.participant_id in doc.venue.muted,
        )
        url, token, expires_at = settings.livekit_url, minted.token, minted.expires_at
    return contract.JoinCredentials(
        conference_id=request.conference_id,
        participant_id=request.participant_id,
        generation=doc.venue.generation,
        room=room,
        url=url,
        token=token,
        expires_at=expires_at,
        why_no_video=None if token else TEXT_ONLY,
    )


def _part(actor: Actor, conference_id: str) -> Part:
    if actor.holds("moderator", conference_id) or actor.holds("deputy", conference_id):
        return "moderator"
    if actor.holds("guest", conference_id):
        return "guest"
    return "mentor" if actor.holds("mentor", conference_id) else "resident"


@api.query(contract.GetVenue, needs=role("moderator", "deputy", "organiser", "mentor"))
async def get_venue(request: contract.GetVenue, ctx: Context) -> contract.VenueView | Refusal:
    """All placements, for staff."""
    doc = await VENUES.get(ctx.db, request.conference_id)
    if doc is None:
        return NotFound(what="venue", id=request.conference_id)
    venue = doc.venue
    groups = {room.name: room.group_id for room in venue.rooms}
    return contract.VenueView(
        conference_id=request.conference_id,
        generation=venue.generation,
        video=doc.video,
        open=bool(venue.plenary) and not venue.closed,
        rooms=(venue.plenary, *groups),
        placements=tuple(
            contract.PlacementEntry(
                participant_id=person,
                room=venue.room_of(person),
                confirmed=doc.is_there(person),
                kind="group" if venue.room_of(person) in groups else "plenary",
                group_id=groups.get(venue.room_of(person)),
                placed_at=doc.since.get(person),
            )
            for person in sorted(doc.people)
        ),
    )


@api.query(contract.GetVideoStatus)
async def get_video_status(request: contract.GetVideoStatus, ctx: Context) -> contract.VideoStatus:
    """Whether there is video, and whether LiveKit answers now."""
    settings = ctx.settings
    if not isinstance(settings, RoomsSettings) or settings.livekit_url is None or settings.livekit_api_secret is None:
        return contract.VideoStatus(cells={})
    secret = settings.livekit_api_secret.get_secret_value()
    async with LiveKitRooms(settings.livekit_url, settings.livekit_api_key or "", secret) as rooms:
        try:
            await rooms.probe()
        except VideoUnavailable as error:
            return contract.VideoStatus(cells={CELL: {"up": False, "problem": str(error)}})
    return contract.VideoStatus(cells={CELL: {"up": True, "problem": None}})

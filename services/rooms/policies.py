# SPDX-License-Identifier: Apache-2.0
"""What rooms does when the evening goes on elsewhere: one sentence per contract event."""

from collections.abc import Sequence

from services.chassis.database import Tx
from services.chassis.decider import Command
from services.chassis.policies import Policies, PolicyContext
from services.chassis.repository import Step
from services.contracts import registration, session
from services.rooms.domain.venue import (
    VENUE,
    AdmitAgain,
    BarPerson,
    CloseVenue,
    MovePerson,
    MutePerson,
    OpenGeneration,
    PrepareVenue,
    RecallPeople,
    UnmutePerson,
)
from services.rooms.domain.venue_facts import TEXT_CELL, Seating
from services.rooms.readmodel.seats import release_seat, take_seat
from services.rooms.settings import RoomsSettings

policies = Policies("rooms")

CELL = "c1"
"""The one LiveKit cluster of this release; the cell is part of every room's name, so that more can follow."""


def _step(conference_id: str, command: Command) -> Step:
    return Step(VENUE, conference_id, command, conference=conference_id)


@policies.when(session.LobbyOpened)
async def when_the_lobby_opens_make_the_venue_ready(event: session.LobbyOpened, ctx: PolicyContext) -> Sequence[Step]:
    """In the LiveKit cell, or in none when there is no LiveKit."""
    settings = ctx.settings
    cell = CELL if isinstance(settings, RoomsSettings) and settings.livekit_url else TEXT_CELL
    return [_step(event.conference_id, PrepareVenue(now=ctx.now, conference_id=event.conference_id, cell=cell))]


@policies.when(session.GroupsPlaced)
async def when_groups_are_placed_open_the_generation(event: session.GroupsPlaced, ctx: PolicyContext) -> Sequence[Step]:
    """A mentor belongs in the room of the group they accompany."""
    groups = tuple(
        Seating(
            group_id=group.group_id,
            number=group.number,
            members=group.members if group.mentor_id is None else (*group.members, group.mentor_id),
        )
        for group in event.groups
    )
    return [_step(event.conference_id, OpenGeneration(now=ctx.now, conference_id=event.conference_id, groups=groups))]


@policies.when(session.ParticipantMoved)
async def when_a_person_is_moved_move_them(event: session.ParticipantMoved, ctx: PolicyContext) -> Sequence[Step]:
    """To another group's room, or to the plenary."""
    command = MovePerson(now=ctx.now, participant_id=event.participant_id, group_id=event.group_id)
    return [_step(event.conference_id, command)]


@policies.when(session.GroupsRecalled)
async def when_groups_are_recalled_bring_people_back(
    event: session.GroupsRecalled, ctx: PolicyContext
) -> Sequence[Step]:
    """Into the plenary."""
    return [_step(event.conference_id, RecallPeople(now=ctx.now))]


@policies.when(session.SessionEnded)
async def when_the_session_ends_close_the_venue(event: session.SessionEnded, ctx: PolicyContext) -> Sequence[Step]:
    """Nobody gets credentials afterwards; who is connected stays until they leave."""
    return [_step(event.conference_id, CloseVenue(now=ctx.now))]


@policies.when(session.ParticipantExcluded)
async def when_a_person_is_excluded_bar_them(event: session.ParticipantExcluded, ctx: PolicyContext) -> Sequence[Step]:
    """They leave the room, and get no credentials any more."""
    return [
        _step(
            event.conference_id,
            BarPerson(now=ctx.now, conference_id=event.conference_id, participant_id=event.participant_id),
        )
    ]


@policies.when(session.ParticipantReadmitted)
async def when_a_person_is_readmitted_let_them_in(
    event: session.ParticipantReadmitted, ctx: PolicyContext
) -> Sequence[Step]:
    """They may ask for credentials again."""
    return [
        _step(
            event.conference_id,
            AdmitAgain(now=ctx.now, conference_id=event.conference_id, participant_id=event.participant_id),
        )
    ]


@policies.when(session.ParticipantMuted)
async def when_a_person_is_muted_take_their_voice(
    event: session.ParticipantMuted, ctx: PolicyContext
) -> Sequence[Step]:
    """And their picture, in this room and in every later one."""
    conference, who = event.conference_id, event.participant_id
    return [_step(conference, MutePerson(now=ctx.now, conference_id=conference, participant_id=who))]


@policies.when(session.ParticipantUnmuted)
async def when_a_person_is_unmuted_give_it_back(
    event: session.ParticipantUnmuted, ctx: PolicyContext
) -> Sequence[Step]:
    """In the room where they are."""
    conference, who = event.conference_id, event.participant_id
    return [_step(conference, UnmutePerson(now=ctx.now, conference_id=conference, participant_id=who))]


@policies.when(registration.ParticipantErased)
async def when_a_person_is_erased_bar_them(event: registration.ParticipantErased, ctx: PolicyContext) -> Sequence[Step]:
    """Their id opens no room any more."""
    return [
        _step(
            event.conference_id,
            BarPerson(now=ctx.now, conference_id=event.conference_id, participant_id=event.participant_id),
        )
    ]


@policies.write(registration.SeatTaken)
async def when_a_seat_is_taken_note_it(tx: Tx, event: registration.SeatTaken, position: int) -> None:
    """Only who has a seat gets into a room."""
    await take_seat(tx, event.conference_id, event.participant_id)


@policies.write(registration.SeatReleased)
async def when_a_seat_is_released_forget_it(tx: Tx, event: registration.SeatReleased, position: int) -> None:
    """Who gave the seat back, or lost it, gets no credentials any more."""
    await release_seat(tx, event.conference_id, event.participant_id)

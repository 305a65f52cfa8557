# SPDX-License-Identifier: Apache-2.0
"""What registration does when something is due."""

from collections.abc import Sequence

from services.chassis.decisions import Step
from services.chassis.timers import TimerContext, Timers
from services.registration.domain.conference import CONFERENCE
from services.registration.domain.seating import ExpireRegistration, SeatStandbys
from services.registration.readmodel.deadlines import ConfirmationDue, StandbysDue

timers = Timers("registration")


@timers.due(StandbysDue)
async def at_the_published_minute_seat_the_standbys(payload: StandbysDue, ctx: TimerContext) -> Sequence[Step]:
    """Ten minutes after the start, unused seats go to people who are there."""
    command = SeatStandbys(now=ctx.now, conference_id=payload.conference_id)
    return [Step(CONFERENCE, payload.conference_id, command, conference=payload.conference_id)]


@timers.due(ConfirmationDue)
async def when_nobody_confirmed_forget_the_registration(payload: ConfirmationDue, ctx: TimerContext) -> Sequence[Step]:
    """Who does not confirm leaves no data behind."""
    command = ExpireRegistration(
        now=ctx.now, conference_id=payload.conference_id, participant_id=payload.participant_id
    )
    return [Step(CONFERENCE, payload.conference_id, command, conference=payload.conference_id)]

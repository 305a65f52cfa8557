# SPDX-License-Identifier: Apache-2.0
"""What registration does when another service tells it something, one sentence each."""

from collections.abc import Sequence
from uuid import UUID

from services.chassis.database import Tx
from services.chassis.decisions import Step
from services.chassis.policies import Policies, PolicyContext
from services.contracts import rooms, session
from services.registration.domain.conference import CONFERENCE, Announced, HoldConference
from services.registration.domain.seating import CheckIn
from services.registration.readmodel.mails import write_to_those_who_came

policies = Policies("registration")


@policies.when(session.SessionEnded)
async def when_a_session_ends_mark_the_conference_held(
    event: session.SessionEnded, ctx: PolicyContext
) -> Sequence[Step]:
    """Thanks go out to everybody who came."""
    command = HoldConference(now=ctx.now, conference_id=event.conference_id)
    return [Step(CONFERENCE, event.conference_id, command, conference=event.conference_id)]


@policies.when(rooms.ParticipantJoined)
async def when_a_participant_joins_a_room_for_the_first_time_check_them_in(
    event: rooms.ParticipantJoined, ctx: PolicyContext
) -> Sequence[Step]:
    """Staff join rooms too; they have no seat."""
    return await _check_in(event.conference_id, event.participant_id, ctx)


@policies.when(session.PresenceEdge)
async def when_a_participant_comes_for_the_first_time_check_them_in(
    event: session.PresenceEdge, ctx: PolicyContext
) -> Sequence[Step]:
    """An evening without video has no rooms to join."""
    return await _check_in(event.conference_id, event.participant_id, ctx) if event.present else []


@policies.write(session.ParticipantExcluded)
async def when_a_participant_is_excluded_close_their_access(
    tx: Tx, event: session.ParticipantExcluded, position: int
) -> None:
    """Their link opens nothing; the token they hold ends within ten minutes."""
    await _exclude(tx, event.participant_id, excluded=True)


@policies.write(session.ParticipantReadmitted)
async def when_a_participant_is_readmitted_reopen_their_access(
    tx: Tx, event: session.ParticipantReadmitted, position: int
) -> None:
    """Their link works again."""
    await _exclude(tx, event.participant_id, excluded=False)


@policies.write(session.SurveyOpened)
async def when_people_are_asked_once_more_write_to_those_who_came(
    tx: Tx, event: session.SurveyOpened, position: int
) -> None:
    """Once, also when the end of the survey moves."""
    if event.wave == "follow_up":
        await write_to_those_who_came(tx, event.conference_id, "follow_up", position)


async def _check_in(conference_id: str, participant_id: str, ctx: PolicyContext) -> Sequence[Step]:
    conference = (await ctx.load(CONFERENCE, conference_id)).state
    if not isinstance(conference, Announced) or conference.is_over:
        return []
    registration = conference.seats.registrations.get(participant_id)
    if registration is None or registration.present or registration.status not in {"SEATED", "WAITLISTED", "RELEASED"}:
        return []
    command = CheckIn(now=ctx.now, conference_id=conference_id, participant_id=participant_id)
    return [Step(CONFERENCE, conference_id, command, conference=conference_id)]


async def _exclude(tx: Tx, participant_id: str, *, excluded: bool) -> None:
    await tx.execute(
        "UPDATE participants SET is_excluded = $2, excluded_at = CASE WHEN $2 THEN now() END WHERE participant_id = $1",
        UUID(participant_id),
        excluded,
    )

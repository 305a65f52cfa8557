# SPDX-License-Identifier: Apache-2.0
"""What the session service does when another service tells it something, one sentence each."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import structlog

from services.chassis.api import Decide
from services.chassis.decisions import Step
from services.chassis.policies import Policies, PolicyContext
from services.contracts import ideas, registration, rooms
from services.session.adapters.presence import entered_room, left_room
from services.session.adapters.script_files import load_scripts
from services.session.code_api import code_comes_into_force
from services.session.domain.groups import GROUPS
from services.session.domain.groups_commands import KeepTags, KeepTopics, KeepWishes
from services.session.domain.help import HELP, EnterGroup
from services.session.domain.roster import ROSTER
from services.session.domain.roster_commands import (
    AddStaff,
    EmptySeat,
    FillSeat,
    ForgetPerson,
    RemoveStaff,
)
from services.session.domain.script import Script
from services.session.domain.session import SESSION
from services.session.domain.session_commands import (
    EndSession,
    MoveSession,
    PrepareSession,
)
from services.session.domain.survey import OpenSurvey
from services.session.placing import arrival, change_of_phase, leave
from services.session.settings import SessionSettings
from services.session.surveying import opening

DEFAULT_SCRIPT = "full-evening"

policies = Policies("session")

log = structlog.get_logger()


@cache
def _scripts(folder: Path | None) -> dict[str, Script]:
    """Read once: they were checked when the service started, and reading takes a while."""
    return load_scripts(folder)


# registration ---------------------------------------------------------------------------------------------------


@policies.when(registration.ConferenceAnnounced)
async def when_a_conference_is_announced_prepare_its_session(
    event: registration.ConferenceAnnounced, ctx: PolicyContext
) -> Decide:
    """With the script of its series; the default one, and a warning, where there is none of that name.

    From now on people may answer what the survey asks before the evening.
    """
    scripts = _scripts(ctx.settings.scripts if isinstance(ctx.settings, SessionSettings) else None)
    if event.script not in scripts:
        log.warning("unknown script, the default one is taken", script=event.script, conference=event.conference_id)
    command = PrepareSession(
        script=scripts.get(event.script, scripts[DEFAULT_SCRIPT]),
        starts_at=event.starts_at,
        language=event.language,
        title=event.title,
        now=ctx.now,
    )
    prepare = Step(SESSION, event.conference_id, command, event.conference_id)
    steps = [prepare, *code_comes_into_force(ctx, event.conference_id, command.script)]
    survey = command.script.survey
    if survey is None:
        return Decide(*steps)
    before = OpenSurvey(wave="before", items=survey.asked("before"), now=ctx.now)
    step, keys = await opening(ctx, event.conference_id, survey, before)
    return Decide(*steps, step, effects=keys)


@policies.when(registration.ConferenceMoved)
async def when_a_conference_is_moved_move_its_session(
    event: registration.ConferenceMoved, ctx: PolicyContext
) -> Sequence[Step]:
    """The lobby and the start move with it."""
    command = MoveSession(starts_at=event.starts_at, now=ctx.now)
    return [Step(SESSION, event.conference_id, command, event.conference_id)]


@policies.when(registration.ConferenceCancelled)
async def when_a_conference_is_cancelled_end_its_session(
    event: registration.ConferenceCancelled, ctx: PolicyContext
) -> Sequence[Step]:
    """Also when it is running."""
    return await change_of_phase(ctx, event.conference_id, EndSession(now=ctx.now))


@policies.when(registration.SeatTaken)
async def when_a_seat_is_taken_put_the_person_on_the_roster(
    event: registration.SeatTaken, ctx: PolicyContext
) -> Sequence[Step]:
    """The attributes stay sealed until a plan needs them."""
    command = FillSeat(participant_id=event.participant_id, attributes=event.attributes, now=ctx.now)
    return [Step(ROSTER, event.conference_id, command, event.conference_id)]


@policies.when(registration.SeatReleased)
async def when_a_seat_is_released_take_the_person_off_the_roster(
    event: registration.SeatReleased, ctx: PolicyContext
) -> Sequence[Step]:
    """And out of their group."""
    command = EmptySeat(participant_id=event.participant_id, now=ctx.now)
    off = Step(ROSTER, event.conference_id, command, event.conference_id)
    return [off, leave(ctx, event.conference_id, [event.participant_id])]


@policies.when(registration.ParticipantErased)
async def when_a_person_is_erased_forget_them(
    event: registration.ParticipantErased, ctx: PolicyContext
) -> Sequence[Step]:
    """What they wrote can no longer be read; their seat and attributes go."""
    command = ForgetPerson(participant_id=event.participant_id, now=ctx.now)
    forget = Step(ROSTER, event.conference_id, command, event.conference_id)
    return [forget, leave(ctx, event.conference_id, [event.participant_id])]


@policies.when(registration.StaffAssigned)
async def when_staff_is_assigned_put_them_on_the_roster(
    event: registration.StaffAssigned, ctx: PolicyContext
) -> Sequence[Step]:
    """Roles for the whole city are in people's tokens; rosters name who serves at one conference."""
    if event.conference_id is None:
        return []
    command = AddStaff(staff_id=event.staff_id, role=event.role, now=ctx.now)
    return [Step(ROSTER, event.conference_id, command, event.conference_id)]


@policies.when(registration.StaffReleased)
async def when_staff_is_released_take_them_off_the_roster(
    event: registration.StaffReleased, ctx: PolicyContext
) -> Sequence[Step]:
    """A mentor leaves their group; it runs by itself, or a spare mentor takes over."""
    conference = event.conference_id
    if conference is None:
        return []
    command = RemoveStaff(staff_id=event.staff_id, role=event.role, now=ctx.now)
    off = Step(ROSTER, conference, command, conference)
    return [off, leave(ctx, conference, [event.staff_id])] if event.role == "mentor" else [off]


# rooms ----------------------------------------------------------------------------------------------------------


@policies.when(rooms.ParticipantJoined)
async def when_someone_joins_a_room_they_are_present(event: rooms.ParticipantJoined, ctx: PolicyContext) -> Decide:
    """Even without a connection to a gateway: they are seen and heard. Staff who come to a group answer its call."""
    conference, who = event.conference_id, event.participant_id
    steps = await arrival(ctx, conference, [who])
    group = await _group_of_room(ctx, conference, event.room)
    if group is not None and (await ctx.load(ROSTER, conference)).state.serves(who):
        steps.append(
            Step(HELP, conference, EnterGroup(group_id=group, by=who, came_at=event.at, now=ctx.now), conference)
        )
    return Decide(*steps, effects=[entered_room(conference, who, event.room)])


@policies.when(rooms.ParticipantLeft)
async def when_someone_leaves_a_room_they_may_have_gone(event: rooms.ParticipantLeft, ctx: PolicyContext) -> Decide:
    """After the grace time, unless they have come to another room or a gateway sees them."""
    return Decide(effects=[left_room(event.conference_id, event.participant_id, event.room)])


async def _group_of_room(ctx: PolicyContext, conference: str, room: str) -> str | None:
    """The running group whose room this is: its number ends the room's name."""
    now = (await ctx.load(GROUPS, conference)).state.now
    number = room.rpartition(".g")[2]
    if now is None or not number.isdigit():
        return None
    return next((group.group_id for group in now.seating.groups if group.number == int(number)), None)


# ideas ----------------------------------------------------------------------------------------------------------


@policies.when(ideas.TopicsChosen)
async def when_topics_are_chosen_keep_them_for_the_plan(
    event: ideas.TopicsChosen, ctx: PolicyContext
) -> Sequence[Step]:
    """Groups by topic are formed from them."""
    command = KeepTopics(topics=tuple(topic.topic_id for topic in event.topics), now=ctx.now)
    return [Step(GROUPS, event.conference_id, command, event.conference_id)]


@policies.when(ideas.TopicPreferencesClosed)
async def when_topic_preferences_close_keep_them_for_the_plan(
    event: ideas.TopicPreferencesClosed, ctx: PolicyContext
) -> Sequence[Step]:
    """Who ranked nothing is content with every topic."""
    command = KeepWishes(ranks=event.ranks, now=ctx.now)
    return [Step(GROUPS, event.conference_id, command, event.conference_id)]


@policies.when(ideas.CardTagged)
async def when_a_card_is_tagged_keep_its_tags_for_matching(
    event: ideas.CardTagged, ctx: PolicyContext
) -> Sequence[Step]:
    """Needs and offers alone help to find partners."""
    if event.kind not in ("NEED", "OFFER"):
        return []
    command = KeepTags(participant_id=event.participant_id, kind=event.kind, tags=event.tags, now=ctx.now)
    return [Step(GROUPS, event.conference_id, command, event.conference_id)]

# SPDX-License-Identifier: Apache-2.0
"""What this service does when session or registration tell something: one sentence per function."""

from collections.abc import Sequence
from datetime import timedelta

from services.chassis.api import Decide
from services.chassis.database import Tx
from services.chassis.decisions import Step
from services.chassis.policies import Policies, PolicyContext
from services.chassis.store import Statement
from services.chassis.timers import TimerContext, Timers
from services.contracts import registration, session
from services.ideas.adapters.key_service import ensure_keys
from services.ideas.commands.here import id_of
from services.ideas.commands.problems import choosing, collect_wishes, count_dots, most_dotted_problems, opening
from services.ideas.commands.sheets import submission
from services.ideas.domain.board import BOARD, CloseBoard, OpenBoard, kinds_of
from services.ideas.domain.cards import CARDS, cards_key
from services.ideas.domain.cards import RemoveAuthorship as RemoveCardAuthorship
from services.ideas.domain.evening import (
    EVENING,
    MoveMember,
    NoteGroups,
    NotePhase,
    ReturnPen,
    SheetGroup,
    TakePen,
)
from services.ideas.domain.idea import IDEA, Submitted, is_finished, texts_of
from services.ideas.domain.idea import RemoveAuthorship as RemoveIdeaAuthorship
from services.ideas.domain.sheet import SHEET, CloseSheet, OpenSheet
from services.ideas.domain.sheet import RemoveAuthorship as RemoveSheetAuthorship
from services.ideas.domain.topics import (
    TOPICS,
    ClosePreferences,
    Ranking,
    ReopenPreferences,
    StopPreferences,
    Unchosen,
)
from services.ideas.readmodel import people
from services.ideas.readmodel.problems import ClosePreferences as PreferencesAreDue

BEFORE_PLACING = timedelta(seconds=20)
"""How long before the end of the break the wishes are collected, so that they are known when groups are made."""

policies = Policies("ideas")
timers = Timers("ideas")


def sheet_id_of(group_id: str) -> str:
    """The id of a group's sheet."""
    return id_of("sheet", group_id)


@policies.when(session.PhaseStarted)
async def when_a_phase_starts_open_its_tools(event: session.PhaseStarted, ctx: PolicyContext) -> Decide:
    """The board for its kinds of cards, the voting on problems, the ranking of topics, the sheets of its groups."""
    conference_id, writing = event.conference_id, "sheet" in event.tools
    evening = (await ctx.load(EVENING, conference_id)).state
    kinds = kinds_of(event.tools)
    board = OpenBoard(now=ctx.now, kinds=kinds) if kinds else CloseBoard(now=ctx.now)
    steps = [
        Step(EVENING, conference_id, NotePhase(now=ctx.now, run=event.run, sheets=writing), conference_id),
        Step(BOARD, conference_id, board, conference_id),
    ]
    effects = []
    if "problems" in event.tools:
        voting, key = opening(ctx, conference_id, event.run)
        steps.append(voting)
        effects.append(key)
    if "topics" in event.tools or event.kind == "break":
        closes_at = event.deadline - BEFORE_PLACING if event.kind == "break" else None
        reopen = ReopenPreferences(now=ctx.now, conference_id=conference_id, closes_at=closes_at)
        steps.append(Step(TOPICS, conference_id, reopen, conference_id))
    elif writing:
        steps += await collect_wishes(ctx, conference_id)
    if writing and evening.placed is not None and evening.placed.run == event.run:
        steps += await _sheets(ctx, conference_id, evening.placed.groups)
    return Decide(*steps, effects=effects)


@policies.when(session.PhaseEnded)
async def when_a_phase_ends_close_its_tools(event: session.PhaseEnded, ctx: PolicyContext) -> Decide:
    """The board, the voting with its count, the ranking; without a choice the most dotted problems become topics."""
    conference_id = event.conference_id
    steps = [Step(BOARD, conference_id, CloseBoard(now=ctx.now), conference_id)] if kinds_of(event.tools) else []
    topics = (await ctx.load(TOPICS, conference_id)).state
    effects: Sequence[Statement] = ()
    automatic = False
    if "problems" in event.tools:
        counted = await count_dots(ctx, conference_id)
        steps += counted.steps
        effects = counted.effects
        if isinstance(topics, Unchosen):
            problem_ids = await most_dotted_problems(ctx, conference_id, counted.dots)
            automatic = bool(problem_ids)
            if automatic:
                steps.append(choosing(ctx, conference_id, problem_ids))
    resting = isinstance(topics, Ranking) and topics.closes_at is not None
    if automatic and "topics" in event.tools:
        # Nobody could rank them yet, so there is nothing to wait for; the break takes wishes.
        steps += [
            Step(TOPICS, conference_id, StopPreferences(now=ctx.now), conference_id),
            Step(TOPICS, conference_id, ClosePreferences(now=ctx.now, ranks={}), conference_id),
        ]
    elif "topics" in event.tools or resting:
        steps += await collect_wishes(ctx, conference_id)
    return Decide(*steps, effects=effects)


@policies.when(session.PhaseExtended)
async def when_a_break_gets_longer_take_wishes_longer(
    event: session.PhaseExtended, ctx: PolicyContext
) -> Sequence[Step]:
    """Or shorter; other phases close the ranking when they end."""
    return await _until(ctx, event)


@policies.when(session.SessionResumed)
async def when_a_break_goes_on_take_wishes_until_its_new_end(
    event: session.SessionResumed, ctx: PolicyContext
) -> Sequence[Step]:
    """The clock stood for a while."""
    return await _until(ctx, event)


async def _until(ctx: PolicyContext, event: session.PhaseExtended | session.SessionResumed) -> Sequence[Step]:
    topics = (await ctx.load(TOPICS, event.conference_id)).state
    if not isinstance(topics, Ranking) or topics.closes_at is None:
        return []
    reopen = ReopenPreferences(
        now=ctx.now, conference_id=event.conference_id, closes_at=event.deadline - BEFORE_PLACING
    )
    return [Step(TOPICS, event.conference_id, reopen, event.conference_id)]


@timers.due(PreferencesAreDue)
async def when_the_break_is_nearly_over_collect_the_wishes(due: PreferencesAreDue, ctx: TimerContext) -> Sequence[Step]:
    """So that they are known when the groups are made; not when the break has become longer meanwhile."""
    topics = (await ctx.load(TOPICS, due.conference_id)).state
    if isinstance(topics, Ranking) and (topics.closes_at is None or topics.closes_at > ctx.now):
        return []
    return await collect_wishes(ctx, due.conference_id)


@policies.when(session.GroupsPlaced)
async def when_groups_are_placed_open_their_sheets(event: session.GroupsPlaced, ctx: PolicyContext) -> Sequence[Step]:
    """Keeps who sits where; in the solutions phase each group gets one sheet."""
    conference_id = event.conference_id
    groups = tuple(
        SheetGroup(
            group_id=group.group_id,
            members=group.members,
            mentors=(group.mentor_id,) if group.mentor_id else (),
            topic_id=group.topic_id,
        )
        for group in event.groups
    )
    note = NoteGroups(now=ctx.now, generation=event.generation, run=event.run, groups=groups)
    steps = [Step(EVENING, conference_id, note, conference_id)]
    evening = (await ctx.load(EVENING, conference_id)).state
    if event.run in evening.sheet_runs:
        steps += await _sheets(ctx, conference_id, groups)
    return steps


async def _sheets(ctx: PolicyContext, conference_id: str, groups: Sequence[SheetGroup]) -> list[Step]:
    """What opens the sheets of these groups; their keys are made before anybody writes."""
    sheets = {sheet_id_of(group.group_id): group for group in groups}
    await ensure_keys(ctx.requests, conference_id, list(sheets), joint=True)
    return [
        Step(
            SHEET,
            sheet_id,
            OpenSheet(
                now=ctx.now,
                conference_id=conference_id,
                sheet_id=sheet_id,
                group_id=group.group_id,
                topic_id=group.topic_id,
            ),
            conference_id,
        )
        for sheet_id, group in sheets.items()
    ]


@policies.when(session.ParticipantMoved)
async def when_a_person_moves_they_write_in_their_new_group(
    event: session.ParticipantMoved, ctx: PolicyContext
) -> Sequence[Step]:
    """Only moves within the solutions phase matter; the rule knows."""
    move = MoveMember(now=ctx.now, participant_id=event.participant_id, group_id=event.group_id)
    return [Step(EVENING, event.conference_id, move, event.conference_id)]


@policies.when(session.SessionEnded)
async def when_the_session_ends_submit_finished_sheets(event: session.SessionEnded, ctx: PolicyContext) -> Decide:
    """Everything closes; a sheet with title and approach becomes an idea even if nobody submitted it."""
    conference_id = event.conference_id
    counted = await count_dots(ctx, conference_id)
    steps = [*counted.steps, Step(BOARD, conference_id, CloseBoard(now=ctx.now), conference_id)]
    steps += await collect_wishes(ctx, conference_id)
    for group_id in (await ctx.load(EVENING, conference_id)).state.groups:
        sheet_id = sheet_id_of(group_id)
        sheet = await ctx.load(SHEET, sheet_id)
        idea = (await ctx.load(IDEA, id_of("idea", sheet_id))).state
        texts = texts_of(sheet.state)
        step = await submission(ctx, sheet) if is_finished(texts) or (texts and isinstance(idea, Submitted)) else None
        if step is not None:
            steps.append(step)
        steps.append(Step(SHEET, sheet_id, CloseSheet(now=ctx.now), conference_id))
    return Decide(*steps, effects=counted.effects)


@policies.when(session.ParticipantExcluded)
async def when_a_person_is_excluded_take_their_pen(
    event: session.ParticipantExcluded, ctx: PolicyContext
) -> Sequence[Step]:
    """What they wrote stays; moderators take it off where needed."""
    take = TakePen(now=ctx.now, participant_id=event.participant_id)
    return [Step(EVENING, event.conference_id, take, event.conference_id)]


@policies.when(session.ParticipantReadmitted)
async def when_a_person_is_readmitted_return_their_pen(
    event: session.ParticipantReadmitted, ctx: PolicyContext
) -> Sequence[Step]:
    """They may write again."""
    give = ReturnPen(now=ctx.now, participant_id=event.participant_id)
    return [Step(EVENING, event.conference_id, give, event.conference_id)]


@policies.write(session.PresenceEdge)
async def when_a_person_comes_or_goes_note_it(tx: Tx, event: session.PresenceEdge, position: int) -> None:
    """The number of topics follows the number of people."""
    await people.note_presence(tx, event.conference_id, event.participant_id, present=event.present)


@policies.write(registration.ConferenceAnnounced)
async def when_a_conference_is_announced_note_its_district(
    tx: Tx, event: registration.ConferenceAnnounced, position: int
) -> None:
    """Jurors do not judge ideas of their own district."""
    await people.note_district(tx, event.conference_id, event.district_id)


@policies.write(registration.StaffAssigned)
async def when_staff_are_assigned_note_their_ties(tx: Tx, event: registration.StaffAssigned, position: int) -> None:
    """Home district and organisation may be conflicts of interest."""
    await people.note_ties(tx, event.staff_id, people.Ties(event.home_district_id, event.partner_id))


@policies.write(registration.SeatTaken)
async def when_a_seat_is_taken_let_the_person_write(tx: Tx, event: registration.SeatTaken, position: int) -> None:
    """A seat is what a resident needs to write and vote."""
    await people.seat(tx, event.conference_id, event.participant_id)


@policies.when(registration.SeatReleased)
async def when_a_seat_is_released_the_person_writes_no_more(
    event: registration.SeatReleased, ctx: PolicyContext
) -> Decide:
    """What they wrote stays."""
    return Decide(effects=[people.unseat(event.conference_id, event.participant_id)])


@policies.when(registration.ParticipantErased)
async def when_a_person_is_erased_remove_their_authorship(
    event: registration.ParticipantErased, ctx: PolicyContext
) -> Decide:
    """Their own texts are unreadable with their key gone; what was written together stays and names them no more."""
    conference_id, who = event.conference_id, event.participant_id
    steps = [
        Step(EVENING, conference_id, TakePen(now=ctx.now, participant_id=who, erased=True), conference_id),
        Step(CARDS, cards_key(conference_id, who), RemoveCardAuthorship(now=ctx.now), conference_id),
    ]
    for group_id in (await ctx.load(EVENING, conference_id)).state.groups:
        sheet_id = sheet_id_of(group_id)
        forget_sheet = RemoveSheetAuthorship(now=ctx.now, participant_id=who)
        forget_idea = RemoveIdeaAuthorship(now=ctx.now, participant_id=who)
        steps.append(Step(SHEET, sheet_id, forget_sheet, conference_id))
        steps.append(Step(IDEA, id_of("idea", sheet_id), forget_idea, conference_id))
    return Decide(*steps, effects=[people.unseat(conference_id, who)])

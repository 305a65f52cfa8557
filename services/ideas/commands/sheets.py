# SPDX-License-Identifier: Apache-2.0
"""How groups write their sheets and submit them."""

from services.chassis.api import Context, Decide
from services.chassis.decider import Refusal
from services.chassis.decisions import Loaded, Step
from services.contracts import ideas as contract
from services.ideas import access
from services.ideas.adapters.key_service import seal_jointly
from services.ideas.commands.here import Here, id_of
from services.ideas.domain.evening import EVENING, Evening, NotInGroup
from services.ideas.domain.idea import IDEA, SubmitIdea, authors_of, texts_of
from services.ideas.domain.sheet import (
    SHEET,
    Closed,
    Open,
    RemovePassage,
    Sheet,
    SheetIsClosed,
    UnknownSheet,
    WritePassage,
)


async def write_passage(request: contract.WritePassage, ctx: Context) -> Decide | Refusal:
    """Writes a passage. Who writes another passage at the same time never gets in the way."""
    pen = await _pen(ctx, request.conference_id, request.sheet_id)
    if isinstance(pen, Refusal):
        return pen
    command = WritePassage(
        now=ctx.now,
        passage_id=request.passage_id,
        field=request.field,
        text=await seal_jointly(ctx, request.conference_id, request.sheet_id, request.text),
        author_id=ctx.actor.id,
        resident=ctx.actor.kind == "resident",
        seen=request.seen,
    )
    return Decide(Step(SHEET, request.sheet_id, command, request.conference_id, guards=(pen,)))


async def remove_passage(request: contract.RemovePassage, ctx: Context) -> Decide | Refusal:
    """Takes a passage out."""
    pen = await _pen(ctx, request.conference_id, request.sheet_id)
    if isinstance(pen, Refusal):
        return pen
    command = RemovePassage(now=ctx.now, passage_id=request.passage_id, by=ctx.actor.id, seen=request.seen)
    return Decide(Step(SHEET, request.sheet_id, command, request.conference_id, guards=(pen,)))


async def submit_idea(request: contract.SubmitIdea, ctx: Context) -> Decide | Refusal:
    """Submits what is on the sheet, unless somebody writes at this very moment: then once more."""
    pen = await _pen(ctx, request.conference_id, request.sheet_id)
    if isinstance(pen, Refusal):
        return pen
    sheet = await ctx.load(SHEET, request.sheet_id)
    step = await submission(ctx, sheet)
    if step is None:
        return UnknownSheet(sheet_id=request.sheet_id)
    return Decide(step, answer=contract.IdeaAnswer(idea_id=step.key), about=(sheet,))


async def submission(ctx: Here, sheet: Loaded[Sheet]) -> Step | None:
    """What makes an idea of a sheet as it was loaded; None when there is no such sheet."""
    if not isinstance(sheet.state, Open | Closed):
        return None
    facts = sheet.state.facts
    group = (await ctx.load(EVENING, facts.conference_id)).state.groups.get(facts.group_id)
    idea_id = id_of("idea", facts.sheet_id)
    command = SubmitIdea(
        now=ctx.now,
        idea_id=idea_id,
        conference_id=facts.conference_id,
        sheet_id=facts.sheet_id,
        topic_id=facts.topic_id,
        texts=texts_of(sheet.state),
        authors=authors_of(sheet.state),
        mentors=group.mentors if group else (),
    )
    return Step(IDEA, idea_id, command, facts.conference_id, guards=(sheet,))


async def _pen(ctx: Context, conference_id: str, sheet_id: str) -> Loaded[Evening] | Refusal:
    """What says that whoever asks may write on this open sheet now: who sits where, and whose pen was taken."""
    sheet = (await ctx.load(SHEET, sheet_id)).state
    if not isinstance(sheet, Open | Closed) or sheet.facts.conference_id != conference_id:
        return UnknownSheet(sheet_id=sheet_id)
    refusal = await access.may_write(ctx, conference_id)
    if refusal is not None:
        return refusal
    evening = await ctx.load(EVENING, conference_id)
    group_id = sheet.facts.group_id
    if not access.belongs_to_group(ctx.actor, evening.state, conference_id, group_id):
        return NotInGroup(group_id=group_id)
    return SheetIsClosed(sheet_id=sheet_id) if isinstance(sheet, Closed) else evening

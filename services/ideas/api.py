# SPDX-License-Identifier: Apache-2.0
"""Table of contents: every command and query this service answers."""

import msgspec

from services.chassis.api import Api, Context
from services.chassis.decider import Refusal
from services.chassis.refusals import NotAllowed, NotFound
from services.contracts import ideas as contract
from services.ideas import access
from services.ideas.commands import board, jury, problems, sheets
from services.ideas.domain.evening import EVENING
from services.ideas.readmodel.boards import board_view
from services.ideas.readmodel.challenges import list_challenges
from services.ideas.readmodel.jury_rounds import JURY_ROUNDS, round_view
from services.ideas.readmodel.problems import problems_view
from services.ideas.readmodel.sheets import SHEETS, SheetDoc, sheet_views
from services.ideas.readmodel.submitted_ideas import list_ideas

api = Api("ideas")

# Commands. Rights that depend on a seat or a group are checked by the handler.
api.command(contract.PostChallenge, needs=access.partner)(board.post_challenge)
api.command(contract.PublishChallenge, needs=access.organisers)(board.publish_challenge)
api.command(contract.AddCard)(board.add_card)
api.command(contract.HideCard)(board.hide_card)
api.command(contract.ProposeProblem)(problems.propose_problem)
api.command(contract.CastDots)(problems.cast_dots)
api.command(contract.ChooseTopics, needs=access.hosts)(problems.choose_topics)
api.command(contract.RankTopics)(problems.rank_topics)
api.command(contract.WritePassage)(sheets.write_passage)
api.command(contract.RemovePassage)(sheets.remove_passage)
api.command(contract.SubmitIdea)(sheets.submit_idea)
api.command(contract.OpenJuryRound, needs=access.organisers)(jury.open_jury_round)
api.command(contract.ScoreIdea, needs=access.juror)(jury.score_idea)
api.command(contract.RecuseMyself, needs=access.juror)(jury.recuse_myself)
api.command(contract.CloseJuryRound, needs=access.organisers)(jury.close_jury_round)
api.command(contract.AwardIdea, needs=access.organisers)(jury.award_idea)


@api.query(contract.ListChallenges)
async def challenges(request: contract.ListChallenges, ctx: Context) -> contract.Challenges:
    """Public challenges, and unpublished ones to organisers and to who posted them."""
    everything = ctx.actor.kind == "service" or ctx.actor.holds("organiser")
    return await list_challenges(ctx.db, request, everything=everything, viewer=ctx.actor.id)


@api.query(contract.GetBoard)
async def board_of(request: contract.GetBoard, ctx: Context) -> contract.BoardView | Refusal:
    """The board."""
    refusal = await access.may_look(ctx, request.conference_id)
    if refusal is not None:
        return refusal
    viewer = None if ctx.actor.kind == "service" else ctx.actor.id
    return await board_view(ctx.db, ctx.keys, request.conference_id, viewer=viewer)


@api.query(contract.GetProblems)
async def problems_of(request: contract.GetProblems, ctx: Context) -> contract.ProblemsView | Refusal:
    """Problems, topics, and dots once they are counted."""
    refusal = await access.may_look(ctx, request.conference_id)
    return refusal or await problems_view(ctx.db, ctx.keys, request.conference_id)


@api.query(contract.GetSheet)
async def sheet(request: contract.GetSheet, ctx: Context) -> contract.SheetView | Refusal:
    """One sheet."""
    doc = await SHEETS.get(ctx.db, request.sheet_id)
    if doc is None or doc.conference_id != request.conference_id:
        return NotFound(what="sheet", id=request.sheet_id)
    refusal = await access.may_look(ctx, request.conference_id)
    if refusal is not None:
        return refusal
    readable = await _readable(ctx, request.conference_id, [doc])
    return (await sheet_views(ctx.keys, readable))[0] if readable else NotAllowed(needs="a seat in the group")


@api.query(contract.GetSheets)
async def sheets_of(request: contract.GetSheets, ctx: Context) -> contract.Sheets | Refusal:
    """The sheets: staff all of them, residents those of their group and submitted ones."""
    refusal = await access.may_look(ctx, request.conference_id)
    if refusal is not None:
        return refusal
    docs = list((await SHEETS.of_conference(ctx.db, request.conference_id)).values())
    readable = await _readable(ctx, request.conference_id, docs)
    return contract.Sheets(conference_id=request.conference_id, sheets=await sheet_views(ctx.keys, readable))


async def _readable(ctx: Context, conference_id: str, docs: list[SheetDoc]) -> list[SheetDoc]:
    if ctx.actor.kind != "resident":
        return docs
    evening = (await ctx.load(EVENING, conference_id)).state
    readable = []
    for doc in docs:
        if access.belongs_to_group(ctx.actor, evening, conference_id, doc.group_id):
            readable.append(doc)
        elif doc.idea_id is not None:
            readable.append(_public(doc, ctx.actor.id))
    return readable


def _public(doc: SheetDoc, reader: str) -> SheetDoc:
    """A submitted sheet as other groups read it: how to reach the group is for those who wrote on it."""
    if any(passage.author_id == reader for passage in doc.passages):
        return doc
    kept = tuple(passage for passage in doc.passages if passage.field != "contact")
    return msgspec.structs.replace(doc, passages=kept)


@api.query(contract.ListIdeas)
async def ideas(request: contract.ListIdeas, ctx: Context) -> contract.Ideas:
    """Submitted ideas; they are public, except how to reach the group."""
    return await list_ideas(ctx.db, ctx.keys, request, ctx.actor)


@api.query(contract.GetJuryRound)
async def jury_round(request: contract.GetJuryRound, ctx: Context) -> contract.JuryRoundView | Refusal:
    """A round: jurors see their own queue, organisers how far it is; nobody sees another one's scores."""
    doc = await JURY_ROUNDS.get(ctx.db, request.round_id)
    if doc is None:
        return NotFound(what="jury round", id=request.round_id)
    if ctx.actor.id not in doc.jurors and not ctx.actor.holds("organiser"):
        return NotAllowed(needs="juror or organiser")
    return await round_view(ctx.db, ctx.keys, doc, ctx.actor.id)

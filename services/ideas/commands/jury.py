# SPDX-License-Identifier: Apache-2.0
"""How a jury round is opened with a plan, scored, closed with a ranking, and awarded."""

import asyncio
from collections.abc import Sequence

import numpy as np

from services.chassis.api import Context, Decide
from services.chassis.decider import Refusal
from services.chassis.decisions import Step
from services.contracts import ideas as contract
from services.ideas.adapters.key_service import seal_as_author
from services.ideas.commands.here import first
from services.ideas.domain.jury import (
    JURY,
    AwardIdea,
    CloseJuryRound,
    OpenJuryRound,
    RecuseJuror,
    Scoring,
    Stopped,
    StopScoring,
    Unopened,
)
from services.ideas.domain.jury_round import (
    Criterion,
    IdeaInRound,
    IdeaNotInRound,
    NotJuror,
    Pair,
    Ranked,
    UnknownJuryRound,
)
from services.ideas.domain.review import REVIEW, RemoveReview, SaveReview, review_key
from services.ideas.methods.assignment import assign
from services.ideas.methods.ranking import Score, rank
from services.ideas.readmodel.challenges import CHALLENGES
from services.ideas.readmodel.people import Ties, districts_of, ties_of
from services.ideas.readmodel.problems import challenge_of_topics
from services.ideas.readmodel.submitted_ideas import IdeaDoc, ideas_of


async def open_jury_round(request: contract.OpenJuryRound, ctx: Context) -> Decide:
    """Assigns the ideas of the conferences to the jurors without conflicts, and opens the round."""
    jurors = tuple(dict.fromkeys(request.jurors))
    ideas = await ideas_of(ctx.db, request.conference_ids)
    conflicts = await _conflicts(ctx, jurors, ideas)
    allowed = np.array([[Pair(who, idea.idea_id) not in conflicts for idea in ideas] for who in jurors], dtype=bool)
    # A thread: with hundreds of ideas the programme takes seconds, and scipy lets others run meanwhile.
    pairs = await asyncio.to_thread(assign, allowed, request.reviews_per_idea, int(request.round_id[:8], 16))
    command = OpenJuryRound(
        now=ctx.now,
        round_id=request.round_id,
        title=request.title,
        criteria=tuple(Criterion(one.criterion_id, one.name, one.weight) for one in request.criteria),
        jurors=jurors,
        ideas=tuple(IdeaInRound(idea.idea_id, idea.conference_id) for idea in ideas),
        conflicts=tuple(sorted(conflicts)),
        assigned=tuple(Pair(jurors[who], ideas[idea].idea_id) for who, idea in pairs),
        reviews_per_idea=request.reviews_per_idea,
        budget_cents=request.budget_cents,
    )
    return Decide(Step(JURY, request.round_id, command, None))


async def _conflicts(ctx: Context, jurors: Sequence[str], ideas: Sequence[IdeaDoc]) -> set[Pair]:
    """Who must not judge what: own district, own organisation's challenge, an accompanied group."""
    conferences = {idea.conference_id for idea in ideas}
    districts = await districts_of(ctx.db, conferences)
    posters = await _posters(ctx, conferences)
    ties = await ties_of(ctx.db, {*jurors, *posters.values()})
    unknown = Ties(None, None)
    found = set()
    for juror in jurors:
        own = ties.get(juror, unknown)
        for idea in ideas:
            poster = posters.get(idea.topic_id or "")
            same_partner = own.partner_id is not None and own.partner_id == ties.get(poster or "", unknown).partner_id
            at_home = own.home_district_id is not None and own.home_district_id == districts.get(idea.conference_id)
            if juror in idea.mentors or juror == poster or same_partner or at_home:
                found.add(Pair(juror, idea.idea_id))
    return found


async def _posters(ctx: Context, conference_ids: set[str]) -> dict[str, str]:
    """Who posted the challenge behind each topic."""
    behind: dict[str, str] = {}
    for conference_id in sorted(conference_ids):
        behind.update(await challenge_of_topics(ctx.db, conference_id))
    challenges = await CHALLENGES.many(ctx.db, set(behind.values()))
    return {topic: challenges[challenge].posted_by for topic, challenge in behind.items() if challenge in challenges}


async def score_idea(request: contract.ScoreIdea, ctx: Context) -> Decide | Refusal:
    """Saves the scores of whoever asks, unless the round has changed meanwhile."""
    round_id, idea_id, juror_id = request.round_id, request.idea_id, ctx.actor.id
    loaded = await ctx.load(JURY, round_id)
    round_ = loaded.state
    if isinstance(round_, Unopened):
        return UnknownJuryRound()
    if juror_id not in round_.facts.jurors:
        return NotJuror(round_id=round_id)
    idea = next((idea for idea in round_.facts.ideas if idea.idea_id == idea_id), None)
    if idea is None:
        return IdeaNotInRound(idea_id=idea_id)
    comment = await seal_as_author(ctx, idea.conference_id, request.comment) if request.comment else None
    command = SaveReview(
        now=ctx.now,
        round_id=round_id,
        juror_id=juror_id,
        idea_id=idea_id,
        scores=request.scores,
        comment=comment,
        open=isinstance(round_, Scoring),
        assigned=isinstance(round_, Scoring) and Pair(juror_id, idea_id) in round_.assigned,
        criteria=tuple(one.criterion_id for one in round_.facts.criteria),
    )
    return Decide(Step(REVIEW, review_key(round_id, juror_id, idea_id), command, None, guards=(loaded,)))


async def recuse_myself(request: contract.RecuseMyself, ctx: Context) -> Decide:
    """Takes the juror and what they scored out; somebody else is asked."""
    round_id, idea_id, juror_id = request.round_id, request.idea_id, ctx.actor.id
    recuse = RecuseJuror(now=ctx.now, juror_id=juror_id, idea_id=idea_id)
    remove = RemoveReview(now=ctx.now, round_id=round_id, juror_id=juror_id, idea_id=idea_id)
    return Decide(
        Step(JURY, round_id, recuse, None),
        Step(REVIEW, review_key(round_id, juror_id, idea_id), remove, None),
    )


async def close_jury_round(request: contract.CloseJuryRound, ctx: Context) -> Decide | Refusal:
    """Ends the scoring first and ranks what was scored until then; when this process dies between, asking again
    completes it.
    """
    round_id = request.round_id
    scoring = isinstance((await ctx.load(JURY, round_id)).state, Scoring)
    if scoring:
        await first(ctx, Step(JURY, round_id, StopScoring(now=ctx.now), None))
    round_ = (await ctx.load(JURY, round_id)).state
    ranking = await _ranking(ctx, round_) if isinstance(round_, Stopped) else ()
    return Decide(Step(JURY, round_id, CloseJuryRound(now=ctx.now, ranking=ranking), None), follows=scoring)


async def _ranking(ctx: Context, round_: Stopped) -> tuple[Ranked, ...]:
    """The ranking by the complete reviews of those who are assigned."""
    facts = round_.facts
    ideas = [idea.idea_id for idea in facts.ideas]
    criteria = [one.criterion_id for one in facts.criteria]
    jurors = {juror_id: nth for nth, juror_id in enumerate(facts.jurors)}
    places = {idea_id: nth for nth, idea_id in enumerate(ideas)}
    reviews = []
    for pair in sorted(round_.assigned):
        scores = (await ctx.load(REVIEW, review_key(facts.round_id, pair.juror_id, pair.idea_id))).state.scores
        if all(criterion in scores for criterion in criteria):
            marks = tuple(scores[criterion] for criterion in criteria)
            reviews.append(Score(jurors[pair.juror_id], places[pair.idea_id], marks))
    ranked = rank(ideas, [one.weight for one in facts.criteria], reviews, bytes.fromhex(facts.round_id))
    return tuple(
        Ranked(
            idea_id=ideas[place.idea],
            rank=place.rank,
            raw=place.raw,
            corrected=place.corrected,
            reviews=place.reviews,
        )
        for place in ranked
    )


async def award_idea(request: contract.AwardIdea, ctx: Context) -> Decide:
    """Recommends an amount for an idea."""
    command = AwardIdea(now=ctx.now, idea_id=request.idea_id, amount_cents=request.amount_cents)
    return Decide(Step(JURY, request.round_id, command, None))

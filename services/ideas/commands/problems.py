# SPDX-License-Identifier: Apache-2.0
"""How problems are proposed and dotted, topics chosen and ranked."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from services.chassis.api import Context, Decide
from services.chassis.ballots import VoteKeys, destroy, latest_ballots
from services.chassis.decider import Refusal
from services.chassis.decisions import Step
from services.chassis.store import Statement
from services.contracts import ideas as contract
from services.ideas import access
from services.ideas.adapters.key_service import seal_as_author
from services.ideas.commands.here import Here, first, id_of, new_id
from services.ideas.domain.challenge import CHALLENGE, Published, UnknownChallenge
from services.ideas.domain.problem import (
    PROBLEM,
    PROPOSALS,
    CountProblem,
    ProblemProposed,
    Proposed,
    ProposeProblem,
    UnknownProblem,
    proposals_key,
)
from services.ideas.domain.topics import (
    TOPICS,
    WISHES,
    ChooseTopics,
    ClosePreferences,
    Collecting,
    NoTopics,
    Ranking,
    RankTopics,
    Settled,
    StopPreferences,
    Topic,
    TopicsAreSettled,
    TopicsRanked,
    chosen,
    most_dotted,
    wishes_key,
)
from services.ideas.domain.voting import (
    BUDGET,
    DOTS,
    VOTING,
    CastDots,
    Closed,
    CloseVoting,
    DotsCast,
    Open,
    OpenVoting,
    Stopped,
    StopVoting,
    TooManyDots,
    VotingIsClosed,
    count,
)
from services.ideas.readmodel.people import count_present


async def propose_problem(request: contract.ProposeProblem, ctx: Context) -> Decide | Refusal:
    """Proposes a problem, unless the voting has changed meanwhile."""
    conference_id = request.conference_id
    refusal = await access.may_write(ctx, conference_id)
    if refusal is not None:
        return refusal
    if request.challenge_id is not None:
        challenge = (await ctx.load(CHALLENGE, request.challenge_id)).state
        if not isinstance(challenge, Published):
            return UnknownChallenge(challenge_id=request.challenge_id)
    voting = await ctx.load(VOTING, conference_id)
    problem_id = new_id(ctx.command_id, "problem")
    command = ProposeProblem(
        now=ctx.now,
        problem_id=problem_id,
        conference_id=conference_id,
        author_id=ctx.actor.id,
        text=await seal_as_author(ctx, conference_id, request.text),
        challenge_id=request.challenge_id,
        open=isinstance(voting.state, Open),
    )
    step = Step(PROBLEM, problem_id, command, conference_id, guards=(voting,))
    count_problem = CountProblem(now=ctx.now, problem_id=problem_id)
    counted = Step(PROPOSALS, proposals_key(conference_id, ctx.actor.id), count_problem, conference_id)
    return Decide(step, counted, answer=contract.ProblemAnswer(problem_id=problem_id))


async def cast_dots(request: contract.CastDots, ctx: Context) -> Decide | Refusal:
    """Stores somebody's dots so that nobody can tell whose they are, unless the voting has changed meanwhile."""
    conference_id = request.conference_id
    refusal = await access.may_vote(ctx, conference_id)
    if refusal is not None:
        return refusal
    voting = await ctx.load(VOTING, conference_id)
    key = await _keys(ctx).load(voting.state.voting_id) if isinstance(voting.state, Open) else None
    if key is None or voting.at is None:
        return VotingIsClosed()
    if len(request.dots) > BUDGET:
        return TooManyDots(limit=BUDGET, asked=sum(request.dots.values()))
    for problem_id in request.dots:
        problem = (await ctx.load(PROBLEM, problem_id)).state
        if not isinstance(problem, Proposed) or problem.conference_id != conference_id:
            return UnknownProblem(problem_id=problem_id)
    command = CastDots(now=ctx.now, dots=request.dots, voting=voting.state)
    secret = key.secret(ctx.actor.id, at=voting.at)
    return Decide(Step(DOTS, "", command, conference_id, secret=secret, guards=(voting,)))


async def choose_topics(request: contract.ChooseTopics, ctx: Context) -> Decide | Refusal:
    """Chooses the named problems, or those with most dots; the voting is over with that."""
    for problem_id in request.problem_ids:
        problem = (await ctx.load(PROBLEM, problem_id)).state
        if not isinstance(problem, Proposed) or problem.conference_id != request.conference_id:
            return UnknownProblem(problem_id=problem_id)
    # What will be refused must not stop the voting first.
    if isinstance((await ctx.load(TOPICS, request.conference_id)).state, Collecting | Settled):
        return TopicsAreSettled()
    if not request.problem_ids and not await most_dotted_problems(ctx, request.conference_id, {}):
        return NoTopics()
    counted = await count_dots(ctx, request.conference_id)
    problem_ids = tuple(dict.fromkeys(request.problem_ids))
    if not problem_ids:
        problem_ids = await most_dotted_problems(ctx, request.conference_id, counted.dots)
    choice = choosing(ctx, request.conference_id, problem_ids)
    return Decide(*counted.steps, choice, effects=counted.effects, follows=bool(counted.steps))


async def rank_topics(request: contract.RankTopics, ctx: Context) -> Decide | Refusal:
    """Keeps a person's wishes, unless the choice has changed meanwhile."""
    conference_id = request.conference_id
    refusal = await access.may_vote(ctx, conference_id)
    if refusal is not None:
        return refusal
    topics = await ctx.load(TOPICS, conference_id)
    command = RankTopics(now=ctx.now, participant_id=ctx.actor.id, topic_ids=request.topic_ids, topics=topics.state)
    step = Step(WISHES, wishes_key(conference_id, ctx.actor.id), command, conference_id, guards=(topics,))
    return Decide(step, about=(topics,))


# Also for policies and timers -----------------------------------------------------------------------------------


class Counted(NamedTuple):
    """What stores the count of a voting, and the count itself."""

    steps: Sequence[Step]
    effects: Sequence[Statement]
    dots: dict[str, int]


def opening(ctx: Here, conference_id: str, run: int) -> tuple[Step, Statement]:
    """What opens the voting of a phase and makes its key."""
    voting_id = id_of("voting", conference_id, run)
    command = OpenVoting(now=ctx.now, voting_id=voting_id, run=run)
    return Step(VOTING, conference_id, command, conference_id), _keys(ctx).create(voting_id)


async def count_dots(ctx: Here, conference_id: str) -> Counted:
    """Stops the voting if it is open, then counts; a voting that was stopped before is counted now.

    Raises:
        Refused: it could not be stopped now.
    """
    voting = (await ctx.load(VOTING, conference_id)).state
    if isinstance(voting, Open):
        await first(ctx, Step(VOTING, conference_id, StopVoting(now=ctx.now), conference_id))
        voting = (await ctx.load(VOTING, conference_id)).state
    if isinstance(voting, Closed):
        return Counted((), (), voting.dots)
    if not isinstance(voting, Stopped):
        return Counted((), (), {})
    voting_id = voting.voting_id
    ballots = await latest_ballots(
        ctx.repository.store,
        ctx.repository.mapper,
        DotsCast,
        lambda ballot: ballot.voting_id == voting_id,
        conference=conference_id,
    )
    dots, voters = count(ballot.dots for ballot in ballots.values())
    command = CloseVoting(now=ctx.now, voting_id=voting_id, dots=dots, voters=voters)
    return Counted([Step(VOTING, conference_id, command, conference_id)], [destroy(voting_id)], dots)


async def most_dotted_problems(ctx: Here, conference_id: str, dots: dict[str, int]) -> tuple[str, ...]:
    """The problems that become topics when nobody names any."""
    store, mapper = ctx.repository.store, ctx.repository.mapper
    rows = await store.select_conference(UUID(conference_id), topics=mapper.topics([ProblemProposed]))
    proposed = [mapper.decode(row.topic, row.state) for row in rows]
    problem_ids = [event.problem_id for event in proposed if isinstance(event, ProblemProposed)]
    return most_dotted(problem_ids, dots, await count_present(ctx.db, conference_id))


def choosing(ctx: Here, conference_id: str, problem_ids: Sequence[str]) -> Step:
    """What makes topics of problems."""
    topics = tuple(Topic(id_of("topic", problem_id), problem_id) for problem_id in problem_ids)
    return Step(TOPICS, conference_id, ChooseTopics(now=ctx.now, topics=topics), conference_id)


async def collect_wishes(ctx: Here, conference_id: str) -> list[Step]:
    """Stops the ranking of topics if it runs, then collects; nothing when there is nothing to collect.

    Raises:
        Refused: it could not be stopped now.
    """
    topics = (await ctx.load(TOPICS, conference_id)).state
    if isinstance(topics, Ranking):
        await first(ctx, Step(TOPICS, conference_id, StopPreferences(now=ctx.now), conference_id))
        topics = (await ctx.load(TOPICS, conference_id)).state
    if not isinstance(topics, Collecting):
        return []
    store, mapper = ctx.repository.store, ctx.repository.mapper
    known = {topic.topic_id for topic in chosen(topics)}
    ranks: dict[str, tuple[str, ...]] = {}
    for row in await store.select_conference(UUID(conference_id), topics=mapper.topics([TopicsRanked])):
        event = mapper.decode(row.topic, row.state)
        if isinstance(event, TopicsRanked):
            # Somebody may have ranked what a later choice left out.
            ranks[event.participant_id] = tuple(topic_id for topic_id in event.topic_ids if topic_id in known)
    command = ClosePreferences(now=ctx.now, ranks={who: wanted for who, wanted in ranks.items() if wanted})
    return [Step(TOPICS, conference_id, command, conference_id)]


def _keys(ctx: Here) -> VoteKeys:
    return VoteKeys(ctx.db, ctx.settings.key_encryption)

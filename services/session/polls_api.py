# SPDX-License-Identifier: Apache-2.0
"""How polls are opened, voted on, counted and shown."""

import asyncio
from typing import Final
from uuid import NAMESPACE_OID, uuid4, uuid5

import msgspec

from services.chassis.api import Api, Context, Decide, role
from services.chassis.ballots import VoteKey
from services.chassis.contract import Done
from services.chassis.decider import Refusal
from services.chassis.decisions import Envelope, Loaded, Secret, Step
from services.chassis.refusals import InvalidInput, NotFound
from services.chassis.service import Runtime
from services.chassis.timers import TimerContext, Timers
from services.contracts import session as asked
from services.contracts.shared import LocalText as ContractText
from services.session.access import may_vote
from services.session.counting import Here, counted, keys_of_polls
from services.session.domain.ballot import BALLOT, CastBallot, UnknownAnswer, UpvoteAnswers
from services.session.domain.poll import POLL, EndVoting, ModerateAnswers, OpenPoll, PollIsClosed, RevealPoll, poll_key
from services.session.domain.poll_facts import Closed, Counting, Open, Poll, Unopened, asked_of
from services.session.domain.script import PreparedPoll
from services.session.domain.session import SESSION
from services.session.domain.session_commands import SessionIs
from services.session.domain.session_state import Unprepared, run_of, status_of
from services.session.methods.tallies import normalised
from services.session.polls_view import get_poll_answers, get_polls, state_of, words_of
from services.session.readmodel.polls import POLLS, CountPoll, EndPolls, open_polls

HOW_ARE_YOU = ContractText(de="Wie geht es Ihnen gerade?", en="How are you right now?")
"""The question of a mood that comes without one."""

LONGEST_WORD: Final = 40
"""Characters of a word of a cloud."""


def register(api: Api) -> None:
    """Adds what this module answers to the table of contents."""
    moderation = role("moderator", "deputy")
    api.command(asked.OpenPoll, needs=moderation)(open_poll)
    api.command(asked.CastBallot)(cast_ballot)
    api.command(asked.UpvoteAnswers)(upvote_answers)
    api.command(asked.ModerateAnswers, needs=moderation)(moderate_answers)
    api.command(asked.RevealPoll, needs=moderation)(reveal_poll)
    api.command(asked.ClosePoll, needs=moderation)(close_poll)
    api.query(asked.GetPolls)(get_polls)
    api.query(asked.GetPollAnswers, needs=moderation)(get_poll_answers)


def register_timers(timers: Timers) -> None:
    """Adds what happens to polls by itself."""
    timers.due(EndPolls)(when_a_phase_has_ended_end_its_polls)
    timers.due(CountPoll)(when_the_voting_has_ended_count_the_ballots)


# Commands -------------------------------------------------------------------------------------------------------


async def open_poll(request: asked.OpenPoll, ctx: Context) -> Decide | Refusal:
    """Opens a prepared poll, once per entry into a phase, or an ad-hoc one."""
    conference = request.conference_id
    session = (await ctx.load(SESSION, conference)).state
    status = status_of(session)
    if isinstance(session, Unprepared) or status not in {"LOBBY", "RUNNING", "PAUSED"}:
        return SessionIs(status=status)
    if request.key is not None:
        prepared = session.script.poll(request.key)
        if prepared is None:
            return NotFound(what="poll", id=request.key)
        # Two moderators who click at once open one poll.
        poll_id = uuid5(NAMESPACE_OID, f"poll:{conference}:{run_of(session)}:{request.key}").hex
        return opening(ctx, conference, poll_id, prepared, request.key)
    made_up = _made_up(request)
    return made_up if isinstance(made_up, Refusal) else opening(ctx, conference, uuid4().hex, made_up, None)


def opening(ctx: Here, conference: str, poll_id: str, poll: PreparedPoll, key: str | None) -> Decide:
    """What opens a poll and makes its key. Opening an open poll again changes nothing."""
    command = OpenPoll(poll_id=poll_id, key=key, asked=asked_of(poll), now=ctx.now)
    return Decide(
        Step(POLL, poll_key(conference, poll_id), command, conference),
        answer=asked.PollOpenedAnswer(poll_id=poll_id),
        effects=[keys_of_polls(ctx).create(poll_id)],
    )


def _made_up(request: asked.OpenPoll) -> PreparedPoll | InvalidInput:
    """An ad-hoc poll, held to the same rules as one of the script.

    Raises:
        msgspec.ValidationError: a text is missing or too long; the caller gets `InvalidInput` with its path.
    """
    fields = {name: getattr(request, name) for name in ("kind", "question", "options", "live", "at_least", "at_most")}
    if request.kind == "mood" and request.question is None:
        fields["question"] = HOW_ARE_YOU
    poll = msgspec.convert(msgspec.to_builtins({**fields, "key": "ad-hoc"}), PreparedPoll)
    for problem in poll.problems():
        return InvalidInput(field=problem.path, problem=problem.text)
    return poll


async def cast_ballot(request: asked.CastBallot, ctx: Context) -> Decide | Refusal:
    """Stores a secret ballot, unless the poll's stream has moved on meanwhile."""
    box = await _ballot_box(request, ctx)
    if isinstance(box, Refusal):
        return box
    poll, state, key = box
    if request.option is not None and request.chosen:
        return InvalidInput(field="option", problem="a ballot names its options in `option` or in `chosen`")
    if state.asked.kind == "word_cloud" and any(len(word) > LONGEST_WORD for word in request.words):
        return InvalidInput(field="words", problem=f"a word of a cloud has {LONGEST_WORD} characters at most")
    chosen = request.chosen if request.option is None else (request.option,)
    words = normalised(request.words)
    command = CastBallot(
        poll_id=request.poll_id,
        poll=state,
        chosen=chosen if state.asked.kind == "ranking" else tuple(sorted(chosen)),
        value=request.value,
        words=key.seal(ctx.actor.id, words) if words else None,
        now=ctx.now,
    )
    return _secretly(request, ctx, command, poll, key.secret(ctx.actor.id, at=state.opened_at))


async def upvote_answers(request: asked.UpvoteAnswers, ctx: Context) -> Decide | Refusal:
    """Stores, as secretly as a ballot, which answers of others a person supports."""
    box = await _ballot_box(request, ctx)
    if isinstance(box, Refusal):
        return box
    poll, state, key = box
    command = UpvoteAnswers(poll_id=request.poll_id, poll=state, answers=request.answer_ids, now=ctx.now)
    return _secretly(request, ctx, command, poll, key.secret(ctx.actor.id, at=state.opened_at))


async def _ballot_box(
    request: asked.CastBallot | asked.UpvoteAnswers, ctx: Context
) -> tuple[Loaded[Poll], Open | Counting, VoteKey] | Refusal:
    """The poll and its key, for somebody who may vote."""
    conference, poll_id = request.conference_id, request.poll_id
    refusal = await may_vote(ctx, conference)
    if refusal is not None:
        return refusal
    poll = await ctx.load(POLL, poll_key(conference, poll_id))
    if isinstance(poll.state, Unopened):
        return NotFound(what="poll", id=poll_id)
    key = None if isinstance(poll.state, Closed) else await keys_of_polls(ctx).load(poll_id)
    if isinstance(poll.state, Closed) or key is None:
        return PollIsClosed(poll_id=poll_id)
    return poll, poll.state, key


def _secretly(
    request: asked.CastBallot | asked.UpvoteAnswers,
    ctx: Context,
    command: CastBallot | UpvoteAnswers,
    poll: Loaded[Poll],
    secret: Secret,
) -> Decide:
    return Decide(Step(BALLOT, request.poll_id, command, request.conference_id, secret=secret, guards=(poll,)))


async def moderate_answers(request: asked.ModerateAnswers, ctx: Context) -> Decide | Refusal:
    """Shows or hides words and answers that are there."""
    conference, poll_id = request.conference_id, request.poll_id
    state = await state_of(ctx, conference, poll_id)
    if state is None:
        return NotFound(what="poll", id=poll_id)
    counted_ones = () if state.result is None else state.result.tally
    known = {one.count.answer for one in await words_of(state, ctx)} | {one.answer for one in counted_ones}
    for answer in request.answer_ids:
        if answer not in known:
            return UnknownAnswer(answer_id=answer)
    command = ModerateAnswers(poll_id=poll_id, answers=request.answer_ids, show=request.show, now=ctx.now)
    return Decide(Step(POLL, poll_key(conference, poll_id), command, conference))


async def reveal_poll(request: asked.RevealPoll, ctx: Context) -> Decide:
    """Shows a hidden result to everybody."""
    conference, poll_id = request.conference_id, request.poll_id
    command = RevealPoll(poll_id=poll_id, now=ctx.now)
    return Decide(Step(POLL, poll_key(conference, poll_id), command, conference))


async def close_poll(request: asked.ClosePoll, ctx: Context) -> Decide | Done | Refusal:
    """Ends the voting, then counts; when this process dies in between, the timer counts."""
    conference, poll_id = request.conference_id, request.poll_id
    poll = await ctx.load(POLL, poll_key(conference, poll_id))
    if isinstance(poll.state, Unopened):
        return NotFound(what="poll", id=poll_id)
    if isinstance(poll.state, Open):
        command_id = uuid5(ctx.command_id, "end voting") if ctx.command_id else None
        envelope = Envelope(command_id, poll_id.encode(), ctx.actor.id, ctx.trace, expected=ctx.expected)
        ended = await ctx.repository.execute([_ending(ctx, conference, poll_id)], envelope, Done())
        if isinstance(ended, Refusal):
            return ended
    return await counted(ctx, conference, poll_id) or Done()


def _ending(ctx: Here, conference: str, poll_id: str) -> Step:
    return Step(POLL, poll_key(conference, poll_id), EndVoting(poll_id=poll_id, now=ctx.now), conference)


# By itself ------------------------------------------------------------------------------------------------------


async def when_a_phase_has_ended_end_its_polls(due: EndPolls, ctx: TimerContext) -> list[Step]:
    """A poll does not outlive the phase in which it was opened; the count follows by its own timer."""
    polls = await open_polls(ctx.db, due.conference_id, before=due.before)
    return [_ending(ctx, due.conference_id, poll_id) for poll_id in polls]


async def when_the_voting_has_ended_count_the_ballots(due: CountPoll, ctx: TimerContext) -> Decide | list[Step]:
    """Nothing is left to do when the command that ended the voting has counted."""
    return await counted(ctx, due.conference_id, due.poll_id) or []


async def tell_changed_results(runtime: Runtime) -> None:
    """Tells gateways which conferences have other poll results; a loop of the service."""

    def tell(projection: str, conferences: frozenset[str], position: int) -> None:
        if projection == POLLS.name:
            for conference in conferences:
                runtime.live.send(asked.PollResultsChanged(conference_id=conference, position=position))

    runtime.projector.changed.append(tell)
    try:
        await asyncio.Event().wait()
    finally:
        runtime.projector.changed.remove(tell)

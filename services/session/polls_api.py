# SPDX-License-Identifier: Apache-2.0
"""How polls are opened, voted on, counted and shown."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TypeAlias, assert_never
from uuid import NAMESPACE_OID, UUID, uuid4, uuid5

import msgspec

from services.chassis.api import Api, Context, Decide, role
from services.chassis.ballots import VoteKey, VoteKeys, destroy, latest_ballots
from services.chassis.contract import Done
from services.chassis.decider import Refusal
from services.chassis.decisions import Envelope, Step
from services.chassis.refusals import InvalidInput, NotFound
from services.chassis.service import Runtime
from services.chassis.timers import TimerContext, Timers
from services.contracts import session as asked
from services.contracts.shared import LocalText as ContractText
from services.session.access import may_see, may_vote
from services.session.domain.ballot import BALLOT, BallotCast, CastBallot
from services.session.domain.poll import (
    POLL,
    Closed,
    Count,
    Counting,
    EndVoting,
    Open,
    OpenPoll,
    PollIsClosed,
    RecordTally,
    Unopened,
    count_options,
    count_words,
    normalised,
    poll_key,
)
from services.session.domain.script import LocalText, PollKind, PreparedPoll
from services.session.domain.session import SESSION
from services.session.domain.session_commands import SessionIs
from services.session.domain.session_state import (
    Unprepared,
    run_of,
    status_of,
)
from services.session.readmodel.polls import POLLS, CountPoll, EndPolls, PollState, open_polls, polls_of

Here: TypeAlias = Context | TimerContext


def register(api: Api) -> None:
    """Adds what this module answers to the table of contents."""
    moderation = role("moderator", "deputy")
    api.command(asked.OpenPoll, needs=moderation)(open_poll)
    api.command(asked.CastBallot)(cast_ballot)
    api.command(asked.ClosePoll, needs=moderation)(close_poll)
    api.query(asked.GetPolls)(get_polls)


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
    command = OpenPoll(
        poll_id=poll_id,
        key=key,
        kind=poll.kind,
        question=poll.question,
        options=poll.options,
        live=poll.live,
        now=ctx.now,
    )
    return Decide(
        Step(POLL, poll_key(conference, poll_id), command, conference),
        answer=asked.PollOpenedAnswer(poll_id=poll_id),
        effects=[_keys(ctx).create(poll_id)],
    )


def _made_up(request: asked.OpenPoll) -> PreparedPoll | InvalidInput:
    """An ad-hoc poll, held to the same rules as one of the script.

    Raises:
        msgspec.ValidationError: a text is missing or too long; the caller gets `InvalidInput` with its path.
    """
    fields = {"key": "ad-hoc", "kind": request.kind, "question": request.question, "options": request.options}
    poll = msgspec.convert(msgspec.to_builtins({**fields, "live": request.live}), PreparedPoll)
    if poll.kind == "single" and not 2 <= len(poll.options) <= 12:
        return InvalidInput(field="options", problem="a single choice has 2 to 12 options")
    if poll.kind == "word_cloud" and poll.options:
        return InvalidInput(field="options", problem="a word cloud has no options")
    return poll


async def cast_ballot(request: asked.CastBallot, ctx: Context) -> Decide | Refusal:
    """Stores a secret ballot, unless the poll's stream has moved on meanwhile."""
    conference, poll_id, voter = request.conference_id, request.poll_id, ctx.actor.id
    refusal = await may_vote(ctx, conference)
    if refusal is not None:
        return refusal
    poll = await ctx.load(POLL, poll_key(conference, poll_id))
    if isinstance(poll.state, Unopened):
        return NotFound(what="poll", id=poll_id)
    key = None if isinstance(poll.state, Closed) else await _keys(ctx).load(poll_id)
    if isinstance(poll.state, Closed) or key is None:
        return PollIsClosed(poll_id=poll_id)
    words = normalised(request.words)
    command = CastBallot(
        poll_id=poll_id,
        poll=poll.state,
        option=request.option,
        words=key.seal(voter, words) if words else None,
        now=ctx.now,
    )
    secret = key.secret(voter, at=poll.state.opened_at)
    return Decide(Step(BALLOT, poll_id, command, conference, secret=secret, guards=(poll,)))


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
    return await _counted(ctx, conference, poll_id) or Done()


def _ending(ctx: Here, conference: str, poll_id: str) -> Step:
    return Step(POLL, poll_key(conference, poll_id), EndVoting(poll_id=poll_id, now=ctx.now), conference)


async def _counted(ctx: Here, conference: str, poll_id: str) -> Decide | None:
    """What stores the tally of a poll whose voting has ended; None when there is nothing to count."""
    poll = await ctx.load(POLL, poll_key(conference, poll_id))
    if not isinstance(poll.state, Counting):
        return None
    store, mapper = ctx.repository.store, ctx.repository.mapper
    opened = (await store.select_events(poll.stream_id))[0].notification_id
    ballots = await latest_ballots(
        store, mapper, BallotCast, lambda ballot: ballot.poll_id == poll_id, conference=conference, after=opened
    )
    key = await _keys(ctx).load(poll_id) if poll.state.kind == "word_cloud" else None
    tally = _tally(poll.state.kind, poll.state.options, ballots, key)
    if tally is None:
        # Whoever counted at the same time, the timer or another moderator, has destroyed the key with the tally.
        if isinstance((await ctx.load(POLL, poll_key(conference, poll_id))).state, Counting):
            raise VoteKeyMissing(poll_id)
        return None
    command = RecordTally(poll_id=poll_id, ballots=len(ballots), tally=tally, now=ctx.now)
    step = Step(POLL, poll_key(conference, poll_id), command, conference)
    return Decide(step, effects=[destroy(poll_id)], follows=True)


def _tally(
    kind: PollKind, options: Sequence[LocalText], ballots: Mapping[UUID, BallotCast], key: VoteKey | None
) -> tuple[Count, ...] | None:
    """What the ballots say; None when there are words and no key that opens them."""
    match kind:
        case "single":
            return count_options(options, (ballot.option for ballot in ballots.values() if ballot.option is not None))
        case "word_cloud":
            if key is None:
                return None
            return count_words(key.open(stream, ballot.words) for stream, ballot in ballots.items() if ballot.words)
        case _:
            assert_never(kind)


class VoteKeyMissing(Exception):
    """Words wait to be counted, but their key is gone: the database was changed by hand."""

    def __init__(self, poll_id: str) -> None:
        super().__init__(f"poll {poll_id} is to be counted and has no key")


def _keys(ctx: Here) -> VoteKeys:
    return VoteKeys(ctx.db, ctx.settings.key_encryption)


# By itself ------------------------------------------------------------------------------------------------------


async def when_a_phase_has_ended_end_its_polls(due: EndPolls, ctx: TimerContext) -> list[Step]:
    """A poll does not outlive the phase in which it was opened; the count follows by its own timer."""
    polls = await open_polls(ctx.db, due.conference_id, before=due.before)
    return [_ending(ctx, due.conference_id, poll_id) for poll_id in polls]


async def when_the_voting_has_ended_count_the_ballots(due: CountPoll, ctx: TimerContext) -> Decide | list[Step]:
    """Nothing is left to do when the command that ended the voting has counted."""
    return await _counted(ctx, due.conference_id, due.poll_id) or []


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


# Queries --------------------------------------------------------------------------------------------------------


async def get_polls(request: asked.GetPolls, ctx: Context) -> asked.PollsView | Refusal:
    """All polls of the evening; results of hidden ones only once they are closed."""
    refusal = await may_see(ctx, request.conference_id)
    if refusal is not None:
        return refusal
    polls = await polls_of(ctx.db, request.conference_id)
    return asked.PollsView(conference_id=request.conference_id, polls=tuple([await _view(poll, ctx) for poll in polls]))


async def _view(poll: PollState, ctx: Context) -> asked.PollView:
    tally = poll.tally
    if poll.status != "closed" and poll.asked.live:
        key = await _keys(ctx).load(poll.poll_id) if poll.asked.kind == "word_cloud" else None
        tally = _tally(poll.asked.kind, poll.asked.options, poll.ballots, key)
    return asked.PollView(
        poll_id=poll.poll_id,
        kind=poll.asked.kind,
        question=_text(poll.asked.question),
        options=tuple(_text(option) for option in poll.asked.options),
        open=poll.status == "open",
        ballots=poll.counted if poll.status == "closed" else len(poll.ballots),
        tally=None if tally is None else tuple(asked.WordCount(label=one.label, count=one.count) for one in tally),
    )


def _text(text: LocalText) -> ContractText:
    return ContractText(de=text.de, en=text.en)

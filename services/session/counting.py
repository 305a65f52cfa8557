# SPDX-License-Identifier: Apache-2.0
"""How the ballots of a poll are opened and counted, once its voting has ended or for live results."""

from collections.abc import Mapping
from typing import TypeAlias
from uuid import UUID

from services.chassis.api import Context, Decide
from services.chassis.ballots import VoteKey, VoteKeys, destroy, latest_ballots
from services.chassis.decisions import Step
from services.chassis.timers import TimerContext
from services.session.domain.ballot import AnswersUpvoted, BallotCast
from services.session.domain.poll import POLL, RecordTally, poll_key
from services.session.domain.poll_facts import Asked, Counting
from services.session.methods.tallies import Answer, Written, result
from services.session.methods.words import stem_of

Here: TypeAlias = Context | TimerContext


class VoteKeyMissing(Exception):
    """Words wait to be counted, but their key is gone: the database was changed by hand."""

    def __init__(self, poll_id: str) -> None:
        super().__init__(f"poll {poll_id} is to be counted and has no key")


def keys_of_polls(ctx: Here) -> VoteKeys:
    """The keys of the polls that are not closed."""
    return VoteKeys(ctx.db, ctx.settings.key_encryption)


async def counted(ctx: Here, conference: str, poll_id: str) -> Decide | None:
    """What stores the tally of a poll whose voting has ended; None when there is nothing to count.

    Raises:
        VoteKeyMissing: there are words and no key that opens them.
    """
    poll = await ctx.load(POLL, poll_key(conference, poll_id))
    if not isinstance(poll.state, Counting):
        return None
    store, mapper = ctx.repository.store, ctx.repository.mapper
    opened = (await store.select_events(poll.stream_id))[0].notification_id
    ballots = await latest_ballots(
        store, mapper, BallotCast, lambda ballot: ballot.poll_id == poll_id, conference=conference, after=opened
    )
    upvotes = await latest_ballots(
        store, mapper, AnswersUpvoted, lambda ballot: ballot.poll_id == poll_id, conference=conference, after=opened
    )
    key = await keys_of_polls(ctx).load(poll_id)
    if key is None:
        # Whoever counted at the same time, the timer or another moderator, has destroyed the key with the tally.
        if isinstance((await ctx.load(POLL, poll_key(conference, poll_id))).state, Counting):
            raise VoteKeyMissing(poll_id)
        return None
    given = readable(poll.state.asked, ballots, {stream: given.answers for stream, given in upvotes.items()}, key)
    shown = result(poll.state.asked, given, poll.state.verdicts)
    command = RecordTally(
        poll_id=poll_id,
        ballots=len(given),
        tally=None if shown is None else shown.tally,
        spread=None if shown is None else shown.spread,
        now=ctx.now,
    )
    step = Step(POLL, poll_key(conference, poll_id), command, conference)
    return Decide(step, effects=[destroy(poll_id)], follows=True)


def readable(
    asked: Asked, ballots: Mapping[UUID, BallotCast], upvotes: Mapping[UUID, tuple[str, ...]], key: VoteKey
) -> list[Answer]:
    """The ballots of a poll, opened; each word and answer with an id that nobody can make without the poll's key.

    Args:
        asked: the poll.
        ballots: the latest of each voter by their streams.
        upvotes: the answers that each voter supports, by the same streams.
        key: opens what was written.
    """
    answers = []
    for stream in ballots.keys() | upvotes.keys():
        ballot = ballots.get(stream)
        sealed = None if ballot is None else ballot.words
        texts = () if sealed is None else key.open(stream, sealed)
        answers.append(
            Answer(
                chosen=() if ballot is None else ballot.chosen,
                value=None if ballot is None else ballot.value,
                words=tuple(Written(_id_of(asked, stream, text, key), text) for text in texts),
                upvotes=upvotes.get(stream, ()),
            )
        )
    return answers


def _id_of(asked: Asked, stream: UUID, text: str, key: VoteKey) -> str:
    """The same for all forms of a word; of an answer, one for each person and text, so that another text waits anew."""
    if asked.kind == "word_cloud":
        return key.digest(b"word:" + stem_of(text).encode())[:16].hex()
    return key.digest(b"answer:" + stream.bytes + text.encode())[:16].hex()

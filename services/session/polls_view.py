# SPDX-License-Identifier: Apache-2.0
"""How polls are shown: to everybody, and to moderators the words that they should look at."""

from services.chassis.api import Context
from services.chassis.ballots import VoteKey
from services.chassis.decider import Refusal
from services.chassis.refusals import NotFound
from services.contracts import session as asked
from services.contracts.shared import LocalText as ContractText
from services.session.access import may_see
from services.session.counting import keys_of_polls, readable
from services.session.domain.poll_facts import Verdicts
from services.session.domain.script import LocalText
from services.session.methods.tallies import Answer, Counted, Result, result, written
from services.session.publishing_talk import told_spread, word_count
from services.session.readmodel.polls import PollState, polls_of


async def get_polls(request: asked.GetPolls, ctx: Context) -> asked.PollsView | Refusal:
    """All polls of the evening; results of hidden ones only once they are revealed."""
    refusal = await may_see(ctx, request.conference_id)
    if refusal is not None:
        return refusal
    polls = await polls_of(ctx.db, request.conference_id)
    return asked.PollsView(conference_id=request.conference_id, polls=tuple([await _view(poll, ctx) for poll in polls]))


async def get_poll_answers(request: asked.GetPollAnswers, ctx: Context) -> asked.PollAnswersView | Refusal:
    """The moderation queue: what waits comes first, then what is shown, then what is hidden."""
    state = await state_of(ctx, request.conference_id, request.poll_id)
    if state is None:
        return NotFound(what="poll", id=request.poll_id)
    found = sorted(await words_of(state, ctx), key=lambda one: ("waiting", "shown", "hidden").index(one.status))
    answers = tuple(
        asked.PollAnswerView(
            answer_id=one.count.answer or "",
            text=one.count.label,
            count=one.count.count,
            status=one.status,
            held=one.held,
        )
        for one in found
    )
    return asked.PollAnswersView(conference_id=request.conference_id, answers=answers)


async def state_of(ctx: Context, conference: str, poll_id: str) -> PollState | None:
    """One poll of a conference; None when there is no such one."""
    return next((poll for poll in await polls_of(ctx.db, conference) if poll.poll_id == poll_id), None)


async def words_of(poll: PollState, ctx: Context) -> tuple[Counted, ...]:
    """Words and answers of a poll that is not closed; none of other kinds."""
    if poll.status == "closed" or poll.asked.kind not in {"word_cloud", "open"}:
        return ()
    key = await keys_of_polls(ctx).load(poll.poll_id)
    return () if key is None else written(poll.asked, _given(poll, key), poll.verdicts)


def _given(poll: PollState, key: VoteKey) -> list[Answer]:
    return readable(poll.asked, poll.ballots, poll.upvotes, key)


async def _view(poll: PollState, ctx: Context) -> asked.PollView:
    shown, waiting, ballots = poll.result, 0, poll.counted
    if poll.status != "closed":
        key = await keys_of_polls(ctx).load(poll.poll_id)
        given = [] if key is None else _given(poll, key)
        shown, ballots = result(poll.asked, given, poll.verdicts), len(given)
        if poll.asked.kind in {"word_cloud", "open"}:
            waiting = sum(one.status == "waiting" for one in written(poll.asked, given, poll.verdicts))
    visible = shown if poll.asked.live or poll.revealed else None
    return asked.PollView(
        poll_id=poll.poll_id,
        kind=poll.asked.kind,
        question=_text(poll.asked.question),
        options=tuple(_text(option) for option in poll.asked.options),
        open=poll.status == "open",
        ballots=ballots,
        tally=None if visible is None else _tally(visible, poll.verdicts),
        spread=None if visible is None or visible.spread is None else told_spread(visible.spread),
        results="live" if poll.asked.live else "revealed" if poll.revealed else "hidden",
        at_least=poll.asked.at_least,
        at_most=poll.asked.at_most,
        waiting=waiting,
    )


def _tally(shown: Result, verdicts: Verdicts) -> tuple[asked.WordCount, ...]:
    """Without what was hidden after the count."""
    return tuple(word_count(one) for one in shown.tally if one.answer not in verdicts.hidden)


def _text(text: LocalText) -> ContractText:
    return ContractText(de=text.de, en=text.en)

# SPDX-License-Identifier: Apache-2.0
"""How challenges are posted and cards are pinned."""

from services.chassis.api import Context, Decide
from services.chassis.decider import Refusal
from services.chassis.decisions import Step
from services.chassis.refusals import NotAllowed
from services.contracts import ideas as contract
from services.ideas import access
from services.ideas.adapters.key_service import seal_as_author
from services.ideas.commands.here import new_id
from services.ideas.domain.board import BOARD
from services.ideas.domain.cards import CARDS, AddCard, HideCard, UnknownCard, cards_key
from services.ideas.domain.challenge import CHALLENGE, PostChallenge, PublishChallenge
from services.ideas.readmodel.boards import author_of


async def post_challenge(request: contract.PostChallenge, ctx: Context) -> Decide:
    """Posts a challenge in the name of whoever asks."""
    command = PostChallenge(
        now=ctx.now,
        challenge_id=request.challenge_id,
        district_id=request.district_id,
        title=request.title,
        text=request.text,
        posted_by=ctx.actor.id,
    )
    return Decide(Step(CHALLENGE, request.challenge_id, command, None))


async def publish_challenge(request: contract.PublishChallenge, ctx: Context) -> Decide:
    """Publishes a posted challenge."""
    command = PublishChallenge(now=ctx.now, challenge_id=request.challenge_id)
    return Decide(Step(CHALLENGE, request.challenge_id, command, None))


async def add_card(request: contract.AddCard, ctx: Context) -> Decide | Refusal:
    """Pins a card, unless the board has changed meanwhile."""
    conference_id = request.conference_id
    refusal = await access.may_write(ctx, conference_id)
    if refusal is not None:
        return refusal
    board = await ctx.load(BOARD, conference_id)
    card_id = new_id(ctx.command_id, "card")
    command = AddCard(
        now=ctx.now,
        card_id=card_id,
        kind=request.kind,
        author_id=ctx.actor.id,
        text=await seal_as_author(ctx, conference_id, request.text),
        tags=tuple([await seal_as_author(ctx, conference_id, tag) for tag in request.tags]),
        share_tags=request.share_tags,
        open_kinds=board.state.open_kinds,
    )
    step = Step(CARDS, cards_key(conference_id, ctx.actor.id), command, conference_id, guards=(board,))
    return Decide(step, answer=contract.CardAnswer(card_id=card_id))


async def hide_card(request: contract.HideCard, ctx: Context) -> Decide | Refusal:
    """Takes a card off: its author, or who leads the evening."""
    conference_id, card_id = request.conference_id, request.card_id
    own = (await ctx.load(CARDS, cards_key(conference_id, ctx.actor.id))).state
    if card_id in own.card_ids:
        author_id: str | None = ctx.actor.id
    elif not access.is_host(ctx.actor, conference_id):
        return NotAllowed(needs="author or moderator")
    else:
        author_id = await author_of(ctx.db, conference_id, card_id)
    if author_id is None:
        return UnknownCard(card_id=card_id)
    command = HideCard(now=ctx.now, card_id=card_id, by=ctx.actor.id)
    return Decide(Step(CARDS, cards_key(conference_id, author_id), command, conference_id))

# SPDX-License-Identifier: Apache-2.0
"""What does a juror have to review, and how did a round end?

Scores stand in documents of their own, one per juror and idea; the document of a round knows only which reviews
are complete. So nothing that is shown to several people can give a score away before the round closes.
"""

from collections.abc import Sequence
from typing import assert_never

import msgspec

from services.chassis.database import Database
from services.chassis.decider import Event, Sealed
from services.chassis.keys import Keys
from services.chassis.projection import DocumentProjection
from services.chassis.store import Recorded
from services.contracts import ideas as contract
from services.ideas.domain.jury_round import (
    Criterion,
    IdeaAwarded,
    JurorRecused,
    JuryEvent,
    JuryRoundClosed,
    JuryRoundOpened,
    Pair,
    Ranked,
    ScoringStopped,
)
from services.ideas.domain.review import ReviewEvent, ReviewRemoved, ReviewSaved, review_key
from services.ideas.readmodel.opening import opened


class RoundDoc(msgspec.Struct, frozen=True, kw_only=True):
    """One round, without scores."""

    round_id: str
    title: str = ""
    open: bool = False
    criteria: tuple[Criterion, ...] = ()
    budget_cents: int = 0
    jurors: tuple[str, ...] = ()
    assigned: tuple[Pair, ...] = ()
    recused: tuple[Pair, ...] = ()
    complete: tuple[Pair, ...] = ()
    ranking: tuple[Ranked, ...] = ()
    awards: dict[str, int] = {}


class ReviewDoc(msgspec.Struct, frozen=True):
    """One review; for its juror's eyes only."""

    scores: dict[str, int] = {}
    comment: Sealed | None = None


def _round_keys(event: Event, _: Recorded) -> Sequence[str]:
    return (event.round_id,) if isinstance(event, JuryEvent | ReviewEvent) else ()


def _round(doc: RoundDoc, event: JuryEvent | ReviewEvent, _: Recorded) -> RoundDoc:
    replace = msgspec.structs.replace
    match event:
        case JuryRoundOpened():
            return RoundDoc(
                round_id=event.round_id,
                title=event.title,
                open=True,
                criteria=event.criteria,
                budget_cents=event.budget_cents,
                jurors=event.jurors,
                assigned=event.assigned,
            )
        case JurorRecused():
            pair = Pair(event.juror_id, event.idea_id)
            assigned = _without(doc.assigned, pair)
            if event.replacement is not None:
                assigned = (*assigned, Pair(event.replacement, event.idea_id))
            recused = (*doc.recused, pair)
            return replace(doc, assigned=assigned, recused=recused, complete=_without(doc.complete, pair))
        case ReviewSaved():
            pair = Pair(event.juror_id, event.idea_id)
            complete = _without(doc.complete, pair)
            if len(event.scores) == len(doc.criteria):
                complete = (*complete, pair)
            return replace(doc, complete=complete)
        case ReviewRemoved():
            return replace(doc, complete=_without(doc.complete, Pair(event.juror_id, event.idea_id)))
        case ScoringStopped():
            return replace(doc, open=False)
        case JuryRoundClosed():
            return replace(doc, ranking=event.ranking)
        case IdeaAwarded():
            return replace(doc, awards={**doc.awards, event.idea_id: event.amount_cents})
        case _:
            assert_never(event)


def _without(pairs: tuple[Pair, ...], pair: Pair) -> tuple[Pair, ...]:
    return tuple(other for other in pairs if other != pair)


def _review_keys(event: Event, _: Recorded) -> Sequence[str]:
    if isinstance(event, ReviewEvent):
        return (review_key(event.round_id, event.juror_id, event.idea_id),)
    return ()


def _review(_: ReviewDoc, event: ReviewEvent, __: Recorded) -> ReviewDoc | None:
    return ReviewDoc(event.scores, event.comment) if isinstance(event, ReviewSaved) else None


JURY_ROUNDS = DocumentProjection(
    name="jury_rounds",
    version=1,
    keys=_round_keys,
    initial=lambda key: RoundDoc(round_id=key),
    evolve=_round,
    doc=RoundDoc,
)
REVIEWS = DocumentProjection(
    name="reviews", version=1, keys=_review_keys, initial=lambda _: ReviewDoc(), evolve=_review, doc=ReviewDoc
)


async def round_view(db: Database, keys: Keys, doc: RoundDoc, juror_id: str) -> contract.JuryRoundView:
    """A round with the queue of one juror, empty for everybody else."""
    own = sorted(pair.idea_id for pair in doc.assigned if pair.juror_id == juror_id)
    declared = sorted(pair.idea_id for pair in doc.recused if pair.juror_id == juror_id)
    reviews = await REVIEWS.many(db, [review_key(doc.round_id, juror_id, idea_id) for idea_id in own])
    texts = await opened(keys, [review.comment for review in reviews.values()])
    empty = ReviewDoc()
    queue = []
    for idea_id in own:
        review = reviews.get(review_key(doc.round_id, juror_id, idea_id), empty)
        queue.append(
            contract.ReviewView(
                idea_id=idea_id, scores=review.scores, comment=texts.text(review.comment), recused=False
            )
        )
    queue += [contract.ReviewView(idea_id=idea_id, scores={}, comment=None, recused=True) for idea_id in declared]
    return contract.JuryRoundView(
        round_id=doc.round_id,
        title=doc.title,
        open=doc.open,
        criteria=tuple(
            contract.Criterion(criterion_id=one.criterion_id, name=one.name, weight=one.weight) for one in doc.criteria
        ),
        budget_cents=doc.budget_cents,
        queue=tuple(queue),
        ranking=tuple(
            contract.RankedIdea(
                idea_id=place.idea_id,
                rank=place.rank,
                raw=place.raw,
                corrected=place.corrected,
                reviews=place.reviews,
                award_cents=doc.awards.get(place.idea_id),
            )
            for place in doc.ranking
        ),
        submitted=len(doc.complete),
        expected=len(doc.assigned),
    )

# SPDX-License-Identifier: Apache-2.0
"""A juror's review of one idea: a stream of its own, guarded by the round's stream.

Nobody but its juror sees a review before the round closes; afterwards only the ranking tells of it.
"""

from collections.abc import Sequence
from typing import TypeAlias, assert_never

import msgspec

from services.chassis.decider import Command, Decider, Event, Refusal, Sealed


class ReviewSaved(Event, frozen=True, kw_only=True):
    """A juror's scores by criterion and their comment; they replace the earlier ones."""

    TOPIC = "ideas.review_saved"
    round_id: str
    juror_id: str
    idea_id: str
    scores: dict[str, int]
    comment: Sealed | None


class ReviewRemoved(Event, frozen=True, kw_only=True):
    """The juror declared a conflict: what they had scored does not count."""

    TOPIC = "ideas.review_removed"
    round_id: str
    juror_id: str
    idea_id: str


ReviewEvent: TypeAlias = ReviewSaved | ReviewRemoved


class Review(msgspec.Struct, frozen=True):
    """The present scores; empty before the first ones."""

    scores: dict[str, int] = {}
    comment: Sealed | None = None


class SaveReview(Command, frozen=True, kw_only=True):
    """Saves scores. The three last arguments are what the guarded round says.

    Args:
        open: scores are taken.
        assigned: the juror was asked to review the idea.
        criteria: what can be scored.
    """

    round_id: str
    juror_id: str
    idea_id: str
    scores: dict[str, int]
    comment: Sealed | None
    open: bool
    assigned: bool
    criteria: tuple[str, ...]


class RemoveReview(Command, frozen=True, kw_only=True):
    """Takes a review out of the round."""

    round_id: str
    juror_id: str
    idea_id: str


ReviewCommand: TypeAlias = SaveReview | RemoveReview


class JuryRoundIsClosed(Refusal, frozen=True, kw_only=True):
    """The round takes no scores."""

    round_id: str


class NotAssigned(Refusal, frozen=True, kw_only=True):
    """The juror was not asked to review this idea."""

    idea_id: str


class UnknownCriterion(Refusal, frozen=True, kw_only=True):
    """The round has no such criterion."""

    criterion_id: str


def decide(review: Review, command: ReviewCommand) -> Sequence[ReviewEvent] | Refusal:
    """Scores may change until the round closes; some criteria may still be missing."""
    match command:
        case SaveReview():
            if not command.open:
                return JuryRoundIsClosed(round_id=command.round_id)
            if not command.assigned:
                return NotAssigned(idea_id=command.idea_id)
            for criterion_id in command.scores:
                if criterion_id not in command.criteria:
                    return UnknownCriterion(criterion_id=criterion_id)
            if review == Review(command.scores, command.comment):
                return []
            saved = ReviewSaved(
                round_id=command.round_id,
                juror_id=command.juror_id,
                idea_id=command.idea_id,
                scores=command.scores,
                comment=command.comment,
            )
            return [saved]
        case RemoveReview():
            if review == Review():
                return []
            return [ReviewRemoved(round_id=command.round_id, juror_id=command.juror_id, idea_id=command.idea_id)]
        case _:
            assert_never(command)


def evolve(_: Review, event: ReviewEvent) -> Review:
    """The review after an event."""
    match event:
        case ReviewSaved():
            return Review(event.scores, event.comment)
        case ReviewRemoved():
            return Review()
        case _:
            assert_never(event)


REVIEW: Decider[Review, ReviewCommand, ReviewEvent] = Decider(
    name="ideas.review", initial=Review(), decide=decide, evolve=evolve, events=(ReviewSaved, ReviewRemoved)
)


def review_key(round_id: str, juror_id: str, idea_id: str) -> str:
    """The key of the stream of one juror's review of one idea."""
    return f"{round_id}:{juror_id}:{idea_id}"

# SPDX-License-Identifier: Apache-2.0
"""Rounds of the jury: scores, ranking, awards."""

from typing import Annotated, ClassVar

import msgspec

from services.chassis.contract import Answer, CommandRequest, Done, Id, LiveChange, QueryRequest, Refusals
from services.contracts import refusals
from services.contracts.ideas.vocabulary import SERVICE
from services.contracts.shared import LongText, ShortText


class JuryRoundChanged(LiveChange, frozen=True, kw_only=True):
    """A round went on: a review was given or taken back, it was closed, an idea was awarded.

    It belongs to no conference: `conference_id` is the id of the round, which keeps the changes of rounds apart.
    """

    SERVICE: ClassVar[str] = SERVICE


class Criterion(msgspec.Struct, frozen=True, kw_only=True):
    """What jurors score from 0 to 5, and its weight."""

    criterion_id: Id
    name: ShortText
    weight: Annotated[int, msgspec.Meta(ge=1, le=10)]


class OpenJuryRound(CommandRequest[Done], frozen=True, kw_only=True):
    """Opens a round over the submitted ideas of these conferences (organiser)."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.JuryRoundExists, refusals.NoIdeas, refusals.UnknownJuryRound)
    round_id: Id
    title: ShortText
    criteria: Annotated[tuple[Criterion, ...], msgspec.Meta(min_length=1, max_length=8)]
    jurors: Annotated[tuple[Id, ...], msgspec.Meta(min_length=1, max_length=50)]
    conference_ids: Annotated[tuple[Id, ...], msgspec.Meta(min_length=1, max_length=200)]
    reviews_per_idea: Annotated[int, msgspec.Meta(ge=1, le=50)] = 3
    budget_cents: Annotated[int, msgspec.Meta(ge=0)] = 0


class ScoreIdea(CommandRequest[Done], frozen=True, kw_only=True):
    """Saves a juror's own scores for one idea; changeable until the round closes, seen by nobody else before."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (
        refusals.IdeaNotInRound,
        refusals.JuryRoundIsClosed,
        refusals.NotAssigned,
        refusals.NotJuror,
        refusals.PenIsTaken,
        refusals.UnknownCriterion,
        refusals.UnknownJuryRound,
    )
    round_id: Id
    idea_id: Id
    scores: dict[str, Annotated[int, msgspec.Meta(ge=0, le=5)]]
    comment: LongText | None = None


class RecuseMyself(CommandRequest[Done], frozen=True, kw_only=True):
    """Declares a conflict: the juror's scores of the idea are removed and somebody else is asked."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (
        refusals.IdeaNotInRound,
        refusals.NoIdeas,
        refusals.NotJuror,
        refusals.RecusalTooLate,
        refusals.UnknownJuryRound,
    )
    round_id: Id
    idea_id: Id


class CloseJuryRound(CommandRequest[Done], frozen=True, kw_only=True):
    """Closes the round: scores are final, the ranking follows (organiser)."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.JuryRoundIsOpen, refusals.NoIdeas, refusals.UnknownJuryRound)
    round_id: Id


class AwardIdea(CommandRequest[Done], frozen=True, kw_only=True):
    """Recommends an idea for an amount within the round's budget (organiser, after closing)."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (
        refusals.BudgetExceeded,
        refusals.IdeaNotInRound,
        refusals.JuryRoundIsOpen,
        refusals.NoIdeas,
        refusals.UnknownJuryRound,
    )
    round_id: Id
    idea_id: Id
    amount_cents: Annotated[int, msgspec.Meta(ge=0)]


class ReviewView(msgspec.Struct, frozen=True, kw_only=True):
    """A juror's own review; `scores` is empty before the first scoring."""

    idea_id: Id
    scores: dict[str, int]
    comment: str | None
    recused: bool


class RankedIdea(msgspec.Struct, frozen=True, kw_only=True):
    """One idea in the ranking, raw mean and severity-corrected score side by side."""

    idea_id: Id
    rank: int
    raw: float
    corrected: float
    reviews: int
    award_cents: int | None


class JuryRoundView(Answer, frozen=True, kw_only=True):
    """A round as the asking person may see it: jurors their own queue, everybody of it the ranking once closed."""

    round_id: Id
    title: str
    open: bool
    criteria: tuple[Criterion, ...]
    budget_cents: int
    queue: tuple[ReviewView, ...]
    ranking: tuple[RankedIdea, ...]
    submitted: int
    expected: int


class GetJuryRound(QueryRequest[JuryRoundView], frozen=True, kw_only=True):
    """One jury round (its jurors, organisers)."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = JuryRoundView
    round_id: Id

# SPDX-License-Identifier: Apache-2.0
"""Problems, dots for them, and the topics that are chosen."""

from typing import Annotated, ClassVar

import msgspec

from services.chassis.contract import Answer, CommandRequest, Id, QueryRequest, Refusals
from services.contracts import refusals
from services.contracts.ideas.vocabulary import SERVICE, TopicChosen, _Command
from services.contracts.shared import LongText


class ProblemAnswer(Answer, frozen=True, kw_only=True):
    """The id of the problem."""

    problem_id: Id


class ProposeProblem(CommandRequest[ProblemAnswer], frozen=True, kw_only=True):
    """Adds a problem statement; `challenge_id` when it supplements a posted challenge."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = ProblemAnswer
    REFUSALS: ClassVar[Refusals] = (
        refusals.PenIsTaken,
        refusals.ProblemsAreClosed,
        refusals.TooManyProblems,
        refusals.UnknownChallenge,
    )
    conference_id: Id
    text: LongText
    challenge_id: Id | None = None


class CastDots(_Command, frozen=True, kw_only=True):
    """Puts the person's dots on problems, replacing the earlier ones; at most five in all, secret."""

    REFUSALS: ClassVar[Refusals] = (
        refusals.PenIsTaken,
        refusals.TooManyDots,
        refusals.UnknownProblem,
        refusals.VotingIsClosed,
    )
    dots: dict[str, Annotated[int, msgspec.Meta(ge=1, le=5)]]


class ChooseTopics(_Command, frozen=True, kw_only=True):
    """Chooses problems as topics of the solutions phase (moderator); none named: those with most dots."""

    REFUSALS: ClassVar[Refusals] = (refusals.NoTopics, refusals.TopicsAreSettled, refusals.UnknownProblem)
    problem_ids: tuple[Id, ...] = ()


class RankTopics(_Command, frozen=True, kw_only=True):
    """The person's wishes among the topics, the dearest first; replaces the earlier ones."""

    REFUSALS: ClassVar[Refusals] = (
        refusals.NoTopics,
        refusals.PenIsTaken,
        refusals.TopicsAreSettled,
        refusals.UnknownTopic,
    )
    topic_ids: Annotated[tuple[Id, ...], msgspec.Meta(min_length=1, max_length=10)]


class ProblemView(msgspec.Struct, frozen=True, kw_only=True):
    """One problem statement; `dots` is None while the voting runs hidden."""

    problem_id: Id
    text: str | None
    challenge_id: Id | None
    dots: int | None
    topic_id: Id | None


class ProblemsView(Answer, frozen=True, kw_only=True):
    """Problem statements, their dots, and the topics chosen among them."""

    conference_id: Id
    open: bool
    problems: tuple[ProblemView, ...]
    topics: tuple[TopicChosen, ...]
    voters: int


class GetProblems(QueryRequest[ProblemsView], frozen=True, kw_only=True):
    """Problem statements of a conference."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = ProblemsView
    conference_id: Id

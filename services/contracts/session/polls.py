# SPDX-License-Identifier: Apache-2.0
"""Polls: opening, voting, counting."""

from typing import Annotated, ClassVar

import msgspec

from services.chassis.contract import Answer, CommandRequest, Id, LiveChange, QueryRequest, Refusals
from services.contracts import refusals
from services.contracts.session.vocabulary import (
    SERVICE,
    AnswerStatus,
    PollKind,
    PollResults,
    Spread,
    WordCount,
    _Command,
)
from services.contracts.shared import LocalText, ShortText


class PollResultsChanged(LiveChange, frozen=True, kw_only=True):
    """The live results of a poll changed."""

    SERVICE: ClassVar[str] = SERVICE


class PollOpenedAnswer(Answer, frozen=True, kw_only=True):
    """The id of the poll that is open now."""

    poll_id: Id


class OpenPoll(CommandRequest[PollOpenedAnswer], frozen=True, kw_only=True):
    """Opens a poll that the script prepared (`key`), or an ad-hoc one (moderator).

    `at_least` and `at_most` bound the options of a ballot (`multiple`, `ranking`) or its value (`scale`, `number`);
    left out, they are one and all options, 1 and 5, 0 and 100. A mood needs no question.
    """

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = PollOpenedAnswer
    REFUSALS: ClassVar[Refusals] = (refusals.PollIsClosed, refusals.SessionIs)
    conference_id: Id
    key: ShortText | None = None
    kind: PollKind = "single"
    question: LocalText | None = None
    options: tuple[LocalText, ...] = ()
    live: bool = True
    at_least: int | None = None
    at_most: int | None = None


class RevealPoll(_Command, frozen=True, kw_only=True):
    """Shows the results of a hidden poll to everybody, from now on; open or closed (moderator)."""

    REFUSALS: ClassVar[Refusals] = (refusals.UnknownPoll,)
    poll_id: Id


class ClosePoll(_Command, frozen=True, kw_only=True):
    """Ends the voting, counts, stores the tally and destroys the poll's key (moderator)."""

    REFUSALS: ClassVar[Refusals] = (refusals.PollIsOpen, refusals.UnknownPoll)
    poll_id: Id


class CastBallot(_Command, frozen=True, kw_only=True):
    """Casts or changes the resident's own ballot, as a whole: one option by number; several options, in a ranking the
    best first; a value; up to three words of up to 40 characters; or up to three answers in own words, up to 280."""

    REFUSALS: ClassVar[Refusals] = (
        refusals.BallotDoesNotFit,
        refusals.CodeNotAccepted,
        refusals.PollIsClosed,
        refusals.UnknownOption,
        refusals.UnknownPoll,
        refusals.ValueOutOfBounds,
        refusals.WrongNumberOfOptions,
    )
    poll_id: Id
    option: Annotated[int, msgspec.Meta(ge=0, le=50)] | None = None
    chosen: Annotated[tuple[Annotated[int, msgspec.Meta(ge=0, le=50)], ...], msgspec.Meta(max_length=12)] = ()
    value: Annotated[int, msgspec.Meta(ge=-1_000_000_000, le=1_000_000_000)] | None = None
    words: Annotated[
        tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=280)], ...], msgspec.Meta(max_length=3)
    ] = ()


class UpvoteAnswers(_Command, frozen=True, kw_only=True):
    """Supports answers to an open question: these, and no others that the resident supported before."""

    REFUSALS: ClassVar[Refusals] = (
        refusals.BallotDoesNotFit,
        refusals.CodeNotAccepted,
        refusals.PollIsClosed,
        refusals.UnknownAnswer,
        refusals.UnknownPoll,
    )
    poll_id: Id
    answer_ids: Annotated[tuple[Id, ...], msgspec.Meta(max_length=100)]


class ModerateAnswers(_Command, frozen=True, kw_only=True):
    """Shows words or answers to everybody, or hides them; of a closed poll they can only be hidden (moderator)."""

    REFUSALS: ClassVar[Refusals] = (refusals.PollIsClosed, refusals.UnknownAnswer, refusals.UnknownPoll)
    poll_id: Id
    answer_ids: Annotated[tuple[Id, ...], msgspec.Meta(min_length=1, max_length=100)]
    show: bool


class PollView(msgspec.Struct, frozen=True, kw_only=True):
    """One poll. `tally` is None while results are hidden, and when fewer than three people voted.

    `spread` is the middle of the values of a scale or number, where there is a tally. `waiting` is the number of words
    and answers that wait for a moderator.
    """

    poll_id: Id
    kind: PollKind
    question: LocalText
    options: tuple[LocalText, ...]
    open: bool
    ballots: int
    tally: tuple[WordCount, ...] | None
    spread: Spread | None = None
    results: PollResults = "live"
    at_least: int | None = None
    at_most: int | None = None
    waiting: int = 0


class PollsView(Answer, frozen=True, kw_only=True):
    """All polls of the evening, the newest last."""

    conference_id: Id
    polls: tuple[PollView, ...]


class GetPolls(QueryRequest[PollsView], frozen=True, kw_only=True):
    """All polls of the evening."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = PollsView
    conference_id: Id


class PollAnswerView(msgspec.Struct, frozen=True, kw_only=True):
    """A word or an answer as moderators see it; who wrote it is known to nobody.

    Args:
        count: how many people named the word or support the answer.
        held: whether the word filter found something to look at.
    """

    answer_id: Id
    text: str
    count: int
    status: AnswerStatus
    held: bool


class PollAnswersView(Answer, frozen=True, kw_only=True):
    """Words or answers of an open poll; those that wait come first."""

    conference_id: Id
    answers: tuple[PollAnswerView, ...]


class GetPollAnswers(QueryRequest[PollAnswersView], frozen=True, kw_only=True):
    """The moderation queue of a poll (moderator)."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = PollAnswersView
    conference_id: Id
    poll_id: Id

# SPDX-License-Identifier: Apache-2.0
"""Polls: opening, voting, counting."""

from typing import Annotated, ClassVar

import msgspec

from services.chassis.contract import Answer, CommandRequest, Id, LiveChange, QueryRequest, Refusals
from services.contracts import refusals
from services.contracts.session.vocabulary import SERVICE, PollKind, WordCount, _Command
from services.contracts.shared import LocalText, ShortText


class PollResultsChanged(LiveChange, frozen=True, kw_only=True):
    """The live results of a poll changed."""

    SERVICE: ClassVar[str] = SERVICE


class PollOpenedAnswer(Answer, frozen=True, kw_only=True):
    """The id of the poll that is open now."""

    poll_id: Id


class OpenPoll(CommandRequest[PollOpenedAnswer], frozen=True, kw_only=True):
    """Opens a poll that the script prepared (`key`), or an ad-hoc one (moderator)."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = PollOpenedAnswer
    REFUSALS: ClassVar[Refusals] = (refusals.PollIsClosed, refusals.SessionIs)
    conference_id: Id
    key: ShortText | None = None
    kind: PollKind = "single"
    question: LocalText | None = None
    options: tuple[LocalText, ...] = ()
    live: bool = True


class ClosePoll(_Command, frozen=True, kw_only=True):
    """Ends the voting, counts, stores the tally and destroys the poll's key (moderator)."""

    REFUSALS: ClassVar[Refusals] = (refusals.PollIsOpen, refusals.UnknownPoll)
    poll_id: Id


class CastBallot(_Command, frozen=True, kw_only=True):
    """Casts or changes the resident's own ballot: one option by number, or up to three words."""

    REFUSALS: ClassVar[Refusals] = (
        refusals.BallotDoesNotFit,
        refusals.PollIsClosed,
        refusals.UnknownOption,
        refusals.UnknownPoll,
    )
    poll_id: Id
    option: Annotated[int, msgspec.Meta(ge=0, le=50)] | None = None
    words: Annotated[
        tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=40)], ...], msgspec.Meta(max_length=3)
    ] = ()


class PollView(msgspec.Struct, frozen=True, kw_only=True):
    """One poll. `tally` is None while results are hidden."""

    poll_id: Id
    kind: PollKind
    question: LocalText
    options: tuple[LocalText, ...]
    open: bool
    ballots: int
    tally: tuple[WordCount, ...] | None


class PollsView(Answer, frozen=True, kw_only=True):
    """All polls of the evening, the newest last."""

    conference_id: Id
    polls: tuple[PollView, ...]


class GetPolls(QueryRequest[PollsView], frozen=True, kw_only=True):
    """All polls of the evening."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = PollsView
    conference_id: Id

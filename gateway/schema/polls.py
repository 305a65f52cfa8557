# SPDX-License-Identifier: Apache-2.0
"""Live polls: questions, results, and the answers that moderators look at."""

import strawberry

from gateway.schema.relay import global_id, optional_id
from gateway.schema.scalars import (
    AnswerStatus,
    LocalText,
    PollKind,
    PollResults,
)
from gateway.schema.shape import Shown, computed, graphql_type, show, show_all, shown
from gateway.schema.stored import part, parts
from services.contracts import session as contract


@graphql_type()
class PollCount(Shown):
    """How many ballots named an option, a value or a word."""

    view: strawberry.Private[contract.WordCount]
    label: str = shown("The option, the value or range of values, or the word.")
    count: int = shown("How many ballots named it; in a ranking its points: one for each option below it on a ballot.")
    place: int | None = shown(
        "In a ranking the place by which to decide, from 1, by Schulze's method; equals share it."
    )

    @computed
    def answer_id(self) -> strawberry.ID | None:
        """Global id of a word or an answer, by which it is supported or hidden; null for options and values."""
        return optional_id("PollAnswer", self.view.answer_id)


@graphql_type()
class PollSpread(Shown):
    """The middle of what people answered to a scale or with a number."""

    view: strawberry.Private[contract.Spread]
    lower: float = shown("A quarter of the answers is not above it.")
    median: float = shown("Half of the answers are not above it.")
    upper: float = shown("A quarter of the answers is not below it.")


@graphql_type()
class Poll(Shown):
    """One live question. Who voted what is known to nobody."""

    view: strawberry.Private[contract.PollView]
    kind: PollKind = shown("What a ballot holds.")
    open: bool = shown("Whether ballots are welcome.")
    ballots: int = shown("How many people have voted.")
    results: PollResults = shown("Who sees the results.")
    at_least: int | None = shown("The fewest options of a ballot, or its lowest value; null for kinds without bounds.")
    at_most: int | None = shown("The most options of a ballot, or its highest value; null for kinds without bounds.")

    @computed
    def id(self) -> strawberry.ID:
        """Global id."""
        return global_id("Poll", self.view.poll_id)

    waiting: int = shown("How many words or answers wait for a moderator.")

    question = part(LocalText, "question", "What is asked.")
    options = parts(
        LocalText, "options", "The options; a ballot names them by index. Of a scale, if any: what its ends mean."
    )

    @computed
    def tally(self) -> list[PollCount] | None:
        """The results; null while they are hidden, and when fewer than three people voted.

        Options stand in their order, words in that of their number; a word that only one person named is left out.
        """
        return None if self.view.tally is None else show_all(PollCount, self.view.tally)

    @computed
    def spread(self) -> PollSpread | None:
        """The middle of a scale or of numbers; null for other kinds, and without results."""
        return None if self.view.spread is None else show(PollSpread, self.view.spread, self.conference)


@graphql_type()
class PollAnswer(Shown):
    """A word or an answer as moderators see it. Who wrote it is known to nobody."""

    view: strawberry.Private[contract.PollAnswerView]
    text: str = shown("What was written; of a word its most frequent form.")
    count: int = shown("How many people named the word or support the answer.")
    status: AnswerStatus = shown("Who sees it.")
    held: bool = shown("Whether the word filter found something that a person should look at.")

    @computed
    def id(self) -> strawberry.ID:
        """Global id."""
        return global_id("PollAnswer", self.view.answer_id)

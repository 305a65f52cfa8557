# SPDX-License-Identifier: Apache-2.0
"""Judging ideas: rounds, one's own queue, the ranking once the round is closed."""

import strawberry

from gateway.context import context_of
from gateway.schema.ideas import Idea, shown_idea
from gateway.schema.permissions import Needs
from gateway.schema.relay import Node, global_id
from gateway.schema.shape import Shown, computed, graphql_type, show_all, shown
from services.contracts import ideas as contract

FOR_THE_JURY = Needs(("juror", "organiser"), ("jury:read", "admin:ideas"), "anywhere")
FOR_JURORS = Needs(("juror",), ("jury:read",), "anywhere")


async def _idea(info: strawberry.Info, local: str) -> Idea | None:
    context = context_of(info)
    found = await context.ideas.load(local)
    return None if found is None else shown_idea(context, found)


@graphql_type()
class Criterion(Shown):
    """What jurors score."""

    view: strawberry.Private[contract.Criterion]
    name: str = shown("What is judged.")
    weight: int = shown("How much it counts: 1 to 10.")

    @computed
    def id(self) -> strawberry.ID:
        """Global id."""
        return global_id("Criterion", self.view.criterion_id)


@graphql_type()
class Score(Shown):
    """One score."""

    view: strawberry.Private[tuple[str, int]]

    @computed
    def criterion_id(self) -> strawberry.ID:
        """Global id of the criterion."""
        return global_id("Criterion", self.view[0])

    @computed
    def score(self) -> int:
        """0 to 5."""
        return self.view[1]


@graphql_type()
class Review(Shown):
    """A juror's own review of one idea."""

    view: strawberry.Private[contract.ReviewView]
    comment: str | None = shown("The juror's comment.")
    recused: bool = shown("Whether the juror declared a conflict.")

    @computed
    def idea_id(self) -> strawberry.ID:
        """Global id of the idea."""
        return global_id("Idea", self.view.idea_id)

    @computed
    async def idea(self, info: strawberry.Info) -> Idea | None:
        """The idea; null when it was withdrawn."""
        return await _idea(info, self.view.idea_id)

    @computed
    def scores(self) -> list[Score]:
        """The scores; empty before the first scoring."""
        return show_all(Score, self.view.scores.items())


@graphql_type()
class RankedIdea(Shown):
    """One idea in the ranking."""

    view: strawberry.Private[contract.RankedIdea]
    rank: int = shown("1 is the best; equal ideas share a rank.")
    raw: float = shown("Weighted mean of the scores.")
    corrected: float = shown("The mean, corrected for the severity of its jurors.")
    reviews: int = shown("How many jurors scored it.")
    award_cents: int | None = shown("The recommended amount in cents; null without an award.")

    @computed
    def idea_id(self) -> strawberry.ID:
        """Global id of the idea."""
        return global_id("Idea", self.view.idea_id)

    @computed
    async def idea(self, info: strawberry.Info) -> Idea | None:
        """The idea; null when it was withdrawn."""
        return await _idea(info, self.view.idea_id)


@graphql_type(needs=FOR_THE_JURY)
class JuryRound(Shown, Node):
    """A round as the asking person may see it."""

    view: strawberry.Private[contract.JuryRoundView]
    title: str = shown("Title.")
    open: bool = shown("Whether scores are taken.")
    budget_cents: int = shown("What can be recommended in all, in cents.")
    submitted: int = shown("How many reviews were given.")
    expected: int = shown("How many reviews are asked for.")

    @computed
    def id(self) -> strawberry.ID:
        """Global id."""
        return global_id("JuryRound", self.view.round_id)

    @computed
    def criteria(self) -> list[Criterion]:
        """What is scored."""
        return show_all(Criterion, self.view.criteria)

    @computed(told=FOR_JURORS)
    def queue(self) -> list[Review]:
        """The asking juror's own reviews, done and to do."""
        return show_all(Review, self.view.queue)

    @computed
    def ranking(self) -> list[RankedIdea]:
        """The ranking; empty while the round is open."""
        return show_all(RankedIdea, self.view.ranking)

# SPDX-License-Identifier: Apache-2.0
"""What happens in a jury round, and why a wish is refused. The rule is in `jury.py`."""

from typing import TypeAlias

import msgspec

from services.chassis.decider import Event, Refusal


class Criterion(msgspec.Struct, frozen=True):
    """What is scored from 0 to 5, and its weight."""

    criterion_id: str
    name: str
    weight: int


class IdeaInRound(msgspec.Struct, frozen=True):
    """An idea of the round and the conference it comes from."""

    idea_id: str
    conference_id: str


class Pair(msgspec.Struct, frozen=True, order=True):
    """A juror and an idea."""

    juror_id: str
    idea_id: str


class Ranked(msgspec.Struct, frozen=True, kw_only=True):
    """One idea in the ranking: weighted mean as scored, and corrected for the severity of its jurors."""

    idea_id: str
    rank: int
    raw: float
    corrected: float
    reviews: int


class JuryRoundOpened(Event, frozen=True, kw_only=True):
    """Jurors may score. `assigned` is the plan, `conflicts` whom it had to avoid."""

    TOPIC = "ideas.jury_round_opened"
    round_id: str
    title: str
    criteria: tuple[Criterion, ...]
    jurors: tuple[str, ...]
    ideas: tuple[IdeaInRound, ...]
    conflicts: tuple[Pair, ...]
    assigned: tuple[Pair, ...]
    reviews_per_idea: int
    budget_cents: int


class JurorRecused(Event, frozen=True, kw_only=True):
    """A juror does not score an idea; `replacement` is asked instead if anybody is left."""

    TOPIC = "ideas.juror_recused"
    round_id: str
    juror_id: str
    idea_id: str
    replacement: str | None


class ScoringStopped(Event, frozen=True, kw_only=True):
    """No scores are taken any more; the ranking follows."""

    TOPIC = "ideas.scoring_stopped"
    round_id: str


class JuryRoundClosed(Event, frozen=True, kw_only=True):
    """Scores are final."""

    TOPIC = "ideas.jury_round_closed"
    round_id: str
    ranking: tuple[Ranked, ...]


class IdeaAwarded(Event, frozen=True, kw_only=True):
    """The jury recommends an idea for this amount, whatever it recommended before."""

    TOPIC = "ideas.idea_awarded"
    round_id: str
    idea_id: str
    conference_id: str
    amount_cents: int


JuryEvent: TypeAlias = JuryRoundOpened | JurorRecused | ScoringStopped | JuryRoundClosed | IdeaAwarded


class UnknownJuryRound(Refusal, frozen=True, kw_only=True):
    """There is no such round."""


class JuryRoundExists(Refusal, frozen=True, kw_only=True):
    """Another round was opened under this id."""

    round_id: str


class NoIdeas(Refusal, frozen=True, kw_only=True):
    """There is nothing to judge."""


class NotJuror(Refusal, frozen=True, kw_only=True):
    """The person does not judge in this round."""

    round_id: str


class JuryRoundIsOpen(Refusal, frozen=True, kw_only=True):
    """That is possible only once the round is closed."""

    round_id: str


class RecusalTooLate(Refusal, frozen=True, kw_only=True):
    """Scores are final already."""

    round_id: str


class IdeaNotInRound(Refusal, frozen=True, kw_only=True):
    """The round does not judge this idea."""

    idea_id: str


class BudgetExceeded(Refusal, frozen=True, kw_only=True):
    """The amount is more than what is left of the round's budget."""

    left_cents: int

# SPDX-License-Identifier: Apache-2.0
"""What the ideas service refuses."""

from services.chassis.contract import Id
from services.chassis.decider import Refusal


class BoardIsClosed(Refusal, frozen=True, kw_only=True):
    """Cards of this kind are not welcome now; `open_kinds` are."""

    kind: str
    open_kinds: tuple[str, ...]


class BudgetExceeded(Refusal, frozen=True, kw_only=True):
    """The amount is more than what is left of the round's budget."""

    left_cents: int


class ChallengeExists(Refusal, frozen=True, kw_only=True):
    """Another challenge was posted under this id."""

    challenge_id: Id


class IdeaNotInRound(Refusal, frozen=True, kw_only=True):
    """The round does not judge this idea."""

    idea_id: Id


class JuryRoundExists(Refusal, frozen=True, kw_only=True):
    """Another round was opened under this id."""

    round_id: Id


class JuryRoundIsClosed(Refusal, frozen=True, kw_only=True):
    """The round takes no scores."""

    round_id: Id


class JuryRoundIsOpen(Refusal, frozen=True, kw_only=True):
    """That is possible only once the round is closed."""

    round_id: Id


class NoIdeas(Refusal, frozen=True, kw_only=True):
    """There is nothing to judge."""


class NoTopics(Refusal, frozen=True, kw_only=True):
    """There is no problem that could be a topic, or no topic was chosen yet."""


class NotAssigned(Refusal, frozen=True, kw_only=True):
    """The juror was not asked to review this idea."""

    idea_id: Id


class NotInGroup(Refusal, frozen=True, kw_only=True):
    """Only the members of this group, its mentor and moderators write on its sheet."""

    group_id: Id


class NotJuror(Refusal, frozen=True, kw_only=True):
    """The person does not judge in this round."""

    round_id: Id


class PassageChanged(Refusal, frozen=True, kw_only=True):
    """Somebody else changed the passage; `version` is the newer one, 0 when there never was such a passage."""

    passage_id: Id
    version: int


class PenIsTaken(Refusal, frozen=True, kw_only=True):
    """The person may not write at this conference."""


class ProblemsAreClosed(Refusal, frozen=True, kw_only=True):
    """Problems are neither collected nor dotted now."""


class RecusalTooLate(Refusal, frozen=True, kw_only=True):
    """Scores are final already."""

    round_id: Id


class SheetIsClosed(Refusal, frozen=True, kw_only=True):
    """The evening is over; nobody writes on the sheet any more."""

    sheet_id: Id


class SheetIsEmpty(Refusal, frozen=True, kw_only=True):
    """Nothing is written on the sheet."""

    sheet_id: Id


class SheetIsFull(Refusal, frozen=True, kw_only=True):
    """The sheet has as many passages as one may have."""

    limit: int


class TooManyCards(Refusal, frozen=True, kw_only=True):
    """The person pinned as many cards as one may."""

    limit: int


class TooManyDots(Refusal, frozen=True, kw_only=True):
    """More dots than one person has."""

    limit: int
    asked: int


class TooManyPassages(Refusal, frozen=True, kw_only=True):
    """The person began as many passages of the sheet as one may."""

    limit: int


class TooManyProblems(Refusal, frozen=True, kw_only=True):
    """The person proposed as many problems as one may."""

    limit: int


class TopicsAreSettled(Refusal, frozen=True, kw_only=True):
    """The wishes are already collected; topics and wishes stay as they are."""


class UnknownCard(Refusal, frozen=True, kw_only=True):
    """There is no such card."""

    card_id: Id


class UnknownChallenge(Refusal, frozen=True, kw_only=True):
    """There is no (public) challenge with this id."""

    challenge_id: Id


class UnknownCriterion(Refusal, frozen=True, kw_only=True):
    """The round has no such criterion."""

    criterion_id: str


class UnknownIdea(Refusal, frozen=True, kw_only=True):
    """There is no such idea."""

    idea_id: Id


class UnknownJuryRound(Refusal, frozen=True, kw_only=True):
    """There is no such round."""


class UnknownProblem(Refusal, frozen=True, kw_only=True):
    """There is no such problem at this conference."""

    problem_id: str


class UnknownSheet(Refusal, frozen=True, kw_only=True):
    """There is no such sheet."""

    sheet_id: Id


class UnknownTopic(Refusal, frozen=True, kw_only=True):
    """There is no such topic."""

    topic_id: Id


class VotingIsClosed(Refusal, frozen=True, kw_only=True):
    """Dots are not taken now."""

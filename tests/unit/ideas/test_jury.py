# SPDX-License-Identifier: Apache-2.0
"""A jury round opens with a plan, closes with a ranking, and recommends within its budget."""

from datetime import UTC, datetime
from typing import Any

from services.chassis.decider import Sealed
from services.chassis.testing.story import Story
from services.ideas.domain.jury import (
    JURY,
    AwardIdea,
    CloseJuryRound,
    OpenJuryRound,
    RecuseJuror,
    Scoring,
    StopScoring,
)
from services.ideas.domain.jury_round import (
    BudgetExceeded,
    Criterion,
    IdeaAwarded,
    IdeaInRound,
    IdeaNotInRound,
    JurorRecused,
    JuryRoundClosed,
    JuryRoundExists,
    JuryRoundIsOpen,
    JuryRoundOpened,
    NoIdeas,
    NotJuror,
    Pair,
    Ranked,
    RecusalTooLate,
    ScoringStopped,
    UnknownJuryRound,
)
from services.ideas.domain.review import (
    REVIEW,
    JuryRoundIsClosed,
    NotAssigned,
    RemoveReview,
    ReviewRemoved,
    ReviewSaved,
    SaveReview,
    UnknownCriterion,
)

NOON = datetime(2027, 5, 20, 12, tzinfo=UTC)
FACTS: dict[str, Any] = {
    "round_id": "r1",
    "title": "Frühjahr",
    "criteria": (Criterion("c1", "Wirkung", 2), Criterion("c2", "Machbarkeit", 1)),
    "jurors": ("ida", "jo", "kim"),
    "ideas": (IdeaInRound("i1", "conf1"), IdeaInRound("i2", "conf2")),
    "conflicts": (Pair("kim", "i1"),),
    "assigned": (Pair("ida", "i1"), Pair("jo", "i2")),
    "reviews_per_idea": 1,
    "budget_cents": 1000,
}
OPENED = JuryRoundOpened(**FACTS)
STOPPED = ScoringStopped(round_id="r1")
RANKING = (
    Ranked(idea_id="i1", rank=1, raw=4.0, corrected=4.1, reviews=1),
    Ranked(idea_id="i2", rank=2, raw=3.0, corrected=2.9, reviews=1),
)
CLOSED = JuryRoundClosed(round_id="r1", ranking=RANKING)
rounds = Story(JURY)
closed = rounds.given(OPENED, STOPPED, CLOSED)
reviews = Story(REVIEW)


def opening(**other: Any) -> OpenJuryRound:
    return OpenJuryRound(now=NOON, **FACTS | other)


def award(idea_id: str, amount_cents: int) -> AwardIdea:
    return AwardIdea(now=NOON, idea_id=idea_id, amount_cents=amount_cents)


def awarded(idea_id: str, amount_cents: int) -> IdeaAwarded:
    conference_id = "conf1" if idea_id == "i1" else "conf2"
    return IdeaAwarded(round_id="r1", idea_id=idea_id, conference_id=conference_id, amount_cents=amount_cents)


def save(**other: Any) -> SaveReview:
    facts: dict[str, Any] = {"open": True, "assigned": True, "criteria": ("c1", "c2"), "scores": {"c1": 4}}
    return SaveReview(now=NOON, round_id="r1", juror_id="ida", idea_id="i1", comment=None, **facts | other)


def saved(scores: dict[str, int], comment: Sealed | None = None) -> ReviewSaved:
    return ReviewSaved(round_id="r1", juror_id="ida", idea_id="i1", scores=scores, comment=comment)


def test_a_round_opens_once_with_its_plan():
    rounds.when(opening()).then(OPENED)
    rounds.given(OPENED).when(opening()).then()


def test_opening_again_after_more_ideas_came_changes_nothing():
    rounds.given(OPENED).when(opening(ideas=(*FACTS["ideas"], IdeaInRound("i3", "conf1")))).then()


def test_another_round_does_not_take_the_place_of_the_first():
    rounds.given(OPENED).when(opening(title="Herbst")).refused(JuryRoundExists(round_id="r1"))


def test_without_ideas_there_is_nothing_to_judge():
    rounds.when(opening(ideas=())).refused(NoIdeas)


def test_nothing_can_be_done_in_a_round_that_is_not_there():
    rounds.when(StopScoring(now=NOON)).refused(UnknownJuryRound)


def test_a_recused_juror_is_replaced_by_the_least_loaded_one_without_conflict():
    outcome = rounds.given(OPENED).when(RecuseJuror(now=NOON, juror_id="jo", idea_id="i2"))
    outcome.then(JurorRecused(round_id="r1", juror_id="jo", idea_id="i2", replacement="kim"))
    assert isinstance(outcome.after, Scoring)
    assert outcome.after.assigned == {Pair("ida", "i1"), Pair("kim", "i2")}


def test_a_juror_in_conflict_never_replaces_anybody():
    rounds.given(OPENED).when(RecuseJuror(now=NOON, juror_id="ida", idea_id="i1")).then(
        JurorRecused(round_id="r1", juror_id="ida", idea_id="i1", replacement="jo")
    )


def test_who_was_not_asked_may_declare_a_conflict_and_is_never_asked():
    recused = JurorRecused(round_id="r1", juror_id="kim", idea_id="i2", replacement=None)
    rounds.given(OPENED).when(RecuseJuror(now=NOON, juror_id="kim", idea_id="i2")).then(recused)
    rounds.given(OPENED, recused).when(RecuseJuror(now=NOON, juror_id="jo", idea_id="i2")).then(
        JurorRecused(round_id="r1", juror_id="jo", idea_id="i2", replacement="ida")
    )


def test_declaring_the_same_conflict_again_changes_nothing():
    recused = JurorRecused(round_id="r1", juror_id="jo", idea_id="i2", replacement="kim")
    rounds.given(OPENED, recused).when(RecuseJuror(now=NOON, juror_id="jo", idea_id="i2")).then()


def test_only_jurors_of_the_round_recuse_themselves_from_its_ideas_while_it_is_open():
    rounds.given(OPENED).when(RecuseJuror(now=NOON, juror_id="lou", idea_id="i1")).refused(NotJuror)
    rounds.given(OPENED).when(RecuseJuror(now=NOON, juror_id="ida", idea_id="i9")).refused(IdeaNotInRound)
    closed.when(RecuseJuror(now=NOON, juror_id="ida", idea_id="i1")).refused(RecusalTooLate)


def test_a_round_is_stopped_before_it_is_ranked():
    rounds.given(OPENED).when(CloseJuryRound(now=NOON, ranking=RANKING)).refused(JuryRoundIsOpen)
    rounds.given(OPENED).when(StopScoring(now=NOON)).then(STOPPED)
    rounds.given(OPENED, STOPPED).when(CloseJuryRound(now=NOON, ranking=RANKING)).then(CLOSED)


def test_closing_twice_changes_nothing():
    closed.when(StopScoring(now=NOON)).then()
    closed.when(CloseJuryRound(now=NOON, ranking=())).then()


def test_awards_wait_for_the_ranking():
    rounds.given(OPENED).when(award("i1", 100)).refused(JuryRoundIsOpen)
    rounds.given(OPENED, STOPPED).when(award("i1", 100)).refused(JuryRoundIsOpen)


def test_awards_stay_within_the_budget():
    closed.when(award("i1", 1000)).then(awarded("i1", 1000))
    closed.given(awarded("i1", 700)).when(award("i2", 301)).refused(BudgetExceeded(left_cents=300))
    closed.given(awarded("i1", 700)).when(award("i2", 300)).then(awarded("i2", 300))


def test_an_amount_may_be_corrected_and_counts_once():
    closed.given(awarded("i1", 700)).when(award("i1", 1000)).then(awarded("i1", 1000))
    closed.given(awarded("i1", 700)).when(award("i1", 700)).then()


def test_an_idea_of_another_round_gets_no_award():
    closed.when(award("i9", 1)).refused(IdeaNotInRound(idea_id="i9"))


def test_scores_are_saved_as_they_come_and_replaced():
    reviews.when(save()).then(saved({"c1": 4}))
    reviews.given(saved({"c1": 4})).when(save(scores={"c1": 3, "c2": 5})).then(saved({"c1": 3, "c2": 5}))


def test_the_same_scores_again_change_nothing():
    reviews.given(saved({"c1": 4})).when(save()).then()


def test_scores_of_a_closed_round_an_unassigned_idea_or_an_unknown_criterion_are_refused():
    reviews.when(save(open=False)).refused(JuryRoundIsClosed(round_id="r1"))
    reviews.when(save(assigned=False)).refused(NotAssigned(idea_id="i1"))
    reviews.when(save(scores={"c9": 1})).refused(UnknownCriterion(criterion_id="c9"))


def test_a_recusal_removes_what_was_scored():
    remove = RemoveReview(now=NOON, round_id="r1", juror_id="ida", idea_id="i1")
    reviews.given(saved({"c1": 4})).when(remove).then(ReviewRemoved(round_id="r1", juror_id="ida", idea_id="i1"))
    reviews.when(remove).then()

# SPDX-License-Identifier: Apache-2.0
"""Problems are proposed and dotted while the voting is open; nobody has more than five dots."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from services.chassis.decider import Refusal, Sealed
from services.chassis.testing.story import Story
from services.ideas.domain.problem import (
    MOST_PROBLEMS,
    PROBLEM,
    PROPOSALS,
    CountProblem,
    ProblemCounted,
    ProblemProposed,
    ProblemsAreClosed,
    ProposeProblem,
    TooManyProblems,
)
from services.ideas.domain.voting import (
    BUDGET,
    DOTS,
    VOTING,
    CastDots,
    Closed,
    CloseVoting,
    DotsCast,
    Open,
    OpenVoting,
    Stopped,
    StopVoting,
    TooManyDots,
    Unopened,
    VotingClosed,
    VotingIsClosed,
    VotingOpened,
    VotingStopped,
    count,
)

NOON = datetime(2027, 4, 17, 12, tzinfo=UTC)
OPENED = VotingOpened(voting_id="v1", run=4)
STOPPED = VotingStopped(voting_id="v1")
CLOSED = VotingClosed(voting_id="v1", dots={"p1": 3}, voters=2)
OPEN = Open("v1", 4)
PROPOSED = ProblemProposed(
    problem_id="p1", conference_id="conf", author_id="anna", text=Sealed("anna", b"box"), challenge_id=None
)
voting = Story(VOTING)
dots = Story(DOTS)
problem = Story(PROBLEM)


def propose(*, is_open: bool) -> ProposeProblem:
    return ProposeProblem(
        now=NOON, problem_id="p1", conference_id="conf", author_id="anna", text=PROPOSED.text, challenge_id=None,
        open=is_open,
    )  # fmt: skip


def cast(asked: dict[str, int]) -> CastDots:
    return CastDots(now=NOON, dots=asked, voting=OPEN)


def test_a_person_proposes_a_limited_number_of_problems():
    many = Story(PROPOSALS).given(*(ProblemCounted(problem_id=f"p{n}") for n in range(MOST_PROBLEMS)))
    many.when(CountProblem(now=NOON, problem_id="one more")).refused(TooManyProblems(limit=MOST_PROBLEMS))
    many.when(CountProblem(now=NOON, problem_id="p1")).then()


def test_a_problem_is_proposed_once():
    problem.when(propose(is_open=True)).then(PROPOSED)
    problem.given(PROPOSED).when(propose(is_open=True)).then()


def test_no_problem_is_taken_outside_its_phase():
    problem.when(propose(is_open=False)).refused(ProblemsAreClosed)


def test_a_voting_opens_once_per_phase():
    voting.when(OpenVoting(now=NOON, voting_id="v1", run=4)).then(OPENED)
    voting.given(OPENED).when(OpenVoting(now=NOON, voting_id="v1", run=4)).then()
    voting.given(OPENED, STOPPED, CLOSED).when(OpenVoting(now=NOON, voting_id="v1", run=4)).then()


def test_entering_the_phase_again_opens_another_voting():
    reopened = VotingOpened(voting_id="v2", run=7)
    voting.given(OPENED, STOPPED, CLOSED).when(OpenVoting(now=NOON, voting_id="v2", run=7)).then(reopened)


def test_a_voting_is_stopped_before_it_is_counted():
    voting.given(OPENED).when(StopVoting(now=NOON)).then(STOPPED)
    voting.given(OPENED).when(CloseVoting(now=NOON, voting_id="v1", dots={}, voters=0)).then()


def test_a_stopped_voting_is_closed_once_with_its_count():
    close = CloseVoting(now=NOON, voting_id="v1", dots={"p1": 3}, voters=2)
    voting.given(OPENED, STOPPED).when(close).then(CLOSED)
    voting.given(OPENED, STOPPED, CLOSED).when(close).then()


def test_dots_replace_the_earlier_ones():
    dots.given(DotsCast(voting_id="v1", dots={"p1": 5})).when(cast({"p2": 1})).then(
        DotsCast(voting_id="v1", dots={"p2": 1})
    )


def test_the_same_dots_again_change_nothing():
    dots.given(DotsCast(voting_id="v1", dots={"p1": 5})).when(cast({"p1": 5})).then()


def test_six_dots_are_refused():
    dots.when(cast({"p1": 4, "p2": 2})).refused(TooManyDots(limit=5, asked=6))


def test_dots_come_too_late_once_the_voting_is_stopped():
    for situation in (Unopened(), Stopped("v1", 4), Closed("v1", 4, {})):
        dots.when(CastDots(now=NOON, dots={"p1": 1}, voting=situation)).refused(VotingIsClosed)


@given(st.lists(st.dictionaries(st.sampled_from(["p1", "p2", "p3", "p4"]), st.integers(1, 5)), max_size=12))
def test_whatever_is_asked_nobody_ever_has_more_dots_than_the_budget(wishes: list[dict[str, int]]):
    state = DOTS.initial
    for wish in wishes:
        result = DOTS.decide(state, cast(wish))
        if not isinstance(result, Refusal):
            state = DOTS.fold(state, result)
        assert sum(state.dots.values()) <= BUDGET


@given(st.lists(st.dictionaries(st.sampled_from(["p1", "p2", "p3"]), st.integers(1, 5)), max_size=50))
def test_a_count_is_the_sum_of_all_ballots(ballots: list[dict[str, int]]):
    totals, voters = count(ballots)
    assert sum(totals.values()) == sum(sum(ballot.values()) for ballot in ballots)
    assert voters == sum(1 for ballot in ballots if ballot)

# SPDX-License-Identifier: Apache-2.0
"""A problem statement: one stream each, so that proposing never contends; guarded by the voting's stream.

How many problems a person proposed is a stream of that person, so that nobody buries the problems of others.
"""

from collections.abc import Sequence
from typing import TypeAlias, assert_never

import msgspec

from services.chassis.decider import Command, Decider, Event, Refusal, Sealed

MOST_PROBLEMS = 10
"""Problems of one person at one conference."""


class ProblemProposed(Event, frozen=True, kw_only=True):
    """A person proposed a problem; `challenge_id` when it supplements a posted challenge."""

    TOPIC = "ideas.problem_proposed"
    problem_id: str
    conference_id: str
    author_id: str
    text: Sealed
    challenge_id: str | None


class Unproposed(msgspec.Struct, frozen=True):
    """There is no such problem."""


class Proposed(msgspec.Struct, frozen=True):
    """A problem of this conference."""

    conference_id: str
    problem_id: str
    challenge_id: str | None


Problem: TypeAlias = Unproposed | Proposed


class ProposeProblem(Command, frozen=True, kw_only=True):
    """Proposes a problem; `open` is what the guarded voting says."""

    problem_id: str
    conference_id: str
    author_id: str
    text: Sealed
    challenge_id: str | None
    open: bool


class ProblemsAreClosed(Refusal, frozen=True, kw_only=True):
    """Problems are neither collected nor dotted now."""


class UnknownProblem(Refusal, frozen=True, kw_only=True):
    """There is no such problem at this conference."""

    problem_id: str


class TooManyProblems(Refusal, frozen=True, kw_only=True):
    """The person proposed as many problems as one may."""

    limit: int


def decide(problem: Problem, command: ProposeProblem) -> Sequence[ProblemProposed] | Refusal:
    """A problem is proposed once, while problems are collected."""
    match problem:
        case Proposed():
            return []
        case Unproposed():
            if not command.open:
                return ProblemsAreClosed()
            proposed = ProblemProposed(
                problem_id=command.problem_id,
                conference_id=command.conference_id,
                author_id=command.author_id,
                text=command.text,
                challenge_id=command.challenge_id,
            )
            return [proposed]
        case _:
            assert_never(problem)


def evolve(_: Problem, event: ProblemProposed) -> Problem:
    """What a problem is after it was proposed."""
    return Proposed(event.conference_id, event.problem_id, event.challenge_id)


PROBLEM: Decider[Problem, ProposeProblem, ProblemProposed] = Decider(
    name="ideas.problem", initial=Unproposed(), decide=decide, evolve=evolve, events=(ProblemProposed,)
)


class ProblemCounted(Event, frozen=True, kw_only=True):
    """One more problem of the person."""

    TOPIC = "ideas.problem_counted"
    problem_id: str


class Proposals(msgspec.Struct, frozen=True):
    """The problems that a person proposed at a conference."""

    problem_ids: frozenset[str] = frozenset()


class CountProblem(Command, frozen=True, kw_only=True):
    """Counts a problem that is being proposed."""

    problem_id: str


def decide_proposals(proposals: Proposals, command: CountProblem) -> Sequence[ProblemCounted] | Refusal:
    """A person proposes a few problems."""
    if command.problem_id in proposals.problem_ids:
        return []
    if len(proposals.problem_ids) >= MOST_PROBLEMS:
        return TooManyProblems(limit=MOST_PROBLEMS)
    return [ProblemCounted(problem_id=command.problem_id)]


def evolve_proposals(proposals: Proposals, event: ProblemCounted) -> Proposals:
    """The person's problems after one more."""
    return Proposals(proposals.problem_ids | {event.problem_id})


PROPOSALS: Decider[Proposals, CountProblem, ProblemCounted] = Decider(
    name="ideas.proposals",
    initial=Proposals(),
    decide=decide_proposals,
    evolve=evolve_proposals,
    events=(ProblemCounted,),
)


def proposals_key(conference_id: str, author_id: str) -> str:
    """The key of a person's stream of proposals."""
    return f"{conference_id}:{author_id}"

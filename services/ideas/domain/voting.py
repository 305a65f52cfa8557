# SPDX-License-Identifier: Apache-2.0
"""Dot voting on the problems of a conference, and the dots of one person.

A voting is stopped first and counted afterwards: between the two nothing can be added, because every set of
dots is guarded by the voting's stream. The dots of a person are a ballot: nothing in the log tells whose they are.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias, assert_never

import msgspec

from services.chassis.decider import Command, Decider, Event, Refusal

BUDGET = 5
"""Dots of one person."""

# The voting


class VotingOpened(Event, frozen=True, kw_only=True):
    """Problems are collected and dotted. `run` is the number of the phase; going back opens a new voting."""

    TOPIC = "ideas.voting_opened"
    voting_id: str
    run: int


class VotingStopped(Event, frozen=True, kw_only=True):
    """No problem and no dots are taken any more; the count follows."""

    TOPIC = "ideas.voting_stopped"
    voting_id: str


class VotingClosed(Event, frozen=True, kw_only=True):
    """The dots of each problem; whose they were can no longer be known."""

    TOPIC = "ideas.voting_closed"
    voting_id: str
    dots: dict[str, int]
    voters: int


VotingEvent: TypeAlias = VotingOpened | VotingStopped | VotingClosed


class Unopened(msgspec.Struct, frozen=True):
    """There has been no voting."""


class Open(msgspec.Struct, frozen=True):
    """Problems and dots are welcome."""

    voting_id: str
    run: int


class Stopped(msgspec.Struct, frozen=True):
    """It is being counted."""

    voting_id: str
    run: int


class Closed(msgspec.Struct, frozen=True):
    """Counted."""

    voting_id: str
    run: int
    dots: dict[str, int]


Voting: TypeAlias = Unopened | Open | Stopped | Closed


class OpenVoting(Command, frozen=True, kw_only=True):
    """Opens a voting for the phase with this number."""

    voting_id: str
    run: int


class StopVoting(Command, frozen=True, kw_only=True):
    """Takes nothing any more."""


class CloseVoting(Command, frozen=True, kw_only=True):
    """Stores the count of a stopped voting."""

    voting_id: str
    dots: dict[str, int]
    voters: int


VotingCommand: TypeAlias = OpenVoting | StopVoting | CloseVoting


def decide(voting: Voting, command: VotingCommand) -> Sequence[VotingEvent] | Refusal:
    """Open, stopped, closed, in this order; a phase that is entered again opens another voting."""
    match command:
        case OpenVoting():
            match voting:
                case Unopened() | Closed():
                    already = isinstance(voting, Closed) and voting.voting_id == command.voting_id
                    return [] if already else [VotingOpened(voting_id=command.voting_id, run=command.run)]
                case Open() | Stopped():
                    return []
                case _:
                    assert_never(voting)
        case StopVoting():
            return [VotingStopped(voting_id=voting.voting_id)] if isinstance(voting, Open) else []
        case CloseVoting():
            if not isinstance(voting, Stopped) or voting.voting_id != command.voting_id:
                return []
            return [VotingClosed(voting_id=command.voting_id, dots=command.dots, voters=command.voters)]
        case _:
            assert_never(command)


def evolve(voting: Voting, event: VotingEvent) -> Voting:
    """What the voting is after an event."""
    match event:
        case VotingOpened():
            return Open(event.voting_id, event.run)
        case VotingStopped():
            return Stopped(event.voting_id, voting.run) if isinstance(voting, Open) else voting
        case VotingClosed():
            return Closed(event.voting_id, voting.run, event.dots) if isinstance(voting, Stopped) else voting
        case _:
            assert_never(event)


VOTING: Decider[Voting, VotingCommand, VotingEvent] = Decider(
    name="ideas.voting",
    initial=Unopened(),
    decide=decide,
    evolve=evolve,
    events=(VotingOpened, VotingStopped, VotingClosed),
)

# The dots of one person


class DotsCast(Event, frozen=True, kw_only=True):
    """Somebody's dots by problem; they replace the earlier ones."""

    TOPIC = "ideas.dots_cast"
    voting_id: str
    dots: dict[str, int]


class Dots(msgspec.Struct, frozen=True):
    """The present dots of one person."""

    dots: dict[str, int] = {}


class CastDots(Command, frozen=True, kw_only=True):
    """Puts dots on problems; `voting` is what the guarded voting says."""

    dots: dict[str, int]
    voting: Voting


class VotingIsClosed(Refusal, frozen=True, kw_only=True):
    """Dots are not taken now."""


class TooManyDots(Refusal, frozen=True, kw_only=True):
    """More dots than one person has."""

    limit: int
    asked: int


def decide_dots(dots: Dots, command: CastDots) -> Sequence[DotsCast] | Refusal:
    """A person may move their dots as long as the voting is open, never having more than the budget."""
    if not isinstance(command.voting, Open):
        return VotingIsClosed()
    asked = sum(command.dots.values())
    if asked > BUDGET:
        return TooManyDots(limit=BUDGET, asked=asked)
    return [] if dots.dots == command.dots else [DotsCast(voting_id=command.voting.voting_id, dots=command.dots)]


def evolve_dots(_: Dots, event: DotsCast) -> Dots:
    """The dots that count are the last ones."""
    return Dots(event.dots)


DOTS: Decider[Dots, CastDots, DotsCast] = Decider(
    name="ideas.dots", initial=Dots(), decide=decide_dots, evolve=evolve_dots, events=(DotsCast,)
)


def count(ballots: Iterable[Mapping[str, int]]) -> tuple[dict[str, int], int]:
    """The dots of each problem, and how many people put at least one.

    Args:
        ballots: the present dots of each person.
    """
    totals: dict[str, int] = {}
    voters = 0
    for ballot in ballots:
        voters += bool(ballot)
        for problem_id, dots in ballot.items():
            totals[problem_id] = totals.get(problem_id, 0) + dots
    return dict(sorted(totals.items())), voters

# SPDX-License-Identifier: Apache-2.0
"""What the clients of a rehearsal saw: every accepted ballot, every placement, every delay."""

import math
import time
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

Answer = Mapping[str, int]
"""What somebody voted for, and how often: the option's number or the words of a ballot, the problems of dots."""


@dataclass(slots=True)
class Votes:
    """What people put into one ballot box (a poll, the dots of an evening), and what they know of it.

    Args:
        accepted: the last accepted vote by voter.
        unknown: votes by voter that may be in the box or not: under way, or never answered for certain.
        replaced: how many accepted votes gave way to a later one of the same voter.
        refused: how many were certainly not accepted.
    """

    accepted: dict[str, Answer] = field(default_factory=dict)
    unknown: dict[str, list[Answer]] = field(default_factory=lambda: defaultdict(list))
    replaced: int = 0
    refused: int = 0

    def sent(self, voter: str, answer: Answer) -> None:
        """Notes a vote before it is sent: until it is answered, and for ever if it never is, it may count."""
        self.unknown[voter].append(answer)

    def accept(self, voter: str, answer: Answer) -> None:
        """Notes that a vote was accepted."""
        self._answered(voter, answer)
        self.replaced += voter in self.accepted
        self.accepted[voter] = answer

    def refuse(self, voter: str, answer: Answer) -> None:
        """Notes that a vote was certainly not accepted."""
        self._answered(voter, answer)
        self.refused += 1

    def _answered(self, voter: str, answer: Answer) -> None:
        self.unknown[voter].remove(answer)
        if not self.unknown[voter]:
            del self.unknown[voter]

    @property
    def unanswered(self) -> int:
        """How many votes may be in the box or not."""
        return sum(map(len, self.unknown.values()))


@dataclass(slots=True)
class Record:
    """The notes of one conference, written by all its players.

    Args:
        pace: conference seconds per real second.
        ballots: by poll.
        surveys: answers to the survey by wave, as the log names it.
        dots: of the one voting.
        placements: room by (generation, participant), as the client was told; `confirmed` of them, and those that
            were `excused`: overtaken by the next one, or the person left, or nobody knows whether it was confirmed.
        written: topic and id of the cards, problems and messages that the city accepted.
        passages: the newest accepted version by id.
        views: for each player who watched to the end, how the view differed from fresh queries then.
        refusals, unknown, retried: how often a command was certainly not carried out, or nobody can tell, or what its
            client met passed by.
        errors: what a client could not cope with.
        delays: milliseconds by kind: command, query, change.
    """

    conference_id: str
    pace: float = 1.0
    ballots: dict[str, Votes] = field(default_factory=lambda: defaultdict(Votes))
    surveys: dict[str, Votes] = field(default_factory=lambda: defaultdict(Votes))
    dots: Votes = field(default_factory=Votes)
    placements: dict[tuple[int, str], str] = field(default_factory=dict)
    confirmed: set[tuple[int, str]] = field(default_factory=set)
    excused: set[tuple[int, str]] = field(default_factory=set)
    phase_told: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    phase_asked: dict[int, float] = field(default_factory=dict)
    written: set[tuple[str, str]] = field(default_factory=set)
    passages: dict[str, int] = field(default_factory=dict)
    mails: Counter[str] = field(default_factory=Counter)
    views: dict[str, list[str]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    retried: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    delays: dict[str, "array[float]"] = field(default_factory=lambda: defaultdict(lambda: array("d")))

    @property
    def lost(self) -> set[tuple[int, str]]:
        """Placements that were told and neither confirmed nor excused."""
        return self.placements.keys() - self.confirmed - self.excused

    @contextmanager
    def timed(self, kind: str) -> Iterator[None]:
        """Notes how long the block took, in milliseconds."""
        start = time.perf_counter()
        yield
        self.delays[kind].append((time.perf_counter() - start) * 1000)

    def error(self, who: str, what: str) -> None:
        """Notes something that a client could not cope with."""
        self.errors.append(f"{who}: {what}")


def percentiles(values: Iterable[float]) -> dict[str, float | None]:
    """p50, p95 and p99 by nearest rank, rounded to a tenth; None where there is no value."""
    ordered = sorted(values)

    def rank(share: float) -> float | None:
        return round(ordered[math.ceil(len(ordered) * share) - 1], 1) if ordered else None

    return {"p50": rank(0.50), "p95": rank(0.95), "p99": rank(0.99)}

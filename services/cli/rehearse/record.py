# SPDX-License-Identifier: Apache-2.0
"""What the clients of a rehearsal saw: every accepted ballot, every placement, every delay."""

import math
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Record:
    """The notes of one conference, written by all its players.

    Args:
        ballots: last accepted ballot by poll and participant.
        dots: last accepted dots by participant.
        placements: room by (generation, participant), as the client was told; `confirmed` of them.
        views: for each player, the parts of the view that differed from a fresh query at the end.
        delays: milliseconds by kind: command, query, change, phase.
    """

    conference_id: str
    ballots: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=lambda: defaultdict(dict))
    ballots_accepted: int = 0
    ballots_refused: int = 0
    dots: dict[str, dict[str, int]] = field(default_factory=dict)
    placements: dict[tuple[int, str], str] = field(default_factory=dict)
    confirmed: set[tuple[int, str]] = field(default_factory=set)
    phases: dict[str, int] = field(default_factory=dict)
    phase_told: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    phase_asked: dict[int, float] = field(default_factory=dict)
    passages: dict[str, int] = field(default_factory=dict)
    mails: Counter[str] = field(default_factory=Counter)
    views: dict[str, list[str]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    delays: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    @contextmanager
    def timed(self, kind: str) -> Iterator[None]:
        """Notes how long the block took, in milliseconds."""
        start = time.perf_counter()
        yield
        self.delays[kind].append((time.perf_counter() - start) * 1000)

    def error(self, who: str, what: str) -> None:
        """Notes something that should not have happened to a client."""
        self.errors.append(f"{who}: {what}")


def percentiles(values: list[float]) -> dict[str, float | None]:
    """p50, p95 and p99 by nearest rank, rounded to a tenth; None where there is no value."""
    ordered = sorted(values)

    def rank(share: float) -> float | None:
        return round(ordered[math.ceil(len(ordered) * share) - 1], 1) if ordered else None

    return {"p50": rank(0.50), "p95": rank(0.95), "p99": rank(0.99)}

# SPDX-License-Identifier: Apache-2.0
"""The figures of a city minute: what was offered and achieved, how long each change took, what it cost."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from services.cli.rehearse.record import Votes

CHANGES = ("started", "closed", "groups")
"""What happens to every session: it enters its first phase, its poll is closed, it goes into small groups."""


@dataclass(slots=True)
class Evening:
    """What one conference saw. All instants are real seconds on one clock.

    Args:
        conference_id: 32 hex digits.
        asked, answered, published: when each change was asked for, was carried out, and came over the bus.
        seen: when each socket heard of each change.
        offered, done: when each ballot was offered, and answered.
        counted: the ballots by option, as the closed poll tells.
    """

    conference_id: str
    votes: Votes = field(default_factory=Votes)
    asked: dict[str, float] = field(default_factory=dict)
    answered: dict[str, float] = field(default_factory=dict)
    published: dict[str, float] = field(default_factory=dict)
    seen: dict[str, list[float]] = field(default_factory=lambda: {change: [] for change in CHANGES})
    offered: list[float] = field(default_factory=list)
    done: list[float] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    voters: int = 0
    present: int = 0


def ranks(seconds: Iterable[float]) -> dict[str, float | None]:
    """p50, p95, p99 (nearest rank) and the last, in milliseconds; None where there is nothing."""
    ordered = sorted(seconds)

    def rank(share: float) -> float | None:
        return round(1000 * ordered[math.ceil(len(ordered) * share) - 1], 1) if ordered else None

    return {"p50": rank(0.5), "p95": rank(0.95), "p99": rank(0.99), "last": rank(1.0)}


def backlog(offered: Iterable[float], done: Iterable[float]) -> int:
    """The most ballots that were offered and not yet answered at one moment."""
    most = waiting = 0
    # Of what happens at the same instant, answers come first.
    for _, step in sorted([*((at, 1) for at in offered), *((at, -1) for at in done)]):
        waiting += step
        most = max(most, waiting)
    return most


def ballots(evenings: Sequence[Evening]) -> dict[str, Any]:
    """What became of all ballots."""
    offered = [at for evening in evenings for at in evening.offered]
    done = [at for evening in evenings for at in evening.done]
    waits = [after - before for one in evenings for before, after in zip(one.offered, one.done, strict=True)]
    accepted = sum(len(evening.votes.accepted) for evening in evenings)
    # Of a ballot without a certain answer nobody can say that it was lost.
    lost = sum(max(0, len(one.votes.accepted) - one.voters) for one in evenings)
    span, took = max(offered) - min(offered), max(done) - min(offered)
    return {
        "offered": len(offered),
        "offered_per_second": round(len(offered) / span, 1) if span else None,
        "achieved_per_second": round(len(done) / took, 1) if took else None,
        "backlog": backlog(offered, done),
        "answered_after_seconds": round(took, 2),
        "accepted": accepted,
        "counted": sum(evening.voters for evening in evenings),
        "unknown": sum(evening.votes.unanswered for evening in evenings),
        "refused": sum(evening.votes.refused for evening in evenings),
        "lost": lost,
        "wait_ms": ranks(waits),
    }


def changes(evenings: Sequence[Evening]) -> dict[str, Any]:
    """How long each change took, from the moment a moderator asked for it."""
    return {
        change: {
            "sessions": sum(change in one.answered for one in evenings),
            "answered_ms": ranks(_since(evenings, change, "answered")),
            "published_ms": ranks(_since(evenings, change, "published")),
            "seen_ms": ranks(at - one.asked[change] for one in evenings for at in one.seen[change]),
        }
        for change in CHANGES
    }


def _since(evenings: Sequence[Evening], change: str, step: str) -> Iterator[float]:
    """Seconds from the click to a step of the change, where it came so far."""
    for one in evenings:
        at = getattr(one, step).get(change)
        if at is not None:
            yield at - one.asked[change]


def show(report: Mapping[str, Any], console: Console) -> None:
    """Prints the report for people."""
    votes, cost = report["ballots"], report["processor_seconds"]
    facts = Table(title="The city minute", show_header=False)
    for name, text in (
        ("conferences", f"{report['conferences']}, {report['residents']} residents"),
        ("sockets", f"{report['sockets']['open']}, {report['sockets']['rule']}"),
        ("killed", report["killed"] or "nothing"),
        ("offered", f"{votes['offered']} ballots, {votes['offered_per_second']} a second"),
        ("achieved", f"{votes['achieved_per_second']} a second, the last after {votes['answered_after_seconds']} s"),
        ("backlog", f"{votes['backlog']} ballots at most"),
        ("lost", f"{votes['lost']} ballots"),
        ("all seen after", f"{report['seconds']} s"),
        ("processor time", f"{cost['city']} s, {cost['per_conference']} s for each conference"),
        ("  of it", ", ".join(f"{name} {spent}" for name, spent in cost["programs"].items())),
        ("  of one processor, idle", f"{cost['share_when_nothing_happens']}"),
        ("  of the residents", f"{cost['residents']} s"),
        ("machine", f"{report['machine']['processors']} processors, load {report['machine']['load']}"),
    ):
        facts.add_row(name, text)
    console.print(facts)
    delays = Table(title="How long it took (ms)")
    for column in ("what", "p50", "p95", "p99", "last"):
        delays.add_column(column, justify="left" if column == "what" else "right")
    rows = {"ballot answered": votes["wait_ms"]}
    for change, times in report["changes"].items():
        rows |= {f"{change} {step}": times[f"{step}_ms"] for step in ("answered", "published", "seen")}
    for what, values in rows.items():
        delays.add_row(what, *("–" if value is None else f"{value}" for value in values.values()))
    console.print(delays)
    for name, holds in report["invariants"].items():
        console.print(f"{name.replace('_', ' ')}: {'[green]holds[/]' if holds else '[bold red]BROKEN[/]'}")
    for sentence in (*report["broken"], *report["errors"])[:10]:
        console.print(f"  {sentence}", markup=False)

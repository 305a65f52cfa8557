# SPDX-License-Identifier: Apache-2.0
"""The result of a rehearsal: a JSON report for tools, tables for people."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from services.cli.rehearse.invariants import Logs, meetings, plans_of
from services.cli.rehearse.record import Record, Votes, percentiles


def build_report(records: list[Record], logs: Logs, broken: Mapping[str, list[str]], seconds: float) -> dict[str, Any]:
    """The report as it is written to a file.

    Args:
        broken: what `invariants.check` found.
        seconds: how long the evenings took, in real time.
    """
    plans = [fact.fields for record in records for fact in plans_of(record, logs)]
    groups = [group for plan in plans for group in plan["groups"]]
    counts: Counter[str] = sum((record.counts for record in records), Counter())
    refusals, unknown, retried = (
        dict(sum((getattr(record, name) for record in records), Counter()))
        for name in ("refusals", "unknown", "retried")
    )
    placed = sum(len(record.placements) for record in records)
    confirmed = sum(len(record.confirmed) for record in records)
    excused = sum(len(record.excused - record.confirmed) for record in records)
    delays = {
        kind: percentiles(value for record in records for value in record.delays[kind])
        for kind in ("command", "query", "change")
    }
    delays["phase_change_to_last_resident"] = percentiles([value for record in records for value in _last_told(record)])
    return {
        "conferences": len(records),
        "residents": counts["residents"],
        "phases": sum(len(record.phase_told) for record in records),
        "groups": {
            "rounds": len(plans),
            "sizes": dict(sorted(Counter(str(len(group["members"])) for group in groups).items())),
            "repeat_meetings": sum(meetings(record, logs)[0] for record in records),
            "without_mentor": sum(group["mentor_id"] is None for group in groups),
        },
        "placements": {
            "expected": placed - excused,
            "confirmed": confirmed,
            "lost": sum(len(record.lost) for record in records),
            "overtaken": excused,
        },
        "ballots": _votes(
            [votes for record in records for votes in record.ballots.values()],
            sum(
                fact.fields["ballots"]
                for record in records
                for fact in logs["session"].of(record.conference_id, "session.poll_closed")
            ),
        ),
        "dots": _votes(
            [record.dots for record in records],
            sum(
                fact.fields["voters"]
                for record in records
                for fact in logs["ideas"].of(record.conference_id, "ideas.voting_closed")
            ),
        ),
        "cards": counts["cards"],
        "problems": counts["problems"],
        "sheets": counts["sheets"],
        "ideas": counts["ideas"],
        "survey": {
            "answers": {
                wave: sum(len(record.surveys[wave].accepted) for record in records) for wave in ("before", "after")
            },
            "conferences": counts["surveyed_conferences"],
            "remarks_shown": counts["remarks_shown"],
            "remarks_hidden": counts["remarks_hidden"],
        },
        "jury": {"scores": counts["scores"], "awards": counts["awards"]},
        "messages": counts["messages"],
        "help_calls": counts["help_calls"],
        "help_handed_over": counts["help_handed_over"],
        "mentors_dropped": counts["mentors_dropped"],
        "groups_extended": counts["groups_extended"],
        "measures": counts["measures"],
        "reports": counts["reports"],
        "views_compared": sum(len(record.views) for record in records),
        "refusals": refusals,
        "unknown": unknown,
        "invariants": {name: not what for name, what in broken.items()},
        "broken": {name: what[:20] for name, what in broken.items() if what},
        "latency_ms": delays,
        "seconds": round(seconds, 1),
        "errors": {"met": [error for record in records for error in record.errors][:100], "retried": retried},
    }


def _votes(boxes: list[Votes], counted: int) -> dict[str, int]:
    """Votes in numbers: accepted <= counted <= accepted + unknown.

    Args:
        counted: how many the services counted in these boxes.
    """
    return {
        "accepted": sum(len(votes.accepted) for votes in boxes),
        "counted": counted,
        "unknown": sum(votes.unanswered for votes in boxes),
        "refused": sum(votes.refused for votes in boxes),
        "replaced": sum(votes.replaced for votes in boxes),
    }


def _last_told(record: Record) -> list[float]:
    return [
        (max(told) - record.phase_asked[run]) * 1000
        for run, told in record.phase_told.items()
        if told and run in record.phase_asked
    ]


def show(report: Mapping[str, Any], console: Console) -> None:
    """Prints the report for people."""
    facts = Table(title="The evening in numbers", show_header=False)
    for name in (
        "conferences",
        "residents",
        "phases",
        "cards",
        "problems",
        "sheets",
        "ideas",
        "messages",
        "help_calls",
        "help_handed_over",
        "mentors_dropped",
        "groups_extended",
        "views_compared",
    ):
        facts.add_row(name.replace("_", " "), str(report[name]))
    for name in ("groups", "placements", "ballots", "dots", "jury"):
        facts.add_row(
            name, ", ".join(f"{key.replace('_', ' ')} {_short(value)}" for key, value in report[name].items())
        )
    facts.add_row("tried again", str(sum(report["errors"]["retried"].values())))
    facts.add_row("took", f"{report['seconds']} s")
    console.print(facts)
    delays = Table(title="How long clients waited (ms)")
    for column in ("what", "p50", "p95", "p99"):
        delays.add_column(column, justify="left" if column == "what" else "right")
    for kind, values in report["latency_ms"].items():
        delays.add_row(kind.replace("_", " "), *("–" if values[p] is None else f"{values[p]}" for p in values))
    console.print(delays)
    rules = Table(title="What must hold")
    rules.add_column("rule")
    rules.add_column("")
    for name, holds in report["invariants"].items():
        rules.add_row(name.replace("_", " "), "[green]holds[/]" if holds else "[bold red]BROKEN[/]")
    console.print(rules)
    for name, what in report["broken"].items():
        console.print(f"[bold red]{name.replace('_', ' ')}[/]")
        for sentence in what[:5]:
            console.print(f"  {sentence}", markup=False)


def _short(value: object) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key}:{count}" for key, count in value.items())
    return str(value)

# SPDX-License-Identifier: Apache-2.0
"""The time that groups had, folded from the log alone: the clock that wrote it is not asked whether it is right."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from services.cli.rehearse.places import PLACING, Here
from services.cli.rehearse.replay import Fact

CLOCK = (
    "session.ended",
    "session.group_extended",
    "session.phase_change_undone",
    "session.phase_ended",
    "session.phase_extended",
    "session.phase_left_by_hand",
    "session.phase_started",
    "session.prepared",
    "session.resumed",
)
"""The events that say how long a phase lasts, and who ended it."""


def cut_short(facts: Iterable[Fact]) -> Iterator[str]:
    """Sentences about groups whose phase the clock ended before their own deadline.

    Whoever leads may end a phase at any time, and so may those who are ready, where the script says so.

    Args:
        facts: of the topics `CLOCK` and of those that say who sits where, in order.
    """
    here = Here()
    by_readiness: set[str] = set()
    by_people: set[int] = set()
    deadline: datetime | None = None
    offsets: dict[str, timedelta] = {}
    over: list[tuple[int, str, str]] = []
    for fact in facts:
        fields = fact.fields
        match fact.topic:
            case "session.prepared":
                by_readiness = {one["key"] for one in fields["script"]["phases"] if one.get("advance") == "ready_share"}
            case "session.phase_left_by_hand" | "session.phase_change_undone":
                by_people.add(fields["run"])
            case "session.ended":
                over = []  # somebody may have ended the evening
            case "session.phase_ended":
                if fields["run"] not in by_people and fields["key"] not in by_readiness and deadline is not None:
                    over = [
                        (fields["run"], group, f"{fact.at:%H:%M:%S} instead of {deadline + offset:%H:%M:%S}")
                        for group, offset in offsets.items()
                        if here.groups.get(group) and fact.at < deadline + offset
                    ]
            case "session.phase_started":
                deadline, offsets = _instant(fields["deadline"]), {}
            case "session.phase_extended" | "session.resumed":
                deadline = _instant(fields["deadline"])
            case "session.group_extended":
                offsets[fields["group_id"]] = timedelta(seconds=fields["offset_seconds"])
            case topic if topic in PLACING:
                list(here.take(fact))  # what is wrong with places is another rule's
        if fact.topic != "session.phase_ended":
            yield from (f"run {run}: {group} was cut short, at {times}" for run, group, times in over)
            over = []
    yield from (f"run {run}: {group} was cut short, at {times}" for run, group, times in over)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)

# SPDX-License-Identifier: Apache-2.0
"""What simulated residents answer in the survey, what the city makes of it, and whether it is what they answered."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any

from services.cli.rehearse.record import Record, Votes
from services.cli.rehearse.replay import Log
from services.cli.rehearse.stage import Staged, ask, must
from services.cli.rehearse.world import World

FEWEST = 5
"""So many people are counted together, or more."""


def drawn(items: Sequence[Any], draw: Random, remarks: Sequence[str]) -> tuple[list[dict[str, Any]], Counter[str]]:
    """Answers to the items of a wave as the API takes them, and the values among them.

    Args:
        items: kind, key, bounds.
        draw: decides; texts are written by two of three.
        remarks: to choose from.
    """
    answers: list[dict[str, Any]] = []
    for item in items:
        if item.kind == "SCALE":
            answers.append({"item": item.key, "value": draw.randint(item.at_least, item.at_most)})
        elif draw.random() < 2 / 3:
            answers.append({"item": item.key, "text": draw.choice(remarks)})
    return answers, Counter({one["item"]: one["value"] for one in answers if "value" in one})


async def evaluate(world: World, records: Sequence[Record], staged: Sequence[Staged], organiser: str) -> None:
    """An organiser looks at what people wrote, hides what the word filter held, and takes the table of the city.

    Args:
        records, staged: of the same conferences in the same order.

    Raises:
        SetUpFailed: the city refused what an organiser must be able to do.
    """
    async with world.client(organiser) as client:
        for each, record in zip(staged, records, strict=True):
            found = (await ask(client, "SurveyRemarks", id=each.gid)).conference.survey_remarks or ()
            for held in (False, True):
                ids = [one.id for one in found if one.status == "WAITING" and one.held == held]
                if ids:
                    await must(client, "ModerateRemarks", conference_id=each.gid, remark_ids=ids, show=not held)
                    record.counts["remarks_hidden" if held else "remarks_shown"] += len(ids)
        city = (await ask(client, "CitySurvey", format="CSV")).survey
        records[0].counts["surveyed_conferences"] = city.conferences
        records[0].counts["survey_rows"] = city.export.count("\r\n") - 1


def miscounted(record: Record, logs: Mapping[str, Log]) -> Iterator[str]:
    """Where batches of the survey are too small, or hold something that nobody answered."""
    sheets: defaultdict[str, int] = defaultdict(int)
    counted: defaultdict[str, Counter[str]] = defaultdict(Counter)
    topics = ("session.survey_sheet_submitted", "session.survey_answers_counted")
    for fact in logs["session"].of(record.conference_id, *topics):
        wave = fact.fields["wave"]
        if fact.topic == topics[0]:
            sheets[wave] += 1
            continue
        if len(fact.fields["sheets"]) < FEWEST:
            yield f"{wave}: {len(fact.fields['sheets'])} were counted together"
        counted[wave].update(_name(sheet["values"]) for sheet in fact.fields["sheets"])
    for wave, votes in record.surveys.items():
        yield from (f"{wave}: {wrong}" for wrong in _wrong(votes, sheets[wave], counted[wave]))


def _wrong(votes: Votes, sheets: int, counted: Counter[str]) -> Iterator[str]:
    accepted = Counter(_name(answer) for answer in votes.accepted.values())
    doubtful = Counter(_name(answer) for given in votes.unknown.values() for answer in given)
    if not len(votes.accepted) <= sheets <= len(votes.accepted) + len(votes.unknown):
        yield f"{len(votes.accepted)} were accepted, {len(votes.unknown)} are unknown, and {sheets} are stored"
    if invented := counted - accepted - doubtful:
        yield f"{sum(invented.values())} were counted that nobody answered"
    if sheets - counted.total() >= 2 * FEWEST:
        yield f"{sheets} are stored and {counted.total()} are counted"


def _name(values: Mapping[str, int]) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted(values.items()))

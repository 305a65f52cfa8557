# SPDX-License-Identifier: Apache-2.0
"""The results of surveys as tables for other programs: one row for each value of each item, CSV or JSON."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import msgspec

from gateway.schema.relay import global_id
from gateway.schema.scalars import ExportFormat
from services.contracts import session as contract
from services.contracts.shared import LocalText

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a cell that begins so for a formula, whoever wrote it."""


class Row(NamedTuple):
    """One line of the table.

    Args:
        conference: its global id; `city` for the sums over all.
        wave: `before`, `after`, `follow_up`.
        compared_with: of a change the earlier wave; else empty.
        value: of the scale; of a change `higher`, `same` or `lower`; or what somebody wrote.
        people: how many.
    """

    conference: str
    wave: str
    compared_with: str
    item: str
    question_de: str
    question_en: str
    value: str
    people: int


def rows_of_conference(view: contract.SurveyView) -> Iterator[Row]:
    """The results of one conference, with what people wrote and staff showed."""
    conference = global_id("Conference", view.conference_id)
    for wave in view.waves:
        for item in wave.items:
            yield from _counts(conference, wave.wave, item.key, item.question, item.at_least, item.counts or ())
            for remark in item.remarks:
                yield Row(conference, wave.wave, "", item.key, item.question.de, item.question.en, remark, 1)
    for change in view.changes:
        yield from _change(conference, change)


def rows_of_city(view: contract.SurveyResultsView) -> Iterator[Row]:
    """The sums of the city, then the results of each conference."""
    for one in view.results:
        yield from _counts(_name(one.conference_id), one.wave, one.key, one.question, one.at_least, one.counts)
    for change in view.changes:
        yield from _change(_name(change.conference_id), change)


def exported(rows: Iterable[Row], form: ExportFormat) -> str:
    """The table as text.

    Args:
        rows: its lines.
        form: CSV with a head (RFC 4180), or a JSON list of objects.
    """
    match form:
        case ExportFormat.JSON:
            return msgspec.json.encode([row._asdict() for row in rows]).decode()
        case ExportFormat.CSV:
            text = io.StringIO()
            lines = csv.writer(text)
            lines.writerow(Row._fields)
            for row in rows:
                safe = f"'{row.value}" if row.value.startswith(FORMULA) else row.value
                lines.writerow(row._replace(value=safe))
            return text.getvalue()


def _name(conference: str | None) -> str:
    return "city" if conference is None else global_id("Conference", conference)


def _counts(
    conference: str, wave: str, key: str, question: LocalText, at_least: int, counts: Sequence[int]
) -> Iterator[Row]:
    for value, people in enumerate(counts, at_least):
        yield Row(conference, wave, "", key, question.de, question.en, str(value), people)


def _change(conference: str, one: contract.SurveyChangeView | contract.SurveyChange) -> Iterator[Row]:
    for name in ("higher", "same", "lower"):
        people: int = getattr(one, name)
        yield Row(conference, one.later, one.earlier, one.key, one.question.de, one.question.en, name, people)

# SPDX-License-Identifier: Apache-2.0
"""Results of a survey as a table, and the code that pairs answers."""

import csv
import io
import json

from gateway.client import pairing_code
from gateway.schema.relay import global_id
from gateway.schema.scalars import ExportFormat
from gateway.schema.survey_export import exported, rows_of_city, rows_of_conference
from tests.gateway.city import CITY_SURVEY, CONFERENCE, SURVEY

HERE = global_id("Conference", CONFERENCE)


def test_a_table_of_a_conference_has_a_row_for_each_value_change_and_remark():
    rows = list(csv.DictReader(io.StringIO(exported(rows_of_conference(SURVEY), ExportFormat.CSV))))
    assert [(row["item"], row["compared_with"], row["value"], row["people"]) for row in rows] == [
        *[("cohesion", "", str(value), str(people)) for value, people in enumerate((0, 0, 1, 2, 2), 1)],
        ("good", "", "'=2+3", "1"),
        *[("cohesion", "before", value, people) for value, people in (("higher", "3"), ("same", "1"), ("lower", "1"))],
    ]
    assert {row["conference"] for row in rows} == {HERE}


def test_a_table_of_the_city_begins_with_its_sums():
    rows = json.loads(exported(rows_of_city(CITY_SURVEY), ExportFormat.JSON))
    assert [row["conference"] for row in rows] == ["city"] * 5 + [HERE] * 5
    assert [row["people"] for row in rows[:5]] == [0, 0, 1, 2, 2]


def test_the_same_things_typed_differently_make_the_same_code():
    code = pairing_code(HERE, ("maria", " 7", "Freiburg"))
    assert code == pairing_code(HERE, (" M", "07", "freiburg "))
    assert len(code) == 64
    assert code != pairing_code(global_id("Conference", "a" * 32), ("maria", "7", "Freiburg"))

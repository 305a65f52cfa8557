# SPDX-License-Identifier: Apache-2.0
"""The page that shows what strangers can reach knows every field: known at once, not only when the city test runs."""

from gateway.schema.table import lines
from tests.city.isolation import FOR_EVERYBODY
from tests.city.isolation_inside import requests
from tests.city.isolation_page import COMMITTED


def test_every_field_was_tried_by_strangers() -> None:
    """Else `QUARTIER_WRITE=1 .venv/bin/pytest tests/city/test_isolation.py` tries it and writes the page."""
    tried = COMMITTED.read_text()
    missing = [f"{kind}.{name}" for kind, name, _ in lines() if f"| `{kind}.{name}` |" not in tried]
    assert sorted(missing) == [f"Mutation.{name}" for name in sorted(FOR_EVERYBODY)]


def test_every_command_and_question_was_tried_at_its_service() -> None:
    """Else the same command writes the page."""
    tried = COMMITTED.read_text()
    assert [kind.__name__ for kind in requests() if f"| `{kind.__name__}` |" not in tried] == []

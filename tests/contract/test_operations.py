# SPDX-License-Identifier: Apache-2.0
"""The operator's page names every setting there is, and no other."""

import re
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from gateway.settings import GatewaySettings
from services.chassis.settings import variable
from services.ideas.settings import IdeasSettings
from services.registration.settings import RegistrationSettings
from services.rooms.settings import RoomsSettings
from services.session.settings import SessionSettings

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
KINDS: tuple[type[BaseSettings], ...] = (
    GatewaySettings,
    IdeasSettings,
    RegistrationSettings,
    RoomsSettings,
    SessionSettings,
)
OTHERS = {"OTEL_TRACES_EXPORTER"}
"""Read by a library of the process, not by its settings."""

ROWS = dict(re.findall(r"^\| `([A-Z_]+)` \|.*\| (.*) \|$", PAGE, re.MULTILINE))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_setting_stands_there_with_its_default(kind: type[BaseSettings]) -> None:
    for name, field in kind.model_fields.items():
        assert variable(kind, name) in ROWS
        if type(field.default) in (int, float, str) and field.default:
            assert f"{field.default}".removesuffix(".0") in ROWS[variable(kind, name)], variable(kind, name)


def test_no_setting_stands_there_that_nobody_reads() -> None:
    assert set(ROWS) - OTHERS == {variable(kind, name) for kind in KINDS for name in kind.model_fields}

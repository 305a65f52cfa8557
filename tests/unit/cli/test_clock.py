# SPDX-License-Identifier: Apache-2.0
"""The clock of an embedded city goes on where its data stand."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.chassis.clock import Clock
from services.cli.embedded.clock import going_on

START = 1_793_600_000.0


def shown(setting: str, real: float) -> float:
    clock = Clock.parse(setting)
    return clock.epoch + (real - clock.epoch) * clock.pace


def test_new_data_start_at_the_wall_clock(tmp_path: Path) -> None:
    setting = going_on(tmp_path / "clock.json", 60.0, START)
    assert shown(setting, START) == pytest.approx(START, abs=1e-3)
    assert shown(setting, START + 10) == pytest.approx(START + 600, abs=1e-3)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(first=st.floats(1.5, 500), second=st.floats(1.5, 500), ran=st.floats(1, 100_000), rested=st.floats(0, 1_000_000))
def test_a_restart_never_turns_time_back(
    tmp_path: Path, first: float, second: float, ran: float, rested: float
) -> None:
    path = tmp_path / "clock.json"
    path.unlink(missing_ok=True)
    before = shown(going_on(path, first, START), START + ran)
    again = START + ran + rested
    assert shown(going_on(path, second, again), again) >= before - 1.0

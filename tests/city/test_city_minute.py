# SPDX-License-Identifier: Apache-2.0
"""Ten sessions change their phase while all their residents vote, and the session service is killed in the middle."""

import json
from pathlib import Path

import pytest

from tests.integration.cli.conftest import ROOT, mentioning
from tests.integration.cli.test_doctor import quartier

CONFERENCES, RESIDENTS = 10, 20


@pytest.mark.soak
def test_nothing_is_lost_in_the_city_minute_though_the_session_service_is_killed(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    data, report = tmp_path / "city", tmp_path / "report.json"
    minute = (
        "rehearse", "--only", "city-minute", "--conferences", str(CONFERENCES), "--residents", str(RESIDENTS),
        "--data", str(data),
    )  # fmt: skip
    seeded = quartier(ROOT, *minute, "--seed-only")
    assert seeded.returncode == 0, seeded.stderr
    played = quartier(ROOT, *minute, "--kill", "session", "--report", str(report))
    assert played.returncode == 0, played.stdout + played.stderr
    found = json.loads(report.read_text())
    assert all(found["invariants"].values())
    assert (found["ballots"]["offered"], found["ballots"]["lost"]) == (CONFERENCES * RESIDENTS, 0)
    assert found["ballots"]["counted"] == CONFERENCES * RESIDENTS
    assert {name: one["sessions"] for name, one in found["changes"].items()} == dict.fromkeys(
        ("started", "closed", "groups"), CONFERENCES
    )
    assert found["present"] == found["sockets"]["open"] == CONFERENCES * RESIDENTS
    again = quartier(ROOT, *minute)
    assert again.returncode == 1
    assert "played already" in again.stderr
    assert mentioning(tmp_path) == []

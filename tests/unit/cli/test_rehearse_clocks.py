# SPDX-License-Identifier: Apache-2.0
"""The rule about a group's own time notices a phase that ends before it, and nothing else."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.cli.rehearse.clocks import cut_short
from services.cli.rehearse.replay import Fact

BEGAN = datetime(2026, 11, 20, 18, tzinfo=UTC)
ANNA, BEN, CLEO = (f"{n:032x}" for n in range(1, 4))
RED = "a1" * 16


def facts(*given: tuple[float, str, dict[str, Any]]) -> list[Fact]:
    """Each one so many minutes after the beginning of the phase."""
    return [
        Fact(number, "c0" * 16, f"session.{topic}", fields, BEGAN + timedelta(minutes=minute), str(minute).encode())
        for number, (minute, topic, fields) in enumerate(given)
    ]


def phase(*then: tuple[float, str, dict[str, Any]], advance: str = "deadline") -> list[Fact]:
    """Fifteen minutes, of which one group has two more."""
    red = {"group_id": RED, "members": [ANNA, BEN, CLEO]}
    return facts(
        (-60, "prepared", {"script": {"phases": [{"key": "exchange", "advance": advance}]}}),
        (0, "phase_started", {"run": 5, "key": "exchange", "deadline": minute(15)}),
        (0, "groups_placed", {"generation": 1, "groups": [red], "with_moderator": []}),
        (1, "group_extended", {"run": 5, "group_id": RED, "offset_seconds": 120.0}),
        *then,
    )


def minute(number: float) -> str:
    return (BEGAN + timedelta(minutes=number)).isoformat()


def ended(at: float) -> tuple[float, str, dict[str, Any]]:
    return (at, "phase_ended", {"run": 5, "key": "exchange"})


def test_a_phase_that_waits_for_its_last_group_holds():
    assert list(cut_short(phase(ended(17), (17, "phase_started", {"run": 6, "deadline": minute(30)})))) == []


def test_a_phase_that_ends_with_the_others_is_noticed():
    (wrong,) = cut_short(phase(ended(15)))
    assert RED in wrong


def test_more_time_for_all_is_more_time_for_the_group():
    extended = (2, "phase_extended", {"run": 5, "deadline": minute(20)})
    assert len(list(cut_short(phase(extended, ended(21))))) == 1
    assert list(cut_short(phase(extended, ended(22)))) == []


@pytest.mark.parametrize("who", ["phase_left_by_hand", "phase_change_undone"])
def test_people_may_end_a_phase_at_any_time(who):
    assert list(cut_short(phase((10, who, {"run": 5}), ended(10)))) == []


def test_people_may_end_the_evening_at_any_time():
    assert list(cut_short(phase(ended(10), (10, "ended", {})))) == []


def test_those_who_are_ready_end_a_phase_where_the_script_says_so():
    assert list(cut_short(phase(ended(10), advance="ready_share"))) == []


def test_nobody_waits_for_a_group_that_fell_apart():
    gone = [
        (3, "person_moved", {"generation": 2, "participant_id": one, "group_id": None, "gone": True})
        for one in (ANNA, BEN, CLEO)
    ]
    assert list(cut_short(phase(*gone, ended(15)))) == []

# SPDX-License-Identifier: Apache-2.0
"""When the city desk is alerted about an evening."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from services.session.domain.alerts import Standing, Thresholds, alerts
from tests.unit.session.evening import NOON, minutes

LIMITS = Thresholds(late=minutes(10), call=minutes(3), present=0.5)
WELL = Standing(
    running=True, lobby_open=False, delay=timedelta(0), seated=50, present=46, moderators=1, sizes=(4, 4, 3),
    free_calls=(),
)  # fmt: skip


def found(now: datetime = NOON, **changes: Any) -> list[str]:
    return list(alerts(msgspec.structs.replace(WELL, **changes), LIMITS, now))


def test_an_evening_that_goes_well_alerts_nobody() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"delay": minutes(10)}, ["LATE"]),
        ({"delay": minutes(9.9)}, []),
        ({"delay": None}, []),
        ({"moderators": 0}, ["NO_MODERATOR"]),
        ({"moderators": 0, "running": False, "lobby_open": True}, ["NO_MODERATOR"]),
        ({"moderators": 0, "running": False}, []),
        ({"present": 24}, ["FEW_PRESENT"]),
        ({"present": 25}, []),
        ({"present": 0, "running": False, "lobby_open": True}, []),
        ({"sizes": (4, 2)}, ["LONELY_GROUP"]),
        ({"free_calls": (NOON - minutes(3),)}, ["CALL_WAITS"]),
        ({"free_calls": (NOON - minutes(2.9),)}, []),
    ],
)
def test_it_is_alerted_from_the_threshold_on(changes: dict[str, Any], expected: list[str]) -> None:
    assert found(**changes) == expected


def test_what_is_most_urgent_comes_first() -> None:
    everything = found(moderators=0, free_calls=(NOON - minutes(9),), sizes=(1,), delay=minutes(20), present=1)
    assert everything == ["NO_MODERATOR", "CALL_WAITS", "LONELY_GROUP", "LATE", "FEW_PRESENT"]

# SPDX-License-Identifier: Apache-2.0
"""What clients may send as an instant."""

from datetime import UTC, datetime

import pytest
from strawberry.exceptions import StrawberryInputCoercionError

from gateway.schema.build import build_schema, core
from gateway.schema.instants import read_instant

AT = datetime(2026, 11, 7, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["2026-11-07T16:00:00Z", "2026-11-07t16:00:00z", "2026-11-07T17:00:00+01:00", "2026-11-07T16:00:00.000000000Z"],
)
def test_an_instant_has_an_offset(text: str) -> None:
    assert read_instant(text) == AT


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-07T16:00:00", "2026-11-07", "2026", "16:00:00Z", "2026-13-07T16:00:00Z", "2026-11-07 16:00:00Z",
        "20261107T160000Z", "2026-11-07T16:00:00Z\n", "2026-11-07T16:00:00+0100", "", "now", 1_800_000_000, None, [],
        True,
    ],
)  # fmt: skip
def test_what_leaves_something_to_guess_is_no_instant(value: object) -> None:
    with pytest.raises(StrawberryInputCoercionError, match="RFC 3339"):
        read_instant(value)


def test_the_schema_says_which_standard_instants_follow() -> None:
    kind = core(build_schema()).type_map["DateTime"]
    assert "rfc3339" in (getattr(kind, "specified_by_url", None) or "")

# SPDX-License-Identifier: Apache-2.0
"""What an append item expects of its streams."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from services.chassis.records import Append, Guard, NewEvent, heads

ONE, TWO = UUID(int=1), UUID(int=2)


def event(stream: UUID, version: int) -> NewEvent:
    return NewEvent(stream, version, "t", b"{}", None, stream, b"", datetime(2026, 1, 1, tzinfo=UTC))


def test_a_written_stream_must_end_just_before_the_first_event() -> None:
    assert heads(Append([event(ONE, 4), event(TWO, 0), event(ONE, 5)])) == {ONE: 3, TWO: -1}


def test_a_guarded_stream_must_be_where_the_guard_says() -> None:
    assert heads(Append([event(ONE, 0)], guards=[Guard(TWO, 7)])) == {ONE: -1, TWO: 7}


def test_a_stream_may_be_guarded_where_it_is_written() -> None:
    assert heads(Append([event(ONE, 4)], guards=[Guard(ONE, 3)])) == {ONE: 3}
    with pytest.raises(ValueError, match="guarded"):
        heads(Append([event(ONE, 4)], guards=[Guard(ONE, 2)]))


def test_versions_of_a_stream_follow_each_other() -> None:
    with pytest.raises(ValueError, match="does not follow"):
        heads(Append([event(ONE, 4), event(ONE, 6)]))

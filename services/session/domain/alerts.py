# SPDX-License-Identifier: Apache-2.0
"""What somebody at the city desk should look after, evening by evening."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from services.session.domain.seating import SMALLEST

Alert = Literal["LATE", "NO_MODERATOR", "FEW_PRESENT", "LONELY_GROUP", "CALL_WAITS"]


class Thresholds(msgspec.Struct, frozen=True, kw_only=True):
    """From when on the desk is alerted.

    Args:
        late: behind the timetable.
        call: since a help call was made that nobody took.
        present: share of the seats.
    """

    late: timedelta = timedelta(minutes=10)
    call: timedelta = timedelta(minutes=3)
    present: float = 0.5


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How an evening stands.

    Args:
        running: whether its clock has begun to run.
        lobby_open: whether people may be here.
        delay: behind the timetable; None: no phase runs.
        seated: residents with a seat.
        present: of them, who are here.
        moderators: moderators and deputies who are here.
        sizes: of the running groups.
        free_calls: when the help calls were made that nobody has taken.
    """

    running: bool
    lobby_open: bool
    delay: timedelta | None
    seated: int
    present: int
    moderators: int
    sizes: tuple[int, ...]
    free_calls: tuple[datetime, ...]

    @property
    def lonely(self) -> int:
        """Groups that are too small for a conversation."""
        return sum(size < SMALLEST for size in self.sizes)


def alerts(evening: Standing, limits: Thresholds, now: datetime) -> Iterator[Alert]:
    """What should be looked after, the most urgent first."""
    if not evening.moderators and (evening.running or evening.lobby_open):
        yield "NO_MODERATOR"
    if any(now - asked_at >= limits.call for asked_at in evening.free_calls):
        yield "CALL_WAITS"
    if evening.lonely:
        yield "LONELY_GROUP"
    if evening.delay is not None and evening.delay >= limits.late:
        yield "LATE"
    if evening.running and evening.present < limits.present * evening.seated:
        yield "FEW_PRESENT"

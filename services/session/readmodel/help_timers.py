# SPDX-License-Identifier: Apache-2.0
"""When does something happen to a call for help by itself? When nobody came in time, and when one of the staff came."""

from datetime import datetime
from typing import ClassVar

from services.chassis.database import Tx
from services.chassis.projection import TableProjection
from services.chassis.store import Recorded
from services.chassis.timers import TimerPayload, cancel_timer, set_timer
from services.session.domain.groups_facts import MentorMoved
from services.session.domain.help import POOL_AFTER, HelpClaimed, HelpHandedOver, HelpRequested, HelpResolved


class PoolDue(TimerPayload, frozen=True, kw_only=True):
    """Nobody took the call for a while."""

    KIND: ClassVar[str] = "help_pool"
    conference_id: str
    call_id: str


class StaffCame(TimerPayload, frozen=True, kw_only=True):
    """One of the staff belongs to a group now."""

    KIND: ClassVar[str] = "help_staff_came"
    conference_id: str
    group_id: str
    staff_id: str
    came_at: datetime


async def _asked(tx: Tx, event: HelpRequested, recorded: Recorded) -> None:
    await _wait(tx, event.call_id, event.asked_at, recorded)


async def _handed_over(tx: Tx, event: HelpHandedOver, recorded: Recorded) -> None:
    if event.to is None:
        await _wait(tx, event.call_id, event.handed_over_at, recorded)
    else:
        await cancel_timer(tx, PoolDue, event.call_id)


async def _answered(tx: Tx, event: HelpClaimed | HelpResolved, recorded: Recorded) -> None:
    await cancel_timer(tx, PoolDue, event.call_id)


async def _wait(tx: Tx, call_id: str, since: datetime, recorded: Recorded) -> None:
    conference = _conference(recorded)
    payload = PoolDue(conference_id=conference, call_id=call_id)
    await set_timer(tx, key=call_id, due_at=since + POOL_AFTER, payload=payload, conference=conference)


async def _came(tx: Tx, event: MentorMoved, recorded: Recorded) -> None:
    if event.group_id is None:
        return
    conference = _conference(recorded)
    came_at = recorded.recorded_at
    payload = StaffCame(conference_id=conference, group_id=event.group_id, staff_id=event.mentor_id, came_at=came_at)
    await set_timer(tx, key=recorded.event_id.hex, due_at=came_at, payload=payload, conference=conference)


def _conference(recorded: Recorded) -> str:
    if recorded.conference_id is None:
        raise ValueError(f"event {recorded.notification_id} belongs to no conference")
    return recorded.conference_id.hex


HELP_TIMERS = TableProjection(
    name="help_timers",
    version=1,
    handlers={
        HelpRequested: _asked,
        HelpHandedOver: _handed_over,
        HelpClaimed: _answered,
        HelpResolved: _answered,
        MentorMoved: _came,
    },
    tables=(),
)

# SPDX-License-Identifier: Apache-2.0
"""When does something happen by itself? The opening of the lobby, the start, the deadline of the running phase."""

from datetime import datetime, timedelta
from typing import ClassVar

from services.chassis.database import Tx
from services.chassis.projection import TableProjection
from services.chassis.store import Recorded
from services.chassis.timers import TimerPayload, cancel_timer, set_timer
from services.session.domain.session import LOBBY_BEFORE_START
from services.session.domain.session_clock import MARKS, marks_to_come
from services.session.domain.session_facts import (
    GroupExtended,
    LobbyOpened,
    PhaseClosing,
    PhaseExtended,
    PhaseStarted,
    SessionEnded,
    SessionMoved,
    SessionPaused,
    SessionPrepared,
    SessionResumed,
    SessionStarted,
    TimeMarkReached,
)


class LobbyDue(TimerPayload, frozen=True, kw_only=True):
    """The lobby opens."""

    KIND: ClassVar[str] = "lobby"
    conference_id: str


class StartDue(TimerPayload, frozen=True, kw_only=True):
    """The evening begins."""

    KIND: ClassVar[str] = "start"
    conference_id: str


class PhaseDue(TimerPayload, frozen=True, kw_only=True):
    """The clock of the phase with number `run` strikes: at the next of its `marks`, at its deadline, when it closes.

    One timer does it all, so that what was missed happens in its order.
    """

    KIND: ClassVar[str] = "phase"
    conference_id: str
    run: int
    marks: tuple[int, ...] = ()


async def _planned(tx: Tx, event: SessionPrepared | SessionMoved, recorded: Recorded) -> None:
    key = _conference(recorded)
    lobby = event.starts_at - LOBBY_BEFORE_START
    await set_timer(tx, key=key, due_at=lobby, payload=LobbyDue(conference_id=key), conference=key)
    await set_timer(tx, key=key, due_at=event.starts_at, payload=StartDue(conference_id=key), conference=key)


async def _opened(tx: Tx, _: LobbyOpened, recorded: Recorded) -> None:
    await cancel_timer(tx, LobbyDue, _conference(recorded))


async def _started(tx: Tx, _: SessionStarted, recorded: Recorded) -> None:
    await cancel_timer(tx, StartDue, _conference(recorded))


async def _runs(tx: Tx, event: PhaseStarted | PhaseExtended | SessionResumed, recorded: Recorded) -> None:
    await _set(tx, event, marks_to_come(event.deadline, recorded.recorded_at), event.deadline, recorded)


async def _marked(tx: Tx, event: TimeMarkReached, recorded: Recorded) -> None:
    await _set(tx, event, tuple(mark for mark in MARKS if mark < event.minutes), event.deadline, recorded)


async def _group_extended(tx: Tx, event: GroupExtended, recorded: Recorded) -> None:
    if event.deadline is not None and event.ends_at is not None:
        await _set(tx, event, marks_to_come(event.deadline, recorded.recorded_at), event.ends_at, recorded)


async def _closing(tx: Tx, event: PhaseClosing, recorded: Recorded) -> None:
    key = _conference(recorded)
    await set_timer(
        tx, key=key, due_at=event.closes_at, payload=PhaseDue(conference_id=key, run=event.run), conference=key
    )


async def _set(
    tx: Tx,
    event: PhaseStarted | PhaseExtended | SessionResumed | TimeMarkReached | GroupExtended,
    marks: tuple[int, ...],
    ends_at: datetime,
    recorded: Recorded,
) -> None:
    """The next of the marks, then the end; where only a person ends the phase, the marks alone."""
    key = _conference(recorded)
    due = event.deadline - timedelta(minutes=marks[0]) if marks and event.deadline is not None else ends_at
    if event.by_hand and not marks:
        await cancel_timer(tx, PhaseDue, key)
        return
    payload = PhaseDue(conference_id=key, run=event.run, marks=marks)
    await set_timer(tx, key=key, due_at=due, payload=payload, conference=key)


async def _stands(tx: Tx, _: SessionPaused, recorded: Recorded) -> None:
    await cancel_timer(tx, PhaseDue, _conference(recorded))


async def _over(tx: Tx, _: SessionEnded, recorded: Recorded) -> None:
    for kind in (LobbyDue, StartDue, PhaseDue):
        await cancel_timer(tx, kind, _conference(recorded))
    await tx.execute("DELETE FROM in_rooms WHERE conference_id = $1", recorded.conference_id)


def _conference(recorded: Recorded) -> str:
    if recorded.conference_id is None:
        raise ValueError(f"event {recorded.notification_id} belongs to no conference")
    return recorded.conference_id.hex


SESSION_TIMERS = TableProjection(
    name="session_timers",
    version=1,
    handlers={
        SessionPrepared: _planned,
        SessionMoved: _planned,
        LobbyOpened: _opened,
        SessionStarted: _started,
        PhaseStarted: _runs,
        PhaseExtended: _runs,
        SessionResumed: _runs,
        TimeMarkReached: _marked,
        GroupExtended: _group_extended,
        PhaseClosing: _closing,
        SessionPaused: _stands,
        SessionEnded: _over,
    },
    tables=(),
)

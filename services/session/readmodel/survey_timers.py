# SPDX-License-Identifier: Apache-2.0
"""When does something happen to the survey by itself? The evening goes on, a wave ends, a batch is full."""

from datetime import timedelta
from typing import ClassVar
from uuid import UUID

from services.chassis.database import Tx
from services.chassis.projection import TableProjection
from services.chassis.store import Recorded
from services.chassis.timers import TimerPayload, cancel_timer, set_timer
from services.session.domain.script import Wave
from services.session.domain.session_facts import PhaseStarted, SessionEnded, SessionStarted
from services.session.domain.survey import BATCH, FOLLOW_UP_WITHIN
from services.session.domain.survey_facts import SurveyAnsweringEnded, SurveyClosed, SurveyEndMoved, SurveyOpened
from services.session.domain.survey_sheet import SheetSubmitted

CODES_FOR = FOLLOW_UP_WITHIN + timedelta(days=1)
"""So long after the wave `after` codes can still be paired, unless the follow-up ends earlier."""


class EveningWentOn(TimerPayload, frozen=True, kw_only=True):
    """The evening began, came to the survey, or ended."""

    KIND: ClassVar[str] = "survey_evening"
    conference_id: str


class WaveEnds(TimerPayload, frozen=True, kw_only=True):
    """The time to answer is over."""

    KIND: ClassVar[str] = "survey_ends"
    conference_id: str
    wave: Wave


class CountWave(TimerPayload, frozen=True, kw_only=True):
    """Enough sheets may wait, or none will come any more."""

    KIND: ClassVar[str] = "survey_count"
    conference_id: str
    wave: Wave


class ForgetCodes(TimerPayload, frozen=True, kw_only=True):
    """Nothing is paired any more."""

    KIND: ClassVar[str] = "survey_codes"
    conference_id: str


async def _went_on(tx: Tx, event: SessionStarted | PhaseStarted | SessionEnded, recorded: Recorded) -> None:
    if isinstance(event, PhaseStarted) and "survey" not in event.tools:
        return
    conference = _conference(recorded)
    payload = EveningWentOn(conference_id=conference)
    key = f"{conference}:{recorded.notification_id}"
    await set_timer(tx, key=key, due_at=recorded.recorded_at, payload=payload, conference=conference)


async def _open(tx: Tx, event: SurveyOpened | SurveyEndMoved, recorded: Recorded) -> None:
    if event.until is not None:
        conference = _conference(recorded)
        ends = WaveEnds(conference_id=conference, wave=event.wave)
        await set_timer(tx, key=f"{conference}:{event.wave}", due_at=event.until, payload=ends, conference=conference)


async def _submitted(tx: Tx, event: SheetSubmitted, recorded: Recorded) -> None:
    """Every fifth sheet may complete a batch; its timer is its own, so that none is lost while another one fires."""
    conference, wave = _conference(recorded), event.wave
    sheets = await tx.fetchval(
        "INSERT INTO survey_sheets (conference_id, wave, sheets) VALUES ($1, $2, 1)"
        " ON CONFLICT (conference_id, wave) DO UPDATE SET sheets = survey_sheets.sheets + 1 RETURNING sheets",
        UUID(conference), wave,
    )  # fmt: skip
    if sheets % BATCH == 0:
        await _count(tx, conference, wave, f"{sheets}", recorded)


async def _ended(tx: Tx, event: SurveyAnsweringEnded, recorded: Recorded) -> None:
    conference = _conference(recorded)
    await cancel_timer(tx, WaveEnds, f"{conference}:{event.wave}")
    await _count(tx, conference, event.wave, "the rest", recorded)


async def _count(tx: Tx, conference: str, wave: Wave, name: str, recorded: Recorded) -> None:
    payload = CountWave(conference_id=conference, wave=wave)
    key = f"{conference}:{wave}:{name}"
    await set_timer(tx, key=key, due_at=recorded.recorded_at, payload=payload, conference=conference)


async def _closed(tx: Tx, event: SurveyClosed, recorded: Recorded) -> None:
    conference = _conference(recorded)
    if event.wave == "after":
        payload = ForgetCodes(conference_id=conference)
        due_at = event.closed_at + CODES_FOR
        await set_timer(tx, key=conference, due_at=due_at, payload=payload, conference=conference)


def _conference(recorded: Recorded) -> str:
    if recorded.conference_id is None:
        raise ValueError(f"event {recorded.notification_id} belongs to no conference")
    return recorded.conference_id.hex


SURVEY_TIMERS = TableProjection(
    name="survey_timers",
    version=1,
    handlers={
        SessionStarted: _went_on,
        PhaseStarted: _went_on,
        SessionEnded: _went_on,
        SurveyOpened: _open,
        SurveyEndMoved: _open,
        SheetSubmitted: _submitted,
        SurveyAnsweringEnded: _ended,
        SurveyClosed: _closed,
    },
    tables=("survey_sheets",),
)

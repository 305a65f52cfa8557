# SPDX-License-Identifier: Apache-2.0
"""The evaluation of an evening in up to three waves: before, after, months later.

Whoever looks at results before and after others have answered, at one conference and at all, or at one item and at
another must not learn what one person answered. So answers come into the results in batches of five or more, and never
without the rest of their batch; every sheet answers every scale. What can be computed from results by subtraction is
then always a sum over whole batches.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, TypeAlias, assert_never

import msgspec

from services.chassis.decider import Command, Decider, Refusal
from services.session.domain.script import SurveyItem, Wave
from services.session.domain.survey_facts import (
    Asking,
    Remark,
    RemarksModerated,
    Sheet,
    Survey,
    SurveyAnsweringEnded,
    SurveyAnswersCounted,
    SurveyClosed,
    SurveyEndMoved,
    SurveyEvent,
    SurveyOpened,
    WaveStatus,
)

BATCH: Final = 5
"""Answers of fewer people are never shown together."""

FOLLOW_UP_WITHIN = timedelta(days=365)
"""So long after the wave `after` people may answer once more; then codes are forgotten."""


def due(shown: int, waiting: int, *, closed: bool) -> int:
    """How many of those that wait are shown now: none or a batch.

    The first five at once. Later ones when ten wait, so that five remain, which the last few can join at the close;
    where fewer than five wait then, nobody will ever see them.

    Args:
        shown: so many are shown already.
        waiting: so many are not.
        closed: whether none will come any more.
    """
    if waiting < BATCH:
        return 0
    if closed:
        return waiting
    return BATCH if shown == 0 or waiting >= 2 * BATCH else 0


# Commands and refusals ------------------------------------------------------------------------------------------


class OpenSurvey(Command, frozen=True, kw_only=True):
    """Lets people answer a wave, or moves its end."""

    wave: Wave
    items: tuple[SurveyItem, ...]
    until: datetime | None = None


class EndAnswering(Command, frozen=True, kw_only=True):
    """Accepts no more answers; with `due_only` not before the time that was told."""

    wave: Wave
    due_only: bool = False


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Sheets that are counted together, and what was written on them."""

    sheets: tuple[Sheet, ...]
    remarks: tuple[Remark, ...]


class CountAnswers(Command, frozen=True, kw_only=True):
    """Stores what was opened; after the end of answering the wave is closed with it.

    Args:
        counted: so many sheets were counted before; when others were meanwhile, nothing is stored.
    """

    wave: Wave
    counted: int
    batches: tuple[Batch, ...]


class ModerateRemarks(Command, frozen=True, kw_only=True):
    """Shows remarks to everybody of the conference, or hides them."""

    remarks: tuple[str, ...]
    show: bool


SurveyCommand: TypeAlias = OpenSurvey | EndAnswering | CountAnswers | ModerateRemarks


class SurveyIs(Refusal, frozen=True, kw_only=True):
    """The wave is in a status in which the command has no meaning; None: it was never opened."""

    wave: Wave
    status: WaveStatus | None


class EndOutOfBounds(Refusal, frozen=True, kw_only=True):
    """People can be asked once more until `latest`, and only for a time that is not over."""

    latest: datetime


class UnknownRemark(Refusal, frozen=True, kw_only=True):
    """There is no such remark among those that were counted."""

    remark_id: str


# Rule -----------------------------------------------------------------------------------------------------------


def decide(survey: Survey, command: SurveyCommand) -> Sequence[SurveyEvent] | Refusal:
    """What follows from a command to the survey of a conference."""
    match command:
        case OpenSurvey():
            return _open(survey, command)
        case EndAnswering(wave=wave):
            asking = survey.waves.get(wave)
            if asking is None or asking.status != "open":
                return []
            early = command.due_only and (asking.until is None or command.now < asking.until)
            return [] if early else [SurveyAnsweringEnded(wave=wave)]
        case CountAnswers():
            return _count(survey, command)
        case ModerateRemarks(remarks=remarks, show=show):
            for remark in remarks:
                if remark not in survey.remarks:
                    return UnknownRemark(remark_id=remark)
            new = tuple(remark for remark in dict.fromkeys(remarks) if survey.remarks[remark] is not show)
            return [RemarksModerated(remarks=new, show=show)] if new else []
        case _:
            assert_never(command)


def _open(survey: Survey, command: OpenSurvey) -> Sequence[SurveyEvent] | Refusal:
    wave, until = command.wave, command.until
    if not command.items:
        return []
    if wave == "follow_up":
        before = survey.waves.get("after")
        if before is None or before.closed_at is None:
            return SurveyIs(wave="after", status=survey.status("after"))
        latest = before.closed_at + FOLLOW_UP_WITHIN
        if until is None or not command.now < until <= latest:
            return EndOutOfBounds(latest=latest)
    asking = survey.waves.get(wave)
    if asking is None:
        return [SurveyOpened(wave=wave, items=command.items, opened_at=command.now, until=until)]
    if asking.status != "open":
        return SurveyIs(wave=wave, status=asking.status)
    return [] if until is None or until == asking.until else [SurveyEndMoved(wave=wave, until=until)]


def _count(survey: Survey, command: CountAnswers) -> Sequence[SurveyEvent]:
    wave = command.wave
    asking = survey.waves.get(wave)
    if asking is None or asking.status == "closed" or asking.counted != command.counted:
        return []
    events: list[SurveyEvent] = [
        SurveyAnswersCounted(wave=wave, sheets=batch.sheets, remarks=batch.remarks)
        for batch in command.batches
        if len(batch.sheets) >= BATCH
    ]
    if asking.status == "counting":
        events.append(SurveyClosed(wave=wave, closed_at=command.now))
    return events


def evolve(survey: Survey, event: SurveyEvent) -> Survey:
    """The survey after an event."""
    match event:
        case SurveyOpened():
            asking = Asking(items=event.items, opened_at=event.opened_at, until=event.until)
            return msgspec.structs.replace(survey, waves={**survey.waves, event.wave: asking})
        case SurveyEndMoved(wave=wave, until=until):
            return _with(survey, wave, until=until)
        case SurveyAnsweringEnded(wave=wave):
            return _with(survey, wave, status="counting")
        case SurveyAnswersCounted(wave=wave):
            new = _with(survey, wave, counted=survey.waves[wave].counted + len(event.sheets))
            remarks = {**survey.remarks, **dict.fromkeys(one.remark_id for one in event.remarks)}
            return msgspec.structs.replace(new, remarks=remarks)
        case SurveyClosed(wave=wave, closed_at=closed_at):
            return _with(survey, wave, status="closed", closed_at=closed_at)
        case RemarksModerated(remarks=remarks, show=show):
            return msgspec.structs.replace(survey, remarks={**survey.remarks, **dict.fromkeys(remarks, show)})
        case _:
            assert_never(event)


def _with(survey: Survey, wave: Wave, **changes: object) -> Survey:
    changed = msgspec.structs.replace(survey.waves[wave], **changes)
    return msgspec.structs.replace(survey, waves={**survey.waves, wave: changed})


SURVEY: Decider[Survey, SurveyCommand, SurveyEvent] = Decider(
    name="session.survey",
    initial=Survey(),
    decide=decide,
    evolve=evolve,
    events=(SurveyOpened, SurveyEndMoved, SurveyAnsweringEnded, SurveyAnswersCounted, SurveyClosed, RemarksModerated),
)

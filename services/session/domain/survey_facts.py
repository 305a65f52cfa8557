# SPDX-License-Identifier: Apache-2.0
"""What happened to the survey of a conference, and the situation that follows; the rule is in `survey.py`.

A sheet of answers comes sealed, on a stream of its own that says nothing about the person. Five sheets or more are
counted together: from then on they are readable, in an order that tells nothing, and words apart from values.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from services.chassis.decider import Event
from services.session.domain.script import SurveyItem, Wave

WaveStatus: TypeAlias = Literal["open", "counting", "closed"]


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """What one person answered to the scales.

    Args:
        values: by key of the item.
        code: the same for sheets of one person in several waves, and made with a key that is destroyed in the end.
    """

    values: dict[str, int]
    code: str | None = None


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wrote to an item; 32 hex digits name it."""

    remark_id: str
    item: str
    text: str


# Events ---------------------------------------------------------------------------------------------------------


class SurveyOpened(Event, frozen=True, kw_only=True):
    """People may answer the items of a wave; None: until something else happens."""

    TOPIC = "session.survey_opened"

    wave: Wave
    items: tuple[SurveyItem, ...]
    opened_at: datetime
    until: datetime | None


class SurveyEndMoved(Event, frozen=True, kw_only=True):
    """People may answer until another instant."""

    TOPIC = "session.survey_end_moved"

    wave: Wave
    until: datetime


class SurveyAnsweringEnded(Event, frozen=True, kw_only=True):
    """No answers are accepted any more; those that are not counted yet are counted."""

    TOPIC = "session.survey_answering_ended"

    wave: Wave


class SurveyAnswersCounted(Event, frozen=True, kw_only=True):
    """Five sheets or more, in the order of their content. Which words came with which values is forgotten."""

    TOPIC = "session.survey_answers_counted"

    wave: Wave
    sheets: tuple[Sheet, ...]
    remarks: tuple[Remark, ...]


class SurveyClosed(Event, frozen=True, kw_only=True):
    """The wave is over and its key destroyed: what was not counted is nobody's to read."""

    TOPIC = "session.survey_closed"

    wave: Wave
    closed_at: datetime


class RemarksModerated(Event, frozen=True, kw_only=True):
    """Somebody looked at remarks: from now on everybody of the conference may see them, or nobody."""

    TOPIC = "session.survey_remarks_moderated"

    remarks: tuple[str, ...]
    show: bool


SurveyEvent: TypeAlias = (
    SurveyOpened | SurveyEndMoved | SurveyAnsweringEnded | SurveyAnswersCounted | SurveyClosed | RemarksModerated
)


# State ----------------------------------------------------------------------------------------------------------


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """One wave.

    Args:
        counted: how many sheets were counted.
        closed_at: when it was closed.
    """

    items: tuple[SurveyItem, ...]
    opened_at: datetime
    until: datetime | None
    status: WaveStatus = "open"
    counted: int = 0
    closed_at: datetime | None = None


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """The waves that were opened; and the remarks, with whether they are shown once somebody has looked."""

    waves: Mapping[Wave, Asking] = {}
    remarks: Mapping[str, bool | None] = {}

    def status(self, wave: Wave) -> WaveStatus | None:
        """Where a wave stands, None before its opening."""
        asking = self.waves.get(wave)
        return None if asking is None else asking.status

# SPDX-License-Identifier: Apache-2.0
"""What other services and the gateway learn of the survey: when it can be answered. Answers stay here."""

from typing import TypeAlias, assert_never

from services.chassis.store import Recorded
from services.contracts import session as told
from services.session.domain.survey_facts import SurveyClosed, SurveyEndMoved, SurveyOpened

Told: TypeAlias = SurveyOpened | SurveyEndMoved | SurveyClosed


def publish_survey(event: Told, recorded: Recorded) -> told.SurveyOpened | told.SurveyClosed:
    """Openings, ends that moved, and closings."""
    if recorded.conference_id is None:
        raise ValueError(f"event {recorded.notification_id} belongs to no conference")
    at, conference = recorded.recorded_at, recorded.conference_id.hex
    match event:
        case SurveyOpened(wave=wave, until=until) | SurveyEndMoved(wave=wave, until=until):
            return told.SurveyOpened(at=at, conference_id=conference, wave=wave, until=until)
        case SurveyClosed(wave=wave):
            return told.SurveyClosed(at=at, conference_id=conference, wave=wave)
        case _:
            assert_never(event)

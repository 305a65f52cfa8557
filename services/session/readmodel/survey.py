# SPDX-License-Identifier: Apache-2.0
"""What did people answer, in whole batches? Sheets that are not counted yet are not here."""

import msgspec

from services.chassis.decider import Event
from services.chassis.projection import DocumentProjection
from services.chassis.store import Recorded
from services.session.domain.survey import SURVEY, evolve
from services.session.domain.survey_facts import Survey, SurveyAnswersCounted


class SurveyOfConference(msgspec.Struct, frozen=True, kw_only=True):
    """The survey of one conference: where its waves stand, and the batches in the order in which they were counted."""

    survey: Survey = Survey()
    batches: tuple[SurveyAnswersCounted, ...] = ()


def _keys(event: Event, recorded: Recorded) -> tuple[str, ...]:
    return (recorded.conference_id.hex,) if isinstance(event, SURVEY.events) and recorded.conference_id else ()


def _evolve(document: SurveyOfConference, event: Event, _: Recorded) -> SurveyOfConference:
    assert isinstance(event, SURVEY.events)  # noqa: S101 -- others have no key
    new = (event,) if isinstance(event, SurveyAnswersCounted) else ()
    return SurveyOfConference(survey=evolve(document.survey, event), batches=(*document.batches, *new))


SURVEYS = DocumentProjection(
    name="surveys",
    version=1,
    keys=_keys,
    initial=lambda _: SurveyOfConference(),
    evolve=_evolve,
    doc=SurveyOfConference,
)

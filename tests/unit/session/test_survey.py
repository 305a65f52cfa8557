# SPDX-License-Identifier: Apache-2.0
"""The waves of a survey: opened, ended, counted in whole batches, closed."""

from datetime import UTC, datetime, timedelta

import pytest

from services.chassis.decider import Sealed
from services.chassis.testing.story import Story
from services.session.domain.ballot import ValueOutOfBounds
from services.session.domain.script import LocalText, SurveyItem
from services.session.domain.survey import (
    FOLLOW_UP_WITHIN,
    SURVEY,
    Batch,
    CountAnswers,
    EndAnswering,
    EndOutOfBounds,
    ModerateRemarks,
    OpenSurvey,
    SurveyIs,
    UnknownRemark,
)
from services.session.domain.survey_facts import (
    Asking,
    Remark,
    RemarksModerated,
    Sheet,
    SurveyAnsweringEnded,
    SurveyAnswersCounted,
    SurveyClosed,
    SurveyEndMoved,
    SurveyOpened,
)
from services.session.domain.survey_sheet import (
    SHEET,
    AlreadyAnswered,
    ItemNotAsked,
    ItemUnanswered,
    SheetSubmitted,
    SubmitSheet,
)

NOON = datetime(2027, 3, 12, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
QUESTION = LocalText(de="Halten wir zusammen?", en="Do we stick together?")
COHESION = SurveyItem(key="cohesion", kind="scale", question=QUESTION)
GOOD = SurveyItem(key="good", kind="text", question=QUESTION)
ITEMS = (COHESION, GOOD)
SHEETS = tuple(Sheet(values={"cohesion": 1 + number % 5}) for number in range(5))
REMARK = Remark(remark_id="a" * 32, item="good", text="Die Gruppen")

survey, sheet = Story(SURVEY), Story(SHEET)


def opened(wave="after", until=None):
    return SurveyOpened(wave=wave, items=ITEMS, opened_at=NOON, until=until)


def opening(wave="after", until=None, now=NOON):
    return OpenSurvey(wave=wave, items=ITEMS, until=until, now=now)


def counting(*batches, counted=0, wave="after"):
    return CountAnswers(wave=wave, counted=counted, batches=batches, now=NOON + HOUR)


FULL = Batch(sheets=SHEETS, remarks=(REMARK,))
COUNTED = SurveyAnswersCounted(wave="after", sheets=SHEETS, remarks=(REMARK,))
CLOSED = (opened(), SurveyAnsweringEnded(wave="after"), SurveyClosed(wave="after", closed_at=NOON))


def test_a_wave_is_opened():
    survey.when(opening()).then(opened())


def test_an_open_wave_that_is_opened_again_stays_as_it_is():
    survey.given(opened()).when(opening()).then()


def test_a_wave_gets_another_end():
    survey.given(opened()).when(opening(until=NOON + HOUR)).then(SurveyEndMoved(wave="after", until=NOON + HOUR))


def test_a_wave_that_asks_nothing_is_not_opened():
    survey.when(OpenSurvey(wave="before", items=(), now=NOON)).then()


def test_a_closed_wave_is_not_opened_again():
    survey.given(*CLOSED).when(opening()).refused(SurveyIs(wave="after", status="closed"))


def test_nobody_is_asked_once_more_before_they_were_asked_after_the_evening():
    survey.given(opened()).when(opening("follow_up", NOON + HOUR)).refused(SurveyIs(wave="after", status="open"))


@pytest.mark.parametrize("until", [None, NOON, NOON + FOLLOW_UP_WITHIN + HOUR])
def test_asking_once_more_ends_some_time_within_a_year(until):
    refused = EndOutOfBounds(latest=NOON + FOLLOW_UP_WITHIN)
    survey.given(*CLOSED).when(opening("follow_up", until)).refused(refused)


def test_people_are_asked_once_more():
    survey.given(*CLOSED).when(opening("follow_up", NOON + HOUR)).then(opened("follow_up", NOON + HOUR))


def test_answering_ends():
    survey.given(opened()).when(EndAnswering(wave="after", now=NOON)).then(SurveyAnsweringEnded(wave="after"))


def test_a_timer_that_is_older_than_the_end_of_answering_ends_nothing():
    early = EndAnswering(wave="after", due_only=True, now=NOON)
    survey.given(opened(until=NOON + HOUR)).when(early).then()


def test_five_answers_are_counted_together():
    survey.given(opened()).when(counting(FULL)).then(COUNTED)


def test_four_answers_are_never_counted():
    four = Batch(sheets=SHEETS[:4], remarks=())
    survey.given(opened()).when(counting(four)).then()


def test_who_counts_what_was_counted_meanwhile_changes_nothing():
    survey.given(opened(), COUNTED).when(counting(FULL)).then()


def test_a_wave_is_closed_with_its_last_count():
    closed = SurveyClosed(wave="after", closed_at=NOON + HOUR)
    survey.given(opened(), SurveyAnsweringEnded(wave="after")).when(counting(FULL)).then(COUNTED, closed)


def test_a_closed_wave_is_counted_no_more():
    survey.given(*CLOSED).when(counting(FULL)).then()


def test_a_remark_is_shown_and_hidden():
    show = ModerateRemarks(remarks=(REMARK.remark_id,), show=True, now=NOON)
    shown = RemarksModerated(remarks=(REMARK.remark_id,), show=True)
    survey.given(opened(), COUNTED).when(show).then(shown)
    survey.given(opened(), COUNTED, shown).when(show).then()


def test_a_remark_that_was_not_counted_is_not_there():
    show = ModerateRemarks(remarks=("b" * 32,), show=True, now=NOON)
    survey.given(opened(), COUNTED).when(show).refused(UnknownRemark(remark_id="b" * 32))


# Sheets ---------------------------------------------------------------------------------------------------------

ASKING = Asking(items=ITEMS, opened_at=NOON, until=None)
BOX, OTHER_BOX = Sealed("a" * 32, b"one"), Sealed("a" * 32, b"two")


def answers(box=BOX, asking=ASKING, texts=(), **values):
    return SubmitSheet(wave="after", asking=asking, values=values, texts=dict(texts), sheet=box, now=NOON)


def test_a_person_answers():
    sheet.when(answers(cohesion=5)).then(SheetSubmitted(wave="after", sheet=BOX))


def test_the_same_answers_again_change_nothing():
    sheet.given(SheetSubmitted(wave="after", sheet=BOX)).when(answers(cohesion=5)).then()


def test_answers_are_not_changed():
    other = answers(OTHER_BOX, cohesion=4)
    sheet.given(SheetSubmitted(wave="after", sheet=BOX)).when(other).refused(AlreadyAnswered(wave="after"))


def test_every_scale_is_answered():
    sheet.when(answers(texts={"good": "alles"})).refused(ItemUnanswered(item="cohesion"))


@pytest.mark.parametrize("value", [0, 6])
def test_a_value_lies_on_its_scale(value):
    sheet.when(answers(cohesion=value)).refused(ValueOutOfBounds(lowest=1, highest=5))


@pytest.mark.parametrize("more", [{"other": 3}, {"good": 3}])
def test_nothing_else_is_answered(more):
    sheet.when(answers(cohesion=3, **more)).refused(ItemNotAsked(item=next(iter(more))))


def test_a_scale_takes_no_words():
    sheet.when(answers(texts={"cohesion": "sehr"}, cohesion=3)).refused(ItemNotAsked(item="cohesion"))


@pytest.mark.parametrize(("asking", "status"), [(None, None), (Asking(items=ITEMS, opened_at=NOON, until=None,
                                                                     status="counting"), "counting")])  # fmt: skip
def test_nobody_answers_before_or_after(asking, status):
    sheet.when(answers(asking=asking, cohesion=3)).refused(SurveyIs(wave="after", status=status))

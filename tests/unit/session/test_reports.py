# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, datetime

import pytest

from services.chassis.decider import Sealed
from services.chassis.testing.story import Story
from services.session.domain.help import AlreadyClaimed
from services.session.domain.reports import (
    REPORT,
    REPORTS,
    WINDOW,
    ClaimReport,
    CloseReport,
    MakeReport,
    ReportClaimed,
    ReportClosed,
    ReportIsClosed,
    ReportMade,
    TooManyReports,
    UnknownReport,
)

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
ANNA, BILAL, MENTOR, MODERATOR = "a" * 32, "b" * 32, "c" * 32, "d" * 32
FIRST, SECOND, MESSAGE = "1" * 32, "2" * 32, "3" * 32
REASON = Sealed(ANNA, b"box")

story = Story(REPORT)


def made(report_id: str = FIRST, by: str = ANNA, message: str | None = None) -> ReportMade:
    about = {"made_by": by, "participant_id": BILAL, "message_id": message, "reason": REASON}
    return ReportMade(report_id=report_id, made_at=NOON, **about)


def make(report_id: str = FIRST, by: str = ANNA, message: str | None = None, now: datetime = NOON) -> MakeReport:
    about = {"made_by": by, "participant_id": BILAL, "message_id": message, "reason": REASON}
    return MakeReport(report_id=report_id, now=now, **about)


CLAIMED = ReportClaimed(report_id=FIRST, by=MENTOR)
CLOSED = ReportClosed(report_id=FIRST, by=MENTOR)


@pytest.mark.parametrize("message", [None, MESSAGE])
def test_a_person_and_a_text_are_reported(message):
    story.when(make(message=message)).then(made(message=message))


def test_the_same_report_is_made_once_while_it_is_open():
    story.given(made()).when(make(SECOND)).then()


def test_what_staff_are_done_with_may_be_reported_again():
    story.given(made(), CLOSED).when(make(SECOND)).then(made(SECOND))


def test_two_people_report_each_for_themselves():
    story.given(made()).when(make(SECOND, MENTOR)).then(made(SECOND, MENTOR))


def test_who_reports_again_and_again_has_to_wait():
    many = [made(f"{number:032x}", message=f"{number:032x}") for number in range(REPORTS)]
    story.given(*many).when(make(SECOND)).refused(TooManyReports(retry_at=NOON + WINDOW))
    story.given(*many).when(make(SECOND, MENTOR)).then(made(SECOND, MENTOR))


def test_the_first_of_the_staff_takes_a_report_and_the_second_learns_of_it():
    story.given(made()).when(ClaimReport(report_id=FIRST, by=MENTOR, now=NOON)).then(CLAIMED)
    story.given(made(), CLAIMED).when(ClaimReport(report_id=FIRST, by=MENTOR, now=NOON)).then()
    other = ClaimReport(report_id=FIRST, by=MODERATOR, now=NOON)
    story.given(made(), CLAIMED).when(other).refused(AlreadyClaimed(by=MENTOR))
    story.given(made(), CLOSED).when(other).refused(ReportIsClosed(report_id=FIRST))


def test_a_report_is_closed_once():
    close = CloseReport(report_id=FIRST, by=MENTOR, now=NOON)
    story.given(made()).when(close).then(CLOSED)
    story.given(made(), CLOSED).when(close).then()


@pytest.mark.parametrize("command", [ClaimReport, CloseReport])
def test_a_report_that_nobody_made_is_unknown(command):
    story.when(command(report_id=FIRST, by=MENTOR, now=NOON)).refused(UnknownReport(report_id=FIRST))

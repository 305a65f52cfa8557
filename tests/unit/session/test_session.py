# SPDX-License-Identifier: Apache-2.0
from datetime import timedelta

import pytest

from services.chassis.testing.story import Story
from services.session.domain.session import SESSION
from services.session.domain.session_commands import (
    ClockStruck,
    EndSession,
    ExtendPhase,
    FirstPhase,
    MoveSession,
    NextPhase,
    OpenLobby,
    PauseSession,
    PhaseHasChanged,
    PreviousPhase,
    ResumeSession,
    SessionIs,
    StartSession,
)
from services.session.domain.session_facts import (
    LobbyOpened,
    PausedPhaseExtended,
    PhaseExtended,
    SessionEnded,
    SessionMoved,
    SessionPaused,
    SessionResumed,
)
from services.session.domain.session_state import (
    status_of,
)
from tests.unit.session.evening import (
    IN_GROUPS,
    LAST,
    LOBBY,
    NOON,
    PREPARE,
    PREPARED,
    RUNNING,
    STARTED,
    by_hand,
    entered,
    left,
    minutes,
)

story = Story(SESSION)


def test_a_session_is_prepared_with_the_script_of_its_series():
    story.when(PREPARE).then(PREPARED)


def test_preparing_twice_changes_nothing():
    story.given(PREPARED).when(PREPARE).then()


def test_what_was_never_prepared_cannot_start():
    story.when(StartSession(now=NOON)).refused(SessionIs(status=None))


def test_a_waiting_session_can_be_moved():
    story.given(PREPARED).when(MoveSession(starts_at=NOON + minutes(30), now=NOON)).then(
        SessionMoved(starts_at=NOON + minutes(30))
    )


def test_a_running_session_cannot_be_moved():
    story.given(*RUNNING).when(MoveSession(starts_at=NOON, now=NOON)).refused(SessionIs(status="RUNNING"))


def test_the_lobby_opens_once():
    story.given(PREPARED).when(OpenLobby(now=NOON)).then(LobbyOpened())
    story.given(PREPARED, LOBBY).when(OpenLobby(now=NOON)).then()


def test_a_running_session_has_no_lobby_to_open():
    story.given(*RUNNING).when(OpenLobby(now=NOON)).refused(SessionIs(status="RUNNING"))


def test_the_start_enters_the_first_phase_with_an_absolute_deadline():
    story.given(PREPARED, LOBBY).when(StartSession(now=NOON)).then(STARTED, entered(1, 0, NOON))


def test_a_start_without_a_lobby_opens_it():
    story.given(PREPARED).when(StartSession(now=NOON)).then(LOBBY, STARTED, entered(1, 0, NOON))


def test_starting_a_running_session_changes_nothing():
    story.given(*RUNNING).when(StartSession(now=NOON)).then()


def test_next_leaves_a_phase_and_enters_the_following_one():
    now = NOON + minutes(4)
    story.given(*RUNNING).when(NextPhase(run=1, now=now)).then(by_hand(1, 0, 6, now), left(1, 0), entered(2, 1, now))


def test_next_behind_the_last_phase_ends_the_session():
    story.given(*LAST).when(NextPhase(run=3, now=NOON)).then(left(3, 2), SessionEnded())


def test_the_second_of_two_clicks_is_told_the_new_phase():
    story.given(*IN_GROUPS).when(NextPhase(run=1, now=NOON)).refused(PhaseHasChanged(run=2, phase="exchange"))


def test_a_click_after_the_end_is_told_that_there_is_no_phase():
    story.given(*LAST, left(3, 2), SessionEnded()).when(NextPhase(run=3, now=NOON)).refused(
        PhaseHasChanged(run=3, phase=None)
    )


def test_back_enters_the_earlier_phase_as_a_new_run():
    now = NOON + minutes(12)
    story.given(*IN_GROUPS).when(PreviousPhase(run=2, now=now)).then(
        by_hand(2, 1, 13, now), left(2, 1), entered(3, 0, now)
    )


def test_there_is_nothing_before_the_first_phase():
    story.given(*RUNNING).when(PreviousPhase(run=1, now=NOON)).refused(FirstPhase(run=1))


def test_an_extended_phase_has_a_later_deadline():
    story.given(*RUNNING).when(ExtendPhase(run=1, minutes=5, now=NOON)).then(
        PhaseExtended(run=1, deadline=NOON + minutes(15), by_hand=False)
    )


def test_a_phase_that_is_over_time_is_extended_from_now_on():
    story.given(*LAST).when(ExtendPhase(run=3, minutes=5, now=NOON + minutes(60))).then(
        PhaseExtended(run=3, deadline=NOON + minutes(65), by_hand=True)
    )


def test_a_phase_cannot_be_shortened_into_the_past():
    now = NOON + minutes(8)
    story.given(*RUNNING).when(ExtendPhase(run=1, minutes=-5, now=now)).then(
        PhaseExtended(run=1, deadline=now + timedelta(seconds=5), by_hand=False)
    )


def test_a_pause_keeps_the_time_that_is_left():
    story.given(*RUNNING).when(PauseSession(now=NOON + minutes(4))).then(SessionPaused(run=1, left_seconds=360.0))


def test_a_paused_phase_can_be_extended():
    story.given(*RUNNING, SessionPaused(run=1, left_seconds=60.0)).when(ExtendPhase(run=1, minutes=2, now=NOON)).then(
        PausedPhaseExtended(run=1, left_seconds=180.0)
    )


def test_a_resumed_phase_gets_the_rest_of_its_time():
    story.given(*RUNNING, SessionPaused(run=1, left_seconds=60.0)).when(ResumeSession(now=NOON + minutes(90))).then(
        SessionResumed(run=1, deadline=NOON + minutes(91), by_hand=False)
    )


def test_next_out_of_a_pause_runs():
    outcome = story.given(*RUNNING, SessionPaused(run=1, left_seconds=60.0)).when(NextPhase(run=1, now=NOON))
    assert status_of(outcome.after) == "RUNNING"


def test_at_the_deadline_the_next_phase_begins():
    now = NOON + minutes(10)
    story.given(*RUNNING).when(ClockStruck(run=1, now=now)).then(left(1, 0), entered(2, 1, now))


@pytest.mark.parametrize(
    ("since", "now", "why"),
    [
        ((PhaseExtended(run=1, deadline=NOON + minutes(15), by_hand=False),), 10, "the phase was extended"),
        ((SessionPaused(run=1, left_seconds=60.0),), 10, "the session is paused"),
        ((left(1, 0), entered(2, 1, NOON)), 10, "the phase was left"),
        ((left(1, 0), SessionEnded()), 10, "the session has ended"),
        ((), 9, "it is too early"),
    ],
)
def test_a_timer_that_is_out_of_date_does_nothing(since, now, why):
    story.given(*RUNNING, *since).when(ClockStruck(run=1, now=NOON + minutes(now))).then()


def test_ending_leaves_the_phase():
    story.given(*RUNNING).when(EndSession(now=NOON)).then(left(1, 0), SessionEnded())


def test_a_session_that_does_not_take_place_ends_before_it_began():
    story.given(PREPARED).when(EndSession(now=NOON)).then(SessionEnded())


def test_an_ended_session_cannot_be_started():
    story.given(PREPARED, SessionEnded()).when(StartSession(now=NOON)).refused(SessionIs(status="ENDED"))

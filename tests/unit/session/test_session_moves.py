# SPDX-License-Identifier: Apache-2.0
"""Leaving phases out, and taking back a wrong click."""

import pytest

from services.chassis.testing.story import Story
from services.session.domain.session import SESSION
from services.session.domain.session_commands import (
    ClockStruck,
    FirstPhase,
    LastPhase,
    NextPhase,
    NothingToUndo,
    PhaseHasChanged,
    PhaseIsOver,
    PreviousPhase,
    SkipPhase,
    StartSession,
    UndoPhaseChange,
    UnknownPhase,
)
from services.session.domain.session_facts import (
    PhaseChangeUndone,
    PhaseRestored,
    PhaseSkipped,
    PhaseStarted,
    SessionEnded,
    SessionPaused,
)
from services.session.domain.session_state import Paused, Running
from tests.unit.session.evening import (
    IN_GROUPS,
    LAST,
    LOBBY,
    NOON,
    PREPARED,
    RUNNING,
    STARTED,
    by_hand,
    entered,
    left,
    minutes,
)

story = Story(SESSION)
SKIPPED = PhaseSkipped(key="exchange")


def test_a_phase_to_come_can_be_left_out():
    story.given(*RUNNING).when(SkipPhase(run=1, phase="exchange", now=NOON)).then(SKIPPED)


def test_leaving_out_twice_changes_nothing():
    story.given(*RUNNING, SKIPPED).when(SkipPhase(run=1, phase="exchange", now=NOON)).then()


def test_next_passes_over_a_phase_that_is_left_out():
    now = NOON + minutes(10)
    story.given(*RUNNING, SKIPPED).when(ClockStruck(run=1, now=now)).then(left(1, 0), entered(2, 2, now))


def test_back_passes_over_a_phase_that_is_left_out():
    now = NOON + minutes(26)
    outcome = story.given(*LAST, SKIPPED).when(PreviousPhase(run=3, now=now))
    assert isinstance(outcome.after, Running)
    assert outcome.after.phase == 0


def test_a_phase_that_is_left_out_can_be_taken_in_again():
    story.given(*RUNNING, SKIPPED).when(SkipPhase(run=1, phase="exchange", skipped=False, now=NOON)).then(
        PhaseRestored(key="exchange")
    )


def test_leaving_out_the_present_phase_leads_on_at_once():
    now = NOON + minutes(12)
    story.given(*IN_GROUPS).when(SkipPhase(run=2, phase="exchange", now=now)).then(
        SKIPPED, by_hand(2, 1, 13, now), left(2, 1), entered(3, 2, now)
    )


def test_the_start_enters_the_first_phase_that_is_not_left_out():
    welcome = PhaseSkipped(key="welcome")
    story.given(PREPARED).when(SkipPhase(run=0, phase="welcome", now=NOON)).then(welcome)
    story.given(PREPARED, LOBBY, welcome).when(StartSession(now=NOON)).then(STARTED, entered(1, 1, NOON))


def test_what_is_over_cannot_be_left_out():
    story.given(*IN_GROUPS).when(SkipPhase(run=2, phase="welcome", now=NOON)).refused(PhaseIsOver(phase="welcome"))


def test_the_last_phase_is_ended_instead_of_left_out():
    story.given(*LAST).when(SkipPhase(run=3, phase="closing", now=NOON)).refused(LastPhase(phase="closing"))


def test_an_evening_that_waits_keeps_at_least_one_phase():
    given = story.given(PREPARED, PhaseSkipped(key="welcome"), SKIPPED)
    given.when(SkipPhase(run=0, phase="closing", now=NOON)).refused(LastPhase(phase="closing"))


def test_all_that_is_to_come_can_be_left_out_and_the_evening_ends_with_the_present_phase():
    given = story.given(*RUNNING, SKIPPED)
    given.when(SkipPhase(run=1, phase="closing", now=NOON)).then(PhaseSkipped(key="closing"))
    given.given(PhaseSkipped(key="closing")).when(NextPhase(run=1, now=NOON)).then(left(1, 0), SessionEnded())


def test_nothing_is_left_out_that_the_script_does_not_know():
    story.given(*RUNNING).when(SkipPhase(run=1, phase="dance", now=NOON)).refused(UnknownPhase(phase="dance"))


@pytest.mark.parametrize("run", [0, 1, 3])
def test_leaving_out_names_the_phase_that_the_moderator_saw(run):
    story.given(*IN_GROUPS).when(SkipPhase(run=run, phase="closing", now=NOON)).refused(
        PhaseHasChanged(run=2, phase="exchange")
    )


def test_there_is_no_way_back_past_phases_that_are_left_out():
    given = story.given(PREPARED, PhaseSkipped(key="welcome"), LOBBY, STARTED, entered(1, 1, NOON))
    given.when(PreviousPhase(run=1, now=NOON)).refused(FirstPhase(run=1))


CLICKED = NOON + minutes(4)
WRONG = (*RUNNING, by_hand(1, 0, 6, CLICKED), left(1, 0), entered(2, 1, CLICKED))


def resumed(run: int, place: int, left_minutes: float, at) -> PhaseStarted:
    new = entered(run, place, at)
    fields = {name: getattr(new, name) for name in new.__struct_fields__}
    return PhaseStarted(**{**fields, "deadline": at + minutes(left_minutes)})


def test_a_wrong_next_is_taken_back_with_the_time_that_was_left():
    now = CLICKED + minutes(1)
    story.given(*WRONG).when(UndoPhaseChange(run=2, now=now)).then(
        PhaseChangeUndone(run=2), left(2, 1), resumed(3, 0, 6, now)
    )


def test_a_wrong_back_is_taken_back_as_well():
    now = NOON + minutes(12)
    given = story.given(*IN_GROUPS, by_hand(2, 1, 13, now), left(2, 1), entered(3, 0, now))
    given.when(UndoPhaseChange(run=3, now=now)).then(PhaseChangeUndone(run=3), left(3, 0), resumed(4, 1, 13, now))


def test_a_pause_that_was_left_is_a_pause_again():
    given = story.given(*RUNNING, SessionPaused(run=1, left_seconds=90.0))
    given = given.given(by_hand(1, 0, 1.5, CLICKED, paused=True), left(1, 0), entered(2, 1, CLICKED))
    outcome = given.when(UndoPhaseChange(run=2, now=CLICKED))
    assert isinstance(outcome.after, Paused)
    assert outcome.after.left == minutes(1.5)


def test_a_phase_that_was_left_out_by_mistake_is_not_left_out_any_more():
    now = NOON + minutes(12)
    given = story.given(*IN_GROUPS, SKIPPED, by_hand(2, 1, 13, now), left(2, 1), entered(3, 2, now))
    outcome = given.when(UndoPhaseChange(run=3, now=now))
    assert isinstance(outcome.after, Running)
    assert (outcome.after.phase, outcome.after.skipped) == (1, frozenset())


def test_after_three_minutes_it_is_too_late():
    now = CLICKED + minutes(3.1)
    story.given(*WRONG).when(UndoPhaseChange(run=2, now=now)).refused(NothingToUndo(run=2))


def test_what_the_clock_did_is_not_undone():
    story.given(*IN_GROUPS).when(UndoPhaseChange(run=2, now=NOON + minutes(10))).refused(NothingToUndo(run=2))


def test_nothing_is_undone_twice():
    again = story.given(*WRONG, PhaseChangeUndone(run=2), left(2, 1), entered(3, 0, CLICKED))
    again.when(UndoPhaseChange(run=2, now=CLICKED)).refused(PhaseHasChanged(run=3, phase="welcome"))
    again.when(UndoPhaseChange(run=3, now=CLICKED)).refused(NothingToUndo(run=3))


def test_only_the_newest_change_can_be_undone():
    later = story.given(*WRONG, left(2, 1), entered(3, 2, CLICKED))
    later.when(UndoPhaseChange(run=3, now=CLICKED)).refused(NothingToUndo(run=3))

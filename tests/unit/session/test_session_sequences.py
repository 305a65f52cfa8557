# SPDX-License-Identifier: Apache-2.0
"""Whatever is pressed in whatever order: no evening becomes impossible."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.chassis.decider import Refusal
from services.session.domain.session import SESSION
from services.session.domain.session_commands import (
    CITY,
    AnotherLeads,
    By,
    ClockStruck,
    EndSession,
    ExtendGroup,
    ExtendPhase,
    HandBack,
    HandOver,
    Leading,
    NextPhase,
    OpenLobby,
    PauseSession,
    PhaseHasChanged,
    PreviousPhase,
    ResumeSession,
    SessionIs,
    SkipPhase,
    StartSession,
    UndoPhaseChange,
)
from services.session.domain.session_facts import (
    GroupExtended,
    PhaseClosing,
    PhaseEnded,
    PhaseExtended,
    PhaseStarted,
    SessionEnded,
    SessionResumed,
    SessionStarted,
    TimeMarkReached,
)
from services.session.domain.session_lead import leads
from services.session.domain.session_state import Ended, Paused, Running, led_by_of, run_of
from tests.unit.session.evening import NOON, PREPARED, SCRIPT, minutes

MIA = By(id="a" * 32, role="moderator")
DAN, DOT = (By(id=letter * 32, role="deputy") for letter in "bc")
NAMES_A_RUN = (NextPhase, PreviousPhase, SkipPhase, UndoPhaseChange, ExtendPhase, ExtendGroup)


def commands():
    run = st.integers(0, 6)
    now = st.integers(0, 1200).map(lambda tenths: NOON + minutes(tenths / 10))
    by = st.sampled_from([CITY, CITY, MIA, DAN, DOT])
    key = st.sampled_from([phase.key for phase in SCRIPT.phases])
    group = st.sampled_from(["1" * 32, "2" * 32])
    step = {"by": by, "now": now}
    return st.one_of(
        st.builds(OpenLobby, **step),
        st.builds(StartSession, **step),
        st.builds(NextPhase, run=run, force=st.booleans(), **step),
        st.builds(PreviousPhase, run=run, **step),
        st.builds(SkipPhase, run=run, phase=key, skipped=st.booleans(), **step),
        st.builds(UndoPhaseChange, run=run, **step),
        st.builds(ExtendPhase, run=run, minutes=st.integers(-30, 30), **step),
        st.builds(ExtendGroup, run=run, group_id=group, minutes=st.integers(-30, 30), **step),
        st.builds(PauseSession, **step),
        st.builds(ResumeSession, **step),
        st.builds(HandOver, deputy_id=st.sampled_from([DAN.id, DOT.id]), **step),
        st.builds(HandBack, **step),
        st.builds(ClockStruck, run=run, marks=st.sampled_from([(5, 2, 1), (2, 1), ()]), now=now),
        st.builds(EndSession, **step),
    )


def fields(command):
    return {name: getattr(command, name) for name in command.__struct_fields__}


def likely(session, command, aim):
    """Most clicks are meant for the phase that is seen; the others are of people who look at an old one."""
    if not aim or not hasattr(command, "run"):
        return command
    return type(command)(**{**fields(command), "run": run_of(session)})


@given(st.lists(st.tuples(commands(), st.booleans()), max_size=40))
@settings(max_examples=300, deadline=None)
def test_no_sequence_of_commands_leads_to_an_impossible_evening(sequence):
    session, log, now = SESSION.fold(SESSION.initial, [PREPARED]), [], NOON
    for clicked, aim in sequence:
        now = max(now, clicked.now)
        command = likely(session, type(clicked)(**{**fields(clicked), "now": now}), aim)
        outcome = SESSION.decide(session, command)
        if isinstance(command, NAMES_A_RUN) and run_of(session) != command.run:
            assert isinstance(outcome, PhaseHasChanged | SessionIs | AnotherLeads)
        if isinstance(command, Leading) and not leads(session, command.by):
            assert outcome == AnotherLeads(led_by=led_by_of(session))
        if isinstance(outcome, Refusal):
            continue
        for event in outcome:
            assert_ahead(event, now)
        log += outcome
        session = SESSION.fold(session, outcome)
        assert_possible(session)
    assert SESSION.fold(SESSION.initial, [PREPARED, *log]) == session
    assert_history(session, log)


def assert_ahead(event, now):
    """No deadline lies in the past when it is set."""
    match event:
        case PhaseStarted() | PhaseExtended() | SessionResumed():
            assert event.deadline > now
        case PhaseClosing():
            assert event.closes_at > now
        case GroupExtended(deadline=deadline) if deadline is not None:
            assert deadline + timedelta(seconds=event.offset_seconds) > now


def assert_possible(session):
    assert not isinstance(session, Paused) or session.left >= timedelta()
    if isinstance(session, Running | Paused):
        assert SCRIPT.phases[session.phase].key not in session.skipped
        assert session.before is None or session.before.run == session.run - 1


def assert_history(session, log):
    entries = [event for event in log if isinstance(event, PhaseStarted)]
    assert [event.run for event in entries] == list(range(1, len(entries) + 1))
    ends = [event.run for event in log if isinstance(event, PhaseEnded)]
    assert ends == [event.run for event in entries[: len(ends)]]
    assert sum(isinstance(event, SessionStarted) for event in log) <= 1
    assert sum(isinstance(event, SessionEnded) for event in log) == isinstance(session, Ended)
    assert run_of(session) == len(entries)
    assert_marks(log)
    assert all(0 <= event.phase < len(SCRIPT.phases) for event in entries)


def assert_marks(log):
    """On the way to one deadline each mark is told once, and in order."""
    told: list[int] = []
    for event in log:
        if isinstance(event, TimeMarkReached):
            told.append(event.minutes)
            assert told == sorted(set(told), reverse=True)
        elif isinstance(event, PhaseStarted | PhaseExtended | SessionResumed):
            told = []

# SPDX-License-Identifier: Apache-2.0
"""What the timetable of the city may do with an evening: never anything against those who lead it."""

import pytest

from services.chassis.testing.story import Story
from services.session.domain.session import SESSION
from services.session.domain.session_commands import (
    AnotherLeads,
    By,
    EndSession,
    MoveSession,
    PauseSession,
    ResumeSession,
    SessionIs,
)
from services.session.domain.session_facts import SessionEnded, SessionPaused, SessionResumed
from services.session.domain.steering import (
    STEERING,
    SteerByHand,
    Steering,
    SteeringChanged,
    TakeTurn,
    TurnTaken,
    obeyed,
)
from tests.unit.session.evening import LOBBY, NOON, PREPARED, RUNNING, left, minutes

story = Story(STEERING)
MIA, DAN = By(id="a" * 32, role="moderator"), By(id="b" * 32, role="deputy")
ORDER, NEXT = "c1" * 16, "c2" * 16
AT, NOW = NOON + minutes(20), NOON + minutes(5)
STANDS = SessionPaused(run=1, left_seconds=300)
GOES_ON = SessionResumed(run=1, deadline=NOON + minutes(10), by_hand=False)
OVER = (left(1, 0), SessionEnded())
HELD = Steering(held=1)


def session(*events):
    return SESSION.fold(SESSION.initial, events)


@pytest.mark.parametrize(
    ("action", "evening", "steering", "command"),
    [
        ("START", session(PREPARED), Steering(), MoveSession(starts_at=AT, now=NOW)),
        ("START", session(PREPARED, LOBBY), Steering(), MoveSession(starts_at=AT, now=NOW)),
        ("HOLD", session(*RUNNING), Steering(), PauseSession(now=NOW)),
        ("RELEASE", session(*RUNNING, STANDS), HELD, ResumeSession(now=NOW)),
        ("END", session(*RUNNING), Steering(), EndSession(now=NOW)),
        ("END", session(*RUNNING, STANDS), Steering(), EndSession(now=NOW)),
    ],
)
def test_an_evening_follows(action, evening, steering, command):
    assert obeyed(action, evening, steering, AT, NOW, NOW) == ("DONE", command)


@pytest.mark.parametrize(
    ("action", "evening", "steering"),
    [
        ("START", session(*RUNNING), Steering()),  # somebody began it
        ("HOLD", session(PREPARED), Steering()),
        ("HOLD", session(*RUNNING, STANDS), Steering()),  # somebody holds it already
        ("RELEASE", session(*RUNNING), HELD),  # somebody let it go on
        ("RELEASE", session(*RUNNING, STANDS), Steering()),  # the pause is somebody else's
        ("RELEASE", session(*RUNNING, STANDS, GOES_ON, STANDS), HELD),  # and so is this one
        ("END", session(PREPARED), Steering()),
        ("END", session(*RUNNING, *OVER), Steering()),
    ],
)
def test_what_people_did_holds(action, evening, steering):
    assert obeyed(action, evening, steering, AT, NOW, NOW) == ("OTHERWISE", None)


@pytest.mark.parametrize("action", ["START", "HOLD", "RELEASE", "END"])
def test_who_steers_by_hand_is_left_alone(action):
    assert obeyed(action, session(*RUNNING, STANDS), Steering(by_hand=True, held=1), AT, NOW, NOW) == ("BY_HAND", None)


def test_a_start_whose_moment_has_passed_is_now():
    _, command = obeyed("START", session(PREPARED), Steering(), NOON, NOW, NOW)
    assert command == MoveSession(starts_at=NOW, now=NOW)


def test_a_turn_that_comes_behind_a_later_one_is_void():
    after = Steering(newest=NOW + minutes(1))
    assert obeyed("HOLD", session(*RUNNING), after, AT, NOW, NOW + minutes(2)) == ("OTHERWISE", None)


def turn(order: str = ORDER, action: str = "HOLD", outcome: str = "DONE", pauses: int | None = 1) -> TakeTurn:
    return TakeTurn(order_id=order, action=action, outcome=outcome, pauses=pauses, due_at=NOW, now=NOW)


TAKEN = TurnTaken(order_id=ORDER, action="HOLD", outcome="DONE", pauses=1, due_at=NOW)


def test_an_evening_has_one_turn_in_an_order():
    story.given().when(turn()).then(TAKEN)
    story.given(TAKEN).when(turn(outcome="OTHERWISE")).then()


def test_only_the_pause_that_the_city_made_is_its_own():
    assert STEERING.fold(Steering(), [TAKEN]).held == 1
    refused = TurnTaken(order_id=NEXT, action="HOLD", outcome="OTHERWISE", pauses=2, due_at=NOW)
    assert STEERING.fold(Steering(), [TAKEN, refused]).held == 1


def by_hand(by: By, *events, on: bool = True) -> SteerByHand:
    return SteerByHand(by_hand=on, session=session(*events), by=by, now=NOW)


def test_who_leads_takes_the_evening_out_of_the_timetable_and_gives_it_back():
    changed = SteeringChanged(by_hand=True, by=MIA.id)
    story.given().when(by_hand(MIA, *RUNNING)).then(changed)
    story.given(changed).when(by_hand(MIA, *RUNNING)).then()
    story.given(changed).when(by_hand(MIA, *RUNNING, on=False)).then(SteeringChanged(by_hand=False, by=MIA.id))


def test_who_does_not_lead_does_not():
    story.given().when(by_hand(DAN, *RUNNING)).refused(AnotherLeads(led_by=None))
    story.given().when(by_hand(MIA, *RUNNING, *OVER)).refused(SessionIs(status="ENDED"))

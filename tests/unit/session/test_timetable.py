# SPDX-License-Identifier: Apache-2.0
"""Orders of the city: their plan, and who has to agree."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.testing.story import Story
from services.session.domain.timetable import (
    TIMETABLE,
    ApproveOrder,
    CancelOrder,
    GiveOrder,
    OrderCancelled,
    OrderGiven,
    OrderRequested,
    OwnSessionOrder,
    SessionOrderIs,
    Turn,
    UnknownSessionOrder,
)
from services.session.methods.spreading import spread
from tests.unit.session.evening import NOON, minutes

story = Story(TIMETABLE)
MIA, OMAR = "a" * 32, "b" * 32
FIRST, SECOND = "c1" * 16, "c2" * 16
TURNS = tuple(Turn(f"{number:032x}", float(number)) for number in range(3))


def order(order_id: str = FIRST, *, limit: int = 5, turns: tuple[Turn, ...] = TURNS, at: float = 0) -> GiveOrder:
    return GiveOrder(
        order_id=order_id, action="START", begins_at=NOON + minutes(30), window_seconds=60, seed=7, turns=turns,
        limit=limit, approve_until=NOON + timedelta(hours=4), by=MIA, now=NOON + minutes(at),
    )  # fmt: skip


def requested(*, waits: bool) -> OrderRequested:
    return OrderRequested(
        order_id=FIRST, action="START", begins_at=NOON + minutes(30), window_seconds=60, seed=7, turns=TURNS,
        requested_by=MIA, requested_at=NOON, approve_until=NOON + timedelta(hours=4) if waits else None,
    )  # fmt: skip


def given_order(at: float = 30, by: str | None = None) -> OrderGiven:
    return OrderGiven(order_id=FIRST, action="START", begins_at=NOON + minutes(at), turns=TURNS, approved_by=by)


def given_at_once(outcome) -> bool:
    return isinstance(outcome.events[-1], OrderGiven)


ALONE = (requested(waits=False), given_order())
WAITING = (requested(waits=True),)


def test_few_evenings_take_one_person():
    story.given().when(order()).then(*ALONE)


def test_many_evenings_take_a_second_person():
    story.given().when(order(limit=2)).then(*WAITING)
    yes = ApproveOrder(order_id=FIRST, by=OMAR, now=NOON + minutes(5))
    story.given(*WAITING).when(yes).then(given_order(by=OMAR))


def test_an_order_that_is_approved_late_begins_then():
    yes = ApproveOrder(order_id=FIRST, by=OMAR, now=NOON + minutes(45))
    story.given(*WAITING).when(yes).then(given_order(45, by=OMAR))


def test_the_same_person_is_no_second_one():
    story.given(*WAITING).when(ApproveOrder(order_id=FIRST, by=MIA, now=NOON)).refused(OwnSessionOrder())


def test_several_small_orders_are_one_large_one():
    others = tuple(Turn(f"{number:032x}", 0.0) for number in range(3, 6))
    (asked,) = story.given(*ALONE).when(order(SECOND, turns=others, at=1)).events
    assert asked.approve_until is not None


def test_the_same_evenings_again_are_no_more_and_a_day_later_all_is_forgotten():
    assert given_at_once(story.given(*ALONE).when(order(SECOND, limit=3, at=1)))
    others = tuple(Turn(f"{number:032x}", 0.0) for number in range(3, 6))
    assert given_at_once(story.given(*ALONE).when(order(SECOND, limit=3, turns=others, at=24 * 60 + 31)))


def test_an_order_expires_unapproved():
    late = NOON + timedelta(hours=5)
    story.given(*WAITING).when(ApproveOrder(order_id=FIRST, by=OMAR, now=late)).refused(
        SessionOrderIs(status="EXPIRED")
    )


def test_a_cancelled_order_stays_so():
    cancelled = OrderCancelled(order_id=FIRST, by=OMAR)
    story.given(*WAITING).when(CancelOrder(order_id=FIRST, by=OMAR, now=NOON)).then(cancelled)
    story.given(*ALONE, cancelled).when(CancelOrder(order_id=FIRST, by=MIA, now=NOON)).then()
    refusal = SessionOrderIs(status="CANCELLED")
    story.given(*WAITING, cancelled).when(ApproveOrder(order_id=FIRST, by=OMAR, now=NOON)).refused(refusal)


def test_repeating_changes_nothing_and_unknown_orders_are_refused():
    story.given(*ALONE).when(order()).then()
    approved = (*WAITING, given_order(by=OMAR))
    story.given(*approved).when(ApproveOrder(order_id=FIRST, by=OMAR, now=NOON + minutes(1))).then()
    story.given().when(CancelOrder(order_id=FIRST, by=MIA, now=NOON)).refused(UnknownSessionOrder(order_id=FIRST))


@given(st.integers(1, 200), st.integers(0, 3600), st.integers(0, 2**31))
def test_turns_are_spread_over_the_whole_window_and_follow_from_the_seed(count, window, seed):
    conferences = [f"{number:032x}" for number in range(count)]
    turns = spread(conferences, window, seed)
    assert turns == spread(conferences[::-1], window, seed)
    assert sorted(one for one, _ in turns) == conferences
    offsets = [offset for _, offset in turns]
    assert offsets == sorted(offsets)
    part = window / count
    assert all(place * part - 0.001 <= offset <= (place + 1) * part + 0.001 for place, offset in enumerate(offsets))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_two_hundred_evenings_in_a_minute_do_not_meet_in_one_second(seed):
    turns = spread([f"{number:032x}" for number in range(200)], 60, seed)
    seconds = [int(offset) for _, offset in turns]
    assert max(map(seconds.count, seconds)) <= 5

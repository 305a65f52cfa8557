# SPDX-License-Identifier: Apache-2.0
"""Nobody sits twice or nowhere: what the log of a session has to say so that a rehearsal notices."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.cli.rehearse.places import misplaced
from services.cli.rehearse.replay import Fact

ANNA, BEN, CLEO, DAVID, EMRE, FADIME, GERDA = "anna ben cleo david emre fadime gerda".split()
START = datetime(2026, 11, 20, 18, tzinfo=UTC)
MENDED = timedelta(seconds=5)

Said = tuple[str, dict[str, Any]]


def log(*stored: list[Said], apart: float = 60) -> list[str]:
    """What is found in a log of things that were stored together, so many seconds after one another."""
    facts = [
        Fact(0, "s", f"session.{topic}", fields, START + number * timedelta(seconds=apart), str(number).encode())
        for number, together in enumerate(stored)
        for topic, fields in together
    ]
    return list(misplaced(facts, MENDED))


def seat(*people: str) -> list[Said]:
    return [("seat_filled", {"participant_id": who}) for who in people]


def came(*people: str) -> list[Said]:
    return [("person_came", {"person_id": who}) for who in people]


def went(who: str) -> list[Said]:
    return [("person_went", {"person_id": who})]


def moved(who: str, to: str | None, *, gone: bool = False) -> list[Said]:
    return [("person_moved", {"generation": 2, "participant_id": who, "group_id": to, "gone": gone})]


def placed(*groups: tuple[str, ...], with_moderator: tuple[str, ...] = ()) -> list[Said]:
    listed = [{"group_id": f"g{number}", "members": list(members)} for number, members in enumerate(groups, 1)]
    return [("groups_placed", {"generation": 1, "groups": listed, "with_moderator": list(with_moderator)})]


RECALLED: list[Said] = [("groups_recalled", {"generation": 9})]
SIX = (ANNA, BEN, CLEO, DAVID, EMRE, FADIME)
TWO_GROUPS = (SIX[:3], SIX[3:])


def six_here(*then: list[Said], apart: float = 60) -> list[str]:
    return log(seat(*SIX, GERDA), came(*SIX), *then, apart=apart)


@pytest.mark.parametrize(
    "then",
    [
        [placed(*TWO_GROUPS)],
        [placed(with_moderator=SIX)],
        [placed(*TWO_GROUPS), [*came(GERDA), *moved(GERDA, "g1")]],
        [placed(*TWO_GROUPS), [*went(ANNA), *moved(ANNA, None, gone=True)]],
        [placed(*TWO_GROUPS), [*moved(DAVID, "g1"), *moved(EMRE, "g1"), *moved(FADIME, None)]],
        [placed(*TWO_GROUPS), RECALLED, came(GERDA), placed(SIX[:3], (*SIX[3:], GERDA))],
        [went(ANNA), placed(SIX[1:])],
        [[("seat_emptied", {"participant_id": ANNA})], placed(SIX[1:])],
        [[("staff_joined", {"staff_id": ANNA, "role": "mentor"})], placed(SIX[1:])],
    ],
)
def test_an_evening_as_the_session_promises_it_is_right(then):
    assert six_here(*then) == []


def test_somebody_here_who_is_in_no_group_of_a_plan_is_noticed():
    assert six_here(placed(SIX[:5])) == ["generation 1: fadime is here since 18:01:00 without a place"]


def test_somebody_in_two_groups_is_noticed_once():
    assert six_here(placed(SIX[:3], (ANNA, *SIX[3:])), came(), moved(BEN, "g1")) == ["generation 1: anna has 2 places"]


def test_somebody_in_a_group_and_with_the_moderator_is_noticed():
    assert six_here(placed(*TWO_GROUPS, with_moderator=(ANNA,)))


def test_a_move_to_where_no_group_is_is_noticed():
    assert six_here(placed(*TWO_GROUPS), moved(ANNA, "g7"))[0] == (
        "generation 2: anna was moved to g7, where nobody sits"
    )


def test_a_repair_that_takes_the_place_of_somebody_who_stayed_is_noticed():
    assert six_here(placed(*TWO_GROUPS), moved(ANNA, None, gone=True))


@pytest.mark.parametrize("later", [[RECALLED], [moved(GERDA, "g1")], [went(GERDA)], [moved(ANNA, "g2")]])
def test_a_newcomer_who_gets_no_place_within_seconds_is_noticed_whatever_comes_then(later):
    (said,) = six_here(placed(*TWO_GROUPS), came(GERDA), *later)
    assert "gerda is here since 18:03:00 without a place" in said


@pytest.mark.parametrize("missed", [[came(GERDA), placed(*TWO_GROUPS)], [placed(*TWO_GROUPS), came(GERDA)]])
def test_a_newcomer_who_was_missed_at_first_may_get_a_place_within_seconds(missed):
    assert six_here(*missed, moved(GERDA, "g1"), RECALLED, apart=2) == []


def test_somebody_who_stops_to_serve_and_has_a_seat_gets_a_place():
    role = {"staff_id": ANNA, "role": "mentor"}
    given = ([("staff_joined", role)], placed(SIX[1:]), [("staff_left", role)])
    assert six_here(*given, moved(ANNA, "g1"), RECALLED, apart=2) == []
    assert six_here(*given, RECALLED)


def test_a_second_time_is_noticed_again():
    assert len(six_here(placed(SIX[:5]), RECALLED, placed(SIX[:5]))) == 2

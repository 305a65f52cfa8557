# SPDX-License-Identifier: Apache-2.0
"""Each invariant of a rehearsal notices what it is there for."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from services.cli.rehearse import invariants
from services.cli.rehearse.record import Record, Votes
from services.cli.rehearse.replay import Fact, Log, gaps
from services.cli.rehearse.report import build_report

CONF = "c0" * 16
ANNA, BEN, CLEO, DAVID, EMRE, FADIME = (f"{n:032x}" for n in range(1, 7))
RED, BLUE = "a1" * 16, "b2" * 16
POLL = "d0" * 16
EVENING = datetime(2026, 11, 20, 18, tzinfo=UTC)
YES_NO = [{"de": "Ja", "en": "Yes"}, {"de": "Nein", "en": "No"}]


def logs(**services: list[tuple[str, dict[str, Any]]]) -> dict[str, Log]:
    found = {}
    for service in ("registration", "session", "rooms", "ideas"):
        numbers = count(1)
        facts = [fact(next(numbers), f"{service}.{topic}", fields) for topic, fields in services.get(service, [])]
        found[service] = Log({CONF: facts})
    return found


def fact(number: int, topic: str, fields: dict[str, Any]) -> Fact:
    """Each one stored by itself, a minute after the last."""
    at = EVENING + timedelta(minutes=number)
    return Fact(position=number, stream=CONF, topic=topic, fields=fields, at=at, cause=str(number).encode())


def broken(check, record: Record, given: dict[str, Log]) -> list[str]:
    return list(check(record, given))


def poll(tally: dict[str, int], ballots: int) -> list[tuple[str, dict[str, Any]]]:
    return [
        ("poll_opened", {"poll_id": POLL, "asked": {"kind": "single", "options": YES_NO}}),
        (
            "poll_closed",
            {"poll_id": POLL, "ballots": ballots, "tally": [{"label": k, "count": v} for k, v in tally.items()]},
        ),
    ]


def voted(*options: str) -> Record:
    record = Record(CONF)
    for voter, option in zip((ANNA, BEN, CLEO), options, strict=False):
        accepted(record.ballots[POLL], voter, option)
    return record


def accepted(votes: Votes, voter: str, option: str) -> None:
    votes.sent(voter, Counter([option]))
    votes.accept(voter, Counter([option]))


def test_a_right_tally_holds():
    assert not broken(
        invariants.every_accepted_ballot_is_counted_once,
        voted("0", "0", "1"),
        logs(session=poll({"Ja": 2, "Nein": 1}, 3)),
    )


@pytest.mark.parametrize(
    ("tally", "ballots"), [({"Ja": 1, "Nein": 1}, 2), ({"Ja": 2, "Nein": 2}, 4), ({"Ja": 1, "Nein": 2}, 3)]
)
def test_a_lost_doubled_or_changed_ballot_is_noticed(tally, ballots):
    assert broken(
        invariants.every_accepted_ballot_is_counted_once, voted("0", "0", "1"), logs(session=poll(tally, ballots))
    )


@pytest.mark.parametrize(("tally", "ballots"), [({"Ja": 1}, 1), ({"Ja": 2}, 2), ({"Ja": 1, "Nein": 1}, 2)])
def test_a_ballot_of_which_nobody_knows_may_be_counted_or_not(tally, ballots):
    record = voted("0")
    record.ballots[POLL].sent(BEN, Counter(["0"]))
    record.ballots[POLL].sent(BEN, Counter(["1"]))
    assert not broken(invariants.every_accepted_ballot_is_counted_once, record, logs(session=poll(tally, ballots)))


@pytest.mark.parametrize(
    ("tally", "ballots"), [({}, 0), ({"Nein": 1}, 1), ({"Ja": 1, "Nein": 2}, 3), ({"Ja": 3}, 3), ({"Ja": 1}, 2)]
)
def test_no_more_and_no_less_is_counted_than_what_is_known_and_what_is_not(tally, ballots):
    record = voted("0")
    record.ballots[POLL].sent(BEN, Counter(["1"]))
    if tally == {"Ja": 1}:
        record.ballots[POLL].refuse(BEN, Counter(["1"]))
    assert broken(invariants.every_accepted_ballot_is_counted_once, record, logs(session=poll(tally, ballots)))


@pytest.mark.parametrize(("tally", "holds"), [({"Ja": 1}, True), ({"Nein": 1}, True), ({"Ja": 1, "Nein": 1}, False)])
def test_a_later_ballot_of_which_nobody_knows_may_replace_the_accepted_one(tally, holds):
    record = voted("0")
    record.ballots[POLL].sent(ANNA, Counter(["1"]))
    given = logs(session=poll(tally, sum(tally.values())))
    assert holds is not bool(broken(invariants.every_accepted_ballot_is_counted_once, record, given))


def test_a_ballot_that_was_certainly_refused_must_not_be_counted():
    record = voted("0")
    record.ballots[POLL].sent(BEN, Counter(["1"]))
    record.ballots[POLL].refuse(BEN, Counter(["1"]))
    given = logs(session=poll({"Ja": 1, "Nein": 1}, 2))
    assert broken(invariants.every_accepted_ballot_is_counted_once, record, given)


def test_a_ballot_that_nobody_cast_is_noticed():
    given = logs(session=poll({"Ja": 1}, 1))
    assert broken(invariants.every_accepted_ballot_is_counted_once, Record(CONF), given)


def test_a_changed_ballot_counts_once():
    record = voted("0")
    accepted(record.ballots[POLL], ANNA, "1")
    given = logs(session=poll({"Nein": 1}, 1))
    assert not broken(invariants.every_accepted_ballot_is_counted_once, record, given)
    assert record.ballots[POLL].replaced == 1


def test_a_poll_without_a_result_is_noticed():
    assert broken(invariants.every_accepted_ballot_is_counted_once, voted("0"), logs())


def test_a_lost_dot_is_noticed():
    record = Record(CONF)
    record.dots.accepted[ANNA] = {RED: 3}
    given = logs(ideas=[("voting_closed", {"voting_id": POLL, "dots": {RED: 2}, "voters": 1})])
    assert broken(invariants.every_accepted_dot_is_counted_once, record, given)


def test_dots_of_which_nobody_knows_may_be_counted():
    record = Record(CONF)
    record.dots.sent(ANNA, {RED: 3})
    given = logs(ideas=[("voting_closed", {"voting_id": POLL, "dots": {RED: 3, BLUE: 0}, "voters": 1})])
    assert not broken(invariants.every_accepted_dot_is_counted_once, record, given)


def test_a_dot_too_many_is_noticed_even_when_some_are_unknown():
    record = Record(CONF)
    record.dots.sent(ANNA, {RED: 3})
    given = logs(ideas=[("voting_closed", {"voting_id": POLL, "dots": {RED: 4}, "voters": 1})])
    assert broken(invariants.every_accepted_dot_is_counted_once, record, given)


def test_accepted_dots_that_were_never_counted_are_noticed():
    record = Record(CONF)
    record.dots.accepted[ANNA] = {RED: 3}
    assert broken(invariants.every_accepted_dot_is_counted_once, record, logs())


def plan(*groups: tuple[str, ...], generation: int = 1, mode: str = "mix") -> tuple[str, dict[str, Any]]:
    return (
        "groups_placed",
        {
            "generation": generation,
            "mode": mode,
            "again": False,
            "with_moderator": [],
            "groups": [
                {"group_id": f"g{n}", "number": n, "members": list(members)} for n, members in enumerate(groups, 1)
            ],
        },
    )


def test_a_person_in_two_groups_is_noticed():
    given = logs(session=[plan((ANNA, BEN, CLEO), (ANNA, DAVID, EMRE))])
    assert broken(invariants.nobody_sits_twice_or_nowhere, Record(CONF), given)


def test_a_client_without_a_room_is_noticed():
    record = Record(CONF)
    record.placements[1, ANNA] = ""
    assert broken(invariants.nobody_sits_twice_or_nowhere, record, logs())


@pytest.mark.parametrize("members", [(ANNA,), (ANNA, BEN), (ANNA, BEN, CLEO, DAVID, EMRE, FADIME)])
def test_a_group_that_is_too_small_or_too_large_is_noticed(members):
    assert broken(invariants.groups_have_three_to_five, Record(CONF), logs(session=[plan(members)]))


def people(n: int) -> list[str]:
    return [f"{i:032x}" for i in range(n)]


def test_a_second_meeting_of_thirteen_people_is_noticed():
    who = people(13)
    groups = (tuple(who[:4]), tuple(who[4:7]), tuple(who[7:10]), tuple(who[10:]))
    given = logs(session=[plan(*groups), plan(*groups, generation=3)])
    assert broken(invariants.nobody_meets_twice, Record(CONF), given)


def test_a_second_meeting_of_few_people_cannot_be_helped():
    given = logs(session=[plan((ANNA, BEN, CLEO), generation=1), plan((ANNA, BEN, CLEO), generation=3)])
    assert not broken(invariants.nobody_meets_twice, Record(CONF), given)


def seats(capacity: int, *events: tuple[str, str]) -> dict[str, Log]:
    announced = ("conference_announced", {"capacity": capacity})
    return logs(registration=[announced, *((topic, {"participant_id": who}) for topic, who in events)])


def test_one_seat_too_many_is_noticed():
    given = seats(1, ("seat_taken", ANNA), ("seat_taken", BEN))
    assert broken(invariants.no_seat_is_sold_twice, Record(CONF), given)


def test_a_released_seat_may_be_taken_again():
    given = seats(1, ("seat_taken", ANNA), ("seat_released", ANNA), ("seat_taken", BEN))
    assert not broken(invariants.no_seat_is_sold_twice, Record(CONF), given)


def test_a_confirmed_placement_that_rooms_does_not_know_is_noticed():
    record = Record(CONF)
    record.placements[1, ANNA] = "c1.x.p"
    record.confirmed.add((1, ANNA))
    assert broken(invariants.every_placement_arrived, record, logs())


PLENARY, GROUP = "c1.x.p", "c1.x.g1"
THERE_AND_BACK = {1: PLENARY, 2: PLENARY, 3: GROUP, 4: PLENARY}


@pytest.mark.parametrize(
    ("unknown", "stored", "holds"),
    [
        ((), (PLENARY, GROUP, PLENARY), True),
        ((), (PLENARY, GROUP), False),
        ((), (GROUP, PLENARY), False),
        ((), (PLENARY, PLENARY, GROUP, PLENARY), False),
        ((), (PLENARY, GROUP, PLENARY, GROUP), False),
        ((3,), (PLENARY, GROUP, PLENARY), True),
        ((3,), (PLENARY,), True),
        ((4,), (PLENARY, GROUP), True),
        ((3,), (PLENARY, GROUP), False),
    ],
)
def test_the_rooms_of_a_client_are_stored_in_their_order(unknown, stored, holds):
    record = Record(CONF)
    for generation, room in THERE_AND_BACK.items():
        record.placements[generation, ANNA] = room
        (record.excused if generation in unknown else record.confirmed).add((generation, ANNA))
    given = logs(rooms=[("placement_confirmed", {"participant_id": ANNA, "room": room}) for room in stored])
    assert holds is not bool(broken(invariants.every_placement_arrived, record, given))


def test_a_stored_room_that_no_client_confirmed_is_noticed():
    given = logs(rooms=[("placement_confirmed", {"participant_id": ANNA, "room": PLENARY})])
    assert broken(invariants.every_placement_arrived, Record(CONF), given)


@pytest.mark.parametrize("excused", [True, False])
def test_a_placement_that_was_never_confirmed_is_noticed_unless_it_was_overtaken(excused):
    record = Record(CONF)
    record.placements[1, ANNA] = "c1.x.p"
    if excused:
        record.excused.add((1, ANNA))
    assert excused is not bool(broken(invariants.every_placement_arrived, record, logs()))


@pytest.mark.parametrize(("stored", "holds"), [(RED, True), (BLUE, False)])
def test_an_accepted_card_that_is_not_stored_is_noticed(stored, holds):
    record = Record(CONF)
    record.written.add(("ideas.card_added", RED))
    given = logs(ideas=[("card_added", {"card_id": stored})])
    assert holds is not bool(broken(invariants.no_word_is_lost, record, given))


def test_an_accepted_passage_that_is_not_stored_is_noticed():
    record = Record(CONF)
    record.passages[RED] = 1
    assert broken(invariants.no_word_is_lost, record, logs())


def test_a_phase_that_was_never_entered_is_noticed():
    given = logs(
        session=[
            ("prepared", {"script": {"phases": [{"key": "welcome"}, {"key": "closing"}]}}),
            ("phase_started", {"run": 1, "phase": 0, "key": "welcome"}),
            ("ended", {}),
        ]
    )
    assert broken(invariants.the_evening_went_through_all_phases, Record(CONF), given) == [
        "phases were never entered: closing"
    ]


@pytest.mark.parametrize("versions", [(1,), (0, 2), (0, 1, 1), (0, 1, 0)])
def test_a_gap_in_a_stream_is_noticed(versions):
    assert list(gaps({}, [(RED, version) for version in versions]))


def test_streams_that_are_mixed_in_the_log_have_no_gaps():
    last: dict[str, int] = {}
    assert not list(gaps(last, [(RED, 0), (BLUE, 0), (RED, 1)]))
    assert not list(gaps(last, [(BLUE, 1), (RED, 2)]))


def test_a_gap_in_a_log_is_reported():
    assert invariants.check([], {"session": Log({}, ["stream a goes from 0 to 2"])})["streams_have_no_gaps"]


def test_a_view_that_differs_is_noticed():
    record = Record(CONF)
    record.views["a resident"] = ["polls: a is missing in the view"]
    assert broken(invariants.every_view_equals_a_fresh_query, record, logs())


def test_a_conference_whose_views_nobody_compared_is_noticed():
    record = Record(CONF)
    assert broken(invariants.every_view_equals_a_fresh_query, record, logs()) == ["nobody compared"]
    record.views["a resident"] = []
    assert not broken(invariants.every_view_equals_a_fresh_query, record, logs())


def test_a_mail_that_came_twice_is_noticed():
    record = Record(CONF)
    record.mails["anna: Ihr Platz"] = 2
    assert broken(invariants.no_mail_came_twice, record, logs())


def test_an_error_of_a_client_is_noticed():
    record = Record(CONF)
    record.error("a resident", "HTTP 500")
    assert invariants.check([record], logs())["no_client_met_an_error"]


def test_what_passed_when_a_client_tried_again_is_no_error():
    record = Record(CONF)
    record.retried["CastBallot: Unavailable"] += 1
    assert not broken(invariants.no_client_met_an_error, record, logs())


def test_the_report_counts_votes_by_what_their_voters_know():
    record = voted("0", "1")
    record.ballots[POLL].sent(CLEO, Counter(["1"]))
    given = logs(session=poll({"Ja": 1, "Nein": 2}, 3))
    report = build_report([record], given, invariants.check([record], given), 1.0)
    assert report["ballots"] == {"accepted": 2, "counted": 3, "unknown": 1, "refused": 0, "replaced": 0}

# SPDX-License-Identifier: Apache-2.0
"""The record of an evening: what it says of each minute, and that it names nobody."""

from collections.abc import Iterable
from uuid import uuid4
from zoneinfo import ZoneInfo

import msgspec
import pytest

from services.chassis.decider import Event
from services.cli.embedded.process import EmbeddedError
from services.cli.replay import conference_of, instant_of, language_of, page, zone_of
from services.contracts.session import RecordView
from services.session.domain.groups_facts import GroupsPlaced, GroupsRecalled, PersonMoved
from services.session.domain.help import HelpClaimed, HelpRequested, HelpResolved
from services.session.domain.poll_facts import Asked, Count, PollClosed, PollOpened, PollRevealed, PollVotingEnded
from services.session.domain.roster_facts import PersonCame, PersonWent, SeatFilled
from services.session.domain.seating import Group
from services.session.domain.session_facts import SessionEnded, SessionPaused
from services.session.record import Recorder
from tests.unit.session.evening import (
    LOBBY,
    NOON,
    PREPARED,
    SCRIPT,
    STARTED,
    entered,
    left,
    minutes,
    text,
)

PEOPLE = [f"{number:032x}" for number in range(1, 8)]
MENTOR = "a" * 32
ASKED = Asked(kind="single", question=text("Wie geht's?"), options=(text("gut"), text("so")), live=True)
BERLIN = ZoneInfo("Europe/Berlin")


def placed() -> GroupsPlaced:
    groups = (
        Group(group_id="1" * 32, number=1, members=tuple(PEOPLE[:4]), mentor_id=MENTOR, topic_id=None),
        Group(group_id="2" * 32, number=2, members=tuple(PEOPLE[4:]), mentor_id=None, topic_id=None),
    )
    return GroupsPlaced(
        generation=1, run=2, phase="exchange", mode="mix", groups=groups, with_moderator=(), spare=(), seed=1,
        algorithm="mix-1", again=False,
    )  # fmt: skip


HAPPENED: list[tuple[float, Event]] = [
    (-600, PREPARED),
    *((-500, SeatFilled(participant_id=person)) for person in PEOPLE),
    (-15, LOBBY),
    *((-5, PersonCame(person_id=person)) for person in PEOPLE[:6]),
    (0, STARTED),
    (0, entered(1, 0, NOON)),
    (1, PollOpened(poll_id="c" * 32, key=None, asked=ASKED, opened_at=NOON + minutes(1))),
    (2, PersonCame(person_id=PEOPLE[6])),
    (4, PollVotingEnded(poll_id="c" * 32)),
    (4, PollClosed(poll_id="c" * 32, ballots=6, tally=(Count(label="gut", count=4), Count(label="so", count=2)),
                   spread=None, hidden=False)),
    (12, left(1, 0)),
    (12, entered(2, 1, NOON + minutes(12))),
    (12, placed()),
    (14, HelpRequested(call_id="d" * 32, asked_by=PEOPLE[0], group_id="1" * 32, reason=None, asked_at=NOON)),
    (14.5, HelpClaimed(call_id="d" * 32, by=MENTOR, claimed_at=None)),
    (16, HelpResolved(call_id="d" * 32, by=MENTOR, resolved_at=None)),
    (18, PersonWent(person_id=PEOPLE[3])),
    (18, PersonMoved(generation=2, participant_id=PEOPLE[3], group_id=None, gone=True)),
    (20, SessionPaused(run=2, left_seconds=420.0)),
]  # fmt: skip


def record(until: float, *more: tuple[float, Event], events: Iterable[tuple[float, Event]] = HAPPENED) -> RecordView:
    recorder = Recorder()
    for minute, event in (*events, *more):
        if minute <= until:
            recorder.note(event, NOON + minutes(minute))
    found = recorder.view("f" * 32, NOON + minutes(until))
    assert found is not None
    return found


def test_before_there_was_an_evening_there_is_no_record() -> None:
    assert Recorder().view("f" * 32, NOON) is None


def test_it_tells_when_each_phase_began_and_ended_and_who_many_were_there() -> None:
    phases = record(20).phases
    assert [(one.key, one.started_at, one.ended_at, one.minutes, one.present) for one in phases] == [
        ("welcome", NOON, NOON + minutes(12), 10, 6),
        ("exchange", NOON + minutes(12), None, 15, 7),
    ]


def test_it_shows_the_state_of_any_minute() -> None:
    in_welcome, paused = record(5), record(20)
    assert (in_welcome.status, in_welcome.deadline, in_welcome.present) == ("RUNNING", NOON + minutes(10), 7)
    assert (paused.status, paused.deadline, paused.left_seconds, paused.present) == ("PAUSED", None, 420.0, 6)
    assert record(-20).status == "PREPARED"
    assert record(-10).status == "LOBBY"


def test_groups_are_told_by_size_as_they_were_in_the_end() -> None:
    (formed,) = record(15).seatings
    assert (formed.sizes, formed.with_mentor, formed.moves, formed.formed_at) == ((4, 3), 1, 0, NOON + minutes(12))
    (in_the_end,) = record(30, (25, GroupsRecalled(generation=3))).seatings
    assert (in_the_end.sizes, in_the_end.moves, in_the_end.formed_at) == ((3, 3), 1, NOON + minutes(12))


def test_a_poll_has_its_result_once_it_is_closed() -> None:
    (open_,) = record(3).polls
    assert (open_.run, open_.closed_at, open_.ballots, open_.tally) == (1, None, None, None)
    (closed,) = record(20).polls
    assert (closed.closed_at, closed.ballots) == (NOON + minutes(4), 6)
    assert [(one.label, one.count) for one in closed.tally or ()] == [("gut", 4), ("so", 2)]


def test_a_hidden_result_stands_in_the_record_once_it_is_revealed() -> None:
    opened, closed = (
        next(event for _, event in HAPPENED if isinstance(event, kind)) for kind in (PollOpened, PollClosed)
    )
    assert isinstance(closed, PollClosed)
    hidden = [(0.0, PREPARED), (1.0, opened), (4.0, msgspec.structs.replace(closed, hidden=True))]
    revealed = (5.0, PollRevealed(poll_id="c" * 32))
    assert record(20, events=hidden).polls[0].tally is None
    assert record(20, revealed, events=hidden).polls[0].tally is not None


def test_help_calls_say_how_long_they_waited() -> None:
    (waiting,) = record(14).help_calls
    assert (waiting.run, waiting.from_group, waiting.claimed_seconds, waiting.resolved_seconds) == (2, True, None, None)
    (done,) = record(20).help_calls
    assert (done.claimed_seconds, done.resolved_seconds) == (30.0, 120.0)


def test_it_says_when_the_evening_ended() -> None:
    ended = record(40, (30, left(2, 1)), (30, SessionEnded()))
    assert (ended.status, ended.ended_at, ended.phases[-1].ended_at) == ("ENDED", *[NOON + minutes(30)] * 2)


def test_it_names_nobody() -> None:
    said = msgspec.json.encode(record(40)).decode()
    assert not any(person in said for person in (*PEOPLE, MENTOR))


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("de", ("Protokoll", "angehalten", "1 × 3", "gemischt", "gut: 4", "übernommen nach: 0.5 min", "13:12")),
        ("en", ("Minutes", "paused", "1 × 3", "mixed", "so: 2", "Taken after (median): 0.5 min", "13:12")),
    ],
)
def test_its_page_is_readable_in_german_and_english(language: str, words: tuple[str, ...]) -> None:
    said = page(record(15), language, BERLIN) + page(record(20), language, BERLIN)
    assert [word for word in words if word not in said] == []
    assert SCRIPT.name in said


def test_a_conference_is_named_by_its_digits_or_as_the_api_shows_it() -> None:
    local = uuid4().hex
    assert conference_of(local) == local
    assert (
        conference_of("Q29uZmVyZW5jZTowYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYQ")
        == "0abababababababababababababababa"
    )


@pytest.mark.parametrize("wrong", ["", "x", "SWRlYTow", "é", "Q29uZmVyZW5jZTp4"])
def test_what_is_no_id_of_a_conference_is_said(wrong: str) -> None:
    with pytest.raises(EmbeddedError, match="no id of a conference"):
        conference_of(wrong)


def test_an_instant_without_an_offset_is_one_of_the_city() -> None:
    assert instant_of("2027-03-12T13:00", BERLIN) == NOON
    assert instant_of("2027-03-12T12:00+00:00", BERLIN) == NOON


@pytest.mark.parametrize(
    "ask", [lambda: instant_of("noon", BERLIN), lambda: zone_of("Mars/Base"), lambda: language_of("fr")]
)
def test_what_is_no_instant_zone_or_language_is_said(ask: object) -> None:
    with pytest.raises(EmbeddedError):
        ask()  # type: ignore[operator]

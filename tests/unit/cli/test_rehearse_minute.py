# SPDX-License-Identifier: Apache-2.0
"""The figures of a city minute say what happened, and nothing more."""

from collections import Counter

import pytest

from services.cli.embedded.process import EmbeddedError
from services.cli.rehearse.minute.figures import Evening, backlog, ballots, changes, ranks
from services.cli.rehearse.minute.processors import Meter
from services.cli.rehearse.minute.seeding import Guest, Hall, Seeded, chosen, note, seeded


def test_ranks_are_of_what_was_measured():
    assert ranks(range(1, 101)) == {"p50": 50000.0, "p95": 95000.0, "p99": 99000.0, "last": 100000.0}
    assert ranks([]) == {"p50": None, "p95": None, "p99": None, "last": None}


@pytest.mark.parametrize(
    ("offered", "done", "most"),
    [([], [], 0), ([1, 2, 3], [1.5, 2.5, 3.5], 1), ([1, 2, 3], [10, 11, 12], 3), ([1, 2], [2, 3], 1)],
)
def test_the_backlog_is_what_waited_at_one_moment(offered, done, most):
    assert backlog(offered, done) == most


def evening(accepted: int, voters: int) -> Evening:
    one = Evening("c0" * 16, voters=voters, offered=[0.0, 1.0], done=[2.0, 5.0])
    for voter in range(accepted):
        one.votes.sent(str(voter), Counter("0"))
        one.votes.accept(str(voter), Counter("0"))
    return one


def test_rates_are_of_the_time_it_took():
    found = ballots([evening(2, 2)])
    assert (found["offered_per_second"], found["achieved_per_second"]) == (2.0, 0.4)
    assert found["wait_ms"]["last"] == 4000.0


def test_a_lost_ballot_of_one_conference_is_not_made_good_by_another():
    assert ballots([evening(2, 1), evening(1, 2)])["lost"] == 1


def test_a_change_is_timed_from_its_click():
    one = Evening("c0" * 16, asked={"started": 10.0}, answered={"started": 10.5}, published={"started": 11.0})
    one.seen["started"] = [11.0, 12.0]
    found = changes([one])["started"]
    assert (found["answered_ms"]["last"], found["published_ms"]["last"], found["seen_ms"]["last"]) == (500, 1000, 2000)
    assert changes([one])["groups"]["sessions"] == 0


def test_a_prepared_folder_is_played_once(tmp_path):
    halls = tuple(Hall(f"gid {n}", "a0" * 16, (Guest("b0" * 16, "secret"),) * 50) for n in range(10))
    assert seeded(tmp_path) is None
    note(tmp_path, Seeded(halls))
    found = seeded(tmp_path)
    assert found is not None
    assert chosen(found, 3, 50) == halls[:3]
    assert (tmp_path / "city-minute.json").stat().st_mode & 0o777 == 0o600
    with pytest.raises(EmbeddedError, match="10 conferences of 50"):
        chosen(found, 11, 50)
    note(tmp_path, Seeded(halls, played=True))
    with pytest.raises(EmbeddedError, match="played already"):
        chosen(Seeded(halls, played=True), 3, 50)


def test_the_processor_time_of_a_program_goes_on_when_it_is_started_again():
    pids = {"session": 1}
    meter = Meter(lambda: pids)
    meter._last["session"] = (4_000_000, 7.0)
    assert meter.read()["session"] >= 7.0

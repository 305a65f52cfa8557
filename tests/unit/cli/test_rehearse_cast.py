# SPDX-License-Identifier: Apache-2.0
"""The people of a rehearsal."""

from hypothesis import given
from hypothesis import strategies as st

from services.cli.rehearse.cast import cast
from services.cli.rehearse.record import percentiles


def test_the_same_seed_gives_the_same_people():
    assert cast(2, 50, 28, seed=7) == cast(2, 50, 28, seed=7)


def test_another_seed_gives_other_people():
    assert cast(1, 50, 28, seed=7) != cast(1, 50, 28, seed=8)


@given(st.integers(3, 80), st.integers(0, 1000))
def test_thirty_five_per_cent_of_the_seated_do_not_come(residents, seed):
    (conference,) = cast(1, residents, 28, seed)
    absent = sum(not part.comes for part in conference.residents[:residents])
    assert absent == round(residents * 0.35)


def test_some_of_the_waiting_stand_by():
    (conference,) = cast(1, 50, 28, seed=1)
    assert sum(part.comes for part in conference.residents[50:]) == 5


def test_everybody_has_an_address_of_their_own():
    parts = [part for conference in cast(3, 50, 28, seed=1) for part in conference.residents]
    assert len({part.email for part in parts}) == len(parts)


def test_percentiles_are_by_nearest_rank():
    assert percentiles([float(n) for n in range(1, 101)]) == {"p50": 50.0, "p95": 95.0, "p99": 99.0}


def test_percentiles_of_nothing_are_none():
    assert percentiles([]) == {"p50": None, "p95": None, "p99": None}

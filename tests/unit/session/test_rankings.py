# SPDX-License-Identifier: Apache-2.0
"""Borda's points and Schulze's places, on examples whose results are published, and on drawn ballots."""

from itertools import combinations, pairwise, permutations

from hypothesis import given
from hypothesis import strategies as st

from services.session.methods.rankings import borda, schulze

A, B, C, D, E = range(5)

# Schulze 2011, example 1: 21 voters.
EXAMPLE_1 = [
    *[(A, C, D, B)] * 8, *[(B, A, D, C)] * 2, *[(C, D, B, A)] * 4, *[(D, B, A, C)] * 4, *[(D, C, B, A)] * 3,
]  # fmt: skip

# The example of 45 voters with five candidates in Schulze's first paper (Voting Matters 17, 2003).
FORTY_FIVE = [
    *[(A, C, B, E, D)] * 5, *[(A, D, E, C, B)] * 5, *[(B, E, D, A, C)] * 8, *[(C, A, B, E, D)] * 3,
    *[(C, A, E, B, D)] * 7, *[(C, B, A, D, E)] * 2, *[(D, C, E, B, A)] * 7, *[(E, B, A, D, C)] * 8,
]  # fmt: skip

# The capital of Tennessee, the textbook example: Memphis, Nashville, Chattanooga, Knoxville.
TENNESSEE = [*[(0, 1, 2, 3)] * 42, *[(1, 2, 3, 0)] * 26, *[(2, 3, 1, 0)] * 15, *[(3, 2, 1, 0)] * 17]


def test_forty_five_voters_prefer_e_a_c_b_d():
    places = schulze(5, FORTY_FIVE)
    assert sorted(range(5), key=places.__getitem__) == [E, A, C, B, D]
    assert sorted(places) == [1, 2, 3, 4, 5]


def test_the_first_example_of_the_paper_is_won_by_d():
    assert [option for option, place in enumerate(schulze(4, EXAMPLE_1)) if place == 1] == [D]


def test_the_capital_of_tennessee():
    assert borda(4, TENNESSEE) == [126, 194, 173, 107]
    assert schulze(4, TENNESSEE) == [4, 1, 2, 3]


def test_points_and_decision_may_differ():
    ballots = [*[(A, B, C)] * 3, *[(B, C, A)] * 2]
    assert borda(3, ballots) == [6, 7, 2]
    assert schulze(3, ballots) == [1, 2, 3]


def test_a_ranking_of_one_option_puts_it_above_all_others():
    assert borda(3, [(1,)]) == [0, 2, 0]
    assert schulze(3, [(1,)]) == [2, 1, 2]


def test_a_perfect_circle_is_a_tie():
    assert schulze(3, [(A, B, C), (B, C, A), (C, A, B)]) == [1, 1, 1]


def test_without_ballots_all_are_equal():
    assert (borda(2, []), schulze(2, [])) == ([0, 0], [1, 1])


rankings = st.lists(st.lists(st.integers(0, 4), unique=True, min_size=1).map(tuple), max_size=12)


@given(rankings)
def test_points_are_the_comparisons_that_an_option_wins(ballots):
    def rank(ballot, option):
        return ballot.index(option) if option in ballot else len(ballot)

    won = [sum(rank(ballot, one) < rank(ballot, other) for ballot in ballots for other in range(5)) for one in range(5)]
    assert borda(5, ballots) == won


@given(rankings)
def test_who_beats_every_other_option_is_the_only_first(ballots):
    def prefers(ballot, one, other):
        return one in ballot and (other not in ballot or ballot.index(one) < ballot.index(other))

    def beats(one, other):
        return sum(prefers(b, one, other) for b in ballots) > sum(prefers(b, other, one) for b in ballots)

    winners = [one for one in range(5) if all(beats(one, other) for other in range(5) if other != one)]
    if winners:
        assert [option for option, place in enumerate(schulze(5, ballots)) if place == 1] == winners


@given(rankings, st.permutations(range(5)))
def test_names_of_options_do_not_matter(ballots, names):
    renamed = schulze(5, [tuple(names[option] for option in ballot) for ballot in ballots])
    assert [renamed[names[option]] for option in range(5)] == schulze(5, ballots)


def test_the_strongest_path_is_found_as_by_trying_all_paths():
    def strength(one, other):
        def prefer(a, b):
            return sum(ballot.index(a) < ballot.index(b) for ballot in FORTY_FIVE)

        def link(a, b):
            return prefer(a, b) if prefer(a, b) > prefer(b, a) else 0

        between = [option for option in range(5) if option not in {one, other}]
        paths = [(one, *way, other) for size in range(4) for some in combinations(between, size)
                 for way in permutations(some)]  # fmt: skip
        return max(min(link(a, b) for a, b in pairwise(path)) for path in paths)

    places = schulze(5, FORTY_FIVE)
    for one, other in combinations(range(5), 2):
        assert (places[one] < places[other]) == (strength(one, other) > strength(other, one))

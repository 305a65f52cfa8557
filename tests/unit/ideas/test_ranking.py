# SPDX-License-Identifier: Apache-2.0
"""The corrected ranking does not punish an idea for a severe juror; ties are decided openly."""

import numpy as np
import pytest

from services.ideas.methods.ranking import Score, rank

LOT = b"round"


def test_the_raw_score_is_the_weighted_mean():
    places = rank(["a"], [3, 1], [Score(0, 0, (4, 0)), Score(1, 0, (2, 2))], LOT)
    assert places[0].raw == pytest.approx(2.5)
    assert places[0].reviews == 2


def test_the_idea_of_a_severe_juror_overtakes_that_of_a_mild_one():
    mild = [Score(0, idea, (score,)) for idea, score in enumerate([4, 5, 4, 5, 4])]
    severe = [Score(1, idea, (score,)) for idea, score in zip(range(5, 10), [1, 1, 3, 1, 1], strict=True)]
    ideas = [f"i{n}" for n in range(10)]
    places = {ideas[place.idea]: place for place in rank(ideas, [1], mild + severe, LOT)}
    assert places["i7"].raw < places["i1"].raw
    assert places["i7"].rank < places["i1"].rank


def test_few_reviews_of_a_juror_are_centred_and_not_stretched():
    reviews = [Score(0, 0, (5,)), Score(0, 1, (4,)), Score(1, 0, (2,)), Score(1, 1, (1,))]
    places = rank(["a", "b"], [1], reviews, LOT)
    assert [place.corrected for place in places] == [3.5, 2.5]


def test_a_juror_who_gives_everybody_the_same_is_not_blown_up():
    same = [Score(0, idea, (3,)) for idea in range(5)]
    other = [Score(1, idea, (score,)) for idea, score in enumerate([0, 1, 2, 3, 4])]
    corrected = {place.idea: place.corrected for place in rank(list("abcde"), [1], same + other, LOT)}
    assert all(0 <= value <= 5 for value in corrected.values())
    assert sorted(corrected, key=lambda idea: corrected[idea]) == [0, 1, 2, 3, 4]


def test_a_single_review_is_left_as_it_is():
    assert rank(["a", "b"], [1], [Score(0, 0, (5,)), Score(1, 1, (1,))], LOT)[0].corrected == 5.0


def test_between_equals_the_heaviest_criterion_decides():
    reviews = [Score(0, 0, (2, 4)), Score(0, 1, (3, 1))]
    places = rank(["a", "b"], [3, 1], reviews, LOT)
    assert places[0].raw == places[1].raw
    assert places[0].idea == 1


def test_between_full_equals_a_public_lot_decides():
    reviews = [Score(0, 0, (3,)), Score(0, 1, (3,)), Score(0, 2, (3,))]
    winners = {rank(["a", "b", "c"], [1], reviews, bytes([lot]))[0].idea for lot in range(50)}
    assert winners == {0, 1, 2}
    assert rank(["a", "b", "c"], [1], reviews, LOT) == rank(["a", "b", "c"], [1], reviews, LOT)


def test_an_idea_without_reviews_stands_last():
    places = rank(["a", "b"], [1], [Score(0, 1, (0,))], LOT)
    assert [(place.idea, place.reviews) for place in places] == [(1, 1), (0, 0)]


def test_a_round_without_reviews_still_lists_all_ideas():
    assert [place.rank for place in rank(["a", "b"], [1], [], LOT)] == [1, 2]


def test_correction_finds_better_ideas_than_raw_means_in_a_biased_jury():
    generator = np.random.default_rng(42)
    quality = generator.normal(size=60)
    bias = generator.normal(scale=0.8, size=8)
    reviews = []
    for idea in range(60):
        for juror in generator.choice(8, size=3, replace=False):
            heard = 2.5 + quality[idea] + bias[juror] + generator.normal(scale=0.5)
            reviews.append(Score(int(juror), idea, (int(np.clip(round(heard), 0, 5)),)))
    places = rank([f"i{n}" for n in range(60)], [1], reviews, LOT)
    by_raw = np.corrcoef([place.raw for place in places], [quality[place.idea] for place in places])[0, 1]
    corrected = np.corrcoef([place.corrected for place in places], [quality[place.idea] for place in places])[0, 1]
    assert corrected > by_raw

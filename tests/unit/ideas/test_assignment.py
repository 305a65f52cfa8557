# SPDX-License-Identifier: Apache-2.0
"""Reviews and loads are equal, conflicts are avoided, the same seed gives the same plan."""

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ideas.methods.assignment import assign


def test_every_idea_gets_its_reviews_and_every_juror_the_same_load():
    pairs = assign(np.ones((6, 20), dtype=bool), 3, seed=1)
    assert set(Counter(idea for _, idea in pairs).values()) == {3}
    assert set(Counter(juror for juror, _ in pairs).values()) == {10}
    assert len(set(pairs)) == len(pairs)


def test_the_same_seed_gives_the_same_plan_and_another_seed_another_one():
    allowed = np.ones((5, 15), dtype=bool)
    assert assign(allowed, 3, seed=1) == assign(allowed, 3, seed=1)
    assert assign(allowed, 3, seed=1) != assign(allowed, 3, seed=2)


def test_a_juror_in_conflict_with_all_but_one_idea_does_not_stop_the_round():
    allowed = np.ones((3, 9), dtype=bool)
    allowed[0, 1:] = False
    pairs = assign(allowed, 2, seed=1)
    assert set(Counter(idea for _, idea in pairs).values()) == {2}
    assert all(allowed[juror, idea] for juror, idea in pairs)


def test_an_idea_in_conflict_with_everybody_gets_no_review():
    allowed = np.ones((2, 3), dtype=bool)
    allowed[:, 1] = False
    assert {idea for _, idea in assign(allowed, 2, seed=1)} == {0, 2}


def test_nobody_to_ask_is_an_empty_plan():
    assert assign(np.zeros((2, 3), dtype=bool), 2, seed=1) == []


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 6), st.integers(1, 12), st.integers(1, 4), st.data())
def test_whatever_the_conflicts_nobody_reviews_in_conflict_and_ideas_get_all_they_can(
    jurors: int, ideas: int, wanted: int, data: st.DataObject
):
    cells = data.draw(st.lists(st.booleans(), min_size=jurors * ideas, max_size=jurors * ideas))
    allowed = np.array(cells, dtype=bool).reshape(jurors, ideas)
    pairs = assign(allowed, wanted, seed=7)
    assert all(allowed[pair] for pair in pairs)
    per_idea = Counter(idea for _, idea in pairs)
    for idea in range(ideas):
        assert per_idea[idea] == min(wanted, int(allowed[:, idea].sum()))

# SPDX-License-Identifier: Apache-2.0
"""What was written of an entity is used for the very answers that it was made of, within a bound of bytes."""

import orjson

from gateway.execution.fragments import BESIDE, Fragments

ANSWER, SAME_WORDS = ["answer"], ["answer"]


def test_a_fragment_is_written_once_and_found_again():
    fragments = Fragments()
    assert fragments.get(1, "a", (ANSWER,)) is None
    written = fragments.put(1, "a", (ANSWER,), {"title": "Grün"})
    assert fragments.get(1, "a", (ANSWER,)) is written
    assert orjson.dumps([written]) == '[{"title":"Grün"}]'.encode()


def test_a_fragment_is_good_for_its_own_answers_selection_and_entity_alone():
    fragments = Fragments()
    fragments.put(1, "a", (ANSWER,), {})
    assert fragments.get(1, "a", (SAME_WORDS,)) is None
    assert fragments.get(2, "a", (ANSWER,)) is None
    assert fragments.get(1, "b", (ANSWER,)) is None


def test_a_new_version_takes_the_place_of_the_old_one():
    fragments = Fragments()
    fragments.put(1, "a", (ANSWER,), "old")
    fragments.put(1, "a", (SAME_WORDS,), "new version")
    assert len(fragments) == 1
    assert fragments.size == len('"new version"') + BESIDE


def test_the_oldest_are_forgotten_beyond_the_bound():
    fragments = Fragments(limit=25 + 2 * BESIDE)
    for number in range(10):
        fragments.put(1, str(number), (ANSWER,), "ten bytes!")
    assert fragments.size <= 25 + 2 * BESIDE
    assert [number for number in range(10) if fragments.get(1, str(number), (ANSWER,))] == [8, 9]

# SPDX-License-Identifier: Apache-2.0
"""What residents answer, and how a result is held against it."""

from random import Random
from types import SimpleNamespace

import pytest

from services.cli.rehearse import polls
from services.cli.rehearse.record import Votes

WORDS = ["Licht", "Bäume", "Ruhe"]


def poll(kind, options=0, low=None, high=None):
    return SimpleNamespace(kind=kind, options=[None] * options, at_least=low, at_most=high)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (poll("SINGLE", 3), "option"), (poll("MOOD", 5), "option"), (poll("MULTIPLE", 4, 1, 2), "chosen"),
        (poll("RANKING", 3, 3, 3), "chosen"), (poll("SCALE", 2, 1, 7), "value"), (poll("NUMBER", 0, 0, 40), "value"),
        (poll("WORD_CLOUD"), "words"),
    ],
)  # fmt: skip
def test_every_kind_is_answered_with_its_own_field(asked, field):
    fields, answer = polls.drawn(asked, Random(7), WORDS, ["Wer?"])
    assert list(fields) == [field]
    assert answer


def test_an_answer_to_an_open_question_counts_for_nobody_yet():
    assert polls.drawn(poll("OPEN"), Random(7), WORDS, ["Wer?"]) == ({"words": ["Wer?"]}, {})


def test_support_is_compared_by_the_ids_of_answers():
    result = {"tally": [{"label": "Wer?", "count": 1, "answer": "a"}, {"label": "Wo?", "count": 0, "answer": "b"}]}
    votes = voted({"a": 1}, {})
    assert polls.counted({"kind": "open"}, result, votes) == ({"a": 1, "b": 0}, votes)


def test_a_ranking_counts_as_points():
    fields, answer = polls.drawn(poll("RANKING", 3, 3, 3), Random(7), WORDS, ["Wer?"])
    assert [answer[str(option)] for option in fields["chosen"]] == [2, 1, 0]


def voted(*answers):
    votes = Votes()
    for number, answer in enumerate(answers):
        votes.sent(str(number), answer)
        votes.accept(str(number), answer)
    return votes


def test_numbers_are_compared_by_their_ranges():
    result = {"tally": [{"label": "0–9", "count": 2}, {"label": "10", "count": 1}]}
    tally, votes = polls.counted({"kind": "number"}, result, voted({"3": 1}, {"9": 1}, {"10": 1}))
    assert sorted(map(dict, votes.accepted.values()), key=str) == [{"0–9": 1}, {"0–9": 1}, {"10": 1}]
    assert tally == {"0–9": 2, "10": 1}


def test_a_word_that_several_named_must_be_shown_and_another_need_not():
    votes = voted({"licht": 1, "ruhe": 1}, {"licht": 1})
    assert list(polls.missing_words({"licht": 2}, votes)) == []
    assert list(polls.missing_words({}, votes)) == ["licht was named 2 times and is not shown"]


def test_results_of_too_few_ballots_are_not_compared():
    assert polls.counted({"kind": "single"}, {"tally": None}, voted({"0": 1})) is None

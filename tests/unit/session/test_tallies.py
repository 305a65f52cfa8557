# SPDX-License-Identifier: Apache-2.0
"""What the ballots of a poll say together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.session.domain.poll_facts import MOODS, Asked, Count, Spread, Verdicts
from services.session.domain.script import LocalText
from services.session.methods.tallies import Answer, Result, Written, in_ranges, normalised, result, spread, written
from services.session.methods.words import stem_of

QUESTION = LocalText(de="Was fehlt?", en="What is missing?")
OPTIONS = tuple(LocalText(de=word, en=word) for word in ("Bänke", "Bäume", "Licht"))


def asked(kind, options=(), low=None, high=None):
    return Asked(kind=kind, question=QUESTION, options=options, live=True, at_least=low, at_most=high)


def counts(*pairs):
    return tuple(Count(label=label, count=count) for label, count in pairs)


def test_an_option_that_nobody_chose_is_shown_with_nought():
    answers = [Answer(chosen=(0,)), Answer(chosen=(0,)), Answer(chosen=(2,))]
    assert result(asked("single", OPTIONS), answers) == Result(tally=counts(("Bänke", 2), ("Bäume", 0), ("Licht", 1)))


def test_of_several_options_each_counts():
    answers = [Answer(chosen=(0, 1)), Answer(chosen=(1,)), Answer(chosen=(0, 2))]
    assert result(asked("multiple", OPTIONS, 1, 2), answers).tally == counts(("Bänke", 2), ("Bäume", 2), ("Licht", 1))


def test_moods_are_counted_by_their_names():
    answers = [Answer(chosen=(0,)), Answer(chosen=(4,)), Answer(chosen=(0,))]
    assert [one.count for one in result(asked("mood", MOODS), answers).tally] == [2, 0, 0, 0, 1]


def test_a_scale_shows_every_value_and_the_middle():
    answers = [Answer(value=value) for value in (1, 2, 4, 4, 5)]
    assert result(asked("scale", (), 1, 5), answers) == Result(
        tally=counts(("1", 1), ("2", 1), ("3", 0), ("4", 2), ("5", 1)), spread=Spread(lower=2, median=4, upper=4)
    )


def test_numbers_are_shown_in_ranges_never_one_by_one():
    answers = [Answer(value=value) for value in (0, 9, 40, 100)]
    shown = result(asked("number", (), 0, 100), answers)
    assert [(one.label, one.count) for one in shown.tally if one.count] == [("0–10", 2), ("33–43", 1), ("99–100", 1)]


def test_a_ranking_has_points_to_draw_and_places_to_decide():
    answers = [Answer(chosen=(0, 1, 2)), Answer(chosen=(1, 0)), Answer(chosen=(0,))]
    assert result(asked("ranking", OPTIONS, 1, 3), answers).tally == (
        Count(label="Bänke", count=5, place=1),
        Count(label="Bäume", count=3, place=2),
        Count(label="Licht", count=0, place=3),
    )


@pytest.mark.parametrize("kind", ["single", "scale", "number", "ranking", "word_cloud", "mood"])
def test_nothing_is_said_of_two_people(kind):
    answers = [Answer(chosen=(0,), value=1)] * 2
    assert result(asked(kind, OPTIONS, 1, 3), answers) is None
    assert result(asked(kind, OPTIONS, 1, 3), [*answers, *answers[:1]]) is not None


@given(st.integers(-50, 50), st.integers(1, 500), st.lists(st.integers(0, 10_000)))
def test_every_number_lies_in_one_of_at_most_ten_ranges(low, width, draws):
    high = low + width
    values = [low + draw % (width + 1) for draw in draws]
    shown = in_ranges(low, high, values)
    assert len(shown) <= 10
    assert sum(one.count for one in shown) == len(values)


def test_quartiles_lie_between_the_ordered_values():
    assert spread([1, 2, 3, 4]) == Spread(lower=1.75, median=2.5, upper=3.25)
    assert spread([7]) is None


def test_words_lose_their_needless_spaces():
    assert normalised(["  mehr \t Bäume "]) == ("mehr Bäume",)


def test_a_word_written_twice_in_one_ballot_counts_once():
    assert normalised(["Bäume", "BÄUME", "ba\u0308ume"]) == ("Bäume",)


def test_control_characters_are_no_part_of_a_word():
    assert normalised(["\0Li\x07cht"]) == ("Licht",)


def test_empty_words_are_not_words():
    assert normalised([" ", "\n", "Licht"]) == ("Licht",)


def test_one_ballot_holds_three_words_at_most():
    assert normalised(["a", "b", "c", "d"]) == ("a", "b", "c")


def cloud(*ballots, verdicts=None):
    """The words of a cloud as (word, count), each ballot with its words; the id of a word is its stem."""
    answers = [Answer(words=tuple(Written(stem_of(word), word) for word in words)) for words in ballots]
    found = written(asked("word_cloud"), answers, verdicts or Verdicts())
    return [(one.count.label, one.count.count, one.status) for one in found]


def test_forms_of_a_word_are_one_word_in_its_most_frequent_form():
    assert cloud(("Baum",), ("Bäume",), ("Bäume", "Licht"), ("Licht",)) == [
        ("Bäume", 3, "shown"),
        ("Licht", 2, "shown"),
    ]


def test_two_forms_on_one_ballot_count_once():
    assert cloud(("Baum", "Bäume"), ("Baum",)) == [("Baum", 2, "shown")]


def test_the_order_of_the_ballots_does_not_show_in_the_cloud():
    assert cloud(("licht",), ("Licht",)) == cloud(("Licht",), ("licht",))


def test_a_word_that_one_person_named_is_not_shown():
    assert cloud(("Licht",), ("Licht", "Frau Meier aus der Nummer 7")) == [("Licht", 2, "shown")]


def test_a_word_that_the_filter_holds_waits_for_a_moderator():
    assert cloud(("Idioten",), ("Idiot",)) == [("Idiot", 2, "waiting")]
    shown = Verdicts(shown=frozenset({stem_of("Idiot")}))
    assert cloud(("Idioten",), ("Idiot",), verdicts=shown) == [("Idiot", 2, "shown")]


def test_a_word_that_a_moderator_hid_is_hidden_in_all_its_forms():
    hidden = Verdicts(hidden=frozenset({stem_of("Baum")}))
    assert cloud(("Bäume",), ("Baum",), verdicts=hidden) == [("Baum", 2, "hidden")]


OPEN = asked("open")
LAMPS, BENCHES = Written("a" * 32, "Mehr Lampen?"), Written("b" * 32, "Wo sind die Bänke?")
ASKING = [Answer(words=(LAMPS,)), Answer(words=(BENCHES,), upvotes=(LAMPS.answer,)), Answer(upvotes=(LAMPS.answer,))]


def test_an_answer_waits_until_a_moderator_shows_it():
    assert [one.status for one in written(OPEN, ASKING, Verdicts())] == ["waiting", "waiting"]
    assert result(OPEN, ASKING).tally == ()


def test_answers_are_shown_with_those_who_support_them():
    verdicts = Verdicts(shown=frozenset({LAMPS.answer, BENCHES.answer}))
    assert [(one.label, one.count) for one in result(OPEN, ASKING, verdicts).tally] == [
        ("Mehr Lampen?", 2),
        ("Wo sind die Bänke?", 0),
    ]


def test_an_answer_that_was_hidden_is_not_shown():
    verdicts = Verdicts(shown=frozenset({BENCHES.answer}), hidden=frozenset({LAMPS.answer}))
    assert [one.label for one in result(OPEN, ASKING, verdicts).tally] == ["Wo sind die Bänke?"]

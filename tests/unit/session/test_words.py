# SPDX-License-Identifier: Apache-2.0
"""Which words are one word, and which wait for a person."""

import pytest

from services.session.methods.words import is_held, stem_of


@pytest.mark.parametrize(
    "forms",
    [
        ("Baum", "Bäume", "bäume", "der Baum"),
        ("Bürger", "Bürgerinnen", "Bürger:innen", "Bürger*innen", "Bürger_innen", "BürgerInnen", "Bürger/-innen"),
        ("Nachbar:in", "Nachbar*in", "Nachbar"),
        ("Spielplatz", "Spielplätze", "Spielplätzen"),
        ("mehr Licht", "Mehr  Licht!", "mehr Lichter"),
        ("Begegnung", "Begegnungen"),
        ("💡", "💡"),
    ],
)
def test_forms_of_one_word_are_one(forms):
    assert len({stem_of(form) for form in forms}) == 1


@pytest.mark.parametrize(
    ("one", "other"), [("Bäume", "Bänke"), ("Licht", "mehr Licht"), ("Innenstadt", "Stadt"), ("💡", "🌳")]
)
def test_different_words_stay_apart(one, other):
    assert stem_of(one) != stem_of(other)


def test_a_word_that_tells_nothing_alone_is_kept_when_it_is_all_there_is():
    assert stem_of("und") == "und"


@pytest.mark.parametrize(
    "text",
    [
        "So ein Idiot", "1d10t!", "Idiooooot", "ihr Arschlöcher", "Vollarschlochgasse", "FICKEN",
        "Ruft mich an: 0761 123456",
        "+49 (0)761/12345-6", "ida@example.org", "https://example.org", "www.example.org",
    ],
)  # fmt: skip
def test_what_may_hurt_or_tells_how_to_reach_somebody_waits(text):
    assert is_held(text)


@pytest.mark.parametrize(
    "text",
    [
        "Mehr Bäume",
        "Scheibe",
        "Schweinheim",
        "Sitzbänke am Fluss",
        "2026 bis 2030",
        "79106 Freiburg",
        "50 % mehr",
        "Assistenz",
    ],
)
def test_what_is_harmless_does_not(text):
    assert not is_held(text)

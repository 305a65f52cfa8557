# SPDX-License-Identifier: Apache-2.0
"""What the ballots of a poll say together: numbers in, a picture out.

Nothing is said of few people: with two ballots, each voter would know the other's.
"""

import statistics
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Final, Literal, TypeAlias, assert_never

import msgspec

from services.session.domain.poll_facts import Asked, Count, Spread, Verdicts
from services.session.domain.script import LocalText
from services.session.methods.rankings import borda, schulze
from services.session.methods.words import is_held

FEWEST_BALLOTS: Final = 3
"""With fewer ballots a poll has no results."""

FEWEST_NAMES: Final = 2
"""A word that fewer people named is not shown."""

WORDS_PER_BALLOT: Final = 3
NO_VERDICTS: Final = Verdicts()
Status: TypeAlias = Literal["waiting", "shown", "hidden"]
"""Of a word or an answer: whether it waits for a moderator, everybody sees it, or nobody."""

BINS: Final = 10
"""Numbers are drawn in so many ranges at most."""


class Written(msgspec.Struct, frozen=True):
    """A word or an answer, and its id: the same for all forms of one word, another one for each answer."""

    answer: str
    text: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One ballot, readable.

    Args:
        chosen: options by number; of a ranking the best first.
        value: of a scale or a number.
        words: what was written.
        upvotes: ids of answers of others that the person supports.
    """

    chosen: tuple[int, ...] = ()
    value: int | None = None
    words: tuple[Written, ...] = ()
    upvotes: tuple[str, ...] = ()


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The picture; of scales and numbers with their middle."""

    tally: tuple[Count, ...]
    spread: Spread | None = None


def result(asked: Asked, answers: Collection[Answer], verdicts: Verdicts = NO_VERDICTS) -> Result | None:
    """What the ballots of a poll say together; None when there are too few of them.

    Args:
        asked: the poll.
        answers: the latest of each voter, in any order.
        verdicts: of the moderators on words and answers.
    """
    if len(answers) < FEWEST_BALLOTS:
        return None
    values = [answer.value for answer in answers if answer.value is not None]
    low, high = asked.at_least or 0, asked.at_most or 0
    match asked.kind:
        case "single" | "multiple" | "mood":
            return Result(tally=_options(asked.options, (number for answer in answers for number in answer.chosen)))
        case "scale":
            counted = Counter(values)
            tally = tuple(Count(label=str(value), count=counted[value]) for value in range(low, high + 1))
            return Result(tally=tally, spread=spread(values))
        case "number":
            return Result(tally=in_ranges(low, high, values), spread=spread(values))
        case "ranking":
            return Result(tally=_ranking(asked.options, [answer.chosen for answer in answers]))
        case "word_cloud" | "open":
            return Result(tally=tuple(one.count for one in written(asked, answers, verdicts) if one.status == "shown"))
        case _:
            assert_never(asked.kind)


def _options(options: Sequence[LocalText], chosen: Iterable[int]) -> tuple[Count, ...]:
    """How often each option was chosen, in the order of the options, those that nobody chose included."""
    counted = Counter(chosen)
    return tuple(Count(label=option.de, count=counted[number]) for number, option in enumerate(options))


def _ranking(options: Sequence[LocalText], rankings: Sequence[Sequence[int]]) -> tuple[Count, ...]:
    points, places = borda(len(options), rankings), schulze(len(options), rankings)
    return tuple(
        Count(label=option.de, count=count, place=place)
        for option, count, place in zip(options, points, places, strict=True)
    )


def in_ranges(low: int, high: int, values: Iterable[int]) -> tuple[Count, ...]:
    """How many values lie in each of a few ranges from the lowest on, of equal width; the last may be narrower.

    Args:
        low: the lowest value there can be.
        high: the highest.
        values: all of them within.
    """
    width = -(-(high - low + 1) // BINS)
    counted = Counter((value - low) // width for value in values)
    starts = range(low, high + 1, width)
    return tuple(
        Count(label=_range(start, min(start + width - 1, high)), count=counted[number])
        for number, start in enumerate(starts)
    )


def _range(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}–{last}"


def spread(values: Sequence[int]) -> Spread | None:
    """Median and quartiles; None of fewer than two values.

    Quartiles by linear interpolation between the ordered values (method 7 of Hyndman and Fan, Sample quantiles in
    statistical packages, The American Statistician 50, 1996).
    """
    if len(values) < 2:
        return None
    lower, median, upper = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(lower=lower, median=median, upper=upper)


def normalised(words: Iterable[str]) -> tuple[str, ...]:
    """Words as one ballot holds them: composed, single-spaced, without control characters; none empty, none twice."""
    kept: dict[str, str] = {}
    for word in words:
        spaced = " ".join(unicodedata.normalize("NFC", word).split())
        text = "".join(character for character in spaced if unicodedata.category(character) != "Cc")
        if text:
            kept.setdefault(text.casefold(), text)
    return tuple(kept.values())[:WORDS_PER_BALLOT]


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """A word or an answer with its count, and whether everybody sees it.

    Args:
        held: whether the word filter asks a person to look at it.
    """

    count: Count
    status: Status
    held: bool


def written(asked: Asked, answers: Iterable[Answer], verdicts: Verdicts) -> tuple[Counted, ...]:
    """The words of a cloud or the answers to an open question, those with the highest count first.

    A word is shown at once unless the filter holds it; an answer waits for a moderator. A word that only one person
    named is left out.

    Args:
        asked: the poll.
        answers: the latest ballot of each voter, in any order.
        verdicts: of the moderators.
    """
    ballots = list(answers)
    cloud = asked.kind == "word_cloud"
    forms: dict[str, Counter[str]] = {}
    people: Counter[str] = Counter()
    for ballot in ballots:
        for one in ballot.words:
            forms.setdefault(one.answer, Counter())[one.text] += 1
        people.update({one.answer for one in ballot.words} if cloud else ballot.upvotes)
    found = []
    for answer, texts in forms.items():
        if cloud and people[answer] < FEWEST_NAMES:
            continue
        # The most frequent form; at a tie the first in the alphabet, so that the order of the ballots does not show.
        label = min(texts, key=lambda form: (-texts[form], form))
        held = any(is_held(text) for text in texts)
        waits: Status = "waiting" if held or not cloud else "shown"
        status: Status = "hidden" if answer in verdicts.hidden else "shown" if answer in verdicts.shown else waits
        found.append(Counted(count=Count(label=label, count=people[answer], answer=answer), status=status, held=held))
    return tuple(sorted(found, key=lambda one: (-one.count.count, one.count.label, one.count.answer)))

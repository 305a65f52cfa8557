# SPDX-License-Identifier: Apache-2.0
"""What simulated residents answer to each kind of poll, and whether the result is what they answered."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any

from services.cli.rehearse.record import Answer, Votes

WORDS = 2
FEWEST_BALLOTS, FEWEST_NAMES = 3, 2
"""Of fewer ballots nothing is shown; of words, what so many people named."""


def drawn(
    poll: Any, draw: Random, words: Sequence[str], questions: Sequence[str]
) -> tuple[dict[str, Any], Counter[str]]:
    """A ballot for a poll as the API shows it: the fields of `CastBallot`, and what of it will be in the tally.

    Args:
        poll: kind, options, bounds.
        draw: decides.
        words: to choose from for a cloud.
        questions: to choose from for an open question. Its tally counts who supports an answer, which nobody does yet.

    Raises:
        ValueError: nobody taught residents this kind.
    """
    options = range(len(poll.options))
    match poll.kind:
        case "SINGLE" | "MOOD":
            option = draw.choice(options)
            return {"option": option}, Counter([str(option)])
        case "MULTIPLE":
            chosen = draw.sample(options, draw.randint(poll.at_least, poll.at_most))
            return {"chosen": chosen}, Counter(str(option) for option in chosen)
        case "RANKING":
            ranked = draw.sample(options, draw.randint(poll.at_least, poll.at_most))
            points = {str(option): len(options) - 1 - rank for rank, option in enumerate(ranked)}
            return {"chosen": ranked}, Counter(points)
        case "SCALE" | "NUMBER":
            value = draw.randint(poll.at_least, poll.at_most)
            return {"value": value}, Counter([str(value)])
        case "WORD_CLOUD":
            said = draw.sample(words, WORDS)
            return {"words": said}, Counter(word.casefold() for word in said)
        case "OPEN":
            return {"words": [draw.choice(questions)]}, Counter()
        case kind:
            raise ValueError(f"residents cannot answer a poll of the kind {kind}")


def counted(asked: Mapping[str, Any], closed: Mapping[str, Any], votes: Votes) -> tuple[Answer, Votes] | None:
    """Tally and votes of a closed poll with the same names for what was answered; None when nothing was to be shown.

    Args:
        asked: what the poll asked, as it is stored.
        closed: its result, as it is stored.
        votes: the ballots as their voters know them.
    """
    if closed["tally"] is None:
        return None
    tally = {each["label"]: each["count"] for each in closed["tally"]}
    match asked["kind"]:
        case "word_cloud":
            # A word that too few people named is not shown; nobody can say that it was miscounted.
            shown = {label.casefold(): count for label, count in tally.items()}
            return shown, _named(votes, lambda word: word if word in shown else None)
        case "number":
            return tally, _named(votes, lambda value: next((one for one in tally if _within(int(value), one)), value))
        case "scale":
            return tally, votes
        case "open":
            return {each["answer"]: each["count"] for each in closed["tally"]}, votes
        case _:
            # Answers name options by their numbers, the tally by their German labels.
            numbers = {option["de"]: str(number) for number, option in enumerate(asked["options"])}
            return {numbers[label]: count for label, count in tally.items()}, votes


def missing_words(shown: Answer, votes: Votes) -> Iterator[str]:
    """Words that enough people named for certain and that the cloud does not show."""
    named = Counter[str]()
    for voter, answer in votes.accepted.items():
        if voter not in votes.unknown:
            named.update(answer)
    for word in sorted(named.keys() - shown.keys()):
        if named[word] >= FEWEST_NAMES:
            yield f"{word} was named {named[word]} times and is not shown"


def _named(votes: Votes, name: Any) -> Votes:
    """The same votes with other names for what was answered; those without a name are left out."""

    def renamed(answer: Answer) -> Counter[str]:
        made = Counter[str]()
        for label, count in answer.items():
            if (new := name(label)) is not None:
                made[new] += count
        return made

    made = Votes()
    made.accepted.update({voter: renamed(answer) for voter, answer in votes.accepted.items()})
    made.unknown.update({voter: [renamed(answer) for answer in given] for voter, given in votes.unknown.items()})
    return made


def _within(value: int, label: str) -> bool:
    """Whether a value lies in a range such as `10–19`."""
    first, _, last = label.partition("–")
    return int(first) <= value <= int(last or first)

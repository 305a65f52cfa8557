# SPDX-License-Identifier: Apache-2.0
"""What happened to a poll, and the situation that follows from it; the rule that decides new events is in `poll.py`."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, TypeAlias

import msgspec

from services.chassis.decider import Event
from services.session.domain.script import LocalText, PollKind, PreparedPoll


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked. The bounds are those of `PreparedPoll.bounds`, spelled out; None where a kind has none."""

    kind: PollKind
    question: LocalText
    options: tuple[LocalText, ...]
    live: bool
    at_least: int | None = None
    at_most: int | None = None


MOODS: Final = (
    LocalText(de="sehr gut", en="very good"),
    LocalText(de="gut", en="good"),
    LocalText(de="mittel", en="so-so"),
    LocalText(de="schlecht", en="bad"),
    LocalText(de="sehr schlecht", en="very bad"),
)
"""What people can say of how they feel."""


def asked_of(prepared: PreparedPoll) -> Asked:
    """What a prepared poll asks, with everything that it leaves to its kind."""
    low, high = prepared.bounds or (None, None)
    return Asked(
        kind=prepared.kind,
        question=prepared.question,
        options=MOODS if prepared.kind == "mood" else prepared.options,
        live=prepared.live,
        at_least=low,
        at_most=high,
    )


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """An option (in German), a value or a word, and how many ballots named it.

    Args:
        count: in a ranking the points by which it is drawn.
        place: in a ranking the place in the decision, from 1; equal ones share theirs.
        answer: of a word or an answer: its id, made with the poll's key; 32 hex digits.
    """

    label: str
    count: int
    place: int | None = None
    answer: str | None = None


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """The middle of values: half of them are not above the median, half lie between the quartiles."""

    lower: float
    median: float
    upper: float


# Events ---------------------------------------------------------------------------------------------------------


class PollOpened(Event, frozen=True, kw_only=True):
    """Ballots are welcome. `key` names the poll in the script, None for one that was made up on the spot."""

    TOPIC = "session.poll_opened"
    VERSION = 2

    poll_id: str
    key: str | None
    asked: Asked
    opened_at: datetime

    @staticmethod
    def upcast_v1_v2(fields: dict[str, Any]) -> dict[str, Any]:
        """Version 1 knew no bounds, and held what was asked beside the rest."""
        asked = {name: fields[name] for name in ("kind", "question", "options", "live")}
        return {**{name: fields[name] for name in ("poll_id", "key", "opened_at")}, "asked": asked}


class PollRevealed(Event, frozen=True, kw_only=True):
    """From now on everybody sees the results."""

    TOPIC = "session.poll_revealed"

    poll_id: str


class AnswersModerated(Event, frozen=True, kw_only=True):
    """A moderator looked at words or answers: from now on everybody may see them, or nobody."""

    TOPIC = "session.answers_moderated"

    poll_id: str
    answers: tuple[str, ...]
    show: bool


class PollVotingEnded(Event, frozen=True, kw_only=True):
    """No ballot is accepted any more; the tally follows."""

    TOPIC = "session.poll_voting_ended"

    poll_id: str


class PollClosed(Event, frozen=True, kw_only=True):
    """The result. From now on nobody can say which ballot was whose.

    Args:
        tally: None when too few people voted to show how.
        spread: of scales and numbers.
        hidden: whether it is still to be revealed.
    """

    TOPIC = "session.poll_closed"
    VERSION = 2

    poll_id: str
    ballots: int
    tally: tuple[Count, ...] | None
    spread: Spread | None
    hidden: bool

    @staticmethod
    def upcast_v1_v2(fields: dict[str, Any]) -> dict[str, Any]:
        """In version 1 every result was shown to all."""
        return {**fields, "spread": None, "hidden": False}


PollEvent: TypeAlias = PollOpened | PollRevealed | AnswersModerated | PollVotingEnded | PollClosed


# State ----------------------------------------------------------------------------------------------------------


class Unopened(msgspec.Struct, frozen=True):
    """There is no such poll yet."""


class Verdicts(msgspec.Struct, frozen=True, kw_only=True):
    """The words and answers that a moderator has looked at."""

    shown: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()

    def after(self, answers: Iterable[str], *, show: bool) -> "Verdicts":
        """With another verdict on these."""
        these = frozenset(answers)
        if show:
            return Verdicts(shown=self.shown | these, hidden=self.hidden - these)
        return Verdicts(shown=self.shown - these, hidden=self.hidden | these)


class Open(msgspec.Struct, frozen=True, kw_only=True):
    """People vote."""

    asked: Asked
    opened_at: datetime
    revealed: bool = False
    verdicts: Verdicts = Verdicts()


class Counting(msgspec.Struct, frozen=True, kw_only=True):
    """The voting has ended, the tally is not stored yet."""

    asked: Asked
    opened_at: datetime
    revealed: bool = False
    verdicts: Verdicts = Verdicts()


class Closed(msgspec.Struct, frozen=True, kw_only=True):
    """The tally is stored, the key is destroyed."""

    hidden: bool = False
    verdicts: Verdicts = Verdicts()


Poll: TypeAlias = Unopened | Open | Counting | Closed

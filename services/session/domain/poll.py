# SPDX-License-Identifier: Apache-2.0
"""A live question to everybody: opened, voted on, counted once.

Closing takes two steps. `PollVotingEnded` comes first: every ballot is stored only while the poll's stream
stands where it stood when the poll was opened, so from that moment on none can be added, and what lies in the log
can be counted in peace. `PollClosed` then carries the tally; with it the poll's key is destroyed. A crash between
the two loses nothing: counting again gives the same tally.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeAlias, assert_never

import msgspec

from services.chassis.decider import Command, Decider, Event, Refusal
from services.session.domain.script import LocalText, PollKind

WORDS_PER_BALLOT = 3


def poll_key(conference_id: str, poll_id: str) -> str:
    """The key of a poll's stream; a poll is found only through its own conference."""
    return f"{conference_id}:{poll_id}"


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """An option (in German) or a word, and how many ballots named it."""

    label: str
    count: int


# Events ---------------------------------------------------------------------------------------------------------


class PollOpened(Event, frozen=True, kw_only=True):
    """Ballots are welcome. `key` names the poll in the script, None for one that was made up on the spot."""

    TOPIC = "session.poll_opened"

    poll_id: str
    key: str | None
    kind: PollKind
    question: LocalText
    options: tuple[LocalText, ...]
    live: bool
    opened_at: datetime


class PollVotingEnded(Event, frozen=True, kw_only=True):
    """No ballot is accepted any more; the tally follows."""

    TOPIC = "session.poll_voting_ended"

    poll_id: str


class PollClosed(Event, frozen=True, kw_only=True):
    """The result. From now on nobody can say which ballot was whose."""

    TOPIC = "session.poll_closed"

    poll_id: str
    ballots: int
    tally: tuple[Count, ...]


PollEvent: TypeAlias = PollOpened | PollVotingEnded | PollClosed


# State ----------------------------------------------------------------------------------------------------------


class Unopened(msgspec.Struct, frozen=True):
    """There is no such poll yet."""


class Open(msgspec.Struct, frozen=True, kw_only=True):
    """People vote."""

    kind: PollKind
    options: tuple[LocalText, ...]
    opened_at: datetime


class Counting(msgspec.Struct, frozen=True, kw_only=True):
    """The voting has ended, the tally is not stored yet."""

    kind: PollKind
    options: tuple[LocalText, ...]
    opened_at: datetime


class Closed(msgspec.Struct, frozen=True):
    """The tally is stored, the key is destroyed."""


Poll: TypeAlias = Unopened | Open | Counting | Closed


# Commands and refusals ------------------------------------------------------------------------------------------


class OpenPoll(Command, frozen=True, kw_only=True):
    """Lets people vote."""

    poll_id: str
    key: str | None
    kind: PollKind
    question: LocalText
    options: tuple[LocalText, ...] = ()
    live: bool = True


class EndVoting(Command, frozen=True, kw_only=True):
    """Accepts no more ballots."""

    poll_id: str


class RecordTally(Command, frozen=True, kw_only=True):
    """Stores what was counted after the voting had ended."""

    poll_id: str
    ballots: int
    tally: tuple[Count, ...]


PollCommand: TypeAlias = OpenPoll | EndVoting | RecordTally


class UnknownPoll(Refusal, frozen=True, kw_only=True):
    """There is no such poll."""

    poll_id: str


class PollIsClosed(Refusal, frozen=True, kw_only=True):
    """The voting has ended."""

    poll_id: str


class PollIsOpen(Refusal, frozen=True, kw_only=True):
    """The voting has not ended, so there is nothing to count yet."""

    poll_id: str


# Rule -----------------------------------------------------------------------------------------------------------


def decide(poll: Poll, command: PollCommand) -> Sequence[PollEvent] | Refusal:
    """What follows from a command to one poll."""
    match command:
        case OpenPoll():
            return _open(poll, command)
        case EndVoting(poll_id=poll_id):
            match poll:
                case Unopened():
                    return UnknownPoll(poll_id=poll_id)
                case Open():
                    return [PollVotingEnded(poll_id=poll_id)]
                case Counting() | Closed():
                    return []
                case _:
                    assert_never(poll)
        case RecordTally(poll_id=poll_id, ballots=ballots, tally=tally):
            match poll:
                case Unopened():
                    return UnknownPoll(poll_id=poll_id)
                case Open():
                    return PollIsOpen(poll_id=poll_id)
                case Counting():
                    return [PollClosed(poll_id=poll_id, ballots=ballots, tally=tally)]
                case Closed():
                    return []
                case _:
                    assert_never(poll)
        case _:
            assert_never(command)


def _open(poll: Poll, command: OpenPoll) -> Sequence[PollEvent] | Refusal:
    match poll:
        case Unopened():
            return [
                PollOpened(
                    poll_id=command.poll_id,
                    key=command.key,
                    kind=command.kind,
                    question=command.question,
                    options=command.options,
                    live=command.live,
                    opened_at=command.now,
                )
            ]
        case Open():
            return []
        case Counting() | Closed():
            return PollIsClosed(poll_id=command.poll_id)
        case _:
            assert_never(poll)


def evolve(poll: Poll, event: PollEvent) -> Poll:
    """The poll after an event."""
    match event:
        case PollOpened(kind=kind, options=options, opened_at=opened_at):
            return Open(kind=kind, options=options, opened_at=opened_at)
        case PollVotingEnded():
            # A log in which voting ends before it began was not written by this rule; it counts nothing.
            if not isinstance(poll, Open):
                return poll
            return Counting(kind=poll.kind, options=poll.options, opened_at=poll.opened_at)
        case PollClosed():
            return Closed()
        case _:
            assert_never(event)


POLL: Decider[Poll, PollCommand, PollEvent] = Decider(
    name="session.poll",
    initial=Unopened(),
    decide=decide,
    evolve=evolve,
    events=(PollOpened, PollVotingEnded, PollClosed),
)


# Words and counting ---------------------------------------------------------------------------------------------


def normalised(words: Iterable[str]) -> tuple[str, ...]:
    """Words as one ballot holds them: composed, single-spaced, without control characters; none empty, none twice."""
    kept: dict[str, str] = {}
    for word in words:
        spaced = " ".join(unicodedata.normalize("NFC", word).split())
        text = "".join(character for character in spaced if unicodedata.category(character) != "Cc")
        if text:
            kept.setdefault(text.casefold(), text)
    return tuple(kept.values())[:WORDS_PER_BALLOT]


def count_options(options: Sequence[LocalText], chosen: Iterable[int]) -> tuple[Count, ...]:
    """How often each option was chosen, in the order of the options, those that nobody chose included."""
    counted = Counter(chosen)
    return tuple(Count(label=option.de, count=counted[number]) for number, option in enumerate(options))


def count_words(ballots: Iterable[Sequence[str]]) -> tuple[Count, ...]:
    """How many ballots named each word, the most frequent first.

    Words that differ only in case are one; it is shown in its most frequent written form (at a tie, the first in
    the alphabet, so that the order of the ballots does not show).
    """
    forms: dict[str, Counter[str]] = {}
    for words in ballots:
        for word in words:
            forms.setdefault(word.casefold(), Counter())[word] += 1
    counts = [
        Count(label=min(written, key=lambda form: (-written[form], form)), count=written.total())
        for written in forms.values()
    ]
    return tuple(sorted(counts, key=lambda one: (-one.count, one.label)))

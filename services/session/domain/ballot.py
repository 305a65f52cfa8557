# SPDX-License-Identifier: Apache-2.0
"""What one person answers to one poll: a stream of its own, so that votes never wait for each other.

The stream's id says nothing about the person, and nothing in its events does. The last ballot counts; it may be
changed until the voting ends. Words are sealed under the poll's key, never under the author's, which would name them.
"""

from collections.abc import Sequence
from typing import TypeAlias, assert_never

import msgspec

from services.chassis.decider import Command, Decider, Event, Refusal, Sealed
from services.session.domain.poll import Closed, Counting, Open, Poll, PollIsClosed, UnknownPoll, Unopened
from services.session.domain.script import PollKind

# Event ----------------------------------------------------------------------------------------------------------


class BallotCast(Event, frozen=True, kw_only=True):
    """The person's answer from now on: an option by number, or words."""

    TOPIC = "session.ballot_cast"

    poll_id: str
    option: int | None = None
    words: Sealed | None = None


# State ----------------------------------------------------------------------------------------------------------


class NotVoted(msgspec.Struct, frozen=True):
    """The person has not answered."""


class Voted(msgspec.Struct, frozen=True, kw_only=True):
    """The person's latest answer."""

    option: int | None
    words: Sealed | None


Ballot: TypeAlias = NotVoted | Voted


# Command and refusals -------------------------------------------------------------------------------------------


class CastBallot(Command, frozen=True, kw_only=True):
    """Answers, or answers differently.

    Args:
        poll: the poll as the handler saw it; the append is void when it has changed since.
        option: number of an option, counted from 0.
        words: normalised and sealed under the poll's key, so that equal words give equal boxes.
    """

    poll_id: str
    poll: Poll
    option: int | None = None
    words: Sealed | None = None


class UnknownOption(Refusal, frozen=True, kw_only=True):
    """The poll has `options` options, numbered from 0; `option` is none of them."""

    option: int
    options: int


class BallotDoesNotFit(Refusal, frozen=True, kw_only=True):
    """A poll of this kind is answered otherwise: `single` by exactly one option, `word_cloud` by one to three words."""

    kind: PollKind


# Rule -----------------------------------------------------------------------------------------------------------


def decide(ballot: Ballot, command: CastBallot) -> Sequence[BallotCast] | Refusal:
    """What follows when a person votes."""
    match command.poll:
        case Unopened():
            return UnknownPoll(poll_id=command.poll_id)
        case Counting() | Closed():
            return PollIsClosed(poll_id=command.poll_id)
        case Open(kind=kind, options=options):
            refusal = _misfit(command, kind, len(options))
        case _:
            assert_never(command.poll)
    if refusal is not None:
        return refusal
    if isinstance(ballot, Voted) and (ballot.option, ballot.words) == (command.option, command.words):
        return []
    return [BallotCast(poll_id=command.poll_id, option=command.option, words=command.words)]


def _misfit(command: CastBallot, kind: PollKind, options: int) -> Refusal | None:
    match kind:
        case "single":
            if command.option is None or command.words is not None:
                return BallotDoesNotFit(kind=kind)
            if not 0 <= command.option < options:
                return UnknownOption(option=command.option, options=options)
            return None
        case "word_cloud":
            return BallotDoesNotFit(kind=kind) if command.words is None or command.option is not None else None
        case _:
            assert_never(kind)


def evolve(_: Ballot, event: BallotCast) -> Ballot:
    """The ballot after an event."""
    return Voted(option=event.option, words=event.words)


BALLOT: Decider[Ballot, CastBallot, BallotCast] = Decider(
    name="session.ballot", initial=NotVoted(), decide=decide, evolve=evolve, events=(BallotCast,)
)

# SPDX-License-Identifier: Apache-2.0
"""What one person answers to one poll: a stream of its own, so that votes never wait for each other.

The stream's id says nothing about the person, and nothing in its events does. The last ballot counts; it may be
changed until the voting ends. Words are sealed under the poll's key, never under the author's, which would name them.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias, assert_never

import msgspec

from services.chassis.decider import Command, Decider, Event, Refusal, Sealed
from services.session.domain.poll import PollIsClosed, UnknownPoll
from services.session.domain.poll_facts import Asked, Closed, Counting, Open, Poll, Unopened
from services.session.domain.script import PollKind

# Event ----------------------------------------------------------------------------------------------------------


class BallotCast(Event, frozen=True, kw_only=True):
    """The person's answer from now on: options by number, in a ranking the best first; or a value; or words."""

    TOPIC = "session.ballot_cast"
    VERSION = 2

    poll_id: str
    chosen: tuple[int, ...] = ()
    value: int | None = None
    words: Sealed | None = None

    @staticmethod
    def upcast_v1_v2(fields: dict[str, Any]) -> dict[str, Any]:
        """Version 1 held one option or words."""
        option = fields.get("option")
        chosen = [] if option is None else [option]
        return {"poll_id": fields["poll_id"], "chosen": chosen, "words": fields.get("words")}


class AnswersUpvoted(Event, frozen=True, kw_only=True):
    """The answers of others that the person supports from now on, by their ids."""

    TOPIC = "session.answers_upvoted"

    poll_id: str
    answers: tuple[str, ...]


BallotEvent: TypeAlias = BallotCast | AnswersUpvoted


# State ----------------------------------------------------------------------------------------------------------


class NotVoted(msgspec.Struct, frozen=True):
    """The person has not answered."""


class Voted(msgspec.Struct, frozen=True, kw_only=True):
    """The person's latest answer, and the answers of others that they support."""

    chosen: tuple[int, ...] = ()
    value: int | None = None
    words: Sealed | None = None
    upvotes: tuple[str, ...] = ()


Ballot: TypeAlias = NotVoted | Voted


# Command and refusals -------------------------------------------------------------------------------------------


class CastBallot(Command, frozen=True, kw_only=True):
    """Answers, or answers differently.

    Args:
        poll: the poll as the handler saw it; the append is void when it has changed since.
        chosen: numbers of options, counted from 0.
        value: of a scale or a number.
        words: normalised and sealed under the poll's key, so that equal words give equal boxes.
    """

    poll_id: str
    poll: Poll
    chosen: tuple[int, ...] = ()
    value: int | None = None
    words: Sealed | None = None


class UnknownOption(Refusal, frozen=True, kw_only=True):
    """The poll has `options` options, numbered from 0; `option` is none of them."""

    option: int
    options: int


class UpvoteAnswers(Command, frozen=True, kw_only=True):
    """Supports answers of others: these and no other ones.

    Args:
        poll: as in `CastBallot`.
    """

    poll_id: str
    poll: Poll
    answers: tuple[str, ...]


BallotCommand: TypeAlias = CastBallot | UpvoteAnswers


class UnknownAnswer(Refusal, frozen=True, kw_only=True):
    """There is no such answer that everybody sees."""

    answer_id: str


class BallotDoesNotFit(Refusal, frozen=True, kw_only=True):
    """A poll of this kind is answered otherwise: `single` and `mood` by one option, `multiple` and `ranking` by several
    different ones, `scale` and `number` by a value, `word_cloud` and `open` by words."""

    kind: PollKind


class WrongNumberOfOptions(Refusal, frozen=True, kw_only=True):
    """The poll wants from `at_least` to `at_most` different options on a ballot."""

    at_least: int
    at_most: int


class ValueOutOfBounds(Refusal, frozen=True, kw_only=True):
    """The poll takes values from `lowest` to `highest`."""

    lowest: int
    highest: int


# Rule -----------------------------------------------------------------------------------------------------------


def decide(ballot: Ballot, command: BallotCommand) -> Sequence[BallotEvent] | Refusal:
    """What follows when a person votes."""
    match command.poll:
        case Unopened():
            return UnknownPoll(poll_id=command.poll_id)
        case Counting() | Closed():
            return PollIsClosed(poll_id=command.poll_id)
        case Open() as poll:
            before = ballot if isinstance(ballot, Voted) else Voted()
        case _:
            assert_never(command.poll)
    match command:
        case CastBallot():
            refusal = _misfit(command, poll.asked)
            if refusal is not None:
                return refusal
            if (before.chosen, before.value, before.words) == (command.chosen, command.value, command.words):
                return []
            return [
                BallotCast(poll_id=command.poll_id, chosen=command.chosen, value=command.value, words=command.words)
            ]
        case UpvoteAnswers():
            if poll.asked.kind != "open":
                return BallotDoesNotFit(kind=poll.asked.kind)
            for answer in command.answers:
                if answer not in poll.verdicts.shown:
                    return UnknownAnswer(answer_id=answer)
            answers = tuple(sorted(set(command.answers)))
            return [] if answers == before.upvotes else [AnswersUpvoted(poll_id=command.poll_id, answers=answers)]
        case _:
            assert_never(command)


def _misfit(command: CastBallot, asked: Asked) -> Refusal | None:
    holds = (bool(command.chosen), command.value is not None, command.words is not None)
    low, high = asked.at_least or 0, asked.at_most or 0
    match asked.kind:
        case "single" | "mood" | "multiple" | "ranking":
            if holds != (True, False, False):
                return BallotDoesNotFit(kind=asked.kind)
            for option in command.chosen:
                if not 0 <= option < len(asked.options):
                    return UnknownOption(option=option, options=len(asked.options))
            if asked.at_least is None:
                return None if len(command.chosen) == 1 else BallotDoesNotFit(kind=asked.kind)
            if len(set(command.chosen)) < len(command.chosen) or not low <= len(command.chosen) <= high:
                return WrongNumberOfOptions(at_least=low, at_most=high)
        case "scale" | "number":
            if command.value is None or holds != (False, True, False):
                return BallotDoesNotFit(kind=asked.kind)
            if not low <= command.value <= high:
                return ValueOutOfBounds(lowest=low, highest=high)
        case "word_cloud" | "open":
            if holds != (False, False, True):
                return BallotDoesNotFit(kind=asked.kind)
        case _:
            assert_never(asked.kind)
    return None


def evolve(ballot: Ballot, event: BallotEvent) -> Ballot:
    """The ballot after an event."""
    before = ballot if isinstance(ballot, Voted) else Voted()
    match event:
        case BallotCast():
            return msgspec.structs.replace(before, chosen=event.chosen, value=event.value, words=event.words)
        case AnswersUpvoted(answers=answers):
            return msgspec.structs.replace(before, upvotes=answers)
        case _:
            assert_never(event)


BALLOT: Decider[Ballot, BallotCommand, BallotEvent] = Decider(
    name="session.ballot", initial=NotVoted(), decide=decide, evolve=evolve, events=(BallotCast, AnswersUpvoted)
)

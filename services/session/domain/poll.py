# SPDX-License-Identifier: Apache-2.0
"""A live question to everybody: opened, voted on, counted once.

Closing takes two steps. `PollVotingEnded` comes first: a ballot is stored only while the poll's stream stands where
it stood when the ballot was decided upon, so from that moment on none can be added, and what lies in the log can be
counted in peace. (A moderator's click in between lets the ballot be decided upon once more.) `PollClosed` then carries
the tally; with it the poll's key is destroyed. A crash between the two loses nothing: counting again gives the same
tally.

The results of a `live` poll are drawn while people vote; of any other nobody sees them until a moderator reveals them,
before the close or after it.
"""

from collections.abc import Sequence
from typing import TypeAlias, assert_never

import msgspec

from services.chassis.decider import Command, Decider, Refusal
from services.session.domain.poll_facts import (
    AnswersModerated,
    Asked,
    Closed,
    Count,
    Counting,
    Open,
    Poll,
    PollClosed,
    PollEvent,
    PollOpened,
    PollRevealed,
    PollVotingEnded,
    Spread,
    Unopened,
    Verdicts,
)


def poll_key(conference_id: str, poll_id: str) -> str:
    """The key of a poll's stream; a poll is found only through its own conference."""
    return f"{conference_id}:{poll_id}"


# Commands and refusals ------------------------------------------------------------------------------------------


class OpenPoll(Command, frozen=True, kw_only=True):
    """Lets people vote."""

    poll_id: str
    key: str | None
    asked: Asked


class RevealPoll(Command, frozen=True, kw_only=True):
    """Shows the results to everybody; those of a live poll are shown already."""

    poll_id: str


class ModerateAnswers(Command, frozen=True, kw_only=True):
    """Shows words or answers to everybody, or hides them."""

    poll_id: str
    answers: tuple[str, ...]
    show: bool


class EndVoting(Command, frozen=True, kw_only=True):
    """Accepts no more ballots."""

    poll_id: str


class RecordTally(Command, frozen=True, kw_only=True):
    """Stores what was counted after the voting had ended."""

    poll_id: str
    ballots: int
    tally: tuple[Count, ...] | None
    spread: Spread | None = None


PollCommand: TypeAlias = OpenPoll | RevealPoll | ModerateAnswers | EndVoting | RecordTally


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
        case RevealPoll(poll_id=poll_id):
            match poll:
                case Unopened():
                    return UnknownPoll(poll_id=poll_id)
                case Open() | Counting():
                    shown = poll.asked.live or poll.revealed
                case Closed():
                    shown = not poll.hidden
                case _:
                    assert_never(poll)
            return [] if shown else [PollRevealed(poll_id=poll_id)]
        case ModerateAnswers():
            return _moderate(poll, command)
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
        case RecordTally(poll_id=poll_id):
            match poll:
                case Unopened():
                    return UnknownPoll(poll_id=poll_id)
                case Open():
                    return PollIsOpen(poll_id=poll_id)
                case Counting():
                    hidden = not (poll.asked.live or poll.revealed)
                    return [
                        PollClosed(
                            poll_id=poll_id,
                            ballots=command.ballots,
                            tally=command.tally,
                            spread=command.spread,
                            hidden=hidden,
                        )
                    ]
                case Closed():
                    return []
                case _:
                    assert_never(poll)
        case _:
            assert_never(command)


def _open(poll: Poll, command: OpenPoll) -> Sequence[PollEvent] | Refusal:
    match poll:
        case Unopened():
            return [PollOpened(poll_id=command.poll_id, key=command.key, asked=command.asked, opened_at=command.now)]
        case Open():
            return []
        case Counting() | Closed():
            return PollIsClosed(poll_id=command.poll_id)
        case _:
            assert_never(poll)


def _moderate(poll: Poll, command: ModerateAnswers) -> Sequence[PollEvent] | Refusal:
    """Until the voting ends both ways; what was counted can still be hidden, and no more be added."""
    match poll:
        case Unopened():
            return UnknownPoll(poll_id=command.poll_id)
        case Counting() | Closed() if command.show:
            return PollIsClosed(poll_id=command.poll_id)
        case Open() | Counting() | Closed():
            already = poll.verdicts.shown if command.show else poll.verdicts.hidden
        case _:
            assert_never(poll)
    new = tuple(answer for answer in dict.fromkeys(command.answers) if answer not in already)
    return [AnswersModerated(poll_id=command.poll_id, answers=new, show=command.show)] if new else []


def evolve(poll: Poll, event: PollEvent) -> Poll:
    """The poll after an event."""
    match event:
        case PollOpened(asked=asked, opened_at=opened_at):
            return Open(asked=asked, opened_at=opened_at)
        case PollRevealed():
            match poll:
                case Open() | Counting():
                    return msgspec.structs.replace(poll, revealed=True)
                case Closed():
                    return msgspec.structs.replace(poll, hidden=False)
                case Unopened():
                    return poll
                case _:
                    assert_never(poll)
        case AnswersModerated(answers=answers, show=show):
            if isinstance(poll, Unopened):
                return poll
            return msgspec.structs.replace(poll, verdicts=poll.verdicts.after(answers, show=show))
        case PollVotingEnded():
            # A log in which voting ends before it began was not written by this rule; it counts nothing.
            if not isinstance(poll, Open):
                return poll
            return Counting(asked=poll.asked, opened_at=poll.opened_at, revealed=poll.revealed, verdicts=poll.verdicts)
        case PollClosed(hidden=hidden):
            return Closed(hidden=hidden, verdicts=Verdicts() if isinstance(poll, Unopened) else poll.verdicts)
        case _:
            assert_never(event)


POLL: Decider[Poll, PollCommand, PollEvent] = Decider(
    name="session.poll",
    initial=Unopened(),
    decide=decide,
    evolve=evolve,
    events=(PollOpened, PollRevealed, AnswersModerated, PollVotingEnded, PollClosed),
)

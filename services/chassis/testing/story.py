# SPDX-License-Identifier: Apache-2.0
"""Given / when / then for one decider.

story = Story(POLL)
story.given(PollOpened(...)).when(ClosePoll(...)).then(PollClosed(...))
story.given(PollClosed(...)).when(CastVote(...)).refused(PollIsClosed)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from services.chassis.decider import Command, Decider, Event, Refusal

S = TypeVar("S")
C = TypeVar("C", bound=Command)
E = TypeVar("E", bound=Event)


@dataclass(frozen=True)
class Outcome(Generic[S, E]):
    """What a command led to, with the assertions a rule's test makes about it."""

    before: S
    result: Sequence[E] | Refusal
    after: S

    def then(self, *expected: E) -> "Outcome[S, E]":
        """Exactly these events were decided; none means that nothing happened."""
        assert not isinstance(self.result, Refusal), f"refused: {self.result}"
        assert list(self.result) == list(expected)
        return self

    def refused(self, expected: type[Refusal] | Refusal) -> None:
        """The command was refused: with this type, or with exactly this refusal."""
        if isinstance(expected, type):
            assert isinstance(self.result, expected), f"not refused with {expected.__name__}: {self.result}"
        else:
            assert self.result == expected

    @property
    def events(self) -> Sequence[E]:
        """The decided events, for assertions about one part of them."""
        assert not isinstance(self.result, Refusal), f"refused: {self.result}"
        return self.result


@dataclass(frozen=True)
class Given(Generic[S, C, E]):
    """A stream with a history."""

    decider: Decider[S, C, E]
    state: S

    def given(self, *events: E) -> "Given[S, C, E]":
        """The same stream after these events too."""
        return Given(self.decider, self.decider.fold(self.state, events))

    def when(self, *commands: C) -> Outcome[S, E]:
        """Decides the commands one after the other; the outcome is that of the last one."""
        state = self.state
        for command in commands[:-1]:
            result = self.decider.decide(state, command)
            assert not isinstance(result, Refusal), f"{command} was refused: {result}"
            state = self.decider.fold(state, result)
        result = self.decider.decide(state, commands[-1])
        after = state if isinstance(result, Refusal) else self.decider.fold(state, result)
        return Outcome(state, result, after)


class Story(Given[S, C, E]):
    """The empty stream of a decider: where every story starts."""

    def __init__(self, decider: Decider[Any, Any, Any]) -> None:
        super().__init__(decider, decider.initial)

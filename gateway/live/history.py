# SPDX-License-Identifier: Apache-2.0
"""What the views of a hub were a moment ago: so that who comes back hears only what has changed meanwhile."""

import time
from collections import deque
from collections.abc import Callable
from typing import Any

from gateway.live.views import Key

KEEP_SECONDS = 60.0
"""Real time for which answers are kept after newer ones came."""

KEEP_VERSIONS = 64
"""Answers that are kept of one view at most."""


class History:
    """Every change of a view is a generation. For a generation that is still known, all views can be told as they were.

    Args:
        seconds: real time for which answers are kept.
        versions: answers that are kept of one view.
        now: real time in seconds; tests bring their own.

    Attributes:
        generation: the newest one.
    """

    def __init__(
        self,
        *,
        seconds: float = KEEP_SECONDS,
        versions: int = KEEP_VERSIONS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.generation = 1
        self._seconds = seconds
        self._versions = versions
        self._now = now
        self._since = 1
        self._answers: dict[Key, deque[tuple[int, float, Any]]] = {}

    def note(self, key: Key, answer: Any) -> None:
        """A view has a new answer; None: it has none any more."""
        self.generation += 1
        now = self._now()
        self._answers.setdefault(key, deque()).append((self.generation, now, answer))
        for kept in self._answers.values():  # also of views that do not change any more
            self._forget_old(kept, now)

    def _forget_old(self, kept: deque[tuple[int, float, Any]], now: float) -> None:
        # An answer was true until the next one came: that one's age decides.
        while len(kept) > 1 and (len(kept) > self._versions or kept[1][1] < now - self._seconds):
            kept.popleft()
            self._since = max(self._since, kept[0][0])

    def forget(self) -> None:
        """Nothing before this moment can be told any more."""
        self.generation += 1
        self._since = self.generation
        for key, kept in list(self._answers.items()):
            self._answers[key] = deque([kept[-1]])

    def at(self, generation: int) -> dict[Key, Any] | None:
        """All views as they were at a generation; None when that is not known any more, or never was."""
        if not self._since <= generation <= self.generation:
            return None
        found = {}
        for key, kept in self._answers.items():
            answer = next((answer for number, _, answer in reversed(kept) if number <= generation), None)
            if answer is not None:
                found[key] = answer
        return found

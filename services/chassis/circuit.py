# SPDX-License-Identifier: Apache-2.0
"""A circuit breaker for one service: nobody waits for one that keeps silent (M. Nygard, Release It!, 2007)."""

import math
from dataclasses import dataclass

BREAK_SECONDS = 1.0
"""Real time between two attempts to ask a service that keeps silent."""


@dataclass(slots=True)
class Circuit:
    """Stops asking a service that keeps silent: one that answered nothing at all while somebody waited in vain is
    asked once a second, until it answers.

    All instants are of one monotonic clock, in seconds.

    Attributes:
        heard_at: when it answered last.
        silent: whether it is asked only now and then.
        open_until: when it may be asked again while it is silent.
    """

    heard_at: float = -math.inf
    silent: bool = False
    open_until: float = 0.0

    def lets_through(self, now: float) -> bool:
        """Whether to ask. One who tries a silent service stands for all: they would wait together, and in vain."""
        if not self.silent:
            return True
        if now < self.open_until:
            return False
        self.open_until = now + BREAK_SECONDS
        return True

    def answered(self, now: float) -> None:
        """Something was answered, whatever it was."""
        self.heard_at, self.silent = now, False

    def failed(self, asked_at: float, now: float) -> None:
        """A question had no answer in time: the fault of the service, unless it answered others meanwhile."""
        if self.heard_at < asked_at:
            self.silent, self.open_until = True, now + BREAK_SECONDS

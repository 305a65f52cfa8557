# SPDX-License-Identifier: Apache-2.0
"""How often a client may ask: the generic cell rate algorithm, one float of memory per client."""

import time
from collections import OrderedDict
from collections.abc import Callable


class Gcra:
    """Lets each client through at a rate, with bursts.

    Args:
        rate: operations a second in the long run.
        burst: operations at once.
        size: how many clients are remembered; the one not seen for longest is forgotten first.
        now: real time in seconds; tests bring their own.
    """

    def __init__(
        self, rate: float, burst: int, *, size: int = 100_000, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._interval = 1.0 / rate
        self._tolerance = self._interval * (burst - 1)
        self._size = size
        self._now = now
        self._due: OrderedDict[str, float] = OrderedDict()

    def take(self, client: str) -> float:
        """0 when the client may go on (which counts), else the real seconds to wait."""
        now = self._now()
        due = max(self._due.get(client, now), now)
        wait = due - self._tolerance - now
        if wait > 0:
            return wait
        self._due[client] = due + self._interval
        self._due.move_to_end(client)
        if len(self._due) > self._size:
            self._due.popitem(last=False)
        return 0.0

# SPDX-License-Identifier: Apache-2.0
"""What is said while a server is away: that it went, that it is back, and in between not more than now and then."""

import time
from collections.abc import Callable

import nats.errors
import structlog

log = structlog.get_logger()

SILENCE_SECONDS = 30.0


class Seldom:
    """Tells when something that happens again and again is worth a line.

    Args:
        seconds: real time for which nothing more is said of the same thing.
        clock: seconds that only ever grow; tests give their own.
    """

    def __init__(self, seconds: float = SILENCE_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._said: dict[str, float] = {}

    def due(self, what: str) -> bool:
        """Whether `what` was not said for a while; then it counts as said now."""
        now = self._clock()
        said = self._said.get(what)
        if said is not None and now - said < self._seconds:
            return False
        self._said[what] = now
        return True

    def forget(self) -> None:
        """It is over: the next time is said at once."""
        self._said.clear()


class Link:
    """The lines about one connection to NATS.

    Args:
        clock: see `Seldom`.

    The client reports every failed attempt to connect, several a second: one line says that NATS is away, one every
    half minute that it still is, and one that it is back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.away = True
        self._seldom = Seldom(clock=clock)

    def found(self) -> None:
        """The first connection is there."""
        self.away = False
        self._seldom.forget()

    def lost(self) -> None:
        """The connection broke, or was closed by the server."""
        if not self.away:
            self.away = True
            self._seldom.due("away")
            log.warning("nats disconnected")

    def back(self) -> None:
        """The connection is there again."""
        self.found()
        log.info("nats reconnected")

    def failed(self, error: BaseException) -> None:
        """The client reports an error: of an attempt to connect, or of the connection that it has."""
        kind = type(error).__name__
        if self.away:
            if self._seldom.due("away"):
                log.warning("nats is away", error=kind)
        elif not isinstance(error, nats.errors.UnexpectedEOF) and self._seldom.due(kind):  # `lost` follows at once
            log.warning("nats error", error=kind)

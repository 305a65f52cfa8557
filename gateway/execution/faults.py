# SPDX-License-Identifier: Apache-2.0
"""Defects: clients get a trace, the log gets the place, and neither is flooded.

Of each kind of line a few a minute are written; the next one that is tells how many were not.
"""

import logging
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable, Sequence

import structlog
from graphql import GraphQLError

from gateway.metrics import FAULTS
from services.chassis.telemetry import trace_of, traceparent_of

log = structlog.get_logger()

LINES = 10
SECONDS = 60.0
KINDS = 500


class Throttle:
    """Tells which lines are worth writing.

    Args:
        lines: of one kind within the time.
        seconds: real time.
        kinds: that are told apart; the one not met for longest is forgotten first.
        now: real time in seconds; tests bring their own.
    """

    def __init__(
        self,
        lines: int = LINES,
        seconds: float = SECONDS,
        *,
        kinds: int = KINDS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lines = lines
        self._seconds = seconds
        self._kinds = kinds
        self._now = now
        self._met: OrderedDict[str, tuple[float, int, int]] = OrderedDict()

    def due(self, kind: str) -> int | None:
        """How many lines of this kind were left out before this one; None when this one is left out as well."""
        now = self._now()
        began, written, left_out = self._met.get(kind, (now, 0, 0))
        if now - began >= self._seconds:
            began, written = now, 0
        due = written < self._lines
        self._met[kind] = (began, written + 1, 0) if due else (began, written, left_out + 1)
        self._met.move_to_end(kind)
        if len(self._met) > self._kinds:
            self._met.popitem(last=False)
        return left_out if due else None


FAULTS_SAID = Throttle()
_TRACE = "_quartier_trace"


def note_trace(error: BaseException) -> None:
    """Notes with an exception which trace it ends: whoever says it to the client may stand outside that.

    Args:
        error: what was raised.
    """
    vars(error)[_TRACE] = trace_of(traceparent_of()) or ""


def note_traces(errors: Sequence[GraphQLError]) -> None:
    """Notes with what led to errors of an operation which trace it is of.

    Args:
        errors: of a result.
    """
    for error in errors:
        if error.original_error is not None:
            note_trace(error.original_error)


def fault(error: BaseException, *, path: object = None) -> str:
    """Logs a defect, where one of its kind was not logged too often; the trace under which it can be found.

    Args:
        error: what was raised.
        path: of the field that failed.
    """
    trace: str = vars(error).get(_TRACE) or trace_of(traceparent_of()) or ""
    kind = type(error).__name__
    FAULTS.labels(kind).inc()
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    unsaid = FAULTS_SAID.due(f"{kind} {place}")
    if unsaid is not None:
        log.error("an operation failed", error_trace=trace, path=path, unsaid=unsaid, exc_info=error)
    return trace


class FewLines(logging.Filter):
    """Lets few lines of each kind through: what libraries say of their clients' mistakes."""

    def __init__(self) -> None:
        super().__init__()
        self._throttle = Throttle()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line is written."""
        unsaid = self._throttle.due(f"{record.name} {record.msg}")
        if unsaid:
            record.msg = f"{record.msg} ({unsaid} more were not written)"
        return unsaid is not None

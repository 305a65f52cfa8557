# SPDX-License-Identifier: Apache-2.0
"""What an operator sees of operations: one span each, figures by name, and those that took long."""

import asyncio
import time
from collections.abc import Callable
from functools import cache
from types import TracebackType
from typing import Self

import structlog
from graphql import GraphQLError
from prometheus_client import Counter, Histogram

from gateway.execution.faults import Throttle, note_trace
from gateway.execution.registry import OTHER, Operation
from gateway.metrics import OPERATION_SECONDS, OPERATIONS, POINTS
from gateway.schema.relay import BadCursor, BadId, BadPage
from services.chassis.requests import Refused
from services.chassis.telemetry import Kind, span

log = structlog.get_logger()

SLOW = Throttle()

# To find the figure of some labels takes longer than to count; of all of them there are a few hundred.
_operations: Callable[..., Counter] = cache(OPERATIONS.labels)
_seconds: Callable[..., Histogram] = cache(OPERATION_SECONDS.labels)
_points: Callable[..., Counter] = cache(POINTS.labels)


class Observed:
    """One operation while it runs, as a context.

    Args:
        operation: which.
        transport: `http`, `websocket` or `sse`.
        slow_seconds: real time from which on it is slow.
        traceparent: of the request.

    Attributes:
        outcome: how it ends.
        cost: points that were paid for it.
    """

    __slots__ = ("_began", "_operation", "_slow_seconds", "_span", "_transport", "cost", "outcome")

    def __init__(self, operation: Operation, transport: str, slow_seconds: float, traceparent: str | None) -> None:
        self._operation = operation
        self._transport = transport
        self._slow_seconds = slow_seconds
        self._span = span(f"{operation.kind.value} {operation.label}", traceparent, Kind.SERVER)
        self.outcome = "ok"
        self.cost = 0

    def __enter__(self) -> Self:
        self._span.__enter__()
        self._began = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            note_trace(error)
            if self.outcome == "ok":
                self.outcome = _outcome(error)
        seconds, label = time.perf_counter() - self._began, self._operation.label
        _operations(label, self._transport, self.outcome).inc()
        _seconds(label).observe(seconds)
        _points(label).inc(self.cost)
        if seconds >= self._slow_seconds and (more := SLOW.due(label)) is not None:
            log.warning(
                "slow operation",
                operation=label,
                document=self._operation.key.hex(),
                seconds=round(seconds, 3),
                points=self.cost,
                outcome=self.outcome,
                unsaid=more,
            )
        self._span.__exit__(kind, error, trace)


def observing(
    operation: Operation, transport: str, *, slow_seconds: float = float("inf"), traceparent: str | None = None
) -> Observed:
    """Counts an operation, and logs it when it took long: its name and its document's hash, never its variables.

    Args:
        operation: which.
        transport: `http`, `websocket` or `sse`.
        slow_seconds: real time from which on it is slow.
        traceparent: of the request.
    """
    return Observed(operation, transport, slow_seconds, traceparent)


def _outcome(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "late"
    if isinstance(error, asyncio.CancelledError):
        return "cancelled"
    return "errors" if isinstance(error, Refused | GraphQLError | BadId | BadCursor | BadPage) else "fault"


def turned_away(transport: str, outcome: str) -> None:
    """Counts a request that never became an operation.

    Args:
        transport: `http`, `websocket` or `sse`.
        outcome: `rejected` or `limited`.
    """
    OPERATIONS.labels(OTHER, transport, outcome).inc()

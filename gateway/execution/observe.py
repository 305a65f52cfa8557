# SPDX-License-Identifier: Apache-2.0
"""What an operator sees of operations: one span each, figures by name, and those that took long."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

import structlog
from graphql import GraphQLError
from prometheus_client import Counter, Histogram

from gateway.execution.faults import Throttle
from gateway.execution.registry import OTHER, Operation
from gateway.metrics import OPERATION_SECONDS, OPERATIONS, POINTS
from gateway.schema.relay import BadCursor, BadId, BadPage
from services.chassis.requests import Refused
from services.chassis.telemetry import span

log = structlog.get_logger()

SLOW = Throttle()

# To find the figure of some labels takes longer than to count; of all of them there are a few hundred.
_operations: Callable[..., Counter] = cache(OPERATIONS.labels)
_seconds: Callable[..., Histogram] = cache(OPERATION_SECONDS.labels)
_points: Callable[..., Counter] = cache(POINTS.labels)


class Observed:
    """One operation while it runs.

    Attributes:
        outcome: how it ends.
        cost: points that were paid for it.
    """

    __slots__ = ("cost", "outcome")

    def __init__(self) -> None:
        self.outcome = "ok"
        self.cost = 0


@contextmanager
def observing(
    operation: Operation, transport: str, *, slow_seconds: float = float("inf"), traceparent: str | None = None
) -> Iterator[Observed]:
    """Counts an operation, and logs it when it took long: its name and its document's hash, never its variables.

    Args:
        operation: which.
        transport: `http`, `websocket` or `sse`.
        slow_seconds: real time from which on it is slow.
        traceparent: of the request.
    """
    observed, began = Observed(), time.perf_counter()
    with span(f"{operation.kind.value} {operation.label}", traceparent):
        try:
            yield observed
        except BaseException as error:
            if observed.outcome == "ok":
                observed.outcome = _outcome(error)
            raise
        finally:
            seconds = time.perf_counter() - began
            _operations(operation.label, transport, observed.outcome).inc()
            _seconds(operation.label).observe(seconds)
            _points(operation.label).inc(observed.cost)
            if seconds >= slow_seconds and (more := SLOW.due(operation.label)) is not None:
                log.warning(
                    "slow operation",
                    operation=operation.label,
                    document=operation.key.hex(),
                    seconds=round(seconds, 3),
                    points=observed.cost,
                    outcome=observed.outcome,
                    unsaid=more,
                )


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

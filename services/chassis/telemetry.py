# SPDX-License-Identifier: Apache-2.0
"""Logs, traces and metrics of one process. None of them ever holds a name, a text or a ballot.

A trace id runs through every process by the header `traceparent` (W3C), also where no exporter is configured:
logs and faults name it. Spans are recorded only when `OTEL_TRACES_EXPORTER` names an installed exporter; they have a
name, a kind, times and the type of an exception, and nothing else that could be somebody's.
"""

import logging
import os
import random
import re
import sys
import traceback
from collections.abc import MutableMapping
from contextlib import AbstractContextManager, nullcontext
from contextvars import Context, ContextVar, copy_context
from importlib.metadata import entry_points
from typing import Any

import structlog
from opentelemetry import trace as otel
from opentelemetry.context import Context as Parent
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator
from prometheus_client import Counter, Gauge, Histogram

from services.chassis.settings import BadSettings

TRACEPARENT = "traceparent"

Kind = otel.SpanKind
"""`SERVER` answers somebody, `CLIENT` asks and waits, `CONSUMER` does what follows from an event."""

_FORM = re.compile(r"^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$")
_current: ContextVar[str] = ContextVar("traceparent", default="")
_NOTHING = nullcontext()
_ids = random.Random()  # noqa: S311 -- no secret is made of it
"""Makes the ids of traces: they must differ, and need not ask the system for each."""


class _Tracing:
    """Whether spans are recorded in this process; decided once, by `configure`."""

    provider: TracerProvider | None = None
    tracer: otel.Tracer | None = None


class _Ids(IdGenerator):
    """Makes ids; a step that continues a trace without a parent gets the id of that trace."""

    continued = 0

    def generate_trace_id(self) -> int:
        """An id of 128 bits."""
        return self.continued or _ids.getrandbits(128) or 1

    def generate_span_id(self) -> int:
        """An id of 64 bits."""
        return _ids.getrandbits(64) or 1


_IDS = _Ids()


# --- metrics ---------------------------------------------------------------------------------------------

REQUESTS = Counter("quartier_requests_total", "Answered requests", ["service", "name", "outcome"])
REQUEST_SECONDS = Histogram(
    "quartier_request_seconds",
    "Real time from the arrival of a request to its answer",
    ["service", "name"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
REQUESTS_RUNNING = Gauge("quartier_requests_running", "Requests that were accepted and not answered", ["service"])
RELAY_POSITION = Gauge("quartier_relay_position", "Position up to which the log was relayed", ["service"])
RELAY_LAG = Gauge("quartier_relay_lag", "Positions of the log that were not relayed yet", ["service"])
RELAY_AGE = Gauge(
    "quartier_relay_oldest_seconds", "Real time for which the oldest unrelayed event has been waiting", ["service"]
)
RELAY_HALTED = Gauge("quartier_relay_halted", "1 when stream and log contradict each other", ["service"])
RELAYED = Counter("quartier_relayed_total", "Contract events put into JetStream", ["service"])
CONSUMED = Counter("quartier_consumed_total", "Consumed contract events", ["service", "source", "outcome"])
CONSUMER_WAITING = Gauge("quartier_consumer_waiting", "Received and not yet applied events", ["service", "source"])
PARKED = Gauge("quartier_parked_conferences", "Conferences that wait for an operator", ["service", "source"])
LEASED = Gauge("quartier_leased_partitions", "Partitions whose commands this replica answers", ["service"])
TIMERS_FIRED = Counter("quartier_timers_fired_total", "Timers that fired", ["service", "kind", "outcome"])
LIVE_SENT = Counter("quartier_live_changes_total", "Live changes sent", ["service", "name"])


# --- logs ------------------------------------------------------------------------------------------------


def configure(service: str, *, level: int = logging.INFO) -> None:
    """Sets up logs (JSON lines on standard output) and, where an exporter is named, traces.

    Args:
        service: name of the process in every line.
        level: the lowest level of own lines; libraries are heard from warnings up.

    Raises:
        BadSettings: `OTEL_TRACES_EXPORTER` names an exporter that is not installed.
    """
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        with_trace,
        without_texts,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processor=structlog.processors.JSONRenderer(), foreign_pre_chain=shared, keep_exc_info=False
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    structlog.contextvars.bind_contextvars(service=service)
    _configure_traces(service)


def with_trace(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Says within which trace a line was written."""
    trace = trace_of(_current.get())
    return entry if trace is None else {"trace": trace, **entry}


def without_texts(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Says which exception happened where, and neither its text nor any value: they may be somebody's words."""
    given = entry.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        entry["exception"] = type(error).__qualname__
        entry["where"] = [
            f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)
        ]
        if error.__cause__ is not None:
            entry["cause"] = type(error.__cause__).__qualname__
    return entry


def _configure_traces(service: str) -> None:
    name = os.environ.get("OTEL_TRACES_EXPORTER", "none")
    if name == "none":
        return
    found = entry_points(group="opentelemetry_traces_exporter", name=name)
    if not found:
        raise BadSettings(
            f"OTEL_TRACES_EXPORTER is {name!r}, which is not installed: install its package or set it to none"
        )
    record(service, BatchSpanProcessor(next(iter(found)).load()()))


def record(service: str, processor: SpanProcessor) -> None:
    """Records spans from now on; which of them, `OTEL_TRACES_SAMPLER` says.

    Args:
        service: name of the process.
        processor: takes the spans that have ended.
    """
    resource = Resource.create({"service.name": f"quartier-{service}"})
    provider = TracerProvider(resource=resource, id_generator=_IDS)
    provider.add_span_processor(processor)
    _Tracing.provider, _Tracing.tracer = provider, provider.get_tracer("quartier")


def shut_down() -> None:
    """Sends what the exporter still holds."""
    if _Tracing.provider is not None:
        _Tracing.provider.shutdown()


# --- traces ----------------------------------------------------------------------------------------------


def trace_of(traceparent: str | None) -> str | None:
    """The trace id (32 hex digits) of a `traceparent`, None when it is not one."""
    match = _FORM.match(traceparent or "")
    return match[1] if match else None


def traceparent_of(trace: str | None = None) -> str:
    """The value of the header `traceparent` for what is sent now: of the present span, or of `trace`."""
    current = _current.get()
    if current and trace in (None, trace_of(current)):
        return current
    made = f"{_ids.getrandbits(192):048x}"
    return f"00-{trace or made[16:]}-{made[:16]}-00"


def span(name: str, traceparent: str | None = None, kind: Kind = Kind.INTERNAL) -> AbstractContextManager[str]:
    """A step of work within a trace; logs written inside carry the trace id.

    Where spans are recorded, this is one: below the span of `traceparent`, if its sender recorded that, and otherwise
    below nothing. What follows from an event is the first span of its process in the event's trace: an event outlives
    the step that led to it, and does not tell whether that was recorded.

    Args:
        name: what is done, without ids, for example `command OpenPoll`.
        traceparent: of the message that caused it; None continues the present trace or starts one.
        kind: of the step.

    Returns:
        A context that yields the trace id, 32 hex digits.
    """
    known = traceparent if traceparent and trace_of(traceparent) else _current.get()
    if _Tracing.tracer is None:
        return _Step(known or traceparent_of())
    return _Recorded(_Tracing.tracer, name, known, kind)


def hop(name: str) -> AbstractContextManager[object]:
    """A question to another process: a span where spans are recorded, and nothing otherwise.

    Args:
        name: what is asked, without ids.
    """
    return _NOTHING if _Tracing.tracer is None else span(name, kind=Kind.CLIENT)


def within(traceparent: str | None) -> AbstractContextManager[str]:
    """Continues the trace of a message without a step of its own; logs written inside carry the trace id.

    Args:
        traceparent: of the message; None continues the present trace or starts one.
    """
    return _Step(traceparent if traceparent and trace_of(traceparent) else traceparent_of())


def apart() -> Context:
    """The context of a task that outlives the step in which it starts, and belongs to no trace."""
    context = copy_context()
    context.run(_current.set, "")
    return context


class _Step:
    """What runs within a trace. A class, not a generator: every request passes here."""

    __slots__ = ("_before", "_traceparent")

    def __init__(self, traceparent: str) -> None:
        self._traceparent = traceparent

    def __enter__(self) -> str:
        self._before = _current.set(self._traceparent)
        return trace_of(self._traceparent) or ""

    def __exit__(self, *_: object) -> None:
        _current.reset(self._before)


class _Recorded(_Step):
    """A step whose span is recorded, if the sampler wants it.

    An exception leaves its type with the span and not its text, which may be somebody's words.
    """

    __slots__ = ("_kind", "_known", "_name", "_span", "_tracer")

    def __init__(self, tracer: otel.Tracer, name: str, known: str, kind: Kind) -> None:
        super().__init__(known)
        self._tracer = tracer
        self._name = name
        self._known = known
        self._kind = kind

    def __enter__(self) -> str:
        follows = self._kind is Kind.CONSUMER
        _IDS.continued = int(trace_of(self._known) or "0", 16) if follows else 0
        parent = Parent() if follows else _parent(self._known)
        self._span = self._tracer.start_span(
            self._name, parent, self._kind, record_exception=False, set_status_on_exception=False
        )
        _IDS.continued = 0
        it = self._span.get_span_context()
        if it.is_valid:
            self._traceparent = f"00-{it.trace_id:032x}-{it.span_id:016x}-{it.trace_flags:02x}"
        else:  # the SDK is disabled
            self._traceparent = self._known or traceparent_of()
        return super().__enter__()

    def __exit__(self, *raised: object) -> None:
        kind = raised[0]
        if isinstance(kind, type):
            self._span.set_status(otel.StatusCode.ERROR, kind.__qualname__)
        self._span.end()
        super().__exit__()


def _parent(traceparent: str) -> Parent:
    found = _FORM.match(traceparent)
    if found is None:
        return Parent()
    trace, above, flags = (int(part, 16) for part in found.groups())
    return otel.set_span_in_context(
        otel.NonRecordingSpan(otel.SpanContext(trace, above, is_remote=True, trace_flags=otel.TraceFlags(flags))),
        Parent(),
    )

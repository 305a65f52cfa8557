# SPDX-License-Identifier: Apache-2.0
"""Traces run through, and logs hold no text of an exception."""

import os
import subprocess
import sys

import pytest
import structlog
from opentelemetry.trace import SpanKind, StatusCode

from services.chassis.settings import BadSettings
from services.chassis.telemetry import (
    Kind,
    apart,
    configure,
    hop,
    span,
    trace_of,
    traceparent_of,
    with_trace,
    within,
    without_texts,
)

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"


def test_a_step_continues_the_trace_of_its_message():
    with span("command OpenPoll", PARENT) as trace:
        assert trace == TRACE
        assert trace_of(traceparent_of()) == TRACE


def test_a_step_without_a_message_starts_a_trace():
    with span("timer rings") as one:
        pass
    with span("timer rings") as two:
        assert one != two


@pytest.mark.parametrize("damaged", ["", "x", PARENT.upper(), PARENT + "-x", None, PARENT.replace(TRACE, "0" * 32)])
def test_a_damaged_traceparent_is_no_trace(damaged):
    assert trace_of(damaged) is None


def test_logs_within_a_step_carry_its_trace():
    with span("command OpenPoll", PARENT):
        assert with_trace(None, "info", {"event": "opened"})["trace"] == TRACE
    assert "trace" not in with_trace(None, "info", {"event": "waits"})


def test_an_exception_is_logged_by_type_and_place_without_its_text():
    try:
        raise ValueError("Anna lives at Lindenweg 4")
    except ValueError:
        entry = without_texts(None, "error", {"event": "failed", "exc_info": True})
    assert entry["exception"] == "ValueError"
    assert "test_telemetry.py" in entry["where"][0]
    assert "Anna" not in str(entry)


def test_an_exporter_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "postcard")
    with pytest.raises(BadSettings, match="OTEL_TRACES_EXPORTER"):
        configure("session")
    structlog.reset_defaults()


def test_an_exporter_is_given_a_step_nobody_else_began():
    code = "from services.chassis.telemetry import *; configure('x')\nwith span('query GetPoll'): pass\nshut_down()"
    named = {**os.environ, "OTEL_TRACES_EXPORTER": "console"}
    run = subprocess.run([sys.executable, "-c", code], env=named, capture_output=True, text=True, check=True)
    assert '"name": "query GetPoll"' in run.stdout


def test_a_step_nobody_else_began_is_the_root_of_its_trace(spans):
    with span("query GetPoll", kind=Kind.SERVER) as trace:
        pass
    (recorded,) = spans.get_finished_spans()
    assert (recorded.parent, recorded.kind) == (None, SpanKind.SERVER)
    assert f"{recorded.context.trace_id:032x}" == trace


def test_a_step_is_below_the_span_of_who_asked(spans):
    with span("query GetPoll", PARENT, Kind.SERVER) as trace, hop("ask registration GetNames"):
        sent = traceparent_of()
    asking, step = spans.get_finished_spans()
    assert (trace, f"{step.parent.span_id:016x}") == (TRACE, "b7ad6b7169203331")
    assert (asking.parent.span_id, asking.kind) == (step.context.span_id, SpanKind.CLIENT)
    assert sent == f"00-{TRACE}-{asking.context.span_id:016x}-01"


def test_what_its_sender_does_not_record_is_not_recorded_here(spans):
    with span("query GetPoll", PARENT[:-1] + "0") as trace:
        assert (trace, traceparent_of()[-2:]) == (TRACE, "00")
    assert spans.get_finished_spans() == ()


def test_what_follows_from_an_event_is_recorded_in_its_trace(spans):
    with span("policy PollOpened", PARENT[:-1] + "0", Kind.CONSUMER) as trace, span("step"):
        pass
    inner, recorded = spans.get_finished_spans()
    assert (recorded.parent, f"{recorded.context.trace_id:032x}", trace) == (None, TRACE, TRACE)
    assert inner.parent.span_id == recorded.context.span_id
    with span("timer rings") as other:
        assert other != TRACE


def test_a_span_tells_the_type_of_an_exception_and_not_its_text(spans):
    with pytest.raises(ValueError, match="Anna"), span("command OpenPoll"):
        raise ValueError("Anna lives at Lindenweg 4")
    (recorded,) = spans.get_finished_spans()
    assert (recorded.status.status_code, recorded.status.description) == (StatusCode.ERROR, "ValueError")
    assert "Anna" not in recorded.to_json()


def test_a_question_alone_makes_no_span_where_none_are_recorded():
    with span("command OpenPoll", PARENT), hop("ask registration GetNames"):
        assert traceparent_of() == PARENT


def test_what_belongs_to_a_message_without_being_a_step_is_in_its_trace(spans):
    with within(PARENT) as trace:
        assert trace == TRACE
    assert spans.get_finished_spans() == ()


def test_a_task_that_outlives_its_step_is_in_no_trace():
    with span("command OpenPoll", PARENT):
        assert apart().run(traceparent_of) != PARENT
        assert traceparent_of() == PARENT

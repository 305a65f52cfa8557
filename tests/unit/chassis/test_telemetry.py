# SPDX-License-Identifier: Apache-2.0
"""Traces run through, and logs hold no text of an exception."""

import pytest
import structlog

from services.chassis.settings import BadSettings
from services.chassis.telemetry import configure, span, trace_of, traceparent_of, with_trace, without_texts

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


@pytest.mark.parametrize("damaged", ["", "x", PARENT.upper(), PARENT + "-x", None])
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

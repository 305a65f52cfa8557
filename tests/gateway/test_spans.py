# SPDX-License-Identifier: Apache-2.0
"""Where an exporter is configured, an operation is one span, and so is each question over NATS, at both of its ends."""

from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from gateway.execution.registry import OTHER
from services.contracts import session
from tests.gateway.city import CONFERENCE, START, City
from tests.gateway.conftest import Address
from tests.gateway.pictures import GID, until
from tests.gateway.test_expected_position import PAUSE
from tests.gateway.test_socket import INIT, hear, opened, say, subscribe

TRACE = "ab" * 16
SAMPLED = {"traceparent": f"00-{TRACE}-{'cd' * 8}-01"}
EVENING = "query Anna($id: ID!) { conference(id: $id) { session { status } details { title } polls { ballots } } }"


def named(spans: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [one for one in spans.get_finished_spans() if one.name == name]


async def traced(spans: InMemorySpanExporter, name: str) -> tuple[ReadableSpan, list[tuple[str, str]]]:
    """The one span of an operation, and name and kind of all others in its trace, those of services too."""
    (operation,) = named(spans, name)
    others: list[ReadableSpan] = []

    def all_answered() -> bool:
        others[:] = [
            one
            for one in spans.get_finished_spans()
            if one.context.trace_id == operation.context.trace_id and one is not operation
        ]
        # A service's span ends a moment after its answer was sent.
        return 2 * sum(one.kind.name == "SERVER" for one in others) == len(others)

    await until(all_answered)
    return operation, sorted((one.name, one.kind.name) for one in others)


async def test_an_operation_is_one_span_and_each_question_one_at_either_end(
    city: City, gateway: Address, spans: InMemorySpanExporter
) -> None:
    token = city.issuer.staff()
    await gateway.ask("{ viewer { kind } }", token)  # the keys of its issuer are known from now on
    spans.clear()
    assert "errors" not in await gateway.ask(EVENING, token, id=GID)
    operation, others = await traced(spans, f"query {OTHER}")
    assert (operation.kind.name, operation.parent) == ("SERVER", None)
    assert others == [
        ("ask registration GetConference", "CLIENT"),
        ("ask session Many", "CLIENT"),  # two questions, one message
        ("query GetConference", "SERVER"),
        ("query Many", "SERVER"),
    ]
    assert len(named(spans, "ask session Many")) == 1


async def test_a_command_is_asked_in_the_trace_of_its_mutation(
    city: City, gateway: Address, spans: InMemorySpanExporter
) -> None:
    token = city.issuer.staff()
    await gateway.ask("{ viewer { kind } }", token)
    spans.clear()
    given = {"idempotencyKey": "1", "conferenceId": GID}
    assert "errors" not in await gateway.ask(PAUSE, token, SAMPLED, input=given)
    operation, others = await traced(spans, f"mutation {OTHER}")
    assert f"{operation.context.trace_id:032x}" == TRACE
    assert operation.parent is not None
    assert f"{operation.parent.span_id:016x}" == "cd" * 8
    assert others == [("ask session PauseSession", "CLIENT"), ("command PauseSession", "SERVER")]
    ((_, context),) = city.commands
    assert context.trace == TRACE


async def test_a_client_that_does_not_record_is_not_recorded(
    city: City, gateway: Address, spans: InMemorySpanExporter
) -> None:
    await gateway.ask(EVENING, city.issuer.staff(), {"traceparent": SAMPLED["traceparent"][:-1] + "0"}, id=GID)
    assert named(spans, f"query {OTHER}") == []


async def test_spans_hold_neither_variables_nor_anything_of_a_person(
    city: City, gateway: Address, spans: InMemorySpanExporter
) -> None:
    given = {"idempotencyKey": "1", "conferenceId": GID}
    await gateway.ask(PAUSE, city.issuer.staff(), input=given)
    await gateway.ask(EVENING, city.issuer.resident(), id=GID)
    assert spans.get_finished_spans()
    for one in spans.get_finished_spans():
        assert (dict(one.attributes or {}), one.events, one.links) == ({}, (), ())


async def test_a_defect_is_told_under_the_trace_of_its_operation(
    city: City, gateway: Address, spans: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("the password is 1234")

    monkeypatch.setattr("gateway.schema.query.list_ideas", fail)
    answer = await gateway.ask("{ ideas { nodes { id } } }")
    (operation,) = named(spans, f"query {OTHER}")
    assert answer["errors"][0]["extensions"]["trace"] == f"{operation.context.trace_id:032x}"
    told = await gateway.ask("{ ideas { nodes { id } } }", headers=SAMPLED)
    assert told["errors"][0]["extensions"]["trace"] == TRACE
    assert "1234" not in "".join(one.to_json() for one in spans.get_finished_spans())


async def test_an_operation_that_breaks_is_told_under_its_trace_and_marked(
    city: City, gateway: Address, spans: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("the password is 1234")

    monkeypatch.setattr(gateway.gateway.door.engine, "begin", fail)
    answer = await gateway.ask("{ viewer { kind } }")
    (operation,) = named(spans, f"query {OTHER}")
    assert answer["errors"][0]["extensions"]["trace"] == f"{operation.context.trace_id:032x}"
    assert operation.status.description == "RuntimeError"


async def test_what_is_asked_for_subscribers_later_is_no_part_of_the_first_ones_operation(
    city: City, gateway: Address, spans: InMemorySpanExporter
) -> None:
    document = "subscription($id: ID!) { conferenceChanges(conferenceId: $id) { __typename } }"
    async with opened(gateway) as socket:
        await say(socket, {**INIT, "payload": {"authorization": f"Bearer {city.issuer.staff()}"}})
        await hear(socket)
        await say(socket, subscribe(document, id=GID))
        await hear(socket)
        (operation,) = named(spans, f"subscription {OTHER}")
        spans.clear()
        await city.tell(session.SessionPaused(at=START, conference_id=CONFERENCE, run=1))
        await until(lambda: named(spans, "ask session GetSession"))
        (asked,) = named(spans, "ask session GetSession")
        assert asked.context.trace_id != operation.context.trace_id

# SPDX-License-Identifier: Apache-2.0
"""The rate of one client, and the weight of one document."""

import traceback

import pytest
from graphql import parse
from hypothesis import given
from hypothesis import strategies as st

from gateway.backends import command_id
from gateway.door import positions
from gateway.execution.engine import Engine, Rejected
from gateway.execution.weight import Limits, weigh
from gateway.limits import Gcra
from gateway.schema.build import build_schema, core
from services.chassis.identity import Actor

SCHEMA = core(build_schema())


class Time:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_a_burst_goes_through_and_then_the_rate_holds():
    time = Time()
    gate = Gcra(2.0, 3, now=time)
    assert [gate.take("a") for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    time.now = 0.5
    assert [gate.take("a") for _ in range(2)] == [0.0, 0.5]


def test_clients_do_not_pay_for_each_other():
    gate = Gcra(1.0, 1, now=Time())
    assert (gate.take("a"), gate.take("b")) == (0.0, 0.0)
    assert gate.take("a") > 0


def test_a_bounded_number_of_clients_is_remembered():
    gate = Gcra(1.0, 1, size=2, now=Time())
    assert [gate.take(client) for client in ("a", "b", "c", "a")] == [0.0, 0.0, 0.0, 0.0]


@given(st.lists(st.floats(0, 3), max_size=60))
def test_in_no_span_more_goes_through_than_burst_and_rate_allow(pauses):
    time = Time()
    gate = Gcra(2.0, 4, now=time)
    passed = []
    for pause in pauses:
        time.now += pause
        if gate.take("a") == 0.0:
            passed.append(time.now)
    for first, begin in enumerate(passed):
        for last in range(first, len(passed)):
            assert last - first + 1 <= 4 + 2.0 * (passed[last] - begin) + 1e-6


@pytest.mark.parametrize(
    ("query", "depth", "cost"),
    [
        ("{ serverTime }", 1, 0),
        ("{ viewer { kind } }", 2, 1),
        ("{ ideas { nodes { title } } }", 3, 100),
        ("{ ideas(first: 2) { nodes { authors { id } } } }", 4, 2 * (1 + 1 + 10)),
        ("query($n: Int) { ideas(first: $n) { edges { node { title } } } }", 4, 100 * 3),
    ],
)
def test_a_document_costs_the_objects_it_may_make(query, depth, cost):
    weight = weigh(SCHEMA, parse(query))
    assert (weight.depth, weight.cost) == (depth, cost)


def test_a_cycle_of_fragments_is_weighed_all_the_same():
    weigh(SCHEMA, parse("{ viewer { ...a } } fragment a on Viewer { ...b } fragment b on Viewer { ...a }"))


def test_the_heaviest_operation_counts():
    weight = weigh(SCHEMA, parse("query A { serverTime } query B { viewer { kind } }"))
    assert weight.cost == 1


def test_what_is_too_much_is_named():
    assert "depth" in (Limits(depth=1).exceeded(weigh(SCHEMA, parse("{ viewer { kind } }"))) or "")


@pytest.mark.parametrize(
    "query",
    [
        "{" + "viewer { kind } " * 300 + "}",
        "{" + " ".join(f"...F{n}" for n in range(150)) + "}"
        + " ".join(f"fragment F{n} on Query {{ viewer {{ kind }} }}" for n in range(150)),
    ],
)  # fmt: skip
def test_what_would_take_seconds_to_compare_is_not_compared(query):
    with pytest.raises(Rejected, match="rejected") as rejected:
        Engine(SCHEMA).prepared(query)
    assert rejected.value.errors[0].extensions == {"code": "DOCUMENT_TOO_HEAVY"}


def test_a_document_that_is_rejected_again_and_again_keeps_nothing_of_those_who_sent_it():
    engine, depths = Engine(SCHEMA), set()
    for _ in range(5):
        with pytest.raises(Rejected) as rejected:
            engine.prepared("{ nonsense }")
        depths.add(len(list(traceback.walk_tb(rejected.value.__traceback__))))
    assert len(depths) == 1


def test_a_page_of_any_size_is_weighed():
    assert weigh(SCHEMA, parse("{ ideas(first: " + "9" * 5000 + ") { nodes { title } } }")).cost == 200


def test_the_same_key_of_the_same_actor_is_the_same_command():
    anna, ben = Actor(id="a" * 32, kind="resident"), Actor(id="b" * 32, kind="resident")
    assert command_id(anna, "k") == command_id(anna, "k")
    assert len({command_id(anna, "k"), command_id(anna, "l"), command_id(ben, "k")}) == 3


def test_positions_are_read_by_service_and_nonsense_is_ignored():
    assert positions("session/e:1, ideas/f:2, nonsense") == {"session": "e:1", "ideas": "f:2"}
    assert positions(None) == {}

# SPDX-License-Identifier: Apache-2.0
"""Documents that are small to send and would be huge to answer are turned away before any work is done for them.

What is asserted is work: the nodes that are looked at, whatever the machine. The time is printed.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from typing import Any, cast

import pytest

from gateway.context import Context
from gateway.execution.engine import Engine
from gateway.execution.params import Params, Rejected
from gateway.schema.build import build_schema, core

SCHEMA = core(build_schema())


def fragments(levels: int) -> str:
    """Each fragment spreads the next one twice: 2 to the power of the levels."""
    chain = "".join(
        f" fragment f{n} on Conference {{ a{n}: polls {{ id }} ...f{n + 1} b{n}: polls {{ id }} ...f{n + 1} }}"
        for n in range(levels)
    )
    return f'{{ conference(id: "x") {{ ...f0 }} }}{chain} fragment f{levels} on Conference {{ id }}'


def objects(levels: int) -> str:
    """Each level of fragments has two objects of the next one."""
    ideas = 'conference(id: "x") { ideas { nodes { authors { id } } } }'
    chain = "".join(f" fragment o{n} on Query {{ a{n}: {ideas} ...o{n + 1} ...o{n + 1} }}" for n in range(levels))
    return f"{{ ...o0 }}{chain} fragment o{levels} on Query {{ serverTime }}"


BOMBS = {
    "fragments in fragments": fragments(30),
    "objects in fragments": objects(30),
    "aliases": "{" + " ".join(f"a{n}: ideas(first: 100) {{ nodes {{ id }} }}" for n in range(300)) + "}",
    "directives": "{ serverTime " + "@include(if: true) " * 1000 + "}",
    "directives on many fields": "{" + " ".join(f"a{n}: serverTime @skip(if: false)" for n in range(60)) + "}",
    "introspection in circles": "{ __schema { types { fields { type { fields { type { fields { type { fields { type"
    " { fields { name } } } } } } } } } } } }",
    "introspection again and again": "{" + " ".join(f"a{n}: __schema {{ types {{ name }} }}" for n in range(100)) + "}",
    "the same field again and again": "{" + "serverTime " * 1000 + "}",
    "pages of pages": "{ conferences(first: 100) { nodes { ideas(first: 100) { nodes { authors { id } } } } } }",
    "nested lists": "query($v: [ID!]!) { nodes(ids: $v) { id } }".replace(
        "$v: [ID!]!", "$v: " + "[" * 500 + "ID" + "]" * 500
    ),
    "depth": "{" + "conference(id: 1) { ideas { nodes { authors { " * 300 + "id" + "} } } }" * 300 + "}",
    "a circle of fragments": "{ viewer { ...a } } fragment a on Viewer { ...b } fragment b on Viewer { ...a }",
    "many variables": "query(" + " ".join(f"$v{n}: Int" for n in range(600)) + ") { serverTime }",
    "lines": "\n" * 15_000 + "{ nonsense }",
    "many operations": " ".join(f"query q{n} {{ serverTime }}" for n in range(450)),
}

REGISTER = "mutation($i: RegisterInput!) { register(input: $i) { __typename } }"
ANNOUNCE = "mutation($i: AnnounceConferencesInput!) { announceConferences(input: $i) { __typename } }"
NODES = "query($i: [ID!]!) { nodes(ids: $i) { id } }"
FLOODS: dict[str, tuple[str, Any]] = {
    "fields that there are not": (REGISTER, {f"k{n}": 1 for n in range(5_800)}),
    "items without anything": (ANNOUNCE, {"items": [{}] * 15_000}),
    "lists in place of ids": (NODES, [[]] * 20_000),
    "items without anything, behind many lines": ("\n" * 990 + ANNOUNCE, {"items": [{}] * 15_000}),
}

CALLS = 60_000
"""Calls of Python functions; ten milliseconds of CPU are at least as many."""


def work(function: Callable[[], Any]) -> int:
    """How many Python functions are called."""
    calls = 0

    def count(_: Any, event: str, __: Any) -> None:
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(before)
    return calls


def refused(query: str) -> None:
    """Has a fresh engine refuse a document."""
    with pytest.raises(Rejected):
        Engine(SCHEMA).operation(Params(query))


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_turned_away_for_little_work(bomb: str, capsys: pytest.CaptureFixture[str]) -> None:
    query = BOMBS[bomb]
    refused(query)  # imports and the like
    calls = work(lambda: refused(query))
    times = []
    for _ in range(5):
        began = time.process_time()
        refused(query)
        times.append(time.process_time() - began)
    with capsys.disabled():
        sys.stdout.write(f"\n  {bomb}: {len(query)} bytes, {calls} calls, {min(times) * 1000:.2f} ms of CPU")
    assert calls < CALLS


@pytest.mark.parametrize("flood", FLOODS)
def test_variables_that_are_wrong_in_thousands_of_places_are_turned_away_for_little_work(
    flood: str, capsys: pytest.CaptureFixture[str]
) -> None:
    query, value = FLOODS[flood]
    engine, params = Engine(SCHEMA), Params(query, {"i": value})
    operation = engine.operation(params)
    nobody = cast("Context", None)  # nothing is executed

    def refuse() -> None:
        result = asyncio.run(engine.run(operation, params, nobody))
        assert result.data is None
        assert result.errors

    refuse()
    began = time.process_time()
    refuse()
    with capsys.disabled():
        sys.stdout.write(f"\n  {flood}: {(time.process_time() - began) * 1000:.2f} ms of CPU")
    assert work(refuse) < CALLS + 10 * 20_000  # each value is looked at once or twice, and none for each error

# SPDX-License-Identifier: Apache-2.0
"""What is told in the same words is made once, and which variables of a subscription belong to its words."""

import asyncio
from collections.abc import Awaitable
from typing import Any, cast

import pytest
from graphql import ExecutionResult, OperationDefinitionNode, parse

from gateway.execution.sharing import Sharing, shaping_variables

DONE = ExecutionResult({"a": 1})


class Said:
    """Words that count how often they are said; a result that is an error is raised."""

    def __init__(self, result: ExecutionResult | Awaitable[ExecutionResult] | Exception) -> None:
        self.result = result
        self.times = 0

    def begin(self, told: Any) -> ExecutionResult | Awaitable[ExecutionResult]:
        self.times += 1
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


def payload(sharing: Sharing, words: Said, then: Any = None) -> bytes | None:
    return sharing.payload(words, cast("Any", None), then)


def test_what_need_not_wait_is_made_at_once_for_all():
    sharing, words = Sharing(cast("Any", None)), Said(DONE)
    assert [payload(sharing, words) for _ in range(3)] == [b'{"data":{"a":1}}'] * 3
    assert words.times == 1


async def test_all_are_told_when_what_had_to_wait_is_made():
    coming: asyncio.Future[ExecutionResult] = asyncio.get_running_loop().create_future()
    sharing, words, both = Sharing(cast("Any", None)), Said(coming), asyncio.Event()
    heard: list[bytes | None] = []

    def then() -> None:
        heard.append(payload(sharing, words))
        if len(heard) == 2:
            both.set()

    assert [payload(sharing, words, then) for _ in range(2)] == [None, None]
    coming.set_result(DONE)
    async with asyncio.timeout(60):
        await both.wait()
    assert heard == [b'{"data":{"a":1}}'] * 2
    assert words.times == 1


def test_what_cannot_be_made_is_tried_once_and_raised_for_all():
    sharing, words = Sharing(cast("Any", None)), Said(ZeroDivisionError())
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            payload(sharing, words)
    assert words.times == 1


def shaping(query: str) -> frozenset[str]:
    document = parse(query)
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    return shaping_variables(operation, document)


def test_variables_that_choose_the_stream_do_not_shape_what_is_told():
    assert shaping("subscription($id: ID!, $after: String) { changes(id: $id, after: $after) { cursor } }") == set()


def test_variables_further_down_and_in_fragments_do():
    assert shaping(
        "subscription($id: ID!, $a: Boolean!, $b: Int) { changes(id: $id) { ...F } } "
        "fragment F on T { cursor @include(if: $a) list(first: $b) { id } }"
    ) == {"a", "b"}


def test_a_variable_of_a_directive_of_the_root_field_does():
    assert shaping("subscription($id: ID!, $a: Boolean!) { changes(id: $id) @include(if: $a) { cursor } }") == {"a"}


def test_a_variable_that_both_chooses_and_shapes_shapes():
    assert shaping("subscription($id: ID!) { changes(id: $id) { at(id: $id) } }") == {"id"}

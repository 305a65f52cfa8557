# SPDX-License-Identifier: Apache-2.0
"""Which variables of a subscription decide how it is told, and which only what is watched."""

from graphql import OperationDefinitionNode, parse

from gateway.execution.sharing import shaping_variables


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

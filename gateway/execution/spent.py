# SPDX-License-Identifier: Apache-2.0
"""What a query cost in the end: lists are paid for as long as they may be, and are often shorter."""

from collections.abc import Mapping
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    InlineFragmentNode,
    SelectionSetNode,
    get_named_type,
    is_leaf_type,
)

from gateway.execution.registry import Operation
from gateway.schema.costs import Prices

WORTH = 50
"""Points below which a result is not looked at: counting is work, too."""

Slots = dict[str, tuple[int, "Slots"]]
"""The objects in a result: by the name of their field the weight of one, and what is in it."""


def spent(operation: Operation, prices: Prices, paid: int, data: object) -> int:
    """Points that an operation cost.

    Args:
        operation: a query.
        prices: of its schema.
        paid: points that were taken for it.
        data: its result; what was written before is not looked into: it came from memory.
    """
    if paid < WORTH or operation.only_introspection or not isinstance(data, dict):
        return paid
    if operation.slots is None:
        operation.slots = slots(operation, prices)
    return min(paid, max(1, operation.introspection + _count(data, operation.slots)))


def _count(data: Mapping[str, Any], found: Slots) -> int:
    total = 0
    for name, (weight, inner) in found.items():
        value: Any = data.get(name, _ABSENT)
        if value.__class__ is list:
            total += weight * len(value)
            if inner:
                for item in value:
                    if item.__class__ is dict:
                        total += _count(item, inner)
        elif value is not _ABSENT:  # null was asked for all the same
            total += weight
            if inner and value.__class__ is dict:
                total += _count(value, inner)
    return total


_ABSENT = object()


def slots(operation: Operation, prices: Prices) -> Slots:
    """The objects in the results of an operation."""
    definitions = operation.document.definitions
    fragments = {node.name.value: node for node in definitions if isinstance(node, FragmentDefinitionNode)}

    def collect(selection: SelectionSetNode, parent: GraphQLNamedType | None, into: Slots) -> None:
        for node in selection.selections:
            if isinstance(node, FragmentSpreadNode):
                fragment = fragments[node.name.value]
                collect(fragment.selection_set, prices.type(fragment.type_condition.name.value), into)
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                collect(node.selection_set, prices.type(condition.name.value) if condition else parent, into)
            elif isinstance(node, FieldNode):
                field = prices.field(parent, node.name.value)
                if parent is None or field is None or is_leaf_type(get_named_type(field.type)):
                    continue
                weight = prices.price(parent, node.name.value, field).weight
                known, inner = into.setdefault((node.alias or node.name).value, (weight, {}))
                into[(node.alias or node.name).value] = (max(known, weight), inner)
                if node.selection_set is not None:
                    collect(node.selection_set, get_named_type(field.type), inner)

    found: Slots = {}
    collect(operation.node.selection_set, prices.root(operation.kind), found)
    return found

# SPDX-License-Identifier: Apache-2.0
"""How heavy a document is, in one linear pass before it is validated and before anything is executed.

A fragment is weighed once, however often it is spread, so that a document of nested fragments cannot make the
limiter itself the attack.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_abstract_type,
    is_object_type,
    value_from_ast_untyped,
)

from gateway.execution.cost import (
    CEILING,
    Condition,
    CostFunction,
    Expression,
    Size,
    clamped,
    evaluate,
    greatest,
    provided,
    times,
    total,
)
from gateway.schema.costs import MOST, Price, Prices

INTROSPECTION = ("__schema", "__type")


class Weight(NamedTuple):
    """What a selection asks for, as if every fragment stood where it is spread.

    Args:
        depth: levels of fields.
        aliases: fields under another name.
        directives: directives on fields and fragments.
        fields: fields.
    """

    depth: int = 0
    aliases: int = 0
    directives: int = 0
    fields: int = 0

    def beside(self, other: "Weight") -> "Weight":
        """Both in one selection."""
        return Weight(
            max(self.depth, other.depth),
            min(CEILING, self.aliases + other.aliases),
            min(CEILING, self.directives + other.directives),
            min(CEILING, self.fields + other.fields),
        )


class Weighed(NamedTuple):
    """One operation on the scales.

    Args:
        weight: what it asks for.
        cost: of its variables; without introspection.
        introspection: what introspection in it costs.
        only_introspection: whether it asks for nothing else.
    """

    weight: Weight
    cost: CostFunction
    introspection: int
    only_introspection: bool


@dataclass(frozen=True)
class Limits:
    """What a document may weigh.

    Args:
        length: characters of its text.
        tokens: words of the document.
        lines: lines of its text, which are counted for every error that names a place.
        depth: levels of fields, introspection aside.
        cost: points of one operation.
        aliases: fields under another name.
        directives: directives.
        fields: fields, as if every fragment stood where it is spread.
        repeats: pairs of fields that would answer under the same name, which validation compares with each other.
        introspection: points of introspection; twice what the usual introspection query costs.
    """

    length: int = 16 * 1024
    tokens: int = 1000
    lines: int = 1000
    depth: int = 10
    cost: int = 5000
    aliases: int = 30
    directives: int = 50
    fields: int = 5000
    repeats: int = 10_000
    introspection: int = CEILING

    def exceeded(self, weighed: Weighed) -> str | None:
        """What is too much, in words; None when nothing is."""
        found = {**weighed.weight._asdict(), "cost": weighed.cost.least, "introspection": weighed.introspection}
        for name, value in found.items():
            if value > getattr(self, name):
                return too_much(name, value, getattr(self, name))
        return None

    def repeated(self, document: DocumentNode) -> str | None:
        """What is said too often, in words; None when nothing is. Comparing it would take seconds."""
        return (
            None
            if _compared(document) <= self.repeats
            else "The same fields are asked for again and again in this document."
        )


def too_much(name: str, found: int, limit: int) -> str:
    """Says that a figure of a document is beyond its limit."""
    return f"The {name} of this document is {found} or more; the limit is {limit}."


class _Found(NamedTuple):
    """What a selection weighs and costs.

    Args:
        weight: what it asks for.
        once: points of everything but the items of a page.
        each: points of one item of a page.
        introspection: points of introspection.
        data: whether it asks for anything but introspection.
    """

    weight: Weight = Weight()
    once: Expression = 0
    each: Expression = 0
    introspection: int = 0
    data: bool = False


_NOTHING = _Found()


@dataclass
class _Scales:
    prices: Prices
    fragments: dict[str, FragmentDefinitionNode]
    known: dict[str, _Found | None] = field(default_factory=dict)
    visits: int = 0

    def selection(self, selection: SelectionSetNode | None, parent: GraphQLNamedType | None) -> _Found:
        weight, introspection, data = Weight(), 0, False
        once: list[Expression] = []
        each: list[Expression] = []
        # An object is of one type only: of the selections for single types the dearest counts.
        one_of: dict[str, list[Expression]] = {}
        for node in selection.selections if selection else ():
            self.visits += 1
            directives = node.directives or ()
            if isinstance(node, FieldNode):
                kind, found = None, self.field(node, parent)
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                kind = self.prices.type(condition.name.value) if condition else None
                found = self.selection(node.selection_set, kind if condition else parent)
            elif isinstance(node, FragmentSpreadNode):
                kind, found = self.fragment(node.name.value)
            weight = weight.beside(found.weight).beside(Weight(directives=len(directives)))
            introspection, data = min(CEILING, introspection + found.introspection), data or found.data
            conditions, absent = _conditions(directives)
            if absent:
                continue
            its_own = provided(conditions, found.once)
            if is_abstract_type(parent) and is_object_type(kind):
                one_of.setdefault(kind.name, []).append(its_own)
            else:
                once.append(its_own)
            each.append(provided(conditions, found.each))
        if one_of:
            once.append(greatest(total(parts) for parts in one_of.values()))
        return _Found(weight, total(once), total(each), introspection, data)

    def fragment(self, name: str) -> tuple[GraphQLNamedType | None, _Found]:
        definition = self.fragments.get(name)
        if definition is None:
            return None, _NOTHING
        kind = self.prices.type(definition.type_condition.name.value)
        if name not in self.known:
            self.known[name] = None  # a cycle is found here; validation refuses it
            self.known[name] = self.selection(definition.selection_set, kind)
        return kind, self.known[name] or _NOTHING

    def field(self, node: FieldNode, parent: GraphQLNamedType | None) -> _Found:
        name = node.name.value
        definition = self.prices.field(parent, name)
        inner = self.selection(node.selection_set, get_named_type(definition.type) if definition else None)
        aliases = int(node.alias is not None and node.alias.value != name)
        about = inner.weight
        weight = Weight(about.depth + 1, about.aliases + aliases, about.directives, about.fields + 1)
        price = self.prices.price(parent, name, definition) if parent and definition else Price(0)
        cost = total([inner.once, inner.each, price.weight])
        if name in INTROSPECTION:
            # Introspection has a budget of its own, and needs more levels than data.
            return _Found(weight._replace(depth=1), introspection=evaluate(cost, {}, {}))
        if name == "__typename":
            return _Found(weight)
        if price.item:
            return _Found(weight, each=cost, data=True)
        size = _size(node, price)
        cost = total([price.weight, inner.once, times(size, inner.each)]) if price.page else times(size, cost)
        return _Found(weight, once=cost, introspection=inner.introspection, data=True)


def _size(node: FieldNode, price: Price) -> int | Size:
    ways = {way.partition(".")[0]: tuple(way.split(".")[1:]) for way in price.slicing}
    said = [argument for argument in node.arguments or () if argument.name.value in ways]
    for argument in said:
        value: ValueNode | None = argument.value
        inside = ways[argument.name.value]
        while inside and isinstance(value, ObjectValueNode):
            value = next((field.value for field in value.fields if field.name.value == inside[0]), None)
            inside = inside[1:]
        if isinstance(value, VariableNode):
            # Without a value, another argument may say how many.
            return Size(value.name.value, price.size if len(said) == 1 else MOST, MOST, inside)
        if isinstance(value, IntValueNode):
            return MOST if len(value.value) > 3 else clamped(int(value.value), MOST)
        if isinstance(value, ListValueNode):
            return clamped(len(value.values), MOST)
    return price.size


def _conditions(directives: Iterable[DirectiveNode]) -> tuple[list[Condition], bool]:
    """The variables on which a selection depends, and whether it is certainly left out."""
    found, absent = [], False
    for directive in directives:
        name = directive.name.value
        if name not in ("include", "skip"):
            continue
        for argument in directive.arguments or ():
            if isinstance(argument.value, VariableNode):
                found.append(Condition(argument.value.name.value, wanted=name == "include"))
            elif isinstance(argument.value, BooleanValueNode):
                absent = absent or argument.value.value is (name == "skip")
    return found, absent


def weigh(schema: GraphQLSchema, document: DocumentNode, prices: Prices | None = None) -> list[Weighed]:
    """The operations of a document on the scales, in their order.

    Args:
        schema: for which it was written.
        document: parsed; it need not be valid.
        prices: of the schema, where they are at hand.

    Raises:
        RecursionError: its fragments are nested deeper than anything that is executed.
    """
    return _weigh(schema, document, prices)[0]


def visits(schema: GraphQLSchema, document: DocumentNode) -> int:
    """How many selections are looked at when a document is weighed."""
    return _weigh(schema, document, None)[1].visits


def _weigh(schema: GraphQLSchema, document: DocumentNode, prices: Prices | None) -> tuple[list[Weighed], _Scales]:
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    scales = _Scales(prices or Prices(schema), fragments)
    weighed = []
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            found = scales.selection(node.selection_set, scales.prices.root(node.operation))
            cost = CostFunction(found.once, _defaults(node))
            only = found.introspection > 0 and not found.data
            weighed.append(Weighed(found.weight, cost, found.introspection, only))
    return weighed, scales


def _defaults(node: OperationDefinitionNode) -> Mapping[str, Any]:
    return {
        one.variable.name.value: value_from_ast_untyped(one.default_value)
        for one in node.variable_definitions or ()
        if one.default_value is not None
    }


ANYWHERE = None
"""The parent of what stands at the top of a named fragment: it may be spread below any field."""


def _compared(document: DocumentNode) -> int:
    """At most so many pairs of fields are compared: those with the same name whose parents have the same name, too."""
    found: dict[str, Counter[str | None]] = {}
    waiting: list[tuple[str | None, SelectionSetNode | None]] = [
        (ANYWHERE if isinstance(node, FragmentDefinitionNode) else "", getattr(node, "selection_set", None))
        for node in document.definitions
    ]
    while waiting:
        parent, selection = waiting.pop()
        for node in selection.selections if selection else ():
            below = parent
            if isinstance(node, FieldNode):
                below = (node.alias or node.name).value
                found.setdefault(below, Counter())[parent] += 1
            waiting.append((below, getattr(node, "selection_set", None)))
    return sum(
        anywhere * anywhere + sum(count * (count + 2 * anywhere) for count in counts.values())
        for counts in found.values()
        for anywhere in (counts.pop(ANYWHERE, 0),)
    )

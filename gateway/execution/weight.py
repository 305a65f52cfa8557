# SPDX-License-Identifier: Apache-2.0
"""How heavy a document is, in one linear pass before anything is executed.

A fragment is weighed once, however often it is spread, so that a document of nested fragments cannot make the
limiter itself the attack.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
)

CEILING = 1_000_000
"""No figure grows beyond this; the limits are far below."""
PAGE = 50
ITEMS = 10


class Weight(NamedTuple):
    """What a selection asks for.

    Args:
        depth: levels of fields.
        cost: objects that it may make.
        aliases: fields under another name.
        directives: directives on fields and fragments.
    """

    depth: int = 0
    cost: int = 0
    aliases: int = 0
    directives: int = 0

    def beside(self, other: "Weight") -> "Weight":
        """Both in one selection."""
        return Weight(
            max(self.depth, other.depth),
            min(CEILING, self.cost + other.cost),
            min(CEILING, self.aliases + other.aliases),
            min(CEILING, self.directives + other.directives),
        )


@dataclass(frozen=True)
class Limits:
    """What a document may weigh.

    Args:
        tokens: words of the document.
        depth: levels of fields.
        cost: objects; lists without a page size count ten items.
        aliases: fields under another name.
        directives: directives.
        repeats: pairs of fields that would answer under the same name, which validation compares with each other.
    """

    tokens: int = 2000
    depth: int = 12
    cost: int = 20_000
    aliases: int = 30
    directives: int = 50
    repeats: int = 10_000

    def exceeded(self, weight: Weight) -> str | None:
        """What is too much, in words; None when nothing is."""
        for name in ("depth", "cost", "aliases", "directives"):
            found, limit = getattr(weight, name), getattr(self, name)
            if found > limit:
                return f"The {name} of this document is {found} or more; the limit is {limit}."
        return None

    def repeated(self, document: DocumentNode) -> str | None:
        """What is said too often, in words; None when nothing is. Comparing it would take seconds."""
        pairs = sum(count * count for count in _names(document).values())
        return None if pairs <= self.repeats else "The same fields are asked for again and again in this document."


@dataclass
class _Scales:
    schema: GraphQLSchema
    fragments: dict[str, FragmentDefinitionNode]
    known: dict[str, Weight | None] = field(default_factory=dict)

    def selection(self, selection: SelectionSetNode | None, parent: GraphQLNamedType | None) -> Weight:
        total = Weight()
        for node in selection.selections if selection else ():
            total = total.beside(Weight(directives=len(node.directives or ())))
            if isinstance(node, FieldNode):
                total = total.beside(self.field(node, parent))
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                inner = self.schema.get_type(condition.name.value) if condition else parent
                total = total.beside(self.selection(node.selection_set, inner))
            elif isinstance(node, FragmentSpreadNode):
                total = total.beside(self.fragment(node.name.value))
        return total

    def fragment(self, name: str) -> Weight:
        if name not in self.known:
            definition = self.fragments.get(name)
            if definition is None:
                return Weight()
            self.known[name] = None  # a cycle is found here; validation refuses it
            inner = self.schema.get_type(definition.type_condition.name.value)
            self.known[name] = self.selection(definition.selection_set, inner)
        return self.known[name] or Weight()

    def field(self, node: FieldNode, parent: GraphQLNamedType | None) -> Weight:
        name = node.name.value
        aliases = int(node.alias is not None and node.alias.value != name)
        if name.startswith("__"):
            return Weight(depth=1, aliases=aliases)  # graphql-core has its own limit for introspection
        definition = parent.fields.get(name) if isinstance(parent, (GraphQLObjectType, GraphQLInterfaceType)) else None
        inner = get_named_type(definition.type) if definition else None
        weight = self.selection(node.selection_set, inner)
        if node.selection_set is None:
            return Weight(1, weight.cost, aliases, 0)
        # The items of a page are counted where its size is asked for, not again at `nodes` and `edges`.
        paged = name in ("nodes", "edges") and parent is not None and parent.name.endswith("Connection")
        times = 1 if paged else self._times(node, definition.type if definition else None)
        cost = min(CEILING, times * (1 + weight.cost))
        return Weight(weight.depth + 1, cost, min(CEILING, weight.aliases + aliases), weight.directives)

    @staticmethod
    def _times(node: FieldNode, kind: object) -> int:
        while isinstance(kind, GraphQLNonNull):
            kind = kind.of_type
        named = getattr(kind, "name", "")
        if named.endswith("Connection"):
            for argument in node.arguments or ():
                if argument.name.value in ("first", "last"):
                    value = argument.value
                    if not isinstance(value, IntValueNode) or len(value.value) > 3:
                        return 100
                    return min(100, max(1, int(value.value)))
            return PAGE
        return ITEMS if isinstance(kind, GraphQLList) else 1


def weigh(schema: GraphQLSchema, document: DocumentNode) -> Weight:
    """The weight of the heaviest operation of a document."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    scales = _Scales(schema, fragments)
    heaviest = Weight()
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            found = scales.selection(node.selection_set, schema.get_root_type(node.operation))
            heaviest = Weight(*map(max, heaviest, found))
    return heaviest


def _names(document: DocumentNode) -> Counter[str]:
    """How often each name under which a field answers stands in a document."""
    found: Counter[str] = Counter()
    waiting = [getattr(node, "selection_set", None) for node in document.definitions]
    while waiting:
        selection = waiting.pop()
        for node in selection.selections if selection else ():
            if isinstance(node, FieldNode):
                found[(node.alias or node.name).value] += 1
            waiting.append(getattr(node, "selection_set", None))
    return found

# SPDX-License-Identifier: Apache-2.0
"""What an operation selects on a type, found once: fragments spread, `@skip` and `@include` decided.

Which fields are selected depends on no data, only on the type and on the few boolean variables in those two
directives; an operation is compiled once for each combination of their values that occurs.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import NamedTuple

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLAbstractType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    Visitor,
    is_abstract_type,
    visit,
)

DECIDING = ("skip", "include")


class NotCompilable(Exception):
    """An operation that only graphql-core can execute."""


class Source:
    """A document with the schema it was validated against.

    Args:
        schema: the schema.
        document: parsed and validated.
    """

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self.schema = schema
        self.document = document
        self.fragments: dict[str, FragmentDefinitionNode] = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }

    def operation(self, name: str | None) -> OperationDefinitionNode | None:
        """The operation that a request means; None when it cannot be told."""
        found = [
            node
            for node in self.document.definitions
            if isinstance(node, OperationDefinitionNode)
            and (name is None or (node.name is not None and node.name.value == name))
        ]
        return found[0] if len(found) == 1 else None

    @cached_property
    def deciding(self) -> tuple[str, ...]:
        """The names of the variables on which depends what is selected, anywhere in the document."""
        found: dict[str, None] = {}

        class Look(Visitor):
            def enter_directive(self, node: DirectiveNode, *_: object) -> None:
                for argument in node.arguments or ():
                    if isinstance(argument.value, VariableNode):
                        found[argument.value.name.value] = None

        visit(self.document, Look())
        return tuple(found)


class Selection(NamedTuple):
    """What is selected in one place.

    Args:
        source: the document.
        decided: the values of the variables in directives.
        sets: the selections that are merged.
    """

    source: Source
    decided: Mapping[str, bool]
    sets: tuple[SelectionSetNode, ...]

    def of(self, kind: GraphQLObjectType) -> dict[str, tuple[FieldNode, ...]]:
        """The selected fields of a type under the names by which they answer, in their order.

        Args:
            kind: an object type.

        Raises:
            NotCompilable: there is a directive that this module does not know.
        """
        found: dict[str, list[FieldNode]] = {}
        spread: set[str] = set()
        for selection in self.sets:
            self._collect(kind, selection, found, spread)
        return {name: tuple(nodes) for name, nodes in found.items()}

    def below(self, nodes: Iterable[FieldNode]) -> "Selection":
        """What is selected below fields that answer under one name."""
        sets = tuple(node.selection_set for node in nodes if node.selection_set is not None)
        return Selection(self.source, self.decided, sets)

    def _collect(
        self, kind: GraphQLObjectType, selection: SelectionSetNode, found: dict[str, list[FieldNode]], spread: set[str]
    ) -> None:
        for node in selection.selections:
            if not self._included(node.directives or ()):
                continue
            if isinstance(node, FieldNode):
                found.setdefault((node.alias or node.name).value, []).append(node)
            elif isinstance(node, InlineFragmentNode):
                if self._matches(node, kind):
                    self._collect(kind, node.selection_set, found, spread)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in spread:
                spread.add(node.name.value)
                fragment = self.source.fragments[node.name.value]
                if self._matches(fragment, kind):
                    self._collect(kind, fragment.selection_set, found, spread)

    def _included(self, directives: Iterable[DirectiveNode]) -> bool:
        included = True
        for directive in directives:
            if directive.name.value not in DECIDING or not directive.arguments:
                raise NotCompilable(f"@{directive.name.value}")
            value = directive.arguments[0].value
            if isinstance(value, VariableNode):
                holds = self.decided[value.name.value]
            elif isinstance(value, BooleanValueNode):
                holds = value.value
            else:
                raise NotCompilable("the condition of a directive")
            included = included and holds is (directive.name.value == "include")
        return included

    def _matches(self, fragment: InlineFragmentNode | FragmentDefinitionNode, kind: GraphQLObjectType) -> bool:
        condition = fragment.type_condition
        if condition is None or condition.name.value == kind.name:
            return True
        wanted = self.source.schema.get_type(condition.name.value)
        if not is_abstract_type(wanted):
            return False
        abstract: GraphQLAbstractType = wanted
        return self.source.schema.is_sub_type(abstract, kind)

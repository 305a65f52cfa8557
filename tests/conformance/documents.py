# SPDX-License-Identifier: Apache-2.0
"""Makes of a generated document one that people might send.

hypothesis-graphql chooses fields, arguments and types; what it never writes is added here: ids that exist, pages of
a legal size, aliases, named fragments, repeated fields, `__typename`, `@skip` and `@include`.
"""

import random
from typing import Any

from graphql import (
    ArgumentNode,
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInputObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NamedTypeNode,
    NameNode,
    NonNullTypeNode,
    NullValueNode,
    ObjectFieldNode,
    OperationDefinitionNode,
    SelectionSetNode,
    StringValueNode,
    TypeInfo,
    TypeInfoVisitor,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    get_named_type,
    print_ast,
    visit,
)

from gateway.schema.relay import global_id
from gateway.schema.words import kind_of_id
from tests.conformance.worlds import CONFERENCE, PEOPLE, THINGS

NODES = ("Conference", "Session", "District", "Challenge", "Idea", "IdeaSheet", "JuryRound", "App", "Job")


class Rewriter(Visitor):
    """Changes a document in place of chance.

    Args:
        schema: the schema that the document is for.
        chance: decides.
    """

    def __init__(self, schema: GraphQLSchema, chance: random.Random) -> None:
        super().__init__()
        self._info = TypeInfo(schema)
        self._chance = chance
        self._count = 0
        self._fields: list[str] = []
        self.fragments: list[FragmentDefinitionNode] = []
        self.variables: dict[str, bool] = {}

    def rewritten(self, document: DocumentNode) -> tuple[str, dict[str, Any]]:
        """The text of the changed document and its variables."""
        changed: DocumentNode = visit(document, TypeInfoVisitor(self._info, self))
        definitions = list(changed.definitions)
        for place, node in enumerate(definitions):
            if isinstance(node, OperationDefinitionNode) and self.variables:
                boolean = NonNullTypeNode(type=NamedTypeNode(name=NameNode(value="Boolean")))
                made = tuple(
                    VariableDefinitionNode(variable=_variable(name), type=boolean, directives=())
                    for name in self.variables
                )
                definitions[place] = OperationDefinitionNode(
                    operation=node.operation,
                    name=node.name,
                    variable_definitions=(*(node.variable_definitions or ()), *made),
                    directives=node.directives or (),
                    selection_set=node.selection_set,
                )
        whole = DocumentNode(definitions=(*definitions, *self.fragments))
        return print_ast(whole), dict(self.variables)

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        self._fields.append(node.name.value)

    def leave_argument(self, node: ArgumentNode, *_: Any) -> ArgumentNode | None:
        value = self._value(node.name.value, node.value)
        return None if value is node.value else ArgumentNode(name=node.name, value=value)

    def leave_object_field(self, node: ObjectFieldNode, *_: Any) -> ObjectFieldNode | None:
        value = self._value(node.name.value, node.value)
        return None if value is node.value else ObjectFieldNode(name=node.name, value=value)

    def leave_field(self, node: FieldNode, *_: Any) -> FieldNode | None:
        self._fields.pop()
        chance = self._chance
        alias = node.alias
        if alias is None and chance.random() < 0.15:
            alias = NameNode(value=self._fresh("a"))
        directives = node.directives or ()
        if self._info.get_parent_type() is not None and chance.random() < 0.06:
            directives = (*directives, self._condition())
        arguments = node.arguments or ()
        sizes = [one for one in arguments if one.name.value in {"first", "last"}]
        if len(sizes) == 2 and chance.random() < 0.9:  # a page is asked for from one end
            away = chance.choice(sizes)
            arguments = tuple(one for one in arguments if one is not away)
        return FieldNode(
            alias=alias,
            name=node.name,
            arguments=arguments,
            directives=directives,
            selection_set=node.selection_set,
        )

    def leave_selection_set(self, node: SelectionSetNode, *_: Any) -> SelectionSetNode | None:
        chance, kind = self._chance, self._info.get_parent_type()
        if kind is None:
            return None
        selections = list(node.selections)
        if chance.random() < 0.2:
            selections.insert(
                chance.randint(0, len(selections)),
                FieldNode(name=NameNode(value="__typename"), directives=(), arguments=()),
            )
        if chance.random() < 0.1:
            selections.append(chance.choice(selections))  # the same field twice is one field
        if chance.random() < 0.15 and len(selections) > 1:
            place = chance.randint(1, len(selections) - 1)
            inner = SelectionSetNode(selections=tuple(selections[place:]))
            if chance.random() < 0.6:
                name = self._fresh("f")
                condition = NamedTypeNode(name=NameNode(value=kind.name))
                self.fragments.append(
                    FragmentDefinitionNode(
                        name=NameNode(value=name), type_condition=condition, directives=(), selection_set=inner
                    )
                )
                spread: Any = FragmentSpreadNode(name=NameNode(value=name), directives=self._conditions())
            else:
                spread = InlineFragmentNode(type_condition=None, directives=self._conditions(), selection_set=inner)
            selections = [*selections[:place], spread]
        return SelectionSetNode(selections=tuple(selections))

    def _conditions(self) -> tuple[DirectiveNode, ...]:
        return (self._condition(),) if self._chance.random() < 0.15 else ()

    def _condition(self) -> DirectiveNode:
        chance = self._chance
        name = chance.choice(("skip", "include"))
        keeps = chance.random() < 0.7
        value: ValueNode = BooleanValueNode(value=keeps == (name == "include"))
        if chance.random() < 0.5:
            variable = self._fresh("v")
            self.variables[variable] = keeps == (name == "include")
            value = _variable(variable)
        return DirectiveNode(
            name=NameNode(value=name), arguments=(ArgumentNode(name=NameNode(value="if"), value=value),)
        )

    def _fresh(self, letter: str) -> str:
        self._count += 1
        return f"{letter}{self._count}"

    def _value(self, name: str, value: ValueNode) -> ValueNode:
        """A value that finds something, most of the time, in the place of one that was made up."""
        kind = get_named_type(self._info.get_input_type() or self._info.get_parent_input_type())
        if kind is None or isinstance(kind, GraphQLInputObjectType) or self._chance.random() < 0.02:
            return value
        if kind.name == "ID" and isinstance(value, ListValueNode):
            return ListValueNode(values=tuple(self._id(name) for _ in range(self._chance.randint(0, 3))))
        if kind.name == "ID" and not isinstance(value, VariableNode):
            return self._id(name)
        if name in ("first", "last") and isinstance(value, IntValueNode):
            return IntValueNode(value=str(self._chance.randint(1, 100)))
        if name == "channel":
            group = global_id("Group", self._chance.choice(THINGS))
            return StringValueNode(value=self._chance.choice(("plenary", "staff", group)))
        if name in ("after", "before", "since") and kind.name == "String" and isinstance(value, StringValueNode):
            return value if self._chance.random() < 0.1 else NullValueNode()
        return value

    def _id(self, name: str) -> StringValueNode:
        snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
        kind = kind_of_id(snake)
        if name in ("id", "ids"):
            field = self._fields[-1]
            kind = field[0].upper() + field[1:]
            kind = kind if kind in NODES else self._chance.choice(NODES)
        if kind == "Conference":
            return StringValueNode(value=global_id(kind, CONFERENCE))
        pool = PEOPLE if kind == "Person" else THINGS
        local = self._chance.choice(pool)
        return StringValueNode(value=global_id(kind, f"{CONFERENCE}.{local}" if kind == "IdeaSheet" else local))


def _variable(name: str) -> VariableNode:
    return VariableNode(name=NameNode(value=name))

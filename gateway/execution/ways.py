# SPDX-License-Identifier: Apache-2.0
"""How a compiled operation reads each field of an object, as the field's definition in strawberry says."""

from typing import Any, Literal, NamedTuple

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLString,
    is_abstract_type,
)
from strawberry.schema.schema_converter import GraphQLCoreConverter

from gateway.execution.plain import NotPlain, Template, of_object
from gateway.execution.selection import NotCompilable, Selection
from gateway.schema.shape import AT_HAND
from gateway.schema.stored import CACHED, PART, SETTING, STORED

Nodes = tuple[FieldNode, ...]
"""Where a field is selected."""


class Way(NamedTuple):
    """How a field is read.

    Args:
        how: a constant; an attribute of the view or the object; a part of the view; a call of a method, with the city's
            settings or without; a name of a person; where its answer is stored; or it is waited for.
        what: the constant, the name of the attribute, or the function.
        type: of the field.
        seconds: for how long its value may be reused, where that follows from settings.
    """

    how: Literal["const", "read", "part", "call", "setting", "name", "stored", "wait"]
    what: Any = None
    type: Any = None
    seconds: int = 0

    @property
    def of_object(self) -> bool:
        """Whether it needs the object itself, not only its view."""
        return self.how not in ("const", "read", "part")


def defined(kind: GraphQLObjectType, nodes: Nodes) -> tuple[GraphQLField, Any]:
    """A field and its definition in strawberry.

    Args:
        kind: the type it belongs to.
        nodes: where it is selected.

    Raises:
        NotCompilable: it is not one of ours, or checked by strawberry.
    """
    field = kind.fields.get(nodes[0].name.value)
    definition = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF) if field else None
    if field is None or definition is None or definition.extensions or definition.permission_classes:
        raise NotCompilable(nodes[0].name.value)  # such as what the schema says of itself
    return field, definition


def class_of(kind: GraphQLObjectType) -> type:
    """The class that stands for a type.

    Raises:
        NotCompilable: there is none.
    """
    definition = kind.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if definition is None:
        raise NotCompilable(kind.name)
    cls: type = definition.origin
    return cls


def way(kind: GraphQLObjectType, nodes: Nodes) -> Way:
    """How a field is read.

    Args:
        kind: the type it belongs to.
        nodes: where it is selected.

    Raises:
        NotCompilable: only graphql-core can.
    """
    if nodes[0].name.value == "__typename":
        return Way("const", kind.name)
    field, definition = defined(kind, nodes)
    resolver, meta = definition.base_resolver, definition.metadata
    if PART in meta:
        return Way("part", meta[PART].name, field.type)
    if AT_HAND in meta:
        if field.type is not GraphQLString:
            raise NotCompilable("only names are at hand")
        return Way("name", meta[AT_HAND], field.type)
    if resolver is None:
        return Way("read", definition.python_name, field.type)
    if SETTING in meta:
        return Way("setting", resolver.wrapped_func, field.type, meta.get(CACHED, 0))
    if STORED in meta:
        return Way("stored", meta[STORED].source, field.type)
    if resolver.is_async or resolver.info_parameter is not None or field.args:
        return Way("wait", None, field.type)
    return Way("call", resolver.wrapped_func, field.type)


def personal(kind: GraphQLObjectType, below: Selection) -> bool:
    """Whether anything selected of a type is a name of a person, or is asked for each client anew.

    Args:
        kind: the type.
        below: what is selected.
    """
    for nodes in below.of(kind).values():
        if nodes[0].name.value == "__typename":
            continue
        found = way(kind, nodes)
        if found.how in ("name", "wait"):
            return True
        inner = found.type
        while isinstance(inner, GraphQLNonNull | GraphQLList):
            inner = inner.of_type
        if is_abstract_type(inner):
            return True
        if isinstance(inner, GraphQLObjectType) and personal(inner, below.below(nodes)):
            return True
    return False


class Object:
    """An object that is read: expressions for it and what belongs to it, and what is selected of it.

    Args:
        kind: its type.
        below: what is selected of it.
        name: a variable with it, or with its view.
        conference: it is given as the view of an object of this conference (a variable); None: as itself.
        path: an expression for its path.

    Attributes:
        object: it, once it is there.
        view: its view; empty: it has none.
        fields: by the names under which they answer, and how each is read.
        stored: variables with the answers of those that are stored, None where one is not at hand.
        present: a variable that says whether all of those are at hand.
    """

    def __init__(self, kind: GraphQLObjectType, below: Selection, name: str, conference: str | None, path: str) -> None:
        self.kind = kind
        self.below = below
        self.object = name
        self.view = name if conference is not None else ""
        self.conference = conference or "''"
        self.path = path
        self.fields = {key: (nodes, way(kind, nodes)) for key, nodes in below.of(kind).items()}
        self.stored: dict[str, str] = {}
        self.present = ""

    def templates(self) -> dict[str, Template] | None:
        """How its stored fields are written; None: it is no plain text even when all are at hand."""
        found: dict[str, Template] = {}
        for key, (nodes, one) in self.fields.items():
            if one.how in ("name", "wait"):
                return None
            if one.how == "stored":
                if not isinstance(one.type, GraphQLObjectType):
                    return None
                try:
                    found[key] = of_object(one.type, self.below.below(nodes))
                except NotPlain:
                    return None
        return found or None

# SPDX-License-Identifier: Apache-2.0
"""Lists of plain things, such as the phases of an evening: read and written as JSON without a dictionary in between.

A thing is plain when all that is selected of it are attributes of a contract's struct whose types say already that the
schema allows them: msgspec has checked them when the answer was read, so they are not checked again (but for the bounds
of `Int`). For each such selection there is a struct of its own with the client's names, which costs a third of a
dictionary, and msgspec writes the whole list at once.
"""

import types
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
import orjson
from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLID,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLString,
    is_leaf_type,
)
from strawberry.schema.schema_converter import GraphQLCoreConverter

from gateway.execution.selection import Selection
from gateway.schema.shape import Shown
from gateway.schema.stored import PART

DATE_TIME = "DateTime"
"""The scalar that strawberry writes as `isoformat` does."""

_SAME = {GraphQLString.name: str, GraphQLID.name: str, GraphQLBoolean.name: bool}


class NotPlain(Exception):
    """A selection that needs more."""


def out_of_bounds() -> Any:
    """Stands for an integer that is none in GraphQL.

    Raises:
        OverflowError: always.
    """
    raise OverflowError


def written(items: list[Any]) -> orjson.Fragment:
    """A list of plain things as JSON."""
    return orjson.Fragment(_ENCODER.encode(items))


_ENCODER = msgspec.json.Encoder()


@cache
def _attributes(kind: type) -> Mapping[str, Any]:
    """The attributes of a struct with their types."""
    return get_type_hints(kind) if issubclass(kind, msgspec.Struct) else {}


@cache
def view_of(cls: type) -> Any:
    """The type of the view that a GraphQL type shows."""
    return get_type_hints(cls).get("view")


class Plain:
    """Makes expressions for plain things.

    Args:
        constant: gives a value a name in the source.
    """

    def __init__(self, constant: Callable[[str, Any], str]) -> None:
        self._constant = constant
        self._variables = 0

    def list(self, kind: GraphQLList[Any], name: str, below: Selection) -> str:
        """An expression for a list as it is written.

        Args:
            kind: type of the list.
            name: of a variable that holds the views of its items.
            below: what is selected of them.

        Raises:
            NotPlain: it needs more.
        """
        item = kind.of_type.of_type if isinstance(kind.of_type, GraphQLNonNull) else None
        if not isinstance(item, GraphQLObjectType):
            raise NotPlain
        variable = self._variable()
        made = self._object(item, view_of(_class_of(item)), variable, below)
        return f"{self._constant('WRITTEN_', written)}([{made} for {variable} in {name}])"

    def _variable(self) -> str:
        self._variables += 1
        return f"each_{self._variables}"

    def _object(self, kind: GraphQLObjectType, view: Any, name: str, below: Selection) -> str:
        cls = _class_of(kind)
        if not issubclass(cls, Shown) or not isinstance(view, type):
            raise NotPlain
        attributes, values, renamed = _attributes(view), [], {}
        for place, (key, nodes) in enumerate(below.of(kind).items()):
            renamed[f"f{place}"] = key
            if nodes[0].name.value == "__typename":
                values.append(repr(kind.name))
                continue
            field = kind.fields[nodes[0].name.value]
            definition = field.extensions[GraphQLCoreConverter.DEFINITION_BACKREF]
            if PART in definition.metadata:
                attribute = definition.metadata[PART].name
            elif definition.base_resolver is None:
                attribute = definition.python_name
            else:
                raise NotPlain
            if attribute not in attributes:
                raise NotPlain
            values.append(self._value(field.type, attributes[attribute], f"{name}.{attribute}", below.below(nodes)))
        fields = [(name, Any) for name in renamed]
        struct = msgspec.defstruct(kind.name, fields, rename=renamed, gc=False)
        return f"{self._constant('STRUCT_', struct)}({', '.join(values)})"

    def _value(self, kind: GraphQLOutputType, given: Any, name: str, below: Selection) -> str:
        required = isinstance(kind, GraphQLNonNull)
        inner: Any = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
        if get_origin(given) in (Union, types.UnionType):
            types_of = [one for one in get_args(given) if one is not type(None)]
            if required or len(types_of) != 1:
                raise NotPlain
            return f"(None if {name} is None else {self._given(inner, types_of[0], name, below)})"
        return self._given(inner, given, name, below)

    def _given(self, kind: Any, given: Any, name: str, below: Selection) -> str:
        if isinstance(kind, GraphQLObjectType):
            return self._object(kind, given, name, below)
        if isinstance(kind, GraphQLList):
            if get_origin(given) is not tuple or get_args(given)[1:] != (Ellipsis,):
                raise NotPlain
            variable = self._variable()
            made = self._value(kind.of_type, get_args(given)[0], variable, below)
            return f"[{made} for {variable} in {name}]"
        if not is_leaf_type(kind):
            raise NotPlain
        if isinstance(kind, GraphQLEnumType) and get_origin(given) is Literal:
            names = {value.value: key for key, value in kind.values.items()}
            if not names.keys() >= set(get_args(given)):
                raise NotPlain
            return f"{self._constant('ENUM_', names)}[{name}]"
        if kind.name in _SAME and _SAME[kind.name] is given:
            return name
        if kind.name == GraphQLInt.name and given is int:
            wrong = self._constant("WRONG_", out_of_bounds)
            return f"({name} if -2147483648 <= {name} <= 2147483647 else {wrong}())"
        if kind.name == DATE_TIME and given is datetime:
            return f"{name}.isoformat()"
        raise NotPlain


def _class_of(kind: GraphQLObjectType) -> type:
    definition = kind.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if definition is None:
        raise NotPlain
    cls: type = definition.origin
    return cls

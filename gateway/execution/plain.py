# SPDX-License-Identifier: Apache-2.0
"""Plain things, such as the phases of an evening: written as JSON without a dictionary in between.

A thing is plain when all that is selected of it are attributes of a contract's struct whose types say already that the
schema allows them: msgspec has checked them when the answer was read, so they are not checked again (but for the bounds
of numbers). Braces and names around the values are the same for every thing of a selection: they are a template into
which generated source puts the values (`writing`).
"""

import types
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec
import orjson
from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLString,
)
from strawberry.schema.schema_converter import GraphQLCoreConverter

from gateway.execution.leaves import Encode, Leaf
from gateway.execution.lines import DATE_TIME
from gateway.execution.selection import Selection
from gateway.schema.shape import Shown
from gateway.schema.stored import PART

_SAME = {GraphQLString.name: str, GraphQLID.name: str, GraphQLBoolean.name: bool}


class NotPlain(Exception):
    """A selection that needs more."""


class Inner(NamedTuple):
    """A value that has a selection of its own: a thing that may be null, or a list of things.

    Args:
        path: the attributes that lead to it, separated by dots.
        template: of each thing.
        many: whether it is a list.
        present: whether it is never null.
    """

    path: str
    template: "Template"
    many: bool
    present: bool


class Template(NamedTuple):
    """How things of one type are written in the words of one selection.

    Args:
        texts: what stands before each value, and behind the last one.
        values: what stands between them.
    """

    texts: list[bytes]
    values: list[Leaf | Inner]


def of_object(kind: GraphQLObjectType, below: Selection) -> Template:
    """A template for things of a type.

    Args:
        kind: the type.
        below: what is selected of them.

    Raises:
        NotPlain: it needs more.
    """
    return _template(kind, _view_of(_class_of(kind)), below)


def of_items(kind: GraphQLList[Any], below: Selection) -> Template:
    """The same for the items of a list."""
    item = kind.of_type.of_type if isinstance(kind.of_type, GraphQLNonNull) else None
    if not isinstance(item, GraphQLObjectType):
        raise NotPlain
    return of_object(item, below)


def _template(kind: GraphQLObjectType, view: Any, below: Selection) -> Template:
    texts: list[bytes] = [b""]
    values: list[Leaf | Inner] = []

    def add(kind: GraphQLObjectType, view: Any, path: str, below: Selection) -> None:
        cls = _class_of(kind)
        if not issubclass(cls, Shown) or not isinstance(view, type):
            raise NotPlain
        texts[-1] += b"{"
        for place, (key, nodes) in enumerate(below.of(kind).items()):
            texts[-1] += (b"," if place else b"") + orjson.dumps(key) + b":"
            if nodes[0].name.value == "__typename":
                texts[-1] += orjson.dumps(kind.name)
                continue
            field = kind.fields[nodes[0].name.value]
            attribute = _attribute(field.extensions[GraphQLCoreConverter.DEFINITION_BACKREF])
            if attribute not in _attributes(view):
                raise NotPlain
            given, inner = _attributes(view)[attribute], below.below(nodes)
            if isinstance(field.type, GraphQLNonNull) and isinstance(field.type.of_type, GraphQLObjectType):
                add(field.type.of_type, given, f"{path}{attribute}.", inner)
                continue
            leaf = _leaf(field.type, given, path + attribute)
            values.append(leaf or _inner(field.type, given, path + attribute, inner))
            texts.append(b"")
        texts[-1] += b"}"

    add(kind, view, "", below)
    return Template(texts, values)


def _attribute(definition: Any) -> str:
    """The attribute of the view that a field shows."""
    if PART in definition.metadata:
        name: str = definition.metadata[PART].name
    elif definition.base_resolver is None:
        name = definition.python_name
    else:
        raise NotPlain
    return name


def _inner(kind: Any, given: Any, path: str, below: Selection) -> Inner:
    """A value that is an object which may be null, or a list of objects."""
    present, given = _present(kind, given)
    inner: Any = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if isinstance(inner, GraphQLObjectType):
        return Inner(path, _template(inner, given, below), many=False, present=present)
    if get_origin(given) is tuple and get_args(given)[1:] == (Ellipsis,):
        return Inner(path, of_items(inner, below), many=True, present=present)
    raise NotPlain


@cache
def _leaf(kind: Any, given: Any, path: str) -> Leaf | None:
    """A value without a selection of its own; None: it has one."""
    encode = _encode(kind, given)
    return None if encode is None else Leaf(path, encode)


def _present(kind: Any, given: Any) -> tuple[bool, Any]:
    """Whether a value is always there, and its type when it is.

    Raises:
        NotPlain: it may not be there where the schema says that it is.
    """
    if get_origin(given) not in (Union, types.UnionType):
        return True, given
    types_of = [one for one in get_args(given) if one is not type(None)]
    if isinstance(kind, GraphQLNonNull) or len(types_of) != 1:
        raise NotPlain
    return False, types_of[0]


def _encode(kind: Any, given: Any) -> Encode | None:
    """What makes a value JSON; None: something must be selected of it."""
    present, given = _present(kind, given)
    inner: Any = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if isinstance(inner, GraphQLList) and get_origin(given) is tuple and get_args(given)[1:] == (Ellipsis,):
        item = _encode(inner.of_type, get_args(given)[0])
        encode = None if item is None else _listed(item)
    else:
        encode = _scalar(inner, given)
    return encode if present or encode is None else _or_null(encode)


def _scalar(kind: Any, given: Any) -> Encode | None:
    if isinstance(kind, GraphQLObjectType | GraphQLList):
        return None
    if isinstance(kind, GraphQLEnumType) and get_origin(given) is Literal:
        names = {value.value: orjson.dumps(key) for key, value in kind.values.items()}
        if names.keys() >= set(get_args(given)):
            return names.__getitem__
    elif getattr(kind, "name", None) in _SAME and _SAME[kind.name] is given:
        return orjson.dumps
    elif kind is GraphQLInt and given is int:
        return _int
    elif kind is GraphQLFloat and given is float:
        return _float
    elif getattr(kind, "name", None) == DATE_TIME and given is datetime:
        return _instant
    raise NotPlain


def _or_null(encode: Encode) -> Encode:
    return lambda value: b"null" if value is None else encode(value)


def _listed(encode: Encode) -> Encode:
    return lambda values: b"[" + b",".join(map(encode, values)) + b"]"


def _int(value: int) -> bytes:
    if not -2147483648 <= value <= 2147483647:
        raise OverflowError("an integer that is none in GraphQL")
    return orjson.dumps(value)


def _float(value: float) -> bytes:
    if value - value != 0.0:
        raise OverflowError("a number that is none in JSON")
    return orjson.dumps(value)


def _instant(value: datetime) -> bytes:
    return orjson.dumps(value.isoformat())


@cache
def _attributes(kind: type) -> Mapping[str, Any]:
    """The attributes of a struct with their types."""
    return get_type_hints(kind) if issubclass(kind, msgspec.Struct) else {}


@cache
def _view_of(cls: type) -> Any:
    """The type of the view that a GraphQL type shows."""
    return get_type_hints(cls).get("view")


def _class_of(kind: GraphQLObjectType) -> type:
    definition = kind.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if definition is None:
        raise NotPlain
    cls: type = definition.origin
    return cls

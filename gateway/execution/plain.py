# SPDX-License-Identifier: Apache-2.0
"""Plain things, such as the phases of an evening: written as JSON without a dictionary in between.

A thing is plain when all that is selected of it are attributes of a contract's struct whose types say already that the
schema allows them: msgspec has checked them when the answer was read, so they are not checked again (but for the bounds
of numbers). Braces and names around the values are the same for every thing of a selection. They are a template into
which the values are put; of answers that are kept, each value was made JSON once (`leaves`).
"""

import types
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

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

from gateway.execution.leaves import Columns, Encode, Leaf, Leaves
from gateway.execution.lines import DATE_TIME
from gateway.execution.selection import Selection
from gateway.schema.shape import Shown
from gateway.schema.stored import PART

_SAME = {GraphQLString.name: str, GraphQLID.name: str, GraphQLBoolean.name: bool}


class NotPlain(Exception):
    """A selection that needs more."""


class Template:
    """Writes things of one type in the words of one selection.

    Args:
        texts: what stands before each value, and behind the last one.
        leaves: the values.
        kept: values that were made JSON before; None: the things do not stay.
    """

    __slots__ = ("_first", "_item", "_kept", "_last", "_leaves", "_width")

    def __init__(self, texts: Sequence[bytes], leaves: Sequence[Leaf], kept: Leaves | None) -> None:
        self._first, self._last = texts[0], texts[-1]
        self._leaves = [(2 * number + 1, leaf) for number, leaf in enumerate(leaves)]
        self._width = 2 * len(leaves)
        between = self._last + b"," + self._first
        self._item = [part for text in (between, *texts[1:-1]) for part in (text, b"")]
        self._kept = kept

    def one(self, thing: Any) -> bytes:
        """A thing as JSON."""
        if not self._leaves:
            return self._first
        columns = _NONE if self._kept is None else self._kept.of(thing)
        parts = self._item.copy()
        for place, leaf in self._leaves:
            if leaf.stays:
                parts[place] = (columns.get(leaf) or self._made(leaf, (thing,), thing))[0]
            else:
                parts[place] = leaf.encode(leaf.get(thing))
        parts[0] = self._first
        parts.append(self._last)
        return b"".join(parts)

    def all(self, things: Sequence[Any]) -> bytes:
        """A list of things as JSON."""
        if not things or not self._leaves:
            return b"[" + b",".join([self._first] * len(things)) + b"]"
        columns = _NONE if self._kept is None else self._kept.of(things)
        parts, width = self._item * len(things), self._width
        for place, leaf in self._leaves:
            parts[place::width] = columns.get(leaf) or self._made(leaf, things, things)
        parts[0] = b"[" + self._first
        parts += (self._last, b"]")
        return b"".join(parts)

    def _made(self, leaf: Leaf, things: Sequence[Any], held: object) -> list[bytes]:
        column = leaf.column(things)
        if leaf.stays and self._kept is not None:
            self._kept.add(held, leaf, column)
        return column


_NONE: Columns = {}


def of_object(kind: GraphQLObjectType, below: Selection, kept: Leaves | None) -> Template:
    """A template for things of a type.

    Args:
        kind: the type.
        below: what is selected of them.
        kept: values that were made JSON before; None: the things do not stay.

    Raises:
        NotPlain: it needs more.
    """
    return _template(kind, _view_of(_class_of(kind)), below, kept)


def of_items(kind: GraphQLList[Any], below: Selection, kept: Leaves | None) -> Template:
    """The same for the items of a list."""
    item = kind.of_type.of_type if isinstance(kind.of_type, GraphQLNonNull) else None
    if not isinstance(item, GraphQLObjectType):
        raise NotPlain
    return of_object(item, below, kept)


def _template(kind: GraphQLObjectType, view: Any, below: Selection, kept: Leaves | None) -> Template:
    texts, leaves = [b""], []

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
            leaves.append(
                _leaf(field.type, given, path + attribute) or _inner(field.type, given, path + attribute, inner, kept)
            )
            texts.append(b"")
        texts[-1] += b"}"

    add(kind, view, "", below)
    return Template(texts, leaves, kept)


def _attribute(definition: Any) -> str:
    """The attribute of the view that a field shows."""
    if PART in definition.metadata:
        name: str = definition.metadata[PART].name
    elif definition.base_resolver is None:
        name = definition.python_name
    else:
        raise NotPlain
    return name


def _inner(kind: Any, given: Any, path: str, below: Selection, kept: Leaves | None) -> Leaf:
    """A value that is an object which may be null, or a list of objects."""
    present, given = _present(kind, given)
    inner: Any = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if isinstance(inner, GraphQLObjectType):
        encode: Encode = _template(inner, given, below, kept).one
    elif get_origin(given) is tuple and get_args(given)[1:] == (Ellipsis,):
        encode = of_items(inner, below, kept).all
    else:
        raise NotPlain
    return Leaf(path, encode if present else _or_null(encode), stays=False)


@cache
def _leaf(kind: Any, given: Any, path: str) -> Leaf | None:
    """A value without a selection of its own; None: it has one."""
    encode = _encode(kind, given)
    return None if encode is None else Leaf(path, encode, stays=True)


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

# SPDX-License-Identifier: Apache-2.0
"""GraphQL inputs and objects made from the contracts' structs: of commands, their answers, and refusals.

What residents read is shaped by hand in the modules of the areas; what goes in and what is refused follows the
contract word by word, so that a new field or refusal is in the API as soon as it is in the contract.
"""

import types
from collections.abc import Callable
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec
import strawberry

from gateway.schema import scalars
from gateway.schema.relay import global_id, local_id
from gateway.schema.shape import Shown, description_of
from gateway.schema.words import kind_of_id, meaning
from services.chassis.contract import CommandRequest

ID_PATTERN = "^[0-9a-f]{32}$"

PAIRS = {
    "dots": ("Dots", "problem_id", "Problem", "dots", "Dots on one problem statement."),
    "scores": ("Score", "criterion_id", "Criterion", "score", "The score of one criterion, 0 to 5."),
    "attributes": ("Attribute", "name", None, "value", "One thing a person tells about themselves."),
}
"""Dictionaries of the contracts as lists of pairs: type, key field, type of its id, value field, description."""


class Shape(NamedTuple):
    """How one value looks in GraphQL.

    Args:
        annotation: the type that strawberry understands.
        read: from the GraphQL input to plain data for msgspec.
        write: from the contract's value to what GraphQL shows.
    """

    annotation: Any
    read: Callable[[Any], Any]
    write: Callable[[Any], Any]


class Unshaped(TypeError):
    """A contract holds a type that has no GraphQL counterpart yet."""


@cache
def _enums() -> dict[frozenset[str], type[Enum]]:
    return {
        frozenset(str(item.value) for item in kind): kind
        for kind in vars(scalars).values()
        if isinstance(kind, type) and issubclass(kind, Enum) and kind is not Enum
    }


def _same(value: Any) -> Any:
    return value


def shape(name: str, annotation: Any) -> Shape:
    """How the field `name` of a contract looks in GraphQL.

    Args:
        name: of the field; it says what an id is an id of.
        annotation: its type in the contract.

    Raises:
        Unshaped: there is no counterpart.
    """
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        metas = [item for item in arguments[1:] if isinstance(item, msgspec.Meta)]
        if any(meta.pattern == ID_PATTERN for meta in metas):
            kind = kind_of_id(name)
            return Shape(strawberry.ID, lambda text: local_id(text, kind), lambda text: global_id(kind, text))
        return shape(name, arguments[0])
    if origin in (Union, types.UnionType):
        inner = [argument for argument in arguments if argument is not type(None)]
        if len(inner) != 1 or len(inner) == len(arguments):
            raise Unshaped(f"{name}: {annotation}")
        found = shape(name, inner[0])
        return Shape(found.annotation | None, _optional(found.read), _optional(found.write))
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        found = shape(name, arguments[0])
        return Shape(list[found.annotation], _each(found.read), _each(found.write))  # type: ignore[name-defined]
    if origin is dict and name in PAIRS:
        return _pairs(name, shape(name, arguments[1]))
    if origin is Literal:
        kind_of = _enums().get(frozenset(map(str, arguments)))
        if kind_of is None:
            return Shape(str, _same, _same)
        return Shape(kind_of, lambda item: item.value, kind_of)
    if name == "channel" and annotation is str:
        return Shape(str, _read_channel, _same)
    if annotation in (str, int, float, bool, datetime):
        return Shape(annotation, _same, _same)
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return _nested(annotation)
    raise Unshaped(f"{name}: {annotation}")


def _optional(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None or value is strawberry.UNSET else convert(value)


def _each(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda values: [convert(value) for value in values]


def _read_channel(text: str) -> str:
    return text if text in ("plenary", "staff") else local_id(text, "Group")


@cache
def _nested(kind: type[msgspec.Struct]) -> Shape:
    # A command as a row of another one has no key of its own; its mutation's input has one.
    title = f"{kind.__name__}RowInput" if issubclass(kind, CommandRequest) else f"{kind.__name__}Input"
    made = input_type(kind, title)
    return Shape(made, lambda value: plain(kind, value), _same)


def _pairs(name: str, value: Shape) -> Shape:
    title, key_name, key_kind, value_name, description = PAIRS[name]
    made = _pair_input(title, key_name, key_kind is not None, value_name, value.annotation, description)

    def read(items: list[Any]) -> dict[str, Any]:
        keys = (getattr(item, key_name) for item in items)
        return {
            local_id(key, key_kind) if key_kind else key: value.read(getattr(item, value_name))
            for key, item in zip(keys, items, strict=True)
        }

    return Shape(list[made], read, _same)  # type: ignore[valid-type]


@cache
def _pair_input(title: str, key: str, is_id: bool, value: str, annotation: Any, description: str) -> Any:
    namespace = {
        "__annotations__": {key: strawberry.ID if is_id else str, value: annotation},
        key: strawberry.field(description=meaning(key)),
        value: strawberry.field(description="The value."),
    }
    return strawberry.input(type(f"{title}Input", (), namespace), description=description)


def fields_of(kind: type[msgspec.Struct]) -> dict[str, Shape]:
    """The fields of a struct as GraphQL sees them, in their order."""
    hints = get_type_hints(kind, include_extras=True)
    return {field.name: shape(field.name, hints[field.name]) for field in msgspec.structs.fields(kind)}


def input_type(kind: type[msgspec.Struct], title: str, extra: dict[str, tuple[Any, Any]] | None = None) -> Any:
    """A GraphQL input for a struct.

    Args:
        kind: the struct.
        title: name of the input.
        extra: further fields: annotation and strawberry field by name; they come first.
    """
    annotations: dict[str, Any] = {}
    namespace: dict[str, Any] = {}
    for name, (annotation, made) in (extra or {}).items():
        annotations[name], namespace[name] = annotation, made
    shapes = fields_of(kind)
    for field in msgspec.structs.fields(kind):
        annotation = shapes[field.name].annotation
        if field.required:
            made = strawberry.field(description=meaning(field.name))
        else:
            default = _default(field.default, annotation)
            annotation = annotation if default is not strawberry.UNSET else annotation | None
            made = strawberry.field(description=meaning(field.name), default=default)
        annotations[field.name], namespace[field.name] = annotation, made
    namespace["__annotations__"] = annotations
    return strawberry.input(type(title, (), namespace), description=description_of(kind))


def _default(default: Any, annotation: Any) -> Any:
    """The default as the schema shows it; none where the contract's own default follows from leaving it out."""
    if isinstance(annotation, type) and issubclass(annotation, Enum) and isinstance(default, str):
        return annotation(default)
    return default if isinstance(default, (bool, int, str)) else strawberry.UNSET


def plain(kind: type[msgspec.Struct], value: Any) -> dict[str, Any]:
    """A GraphQL input as plain data from which msgspec makes the struct.

    Raises:
        BadId: one of its ids is none.
    """
    found: dict[str, Any] = {}
    for name, field in fields_of(kind).items():
        given = getattr(value, name)
        if given is not None and given is not strawberry.UNSET:
            found[name] = field.read(given)
    return found


def object_type(
    kind: type[msgspec.Struct],
    title: str,
    *,
    bases: tuple[type, ...] = (Shown,),
    extra: dict[str, Any] | None = None,
    description: str | None = None,
) -> Any:
    """A GraphQL object for a struct; `show` makes instances.

    Args:
        kind: the struct.
        title: name of the type.
        bases: classes it inherits from.
        extra: further strawberry fields by name.
        description: None: the docstring of the struct.
    """
    namespace: dict[str, Any] = {"__annotations__": {}, **(extra or {})}
    for name, found in fields_of(kind).items():
        namespace[name] = strawberry.field(resolver=_reader(name, found), description=meaning(name))
    made = type(title, bases, namespace)
    return strawberry.type(made, description=description or description_of(kind))


def _reader(name: str, found: Shape) -> Callable[[Any], Any]:
    def read(self: Any) -> Any:
        return found.write(getattr(self.view, name))

    read.__annotations__ = {"return": found.annotation}
    return read

# SPDX-License-Identifier: Apache-2.0
"""Puts an example into the description of everything in the schema, when the schema is built.

Examples of values come from a table; those of objects, inputs and operations are made of them, so that every one of
them is valid for the schema as it is.
"""

import json
from collections.abc import Mapping
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    Undefined,
    get_named_type,
    is_leaf_type,
)

from gateway.schema.examples import CHOICES, EXAMPLES
from gateway.schema.relay import global_id
from gateway.schema.words import kind_of_id

LOCAL = "3f2b8c0d1e4f5a6b7c8d9e0f1a2b3c4d"
SCALARS = {
    "ID": global_id("Conference", LOCAL),
    "DateTime": EXAMPLES["startsAt"],
    "Boolean": True,
    "Int": 7,
    "Float": 0.5,
    "String": "text",
}
FEW = 3
"""How many fields an example shows; more would hide the sentence before it."""

_BUILT_IN = frozenset({"Boolean", "Float", "ID", "Int", "String"})


class NoExample(LookupError):
    """`gateway.schema.examples` has no entry for a field."""


def illustrate(schema: GraphQLSchema) -> None:
    """Ends the description of every type, field and argument with an example, and describes every choice.

    Args:
        schema: it is changed in place, once.

    Raises:
        NoExample: a field has none.
    """
    for kind in schema.type_map.values():
        if kind.name.startswith("__") or kind.name in _BUILT_IN:
            continue
        if isinstance(kind, GraphQLEnumType):
            for name, choice in kind.values.items():
                choice.description = choice.description or CHOICES.get(kind.name, {}).get(name)
        elif isinstance(kind, (GraphQLObjectType, GraphQLInterfaceType)):
            for name, field in kind.fields.items():
                for argument, taken in field.args.items():
                    taken.description = _ended(taken.description, literal(taken, f"{kind.name}.{name}", argument))
                field.description = _ended(field.description, _of_field(schema, kind, name, field))
        elif isinstance(kind, GraphQLInputObjectType):
            for name, taken in kind.fields.items():
                taken.description = _ended(taken.description, literal(taken, kind.name, name))
        kind.description = _ended(kind.description, _of_type(schema, kind))


def _ended(description: str | None, example: str) -> str:
    return f"{description or ''} Example: `{example}`.".lstrip()


def value_of(kind: GraphQLNamedType, owner: str, name: str) -> Any:
    """An example of a leaf value, as JSON has it.

    Args:
        kind: its type.
        owner: the type, or `Type.field` of the argument, that it belongs to.
        name: of the field or argument.

    Raises:
        NoExample: the table has none.
    """
    for key in (f"{owner}.{name}", name):
        if key in EXAMPLES and (key != name or not isinstance(kind, GraphQLEnumType)):
            if kind.name == "ID" and key == name:
                break
            return EXAMPLES[key]
    if kind.name == "ID":
        if name in ("id", "ids"):
            parent, _, field = owner.partition(".")
            found = (field[:1].upper() + field[1:]) if field and field not in ("node", "nodes") else parent
            return global_id(found if found not in ("Node", "Query") else "Conference", LOCAL)
        snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
        return global_id(kind_of_id(snake.removeprefix("removed_")), LOCAL)
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    if kind.name in ("Boolean", "DateTime"):
        return SCALARS[kind.name]
    raise NoExample(f"{owner}.{name}: {kind.name}")


def _json(kind: Any, owner: str, name: str) -> Any:
    """An example of a value of any input or leaf type, as JSON; of inputs, the fields that are required."""
    if isinstance(kind, GraphQLNonNull):
        return _json(kind.of_type, owner, name)
    if isinstance(kind, GraphQLList):
        found = _json(kind.of_type, owner, name)
        return found if isinstance(found, list) else [found]
    if isinstance(kind, GraphQLInputObjectType):
        return {
            field: _json(taken.type, kind.name, field)
            for field, taken in kind.fields.items()
            if isinstance(taken.type, GraphQLNonNull) and taken.default_value is Undefined
        } or {field: _json(taken.type, kind.name, field) for field, taken in kind.fields.items()}
    return value_of(kind, owner, name)


def literal(taken: GraphQLArgument | GraphQLInputField, owner: str, name: str) -> str:
    """An example of an argument or input field as it stands in a document."""
    return _literal(_json(taken.type, owner, name), taken.type)


def _literal(value: Any, kind: Any) -> str:
    if isinstance(kind, GraphQLNonNull):
        return _literal(value, kind.of_type)
    if isinstance(kind, GraphQLList):
        return "[" + ", ".join(_literal(item, kind.of_type) for item in value) + "]"
    if isinstance(kind, GraphQLInputObjectType):
        fields = (f"{name}: {_literal(item, kind.fields[name].type)}" for name, item in value.items())
        return "{" + ", ".join(fields) + "}"
    if isinstance(kind, GraphQLEnumType):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def _of_field(schema: GraphQLSchema, kind: Any, name: str, field: GraphQLField) -> str:
    named = get_named_type(field.type)
    if is_leaf_type(named):
        if name == "code" and kind.name != "Refusal" and _refuses(kind):
            return json.dumps(_code(kind.name))
        return json.dumps(_json(field.type, kind.name, name), ensure_ascii=False)
    required = {
        argument: taken
        for argument, taken in field.args.items()
        if isinstance(taken.type, GraphQLNonNull) and taken.default_value is Undefined
    }
    if "first" in field.args:
        required["first"] = field.args["first"]
    place = f"{kind.name}.{name}"
    given = ", ".join(f"{argument}: {literal(taken, place, argument)}" for argument, taken in required.items())
    return f"{name}({given}) {_selection(schema, named)}" if given else f"{name} {_selection(schema, named)}"


def _selection(schema: GraphQLSchema, kind: GraphQLNamedType) -> str:
    """A small selection of an object."""
    if isinstance(kind, GraphQLUnionType):
        first = kind.types[0]
        rest = " ... on Refusal { code message }" if any(map(_refuses, kind.types)) else ""
        return f"{{ __typename ... on {first.name} {_selection(schema, first)}{rest} }}"
    fields: Mapping[str, GraphQLField] = kind.fields  # type: ignore[attr-defined]
    leaves = [
        name
        for name, field in fields.items()
        if is_leaf_type(get_named_type(field.type)) and not field.args and name != "path"
    ]
    if leaves:
        return "{ " + " ".join(leaves[:FEW]) + " }"
    name, field = next((name, field) for name, field in reversed(list(fields.items())) if not field.args)
    return f"{{ {name} {_selection(schema, get_named_type(field.type))} }}"


def _of_type(schema: GraphQLSchema, kind: GraphQLNamedType) -> str:
    match kind:
        case GraphQLScalarType():
            return json.dumps(SCALARS[kind.name])
        case GraphQLEnumType(values=choices):
            return str(next(iter(choices)))
        case GraphQLInputObjectType():
            return _literal(_json(kind, kind.name, ""), kind)
        case GraphQLUnionType():
            return _selection(schema, kind)
        case GraphQLInterfaceType():
            return f"... on {kind.name} {_selection(schema, kind)}"
        case GraphQLObjectType() if kind in (schema.query_type, schema.mutation_type, schema.subscription_type):
            name, field = next(iter(kind.fields.items()))
            return f"{{ {_of_field(schema, kind, name, field)} }}"
        case GraphQLObjectType():
            return _instance(schema, kind)
    raise NoExample(kind.name)


def _instance(schema: GraphQLSchema, kind: GraphQLObjectType) -> str:
    """An object as an answer shows it: its first values; of a refusal, its code and what is its own."""
    leaves = {
        name: field.type
        for name, field in kind.fields.items()
        if is_leaf_type(get_named_type(field.type)) and not field.args
    }
    if not leaves:
        return _selection(schema, kind)
    if _refuses(kind):
        own = {name: _json(leaves[name], kind.name, name) for name in leaves if name not in ("code", "message", "path")}
        return json.dumps({"code": _code(kind.name), **own}, ensure_ascii=False)
    shown = {name: _json(leaves[name], kind.name, name) for name in list(leaves)[:FEW]}
    return json.dumps(shown, ensure_ascii=False)


def _refuses(kind: GraphQLNamedType) -> bool:
    return any(face.name == "Refusal" for face in getattr(kind, "interfaces", ()))


def _code(name: str) -> str:
    return "".join(f"_{letter}" if letter.isupper() and place else letter.upper() for place, letter in enumerate(name))

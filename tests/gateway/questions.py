# SPDX-License-Identifier: Apache-2.0
"""One question for every line of the table of permissions: the field alone, with arguments that fit."""

from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    is_composite_type,
    is_required_input_field,
)

from gateway.schema.build import build_schema, core

SCHEMA = core(build_schema())
SCALARS = {
    "ID": "c0" * 16, "String": "words", "Int": 3, "Float": 1.0, "Boolean": True, "DateTime": "2027-01-01T12:00:00Z",
}  # fmt: skip


def sample(kind: Any) -> Any:
    """Some value of an input type."""
    if isinstance(kind, GraphQLNonNull):
        return sample(kind.of_type)
    if isinstance(kind, GraphQLList):
        return [sample(kind.of_type)]
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    if isinstance(kind, GraphQLInputObjectType):
        wanted = {name: field for name, field in kind.fields.items() if is_required_input_field(field)}
        return {name: sample(field.type) for name, field in wanted.items()}
    return SCALARS[kind.name]


def question(name: str, field: str, gid: str) -> tuple[str, dict[str, Any]]:
    """The operation that asks for one field alone, and its variables.

    Args:
        name: of the type that has the field.
        field: its name.
        gid: of the conference that it is about.
    """
    kind = SCHEMA.type_map[name]
    assert isinstance(kind, GraphQLObjectType)
    definition = kind.fields[field]
    if name == "Mutation":
        given = definition.args["input"].type
        values = sample(given)
        values["idempotencyKey"] = field
        if "conferenceId" in given.of_type.fields:
            values["conferenceId"] = gid
        words = "{ __typename ... on NotAllowed { needs } }"
        return f"mutation($input: {given}) {{ {field}(input: $input) {words} }}", {"input": values}
    known = {"id": gid, "ids": [gid], "channel": "plenary"}
    arguments = {key: arg for key, arg in definition.args.items() if key in known}
    declared = "".join(f"${key}: {arg.type} " for key, arg in arguments.items())
    passed = f"({' '.join(f'{key}: ${key}' for key in arguments)})" if arguments else ""
    below = "{ __typename }" if is_composite_type(get_named_type(definition.type)) else ""
    asked = f"{field}{passed} {below}"
    variables = {key: known[key] for key in arguments}
    if name == "Conference":
        asked = f"conference(id: $gid) {{ {asked} }}"
        declared += "$gid: ID!"
        variables["gid"] = gid
    return f"query{f'({declared})' if declared else ''} {{ {asked} }}", variables


def refused(name: str, field: str, answer: dict[str, Any]) -> bool:
    """Whether an answer says that the client may not."""
    if answer.get("errors") and answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED":
        return True
    if name == "Mutation":
        return bool(answer["data"][field]["__typename"] == "NotAllowed")
    return any(error["extensions"]["code"] == "NOT_ALLOWED" for error in answer.get("errors", ()))

# SPDX-License-Identifier: Apache-2.0
"""One question for every line of the table of permissions: the field alone, with arguments that fit."""

import re
from collections.abc import Mapping
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
from gateway.schema.relay import global_id
from gateway.schema.words import kind_of_id

SCHEMA = core(build_schema())
SCALARS = {
    "ID": "c0" * 16, "String": "words", "Int": 3, "Float": 1.0, "Boolean": True, "DateTime": "2027-01-01T12:00:00Z",
}  # fmt: skip


NAMED = {"channel": "plenary", "email": "r@example.org", "contactEmail": "r@example.org", "keyId": "0" * 8}
"""Texts of a form of their own, by the input field."""

NOTHING: Mapping[str, str] = {}


def sample(kind: Any, name: str = "", things: Mapping[str, str] = NOTHING) -> Any:
    """Some value of an input type.

    Args:
        kind: the type.
        name: of the input field; it says what an id is an id of.
        things: global ids by the type of what they name. An optional field is filled where it is one of their ids.
    """
    if isinstance(kind, GraphQLNonNull):
        return sample(kind.of_type, name, things)
    if isinstance(kind, GraphQLList):
        return [sample(kind.of_type, name, things)]
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    if isinstance(kind, GraphQLInputObjectType):
        return {
            one: sample(field.type, one, things)
            for one, field in kind.fields.items()
            if is_required_input_field(field) or thing(field.type, one) in things
        }
    if name == "channel" and "Group" in things:
        return things["Group"]
    return things.get(thing(kind, name) or "", NAMED.get(name, SCALARS[kind.name]))


def thing(kind: Any, name: str) -> str | None:
    """The type of what an input field names by its id; None when it holds no id."""
    if get_named_type(kind).name != "ID":
        return None
    return kind_of_id(re.sub("([A-Z])", lambda letter: f"_{letter[1].lower()}", name))


def question(name: str, field: str, gid: str, things: Mapping[str, str] = NOTHING) -> tuple[str, dict[str, Any]]:
    """The operation that asks for one field alone, and its variables.

    Args:
        name: of the type that has the field.
        field: its name.
        gid: of the conference that it is about.
        things: global ids that are named wherever one of their type is asked for, by type.
    """
    kind = SCHEMA.type_map[name]
    assert isinstance(kind, GraphQLObjectType)
    definition = kind.fields[field]
    if name == "Mutation":
        given = definition.args["input"].type
        values = sample(given, "input", things)
        if "idempotencyKey" in given.of_type.fields:
            values["idempotencyKey"] = field
        if "conferenceId" in given.of_type.fields:
            values["conferenceId"] = gid
        words = "{ __typename ... on Refusal { code } ... on NotAllowed { needs } }"
        return f"mutation($input: {given}) {{ {field}(input: $input) {words} }}", {"input": values}
    by_id = things.get(get_named_type(definition.type).name, gid)
    known: dict[str, Any] = {
        "id": by_id, "ids": [by_id], "channel": things.get("Group", "plenary"), "conferenceId": gid,
        "roundId": things.get("JuryRound", gid), "jobId": things.get("Job", gid),
        "pollId": things.get("Poll", global_id("Poll", SCALARS["ID"])),
    }  # fmt: skip
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
    word = "subscription" if name == "Subscription" else "query"
    return f"{word}{f'({declared})' if declared else ''} {{ {asked} }}", variables


def refused(name: str, field: str, answer: dict[str, Any]) -> bool:
    """Whether an answer says that the client may not."""
    if answer.get("errors") and answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED":
        return True
    if name == "Mutation":
        return bool(answer["data"][field]["__typename"] == "NotAllowed")
    return any(error["extensions"]["code"] == "NOT_ALLOWED" for error in answer.get("errors", ()))

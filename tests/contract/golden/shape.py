# SPDX-License-Identifier: Apache-2.0
"""The shape of an event's JSON: names, types and defaults of fields, without words and without names of classes."""

from typing import Any

import msgspec

WORDS = ("title", "description", "examples", "$comment")


def shape(event: type[msgspec.Struct]) -> Any:
    """The JSON schema of a type with everything written in place, so that renaming a class changes nothing."""
    schema = msgspec.json.schema(event)
    plain = _plain(schema, schema.get("$defs", {}), ())
    return msgspec.json.decode(msgspec.json.encode(plain, order="deterministic"))


def _plain(node: Any, definitions: dict[str, Any], within: tuple[str, ...]) -> Any:
    if isinstance(node, list):
        return [_plain(item, definitions, within) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        name = node["$ref"].removeprefix("#/$defs/")
        if name in within:  # a type that holds itself
            return {"again": len(within) - within.index(name)}
        return _plain(definitions[name], definitions, (*within, name))
    return {
        key: {field: _plain(value, definitions, within) for field, value in child.items()}
        if key == "properties"
        else _plain(child, definitions, within)
        for key, child in node.items()
        if key != "$defs" and key not in WORDS
    }

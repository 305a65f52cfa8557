# SPDX-License-Identifier: Apache-2.0
"""Writes `docs/events.md`: what the services tell each other, as the contracts and the policies say it.

`python -m tests.contract.catalogue write` writes the file; the test beside it fails while it is out of date.
"""

import ast
import importlib
import sys
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path
from typing import Any

from msgspec import inspect

from services.chassis.contract import ContractEvent, LiveChange
from services.chassis.policies import Policies
from services.chassis.subjects import SERVICES
from tests.contract.golden.corpus import contract_events, live_changes

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docs" / "events.md"

HEAD = """\
# Events between the services

Written by `python -m tests.contract.catalogue write` from `services/contracts/` and the services' policies; a test
fails while it is out of date. How events travel is in [ARCHITECTURE.md](../ARCHITECTURE.md).

**Contract events** last: the relay of a service puts them into JetStream, exactly in the order of its log. Their
subject is `<prefix>.evt.<service>.p<NN>.<conference>.<Event>`, where `p<NN>` is the partition of the conference (00 to
15) and `<conference>` its id, or `city` for what belongs to none. The body is JSON with the fields below and `at`, the
instant of the fact in UTC. The headers `Es-Position` and `Es-Epoch` are the place in the log of the service, `Es-Topic`
is the name, with `/<version>` from version 2 on.

**Live changes** may be lost: they say that a read model has changed, never what it says now. Their subject is
`<prefix>.live.<service>.p<NN>.<conference>.<Name>` on core NATS, their body holds the position of the read model.

Ids are 32 hex digits, instants RFC 3339 in UTC. A person's words are *sealed*: the id of a key and a box that opens
with it as long as the key exists.
"""


def catalogue() -> str:
    """The text of the file."""
    return "\n".join([HEAD, *(line for service in SERVICES for line in _chapter(service))])


def _chapter(service: str) -> Iterator[str]:
    yield f"## {service}\n"
    for event in contract_events():
        if service == event.SERVICE:
            yield from _entry(event, _heard_by(event))
    live = [change for change in live_changes() if service == change.SERVICE]
    if live:
        yield f"### Live changes of {service}\n"
        for change in live:
            yield f"- `{change.__name__}`: {_sentence(change)}"
        yield ""


def _entry(event: type[ContractEvent], heard_by: list[str]) -> Iterator[str]:
    version = "" if event.VERSION == 1 else f" (version {event.VERSION})"
    yield f"### {event.__name__}{version}\n"
    yield f"{_sentence(event)}\n"
    info = inspect.type_info(event)
    fields = [field for field in getattr(info, "fields", ()) if field.name != "at"]
    if fields:
        yield "| field | type |"
        yield "|---|---|"
        for field in fields:
            default = "" if field.required else ", may be missing"
            yield f"| `{field.encode_name}` | {_type(field.type)}{default} |"
        yield ""
    yield f"Heard by: {', '.join(heard_by) or 'no other service; the gateway may show it'}.\n"
    if event.__name__ not in _told_by(event.SERVICE):
        yield f"Not told yet: nothing in {event.SERVICE} leads to it.\n"


def _heard_by(event: type[ContractEvent]) -> list[str]:
    return [service for service in SERVICES if _policies(service).find(event.SERVICE, event.__name__)]


def _told_by(service: str) -> set[str]:
    """The names of everything that the publishing modules of a service make."""
    trees = [ast.parse(path.read_text()) for path in (ROOT / "services" / service).glob("publishing*.py")]
    calls = [node.func for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "") for func in calls}


def _policies(service: str) -> Policies:
    found: Policies = importlib.import_module(f"services.{service}.policies").policies
    return found


def _sentence(kind: type[ContractEvent] | type[LiveChange]) -> str:
    return " ".join(cleandoc(kind.__doc__ or "").split())


def _type(info: inspect.Type) -> str:
    match info:
        case inspect.Metadata(type=inner):
            return _type(inner)
        case inspect.UnionType(types=types):
            named = [_type(one) for one in types if not isinstance(one, inspect.NoneType)]
            return " or ".join([*named, "null"] if len(named) < len(types) else named)
        case inspect.StrType(pattern=pattern):
            return "id" if pattern == "^[0-9a-f]{32}$" else "text"
        case inspect.LiteralType(values=values):
            return " or ".join(f"`{value}`" for value in values)
        case inspect.VarTupleType(item_type=item):
            return f"list of {_type(item)}"
        case inspect.TupleType(item_types=items):
            return f"[{', '.join(_type(item) for item in items)}]"
        case inspect.DictType(key_type=key, value_type=value):
            return f"{_type(value)} by {_type(key)}"
        case inspect.StructType(cls=cls, fields=fields):
            return _struct(cls, fields)
        case _:
            return WORDS[type(info)]


def _struct(cls: type[Any], fields: tuple[inspect.Field, ...]) -> str:
    if cls.__name__ == "Sealed":
        return "sealed text"
    return "{" + ", ".join(f"`{field.encode_name}`: {_type(field.type)}" for field in fields) + "}"


WORDS: dict[type[inspect.Type], str] = {
    inspect.BoolType: "true or false",
    inspect.IntType: "whole number",
    inspect.FloatType: "number",
    inspect.DateTimeType: "instant",
}


if __name__ == "__main__":
    if sys.argv[1:] != ["write"]:
        sys.exit(__doc__)
    FILE.write_text(catalogue())

# SPDX-License-Identifier: Apache-2.0
"""The states that are kept as snapshots: their fields, the events they follow from, and an example of the folding.

What was kept under a version is read by every release that has the same version. So whoever changes a state or its
`evolve` raises the version, and writes the file of the new one; old files stay, so that no number is used twice.
"""

import importlib
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

import msgspec
from msgspec import inspect

from services.chassis.decider import Decider, Event
from services.chassis.mapper import Mapper
from tests.contract.golden import corpus
from tests.contract.golden.histories import history

FOLDER = corpus.FOLDER / "snapshots"
LENGTH = 200
"""Commands of an example."""


class Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a file holds: fields of the states, topics of the events, and events with the state that follows."""

    states: Any
    topics: list[str]
    history: list[tuple[str, msgspec.Raw]]
    follows: Any


@lru_cache
def deciders() -> dict[str, Decider[Any, Any, Any]]:
    """Every rule of every service's domain, by name."""
    modules = [importlib.import_module(name) for name in corpus.modules(".domain")]
    found = {one.name: one for module in modules for one in vars(module).values() if isinstance(one, Decider)}
    return dict(sorted(found.items()))


def rules() -> dict[str, Decider[Any, Any, Any]]:
    """Those whose states are kept."""
    return {name: one for name, one in deciders().items() if one.snapshot is not None}


def path(decider: Decider[Any, Any, Any]) -> Path:
    assert decider.snapshot is not None
    return FOLDER / f"{decider.name}.{decider.snapshot.version}.json"


def read(decider: Decider[Any, Any, Any]) -> Content:
    return msgspec.json.decode(path(decider).read_bytes(), type=Content)


def folded(decider: Decider[Any, Any, Any], content: Content) -> Any:
    """What follows from the events of a file now."""
    mapper = Mapper(decider.events)
    events = [mapper.decode(topic, bytes(state)) for topic, state in content.history]
    return plain(decider.fold(decider.initial, events))


def write_missing() -> list[Path]:
    """Writes the files that do not exist; never another one. Returns what was written."""
    written = []
    for decider in rules().values():
        if not path(decider).exists():
            FOLDER.mkdir(exist_ok=True)
            events = history(decider, Random(decider.name), LENGTH)
            path(decider).write_text(_content(decider, events), encoding="utf-8")
            written.append(path(decider))
    return written


def _content(decider: Decider[Any, Any, Any], events: list[Event]) -> str:
    """One line for each event: the files are looked at in reviews."""
    mapper = Mapper(decider.events)
    lines = ",\n".join(f"    {_json([topic, msgspec.Raw(state)])}" for topic, state in map(mapper.encode, events))
    state = plain(decider.fold(decider.initial, events))
    return (
        f'{{\n  "states": {_json(states(decider))},\n  "topics": {_json(topics(decider))},\n'
        f'  "history": [\n{lines}\n  ],\n  "follows": {_json(state)}\n}}\n'
    )


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def states(decider: Decider[Any, Any, Any]) -> Any:
    """The fields of each state."""
    assert decider.snapshot is not None
    return {of.__name__: shape(inspect.type_info(of)) for of in decider.snapshot.states}


def topics(decider: Decider[Any, Any, Any]) -> list[str]:
    """The topics of the events, with their versions."""
    mapper = Mapper(decider.events)
    return sorted(mapper.topic(event) for event in decider.events)


def shape(info: inspect.Type) -> Any:
    """Names and types of all fields, without names of classes."""
    match info:
        case inspect.StructType():
            return {each.encode_name: shape(each.type) for each in sorted(info.fields, key=lambda each: each.name)}
        case inspect.UnionType(types=types):
            return {"or": sorted((shape(each) for each in types), key=str)}
        case inspect.VarTupleType(item_type=item) | inspect.FrozenSetType(item_type=item):
            return {type(info).__name__: shape(item)}
        case inspect.TupleType(item_types=items):
            return {"TupleType": [shape(item) for item in items]}
        case inspect.DictType(key_type=key, value_type=value):
            return {"DictType": [shape(key), shape(value)]}
        case inspect.LiteralType(values=values):
            return {"LiteralType": list(values)}
        case _:
            return type(info).__name__


def plain(value: Any) -> Any:
    """A state as JSON can hold it, such that two states give the same only if no rule can tell them apart.

    The order of dictionaries counts, that of sets does not.
    """
    match value:
        case msgspec.Struct():
            fields = {name: plain(getattr(value, name)) for name in value.__struct_fields__}
            return {"is": type(value).__name__, **fields}
        case Mapping():
            return {"keys": [[plain(key), plain(each)] for key, each in value.items()]}
        case tuple():
            return [plain(each) for each in value]
        case frozenset():
            return {"set": sorted((plain(each) for each in value), key=str)}
        case bytes():
            return value.hex()
        case datetime():
            return value.isoformat()
        case _:
            assert value is None or isinstance(value, str | int | float | bool), value
            return value

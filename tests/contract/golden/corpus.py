# SPDX-License-Identifier: Apache-2.0
"""Every version of every event that was ever released, as a file that must stay readable.

A file holds an example and the shape of its fields. The shape of a version never changes: whoever needs other
fields gives the event a new VERSION with an upcast, and a new file. An event that has never been released may
still change: delete its file and write it anew.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

import services
from services.chassis.contract import ContractEvent, LiveChange
from services.chassis.decider import Event
from services.chassis.mapper import Mapper
from tests.contract.golden.example import example
from tests.contract.golden.shape import shape

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Golden:
    """One version of one event, as code has it now or as a file has kept it."""

    kind: str
    """`events` of a service's own log, or `contracts` between services."""
    name: str
    version: int

    @property
    def path(self) -> Path:
        return FOLDER / self.kind / f"{self.name}.{self.version}.json"

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}.{self.version}"


class Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a file holds."""

    shape: Any
    example: msgspec.Raw


@lru_cache
def present() -> dict[Golden, type[msgspec.Struct]]:
    """Every event as code has it now."""
    found: dict[Golden, type[msgspec.Struct]] = {}
    for event in domain_events():
        found[Golden("events", event.TOPIC, event.VERSION)] = event
    for contract in contract_events():
        found[Golden("contracts", f"{contract.SERVICE}.{contract.__name__}", contract.VERSION)] = contract
    return found


def kept() -> list[Golden]:
    """Every file, in alphabetical order."""
    files = sorted(path for kind in ("events", "contracts") for path in (FOLDER / kind).glob("*.json"))
    return [Golden(path.parent.name, *_split(path.stem)) for path in files]


def _split(stem: str) -> tuple[str, int]:
    name, _, version = stem.rpartition(".")
    return name, int(version)


def read(golden: Golden) -> Content:
    return msgspec.json.decode(golden.path.read_bytes(), type=Content)


def decode(golden: Golden, state: bytes) -> msgspec.Struct:
    """The example of a file as the present code reads it, lifted if its version is an older one.

    Raises:
        UnknownEvent, KeyError: the present code does not know it at all.
    """
    if golden.kind == "events":
        topic = golden.name if golden.version == 1 else f"{golden.name}/{golden.version}"
        return mapper().decode(topic, state)
    (contract,) = [event for of, event in present().items() if (of.kind, of.name) == (golden.kind, golden.name)]
    return msgspec.json.decode(state, type=contract)


@lru_cache
def mapper() -> Mapper:
    return Mapper(domain_events())


def write_missing() -> list[Path]:
    """Writes the files that do not exist; never another one. Returns what was written."""
    written = []
    for golden, event in present().items():
        if not golden.path.exists():
            golden.path.parent.mkdir(exist_ok=True)
            content = {"shape": shape(event), "example": example(event)}
            golden.path.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")
            written.append(golden.path)
    return written


def domain_events() -> list[type[Event]]:
    """Every event class of every service's domain, by topic."""
    names = list(modules(".domain"))
    found = {event for event in _subclasses(Event) if event.__module__ in names and "TOPIC" in vars(event)}
    return sorted(found, key=lambda event: event.TOPIC)


def contract_events() -> list[type[ContractEvent]]:
    """Every event class of the contracts, by name."""
    importlib.import_module("services.contracts")
    names = list(modules("services.contracts"))
    found = {
        event
        for event in _subclasses(ContractEvent)
        if event.__module__ in names and not event.__name__.startswith("_")
    }
    return sorted(found, key=lambda event: (event.SERVICE, event.__name__))


def live_changes() -> list[type[LiveChange]]:
    """Every kind of live change of the contracts, by name."""
    names = list(modules("services.contracts"))
    found = {change for change in _subclasses(LiveChange) if change.__module__ in names}
    return sorted(found, key=lambda change: (change.SERVICE, change.__name__))


def modules(part: str) -> Iterator[str]:
    """The names of all modules of our services whose name contains `part`, imported."""
    for module in pkgutil.walk_packages(services.__path__, "services."):
        if part in module.name:
            importlib.import_module(module.name)
            yield module.name


def _subclasses(of: type[Any]) -> set[type[Any]]:
    return {deep for direct in of.__subclasses__() for deep in {direct, *_subclasses(direct)}}

# SPDX-License-Identifier: Apache-2.0
"""The doors that are served: the whole API under `/graphql`, and what each may be asked."""

from gateway.execution.engine import Engine
from gateway.execution.fragments import Fragments
from gateway.execution.registry import Registry
from gateway.execution.trusted import Trusted, own, read
from gateway.schema.build import build_schema, core
from gateway.schema.doors import DOORS, SchemaDoor
from gateway.settings import GatewaySettings
from services.chassis.settings import BadSettings

WHOLE = "/graphql"
"""Where the whole API is served."""


def entrances() -> tuple[SchemaDoor, ...]:
    """All doors: the whole API, and what narrower audiences may ask for."""
    return (SchemaDoor("api", WHOLE, core(build_schema()), introspection=True), *DOORS.values())


def engines(settings: GatewaySettings, *, compiled: bool = True) -> dict[str, Engine]:
    """What executes operations behind each door, by the door's path. The trusted documents are read at once
    for the whole API, and for the others when they are first asked for.

    Args:
        settings: the result of `load_settings`.
        compiled: see `Engine`.

    Raises:
        BadSettings: a door or a document that is named there is none.
    """
    doors = entrances()
    names = {door.name for door in doors}
    if strange := settings.doors_for_trusted - names:
        raise BadSettings(f"QUARTIER_ONLY_TRUSTED names {min(strange)!r}; the doors are {', '.join(sorted(names))}")
    trusted: Trusted = own()
    if settings.trusted_documents:
        trusted = {**trusted, **read(settings.trusted_documents)}
    found, fragments = {}, Fragments(settings.fragment_megabytes << 20)
    for door in doors:
        registry = Registry(
            door.schema,
            trusted=trusted,
            prepared=door.path == WHOLE,
            only_trusted=door.name in settings.doors_for_trusted,
            introspection=door.introspection,
            fragments=fragments,
        )
        found[door.path] = Engine(door.schema, registry, compiled=compiled)
    for key, text in trusted.items():
        if not any(engine.registry.takes(key) for engine in found.values()):
            raise BadSettings(f"QUARTIER_TRUSTED_DOCUMENTS: no door takes sha256:{key.hex()}, {text[:60]!r}")
    return found

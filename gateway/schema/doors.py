# SPDX-License-Identifier: Apache-2.0
"""Narrower doors beside `/graphql`: the same schema, cut to what one audience may ask for.

A door keeps the fields whose declared roles (`@needs`) are among its own, and the types that lead there. What a door
does not offer cannot be asked for, whoever asks; what it offers is checked as everywhere. Nothing is declared twice: a
new field is behind the doors that its roles name.
"""

import copy
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeVar, cast

import strawberry
from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
)
from strawberry.printer import print_schema
from strawberry.schema.schema_converter import GraphQLCoreConverter

from gateway.schema.build import build_schema, core
from gateway.schema.permissions import Needs, declared

KindT = TypeVar("KindT", bound=GraphQLNamedType)


class Audience(NamedTuple):
    """For whom a door is made.

    Args:
        reads: fields for any of these roles are offered.
        sends: commands for any of these roles are offered.
        watches: subscriptions for any of these roles are offered.
    """

    reads: frozenset[str]
    sends: frozenset[str] = frozenset()
    watches: frozenset[str] = frozenset()


class SchemaDoor(NamedTuple):
    """One door.

    Args:
        name: for settings, metrics and the command line.
        path: where it is served.
        schema: what can be asked there.
        introspection: whether the schema tells of itself.
    """

    name: str
    path: str
    schema: GraphQLSchema
    introspection: bool


_PUBLIC = frozenset({"public"})
_PARTICIPANT = frozenset({"public", "resident", "seated", "invited", "guest"})
_JUROR = frozenset({"juror", "self"})
_STAFF = frozenset({"mentor", "deputy", "moderator", "organiser", "partner", "self"})

AUDIENCES: Final[Mapping[str, Audience]] = {
    "public": Audience(_PUBLIC),
    "participant": Audience(_PARTICIPANT, _PARTICIPANT, _PARTICIPANT),
    "jury": Audience(_PUBLIC | _JUROR, _JUROR, _JUROR),
    "operations": Audience(_PUBLIC | _STAFF, _STAFF, _STAFF),
}
"""Who is behind which door. The moderator's desk and the mentor's are the operations; a guest of honour takes part."""

_TELLS_OF_ITSELF = frozenset({"public", "participant"})


def needs_of(thing: GraphQLField | GraphQLNamedType) -> Needs | None:
    """What a field or a type of a schema declares; None when it is for whoever comes there."""
    definition = (thing.extensions or {}).get(GraphQLCoreConverter.DEFINITION_BACKREF)
    return declared(getattr(definition, "directives", None) or ())


class _Cut:
    """Makes the narrower types of one door. Leaves and inputs are those of the whole schema."""

    def __init__(self, whole: GraphQLSchema, audience: Audience) -> None:
        self._whole = whole
        self._audience = audience
        self._made: dict[str, GraphQLNamedType] = {}

    def schema(self) -> GraphQLSchema:
        """The narrower schema."""
        whole, audience = self._whole, self._audience
        query = self._object(cast("GraphQLObjectType", whole.query_type), audience.reads)
        mutation = self._root(whole.mutation_type, audience.sends)
        subscription = self._root(whole.subscription_type, audience.watches)
        found = GraphQLSchema(query, mutation, subscription, directives=whole.directives)
        # What is only reached through an interface is reached by no field.
        behind = [kind for kind in list(found.type_map.values()) if isinstance(kind, GraphQLInterfaceType)]
        asked = {
            get_named_type(field.type).name
            for kind in found.type_map.values()
            if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)
            for field in kind.fields.values()
        }
        more = [
            self.named(kind)
            for interface in behind
            if interface.name in asked
            for kind in whole.get_possible_types(cast("GraphQLInterfaceType", whole.type_map[interface.name]))
            if self._is_for(needs_of(kind), audience.reads)
        ]
        cut = GraphQLSchema(query, mutation, subscription, types=more, directives=whole.directives)
        own = copy.copy(build_schema())
        own._schema = cut  # noqa: SLF001 -- strawberry has no public way to hang its schema on another one
        cut._strawberry_schema = own  # type: ignore[attr-defined]  # noqa: SLF001 -- where `info.schema` looks
        return cut

    def named(self, kind: KindT) -> KindT:
        """The narrower form of a type; the type itself where nothing is cut."""
        known = self._made.get(kind.name)
        if known is None:
            known = self._made[kind.name] = self._narrow(kind)
        return cast("KindT", known)

    def _root(self, kind: GraphQLObjectType | None, roles: frozenset[str]) -> GraphQLObjectType | None:
        if kind is None or not any(self._shows(field, roles) for field in kind.fields.values()):
            return None
        return self._object(kind, roles)

    def _narrow(self, kind: GraphQLNamedType) -> GraphQLNamedType:
        if isinstance(kind, GraphQLObjectType):
            return self._object(kind, self._audience.reads)
        if isinstance(kind, GraphQLInterfaceType):
            return GraphQLInterfaceType(**{**kind.to_kwargs(), **self._inside(kind, self._audience.reads)})
        if isinstance(kind, GraphQLUnionType):
            members = [each for each in kind.types if self._is_for(needs_of(each), self._audience.reads)]
            inside: dict[str, Any] = {
                "types": lambda: [self.named(each) for each in members],
                "resolve_type": _type_name,
            }
            return GraphQLUnionType(**{**kind.to_kwargs(), **inside})
        return kind

    def _object(self, kind: GraphQLObjectType, roles: frozenset[str]) -> GraphQLObjectType:
        return GraphQLObjectType(**{**kind.to_kwargs(), **self._inside(kind, roles)})

    def _inside(self, kind: GraphQLObjectType | GraphQLInterfaceType, roles: frozenset[str]) -> dict[str, Any]:
        return {
            "interfaces": lambda: [self.named(each) for each in kind.interfaces],
            "fields": lambda: {
                name: GraphQLField(**{**field.to_kwargs(), "type_": self._of(field.type)})
                for name, field in kind.fields.items()
                if self._shows(field, roles)
            },
        }

    def _of(self, kind: Any) -> Any:
        if isinstance(kind, GraphQLNonNull):
            return GraphQLNonNull(self._of(kind.of_type))
        if isinstance(kind, GraphQLList):
            return GraphQLList(self._of(kind.of_type))
        return self.named(kind)

    def _shows(self, field: GraphQLField, roles: frozenset[str]) -> bool:
        return self._is_for(needs_of(field), roles) and self._is_for(
            needs_of(get_named_type(field.type)), self._audience.reads
        )

    @staticmethod
    def _is_for(needs: Needs | None, roles: frozenset[str]) -> bool:
        return needs is None or not roles.isdisjoint(needs.roles)


def _type_name(value: Any, *_: Any) -> str:
    """The member of a union that a value is; strawberry's own way compares types of the whole schema."""
    name: str = value.__strawberry_definition__.name
    return name


def printed(door: SchemaDoor) -> str:
    """The schema of a door as it is exported."""
    own: strawberry.Schema = door.schema._strawberry_schema  # type: ignore[attr-defined]  # noqa: SLF001 -- see `_Cut`
    return print_schema(own).rstrip() + "\n"


def _door(name: str, audience: Audience) -> SchemaDoor:
    schema = _Cut(core(build_schema()), audience).schema()
    return SchemaDoor(name, f"/{name}/graphql", schema, name in _TELLS_OF_ITSELF)


DOORS: Final[Mapping[str, SchemaDoor]] = MappingProxyType(
    {name: _door(name, audience) for name, audience in AUDIENCES.items()}
)
"""The doors by their names."""

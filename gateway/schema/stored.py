# SPDX-License-Identifier: Apache-2.0
"""How fields say where their value already lies, so that a compiled operation takes it from there.

Each says the same as the field's resolver, which graphql-core goes on using; a test compares both.
"""

from collections.abc import Callable
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

import strawberry
from strawberry.schema_directive import Location

from gateway.schema.shape import Shown, show, show_all

PART = "part"
"""In the metadata of a field: its value is a part of the view, shown as another type."""
STORED = "stored"
"""In the metadata of a field that waits: how its answer is taken from memory."""

CACHED = "cached"
"""In the metadata of a field that asks a service: for how many seconds its answer may be reused by everybody."""

SETTING = "setting"
"""In the metadata of a field: its value follows from the object and the city's settings, the same for everybody."""

Field = TypeVar("Field")


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="cacheControl",
    description=(
        "For how many seconds an answer may be reused, where a trusted document asks by GET, without a token, and every"
        " field that asks a service says so."
    ),
)
class CacheControl:
    """`cached` as the schema prints it."""

    max_age: int


class Part(NamedTuple):
    """Which part of the view a field shows.

    Args:
        name: of the attribute.
    """

    name: str


class Stored(NamedTuple):
    """Where the answer lies that a field shows.

    Args:
        source: from the object and a `Reading` to the answer that the field's type shows; None when it is not there.
    """

    source: Callable[[Any, Any], Any]


def part(kind: type[Shown], name: str, description: str) -> Any:
    """A field that shows one part of the view as another type.

    Args:
        kind: a type declared with `graphql_type`.
        name: of the attribute.
        description: what it means, for the readers of the schema.
    """

    def read(self: Any) -> Any:
        return show(kind, getattr(self.view, name), self.conference)

    read.__annotations__ = {"return": kind}
    return strawberry.field(resolver=read, description=description, metadata={PART: Part(name)})


def parts(kind: type[Shown], name: str, description: str) -> Any:
    """A field that shows a list in the view as a list of another type.

    Args:
        kind: a type declared with `graphql_type`.
        name: of the attribute.
        description: what it means, for the readers of the schema.
    """

    def read(self: Any) -> Any:
        return show_all(kind, getattr(self.view, name), self.conference)

    read.__annotations__ = {"return": list[kind]}  # type: ignore[valid-type]
    return strawberry.field(resolver=read, description=description, metadata={PART: Part(name)})


def cached(seconds: int) -> Callable[[Field], Field]:
    """Says for how long the answer of a field that asks a service may be reused; put above `computed`.

    Args:
        seconds: real time.
    """

    def declare(field: Field) -> Field:
        made: Any = field
        made.metadata = MappingProxyType({**made.metadata, CACHED: seconds})
        made.directives = (*made.directives, CacheControl(max_age=seconds))
        return field

    return declare


def of_settings(field: Field) -> Field:
    """Says that the value of a field follows from the object and the settings of the process: it is kept with the
    entity, though its resolver takes the operation's info; put above `computed`."""
    made: Any = field
    made.metadata = MappingProxyType({**made.metadata, SETTING: True})
    return field


def stored(source: Callable[[Any, Any], Any]) -> Callable[[Field], Field]:
    """Says where the answer of a field that waits lies; put above `computed`.

    Args:
        source: from the object and a `Reading` to the answer; None when it must be asked for.
    """

    def declare(field: Field) -> Field:
        made: Any = field
        made.metadata = MappingProxyType({**made.metadata, STORED: Stored(source)})
        return field

    return declare

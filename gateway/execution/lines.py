# SPDX-License-Identifier: Apache-2.0
"""The source of one generated function, and the lines in it that check the values of scalars and enumerations."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLScalarType,
    GraphQLString,
)

DATE_TIME = "DateTime"
"""The scalar that strawberry writes as `isoformat` does."""

_CHECKS = {
    GraphQLString.name: "{0}.__class__ is not str",
    GraphQLID.name: "{0}.__class__ is not str",
    GraphQLBoolean.name: "{0}.__class__ is not bool",
    GraphQLInt.name: "not ({0}.__class__ is int and -2147483648 <= {0} <= 2147483647)",
    GraphQLFloat.name: "not ({0}.__class__ is float and {0} - {0} == 0.0)",
}
"""When a leaf must be looked at more closely, by the name of its type; all others always."""


class Amiss(Exception):
    """A value that the schema does not allow."""


def _given(serialize: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def checked(value: Any) -> Any:
        made = None if value is None else serialize(value)
        if made is None:
            raise Amiss
        return made

    return checked


class Lines:
    """The body of a function."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self._depth = 1

    def add(self, line: str) -> None:
        """Adds a line."""
        self.text.append("    " * self._depth + line)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Around lines that belong to a head such as `if x:`."""
        self.add(head)
        self._depth += 1
        yield
        self._depth -= 1


class Scalars:
    """Writes lines that check and write the values of scalars and enumerations.

    Args:
        constant: gives a value a name in the source.
    """

    def __init__(self, constant: Callable[[str, Any], str]) -> None:
        self._constant = constant
        self._enums: dict[str, str] = {}

    def add(self, to: Lines, kind: GraphQLScalarType | GraphQLEnumType, name: str, required: bool) -> None:
        """Adds lines that turn the value of a variable into what is written, in the same variable.

        Args:
            to: gets the lines.
            kind: type of the value.
            name: of the variable.
            required: whether it may not be null.
        """
        if isinstance(kind, GraphQLEnumType):
            if kind.name not in self._enums:
                names = {value.value: key for key, value in kind.values.items()}  # others are looked up
                self._enums[kind.name] = self._constant("ENUM_", names)
            table = self._enums[kind.name]
            write = self._constant("WRITE_", _given(kind.serialize) if required else kind.serialize)
            with to.block(f"if {name}.__class__ is str and {name} in {table}:"):
                to.add(f"{name} = {table}[{name}]")
            to.add(f"{'else' if required else f'elif {name} is not None'}: {name} = {write}({name})")
            return
        serialize = self._constant("WRITE_", _given(kind.serialize) if required else kind.serialize)
        if kind.name == DATE_TIME:
            to.add(f"if {name}.__class__ is DATETIME: {name} = {name}.isoformat()")
            to.add(f"{'else' if required else f'elif {name} is not None'}: {name} = {serialize}({name})")
            return
        conditions = [] if required else [f"{name} is not None"]
        if kind.name in _CHECKS:
            conditions.insert(0, _CHECKS[kind.name].format(name))
        when = f"if {' and '.join(conditions)}: " if conditions else ""
        to.add(f"{when}{name} = {serialize}({name})")

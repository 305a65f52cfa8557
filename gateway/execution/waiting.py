# SPDX-License-Identifier: Apache-2.0
"""The fields of a compiled operation that are asked for: by a resolver that waits, has arguments or asks who asks."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from graphql import (
    BooleanValueNode,
    FieldNode,
    FloatValueNode,
    GraphQLError,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    IntValueNode,
    ListValueNode,
    NamedTypeNode,
    NonNullTypeNode,
    NullValueNode,
    StringValueNode,
    Undefined,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
    is_specified_scalar_type,
)
from graphql.execution.values import VariableValues, get_argument_values
from strawberry.types.field import StrawberryField
from strawberry.types.fields.resolver import StrawberryResolver

from gateway.execution.selection import NotCompilable


class Arguments:
    """The arguments of one field, as its resolver takes them.

    Args:
        field: in the schema.
        definition: the same in strawberry.
        node: where it is selected.

    Raises:
        NotCompilable: an argument is more than a built-in scalar or a list of them.
    """

    def __init__(self, field: GraphQLField, definition: StrawberryField, node: FieldNode) -> None:
        for argument in field.args.values():
            kind: Any = argument.type
            while isinstance(kind, GraphQLNonNull | GraphQLList):
                kind = kind.of_type
            if not is_specified_scalar_type(kind):
                raise NotCompilable(f"an argument of type {kind}")
        self._field = field
        self._node = node
        self._names = {
            (argument.graphql_name or _camel(argument.python_name)): argument.python_name
            for argument in definition.arguments
        }
        values = {argument.name.value: argument.value for argument in node.arguments or ()}
        if not self._names.keys() >= values.keys():
            raise NotCompilable("an argument that strawberry does not know")
        self._fixed: dict[str, Any] | None = None
        if not any(map(_holds_variables, values.values())):
            with suppress(GraphQLError):  # it is read again, and then said, when somebody asks
                self._fixed = self._coerced(VariableValues({}, {}))
        self._variables: list[tuple[str, str, bool]] | None = None
        if all(isinstance(value, VariableNode) for value in values.values()) and not any(
            argument.default_value is not Undefined for argument in field.args.values()
        ):  # they were coerced with the variables: the types are the same, as validation saw to
            self._variables = [
                (value.name.value, self._names[name], isinstance(field.args[name].type, GraphQLNonNull))
                for name, value in values.items()
                if isinstance(value, VariableNode)
            ]

    @property
    def simple(self) -> bool:
        """Whether each is a variable as it is, or none has one in it: then nothing but values is needed."""
        return self._variables is not None or self._fixed is not None

    def read(self, variables: VariableValues) -> dict[str, Any]:
        """The arguments by their names in Python.

        Raises:
            GraphQLError: a value is missing or null where it may not be.
        """
        if self._fixed is not None:
            return self._fixed
        if self._variables is None:
            return self._coerced(variables)
        given, read = variables.coerced, {}
        for variable, name, required in self._variables:
            if variable in given:
                read[name] = given[variable]
            if required and read.get(name) is None:
                raise GraphQLError("an argument is null")  # graphql-core says it properly
        return read

    def _coerced(self, variables: VariableValues) -> dict[str, Any]:
        found = get_argument_values(self._field, self._node, variables, hide_suggestions=True)
        return {self._names[name]: value for name, value in found.items()}


def _holds_variables(value: ValueNode) -> bool:
    if isinstance(value, ListValueNode):
        return any(map(_holds_variables, value.values))
    return not isinstance(value, IntValueNode | FloatValueNode | StringValueNode | BooleanValueNode | NullValueNode)


class Simple:
    """Reads the variables of an operation where each is a built-in scalar without a default, the usual case.

    Args:
        definitions: of the operation's variables.
    """

    _CLASSES = {"ID": str, "String": str, "Int": int, "Boolean": bool}

    def __init__(self, definitions: Iterable[VariableDefinitionNode]) -> None:
        self._variables: list[tuple[str, type, bool]] | None = []
        for definition in definitions:
            kind, required = definition.type, False
            if isinstance(kind, NonNullTypeNode):
                kind, required = kind.type, True
            cls = self._CLASSES.get(kind.name.value) if isinstance(kind, NamedTypeNode) else None
            if cls is None or definition.default_value is not None:
                self._variables = None
                return
            self._variables.append((definition.variable.name.value, cls, required))

    def read(self, given: Mapping[str, Any]) -> VariableValues | None:
        """The variables; None: graphql-core must look at them."""
        if self._variables is None:
            return None
        read: dict[str, Any] = {}
        for name, cls, required in self._variables:
            value = given.get(name)
            if value is None:
                if required:
                    return None
                if name in given:
                    read[name] = None
            elif value.__class__ is not cls or (isinstance(value, int) and not -(2**31) <= value < 2**31):
                return None
            else:
                read[name] = value
        return VariableValues({}, read)


class Waiting:
    """One field that is asked for while an operation runs.

    Args:
        name: under which it answers.
        nodes: where it is selected.
        required: whether it may not be null.
        resolver: who is asked; None: the value is the object itself.
        arguments: place of its arguments among those of the operation; None: it has none.

    Attributes:
        complete: from the value, the run and the path to what is written.
    """

    __slots__ = ("_arguments", "_call", "_self", "_takes_info", "complete", "name", "nodes", "required")

    def __init__(
        self,
        name: str,
        nodes: tuple[FieldNode, ...],
        required: bool,
        resolver: "StrawberryResolver[Any] | None",
        arguments: int | None,
    ) -> None:
        self.name = name
        self.nodes = nodes
        self.required = required
        self.complete: Callable[[Any, Any, Any], Any]
        self._call: Any = None
        self._arguments = arguments
        self._takes_info = self._self = False
        if resolver is not None:
            if resolver.root_parameter or resolver.parent_parameter:
                raise NotCompilable("a resolver that takes its parent by name")
            if resolver.info_parameter is not None and resolver.info_parameter.name != "info":
                raise NotCompilable("a resolver that calls info by another name")
            self._call = resolver.wrapped_func
            self._takes_info = resolver.info_parameter is not None
            self._self = resolver.self_parameter is not None

    def ask(self, source: Any, info: Any, arguments: "list[Mapping[str, Any]]") -> Any:
        """The value, or what to await for it.

        Args:
            source: the object it is a field of.
            info: what the resolver may use.
            arguments: those of the operation.
        """
        if self._call is None:
            return source
        given = {} if self._arguments is None else arguments[self._arguments]
        if self._takes_info:
            return self._call(source, info=info, **given) if self._self else self._call(info=info, **given)
        return self._call(source, **given) if self._self else self._call(**given)


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)

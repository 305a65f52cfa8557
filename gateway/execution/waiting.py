# SPDX-License-Identifier: Apache-2.0
"""The fields of a compiled operation that are asked for: by a resolver that waits, has arguments or asks who asks."""

from collections.abc import Callable, Mapping
from typing import Any

from graphql import FieldNode, GraphQLField, GraphQLList, GraphQLNonNull, is_specified_scalar_type
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
        given = {argument.name.value for argument in node.arguments or ()}
        self._field = field
        self._node = node
        self._names = {
            (argument.graphql_name or _camel(argument.python_name)): argument.python_name
            for argument in definition.arguments
        }
        if not self._names.keys() >= given:
            raise NotCompilable("an argument that strawberry does not know")

    def read(self, variables: VariableValues) -> dict[str, Any]:
        """The arguments by their names in Python.

        Raises:
            GraphQLError: a value is missing or null where it may not be.
        """
        found = get_argument_values(self._field, self._node, variables, hide_suggestions=True)
        return {self._names[name]: value for name, value in found.items()}


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

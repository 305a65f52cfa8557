# SPDX-License-Identifier: Apache-2.0
"""Selections of stored answers, compiled: most of what clients read is copied from a struct into JSON.

graphql-core resolves, checks and completes every single field by general means, some ten microseconds each. Where a
selection needs none of that (no arguments, no waiting, no interfaces) it becomes a few functions, once per document.
Everything else is left to graphql-core: root fields, connections, unions, and every object in which something is
amiss, so that errors read the same either way.
"""

from collections.abc import Callable, Hashable
from typing import Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    GraphQLEnumType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    GraphQLScalarType,
    Visitor,
    visit,
)
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetails
from strawberry.schema.schema_converter import GraphQLCoreConverter

from gateway.context import Context
from gateway.schema.shape import AT_HAND, Reading, read

Complete = Callable[[Any, Reading], Any]
"""From a value and what is at hand to what is written into the response."""


class _NotPlain(Exception):
    """A selection that needs graphql-core."""


class _Amiss(Exception):
    """A value that the schema does not allow; graphql-core will say so properly."""


class Plans:
    """The compiled selections of one document.

    Args:
        document: parsed and validated.
    """

    def __init__(self, document: DocumentNode) -> None:
        self._made: dict[Hashable, Complete | None] = {}
        self._fixed = not _has_directives(document)  # what is selected depends on no variable

    def plan(
        self, executor: "PlannedExecutor", kind: GraphQLObjectType, details: list[FieldDetails]
    ) -> Complete | None:
        """The function that completes objects of this kind, None where there is none.

        Args:
            executor: knows the schema.
            kind: type of the objects.
            details: the fields in which they are selected.
        """
        if not self._fixed:
            return None
        key = (kind.name, *(id(one.node) for one in details))  # the document keeps its nodes
        if key not in self._made:
            try:
                self._made[key] = _object(executor, kind, details)
            except _NotPlain:
                self._made[key] = None
        return self._made[key]


class PlannedExecutor(Executor[Any]):
    """Executes with the compiled selections of the document, where there are some."""

    plans: Plans

    def complete_object_value(
        self,
        return_type: GraphQLObjectType,
        field_details_list: list[FieldDetails],
        info: GraphQLResolveInfo[Any],
        path: Any,
        result: Any,
        position_context: Any,
    ) -> Any:
        """One object of the response, at once or later."""
        plan = self.plans.plan(self, return_type, field_details_list)
        if plan is not None and (return_type.is_type_of is None or return_type.is_type_of(result, info)):
            context: Context = self.context_value
            reading = Reading(context.names_at_hand)
            try:
                made = plan(result, reading)
            except Exception:  # said in full by graphql-core, which does it again
                return super().complete_object_value(
                    return_type, field_details_list, info, path, result, position_context
                )
            return _with_names(plan, result, reading, context) if reading.missing else made
        return super().complete_object_value(return_type, field_details_list, info, path, result, position_context)


async def _with_names(plan: Complete, value: Any, reading: Reading, context: Context) -> Any:
    """Asks for all names of an object together; those that cannot be had are null."""
    known: dict[tuple[str, str], str | None] = {}

    def name_of(person: tuple[str, str]) -> str | None:
        return known[person] if person in known else context.names_at_hand(person)

    made = None
    while reading.missing:  # while some were asked for, others may have become too old
        people = list(reading.missing)
        known.update(zip(people, await context.load_names(people), strict=True))
        reading = Reading(name_of)
        made = plan(value, reading)
    return made


def _object(executor: PlannedExecutor, kind: GraphQLObjectType, details: list[FieldDetails]) -> Complete:
    selected = executor.collect_subfields(kind, details).grouped_field_set
    fields = [(name, *_field(executor, kind, one)) for name, one in selected.items()]

    def complete(value: Any, reading: Reading) -> dict[str, Any]:
        return {name: finish(get(value, reading), reading) for name, get, finish in fields}

    return complete


def _field(
    executor: PlannedExecutor, kind: GraphQLObjectType, details: list[FieldDetails]
) -> tuple[Complete, Complete]:
    """How a field is read, and how what was read is completed."""
    node = details[0].node
    if node.name.value == "__typename":
        return (lambda value, reading: kind.name), _as_it_is
    field = kind.fields[node.name.value]
    definition = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if field.args or definition is None:  # what the schema says of itself has no definition
        raise _NotPlain
    return _getter(definition), _complete(executor, field.type, details)


def _getter(field: Any) -> Complete:
    at_hand: Complete | None = field.metadata.get(AT_HAND)
    if at_hand is not None:
        return at_hand
    resolver = field.base_resolver
    if resolver is None:
        name = field.python_name
        return lambda value, _: read(value, name)
    if resolver.is_async or resolver.info_parameter is not None:
        raise _NotPlain
    function = resolver.wrapped_func
    return lambda value, _: function(value)


def _as_it_is(value: Any, _: Reading) -> Any:
    return value


def _complete(executor: PlannedExecutor, kind: GraphQLOutputType, details: list[FieldDetails]) -> Complete:
    if isinstance(kind, GraphQLNonNull):
        return _given(_complete(executor, kind.of_type, details))
    if isinstance(kind, GraphQLList):
        return _list(_complete(executor, kind.of_type, details))
    if isinstance(kind, GraphQLScalarType | GraphQLEnumType):
        serialize = kind.serialize
        return lambda value, _: None if value is None else serialize(value)
    if isinstance(kind, GraphQLObjectType):
        inner = _object(executor, kind, details)
        return lambda value, reading: None if value is None else inner(value, reading)
    raise _NotPlain


def _given(inner: Complete) -> Complete:
    def complete(value: Any, reading: Reading) -> Any:
        made = inner(value, reading)
        if made is None:
            raise _Amiss
        return made

    return complete


def _list(inner: Complete) -> Complete:
    def complete(values: Any, reading: Reading) -> list[Any] | None:
        if values is None:
            return None
        if not isinstance(values, list | tuple):
            raise _Amiss
        return [inner(value, reading) for value in values]

    return complete


def _has_directives(document: DocumentNode) -> bool:
    found = False

    class Look(Visitor):
        def enter_directive(self, _: DirectiveNode, *__: object) -> None:
            nonlocal found
            found = True

    visit(document, Look())
    return found

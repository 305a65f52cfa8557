# SPDX-License-Identifier: Apache-2.0
"""Whole operations, compiled once and then run: no step of graphql-core, no object for it, where nothing needs it.

A run asks for the root fields, copies what came into the response by generated functions (`projection`), asks for
what those found missing, all of one level together, and so on. Names of people are filled in at the end, all in one
question. What a resolver raises is an error at its field, as graphql-core would tell it. Whatever else is out of
order (a value that the schema does not allow, a null where there may be none) makes the run give up, and the whole
operation is executed by graphql-core, so that both ways say the same.
"""

import itertools
from collections import OrderedDict
from collections.abc import Collection, Coroutine, Mapping
from typing import Any

import orjson
from graphql import DocumentNode, ExecutionResult, GraphQLError, GraphQLSchema, OperationType, VariableDefinitionNode
from graphql.execution.values import VariableValues, get_variable_values

from gateway.context import Context
from gateway.execution.fragments import Fragments
from gateway.execution.projection import Projection
from gateway.execution.run import GiveUp, Run, Schema
from gateway.execution.selection import NotCompilable, Selection, Source
from gateway.execution.waiting import Arguments, Simple, Waiting
from gateway.metrics import EXECUTED

FORMS = 8
"""So many combinations of `@skip` and `@include` of one operation are kept."""

_NONE = VariableValues({}, {})
_numbers = itertools.count(1)
_COMPILED, _BY_GRAPHQL_CORE = EXECUTED.labels("compiled"), EXECUTED.labels("graphql-core")


class Result(ExecutionResult):
    """A result of a compiled operation.

    Args:
        data: the data.
        errors: None when there are none.
        max_age: for how many seconds it may be reused by everybody.
    """

    __slots__ = ("max_age",)

    def __init__(self, data: dict[str, Any], errors: list[GraphQLError] | None, max_age: int) -> None:
        super().__init__(data, errors)
        self.max_age = 0 if errors else max_age


class _Form:
    """An operation with its directives decided."""

    def __init__(self, schema: GraphQLSchema, selection: Selection, kind: OperationType, fragments: Fragments) -> None:
        told = kind is OperationType.SUBSCRIPTION
        root = schema.get_root_type(kind)
        if root is None or kind is OperationType.MUTATION:
            raise NotCompilable(kind.value)
        projection = Projection(schema, selection, None if told else fragments, _numbers)
        roots = projection.roots(root, told=told)
        self._schema = Schema(schema)
        self._roots = [root for root in roots.values() if isinstance(root, Waiting)]
        self._empty = {name: root if isinstance(root, str) else None for name, root in roots.items()}
        self._arguments: list[Arguments] = projection.arguments
        self._max_age = projection.max_age
        self._pages = fragments.pages
        self._number = next(_numbers)
        self.simple = all(one.simple for one in self._arguments)
        """Whether the arguments follow from the values of the variables alone."""

    def begin(self, context: Context, variables: VariableValues, told: Any) -> "Result | Coroutine[Any, Any, Result]":
        """The result, or what to await for it.

        Raises:
            GiveUp: graphql-core must execute it.
        """
        if not (self._max_age and self._pages.limit) or told is not None or not context.reads_what_is_kept:
            return self._made(context, variables, told)
        key, changes = (self._number, orjson.dumps(variables.coerced)), context.backends.answers.changes
        known = self._pages.get(key, changes)
        if known is not None:
            return Result(known, None, self._max_age)
        result = self._made(context, variables, told)
        if isinstance(result, Result) and result.data is not None and not result.errors and context.good.until:
            self._pages.put(key, changes, context.good.until, result.data)
        return result

    def _made(self, context: Context, variables: VariableValues, told: Any) -> "Result | Coroutine[Any, Any, Result]":
        try:
            arguments: list[Mapping[str, Any]] = [one.read(variables) for one in self._arguments]
        except GraphQLError:
            raise GiveUp from None
        run = Run(context, self._schema, arguments)
        data = self._empty.copy()
        run.waits = [(root, told, data, None) for root in self._roots]
        try:
            complete = run.begin()
        except GiveUp:
            run.drop()
            raise
        return Result(data, run.errors or None, self._max_age) if complete else self._finish(run, data)

    async def _finish(self, run: Run, data: dict[str, Any]) -> Result:
        try:
            await run.finish()
        except BaseException:  # also when nobody waits for it any more
            run.drop()
            raise
        return Result(data, run.errors or None, self._max_age)


class Compiled:
    """The compiled operations of one document.

    Args:
        schema: the schema.
        document: parsed and validated.
        fragments: where entities that are written are kept.
    """

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, fragments: Fragments) -> None:
        self._schema = schema
        self._source = Source(schema, document)
        self._fragments = fragments
        self._forms: OrderedDict[tuple[Any, ...], _Form | None] = OrderedDict()
        self._simple: dict[str | None, Simple] = {}

    def begin(
        self, name: str | None, given: Mapping[str, Any], context: Context, told: Any = None
    ) -> "Result | Coroutine[Any, Any, Result | None] | None":
        """The result of an operation, where nothing in it must wait; else what to await for it.

        Args:
            name: of the operation.
            given: the variables as they came.
            context: of the operation.
            told: of a subscription, what is told.

        Returns:
            None, here or when it is awaited: graphql-core must execute it.
        """
        try:
            result = self._begin(name, given, context, told)
        except GiveUp:
            result = None
        if result is None or isinstance(result, Result):
            (_BY_GRAPHQL_CORE if result is None else _COMPILED).inc()
            return result
        return _counted(result)

    async def run(
        self, name: str | None, given: Mapping[str, Any], context: Context, told: Any = None
    ) -> Result | None:
        """The same for those who wait in any case, see `begin`."""
        begun = self.begin(name, given, context, told)
        return begun if begun is None or isinstance(begun, Result) else await begun

    def _begin(
        self, name: str | None, given: Mapping[str, Any], context: Context, told: Any
    ) -> "Result | Coroutine[Any, Any, Result] | None":
        operation = self._source.operation(name)
        if operation is None:
            return None
        definitions = operation.variable_definitions
        variables: VariableValues | list[GraphQLError] = _NONE
        if definitions:
            if name not in self._simple:
                self._simple[name] = Simple(definitions)
            variables = self._simple[name].read(given) or self._values(definitions, given)
        if isinstance(variables, list):
            return None
        decided = tuple(variables.coerced.get(variable) for variable in self._source.deciding)
        key = (name, decided)
        if key not in self._forms:
            self._forms[key] = self._compiled(operation, dict(zip(self._source.deciding, decided, strict=True)))
            if len(self._forms) > FORMS:
                self._forms.popitem(last=False)
        form = self._forms[key]
        if form is None:
            return None
        if definitions and not form.simple:
            variables = self._values(definitions, given)
            if isinstance(variables, list):
                return None
        return form.begin(context, variables, told)

    def _values(
        self, definitions: Collection[VariableDefinitionNode], given: Mapping[str, Any]
    ) -> VariableValues | list[GraphQLError]:
        """The values of the variables. Of wrong ones the first is enough to give up: a request may hold thousands."""
        return get_variable_values(self._schema, definitions, dict(given), max_errors=1, hide_suggestions=True)

    def _compiled(self, operation: Any, decided: Mapping[str, Any]) -> _Form | None:
        try:
            selection = Selection(self._source, decided, (operation.selection_set,))
            return _Form(self._schema, selection, operation.operation, self._fragments)
        except NotCompilable:
            return None


async def _counted(coming: "Coroutine[Any, Any, Result]") -> Result | None:
    try:
        result = await coming
    except GiveUp:
        _BY_GRAPHQL_CORE.inc()
        return None
    _COMPILED.inc()
    return result

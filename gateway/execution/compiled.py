# SPDX-License-Identifier: Apache-2.0
"""Whole operations, compiled once and then run: no step of graphql-core, no object for it, where nothing needs it.

A run asks for the root fields, copies what came into the response by generated functions (`projection`), asks for
what those found missing, all of one level together, and so on. Names of people are filled in at the end, all in one
question. What a resolver raises is an error at its field, as graphql-core would tell it. Whatever else is out of
order (a value that the schema does not allow, a null where there may be none) makes the run give up, and the whole
operation is executed by graphql-core, so that both ways say the same.
"""

import asyncio
import itertools
from collections import OrderedDict, deque
from collections.abc import Coroutine, Mapping
from inspect import isawaitable
from types import CoroutineType
from typing import Any

import orjson
from graphql import DocumentNode, ExecutionResult, GraphQLError, GraphQLSchema, OperationType, located_error
from graphql.execution.values import VariableValues, get_variable_values

from gateway.context import Context
from gateway.execution.fragments import Fragments
from gateway.execution.projection import Projection
from gateway.execution.selection import NotCompilable, Selection, Source
from gateway.execution.started import Started, started, started_beside
from gateway.execution.waiting import Arguments, Simple, Waiting
from gateway.metrics import EXECUTED
from gateway.schema.shape import Missing, Person

FORMS = 8
"""So many combinations of `@skip` and `@include` of one operation are kept."""

_NONE = VariableValues({}, {})
_numbers = itertools.count(1)
_COMPILED, _BY_GRAPHQL_CORE = EXECUTED.labels("compiled"), EXECUTED.labels("graphql-core")

_Wait = tuple[Waiting, Any, dict[str, Any], Any]
"""What waits: the field, its object, the dictionary it goes to and the path of that."""


class _GiveUp(Exception):
    """graphql-core must execute this."""


class _Schema:
    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema


class Info:
    """What resolvers may use, as `strawberry.Info` offers it.

    Args:
        context: of the operation.
        schema: in which it is executed.
    """

    __slots__ = ("_raw_info", "context")

    def __init__(self, context: Context, schema: _Schema) -> None:
        self.context = context
        self._raw_info = schema


class Run:
    """One run of one operation; it is also the `Reading` with which fields are read without waiting.

    Args:
        context: of the operation.
        schema: in which it is executed.
        arguments: of its fields.
    """

    __slots__ = ("_coming", "_late", "answer", "arguments", "context", "errors", "info", "name_of", "waits")

    def __init__(self, context: Context, schema: _Schema, arguments: list[Mapping[str, Any]]) -> None:
        self.context = context
        self.info = Info(context, schema)
        self.arguments = arguments
        self.waits: list[_Wait] = []
        self.errors: list[GraphQLError] = []
        self.name_of = context.names_at_hand
        self.answer = context.answers_at_hand()
        self._coming: deque[tuple[_Wait, Started | asyncio.Future[Any]]] = deque()
        self._late: list[tuple[dict[str, Any], str, Person]] = []

    def name(self, person: Person) -> str | Missing | None:
        """The display name of `(conference, person)`; `Missing` when it must be asked for."""
        try:
            return self.name_of(person)
        except KeyError:
            return Missing(person)

    def late(self, target: dict[str, Any], key: str, missing: Missing) -> None:
        """Notes where a name belongs that must be asked for."""
        target[key] = None
        self._late.append((target, key, missing.person))

    def begin(self) -> bool:
        """Asks for what waits, and again for what that found missing; whether the result is complete.

        Raises:
            _GiveUp: graphql-core must execute it.
        """
        while self.waits:
            waits, self.waits = self.waits, []
            for wait in waits:
                try:
                    value = wait[0].ask(wait[1], self.info, self.arguments)
                    if value.__class__ is CoroutineType:
                        value = started(value) if self._may_wait() else started_beside(value)
                except Exception as error:
                    self._failed(wait, error)
                    continue
                if value.__class__ is Started:
                    self._coming.append((wait, value))
                elif isawaitable(value):
                    self._coming.append((wait, asyncio.ensure_future(value)))
                else:
                    self._came(wait, value)
        return not self._coming and not self._late

    async def finish(self) -> None:
        """Waits for what was asked for, and asks for what that found missing, until nothing waits.

        Raises:
            _GiveUp: graphql-core must execute it.
        """
        while self._coming:
            wait, coming = self._coming[0]
            try:
                value = await coming
            except Exception as error:
                self._failed(wait, error)
            else:
                self._came(wait, value)
            self._coming.popleft()
            if not self._coming:
                self.begin()
        if self._late:
            people = list(dict.fromkeys(person for _, _, person in self._late))
            names = dict(zip(people, await self.context.load_names(people), strict=True))
            for target, key, person in self._late:
                target[key] = names[person]

    def drop(self) -> None:
        """Lets go of what was asked for: nobody will wait for it."""
        for _, coming in self._coming:
            if isinstance(coming, Started):
                coming.close()
            else:
                coming.add_done_callback(_forget)
                coming.cancel()

    def _may_wait(self) -> bool:
        """Whether a coroutine that is started now is the first that this task will wait for.

        The others get tasks of their own; outside of a task, as in a round of tellings, each does.
        """
        return not self._coming and asyncio.current_task() is not None

    def _came(self, wait: _Wait, value: Any) -> None:
        waiting, _, target, path = wait
        try:
            target[waiting.name] = waiting.complete(value, self, (path, waiting.name))
        except Exception:  # whatever it is: graphql-core does it again and says it in full
            raise _GiveUp from None

    def _failed(self, wait: _Wait, error: Exception) -> None:
        waiting, _, target, path = wait
        if waiting.required:
            raise _GiveUp
        target[waiting.name] = None
        self.errors.append(located_error(error, list(waiting.nodes), _listed((path, waiting.name))))


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
        self._schema = _Schema(schema)
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
            _GiveUp: graphql-core must execute it.
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
            raise _GiveUp from None
        run = Run(context, self._schema, arguments)
        data = self._empty.copy()
        run.waits = [(root, told, data, None) for root in self._roots]
        try:
            complete = run.begin()
        except _GiveUp:
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
        except _GiveUp:
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
            variables = self._simple[name].read(given) or get_variable_values(self._schema, definitions, dict(given))
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
            variables = get_variable_values(self._schema, definitions, dict(given))
            if isinstance(variables, list):
                return None
        return form.begin(context, variables, told)

    def _compiled(self, operation: Any, decided: Mapping[str, Any]) -> _Form | None:
        try:
            selection = Selection(self._source, decided, (operation.selection_set,))
            return _Form(self._schema, selection, operation.operation, self._fragments)
        except NotCompilable:
            return None


async def _counted(coming: "Coroutine[Any, Any, Result]") -> Result | None:
    try:
        result = await coming
    except _GiveUp:
        _BY_GRAPHQL_CORE.inc()
        return None
    _COMPILED.inc()
    return result


def _forget(coming: "asyncio.Future[Any]") -> None:
    if not coming.cancelled():
        coming.exception()  # graphql-core finds it again and says it


def _listed(path: Any) -> list[str | int]:
    """The path of a field from the root, as clients are told it."""
    found: list[str | int] = []
    while path is not None:
        path, key = path
        found.append(key)
    return found[::-1]

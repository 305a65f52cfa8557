# SPDX-License-Identifier: Apache-2.0
"""Runs operations against the schema."""

import asyncio
from collections.abc import Awaitable, Coroutine
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import orjson
from graphql import ExecutionResult, GraphQLError, GraphQLSchema, execute_sync
from graphql.execution import Executor, create_source_event_stream, execute_subscription_event

from gateway.context import Context
from gateway.execution.compiled import Result
from gateway.execution.errors import formatted
from gateway.execution.latest import Latest
from gateway.execution.params import Params
from gateway.execution.registry import Operation, Registry
from gateway.execution.sharing import Told, shaping_variables
from gateway.limits.gcra import Gcra

if TYPE_CHECKING:
    from gateway.live.hubs import Feed, Listening
    from gateway.live.subscriber import Sink


class Said:
    """A subscription in the words of somebody who listens, without what only chooses what they listen to."""

    __slots__ = ("__weakref__", "_engine", "_operation", "_params")

    def __init__(self, engine: "Engine", operation: Operation, params: Params) -> None:
        self._engine = engine
        self._operation = operation
        self._params = params

    def begin(self, told: Told) -> "ExecutionResult | Awaitable[ExecutionResult]":
        """The result for something that is told, where nothing must wait, else what to await for it."""
        return self._engine.told(self._operation, self._params, told)


class Stream(NamedTuple):
    """What a subscription listens to.

    Args:
        feed: where it comes from.
        words: in which it is told.
    """

    feed: "Feed"
    words: Said

    async def listen(self, sink: "Sink") -> "Listening":
        """Begins to tell a sink."""
        return await self.feed.hubs.listen(self.feed, self.words, sink)


class Engine:
    """Executes operations.

    Args:
        schema: the GraphQL schema.
        registry: its documents.
        compiled: False: graphql-core executes everything itself. The reference that tests compare with.
    """

    def __init__(self, schema: GraphQLSchema, registry: Registry | None = None, *, compiled: bool = True) -> None:
        self.schema = schema
        self._compiled = compiled
        self.registry = Registry(schema) if registry is None else registry
        # How often the schema is asked for in new words, by all clients together.
        self._introspections = Gcra(0.5, 10)
        self._introspected: Latest[bytes] = Latest(50, 16 << 20)

    def operation(self, params: Params) -> Operation:
        """The operation that a request asks for.

        Raises:
            Rejected: its document is not valid, too heavy, or not trusted where it must be.
        """
        return self.registry.operation(params)

    def begin(
        self, operation: Operation, params: Params, context: Context
    ) -> "ExecutionResult | Awaitable[ExecutionResult]":
        """The result of a query or mutation where nothing must wait, else what to await for it."""
        if not self._compiled:
            return self._run_by_graphql_core(operation, params, context)
        begun = operation.compiled.begin(operation.name, params.variables or {}, context)
        if isinstance(begun, Result):
            return begun
        return self._finish(begun, operation, params, context)

    async def run(self, operation: Operation, params: Params, context: Context) -> ExecutionResult:
        """The same for those who wait in any case, see `begin`."""
        begun = self.begin(operation, params, context)
        return begun if isinstance(begun, ExecutionResult) else await begun

    async def _finish(
        self, begun: "Coroutine[Any, Any, Result | None] | None", operation: Operation, params: Params, context: Context
    ) -> ExecutionResult:
        made = None if begun is None else await begun
        return await self._run_by_graphql_core(operation, params, context) if made is None else made

    async def _run_by_graphql_core(self, operation: Operation, params: Params, context: Context) -> ExecutionResult:
        executor = self._executor(operation, params, context)
        if isinstance(executor, list):
            return ExecutionResult(None, errors=executor)
        result = executor.execute_operation()  # root fields one after the other in a mutation
        # Without the directives for it in the schema, results never come in pieces.
        return cast("ExecutionResult", await result if isawaitable(result) else result)

    async def introspect(self, operation: Operation) -> bytes | float:
        """The answer to an operation that asks for the schema alone, as JSON; it is executed once and then remembered.

        Args:
            operation: asks for nothing but the schema, without variables.

        Returns:
            The answer, or the real seconds to wait: too many have asked in new words.
        """
        key = operation.key + (operation.name or "").encode()
        known = self._introspected.get(key)
        if known is not None:
            return known
        standing = self._introspections.take("")
        if standing.wait > 0:
            return standing.wait
        # In a thread: others need not wait the good part of a second that it takes.
        result = await asyncio.to_thread(execute_sync, self.schema, operation.document, operation_name=operation.name)
        answer = orjson.dumps(formatted(result))
        if self._introspected.get(key) is None:
            self._introspected.keep(key, len(answer), answer)
        return answer

    async def stream(self, operation: Operation, params: Params, context: Context) -> "Stream | ExecutionResult":
        """What a subscription listens to, or the one result that says why there is nothing."""
        executor = self._executor(operation, params, context)
        if isinstance(executor, list):
            return ExecutionResult(None, errors=executor)
        source = create_source_event_stream(executor)
        if isawaitable(source):
            source = await source
        if isinstance(source, ExecutionResult):
            return source
        return Stream(cast("Feed", source), self._said(operation, params))

    def _said(self, operation: Operation, params: Params) -> "Said":
        """The words of an operation: one object for all who ask with the same."""
        shaping = operation.shaping
        if shaping is None:
            shaping = operation.shaping = shaping_variables(operation.node, operation.document)
        given = params.variables or {}
        form = orjson.dumps({name: given[name] for name in sorted(shaping) if name in given})
        said: Said | None = operation.said.get(form)
        if said is None:
            said = operation.said[form] = Said(self, operation, params)
        return said

    def told(self, operation: Operation, params: Params, told: Told) -> "ExecutionResult | Awaitable[ExecutionResult]":
        """One message of a subscription where nothing must wait, else what to await for it."""
        if not self._compiled:
            return self._told_by_graphql_core(operation, params, told)
        begun = operation.compiled.begin(operation.name, params.variables or {}, told.sharing.context, told)
        if begun is None:
            return self._told_by_graphql_core(operation, params, told)
        return begun if isinstance(begun, Result) else self._finish_told(begun, operation, params, told)

    async def _finish_told(
        self, begun: "Coroutine[Any, Any, Result | None]", operation: Operation, params: Params, told: Told
    ) -> ExecutionResult:
        made = await begun
        if made is not None:
            return made
        result = self._told_by_graphql_core(operation, params, told)
        return result if isinstance(result, ExecutionResult) else await result

    def _told_by_graphql_core(
        self, operation: Operation, params: Params, told: Told
    ) -> "ExecutionResult | Awaitable[ExecutionResult]":
        executor = self._executor(operation, params, told.sharing.context, told)
        if isinstance(executor, list):
            return ExecutionResult(None, errors=executor)
        return execute_subscription_event(executor)

    def _executor(
        self, operation: Operation, params: Params, context: Context, told: Told | None = None
    ) -> Executor[Any] | list[GraphQLError]:
        return Executor.build(
            self.schema,
            operation.document,
            root_value=told,
            context_value=context,
            raw_variable_values=dict(params.variables or {}),
            operation_name=operation.name,
            hide_suggestions=True,
        )

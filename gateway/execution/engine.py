# SPDX-License-Identifier: Apache-2.0
"""Runs documents against the schema: a document is parsed, weighed and validated once and then remembered."""

import hashlib
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from weakref import WeakValueDictionary

import orjson
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationType,
    get_operation_ast,
    parse,
    validate,
)
from graphql.execution import Executor, create_source_event_stream, execute_subscription_event
from graphql.validation import recommended_rules, specified_rules

from gateway.context import Context
from gateway.execution.compiled import Compiled
from gateway.execution.fragments import Fragments
from gateway.execution.sharing import Told, shaping_variables
from gateway.execution.weight import Limits, weigh

if TYPE_CHECKING:
    from gateway.live.hubs import Feed, Listening
    from gateway.live.subscriber import Sink

RULES = (*specified_rules, *recommended_rules)


@dataclass(frozen=True, slots=True)
class Params:
    """One request as the GraphQL-over-HTTP and graphql-transport-ws specifications carry it."""

    query: str
    variables: Mapping[str, Any] | None = None
    operation_name: str | None = None

    @classmethod
    def read(cls, body: object) -> "Params":
        """Reads a decoded JSON body.

        Raises:
            BadRequest: it has not the form of a request.
        """
        if not isinstance(body, dict):
            raise BadRequest("the body is a JSON object")
        query, variables, name = body.get("query"), body.get("variables"), body.get("operationName")
        if not isinstance(query, str):
            raise BadRequest("`query` is a string")
        if variables is not None and not isinstance(variables, dict):
            raise BadRequest("`variables` is an object")
        if name is not None and not isinstance(name, str):
            raise BadRequest("`operationName` is a string")
        if body.get("extensions") is not None and not isinstance(body["extensions"], dict):
            raise BadRequest("`extensions` is an object")
        return cls(query, variables, name)


class BadRequest(Exception):
    """A request that is not even a GraphQL request."""


class Rejected(Exception):
    """A document that is not executed.

    Args:
        errors: why.
        syntax: whether it could not be read at all.
    """

    def __init__(self, errors: list[GraphQLError], *, syntax: bool = False) -> None:
        super().__init__("rejected")
        self.errors = errors
        self.syntax = syntax


class Prepared(NamedTuple):
    """A document that was read before.

    Args:
        document: parsed and validated.
        compiled: its operations, compiled.
        said: its operations in the words of those who listen.
        shaping: by operation, the variables on which the form of what is told depends.
    """

    document: DocumentNode
    compiled: Compiled
    said: "WeakValueDictionary[Hashable, Said]"
    shaping: dict[str | None, frozenset[str]]


class Wrong(NamedTuple):
    """A document that was rejected before. It is no exception: one that is raised again keeps every frame it saw.

    Args:
        errors: why.
        syntax: whether it could not be read at all.
    """

    errors: list[GraphQLError]
    syntax: bool = False


class Said:
    """A subscription in the words of somebody who listens, without what only chooses what they listen to."""

    __slots__ = ("__weakref__", "_engine", "_params", "_prepared")

    def __init__(self, engine: "Engine", prepared: Prepared, params: Params) -> None:
        self._engine = engine
        self._prepared = prepared
        self._params = params

    async def execute(self, told: Told) -> ExecutionResult:
        """The result for something that is told."""
        return await self._engine.told(self._prepared, self._params, told)


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
        limits: what a document may weigh.
        size: how many documents are remembered.
        compiled: False: graphql-core executes everything itself. The reference that tests compare with.
        fragments: keeps entities that were written.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        limits: Limits | None = None,
        *,
        size: int = 1000,
        compiled: bool = True,
        fragments: Fragments | None = None,
    ) -> None:
        self.schema = schema
        self._compiled = compiled
        self._fragments = fragments if fragments is not None else Fragments()
        self._limits = limits or Limits()
        self._size = size
        self._documents: OrderedDict[bytes, Prepared | Wrong] = OrderedDict()

    def prepared(self, query: str) -> "Prepared":
        """The parsed and validated document.

        Raises:
            Rejected: it is not valid, or too heavy.
        """
        key = hashlib.sha256(query.encode()).digest()
        known = self._documents.get(key)
        if known is None:
            known = self._read(query)
            self._documents[key] = known
            if len(self._documents) > self._size:
                self._documents.popitem(last=False)
        else:
            self._documents.move_to_end(key)
        if isinstance(known, Wrong):
            raise Rejected(known.errors, syntax=known.syntax)
        return known

    def kind(self, params: Params) -> OperationType | None:
        """Query, mutation or subscription; None when the operation cannot be told.

        Raises:
            Rejected: the document is not valid, or too heavy.
        """
        operation = get_operation_ast(self.prepared(params.query).document, params.operation_name)
        return operation.operation if operation else None

    async def run(self, params: Params, context: Context) -> ExecutionResult:
        """The result of a query or mutation.

        Raises:
            Rejected: the document is not valid, or too heavy.
        """
        prepared = self.prepared(params.query)
        made = await self._run_compiled(prepared, params, context)
        if made is not None:
            return made
        executor = self._executor(prepared, params, context)
        if isinstance(executor, list):
            return ExecutionResult(None, errors=executor)
        result = executor.execute_operation()  # root fields one after the other in a mutation
        # Without the directives for it in the schema, results never come in pieces.
        return cast("ExecutionResult", await result if isawaitable(result) else result)

    async def stream(self, params: Params, context: Context) -> "Stream | ExecutionResult":
        """What a subscription listens to, or the one result that says why there is nothing.

        Raises:
            Rejected: the document is not valid, or too heavy.
        """
        prepared = self.prepared(params.query)
        executor = self._executor(prepared, params, context)
        if isinstance(executor, list):
            return ExecutionResult(None, errors=executor)
        source = create_source_event_stream(executor)
        if isawaitable(source):
            source = await source
        if isinstance(source, ExecutionResult):
            return source
        return Stream(cast("Feed", source), self._said(prepared, params))

    def _said(self, prepared: Prepared, params: Params) -> "Said":
        """The words of an operation: one object for all who ask with the same."""
        shaping = prepared.shaping.get(params.operation_name)
        if shaping is None:
            operation = get_operation_ast(prepared.document, params.operation_name)
            found = shaping_variables(operation, prepared.document) if operation else frozenset()
            shaping = prepared.shaping[params.operation_name] = found
        given = params.variables or {}
        form = orjson.dumps({name: given[name] for name in sorted(shaping) if name in given})
        key = (params.operation_name, form)
        said = prepared.said.get(key)
        if said is None:
            said = prepared.said[key] = Said(self, prepared, params)
        return said

    async def told(self, prepared: Prepared, params: Params, told: Told) -> ExecutionResult:
        """One message of a subscription."""
        made = await self._run_compiled(prepared, params, told.sharing.context, told)
        if made is not None:
            return made
        executor = self._executor(prepared, params, told.sharing.context, told)
        if isinstance(executor, list):
            return ExecutionResult(None, errors=executor)
        result = execute_subscription_event(executor)
        return await result if isawaitable(result) else result

    async def _run_compiled(
        self, prepared: Prepared, params: Params, context: Context, told: Told | None = None
    ) -> ExecutionResult | None:
        """The result by the compiled operation; None: graphql-core must execute it."""
        if not self._compiled:
            return None
        return await prepared.compiled.run(params.operation_name, params.variables or {}, context, told)

    def _executor(
        self, prepared: Prepared, params: Params, context: Context, told: Told | None = None
    ) -> Executor[Any] | list[GraphQLError]:
        built = Executor.build(
            self.schema,
            prepared.document,
            root_value=told,
            context_value=context,
            raw_variable_values=dict(params.variables or {}),
            operation_name=params.operation_name,
            hide_suggestions=True,
        )
        if isinstance(built, list):
            return built
        return built

    def _read(self, query: str) -> Prepared | Wrong:
        try:
            document = parse(query, max_tokens=self._limits.tokens)
        except GraphQLSyntaxError as error:
            return Wrong([error], syntax=True)
        too_much = self._limits.exceeded(weigh(self.schema, document)) or self._limits.repeated(document)
        if too_much is not None:
            return Wrong([GraphQLError(too_much, extensions={"code": "DOCUMENT_TOO_HEAVY"})])
        errors = validate(self.schema, document, RULES, max_errors=20, hide_suggestions=True)
        if errors:
            return Wrong(errors)
        return Prepared(document, Compiled(self.schema, document, self._fragments), WeakValueDictionary(), {})

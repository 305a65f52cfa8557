# SPDX-License-Identifier: Apache-2.0
"""Runs documents against the schema: a document is parsed, weighed and validated once and then remembered."""

import hashlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any

import structlog
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
from graphql.execution import execute, subscribe
from graphql.validation import recommended_rules, specified_rules

from gateway.execution.weight import Limits, weigh
from gateway.schema.errors import code_of, facts_of, message_of
from gateway.schema.relay import BadCursor, BadId, BadPage
from services.chassis.requests import Refused
from services.chassis.telemetry import trace_of, traceparent_of

log = structlog.get_logger()

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


class Engine:
    """Executes operations.

    Args:
        schema: the GraphQL schema.
        limits: what a document may weigh.
        size: how many documents are remembered.
    """

    def __init__(self, schema: GraphQLSchema, limits: Limits | None = None, *, size: int = 1000) -> None:
        self.schema = schema
        self._limits = limits or Limits()
        self._size = size
        self._documents: OrderedDict[bytes, DocumentNode | Rejected] = OrderedDict()

    def document(self, query: str) -> DocumentNode:
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
        if isinstance(known, Rejected):
            raise known
        return known

    def kind(self, params: Params) -> OperationType | None:
        """Query, mutation or subscription; None when the operation cannot be told.

        Raises:
            Rejected: the document is not valid, or too heavy.
        """
        operation = get_operation_ast(self.document(params.query), params.operation_name)
        return operation.operation if operation else None

    async def run(self, params: Params, context: object) -> ExecutionResult:
        """The result of a query or mutation.

        Raises:
            Rejected: the document is not valid, or too heavy.
        """
        result = execute(
            self.schema,
            self.document(params.query),
            context_value=context,
            variable_values=dict(params.variables or {}),
            operation_name=params.operation_name,
            hide_suggestions=True,
        )
        return await result if isawaitable(result) else result

    async def stream(self, params: Params, context: object) -> AsyncIterator[ExecutionResult] | ExecutionResult:
        """The results of a subscription, or the one result that says why there are none.

        Raises:
            Rejected: the document is not valid, or too heavy.
        """
        result = subscribe(
            self.schema,
            self.document(params.query),
            context_value=context,
            variable_values=dict(params.variables or {}),
            operation_name=params.operation_name,
            hide_suggestions=True,
        )
        return await result if isawaitable(result) else result

    def _read(self, query: str) -> DocumentNode | Rejected:
        try:
            document = parse(query, max_tokens=self._limits.tokens)
        except GraphQLSyntaxError as error:
            return Rejected([error], syntax=True)
        too_much = self._limits.exceeded(weigh(self.schema, document)) or self._limits.repeated(document)
        if too_much is not None:
            return Rejected([GraphQLError(too_much, extensions={"code": "DOCUMENT_TOO_HEAVY"})])
        errors = validate(self.schema, document, RULES, max_errors=20, hide_suggestions=True)
        return Rejected(errors) if errors else document


def formatted(result: ExecutionResult) -> dict[str, Any]:
    """A result as it is written into a response; what clients need not know of an error is left out."""
    answer: dict[str, Any] = {"data": result.data}
    if result.errors:
        answer["errors"] = [format_error(error) for error in result.errors]
    return answer


def format_error(error: GraphQLError) -> dict[str, Any]:
    """An error for clients, with `extensions.code`; a defect shows only the id under which it was logged."""
    shown: dict[str, Any] = {"message": error.message}
    if error.locations:
        shown["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path is not None:
        shown["path"] = error.path
    cause = error.original_error
    if isinstance(cause, Refused):
        refusal = cause.refusal
        shown["message"] = message_of(refusal)
        shown["extensions"] = {"code": code_of(type(refusal)), **facts_of(refusal)}
    elif isinstance(cause, (BadId, BadCursor, BadPage)):
        shown["message"] = str(cause)
        shown["extensions"] = {"code": "BAD_USER_INPUT"}
    elif cause is None or isinstance(cause, GraphQLError):
        code = "GRAPHQL_PARSE_FAILED" if isinstance(error, GraphQLSyntaxError) else "GRAPHQL_VALIDATION_FAILED"
        shown["extensions"] = {"code": code, **(error.extensions or {})}
    else:
        trace = trace_of(traceparent_of())
        log.error("a field failed", error_trace=trace, path=error.path, exc_info=cause)
        shown["message"] = "Something went wrong here."
        shown["extensions"] = {"code": "FAULT", "trace": trace}
    return shown

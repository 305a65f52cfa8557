# SPDX-License-Identifier: Apache-2.0
"""How results and errors are written for clients: with a code, and never with the text of an exception."""

from typing import Any

from graphql import ExecutionResult, GraphQLError, GraphQLSyntaxError

from gateway.execution.faults import fault
from gateway.schema.errors import code_of, facts_of, message_of
from gateway.schema.relay import BadCursor, BadId, BadPage
from services.chassis.requests import Refused

MASKED = "Something went wrong here."


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
        shown["message"] = MASKED
        shown["extensions"] = {"code": "FAULT", "trace": fault(cause, path=error.path)}
    return shown

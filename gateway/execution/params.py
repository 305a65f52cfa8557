# SPDX-License-Identifier: Apache-2.0
"""One request, however it came, and the ways in which it is none or is not executed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError


@dataclass(frozen=True, slots=True)
class Params:
    """One request as the GraphQL-over-HTTP and graphql-transport-ws specifications carry it.

    Args:
        query: the text of the document; empty when it is named by its id.
        variables: values of the operation's variables.
        operation_name: which operation of the document.
        document_id: id of a trusted document (`sha256:` and 64 hex digits), instead of its text.
        with_cost: whether the client wants to be told what the operation cost (`"extensions": {"cost": true}`).
        after: positions that the answer should include, as the header
            `Quartier-After` says them where there are headers (`"extensions": {"after": "…"}`).
    """

    query: str
    variables: Mapping[str, Any] | None = None
    operation_name: str | None = None
    document_id: str | None = None
    with_cost: bool = False
    after: str | None = None

    @classmethod
    def read(cls, body: object) -> "Params":
        """Reads a decoded JSON body.

        Raises:
            BadRequest: it has not the form of a request.
        """
        if isinstance(body, list):
            raise BadRequest("one operation a request: batching is off", "BATCHING_IS_OFF")
        if not isinstance(body, dict):
            raise BadRequest("the body is a JSON object")
        query, document, name = body.get("query"), body.get("documentId"), body.get("operationName")
        if document is None and not isinstance(query, str):
            raise BadRequest("`query` is a string")
        if document is not None and (query is not None or not isinstance(document, str)):
            raise BadRequest("either `query` or `documentId`, a string")
        variables, extensions = body.get("variables"), body.get("extensions")
        if variables is not None and not isinstance(variables, dict):
            raise BadRequest("`variables` is an object")
        if name is not None and not isinstance(name, str):
            raise BadRequest("`operationName` is a string")
        if extensions is not None and not isinstance(extensions, dict):
            raise BadRequest("`extensions` is an object")
        wanted = extensions or {}
        after = wanted.get("after")
        if after is not None and not isinstance(after, str):
            raise BadRequest("`extensions.after` is a string")
        return cls(query or "", variables, name or None, document, wanted.get("cost") is True, after)


class BadRequest(Exception):
    """A request that is not even a GraphQL request.

    Args:
        reason: for developers.
        code: for `extensions.code`.
        status: of the HTTP response.
    """

    def __init__(self, reason: str, code: str = "BAD_REQUEST", status: int = 400) -> None:
        super().__init__(reason)
        self.code = code
        self.status = status


class Rejected(Exception):
    """An operation that is not executed.

    Args:
        errors: why.
        status: of the HTTP response.

    Attributes:
        headers: of the HTTP response.
    """

    def __init__(self, errors: list[GraphQLError], *, status: int = 400) -> None:
        super().__init__("rejected")
        self.errors = errors
        self.status = status
        self.headers: dict[str, str] = {}


def rejected(code: str, reason: str, *, status: int = 400, **facts: Any) -> Rejected:
    """An operation that is not executed for one reason.

    Args:
        code: for `extensions.code`.
        reason: for developers.
        status: of the HTTP response.
        facts: further extensions.
    """
    return Rejected([GraphQLError(reason, extensions={"code": code, **facts})], status=status)

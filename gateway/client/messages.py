# SPDX-License-Identifier: Apache-2.0
"""What the client writes and reads: operations by the hash of their text, answers as the structs of `results.py`."""

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from gateway.client.outcomes import ClientError, Refused
from gateway.client.results import COMMANDS, OPERATIONS

D = TypeVar("D")


class _Answer(msgspec.Struct, Generic[D]):
    """What a GraphQL server answers, with the data of one operation."""

    data: D | None = None
    errors: list[dict[str, Any]] | None = None


class _Outcome(msgspec.Struct):
    """Which member of its union a command's result is; what it says is read in a second step.

    A command for many things has results, with places in one log.
    """

    kind: str = msgspec.field(name="__typename")
    position: str = ""
    results: "list[_Outcome]" = []

    @property
    def newest(self) -> str:
        """The last of the places."""
        return max((self.position, *(one.position for one in self.results)), key=_number)


def _number(position: str) -> int:
    return int(position.rpartition(":")[2] or 0)


class Message(msgspec.Struct):
    """A message of graphql-transport-ws; the payload is read when it is known what it is."""

    type: str
    payload: msgspec.Raw = msgspec.Raw()


class Done(NamedTuple):
    """What became of a command.

    Args:
        result: the struct of its success, or `Refused`.
        position: everything it led to is at or before it: `<service>/<epoch>:<value>`; empty when it was refused.
    """

    result: Any
    position: str = ""


_COMMAND = msgspec.json.Decoder(_Answer[dict[str, msgspec.Raw]])
_OUTCOME = msgspec.json.Decoder(_Outcome)
_REFUSED = msgspec.json.Decoder(Refused)
_MESSAGE = msgspec.json.Decoder(Message)
_ERRORS = msgspec.json.Decoder(list[dict[str, Any]])


def body(operation: str, variables: Mapping[str, Any] | None, *, by_id: bool) -> bytes:
    """The request for an operation.

    Args:
        operation: its name.
        variables: as it declares them.
        by_id: whether it is named by the hash of its text, for a gateway that knows it; else the text is sent.
    """
    asked = {"operationName": operation, "variables": dict(variables or {})}
    return msgspec.json.encode(asked | (_id(operation) if by_id else _text(operation)))


def document(operation: str) -> str:
    """The text of one operation."""
    return (files("gateway.client") / "operations" / f"{operation}.graphql").read_text(encoding="utf-8")


def document_id(operation: str) -> str:
    """The id of one operation (GraphQL over HTTP, appendix A): a gateway of this version trusts its document."""
    return "sha256:" + hashlib.sha256(document(operation).encode()).hexdigest()


def data(operation: str, content: bytes | msgspec.Raw) -> Any:
    """The data of a query, or of one message of a subscription.

    Raises:
        ClientError: there is none.
    """
    answer = _result(operation).decode(content)
    if answer.data is None:
        raise ClientError(answer.errors or [{"message": "no data"}])
    return answer.data


def outcome(command: str, content: bytes) -> Done:
    """What became of a command.

    Raises:
        ClientError: the answer does not say.
    """
    answer = _COMMAND.decode(content)
    if answer.data is None:
        raise ClientError(answer.errors or [{"message": "no data"}])
    (result,) = answer.data.values()
    if bytes(result) == b"null":
        raise ClientError(answer.errors or [{"message": "no result"}])
    told = _OUTCOME.decode(result)
    if not told.kind.endswith("Success"):
        return Done(_REFUSED.decode(result))
    return Done(_success(command).decode(result), told.newest)


def message(content: bytes) -> Message:
    """A message of a subscription's connection."""
    return _MESSAGE.decode(content)


def errors(payload: msgspec.Raw) -> ClientError:
    """Why a subscription was refused."""
    return ClientError(_ERRORS.decode(payload))


@cache
def _result(operation: str) -> msgspec.json.Decoder[_Answer[Any]]:
    data = OPERATIONS[operation]
    return msgspec.json.Decoder(_Answer[data])  # type: ignore[valid-type]


@cache
def _success(command: str) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(COMMANDS[command])


@cache
def _text(operation: str) -> dict[str, Any]:
    return {"query": msgspec.Raw(msgspec.json.encode(document(operation)))}


@cache
def _id(operation: str) -> dict[str, Any]:
    return {"documentId": document_id(operation)}

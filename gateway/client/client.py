# SPDX-License-Identifier: Apache-2.0
"""One connection to the API: operations over HTTP, subscriptions over a WebSocket that comes back by itself."""

import asyncio
import base64
import random
from collections.abc import AsyncIterator, Mapping
from importlib.resources import files
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from gateway.client.results import COMMANDS, OPERATIONS

FATAL = {4400, 4401, 4403, 4409, 4429, 4500}
"""Close codes after which the same client must not simply connect again."""


class ClientError(Exception):
    """The API answered with errors and without the data asked for.

    Args:
        errors: as they came: `message`, `path`, `extensions.code`.
    """

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__("; ".join(str(error.get("message")) for error in errors))
        self.errors = errors

    @property
    def codes(self) -> list[str]:
        """The codes of the errors, such as `UNAVAILABLE`."""
        return [str(error.get("extensions", {}).get("code", "")) for error in self.errors]


class Closed(Exception):
    """The server ended the connection for a reason that connecting again does not cure.

    Args:
        code: the WebSocket close code, for example 4403.
        reason: what the server said.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason


class Refused(msgspec.Struct, frozen=True):
    """A command was not carried out.

    Args:
        kind: the GraphQL type of the refusal, for example `PollIsClosed`.
        code: its stable code, for example `POLL_IS_CLOSED`.
        message: short English for developers.
        path: which part of the input, where that can be said.
    """

    kind: str
    code: str
    message: str
    path: tuple[str, ...] | None = None


def new_id(kind: str) -> str:
    """A fresh global id of a thing that the client names itself, for example `new_id("Passage")`."""
    return base64.b64encode(f"{kind}:{uuid4().hex}".encode()).decode()


class Client:
    """A client of the API.

    Args:
        url: address of the gateway, for example `http://127.0.0.1:8000`.
        token: access token; None: anonymous. It may be replaced at any time (`client.token = ...`).
        timeout: real seconds an operation may take.
    """

    def __init__(self, url: str, token: str | None = None, *, timeout: float = 15.0) -> None:
        self.url = url.rstrip("/")
        self.token = token
        self._http = httpx.AsyncClient(base_url=self.url, timeout=timeout)
        self._seen: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connections for operations; subscriptions end with their iterators."""
        await self._http.aclose()

    async def execute(self, operation: str, variables: Mapping[str, Any] | None = None) -> Any:
        """Runs one operation of `operations/`.

        Args:
            operation: its name, for example `Evening`.
            variables: as the operation declares them, in camelCase.

        Returns:
            A query: its struct of `results.py`; fields whose service is away are None. A mutation: the struct of its
            success, or `Refused`.

        Raises:
            ClientError: nothing of the data asked for came back.
            httpx.HTTPError: the gateway cannot be reached.
        """
        headers = {"accept": "application/graphql-response+json"}
        if self.token is not None:
            headers["authorization"] = f"Bearer {self.token}"
        if self._seen:  # this client reads what it wrote
            headers["quartier-after"] = ", ".join(f"{service}/{position}" for service, position in self._seen.items())
        body = {"query": document(operation), "operationName": operation, "variables": dict(variables or {})}
        response = await self._http.post("/graphql", json=body, headers=headers)
        try:
            answer = response.json()
        except ValueError:
            response.raise_for_status()
            raise ClientError([{"message": f"HTTP {response.status_code} without JSON"}]) from None
        return self._read(operation, answer)

    async def command(self, name: str, /, *, idempotency_key: str | None = None, **fields: Any) -> Any:
        """Runs the mutation of one command.

        Args:
            name: the command, for example `StartSession`.
            idempotency_key: repeat a command with the same key; None: a fresh one.
            fields: its input, in snake_case; nested values are plain dicts in camelCase.

        Returns:
            The struct of its success, or `Refused`.

        Raises:
            ClientError: the input has not the form of the schema.
            httpx.HTTPError: the gateway cannot be reached.
        """
        values = {camel(field): value for field, value in fields.items()}
        return await self.execute(name, {"input": {"idempotencyKey": idempotency_key or uuid4().hex, **values}})

    async def subscribe(self, operation: str, variables: Mapping[str, Any] | None = None) -> AsyncIterator[Any]:
        """What a subscription tells, for ever: after a break it connects again, and a snapshot comes first again.

        Args:
            operation: its name, for example `ConferenceChanges`.
            variables: as the operation declares them, in camelCase.

        Raises:
            Closed: the server does not want this client, for instance because its token expired.
            ClientError: the subscription was refused.
        """
        pause = 0.1
        while True:
            try:
                async for change in self._subscribed(operation, variables or {}):
                    pause = 0.1
                    yield change
                return
            except ConnectionClosed as error:
                close = error.rcvd
                if close is not None and close.code in FATAL:
                    raise Closed(close.code, close.reason) from None
            except (OSError, InvalidHandshake, TimeoutError):
                pass
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 -- spreads those who come back
            pause = min(5.0, pause * 2)

    async def _subscribed(self, operation: str, variables: Mapping[str, Any]) -> AsyncIterator[Any]:
        address = "ws" + self.url.removeprefix("http") + "/graphql"
        async with connect(address, subprotocols=[Subprotocol("graphql-transport-ws")], max_size=8 << 20) as socket:
            payload = {"authorization": f"Bearer {self.token}"} if self.token else {}
            await _send(socket, {"type": "connection_init", "payload": payload})
            body = {"query": document(operation), "operationName": operation, "variables": dict(variables)}
            async for raw in socket:
                message = msgspec.json.decode(raw)
                match message["type"]:
                    case "connection_ack":
                        await _send(socket, {"id": "1", "type": "subscribe", "payload": body})
                    case "next":
                        yield self._read(operation, message["payload"])
                    case "error":
                        raise ClientError(message["payload"])
                    case "complete":
                        return
                    case "ping":
                        await _send(socket, {"type": "pong"})

    def _read(self, operation: str, answer: Mapping[str, Any]) -> Any:
        data = answer.get("data")
        if data is None:
            raise ClientError(list(answer.get("errors") or [{"message": "no data"}]))
        if operation in COMMANDS:
            (result,) = data.values()
            kind = result["__typename"]
            if not kind.endswith("Success"):
                return Refused(kind, result["code"], result["message"], result.get("path"))
            service, _, position = result["position"].partition("/")
            self._seen[service] = position
            return msgspec.convert(result, COMMANDS[operation])
        found = msgspec.convert(data, OPERATIONS[operation])
        if operation.endswith("Changes"):
            return getattr(found, type(found).__struct_fields__[0])
        return found


def document(operation: str) -> str:
    """The text of one operation."""
    return (files("gateway.client") / "operations" / f"{operation}.graphql").read_text()


def camel(name: str) -> str:
    """`conference_id` as `conferenceId`."""
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


async def _send(socket: ClientConnection, message: object) -> None:
    await socket.send(msgspec.json.encode(message).decode())

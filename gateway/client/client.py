# SPDX-License-Identifier: Apache-2.0
"""One connection to the API: operations over HTTP, subscriptions over a WebSocket that comes back by itself."""

import asyncio
import base64
import random
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import aiohttp
import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol

from gateway.client import messages
from gateway.client.outcomes import ClientError, Closed, Unreached
from gateway.client.results import COMMANDS

CONNECTIONS = 100
"""At the same time, of all clients of an app that share them; a request beyond waits."""

KEEP_SECONDS = 4.0
"""A gateway drops idle connections after 5 s; whoever wrote at that moment could not know whether it was read."""

FATAL = {4400, 4401, 4403, 4409, 4429, 4500}
"""Close codes after which the same client must not simply connect again."""

NOT_KNOWN = "DOCUMENT_NOT_FOUND"
"""The code of a gateway that does not know a document: it is of another version."""


def new_id(kind: str) -> str:
    """A fresh global id of a thing that the client names itself, for example `new_id("Passage")`."""
    return base64.b64encode(f"{kind}:{uuid4().hex}".encode()).decode()


class Client:
    """A client of the API. It names its operations by the hash of their text, which the gateway trusts; one that does
    not know them, being of another version, is sent the text.

    Args:
        url: address of the gateway, for example `http://127.0.0.1:8000`.
        token: access token; None: anonymous. It may be replaced at any time (`client.token = ...`).
        timeout: real seconds an operation may take.
        http: connections that several clients share, closed by whoever opened them; None: own ones.
    """

    def __init__(
        self, url: str, token: str | None = None, *, timeout: float = 15.0, http: aiohttp.ClientSession | None = None
    ) -> None:
        self.url = url.rstrip("/")
        self.token = token
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._http = http
        self._own: aiohttp.ClientSession | None = None
        self._seen: dict[str, str] = {}
        self._by_text: set[str] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connections for operations; subscriptions end with their iterators."""
        if self._own is not None:
            await self._own.close()

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
            Unreached: the gateway did not answer.
        """
        by_id = operation not in self._by_text
        try:
            return await self._execute(operation, variables, by_id=by_id)
        except ClientError as error:
            if not by_id or NOT_KNOWN not in error.codes:
                raise
        self._by_text.add(operation)  # nothing of it was carried out
        return await self._execute(operation, variables, by_id=False)

    async def _execute(self, operation: str, variables: Mapping[str, Any] | None, *, by_id: bool) -> Any:
        headers = {"accept": "application/graphql-response+json", "content-type": "application/json"}
        if self.token is not None:
            headers["authorization"] = f"Bearer {self.token}"
        if self._seen:  # this client reads what it wrote
            headers["quartier-after"] = ", ".join(f"{service}/{position}" for service, position in self._seen.items())
        if self._http is None:
            self._http = self._own = connections()
        body, url = messages.body(operation, variables, by_id=by_id), f"{self.url}/graphql"
        with reaching():
            async with self._http.post(url, data=body, headers=headers, timeout=self._timeout) as response:
                content = await response.read()
        try:
            if operation not in COMMANDS:
                return messages.data(operation, content)
            done = messages.outcome(operation, content)
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:
            raise Unreached(f"HTTP {response.status} without JSON", sent=True) from None
        if done.position:
            service, _, position = done.position.partition("/")
            self._seen[service] = position
        return done.result

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
            Unreached: the gateway did not answer.
        """
        values = {camel(field): value for field, value in fields.items()}
        return await self.execute(name, {"input": {"idempotencyKey": idempotency_key or uuid4().hex, **values}})

    async def subscribe(
        self, operation: str, variables: Mapping[str, Any] | None = None, *, patience: float = float("inf")
    ) -> AsyncIterator[Any]:
        """What a subscription tells, for ever: after a break it connects again and goes on where it was.

        Then `Resumed` comes first where the gateway knows what has changed meanwhile, and otherwise a snapshot.

        Args:
            operation: its name, for example `ConferenceChanges`.
            variables: as the operation declares them, in camelCase.
            patience: real seconds without any news after a break, while it tries to connect again.

        Raises:
            Closed: the server does not want this client, for instance because its token expired.
            ClientError: the subscription was refused.
            ConnectionError: the patience is over.
        """
        pause = 0.1
        broken: float | None = None
        asked = dict(variables or {})
        while True:
            by_id = operation not in self._by_text
            try:
                async for change in self._subscribed(operation, asked, by_id=by_id):
                    pause, broken = 0.1, None
                    asked["after"] = change.cursor
                    yield change
                return
            except ClientError as error:
                if by_id and NOT_KNOWN in error.codes:
                    self._by_text.add(operation)
                    continue
                if "BAD_USER_INPUT" not in error.codes or asked.pop("after", None) is None:
                    raise
                continue  # the key under which cursors are signed is another one: from the beginning
            except InvalidStatus as error:
                pause = max(pause, _retry_seconds(error.response.headers.get("Retry-After")))
                why: Exception = error
            except ConnectionClosed as error:
                close = error.rcvd
                if close is not None and close.code in FATAL:
                    raise Closed(close.code, close.reason) from None
                why = error
            except (OSError, InvalidHandshake, TimeoutError) as error:
                why = error
            broken = broken or time.monotonic()
            if time.monotonic() - broken > patience:
                raise ConnectionError(f"no connection for {patience:.0f} s: {why}") from None
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 -- spreads those who come back
            pause = min(5.0, pause * 2)

    async def _subscribed(self, operation: str, variables: Mapping[str, Any], *, by_id: bool) -> AsyncIterator[Any]:
        address = "ws" + self.url.removeprefix("http") + "/graphql"
        protocol = Subprotocol("graphql-transport-ws")
        async with connect(address, subprotocols=[protocol], max_size=8 << 20, compression=None) as socket:
            authorization = {"authorization": f"Bearer {self.token}"} if self.token else {}
            await _send(socket, {"type": "connection_init", "payload": authorization})
            while True:
                message = messages.message(await socket.recv(decode=False))
                match message.type:
                    case "connection_ack":
                        body = msgspec.Raw(messages.body(operation, variables, by_id=by_id))
                        await _send(socket, {"id": "1", "type": "subscribe", "payload": body})
                    case "next":
                        found = messages.data(operation, message.payload)
                        yield getattr(found, found.__struct_fields__[0])
                    case "error":
                        raise messages.errors(message.payload)
                    case "complete":
                        return
                    case "ping":
                        await _send(socket, {"type": "pong"})


def connections(limit: int = CONNECTIONS) -> aiohttp.ClientSession:
    """Connections for the operations of many clients; to be closed by the caller.

    Args:
        limit: how many there are at the same time; 0: as many as are needed.
    """
    connector = aiohttp.TCPConnector(limit=limit, keepalive_timeout=KEEP_SECONDS)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())


@contextmanager
def reaching() -> Iterator[None]:
    """Names what goes wrong on the way to a server.

    Raises:
        Unreached: it did not answer.
    """
    try:
        yield
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        raise Unreached(type(error).__name__, sent=False) from error
    except (aiohttp.ClientError, OSError) as error:  # a timeout is an OSError
        raise Unreached(type(error).__name__, sent=True) from error


def camel(name: str) -> str:
    """`conference_id` as `conferenceId`."""
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


def _retry_seconds(header: str | None) -> float:
    return float(header) if header is not None and header.isdecimal() else 0.0


async def _send(socket: ClientConnection, message: object) -> None:
    await socket.send(msgspec.json.encode(message).decode())

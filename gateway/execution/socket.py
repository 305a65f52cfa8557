# SPDX-License-Identifier: Apache-2.0
"""graphql-transport-ws: one connection, its operations, and the reasons for which it is closed.

Close codes beyond the protocol's: 4403 the token is not accepted, has expired or its person was excluded; 4013 the
client reads too slowly. Nothing piles up for a slow client: an operation makes its next message only when the one
before could be written.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing, suppress
from typing import Any, cast

import orjson
from graphql import ExecutionResult, GraphQLError, OperationType
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from gateway.door import Door, Turned
from gateway.execution.engine import BadRequest, Params, Rejected
from gateway.execution.errors import format_error, formatted
from gateway.identity import NOBODY, Login
from gateway.live.presence import Presence
from gateway.metrics import CLOSED, SOCKETS
from services.chassis.telemetry import span

PROTOCOL = "graphql-transport-ws"
LAGGING = 4013


class _Close(Exception):
    """The connection ends.

    Args:
        code: the close code.
        reason: for developers.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Sockets:
    """All open connections.

    Args:
        door: lets clients in and executes what they ask.
        presence: learns who is there.
        origins: other origins than the own whose pages may connect.
        init_seconds: real time until `connection_init` must have come.
        lag_seconds: real time a client may take to read one message.
        operations: at the same time on one connection.
    """

    def __init__(
        self,
        door: Door,
        presence: Presence,
        *,
        origins: frozenset[str] = frozenset(),
        init_seconds: float = 5.0,
        lag_seconds: float = 10.0,
        operations: int = 20,
    ) -> None:
        self.door = door
        self.presence = presence
        self.origins = origins
        self.init_seconds = init_seconds
        self.lag_seconds = lag_seconds
        self.operations = operations
        self._open: set[Connection] = set()

    def __len__(self) -> int:
        return len(self._open)

    async def serve(self, websocket: WebSocket) -> None:
        """Serves one connection until it ends."""
        connection = Connection(self, websocket)
        self._open.add(connection)
        try:
            with SOCKETS.track_inprogress():
                await connection.serve()
        finally:
            self._open.discard(connection)

    def close_person(self, person: str, reason: str) -> None:
        """Closes every connection of a person."""
        for connection in list(self._open):
            if connection.login.actor.id == person:
                connection.end(4403, reason)


class Connection:
    """One client."""

    def __init__(self, sockets: Sockets, websocket: WebSocket) -> None:
        self.login: Login = NOBODY
        self._sockets = sockets
        self._websocket = websocket
        self._acknowledged = False
        self._initialised = False
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._sending = asyncio.Lock()
        self._ending: asyncio.Future[_Close] = asyncio.get_running_loop().create_future()
        self._timers: list[asyncio.TimerHandle] = []

    def end(self, code: int, reason: str) -> None:
        """Closes the connection soon."""
        if not self._ending.done():
            self._ending.set_result(_Close(code, reason))

    async def serve(self) -> None:
        """Reads messages until somebody closes."""
        websocket = self._websocket
        if not self._origin_allowed():
            await websocket.close()  # before accepting: the handshake is answered with 403
            return
        if PROTOCOL not in websocket.scope.get("subprotocols", ()):
            await websocket.accept()
            await websocket.close(4406, "Subprotocol not acceptable")
            return
        await websocket.accept(subprotocol=PROTOCOL)
        self._after(self._sockets.init_seconds, lambda: self.end(4408, "Connection initialisation timeout"), init=True)
        reading = asyncio.create_task(self._read())
        try:
            waiting: set[asyncio.Future[Any]] = {reading, self._ending}
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if self._ending.done():
                close = self._ending.result()
                await self._close(close.code, close.reason)
        finally:
            await self._shut_down(reading)

    async def _read(self) -> None:
        try:
            while True:
                text = await self._websocket.receive_text()
                await self._on_message(text)
        except WebSocketDisconnect:
            pass
        except KeyError:
            self.end(4400, "Only text messages are understood")
        except _Close as close:
            self.end(close.code, close.reason)

    async def _on_message(self, text: str) -> None:
        try:
            message = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise _Close(4400, "A message is JSON") from None
        kind = message.get("type") if isinstance(message, dict) else None
        payload = message.get("payload") if isinstance(message, dict) else None
        if kind in ("connection_init", "ping", "pong") and payload is not None and not isinstance(payload, dict):
            raise _Close(4400, "The payload is an object")
        match kind:
            case "connection_init":
                await self._initialise(payload)
            case "ping":
                await self._send({"type": "pong", **({"payload": payload} if payload is not None else {})})
            case "pong":
                pass
            case "subscribe":
                await self._subscribe(message.get("id"), payload)
            case "complete":
                key = message.get("id")
                if not isinstance(key, str) or not key:
                    raise _Close(4400, "`id` is a string")
                task = self._operations.pop(key, None)
                if task is not None:
                    task.cancel()
            case _:
                raise _Close(4400, "This is not a message of the protocol")

    async def _initialise(self, payload: dict[str, Any] | None) -> None:
        if self._initialised:
            raise _Close(4429, "Too many initialisation requests")
        self._initialised = True
        authorization = (payload or {}).get("authorization")
        if authorization is not None and not isinstance(authorization, str):
            raise _Close(4400, "`authorization` is a string")
        try:
            self.login = await self._sockets.door.login(authorization)
        except Turned as turned:
            raise _Close(4403 if turned.status == 401 else 1013, turned.reason) from None
        if self.login.expires_at != float("inf"):
            left = self.login.expires_at - time.time()
            self._after(left, lambda: self.end(4403, "The token has expired"))
        if self.login.conference is not None:
            self._sockets.presence.enter(self.login.conference, self.login.actor.id)
        self._acknowledged = True
        await self._send({"type": "connection_ack"})

    async def _subscribe(self, key: object, payload: object) -> None:
        if not self._acknowledged:
            raise _Close(4401, "Unauthorized")
        if not isinstance(key, str) or not key:
            raise _Close(4400, "`id` is a string")
        if key in self._operations:
            raise _Close(4409, f"Subscriber for {key} already exists")
        try:
            params = Params.read(payload)
        except BadRequest as error:
            raise _Close(4400, str(error)) from None
        if len(self._tasks) >= self._sockets.operations:
            # Said by the one who reads: a client that does not listen is not read on.
            too_many = _error("TOO_MANY_OPERATIONS", "too many operations on this connection")
            await self._send({"id": key, "type": "error", "payload": [too_many]})
            return
        task = asyncio.create_task(self._operate(key, params))
        self._operations[key] = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _operate(self, key: str, params: Params) -> None:
        try:
            await self._answer(key, params)
        except _Close as close:
            self.end(close.code, close.reason)
        except WebSocketDisconnect:
            pass
        finally:
            if self._operations.get(key) is asyncio.current_task():
                del self._operations[key]

    async def _answer(self, key: str, params: Params) -> None:
        try:
            await self._execute(key, params)
        except Rejected as rejected:
            await self._errors(key, [format_error(error) for error in rejected.errors])
        except Turned as turned:
            await self._errors(key, [_error(turned.code, turned.reason)])
        except (_Close, WebSocketDisconnect):
            raise
        except Exception as error:
            # What a subscription raises before its first message, such as a refusal, or a defect.
            await self._errors(key, [format_error(GraphQLError("", original_error=error))])

    async def _execute(self, key: str, params: Params) -> None:
        door = self._sockets.door
        address = self._websocket.client.host if self._websocket.client else ""
        door.pay(self.login, address)
        context = door.context(self.login)
        if door.engine.kind(params) is not OperationType.SUBSCRIPTION:
            with span("graphql over websocket"):
                result = await door.engine.run(params, context)
            if result.data is None and result.errors and all(error.path is None for error in result.errors):
                await self._errors(key, [format_error(error) for error in result.errors])
                return
            await self._send({"id": key, "type": "next", "payload": formatted(result)})
        else:
            stream = await door.engine.stream(params, context)
            if isinstance(stream, ExecutionResult):
                await self._errors(key, [format_error(error) for error in stream.errors or ()])
                return
            quoted = orjson.dumps(key).decode()
            async with aclosing(cast("Any", stream)):
                async for payload in stream:
                    await self._send_text(f'{{"id":{quoted},"type":"next","payload":{payload}}}')
        self._forget(key)
        await self._send({"id": key, "type": "complete"})

    async def _errors(self, key: str, errors: list[dict[str, Any]]) -> None:
        self._forget(key)
        await self._send({"id": key, "type": "error", "payload": errors})

    def _forget(self, key: str) -> None:
        """Frees the id of an operation before its last message, so that the client may use it again at once."""
        if self._operations.get(key) is asyncio.current_task():
            del self._operations[key]

    async def _send(self, message: object) -> None:
        await self._send_text(orjson.dumps(message).decode())

    async def _send_text(self, text: str) -> None:
        try:
            async with asyncio.timeout(self._sockets.lag_seconds), self._sending:
                await self._websocket.send_text(text)
        except TimeoutError:
            raise _Close(LAGGING, "lagging") from None
        except (RuntimeError, OSError):
            raise WebSocketDisconnect(1006) from None  # it was closed meanwhile

    async def _close(self, code: int, reason: str) -> None:
        """Closes; a client that reads nothing is left after a moment, the server then cuts the connection."""
        CLOSED.labels(code).inc()
        if self._websocket.application_state is WebSocketState.CONNECTED:
            with suppress(TimeoutError, RuntimeError, OSError, WebSocketDisconnect):
                async with asyncio.timeout(1.0):
                    await self._websocket.close(code, reason)

    async def _shut_down(self, reading: asyncio.Task[None]) -> None:
        if self._acknowledged and self.login.conference is not None:
            self._sockets.presence.leave(self.login.conference, self.login.actor.id)
        for timer in self._timers:
            timer.cancel()
        tasks = [reading, *self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _after(self, seconds: float, call: Callable[[], None], *, init: bool = False) -> None:
        def fire() -> None:
            if not (init and self._initialised):
                call()

        self._timers.append(asyncio.get_running_loop().call_later(max(0.0, seconds), fire))

    def _origin_allowed(self) -> bool:
        """Browsers name the page's origin; other clients have none."""
        headers = self._websocket.headers
        origin = headers.get("origin")
        if origin is None:
            return True
        return origin in self._sockets.origins or origin.partition("://")[2] == headers.get("host")


def _error(code: str, message: str) -> dict[str, Any]:
    return {"message": message, "extensions": {"code": code}}

# SPDX-License-Identifier: Apache-2.0
"""One connection of graphql-transport-ws, its operations, and the reasons for which it is closed.

Close codes beyond the protocol's: 4403 the token is not accepted, has expired or its person may be here no more;
4013 the client reads too slowly; 1012 the gateway stops. Nothing piles up for a slow client: a message is made only
when the one before could be written.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import orjson
from graphql import ExecutionResult, GraphQLError, OperationType
from starlette.types import Receive

from gateway.door import Turned
from gateway.execution.errors import format_error
from gateway.execution.params import BadRequest, Params, Rejected
from gateway.execution.wire import Wire, writable
from gateway.identity import NOBODY, Login
from gateway.limits.budget import Account
from gateway.live.hubs import Listening
from gateway.metrics import CLOSED

if TYPE_CHECKING:
    from gateway.execution.socket import Sockets

WEBSOCKET = "websocket"
LAGGING = 4013
TOO_MANY = 4429

ID_CHARACTERS = 200
"""Of an operation's id: it goes back with every message."""


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


class Operation:
    """One operation of a connection; of a subscription, the place where it is told.

    Args:
        connection: where it was asked for.
        key: the client's id of it.
    """

    __slots__ = ("_connection", "_head", "account", "key", "listening", "task")

    def __init__(self, connection: "Connection", key: str) -> None:
        self._connection = connection
        self._head = b'{"id":%b,"type":"next","payload":' % orjson.dumps(key)
        self.key = key
        self.task: asyncio.Task[None] | None = None
        self.listening: Listening | None = None
        self.account: Account | None = None
        """Who pays for the messages of a subscription."""

    @property
    def ready(self) -> bool:
        """Whether the client reads."""
        return not self._connection.wire.paused

    def write(self, payload: bytes) -> None:
        """Tells the client one result."""
        if self.account is not None:
            self.account.spend()
        self._connection.wire.write(self._head, payload, b"}")

    def fail(self, error: Exception) -> None:
        """Ends the operation with an error."""
        self._connection.finish(self, "error", [format_error(GraphQLError("", original_error=error))])
        if self.listening is not None:
            self.listening.stop()

    def stop(self) -> None:
        """Ends it without a word."""
        if self.task is not None:
            self.task.cancel()
        if self.listening is not None:
            self.listening.stop()


class Connection:
    """One client."""

    __slots__ = (
        "_acknowledged", "_expiry", "_init", "_initialised", "_lag", "_operations", "_sockets", "address",
        "login", "wire",
    )  # fmt: skip

    def __init__(self, sockets: "Sockets", wire: Wire, address: str) -> None:
        self.login: Login = NOBODY
        self.wire = wire
        self._sockets = sockets
        self.address = address
        self._acknowledged = False
        self._initialised = False
        self._operations: dict[str, Operation] = {}
        self._lag: asyncio.TimerHandle | None = None
        self._expiry: asyncio.TimerHandle | None = None
        self._init: asyncio.TimerHandle | None = asyncio.get_running_loop().call_later(
            sockets.init_seconds, self.end, 4408, "Connection initialisation timeout"
        )

    def end(self, code: int, reason: str) -> None:
        """Closes the connection; a client that reads nothing is cut off after a moment."""
        if self.wire.open:
            CLOSED.labels(code).inc()
            self.wire.close(code, reason)

    async def serve(self, receive: Receive) -> None:
        """Reads messages until somebody closes."""
        admission = self._sockets.admission
        admission.enter(self)
        self.wire.on_pause, self.wire.on_resume = self._on_pause, self._on_resume
        try:
            while (message := await receive())["type"] == "websocket.receive":
                text = message.get("text")
                if text is None:
                    raise _Close(4400, "Only text messages are understood")
                await self._on_message(text)
                if not await writable(self.wire, self._sockets.lag_seconds):
                    raise _Close(LAGGING, "lagging")  # who does not listen is not read on
        except _Close as close:
            self.end(close.code, close.reason)
        finally:
            self._shut_down()
            admission.leave(self)

    def _shut_down(self) -> None:
        self.wire.on_pause = self.wire.on_resume = None
        if self._acknowledged and self.login.conference is not None:
            self._sockets.presence.leave(self.login.conference, self.login.actor.id)
        for timer in (self._init, self._expiry, self._lag):
            if timer is not None:
                timer.cancel()
        for operation in tuple(self._operations.values()):
            operation.stop()
        self._operations.clear()

    def _on_pause(self) -> None:
        if self._lag is None:
            loop = asyncio.get_running_loop()
            self._lag = loop.call_later(self._sockets.lag_seconds, self.end, LAGGING, "lagging")

    def _on_resume(self) -> None:
        if self._lag is not None:
            self._lag.cancel()
            self._lag = None
        for operation in tuple(self._operations.values()):
            if operation.listening is not None:
                operation.listening.go_on()

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
                self._send({"type": "pong", **({"payload": payload} if payload is not None else {})})
            case "pong":
                pass
            case "subscribe":
                self._subscribe(message.get("id"), payload)
            case "complete":
                key = message.get("id")
                if not isinstance(key, str) or not key:
                    raise _Close(4400, "`id` is a string")
                operation = self._operations.pop(key, None)
                if operation is not None:
                    operation.stop()
            case _:
                raise _Close(4400, "This is not a message of the protocol")

    async def _initialise(self, payload: dict[str, Any] | None) -> None:
        if self._initialised:
            raise _Close(TOO_MANY, "Too many initialisation requests")
        self._initialised = True
        authorization = (payload or {}).get("authorization")
        if authorization is not None and not isinstance(authorization, str):
            raise _Close(4400, "`authorization` is a string")
        sockets = self._sockets
        try:
            self.login = await sockets.door.login(authorization, self.address, WEBSOCKET)
        except Turned as turned:
            raise _Close(4403 if turned.status == 401 else 1013, turned.reason) from None
        if not sockets.admission.introduce(self):
            raise _Close(TOO_MANY, "Too many connections of one client")
        if self._init is not None:
            self._init.cancel()
            self._init = None
        if self.login.expires_at != float("inf"):
            left = max(0.0, self.login.expires_at - time.time())
            self._expiry = asyncio.get_running_loop().call_later(left, self.end, 4403, "The token has expired")
        if self.login.conference is not None:
            sockets.presence.enter(self.login.conference, self.login.actor.id)
        self._acknowledged = True
        self._send({"type": "connection_ack"})

    def _subscribe(self, key: object, payload: object) -> None:
        if not self._acknowledged:
            raise _Close(4401, "Unauthorized")
        if not isinstance(key, str) or not key:
            raise _Close(4400, "`id` is a string")
        if len(key) > ID_CHARACTERS:
            raise _Close(4400, f"`id` has at most {ID_CHARACTERS} characters")
        if key in self._operations:
            raise _Close(4409, f"Subscriber for {key} already exists")
        try:
            params = Params.read(payload)
        except BadRequest as error:
            raise _Close(4400, str(error)) from None
        if len(self._operations) >= self._sockets.operations:
            too_many = _error("TOO_MANY_OPERATIONS", "too many operations on this connection")
            self._send({"id": key, "type": "error", "payload": [too_many]})
            return
        operation = self._operations[key] = Operation(self, key)
        operation.task = asyncio.create_task(self._operate(operation, params))

    async def _operate(self, operation: Operation, params: Params) -> None:
        try:
            await self._execute(operation, params)
        except Rejected as rejected:
            self.finish(operation, "error", [format_error(error) for error in rejected.errors])
        except Turned as turned:
            self.finish(operation, "error", [_error(turned.code, turned.reason, turned.facts)])
        except TimeoutError:
            self.finish(operation, "error", [_error("TIMEOUT", "the operation took too long")])
        except Exception as error:
            # What a subscription raises before its first message, such as a refusal, or a defect.
            self.finish(operation, "error", [format_error(GraphQLError("", original_error=error))])
        finally:
            operation.task = None

    async def _execute(self, operation: Operation, params: Params) -> None:
        door = self._sockets.door
        admitted = door.admit(self.login, self.address, params, WEBSOCKET)
        if admitted.operation.kind is OperationType.SUBSCRIPTION:
            stream = await door.listen(self.login, admitted, params, WEBSOCKET)
            if isinstance(stream, ExecutionResult):
                self.finish(operation, "error", [format_error(error) for error in stream.errors or ()])
                return
            operation.account = admitted.account
            listening = await stream.listen(operation)
            if self._operations.get(operation.key) is operation:
                operation.listening = listening
            else:
                listening.stop()  # it failed, or the client wants no more of it
            return
        seconds = self._sockets.seconds
        answered = await door.answer(self.login, admitted, params, WEBSOCKET, seconds=seconds, after=params.after)
        await writable(self.wire, self._sockets.lag_seconds)
        result = answered.result
        if answered.never_ran and result is not None:
            self.finish(operation, "error", [format_error(error) for error in result.errors or ()])
        elif self._operations.get(operation.key) is operation:
            operation.write(answered.body(admitted.paid if params.with_cost else None))
            self.finish(operation, "complete")

    def finish(
        self, operation: Operation, kind: Literal["complete", "error"], errors: list[dict[str, Any]] | None = None
    ) -> None:
        """Says the last message of an operation; its id may be used again at once."""
        if self._operations.get(operation.key) is operation:
            del self._operations[operation.key]
            self._send({"id": operation.key, "type": kind, **({} if errors is None else {"payload": errors})})

    def _send(self, message: object) -> None:
        self.wire.write(b"", orjson.dumps(message))


def _error(code: str, message: str, facts: Mapping[str, object] | None = None) -> dict[str, Any]:
    return {"message": message, "extensions": {"code": code, **(facts or {})}}

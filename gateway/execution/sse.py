# SPDX-License-Identifier: Apache-2.0
"""GraphQL over server-sent events, a connection for each operation (the graphql-sse protocol's distinct mode).

For clients behind proxies that pass no WebSockets. Engine, limits, admission and what is told are the WebSocket's.
Where there is no close code: a stream whose token ended says so as an error and completes; one that the gateway
gives up, because it stops or is not read, ends without `complete`, and clients connect again.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from graphql import ExecutionResult, GraphQLError, OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.door import Door, Turned
from gateway.execution.admission import GOING_AWAY, Admission
from gateway.execution.connection import LAGGING
from gateway.execution.errors import format_error
from gateway.execution.params import BadRequest, Params, Rejected
from gateway.execution.reading import from_elsewhere, read_params
from gateway.execution.wire import CUT
from gateway.identity import NOBODY, Login
from gateway.limits.addresses import Addresses
from gateway.limits.budget import Account
from gateway.live.hubs import Listening
from gateway.metrics import CLOSED
from services.chassis.telemetry import TRACEPARENT

SSE = "sse"
EVENTS = "text/event-stream"
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]
HEARTBEAT_SECONDS = 12.0
"""Real time after which a silent stream shows that it lives: many proxies cut it after half a minute."""

UNSENT = 8
"""Messages that may wait to be written."""


class EventStreams:
    """Serves event streams, as an ASGI application.

    Args:
        door: lets clients in and executes what they ask.
        admission: who is connected and may connect.
        addresses: tells from where clients come.
        origins: other origins than the own whose pages may ask.
        lag_seconds: real time for which a client may leave unread what it is told.
        seconds: real time that a query or mutation may take.
    """

    def __init__(
        self,
        door: Door,
        admission: Admission,
        *,
        addresses: Addresses,
        origins: frozenset[str] = frozenset(),
        lag_seconds: float = 10.0,
        seconds: float = 10.0,
    ) -> None:
        self.door = door
        self.admission = admission
        self.lag_seconds = lag_seconds
        self.seconds = seconds
        self._addresses = addresses
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request until its stream ends."""
        request = Request(scope, receive)
        stream = EventStream(self, self._addresses.of(request), request.headers, scope["extensions"][CUT])
        try:
            params = await self._begin(request, stream)
        except ClientDisconnect:
            return
        except _Refused as refused:
            await refused.response(scope, receive, send)
            return
        try:
            await stream.serve(params, receive, send)
        finally:
            self.admission.leave(stream)

    async def _begin(self, request: Request, stream: "EventStream") -> Params:
        """Lets a client in; the stream knows then whose it is."""
        accept = request.headers.get("accept", "*/*")
        if not any(kind in accept for kind in (EVENTS, "*/*", "text/*")):
            raise _Refused(406, "NOT_ACCEPTABLE", f"answers come as {EVENTS}")
        params = await self._params(request, stream.address)
        if request.method == "GET" and self._changes_something(params):
            raise _Refused(405, "METHOD_NOT_ALLOWED", "a mutation is a POST", {"Allow": "POST"})
        wait = self.admission.knock(stream.address)
        if wait:
            raise _Refused(503, "COME_AGAIN", "too many connections at once", {"Retry-After": str(wait)})
        try:
            stream.login = await self.door.login(request.headers.get("authorization"), stream.address, SSE)
        except Turned as turned:
            raise _turned(turned) from None
        self.admission.enter(stream)
        if not self.admission.introduce(stream):
            self.admission.leave(stream)
            raise _Refused(429, "TOO_MANY_CONNECTIONS", "too many connections of one client", {"Retry-After": "30"})
        return params

    def _changes_something(self, params: Params) -> bool:
        try:
            return self.door.engine.operation(params).kind is OperationType.MUTATION
        except Rejected:
            return False  # the stream will say why

    async def _params(self, request: Request, address: str) -> Params:
        try:
            params = await read_params(request)
        except BadRequest as error:
            try:
                self.door.charge(address, SSE)
            except Turned as turned:
                raise _turned(turned) from None
            raise _Refused(error.status, error.code, str(error)) from None
        if request.method == "GET" and params.document_id is None and from_elsewhere(request.headers, self._origins):
            reason = "a GET by a page of another origin needs the header `GraphQL-Require-Preflight`"
            raise _Refused(403, "PREFLIGHT_REQUIRED", reason)
        return params


class EventStream:
    """One stream; of a subscription, the place where it is told.

    Args:
        streams: where it is served.
        address: of the client.
        headers: of the request.
        cut: ends the connection without waiting for what the client does not read.
    """

    def __init__(
        self, streams: EventStreams, address: str, headers: Mapping[str, str], cut: Callable[[], None]
    ) -> None:
        self.login: Login = NOBODY
        self._streams = streams
        self.address = address
        self._headers = headers
        self._cut = cut
        self._unsent: list[bytes] = []
        self._woken = asyncio.Event()
        self._listening: Listening | None = None
        self._account: Account | None = None
        self._over = False

    @property
    def ready(self) -> bool:
        """Whether the client reads."""
        return not self._over and len(self._unsent) < UNSENT

    def write(self, payload: bytes) -> None:
        """Tells the client one result; nothing follows the last message of a stream."""
        if self._over:
            return
        if self._account is not None:
            self._account.spend()
        self._unsent.append(b"event: next\ndata: %b\n\n" % payload)
        self._woken.set()

    def fail(self, error: Exception) -> None:
        """Ends the stream with an error."""
        self._errors([format_error(GraphQLError("", original_error=error))])

    def end(self, code: int, reason: str) -> None:
        """Ends the stream soon.

        Args:
            code: as a WebSocket would be closed with.
            reason: for developers.
        """
        if self._over:
            return
        CLOSED.labels(code).inc()
        if code == GOING_AWAY:
            self._finish()
        else:
            self._errors([{"message": reason, "extensions": {"code": "UNAUTHENTICATED"}}])

    async def serve(self, params: Params, receive: Receive, send: Send) -> None:
        """Tells until the client is gone or the stream over."""
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        loop = asyncio.get_running_loop()
        expiry = None
        if self.login.expires_at != float("inf"):
            left = max(0.0, self.login.expires_at - time.time())
            expiry = loop.call_later(left, self.end, 4403, "The token has expired")
        watching = asyncio.create_task(self._watch(receive))
        operating = asyncio.create_task(self._operate(params))
        try:
            await self._tell(send)
        finally:
            if expiry is not None:
                expiry.cancel()
            for task in (watching, operating):
                task.cancel()
            await asyncio.gather(watching, operating, return_exceptions=True)
            if self._listening is not None:
                self._listening.stop()

    async def _watch(self, receive: Receive) -> None:
        """Notices that the client is gone."""
        while (await receive())["type"] != "http.disconnect":
            continue
        self._unsent.clear()
        self._finish()

    async def _operate(self, params: Params) -> None:
        try:
            await self._execute(params)
        except Rejected as rejected:
            self._errors([format_error(error) for error in rejected.errors])
        except Turned as turned:
            self._errors([{"message": turned.reason, "extensions": {"code": turned.code, **turned.facts}}])
        except TimeoutError:
            self._errors([{"message": "the operation took too long", "extensions": {"code": "TIMEOUT"}}])
        except Exception as error:
            # What a subscription raises before its first message, such as a refusal, or a defect.
            self.fail(error)

    async def _execute(self, params: Params) -> None:
        door = self._streams.door
        admitted = door.admit(self.login, self.address, params, SSE)
        if admitted.operation.kind is OperationType.SUBSCRIPTION:
            stream = await door.listen(self.login, admitted, params, SSE, self._headers.get(TRACEPARENT))
            if isinstance(stream, ExecutionResult):
                self._errors([format_error(error) for error in stream.errors or ()])
                return
            self._account = admitted.account
            self._listening = await stream.listen(self)
            return
        answered = await door.answer(
            self.login,
            admitted,
            params,
            SSE,
            seconds=self._streams.seconds,
            after=self._headers.get("quartier-after", params.after),
            traceparent=self._headers.get(TRACEPARENT),
        )
        self.write(answered.body(admitted.paid if params.with_cost else None))
        self._finish(complete=True)

    async def _tell(self, send: Send) -> None:
        while self._unsent or not self._over:
            if not self._unsent:
                self._woken.clear()
                try:
                    async with asyncio.timeout(HEARTBEAT_SECONDS):
                        await self._woken.wait()
                except TimeoutError:
                    self._unsent.append(b":\n\n")
                continue
            content, count = b"".join(self._unsent), len(self._unsent)
            if not await self._sent(send, content):
                return
            was_full = not self.ready
            del self._unsent[:count]
            if was_full and self._listening is not None:
                self._listening.go_on()
        await self._sent(send, b"", more=False)

    async def _sent(self, send: Send, content: bytes, *, more: bool = True) -> bool:
        """Sends a part of the stream; False: the client read nothing for so long that it was cut off."""
        try:
            async with asyncio.timeout(self._streams.lag_seconds):
                await send({"type": "http.response.body", "body": content, "more_body": more})
        except TimeoutError:
            CLOSED.labels(LAGGING).inc()
            self._cut()
            return False
        return True

    def _errors(self, errors: list[dict[str, Any]]) -> None:
        self.write(orjson.dumps({"errors": errors}))
        self._finish(complete=True)

    def _finish(self, *, complete: bool = False) -> None:
        if complete and not self._over:
            self._unsent.append(b"event: complete\ndata:\n\n")
        self._over = True
        self._woken.set()


def _turned(turned: Turned) -> "_Refused":
    return _Refused(turned.status, turned.code, turned.reason, dict(turned.headers))


class _Refused(Exception):
    """A request that is not let in."""

    def __init__(self, status: int, code: str, reason: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(reason)
        body = orjson.dumps({"errors": [{"message": reason, "extensions": {"code": code}}]})
        self.response = Response(body, status, headers, media_type="application/json; charset=utf-8")

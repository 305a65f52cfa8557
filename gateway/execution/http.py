# SPDX-License-Identifier: Apache-2.0
"""GraphQL over HTTP: `application/graphql-response+json` with its status codes, and plain JSON for older clients."""

import time
from collections.abc import Mapping

import orjson
from graphql import OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from gateway import ide
from gateway.door import Admitted, Door, Turned
from gateway.execution.compiled import Result
from gateway.execution.errors import MASKED, format_error
from gateway.execution.faults import fault
from gateway.execution.observe import turned_away
from gateway.execution.params import BadRequest, Params, Rejected
from gateway.execution.reading import JSON, Asked, from_elsewhere, read_params
from gateway.execution.responses import NOT_CACHED, PublicReads, Whole, unchanged
from gateway.execution.wire import respond
from gateway.identity import NOBODY, Login
from gateway.limits.addresses import Addresses
from gateway.limits.budget import Paid
from services.chassis.telemetry import TRACEPARENT, within

GRAPHQL = "application/graphql-response+json"
HTTP = "http"
FROM_MEMORY = 1
"""Points of an answer that was kept whole."""


class HttpEndpoint:
    """Answers operations at one door.

    Args:
        door: lets clients in and executes what they ask.
        addresses: tells from where they come.
        ide: whether browsers get GraphiQL.
        origins: other origins whose pages may use the API.
        seconds: real time an operation may take.
    """

    def __init__(
        self,
        door: Door,
        addresses: Addresses | None = None,
        *,
        ide: bool = False,
        origins: frozenset[str] = frozenset(),
        seconds: float = 10.0,
    ) -> None:
        self._door = door
        self._addresses = addresses or Addresses()
        self._ide = ide
        self._origins = origins
        self._seconds = seconds
        self._reads = PublicReads(door.changes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request (ASGI)."""
        request = Asked(scope, receive)
        response = await self._respond(request)
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> ASGIApp:
        accept = request.headers.get("accept", "")
        media = GRAPHQL if GRAPHQL in accept else JSON
        if request.method not in ("GET", "POST"):
            return _problem(JSON, 405, "METHOD_NOT_ALLOWED", "GET or POST", {"Allow": "GET, POST"})
        if request.method == "GET" and self._ide and "text/html" in accept:
            return HTMLResponse(ide.page(), headers={"Content-Security-Policy": ide.POLICY})
        if accept and not any(kind in accept for kind in (GRAPHQL, JSON, "*/*", "application/*")):
            return _problem(JSON, 406, "NOT_ACCEPTABLE", f"answers come as {GRAPHQL} or {JSON}")
        address = self._addresses.of(request)
        try:
            try:
                params = await read_params(request)
            except BadRequest as error:
                self._door.charge(address, HTTP)
                turned_away(HTTP, "rejected")
                return _problem(media, error.status, error.code, str(error))
            login = await self._door.login(request.headers.get("authorization"), address, HTTP)
            admitted = self._door.admit(login, address, params, HTTP)
            return await self._answer(request, params, login, admitted, media)
        except Rejected as rejected:
            body = {"errors": [format_error(error) for error in rejected.errors]}
            return _response(body, media, rejected.status if media == GRAPHQL else 200, rejected.headers)
        except Turned as turned:
            return _problem(media, turned.status, turned.code, turned.reason, turned.headers, turned.facts)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it
        except TimeoutError:
            return _problem(media, 503, "TIMEOUT", "the operation took too long", {"Retry-After": "1"})
        except Exception as error:
            with within(request.headers.get(TRACEPARENT)):
                return _problem(media, 500, "FAULT", MASKED, facts={"trace": fault(error)})

    async def _answer(self, request: Request, params: Params, login: Login, admitted: Admitted, media: str) -> ASGIApp:
        operation, get = admitted.operation, request.method == "GET"
        if operation.kind is OperationType.SUBSCRIPTION:
            return _problem(media, 400, "SUBSCRIPTION_OVER_HTTP", "subscriptions come over the WebSocket")
        if get and operation.kind is OperationType.MUTATION:
            return _problem(media, 405, "METHOD_NOT_ALLOWED", "a mutation is a POST", {"Allow": "POST"})
        if get and not operation.trusted and from_elsewhere(request.headers, self._origins):
            reason = "a GET by a page of another origin needs the header `GraphQL-Require-Preflight`"
            return _problem(media, 403, "PREFLIGHT_REQUIRED", reason)
        after, traceparent = request.headers.get("quartier-after", params.after), request.headers.get(TRACEPARENT)
        public = get and operation.trusted and login is NOBODY and after is None and not params.with_cost
        reading = self._reads.begin(operation, params, media) if public else None
        if reading is not None and reading.known is not None:
            with self._door.observing(operation, HTTP, traceparent) as observed:
                observed.cost = FROM_MEMORY
                return _reused(request, reading.known, media, self._door.refund(admitted, FROM_MEMORY))
        answered = await self._door.answer(
            login, admitted, params, HTTP, seconds=self._seconds, after=after, traceparent=traceparent
        )
        headers, result = answered.paid.headers(), answered.result
        body = answered.body(admitted.paid if params.with_cost else None)
        if reading is not None and isinstance(result, Result) and result.max_age:
            return _reused(request, self._reads.keep(reading, body, result.max_age), media, answered.paid)
        if get and result is not None:
            headers = {**NOT_CACHED, **headers}
        return _written(body, media, 400 if media == GRAPHQL and answered.never_ran else 200, headers)


class _Written:
    """A response, ready to be sent.

    Args:
        content: the body.
        media: its type.
        status: of the response.
        headers: further headers.
    """

    __slots__ = ("_content", "_headers", "_status")

    def __init__(self, content: bytes, media: str, status: int, headers: Mapping[str, str]) -> None:
        self._content = content
        self._status = status
        self._headers = {"content-length": str(len(content)), "content-type": _MEDIA[media], **headers}

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        """Sends it (ASGI), in one piece where the connection takes it so."""
        cycle = getattr(send, "__self__", None)  # the connection itself, unless a middleware stands between
        if isinstance(cycle, RequestResponseCycle) and scope["method"] != "HEAD":
            head = "".join([f"{name}: {value}\r\n" for name, value in self._headers.items()]).encode("latin-1")
            if respond(cycle, self._status, head, self._content):
                return
        headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in self._headers.items()]
        await send({"type": "http.response.start", "status": self._status, "headers": headers})
        await send({"type": "http.response.body", "body": self._content})


_MEDIA = {media: f"{media}; charset=utf-8" for media in (GRAPHQL, JSON)}


def _reused(request: Request, whole: Whole, media: str, paid: Paid) -> ASGIApp:
    """An answer that others may get as well, or that the client has already."""
    headers = {**whole.headers(time.monotonic()), **paid.headers()}
    if unchanged(request.headers, whole.etag):
        return Response(status_code=304, headers=headers)
    return _Written(whole.body, media, 200, headers)


def _response(body: object, media: str, status: int, headers: Mapping[str, str] | None = None) -> ASGIApp:
    return _written(orjson.dumps(body), media, status, headers)


def _written(content: bytes, media: str, status: int, headers: Mapping[str, str] | None = None) -> ASGIApp:
    return _Written(content, media, status, headers or {})


def _problem(
    media: str,
    status: int,
    code: str,
    message: str,
    headers: Mapping[str, str] | None = None,
    facts: Mapping[str, object] | None = None,
) -> ASGIApp:
    body = {"errors": [{"message": message, "extensions": {"code": code, **(facts or {})}}]}
    return _response(body, media, status, headers)

# SPDX-License-Identifier: Apache-2.0
"""GraphQL over HTTP: `application/graphql-response+json` with its status codes, and plain JSON for older clients."""

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson
from graphql import ExecutionResult, OperationType
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from gateway import ide
from gateway.context import Context
from gateway.door import Door, Turned
from gateway.execution.engine import BadRequest, Params, Rejected
from gateway.execution.errors import format_error, formatted
from gateway.metrics import OPERATION_SECONDS, OPERATIONS
from services.chassis.telemetry import TRACEPARENT, span

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"


class HttpEndpoint:
    """Answers `/graphql`.

    Args:
        door: lets clients in and executes what they ask.
        ide: whether browsers get GraphiQL.
        body_bytes: how long a body may be.
        seconds: real time an operation may take.
    """

    def __init__(self, door: Door, *, ide: bool = False, body_bytes: int = 64 * 1024, seconds: float = 10.0) -> None:
        self._door = door
        self._ide = ide
        self._body_bytes = body_bytes
        self._seconds = seconds

    async def answer(self, request: Request) -> Response:
        """The answer to one request."""
        with span("graphql over http", request.headers.get(TRACEPARENT)), OPERATION_SECONDS.time():
            response = await self._respond(request)
        OPERATIONS.labels(response.status_code).inc()
        return response

    async def _respond(self, request: Request) -> Response:
        accept = request.headers.get("accept", "")
        media = GRAPHQL if GRAPHQL in accept else JSON
        if request.method == "GET" and self._ide and "text/html" in accept:
            return HTMLResponse(ide.page(), headers={"Content-Security-Policy": ide.POLICY})
        if accept and not any(kind in accept for kind in (GRAPHQL, JSON, "*/*", "application/*")):
            return _problem(JSON, 406, "NOT_ACCEPTABLE", f"answers come as {GRAPHQL} or {JSON}")
        try:
            params = await self._params(request)
            address = request.client.host if request.client else ""
            context = await self._door.enter(
                request.headers.get("authorization"), address, request.headers.get("quartier-after")
            )
            return await self._answer(request.method, params, context, media)
        except BadRequest as error:
            return _problem(media, 400, "BAD_REQUEST", str(error))
        except TooLong:
            return _problem(media, 413, "BODY_TOO_LONG", f"a body has at most {self._body_bytes} bytes")
        except WrongMedia:
            return _problem(media, 415, "UNSUPPORTED_MEDIA_TYPE", f"a body is {JSON}")
        except Turned as turned:
            return _problem(media, turned.status, turned.code, turned.reason, turned.headers)
        except TimeoutError:
            return _problem(media, 503, "TIMEOUT", "the operation took too long", {"Retry-After": "1"})

    async def _params(self, request: Request) -> Params:
        if request.method == "GET":
            body: dict[str, Any] = dict(request.query_params)
            for name in ("variables", "extensions"):
                if name in body:
                    body[name] = _decode(body[name].encode())
            return Params.read(body)
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
            raise WrongMedia
        body_bytes = b""
        async for chunk in request.stream():
            body_bytes += chunk
            if len(body_bytes) > self._body_bytes:
                raise TooLong
        return Params.read(_decode(body_bytes))

    async def _answer(self, method: str, params: Params, context: Context, media: str) -> Response:
        engine = self._door.engine
        try:
            kind = engine.kind(params)
            if kind is OperationType.SUBSCRIPTION:
                return _problem(media, 400, "SUBSCRIPTION_OVER_HTTP", "subscriptions come over the WebSocket")
            if method == "GET" and kind is OperationType.MUTATION:
                return _problem(media, 405, "METHOD_NOT_ALLOWED", "a mutation is a POST", {"Allow": "POST"})
            async with asyncio.timeout(self._seconds):
                result = await engine.run(params, context)
        except Rejected as rejected:
            body = {"errors": [format_error(error) for error in rejected.errors]}
            return _response(body, media, 400 if media == GRAPHQL else 200)
        return _response(_without_data(result), media, 400 if media == GRAPHQL and _never_ran(result) else 200)


class TooLong(Exception):
    """The body is too long."""


class WrongMedia(Exception):
    """The body is not JSON."""


def _decode(text: bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise BadRequest("this is not JSON") from None


def _never_ran(result: ExecutionResult) -> bool:
    """Whether an error came before execution: wrong variables, no such operation."""
    return result.data is None and bool(result.errors) and all(error.path is None for error in result.errors or ())


def _without_data(result: ExecutionResult) -> dict[str, Any]:
    body = formatted(result)
    if _never_ran(result):
        del body["data"]
    return body


def _response(body: object, media: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    content = orjson.dumps(body)
    return Response(content, status, dict(headers or {}), media_type=f"{media}; charset=utf-8")


def _problem(media: str, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
    body = {"errors": [{"message": message, "extensions": {"code": code}}]}
    return _response(body, media, status, headers)

# SPDX-License-Identifier: Apache-2.0
"""How a request is read from HTTP: within bounds, as JSON only, and not on behalf of other people's pages."""

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.types import Receive, Scope

from gateway.execution.params import BadRequest, Params
from gateway.execution.wire import WHOLE

JSON = "application/json"
BODY_BYTES = 64 * 1024
QUERY_BYTES = 16 * 1024
READ_SECONDS = 10.0
"""Real time in which a body must have come."""

PREFLIGHT = ("graphql-require-preflight", "apollo-require-preflight", "authorization")
"""Headers that a page of another origin cannot send unless a preflight request allows it."""


class Asked(Request):
    """A request whose headers are looked at more than once: a dictionary, where Starlette searches a list."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        super().__init__(scope, receive)
        self._by_name = {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(scope["headers"])}

    @property
    def headers(self) -> Mapping[str, str]:  # type: ignore[override]
        """The headers by their names in lower case; of those sent twice, the first."""
        return self._by_name


async def read_params(request: Request, *, body_bytes: int = BODY_BYTES) -> Params:
    """Reads a request.

    Args:
        request: GET or POST.
        body_bytes: how long a body may be.

    Raises:
        BadRequest: it is too long, too slow, not JSON, or not a GraphQL request.
    """
    if request.method == "GET":
        return Params.read(_in_address(request))
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        raise BadRequest(f"a body is {JSON}", "UNSUPPORTED_MEDIA_TYPE", 415)
    body = request.scope.get("extensions", {}).get(WHOLE)
    if body is None:
        body = await _body(request, body_bytes)
    elif len(body) > body_bytes:
        raise _too_long(body_bytes)
    return Params.read(_decoded(body))


def _in_address(request: Request) -> dict[str, Any]:
    if len(request.scope["query_string"]) > QUERY_BYTES:
        raise BadRequest(f"an address has at most {QUERY_BYTES} bytes", "ADDRESS_TOO_LONG", 414)
    found: dict[str, Any] = dict(request.query_params)
    for name in ("variables", "extensions"):
        if name in found:
            found[name] = _decoded(found[name].encode())
    return found


async def _body(request: Request, most: int) -> bytes:
    said = request.headers.get("content-length", "0")
    if said.isdecimal() and int(said) > most:
        raise _too_long(most)
    chunks, length = [], 0
    try:
        async with asyncio.timeout(READ_SECONDS):
            async for chunk in request.stream():
                length += len(chunk)
                if length > most:
                    raise _too_long(most)
                chunks.append(chunk)
    except TimeoutError:
        raise BadRequest("the body did not come in time", "BODY_TOO_SLOW", 408) from None
    return b"".join(chunks)


def _too_long(most: int) -> BadRequest:
    return BadRequest(f"a body has at most {most} bytes", "BODY_TOO_LONG", 413)


def _decoded(text: bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise BadRequest("this is not JSON") from None


def from_elsewhere(headers: Mapping[str, str], origins: frozenset[str]) -> bool:
    """Whether a page of another origin had a browser send this GET without being allowed to.

    Browsers say from where a request comes (`Sec-Fetch-Site`, `Origin`); other clients do not and need not.

    Args:
        headers: of the request.
        origins: other origins whose pages may use the API.
    """
    if any(name in headers for name in PREFLIGHT):
        return False
    origin = headers.get("origin")
    if origin is not None:
        return origin not in origins and origin.partition("://")[2] != headers.get("host")
    return headers.get("sec-fetch-site", "none") not in ("none", "same-origin")

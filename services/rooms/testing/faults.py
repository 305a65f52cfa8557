# SPDX-License-Identifier: Apache-2.0
"""Makes the double fail, method by method, as networks, proxies and LiveKit itself do."""

import asyncio
import socket
import struct
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from services.rooms.testing.twirp import TwirpError

Kind = Literal["latency", "hang", "reset", "unauthorized", "unknown", "unavailable", "bad_gateway"]
"""Late; never; connection reset; 401 in plain text; 500 `unknown`; 503 `unavailable`; a proxy's 502 in HTML."""

ANY = "*"
"""In place of a method's name: all methods that have no fault of their own."""


@dataclass
class _Fault:
    kind: Kind
    seconds: float
    times: int | None


class Faults:
    """The faults that are switched on, and how often each method was called."""

    def __init__(self) -> None:
        self._on: dict[str, _Fault] = {}
        self.calls: Counter[str] = Counter()

    def switch_on(self, method: str, kind: Kind, *, seconds: float = 0.0, times: int | None = None) -> None:
        """Lets a method fail from now on; the last switch of a method counts.

        Args:
            method: as in the path (`CreateRoom`), or `ANY`.
            seconds: of latency.
            times: so many calls fail, then none; None: all of them.
        """
        self._on[method] = _Fault(kind, seconds, times)

    def switch_off(self) -> None:
        """Nothing fails any more; calls that hang go on hanging."""
        self._on.clear()

    def next(self, method: str) -> tuple[Kind, float] | None:
        """Counts a call; the fault it meets, and its seconds."""
        self.calls[method] += 1
        fault = self._on.get(method) or self._on.get(ANY)
        if fault is None or fault.times == 0:
            return None
        if fault.times is not None:
            fault.times -= 1
        return fault.kind, fault.seconds


class Faulty:
    """Middleware in front of everything: a fault hits before the token is looked at.

    Args:
        app: what it is in front of.
        faults: what to do.
        transport_of: the connection of a request.
    """

    def __init__(self, app: ASGIApp, faults: Faults, transport_of: Callable[[Scope], asyncio.Transport]) -> None:
        self._app, self._faults, self._transport_of = app, faults, transport_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves or spoils one request."""
        if scope["type"] != "http" or not scope["path"].startswith("/twirp/"):
            return await self._app(scope, receive, send)
        match self._faults.next(scope["path"].rpartition("/")[2]):
            case None:
                return await self._app(scope, receive, send)
            case ("latency", seconds):
                await asyncio.sleep(seconds)
                return await self._app(scope, receive, send)
            case ("hang", _):
                return await _disconnected(receive)
            case ("reset", _):
                transport = self._transport_of(scope)
                # Closing with unsent time 0 is what makes TCP send RST instead of FIN.
                transport.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
                transport.abort()
                return await _disconnected(receive)
            case (kind, _):
                return await _answer(kind)(scope, receive, send)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass  # the request's body


def _answer(kind: Kind) -> Response:
    if kind == "unauthorized":
        return PlainTextResponse("invalid API key: unknown", 401)
    if kind == "bad_gateway":
        return HTMLResponse("<html><head><title>502 Bad Gateway</title></head></html>", 502)
    if kind == "unknown":
        return TwirpError("unknown", "reached configured limit for node").response()
    return TwirpError("unavailable", "no response from servers").response()

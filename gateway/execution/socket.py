# SPDX-License-Identifier: Apache-2.0
"""Lets WebSockets in that speak graphql-transport-ws; each is then a `Connection`."""

from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send

from gateway.door import Door
from gateway.execution.admission import Admission
from gateway.execution.connection import Connection
from gateway.execution.wire import WIRE, Wire
from gateway.limits.addresses import Addresses
from gateway.live.presence import Presence

PROTOCOL = "graphql-transport-ws"


class Sockets:
    """Serves WebSockets, as an ASGI application.

    Args:
        door: lets clients in and executes what they ask.
        admission: who is connected and may connect.
        presence: learns who is there.
        addresses: tells from where clients come.
        origins: other origins than the own whose pages may connect.
        init_seconds: real time until `connection_init` must have come.
        lag_seconds: real time for which a client may leave unread what it is told.
        operations: at the same time on one connection.
        seconds: real time that a query or mutation may take.
    """

    def __init__(
        self,
        door: Door,
        admission: Admission,
        presence: Presence,
        *,
        addresses: Addresses,
        origins: frozenset[str] = frozenset(),
        init_seconds: float = 5.0,
        lag_seconds: float = 10.0,
        operations: int = 20,
        seconds: float = 10.0,
    ) -> None:
        self.door = door
        self.admission = admission
        self.presence = presence
        self.origins = origins
        self.init_seconds = init_seconds
        self.lag_seconds = lag_seconds
        self.operations = operations
        self.seconds = seconds
        self._addresses = addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one connection until it ends."""
        await receive()  # the wish to connect
        headers = {name: value.decode("latin-1") for name, value in scope["headers"] if name in (b"origin", b"host")}
        if not self._allowed(headers.get(b"origin"), headers.get(b"host")):
            await send({"type": "websocket.close"})  # before accepting: the handshake is answered with 403
            return
        if PROTOCOL not in scope.get("subprotocols", ()):
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": 4406, "reason": "Subprotocol not acceptable"})
            return
        address = self._addresses.of(HTTPConnection(scope))
        wait = self.admission.knock(address)
        if wait:
            retry = [(b"retry-after", str(wait).encode()), (b"content-type", b"text/plain; charset=utf-8")]
            await send({"type": "websocket.http.response.start", "status": 503, "headers": retry})
            await send({"type": "websocket.http.response.body", "body": b"come again later"})
            return
        await send({"type": "websocket.accept", "subprotocol": PROTOCOL})
        wire: Wire = scope["extensions"][WIRE]
        scope.clear()  # it lives as long as the connection, and nothing more is read of it
        wire.accepted()
        await Connection(self, wire, address).serve(receive)

    def _allowed(self, origin: str | None, host: str | None) -> bool:
        """Browsers name the page's origin; other clients have none."""
        return origin is None or origin in self.origins or origin.partition("://")[2] == host

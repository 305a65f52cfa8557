# SPDX-License-Identifier: Apache-2.0
"""A client of graphql-transport-ws that only counts what it hears, so that the server is what is measured."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

_END = b"\r\n\r\n"
_NEXT = b'"type":"next"'
_PING = b'"type":"ping"'


class Listener(asyncio.Protocol):
    """One connection with one subscription.

    Args:
        host: of the server, for the handshake.
        init: the payload of `connection_init`.
        subscribe: the payload of `subscribe`.
        heard: called with each result.
        key: the id of the operation.
    """

    def __init__(
        self, host: str, init: dict[str, Any], subscribe: dict[str, Any], heard: Callable[["Listener", bytes], None],
        key: str,
    ) -> None:  # fmt: skip
        self._hello = (
            f"GET /graphql HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
        ).encode()
        self._init = json.dumps({"type": "connection_init", "payload": init})
        self._subscribe = json.dumps({"id": key, "type": "subscribe", "payload": subscribe})
        self._heard = heard
        self._buffer = bytearray()
        self._open = False
        self.count = 0
        self.last = b""
        self.closed: bytes | None = None
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        """The connection is open."""
        self.transport = transport
        transport.write(self._hello)

    def connection_lost(self, _: Exception | None) -> None:
        """The connection is gone."""
        self.closed = self.closed or b"lost"

    def data_received(self, data: bytes) -> None:
        """Reads frames; servers do not mask them."""
        self._buffer += data
        if not self._open:
            end = self._buffer.find(_END)
            if end < 0:
                return
            if not self._buffer.startswith(b"HTTP/1.1 101"):
                self.closed = bytes(self._buffer[:end])
                self.transport.abort()
                return
            del self._buffer[: end + 4]
            self._open = True
            self._send(self._init)
        while len(self._buffer) >= 2:
            size, begin = self._buffer[1] & 127, 2
            if size == 126:
                size, begin = int.from_bytes(self._buffer[2:4], "big"), 4
            elif size == 127:
                size, begin = int.from_bytes(self._buffer[2:10], "big"), 10
            if len(self._buffer) < begin + size:
                return
            kind, payload = self._buffer[0] & 15, bytes(self._buffer[begin : begin + size])
            del self._buffer[: begin + size]
            self._frame(kind, payload)

    def _frame(self, kind: int, payload: bytes) -> None:
        if kind == 1 and _NEXT in payload[:100]:
            self.count += 1
            self.last = payload
            self._heard(self, payload)
        elif kind == 1 and b"connection_ack" in payload:
            self._send(self._subscribe)
        elif kind == 1 and _PING in payload[:100]:
            self._send('{"type":"pong"}')
        elif kind in {1, 8}:
            self.closed = payload
        elif kind == 9:
            self._write(0x8A, payload)

    def _send(self, text: str) -> None:
        self._write(0x81, text.encode())

    def _write(self, head: int, payload: bytes) -> None:
        """Writes a frame; it must be masked, and zero is a mask too."""
        size = len(payload)
        length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
        self.transport.write(bytes([head]) + length + b"\0\0\0\0" + payload)

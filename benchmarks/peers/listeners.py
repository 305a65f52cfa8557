# SPDX-License-Identifier: Apache-2.0
"""Clients of graphql-transport-ws that only count what they hear, so that the server is what is measured."""

import asyncio
import json
import socket
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

_END = b"\r\n\r\n"
_NEXT = b'"type":"next"'
_STAMP = b'"startedAt":"'


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


class Crowd:
    """Many listeners.

    Args:
        ports: of the servers; the listeners take turns.
        init: the payload of `connection_init` of one of them.
        subscribe: the payload of `subscribe` of one of them.
    """

    def __init__(
        self, ports: Sequence[int], init: Callable[[int], dict[str, Any]], subscribe: Callable[[int], dict[str, Any]]
    ) -> None:
        self._ports = ports
        self._init = init
        self._subscribe = subscribe
        self.listeners: list[Listener] = []
        self.at: list[float] = []
        self.stamps: list[tuple[float, bytes]] = []
        self._expected = 0
        self._all = asyncio.Event()

    async def connect(self, count: int, *, at_once: int = 100, narrow: bool = False) -> float:
        """Connects so many and waits for the first message of each; the real seconds it took.

        Args:
            count: how many.
            at_once: how many are under way at the same time.
            narrow: whether their systems hold little of what they do not read.
        """
        began, room = time.perf_counter(), asyncio.Semaphore(at_once)
        loop = asyncio.get_running_loop()
        heard = self.expect(count)

        async def one(number: int) -> None:
            async with room:
                port = self._ports[number % len(self._ports)]
                listener = Listener(
                    f"127.0.0.1:{port}", self._init(number), self._subscribe(number), self._note, f"{number:036d}"
                )
                made = socket.socket()
                if narrow:
                    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
                made.setblocking(False)
                await loop.sock_connect(made, ("127.0.0.1", port))
                await loop.create_connection(lambda: listener, sock=made)
                self.listeners.append(listener)
                while not listener.count and listener.closed is None:  # noqa: ASYNC110 -- nobody tells
                    await asyncio.sleep(0.002)

        await asyncio.gather(*(one(number) for number in range(count)))
        await heard()
        return time.perf_counter() - began

    def leave(self) -> None:
        """Cuts all connections."""
        for listener in self.listeners:
            listener.transport.abort()
        self.listeners.clear()

    def expect(self, count: int) -> Callable[[], Any]:
        """Forgets what was heard; the result waits for so many messages."""
        self.at.clear()
        self.stamps.clear()
        self._expected = count
        self._all.clear()

        async def wait(seconds: float = 120.0) -> None:
            try:
                async with asyncio.timeout(seconds):
                    await self._all.wait()
            except TimeoutError:
                closed = [listener.closed for listener in self.listeners if listener.closed]
                raise RuntimeError(f"{len(self.at)} of {self._expected} heard; closed: {closed[:3]}") from None

        return wait

    def delays(self) -> list[float]:
        """Real milliseconds from the instant at which each told phase began to when it was heard."""
        return [1000 * (heard - datetime.fromisoformat(stamp.decode()).timestamp()) for heard, stamp in self.stamps]

    def _note(self, _: Listener, payload: bytes) -> None:
        self.at.append(time.perf_counter())
        found = payload.find(_STAMP)
        if found >= 0:
            begin = found + len(_STAMP)
            self.stamps.append((time.time(), payload[begin : payload.index(b'"', begin)]))
        if len(self.at) == self._expected:
            self._all.set()

# SPDX-License-Identifier: Apache-2.0
"""Bounds the heads of requests, in bytes and in time: the parser keeps whatever comes, for as long as it comes."""

import asyncio
from asyncio.events import TimerHandle

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from gateway.execution.wire import CLOSE_SECONDS, Http

HEAD_BYTES = 32 * 1024
"""What the head of a request may have, its address included."""

HEAD_SECONDS = 10.0
"""Real time that a client gets for a head."""

TOO_LONG = (
    b'{"errors":[{"message":"the head of a request has at most %d bytes","extensions":{"code":"HEAD_TOO_LONG"}}]}'
    % HEAD_BYTES
)


class BoundedHttp(Http):
    """HTTP whose heads are bounded.

    At every moment either a request is being answered, or uvicorn waits for the next (`timeout_keep_alive`), or the
    client has `head_seconds` for what it has begun; on a new connection, from the beginning.
    """

    head_seconds = HEAD_SECONDS
    """Real time for a head."""

    _count = 0
    """Bytes since the last piece that ended a head, brought something of a body or ended that."""

    _large = False
    """Whether so much came at once that a head may be too long without `_count` showing it."""

    _over = False
    """Whether nothing more is read as HTTP: a head was refused, or this is a WebSocket."""

    _late: TimerHandle | None = None
    """Cuts the connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Called by the event loop."""
        super().connection_made(transport)
        self._late = self.loop.call_later(self.head_seconds, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop."""
        super().connection_lost(exc)
        self._in_time()

    def on_headers_complete(self) -> None:
        """The head of a request is there."""
        self._count = 0
        if self._large and self._length() > HEAD_BYTES:
            self._refuse()
            raise httptools.HttpParserError("the head is too long")  # so that nothing behind it is read
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of the body is there."""
        self._count = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is complete."""
        self._count = 0
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        if self._over:
            return
        self._count += len(data)
        if self._count > HEAD_BYTES // 2:
            # A head that begins behind another request is counted from the next piece on. While neither the piece it
            # begins in nor all that follow have more than half of the limit, it cannot be beyond; else it is measured.
            self._large = True
        super().data_received(data)
        if self._count > HEAD_BYTES:
            self._refuse()
        elif self._answers():
            if self._late is not None:
                self._in_time()
        elif self._late is None and not self._over:
            self._late = self.loop.call_later(self.head_seconds, self.transport.abort)

    def handle_websocket_upgrade(self) -> None:
        """The connection becomes a WebSocket."""
        self._over = True
        self._in_time()
        super().handle_websocket_upgrade()

    def send_400_response(self, msg: str) -> None:
        """Refuses what is no HTTP; a head that is too long was answered."""
        if not self._over:
            super().send_400_response(msg)

    def _answers(self) -> bool:
        """Whether a request is being answered."""
        cycle: RequestResponseCycle | None = self.cycle  # uvicorn does not say that there may be none
        return cycle is not None and not cycle.response_complete

    def _in_time(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _length(self) -> int:
        """Bytes of the head that was read, without the space around values."""
        first = len(self.parser.get_method()) + len(self.url) + len(b"  HTTP/1.1\r\n")
        return first + sum(len(name) + len(value) + len(b": \r\n") for name, value in self.headers) + len(b"\r\n")

    def _refuse(self) -> None:
        """Answers that a head is too long, unless another answer was or is being written, and reads nothing more."""
        self._over = True
        self._in_time()
        if self._answers() or self.transport.is_closing():
            self.transport.close()
            return
        headers = (
            *self.server_state.default_headers,
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(TOO_LONG)),
            (b"connection", b"close"),
        )
        head = (STATUS_LINE[431], *(b"%b: %b\r\n" % header for header in headers), b"\r\n")
        self.transport.write(b"".join((*head, TOO_LONG)))
        # Closed with bytes unread, the connection would be reset and the answer lost: the client gets time to close.
        self.transport.write_eof()
        self._late = self.loop.call_later(CLOSE_SECONDS, self.transport.abort)

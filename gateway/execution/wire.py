# SPDX-License-Identifier: Apache-2.0
"""HTTP and the WebSocket as uvicorn speaks them, with a shorter way out for what is written already.

A message to many clients is encoded once; for each of them only the head of the frame and the id of the operation
differ. Through ASGI it would be a dictionary, a coroutine and another encoding for each client. The clients' side
and the closing handshake stay uvicorn's.
"""

import asyncio
from asyncio.transports import BaseTransport
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

WIRE = "quartier.wire"
"""In the extensions of a WebSocket's scope: the connection itself."""

CUT = "quartier.cut"
"""In the extensions of a request's scope: cuts the connection, without waiting for what the client does not read."""

UNREAD_BYTES = 32 * 1024
"""What a client may leave unread, beside what its system and ours keep, before nothing more is written to it."""

REASON_BYTES = 123
"""What fits into a close frame beside the code."""

CLOSE_SECONDS = 5.0
"""Real time that a client gets to read what was written and to answer that the connection closes."""


WHOLE = "quartier.whole"
"""In the extensions of a request's scope: its body, where it was there before the application was asked."""


class Http(HttpToolsProtocol):
    """HTTP as uvicorn speaks it; requests can be cut off, and a small one is handed on when it is complete.

    Nearly every request comes in one piece. Uvicorn starts the application with the head and has it wait for the
    body; here the application finds the body when it starts, and may write its response in one piece, too.
    """

    _held: list[bytes] | None = None
    """The body so far of a request that the application does not know yet."""

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self.scope["extensions"] = {CUT: self.transport.abort}  # type: ignore[dict-item]

    def on_headers_complete(self) -> None:
        """The head of a request is there; the body may follow at once."""
        if self.parser.should_upgrade():
            super().on_headers_complete()
        else:
            self._held = []

    def on_body(self, body: bytes) -> None:
        """A part of the body is there."""
        if self._held is None:
            super().on_body(body)
        else:
            self._held.append(body)

    def on_message_complete(self) -> None:
        """A request is complete."""
        if self._held is None:
            super().on_message_complete()
            return
        body, self._held = b"".join(self._held), None
        super().on_headers_complete()
        self.cycle.body += body
        self.cycle.more_body = False
        self.cycle.message_event.set()
        self.scope["extensions"][WHOLE] = body  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        super().data_received(data)
        held = self._held
        if held is not None and not self.transport.is_closing():  # the rest of the body is still on its way
            self._held = None
            super().on_headers_complete()
            for body in held:
                super().on_body(body)


def respond(cycle: RequestResponseCycle, status: int, head: bytes, body: bytes) -> bool:
    """Writes a whole response at once; False when uvicorn must do it: the client has to read first, or it is logged.

    A test holds it against what uvicorn writes.

    Args:
        cycle: the request, as uvicorn answers it.
        status: of the response.
        head: lines with the headers, `content-length` among them.
        body: what follows.
    """
    if cycle.access_log or (cycle.flow.write_paused and not cycle.disconnected):
        return False
    if cycle.disconnected:
        return True
    cycle.response_started, cycle.waiting_for_100_continue = True, False
    lines = [STATUS_LINE[status], *(b"%b: %b\r\n" % header for header in cycle.default_headers), head]
    lines.append(b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n")
    cycle.transport.writelines((b"".join(lines), body))  # one call of the system, one packet where it fits
    cycle.response_complete = True
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()
    return True


class Wire(WebSocketsSansIOProtocol):
    """One connection.

    Attributes:
        paused: whether the client has so much to read that nothing more should be written.
        on_pause: called when that begins.
        on_resume: called when it ends.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.on_pause: Callable[[], None] | None = None
        self.on_resume: Callable[[], None] | None = None
        self.paused = False
        self.close_timeout = CLOSE_SECONDS

    def connection_made(self, transport: BaseTransport) -> None:
        """Called by the event loop."""
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=UNREAD_BYTES)

    def handle_connect(self, event: Any) -> None:
        """The client asks for the upgrade."""
        super().handle_connect(event)
        scope = getattr(self, "scope", None)
        if scope is not None:
            scope["extensions"][WIRE] = self

    def pause_writing(self) -> None:
        """Called by the transport: the client reads too slowly."""
        super().pause_writing()
        self.paused = True
        if self.on_pause is not None:
            self.on_pause()

    def resume_writing(self) -> None:
        """Called by the transport: the client has read."""
        super().resume_writing()
        self.paused = False
        if self.on_resume is not None:
            self.on_resume()

    def keepalive_timeout(self) -> None:
        """Called when a ping was not answered: nothing is flushed to who is gone."""
        super().keepalive_timeout()
        self.loop.call_later(self.close_timeout, self.transport.abort)

    @property
    def open(self) -> bool:
        """Whether messages may be written."""
        return self.handshake_complete and not self.close_sent and not self.disconnected

    def accepted(self) -> None:
        """Forgets what only the handshake needed."""
        del self.request, self.response
        self.scope = None  # type: ignore[assignment]

    def write(self, head: bytes, body: bytes, tail: bytes = b"") -> None:
        """Writes one text message; a client that is gone misses it.

        Args:
            head: its beginning, UTF-8.
            body: what follows.
            tail: its end.
        """
        if self.close_sent or self.disconnected or self.transport.is_closing():
            return
        size = len(head) + len(body) + len(tail)
        if size < 126:
            frame = b"\x81%c" % size
        elif size < 65_536:
            frame = b"\x81\x7e" + size.to_bytes(2, "big")
        else:
            frame = b"\x81\x7f" + size.to_bytes(8, "big")
        self.transport.write(b"".join((frame, head, body, tail)))

    def close(self, code: int, reason: str) -> None:
        """Closes: the client is told, and cut off when it does not answer. Repeating it is harmless."""
        if not self.open or self.transport.is_closing():
            return
        reason = reason.encode()[:REASON_BYTES].decode(errors="ignore")  # it may repeat what the client said
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        # What a client does not read is never flushed: the transport is aborted, not closed.
        self.close_timer = self.loop.call_later(self.close_timeout, self.transport.abort)

    def shutdown(self) -> None:
        """Called by the server at the very end of a drain."""
        if self.open:
            self.close(1012, "the gateway restarts")
        else:
            super().shutdown()


async def writable(wire: Wire, seconds: float) -> bool:
    """Waits until the client has read enough; False when it did not in time.

    Args:
        wire: the connection.
        seconds: real time.
    """
    if not wire.paused:
        return True
    try:
        async with asyncio.timeout(seconds):
            await wire.writable.wait()
    except TimeoutError:
        return False
    return True

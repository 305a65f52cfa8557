# SPDX-License-Identifier: Apache-2.0
"""Heads of requests are bounded however their bytes are cut into pieces, and in time; nothing else is."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from uvicorn.server import ServerState

from gateway.execution.heads import CLOSE_SECONDS, HEAD_BYTES, HEAD_SECONDS, BoundedHttp
from gateway.main import configuration

SHORT = b"GET /short HTTP/1.1\r\nHost: city\r\n\r\n"
ENDLESS = b"GET / HTTP/1.1\r\nHost: city\r\n"


class Timer:
    def __init__(self, due: float, callback: Callable[[], None]):
        self.due, self.callback, self.cancelled = due, callback, False

    def cancel(self):
        self.cancelled = True


class Loop:
    """Time passes by hand; tasks are the real loop's."""

    def __init__(self):
        self.now = 0.0
        self.timers: list[Timer] = []
        self.create_task = asyncio.get_running_loop().create_task

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        self.timers.append(Timer(self.now + seconds, callback))
        return self.timers[-1]

    def pass_time(self, seconds: float):
        self.now += seconds
        due = [timer for timer in self.waiting if timer.due <= self.now]
        for timer in due:
            timer.cancelled = True
            timer.callback()

    @property
    def waiting(self) -> list[Timer]:
        return [timer for timer in self.timers if not timer.cancelled]


class Transport(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self):
        super().__init__()
        self.written, self.ended, self.gone = b"", False, False

    def write(self, data: Any):
        self.written += data

    def write_eof(self):
        self.ended = True

    def is_closing(self) -> bool:
        return self.gone

    def close(self):
        self.gone = True

    def abort(self):
        self.gone = True

    def pause_reading(self): ...

    def resume_reading(self): ...

    def set_write_buffer_limits(self, high: Any = None, low: Any = None): ...

    def set_protocol(self, protocol: Any):
        self.protocol = protocol


class Connection:
    """A connection whose application answers each request when `leave` is given."""

    def __init__(self):
        self.heard: list[tuple[str, bytes]] = []
        self.leave = asyncio.Event()
        self.leave.set()
        self.loop, self.transport = Loop(), Transport()
        config = configuration(self._answer, drain_seconds=1, interface="asgi3")
        self.http = BoundedHttp(config, ServerState(), {}, self.loop)  # type: ignore[arg-type]
        self.http.connection_made(self.transport)

    async def _answer(self, scope: Any, receive: Any, send: Any):
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        await self.leave.wait()
        self.heard.append((scope["path"], body))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    async def feed(self, *pieces: bytes):
        for piece in pieces:
            self.http.data_received(piece)
            await self.settle()

    async def settle(self):
        """Until the application waits or is done."""
        for _ in range(20):
            await asyncio.sleep(0)

    @property
    def statuses(self) -> list[int]:
        return [int(part[:3]) for part in self.transport.written.split(b"HTTP/1.1 ")[1:]]


def head(size: int, name: str = "/long") -> bytes:
    """A head of exactly so many bytes."""
    lines = b"GET %b HTTP/1.1\r\nHost: city\r\nX-Filler: %b\r\n\r\n"
    return lines % (name.encode(), b"x" * (size - len(lines % (name.encode(), b""))))


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def long_address(size: int) -> bytes:
    return b"GET /%b HTTP/1.1\r\nHost: city\r\n\r\n" % (b"a" * size)


def many_lines(size: int) -> bytes:
    return ENDLESS + b"".join(b"X-%d: y\r\n" % number for number in range(size // 8)) + b"\r\n"


@pytest.mark.parametrize("size", [1 << 20, 40_000, 16_384, 1500, 100])
async def test_a_head_may_be_as_long_as_the_limit_in_whatever_pieces(size: int):
    connection = Connection()
    await connection.feed(*cut(head(HEAD_BYTES), size))
    assert connection.statuses == [204]


@pytest.mark.parametrize("size", [1 << 20, 40_000, 16_384, 1500, 100])
@pytest.mark.parametrize("sent", [head(HEAD_BYTES + 1), long_address(HEAD_BYTES), many_lines(2 * HEAD_BYTES)])
async def test_a_longer_one_is_refused_in_whatever_pieces(size: int, sent: bytes):
    connection = Connection()
    await connection.feed(*cut(sent, size))
    assert (connection.statuses, connection.transport.ended, connection.heard) == ([431], True, [])
    assert b'"code":"HEAD_TOO_LONG"' in connection.transport.written
    connection.loop.pass_time(CLOSE_SECONDS)  # whoever does not close is cut off
    assert connection.transport.gone


async def test_of_a_head_without_end_no_more_is_kept():
    connection = Connection()
    await connection.feed(ENDLESS, *[b"X-Filler: %b\r\n" % (b"x" * 1000)] * 100)
    assert connection.statuses == [431]
    assert sum(len(value) for _, value in connection.http.headers) <= HEAD_BYTES


async def test_what_follows_a_head_that_is_too_long_is_not_answered():
    connection = Connection()
    await connection.feed(head(HEAD_BYTES + 1) + SHORT, SHORT)
    assert (connection.statuses, connection.heard) == ([431], [])


@pytest.mark.parametrize("size", [HEAD_BYTES, 10_000])
async def test_a_body_is_no_head(size: int):
    body = b"x" * (4 * HEAD_BYTES)
    sent = b"POST /body HTTP/1.1\r\nHost: city\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    connection = Connection()
    await connection.feed(*cut(sent, size), SHORT)
    assert connection.heard == [("/body", body), ("/short", b"")]


async def test_nor_is_a_body_in_chunks_and_what_ends_it_is_bounded():
    begin = b"POST /chunks HTTP/1.1\r\nHost: city\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = [b"3e8\r\n%b\r\n" % (b"x" * 1000)] * 100
    connection = Connection()
    await connection.feed(begin, *chunks, b"0\r\n\r\n")
    assert connection.heard == [("/chunks", b"x" * 100_000)]
    await connection.feed(begin, *chunks, b"0\r\n", *[b"X-Filler: %b\r\n" % (b"x" * 1000)] * 100)
    assert connection.transport.gone
    assert sum(len(value) for _, value in connection.http.headers) <= HEAD_BYTES + 100


@pytest.mark.parametrize("size", [1 << 20, 40_000, 1000])
async def test_requests_sent_at_once_are_not_counted_together(size: int):
    connection = Connection()
    await connection.feed(*cut(SHORT * 2000, size))
    for _ in range(2000):
        await connection.settle()
        if len(connection.heard) == 2000:
            break
    assert connection.statuses == [204] * 2000


@pytest.mark.parametrize("first", [1, 15_000, HEAD_BYTES])
@pytest.mark.parametrize("size", [100, 16_384, 1 << 20])
@pytest.mark.parametrize(("length", "statuses"), [(HEAD_BYTES, [204, 204]), (HEAD_BYTES + 1, [204, 431])])
async def test_a_head_that_begins_behind_another_request_is_bounded_alike(
    first: int, size: int, length: int, statuses: list[int]
):
    sent = head(length)
    connection = Connection()
    await connection.feed(SHORT + sent[:first], *cut(sent[first:], size))
    assert connection.statuses == statuses


async def test_a_head_that_is_too_long_is_not_answered_into_another_answer():
    connection = Connection()
    connection.leave.clear()
    await connection.feed(SHORT, head(HEAD_BYTES + 1))
    assert (connection.transport.written, connection.transport.gone) == (b"", True)


async def test_what_is_no_http_is_refused_once_however_long_it_is():
    connection = Connection()
    await connection.feed(b"\x00" * 2 * HEAD_BYTES)
    assert (connection.statuses, connection.transport.gone) == ([400], True)


async def test_a_silent_connection_is_cut():
    connection = Connection()
    connection.loop.pass_time(HEAD_SECONDS - 1)
    assert not connection.transport.gone
    connection.loop.pass_time(1)
    assert connection.transport.gone


@pytest.mark.parametrize("answered", [False, True])
@pytest.mark.parametrize("drop", [b"X: y\r\n", b"\r\n"])
async def test_a_head_that_does_not_end_is_cut_however_often_something_comes(drop: bytes, *, answered: bool):
    connection = Connection()
    await connection.feed(*[SHORT] * answered)
    if drop.strip():
        await connection.feed(ENDLESS)
    for _ in range(round(HEAD_SECONDS)):
        assert not connection.transport.gone
        await connection.feed(drop)
        connection.loop.pass_time(1)
    assert connection.transport.gone


async def test_a_request_is_answered_however_long_that_takes():
    connection = Connection()
    connection.leave.clear()
    await connection.feed(b"POST / HTTP/1.1\r\nHost: city\r\nContent-Length: 3\r\n\r\na")
    connection.loop.pass_time(10 * HEAD_SECONDS)
    await connection.feed(b"bc")
    connection.loop.pass_time(10 * HEAD_SECONDS)
    connection.leave.set()
    await connection.settle()
    assert (connection.statuses, connection.transport.gone) == ([204], False)


async def test_requests_that_come_in_one_piece_take_no_timer_of_ours_each():
    connection = Connection()
    await connection.feed(SHORT)
    (waiting,) = connection.loop.waiting
    assert waiting.callback == connection.http.timeout_keep_alive_handler
    await connection.feed(*[SHORT] * 9)
    assert [timer.due for timer in connection.loop.timers].count(HEAD_SECONDS) == 1


@pytest.mark.parametrize("lost", [None, ConnectionResetError()])
async def test_who_leaves_leaves_no_timer(lost: Exception | None):
    connection = Connection()
    await connection.feed(ENDLESS)
    connection.http.connection_lost(lost)
    assert not connection.loop.waiting


async def test_a_websocket_is_bounded_by_nothing_of_this():
    connection = Connection()
    asks = b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %b\r\n\r\n"
    await connection.feed(ENDLESS + asks % b"dGhlIHNhbXBsZSBub25jZQ==")
    assert connection.transport.protocol.__class__.__name__ == "Wire"
    assert not connection.loop.waiting

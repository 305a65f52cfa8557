# SPDX-License-Identifier: Apache-2.0
"""A client that only asks and counts: no objects for a response, so that the server is what is measured."""

import asyncio
import os
import time
from pathlib import Path
from typing import Any, NamedTuple

import uvloop

_TICKS = os.sysconf("SC_CLK_TCK")
_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


class Measured(NamedTuple):
    """What a server did in one run.

    Args:
        rate: answers a second.
        cpu_ms: processor time of the server for one answer, in milliseconds.
        p99_ms: real time within which 99 of 100 answers came, in milliseconds.
        client: share of the time in which the client itself used its processor.
    """

    rate: float
    cpu_ms: float
    p99_ms: float
    client: float


class _Asking(asyncio.Protocol):
    """One connection that asks again as soon as it is answered."""

    def __init__(self, request: bytes, took: list[float]) -> None:
        self._request = request
        self._took = took
        self._head = b""
        self._left = 0
        self._asked = 0.0
        self.lost = False
        self.wrong: bytes = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport  # uvloop's own, which is no asyncio.Transport
        self._ask()

    def connection_lost(self, _: Exception | None) -> None:
        self.lost = True

    def data_received(self, data: bytes) -> None:
        if not self._left:
            self._head += data
            end = self._head.find(_END)
            if end < 0:
                return
            head, data, self._head = self._head[:end].lower(), self._head[end + 4 :], b""
            if not head.startswith(b"http/1.1 200"):
                self.wrong = head
            begin = head.index(_LENGTH) + len(_LENGTH)
            line_end = head.find(b"\r", begin)
            self._left = int(head[begin : line_end if line_end > 0 else None])
        self._left -= len(data)
        if not self._left:
            self._took.append(time.perf_counter() - self._asked)
            self._ask()

    def _ask(self) -> None:
        self._asked = time.perf_counter()
        self._transport.write(self._request)


def measure(port: int, body: bytes, connections: int, seconds: float, server: int) -> Measured:
    """Asks a server as often as it answers.

    Args:
        port: of the server, on this machine.
        body: the question as JSON.
        connections: how many ask at the same time.
        seconds: for so long.
        server: id of its process.

    Raises:
        AssertionError: an answer was no answer.
    """
    return uvloop.run(_measure(port, body, connections, seconds, server))


async def _measure(port: int, body: bytes, connections: int, seconds: float, server: int) -> Measured:
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"Accept: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    took: list[float] = []
    loop = asyncio.get_running_loop()
    before, own, began = _used(server), time.process_time(), time.perf_counter()
    asking = [
        (await loop.create_connection(lambda: _Asking(head.encode() + body, took), "127.0.0.1", port))
        for _ in range(connections)
    ]
    await asyncio.sleep(seconds)  # the time that is measured
    lasted, used, own = time.perf_counter() - began, _used(server) - before, time.process_time() - own
    for transport, one in asking:
        assert not one.wrong, one.wrong
        assert not one.lost, "the server closed a connection"
        transport.abort()
    return Measured(
        len(took) / lasted, 1000 * used / len(took), 1000 * sorted(took)[int(0.99 * len(took))], own / lasted
    )


def _used(process: int) -> float:
    """Processor time of a process so far, in seconds."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS

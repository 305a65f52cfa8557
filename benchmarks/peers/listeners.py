# SPDX-License-Identifier: Apache-2.0
"""Clients of graphql-transport-ws that only count what they hear, so that the server is what is measured."""

import asyncio
import socket
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from services.cli.rehearse.listener import Listener

_STAMP = b'"startedAt":"'


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

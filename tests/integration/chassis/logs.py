# SPDX-License-Identifier: Apache-2.0
"""What the tests of the log share: stores on one database, plain events, a wire that can be cut."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Self
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

from services.chassis.database import Database
from services.chassis.store import Append, Appended, EventStore, NewEvent

NOON = datetime(2026, 11, 14, 12, tzinfo=UTC)


def event(stream: UUID, version: int, topic: str = "topic", *, conference: UUID | None = None) -> NewEvent:
    return NewEvent(stream, version, topic, b"{}", conference, uuid4(), b"", NOON)


def events(stream: UUID, first: int, last: int) -> list[NewEvent]:
    return [event(stream, version) for version in range(first, last + 1)]


async def appended(store: EventStore, *new: NewEvent) -> int:
    result = await store.append(Append(list(new)))
    assert isinstance(result, Appended), result
    return result.position


@asynccontextmanager
async def opened(*urls: str) -> AsyncIterator[list[EventStore]]:
    """A store, as another replica would have it, on each address."""
    async with AsyncExitStack() as stack:
        stores = []
        for url in urls:
            db = await Database.connect(url, size=4)
            stack.push_async_callback(db.close)
            store = await EventStore.open(db)
            stack.push_async_callback(store.close)
            stores.append(store)
        yield stores


class Wire:
    """Stands between a client and PostgreSQL; `deaf` lets requests through and loses the answers."""

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url)
        self.deaf = False
        self.url = ""
        self._server: asyncio.Server | None = None
        self._pipes: set[asyncio.Task[None]] = set()
        self.lost = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        user, _, _ = self._target.netloc.rpartition("@")
        self.url = urlunsplit(self._target._replace(netloc=f"{user}@127.0.0.1:{port}"))
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for pipe in self._pipes:
            pipe.cancel()
        await asyncio.gather(*self._pipes, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection(self._target.hostname, self._target.port)
        for source, sink, answers in ((reader, there[1], False), (there[0], writer, True)):
            pipe = asyncio.create_task(self._pump(source, sink, answers=answers))
            self._pipes.add(pipe)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, answers: bool) -> None:
        try:
            while data := await source.read(65536):
                if answers and self.deaf:
                    self.lost.set()
                    break
                sink.write(data)
                await sink.drain()
        finally:
            sink.close()

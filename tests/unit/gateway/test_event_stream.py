# SPDX-License-Identifier: Apache-2.0
"""How a stream of server-sent events ends: with its last message, and not later than its client reads."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gateway.execution.sse import EventStream


class Client:
    """Who reads a stream; `cut` is set when the gateway gave up."""

    def __init__(self, lag_seconds: float = 60.0) -> None:
        self.read = b""
        self.cut = asyncio.Event()
        streams = cast("Any", SimpleNamespace(lag_seconds=lag_seconds))
        self.stream = EventStream(streams, "", {}, self.cut.set)

    async def send(self, message: Any) -> None:
        self.read += message["body"]

    async def hear(self, send: Any = None) -> None:
        async with asyncio.timeout(60):
            await self.stream._tell(send or self.send)


def ends_with_token(stream: EventStream) -> None:
    stream.end(4403, "The token has expired")


def fails(stream: EventStream) -> None:
    stream.fail(ValueError("a defect"))


@pytest.mark.parametrize("end", [ends_with_token, fails])
async def test_nothing_follows_the_last_message(end: Any) -> None:
    client = Client()
    client.stream.write(b"1")
    end(client.stream)
    assert not client.stream.ready
    client.stream.write(b"2")
    client.stream.fail(ValueError("another"))
    client.stream.end(4403, "Erased")
    await client.hear()
    assert client.read.startswith(b"event: next\ndata: 1\n\nevent: next\ndata: {")
    assert client.read.endswith(b"event: complete\ndata:\n\n")
    assert client.read.count(b"event: ") == 3


async def test_a_stream_that_never_pauses_ends_with_its_token_all_the_same() -> None:
    client = Client()

    async def send(message: Any) -> None:
        await client.send(message)
        client.stream.write(b"more")
        if client.read.count(b"more") == 5:
            ends_with_token(client.stream)

    client.stream.write(b"first")
    await client.hear(send)
    assert client.read.endswith(b"event: complete\ndata:\n\n")


async def test_who_does_not_read_that_a_stream_is_over_is_cut_off() -> None:
    client = Client(lag_seconds=0.05)

    async def send(message: Any) -> None:
        await asyncio.get_running_loop().create_future()

    client.stream.end(1012, "the gateway restarts")
    await client.hear(send)
    assert client.cut.is_set()

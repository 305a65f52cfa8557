# SPDX-License-Identifier: Apache-2.0
"""Publishing into JetStream without waiting for each answer, and learning of every answer, the bad ones too.

nats-py's own `publish_async` never resolves what JetStream refuses (its error ends up in `error_cb`), and turns a
cancellation while it waits into an error; the relay needs both to be right.
"""

import asyncio
from collections.abc import Mapping

import msgspec
from nats.aio.msg import Msg
from nats.js.api import Header

from services.chassis.bus import Bus


class NotTaken(Exception):
    """JetStream did not take a message."""


class _Error(msgspec.Struct):
    err_code: int = 0
    description: str = ""


class _Ack(msgspec.Struct):
    seq: int = 0
    duplicate: bool = False
    error: _Error | None = None


_DECODER = msgspec.json.Decoder(_Ack)


class Acks:
    """Sends messages and collects the answers.

    Args:
        bus: connection to NATS.
    """

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._inbox = ""
        self._number = 0
        self._open: dict[str, asyncio.Future[int]] = {}

    async def send(self, subject: str, data: bytes, headers: Mapping[str, str]) -> "asyncio.Future[int]":
        """Sends a message; the future gives its sequence in the stream, or raises `NotTaken`. Cancel it to give up."""
        if not self._inbox:
            inbox = self._bus.client.new_inbox()
            await self._bus.subscribe(f"{inbox}.*", self._on_answer)
            self._inbox = inbox
        self._number += 1
        token = str(self._number)
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._open[token] = future
        future.add_done_callback(lambda _: self._open.pop(token, None))
        await self._bus.client.publish(subject, data, reply=f"{self._inbox}.{token}", headers=dict(headers))
        return future

    async def _on_answer(self, message: Msg) -> None:
        future = self._open.get(message.subject.rpartition(".")[2])
        if future is None or future.done():
            return
        if (message.headers or {}).get(Header.STATUS.value) is not None:
            future.set_exception(NotTaken("there is no such stream"))
            return
        ack = _DECODER.decode(message.data)
        if ack.error is not None:
            future.set_exception(NotTaken(f"{ack.error.description} ({ack.error.err_code})"))
        elif ack.duplicate:
            future.set_exception(NotTaken("the message was in the stream already"))
        else:
            future.set_result(ack.seq)

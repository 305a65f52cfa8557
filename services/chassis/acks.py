# SPDX-License-Identifier: Apache-2.0
"""Publishing into JetStream without waiting for each answer, and learning of every answer, the bad ones too.

nats-py's own `publish_async` never resolves what JetStream refuses (its error ends up in `error_cb`), and turns a
cancellation while it waits into an error; the relay needs both to be right.
"""

import asyncio
from collections.abc import Callable

import msgspec
from nats.aio.msg import Msg
from nats.js.api import Header

from services.chassis.bus import Bus

ACK_SECONDS = 5.0


class NotTaken(Exception):
    """JetStream did not take a message, or not in its place."""


class _Error(msgspec.Struct):
    err_code: int = 0
    description: str = ""


class _Ack(msgspec.Struct):
    seq: int = 0
    duplicate: bool = False
    error: _Error | None = None


_DECODER = msgspec.json.Decoder(_Ack)


class Flight:
    """Messages on their way together.

    Args:
        over: called once, when all are in their places or one is known not to be.

    `unanswered` holds the tokens of the messages that wait for an answer.
    """

    def __init__(self, over: Callable[[], None]) -> None:
        self._over = over
        self.unanswered: set[str] = set()
        self._complete = False
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._late_at = asyncio.get_running_loop().time() + ACK_SECONDS

    @property
    def over(self) -> bool:
        """Whether there is nothing more to wait for: `landed` returns or raises at once."""
        return self._ended.done() or asyncio.get_running_loop().time() > self._late_at

    def complete(self) -> None:
        """Nothing more will be sent in this flight."""
        self._complete = True
        self._end_if_landed()

    async def landed(self) -> None:
        """Returns when every message is in its place.

        Raises:
            NotTaken: one is not, or some were not answered in time.
        """
        try:
            async with asyncio.timeout_at(self._late_at):
                await asyncio.shield(self._ended)
        except TimeoutError:
            if not self._ended.done():
                raise NotTaken(f"{len(self.unanswered)} messages were not acknowledged") from None
        self._ended.result()

    def answered(self, token: str, problem: str | None) -> None:
        """A message is in its place, or has the problem that it is not."""
        if problem is None:
            self.unanswered.discard(token)
            self._end_if_landed()
        elif not self._ended.done():
            self._ended.set_exception(NotTaken(problem))
            self._ended.exception()  # looked at: a flight that is given up tells nobody
            self._over()

    def _end_if_landed(self) -> None:
        if self._complete and not self.unanswered and not self._ended.done():
            self._ended.set_result(None)
            self._over()


class Acks:
    """Sends messages and collects the answers.

    Args:
        bus: connection to NATS.
    """

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._inbox = ""
        self._number = 0
        self._open: dict[str, tuple[Flight, int]] = {}

    async def send(self, flight: Flight, subject: str, data: bytes, headers: dict[str, str], seq: int) -> None:
        """Sends a message as a part of a flight.

        Args:
            headers: belong to the client from now on.
            seq: the sequence in the stream that the message has to get.
        """
        if not self._inbox:
            inbox = self._bus.client.new_inbox()
            await self._bus.subscribe(f"{inbox}.*", self._on_answer)
            self._inbox = inbox
        self._number += 1
        token = str(self._number)
        self._open[token] = flight, seq
        flight.unanswered.add(token)
        await self._bus.client.publish(subject, data, reply=f"{self._inbox}.{token}", headers=headers)

    def forget(self, flight: Flight) -> None:
        """Waits for the answers of a flight no longer."""
        for token in flight.unanswered:
            self._open.pop(token, None)

    async def _on_answer(self, message: Msg) -> None:
        token = message.subject.rpartition(".")[2]
        flight, seq = self._open.pop(token, (None, 0))
        if flight is not None:
            flight.answered(token, _problem(message, seq))


def _problem(message: Msg, seq: int) -> str | None:
    """Why a message is not in its place, None when it is."""
    if message.headers and message.headers.get(Header.STATUS.value) is not None:
        return "there is no such stream"
    ack = _DECODER.decode(message.data)
    if ack.error is not None:
        return f"{ack.error.description} ({ack.error.err_code})"
    if ack.duplicate:
        return "the message was in the stream already"
    return None if ack.seq == seq else "a message took another place"

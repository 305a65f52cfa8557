# SPDX-License-Identifier: Apache-2.0
"""The JetStream end of a consumer: the events of one service, in order, without gaps, as fast as they are wanted.

Acknowledgements play no part: a message that JetStream delivers again arrives after later ones, and that is what
would break the order. Instead the durable consumer acknowledges nothing, its deliveries are counted, and upon
the slightest doubt (a gap, a silence, a reconnect) it is made anew behind the last message that arrived here.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import NamedTuple

import msgspec
import nats.errors
import structlog
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, Header
from nats.js.errors import NotFoundError

from services.chassis.bus import Bus
from services.chassis.quiet import Seldom

log = structlog.get_logger()

OUTSTANDING = 500
EXPIRES_SECONDS = 30
HEARTBEAT_SECONDS = 2
SILENCE_SECONDS = 5.0
PAUSE_SECONDS = 0.5

PENDING = "Nats-Pending-Messages"


class Delivered(NamedTuple):
    """A message of the stream; `seq` is its sequence there."""

    seq: int
    subject: str
    headers: dict[str, str]
    data: bytes


class Inflow:
    """The stream of one source, as one consumer reads it.

    Args:
        bus: connection to NATS.
        consumer: the reading service; the name of its durable consumer.
        source: the service whose events are read.
        names: the events that are wanted.
        deliver: called with each message, in order; must not block.
        kept: how many messages the consumer holds at this moment; with those asked for never more than 500.
        resume: the sequence after which to start in a stream created at this instant, 0 for its beginning.
    """

    def __init__(
        self,
        bus: Bus,
        consumer: str,
        source: str,
        *,
        names: Sequence[str],
        deliver: Callable[[Delivered], None],
        kept: Callable[[], int],
        resume: Callable[[str], Awaitable[int]],
    ) -> None:
        self.created = ""
        self.last_seq = 0
        self._bus = bus
        self._consumer = consumer
        self._source = source
        self._stream = bus.stream(source)
        self._filters = [f"{bus.prefix}.evt.{source}.*.*.{name}" for name in names]
        self._deliver = deliver
        self._kept = kept
        self._resume = resume
        self._inbox = ""
        self._delivered = 0
        self._wanted = 0
        self._heard = 0.0
        self._broken = asyncio.Event()
        self._seldom = Seldom()

    async def run(self) -> None:
        """Delivers until cancelled."""
        self._bus.on_reconnect.append(self._break)
        try:
            while True:
                try:
                    await self._session()
                except NotFoundError:
                    await asyncio.sleep(PAUSE_SECONDS)  # the source has never run, or JetStream was lost
                except (nats.errors.Error, TimeoutError) as error:
                    if self._seldom.due(type(error).__name__):
                        log.info("stream not readable", of=self._source, error=type(error).__name__)
                    await asyncio.sleep(PAUSE_SECONDS)
        finally:
            self._bus.on_reconnect.remove(self._break)

    async def _session(self) -> None:
        self._broken.clear()
        await self._place()
        self._inbox = self._bus.client.new_inbox()
        self._delivered = self._wanted = 0
        self._heard = asyncio.get_running_loop().time()
        subscription = await self._bus.subscribe(self._inbox, partial(self._on_message, self._inbox))
        self._seldom.forget()
        try:
            while not self._broken.is_set():
                await self.ask()
                try:
                    async with asyncio.timeout(1.0):
                        await self._broken.wait()
                except TimeoutError:
                    if asyncio.get_running_loop().time() - self._heard > SILENCE_SECONDS:
                        log.warning("stream is silent", of=self._source)
                        self._broken.set()
        finally:
            self._inbox = ""
            await subscription.cancel()

    async def _place(self) -> None:
        """(Re)creates the durable consumer behind the last message that arrived here."""
        created = str((await self._bus.js.stream_info(self._stream)).created)
        if created != self.created:
            self.last_seq = await self._resume(created)
            self.created = created
        try:
            await self._bus.js.delete_consumer(self._stream, self._consumer)
        except NotFoundError:
            log.debug("first consumer of this stream", of=self._source)
        await self._bus.js.add_consumer(
            self._stream,
            ConsumerConfig(
                durable_name=self._consumer,
                ack_policy=AckPolicy.NONE,
                deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
                opt_start_seq=self.last_seq + 1,
                filter_subjects=self._filters,
            ),
        )

    async def ask(self) -> None:
        """Asks for more when at most half of what may be held is here or on its way."""
        room = OUTSTANDING - self._kept() - self._wanted
        if room < OUTSTANDING // 2 or not self._inbox or self._broken.is_set():
            return
        self._wanted += room
        body = {
            "batch": room,
            "expires": EXPIRES_SECONDS * 1_000_000_000,
            "idle_heartbeat": HEARTBEAT_SECONDS * 1_000_000_000,
        }
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{self._consumer}"
        await self._bus.client.publish(subject, msgspec.json.encode(body), reply=self._inbox)

    async def _on_message(self, inbox: str, message: Msg) -> None:
        if inbox != self._inbox:
            return  # of an earlier session
        self._heard = asyncio.get_running_loop().time()
        headers = message.headers or {}
        status = headers.get(Header.STATUS.value)
        if message.subject == inbox and status is not None:
            self._on_status(status, headers)
        elif not self._broken.is_set():
            self._on_event(message, headers)

    def _on_status(self, status: str, headers: dict[str, str]) -> None:
        if status == "100":
            return
        if status in {"404", "408"}:
            self._wanted = max(0, self._wanted - int(headers.get(PENDING, self._wanted)))
            return
        # The consumer or its server is gone, or a leader changed: what was asked for may never come.
        log.info("reading starts again", of=self._source, status=status)
        self._broken.set()

    def _on_event(self, message: Msg, headers: dict[str, str]) -> None:
        sequence = message.metadata.sequence
        if sequence.consumer != self._delivered + 1:
            log.warning("a delivery is missing", of=self._source)
            self._broken.set()
            return
        self._delivered += 1
        self._wanted = max(0, self._wanted - 1)
        self.last_seq = sequence.stream
        self._deliver(Delivered(sequence.stream, message.subject, headers, message.data))

    def _break(self) -> None:
        self._broken.set()

# SPDX-License-Identifier: Apache-2.0
"""NATS as the services see it: one connection with the settings that survive restarts, and every subject's name.

NATS is transport, PostgreSQL is the truth: nothing here is needed to know what happened, only to tell others.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from urllib.parse import urlsplit

import nats
import nats.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js import JetStreamContext
from nats.js.api import StorageType, StreamConfig
from nats.js.errors import NotFoundError

from services.chassis.contract import CITY
from services.chassis.quiet import Link
from services.chassis.settings import CannotStart
from services.chassis.subjects import inbox, partition, permissions, stream_name
from services.chassis.tasks import end
from services.chassis.telemetry import apart

__all__ = [
    "Bus",
    "NoAnswer",
    "NoReplica",
    "NotSent",
    "Subscribed",
    "TooLong",
    "join",
    "partition",
    "permissions",
    "stream_name",
    "topology",
]

log = structlog.get_logger()

JOIN_SECONDS = 30.0
ARRIVAL_SECONDS = 2.0
PING_SECONDS = 15
PINGS = 2
FLUSH_SECONDS = PING_SECONDS * (PINGS + 2)
"""Longer than a connection lives on which nothing is answered any more."""

_STREAM_AGE = 30 * 24 * 3600.0
_DUPLICATE_WINDOW = 600.0


class NoReplica(Exception):
    """Nobody listens to that subject."""


class NotSent(Exception):
    """A message was not taken: the server has been away for too long, or the connection is closed."""


class TooLong(Exception):
    """The server takes no message of this length."""


class NoAnswer(Exception):
    """The answer did not come in time, or the connection is down."""


class Bus:
    """One connection to NATS.

    Args:
        client: the open connection; `Bus.connect` makes one.
        prefix: first token of every subject.
    """

    def __init__(self, client: Client, prefix: str) -> None:
        self.client = client
        self.prefix = prefix
        self.js: JetStreamContext = client.jetstream(timeout=5)
        self.on_reconnect: list[Callable[[], None]] = []
        self._hinting: dict[str, asyncio.Task[None]] = {}
        self._flushing: set[asyncio.Task[None]] = set()
        self.on_lost: Callable[[], None] | None = None
        self.closing = False

    @classmethod
    async def connect(cls, url: str, name: str, prefix: str) -> "Bus":
        """Connects and stays connected: it waits for the server as long as it takes, now and after every break.

        Args:
            url: `nats://user:password@host:port`, several separated by commas.
            name: the user of the connection: a service, `gateway` or `tool`; it names the private inbox too.
            prefix: first token of every subject.

        When the client gives up for good, for instance because the server refuses its user, `on_lost` is called;
        without it the process ends, because a closed client never recovers.
        """
        buses: list[Bus] = []
        link = Link()

        async def reconnected() -> None:
            link.back()
            for bus in buses:
                for callback in bus.on_reconnect:
                    callback()

        async def disconnected() -> None:
            if not any(bus.closing for bus in buses):
                link.lost()

        async def failed(error: Exception) -> None:
            link.failed(error)

        async def closed() -> None:
            if any(bus.closing for bus in buses):
                return
            log.error("the connection to nats is closed for good")
            lost = next((bus.on_lost for bus in buses if bus.on_lost), None)
            (lost or _end_process)()

        client = await nats.connect(
            url.split(","),
            name=name,
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.25,
            connect_timeout=5,
            ping_interval=PING_SECONDS,
            max_outstanding_pings=PINGS,
            pending_size=8 << 20,
            inbox_prefix=inbox(name),
            error_cb=failed,
            disconnected_cb=disconnected,
            reconnected_cb=reconnected,
            closed_cb=closed,
        )
        link.found()
        bus = cls(client, prefix)
        buses.append(bus)
        return bus

    async def close(self) -> None:
        """Sends what is buffered and closes the connection."""
        self.closing = True
        for task in list(self._hinting.values()):
            task.cancel()
        if self.client.is_connected and not await self._arrived():
            log.warning("nats did not take the last messages")
        if not self.client.is_closed:
            try:
                await self.client.close()
            except OSError as error:
                log.debug("nats was gone", error=type(error).__name__)
        await end(*self._flushing)

    @property
    def connected(self) -> bool:
        """Whether the server can be reached at this moment."""
        return self.client.is_connected

    # --- names -----------------------------------------------------------------------------------------------

    def subject_event(self, service: str, conference: str | None, name: str) -> str:
        """Where a contract event of `service` goes."""
        return self._subject("evt", service, conference, name)

    def subject_live(self, service: str, conference: str | None, name: str) -> str:
        """Where a live change of `service` goes."""
        return self._subject("live", service, conference, name)

    def subject_command(self, service: str, conference: str | None, name: str) -> str:
        """Where a command to `service` goes."""
        return self._subject("cmd", service, conference, name)

    def subject_query(self, service: str, name: str) -> str:
        """Where a query to `service` goes."""
        return f"{self.prefix}.qry.{service}.{name}"

    def subject_hint(self, service: str) -> str:
        """Where `service` says that its log has grown."""
        return f"{self.prefix}.hint.{service}"

    def subject_peers(self, service: str) -> str:
        """Where the replicas of `service` say to each other that they are there."""
        return f"{self.prefix}.peers.{service}"

    def commands_of(self, service: str, number: int) -> str:
        """All commands of one partition."""
        return f"{self.prefix}.cmd.{service}.p{number:02d}.>"

    def stream(self, service: str) -> str:
        """The name of the JetStream stream that keeps the contract events of `service`."""
        return stream_name(service, self.prefix)

    def _subject(self, kind: str, service: str, conference: str | None, name: str) -> str:
        return f"{self.prefix}.{kind}.{service}.p{partition(conference):02d}.{conference or CITY}.{name}"

    # --- core NATS -------------------------------------------------------------------------------------------

    async def publish(self, subject: str, data: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Sends without being told whether anybody got it; while the server is away, a few megabytes are kept.

        Raises:
            NotSent: more than that waits, or the connection is closed.
        """
        try:
            await self.client.publish(subject, data, headers=dict(headers) if headers else None)
        except nats.errors.Error as error:
            raise NotSent(type(error).__name__) from error

    async def request(
        self,
        subject: str,
        data: bytes,
        headers: Mapping[str, str],
        *,
        timeout: float,  # noqa: ASYNC109
    ) -> Msg:
        """Asks and waits for one answer.

        Args:
            timeout: real seconds.

        Raises:
            NoReplica: nobody listens.
            TooLong: nobody will ever get this message.
            NoAnswer: no answer in time, or the connection is down: it is not worth the wait.
        """
        if not self.client.is_connected:
            raise NoAnswer(subject)
        try:
            return await self.client.request(subject, data, timeout=timeout, headers=dict(headers))
        except nats.errors.NoRespondersError:
            raise NoReplica(subject) from None
        except nats.errors.MaxPayloadError:
            raise TooLong(subject) from None
        except (nats.errors.Error, TimeoutError, OSError):
            raise NoAnswer(subject) from None

    async def subscribe(
        self, subject: str, callback: Callable[[Msg], Awaitable[None]], *, queue: str = ""
    ) -> "Subscribed":
        """Calls `callback` for every message, one after the other: it hands work to tasks of its own.

        The server knows of it when this returns; while it is away, as soon as it is back.

        Args:
            queue: of all subscribers with the same queue name one gets a message.
        """
        # What listens outlives the step of work in which it is begun.
        begun = asyncio.get_running_loop().create_task(
            self.client.subscribe(subject, queue=queue, cb=callback), context=apart()
        )
        subscription = await begun
        if self.client.is_connected:
            await self._arrived()  # what is lost with the connection is subscribed again by the client itself
        return Subscribed(subscription)

    async def _arrived(self) -> bool:
        """Waits until the server has read everything sent so far; False when it has not within two seconds.

        Neither the wait nor its end may cancel the client's flush: a PONG for which nobody waits any more ends its
        read loop, and the connection is deaf until its own pings find out.
        """
        flushing = asyncio.get_running_loop().create_task(self._flush())
        self._flushing.add(flushing)
        flushing.add_done_callback(self._flushing.discard)
        done, _ = await asyncio.wait({flushing}, timeout=ARRIVAL_SECONDS)
        return bool(done) and self.client.is_connected

    async def _flush(self) -> None:
        with suppress(nats.errors.Error, TimeoutError, OSError):
            await self.client.flush(timeout=FLUSH_SECONDS)

    def hint(self, service: str) -> None:
        """Says that the log of `service` has grown; many calls in a row become one message."""
        if service not in self._hinting and not self.closing:
            task = asyncio.get_running_loop().create_task(self._send_hint(service))
            self._hinting[service] = task
            task.add_done_callback(lambda _: self._hinting.pop(service, None))

    async def _send_hint(self, service: str) -> None:
        try:
            await self.publish(self.subject_hint(service), b"")
        except NotSent as error:
            log.debug("hint not sent", error=str(error))


async def join(url: str, name: str, prefix: str) -> Bus:
    """`Bus.connect` at the start of a process: an operator hears soon what is wrong.

    Raises:
        CannotStart: no server took this user in time.
    """
    try:
        async with asyncio.timeout(JOIN_SECONDS):
            return await Bus.connect(url, name, prefix)
    except TimeoutError:
        place = urlsplit(url.partition(",")[0])
        raise CannotStart(
            f"NATS_URL cannot be used: no NATS server takes the user of {name}"
            f" at {place.hostname}:{place.port or 4222}."
        ) from None


class Subscribed:
    """A running subscription."""

    def __init__(self, subscription: Subscription) -> None:
        self._subscription = subscription
        self._draining: asyncio.Task[None] | None = None

    async def stop(self) -> None:
        """No message is delivered any more; those that came before are still handled.

        A caller that is cancelled does not end it: see `Bus._arrived`.
        """
        if self._draining is None:
            self._draining = asyncio.get_running_loop().create_task(self._drain())
        await asyncio.shield(self._draining)

    async def _drain(self) -> None:
        try:
            await self._subscription.drain()  # type: ignore[no-untyped-call]
        except nats.errors.Error as error:
            log.debug("subscription was gone", error=type(error).__name__)

    async def cancel(self) -> None:
        """No message is delivered or handled any more."""
        try:
            await self._subscription.unsubscribe()
        except nats.errors.Error as error:
            log.debug("subscription was gone", error=type(error).__name__)


def _end_process() -> None:
    os._exit(1)


def stream_config(service: str, prefix: str, replicas: int) -> StreamConfig:
    """How the stream of one service is kept: 30 days on disk, single messages cannot be deleted."""
    return StreamConfig(
        name=stream_name(service, prefix),
        subjects=[f"{prefix}.evt.{service}.>"],
        storage=StorageType.FILE,
        num_replicas=replicas,
        max_age=_STREAM_AGE,
        duplicate_window=_DUPLICATE_WINDOW,
        allow_direct=True,
        deny_delete=True,
    )


async def topology(bus: Bus, services: Sequence[str], *, replicas: int = 1) -> None:
    """Creates the stream of every service, or brings it to the present configuration. Repeating it is harmless.

    Args:
        services: the services that tell contract events.
        replicas: copies of each stream.
    """
    for service in services:
        config = stream_config(service, bus.prefix, replicas)
        try:
            await bus.js.stream_info(bus.stream(service))
        except NotFoundError:
            await bus.js.add_stream(config)
        else:
            await bus.js.update_stream(config)

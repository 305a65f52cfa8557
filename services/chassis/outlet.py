# SPDX-License-Identifier: Apache-2.0
"""The JetStream end of the relay: where the stream of one service stands, and how the log goes on into it.

The relay's cursor is the stream itself: its last message says which position of the log was sent last. Every
message names the sequence it must follow, so a second sender, a lost answer or a late copy of a message can
neither double an event nor change the order.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import msgspec
import nats.errors
from nats.js.api import Header, StreamInfo
from nats.js.errors import NotFoundError

from services.chassis.acks import Acks, Flight, NotTaken
from services.chassis.bus import Bus, topology
from services.chassis.contract import ContractEvent
from services.chassis.decider import Event
from services.chassis.mapper import Mapper
from services.chassis.records import Recorded
from services.chassis.store import EventStore
from services.chassis.subjects import ES_DIGEST, ES_EPOCH, ES_POSITION, ES_TOPIC
from services.chassis.telemetry import TRACEPARENT

Publish: TypeAlias = Callable[[Event, Recorded], ContractEvent | None]
"""Own stored event to what others are told, or None: pure, and the same bytes on every run."""


class Contradiction(Exception):
    """Stream and log cannot be of the same history; the text is for the operator."""


class Unsent(Exception):
    """Some of a batch did not get through; the head of the stream says which."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where a stream stands.

    Args:
        seq: sequence of the last message.
        position: position of the log up to which everything was sent.
    """

    seq: int
    position: int


def contract_topic(event: ContractEvent) -> str:
    """The name and version of a contract event, as the header `Es-Topic` carries it."""
    kind = type(event)
    return kind.__name__ if kind.VERSION == 1 else f"{kind.__name__}/{kind.VERSION}"


def digest_of(row: Recorded) -> str:
    """What tells a stored event from another one at the same place of another history.

    The id does not: it follows from stream and version, which a log that was set back gives out again. The
    translated event does not either: the next release may translate differently.
    """
    digest = hashlib.sha256(row.event_id.bytes)
    digest.update(f"{row.topic}\0{row.recorded_at.isoformat()}\0".encode())
    digest.update(row.state)
    return digest.hexdigest()[:32]


class Outlet:
    """The stream of one service, as its log is put into it.

    Args:
        service: its name.
        bus: connection to NATS.
        store: its log.
        mapper: decodes its events.
        publish: translates them.
        replicas: copies of the stream, where it has to be created.
    """

    def __init__(
        self, service: str, bus: Bus, store: EventStore, mapper: Mapper, *, publish: Publish, replicas: int = 1
    ) -> None:
        self.service = service
        self.bus = bus
        self.store = store
        self._mapper = mapper
        self._publish = publish
        self._replicas = replicas
        self._acks = Acks(bus)
        self._created = ""

    async def stream(self) -> StreamInfo:
        """What the server knows of the stream; creates it where it is missing."""
        try:
            return await self.bus.js.stream_info(self.bus.stream(self.service))
        except NotFoundError:
            await topology(self.bus, [self.service], replicas=self._replicas)
            return await self.bus.js.stream_info(self.bus.stream(self.service))

    async def renew(self) -> None:
        """Deletes the stream and creates an empty one: a purge would go on refusing the ids of the last minutes."""
        replicas = (await self.stream()).config.num_replicas or self._replicas
        await self.bus.js.delete_stream(self.bus.stream(self.service))
        await topology(self.bus, [self.service], replicas=replicas)
        self._created = str((await self.stream()).created)

    async def head(self) -> Head:
        """Where to go on.

        Raises:
            Contradiction: the stream's last message is not in this log, or the stream has forgotten its messages and
                this log did not send them: the log was set back, or is another one.
            nats.errors.Error, StoreUnavailable: ask again later.
        """
        info = await self.stream()
        self._created = str(info.created)
        seq = info.state.last_seq
        cure = f"run `quartier refill {self.service}`"
        if info.state.messages == 0:
            noted = await self._noted(seq)
            if seq > 0 and noted == 0:
                raise Contradiction(f"the stream held {seq} messages, now expired, that this log did not send; {cure}")
            return Head(seq, noted)
        message = await self.bus.js.get_msg(self.bus.stream(self.service), seq=seq)
        headers = message.headers or {}
        position, epoch = int(headers.get(ES_POSITION, -1)), headers.get(ES_EPOCH)
        await self.store.check()
        if epoch != self.store.epoch:
            raise Contradiction(f"the stream holds epoch {epoch}, the log is {self.store.epoch}; {cure}")
        if not await self.knows(position, headers.get(ES_DIGEST)):
            raise Contradiction(
                f"the stream ends with position {position}, which this log does not hold with the same event; {cure}"
            )
        return Head(seq, max(position, await self._noted(seq)))

    async def knows(self, position: int, digest: str | None) -> bool:
        """Whether the log holds this very event at this position (see `digest_of`)."""
        rows = await self.store.select_notifications(position - 1, 1)
        return bool(rows) and rows[0].notification_id == position and digest_of(rows[0]) == digest

    async def send(self, rows: Sequence[Recorded], head: Head, over: Callable[[], None] = lambda: None) -> "Sent":
        """Sends what follows from `rows`, each message bound to follow the one before, and waits for no answer.

        What follows may be sent at once behind it: when a message does not get its place, none behind it does.

        Args:
            rows: stored events in order, all after `head.position`.
            head: where the stream stands, or will when everything sent before is in its place.
            over: called when it is known what became of the messages.

        Raises:
            Unsent: not everything could be sent; ask for the head.
        """
        seq = head.seq
        flight = Flight(over)
        try:
            for row in rows:
                event = self._publish(self._mapper.decode(row.topic, row.state), row)
                if event is not None:
                    await self._send(flight, event, row, seq)
                    seq += 1
        except BaseException as error:
            self._acks.forget(flight)
            if isinstance(error, nats.errors.Error | TimeoutError):
                raise Unsent(type(error).__name__) from error
            raise
        flight.complete()
        return Sent(Head(seq, rows[-1].notification_id), seq - head.seq, flight, self._acks)

    async def note(self, head: Head) -> None:
        """Remembers how far the relay came, for the day on which all messages of the stream have expired."""
        await self.store.db.pool.execute(
            "INSERT INTO relay (stream_created, seq, position, epoch) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (only_row) DO UPDATE SET stream_created = $1, seq = $2, position = $3, epoch = $4",
            self._created, head.seq, head.position, self.store.epoch,
        )  # fmt: skip

    async def _noted(self, seq: int) -> int:
        row = await self.store.db.pool.fetchrow("SELECT stream_created, seq, position, epoch FROM relay")
        if row is None or (row[0], row[1], row[3]) != (self._created, seq, self.store.epoch):
            return 0
        position: int = row[2]
        return position

    async def _send(self, flight: Flight, event: ContractEvent, row: Recorded, after: int) -> None:
        headers = {
            Header.MSG_ID.value: row.event_id.hex,
            Header.EXPECTED_STREAM.value: self.bus.stream(self.service),
            Header.EXPECTED_LAST_SEQUENCE.value: str(after),
            ES_POSITION: str(row.notification_id),
            ES_EPOCH: self.store.epoch,
            ES_TOPIC: contract_topic(event),
            ES_DIGEST: digest_of(row),
            TRACEPARENT: _traceparent(row),
        }
        subject = self.bus.subject_event(self.service, event.conference, type(event).__name__)
        await self._acks.send(flight, subject, msgspec.json.encode(event), headers, after + 1)


class Sent:
    """Messages that were sent and may not have arrived yet.

    Args:
        head: where the stream stands when all have.
        messages: how many there are.
        flight: their answers.
        acks: where the answers arrive.
    """

    def __init__(self, head: Head, messages: int, flight: Flight, acks: Acks) -> None:
        self.head = head
        self.messages = messages
        self._flight = flight
        self._acks = acks

    @property
    def over(self) -> bool:
        """Whether it is known what became of them: `acknowledged` returns or raises at once."""
        return self._flight.over

    async def acknowledged(self) -> Head:
        """Returns the head when every message is in its place.

        Raises:
            Unsent: some are not; ask for the head.
        """
        try:
            await self._flight.landed()
        except NotTaken as error:
            raise Unsent(str(error)) from error
        finally:
            self.give_up()
        return self.head

    def give_up(self) -> None:
        """Waits for the answers no longer."""
        self._acks.forget(self._flight)


class _Meta(msgspec.Struct):
    trace: str = ""


_META = msgspec.json.Decoder(_Meta)


def _traceparent(row: Recorded) -> str:
    """The trace that led to an event; where none was stored (ballots), one that says nothing. The same on every run."""
    trace = (_META.decode(row.meta).trace if row.meta else "") or row.event_id.hex
    return f"00-{trace}-{row.event_id.hex[:16]}-00"

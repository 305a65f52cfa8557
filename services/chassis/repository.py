# SPDX-License-Identifier: Apache-2.0
"""Loads aggregates by folding their events, and carries commands out: decide, append, answer.

The states are kept in memory and brought up to date by the tail of their stream before every decision, so
that any number of replicas may decide; the version check of the append is what keeps them apart.
Where a stream can exceed 200 events, a state that is not in memory starts from a snapshot (`snapshots.py`).
"""

import asyncio
import random
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any, TypeVar
from uuid import NAMESPACE_OID, UUID, uuid5
from weakref import WeakValueDictionary

import msgspec

from services.chassis.cache import StateCache
from services.chassis.clock import Clock
from services.chassis.contract import Position
from services.chassis.decider import Command, Decider, Event, Refusal
from services.chassis.decisions import Answering, Decided, Envelope, Executed, Loaded, Secret, Step
from services.chassis.mapper import Mapper, UnknownEvent
from services.chassis.refusals import ConcurrentChange, IdempotencyKeyReused, StateHasChanged, StreamIsReadOnly
from services.chassis.snapshots import Snapshots
from services.chassis.store import (
    AlreadyTracked,
    Append,
    Appended,
    CommandRecord,
    Conflict,
    Duplicate,
    EventStore,
    Guard,
    KeyReused,
    NewEvent,
    Statement,
    StoreUnavailable,
)

__all__ = ["Answering", "Decided", "Envelope", "Executed", "Loaded", "Repository", "Secret", "Step"]

S = TypeVar("S")
C = TypeVar("C", bound=Command)
E = TypeVar("E", bound=Event)

ATTEMPTS = 5
"""How often an unreachable database is tried again."""
RACES = 25
"""How often a lost race is decided anew. Another command won each, so a crowd at one stream is served in turn."""


class _Changed(Exception):
    """Something the handler relied on has changed; deciding the same command again would not help."""


class Repository:
    """The aggregates of one service.

    Args:
        service: its name; part of every stream id.
        store: its log.
        mapper: its events.
        clock: domain time.
        cache_size: number of streams whose state is kept in memory.

    `snapshots.close()` ends what still writes.
    """

    def __init__(self, service: str, store: EventStore, mapper: Mapper, clock: Clock, cache_size: int = 10_000) -> None:
        self.store = store
        self.mapper = mapper
        self.clock = clock
        self.snapshots = Snapshots(store)
        self._namespace = uuid5(NAMESPACE_OID, service)
        self._cache = StateCache(cache_size)
        self._locks: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

    def stream_id(self, decider: Decider[Any, Any, Any], key: str) -> UUID:
        """The stream of an aggregate."""
        return uuid5(self._namespace, f"{decider.name}:{key}")

    async def load(self, decider: Decider[S, C, E], key: str) -> Loaded[S]:
        """The present state of an aggregate; its initial state when it has no events.

        Raises:
            UnknownEvent: the stream holds an event of a newer release; it cannot be read by this one.
            StoreUnavailable: the database cannot be reached.
        """
        return await self._load(decider, self.stream_id(decider, key))

    async def execute(
        self, steps: Sequence[Step], envelope: Envelope, answer: Answering, effects: Sequence[Statement] = ()
    ) -> Executed | Refusal:
        """Decides all steps, each on what the ones before it led to, and stores their events together or not at all.

        Args:
            steps: the commands; the first refusal refuses them all. None: only the envelope is noted.
            envelope: who asked; its command id makes a repetition get the stored answer.
            answer: the answer, or a function of what was decided.
            effects: statements that run in the transaction of the append.

        Raises:
            StoreUnavailable: the database cannot be reached; repeating with the same command id is safe.
            StoreBusy, LogSetBack: nothing was stored.
            ValueError: secret and open steps are mixed, which would tell who cast the ballot; or a secret step's kind
                has snapshots, which would lie apart from the ballots that a poll's end makes nobody's.
        """
        streams = [step.secret.stream_id if step.secret else self.stream_id(step.decider, step.key) for step in steps]
        if len({step.secret is None for step in steps}) > 1:
            raise ValueError("a ballot is not stored together with anything open")
        if any(step.secret is not None and step.decider.snapshot is not None for step in steps):
            raise ValueError("a ballot is kept nowhere but in the log")
        for attempt in range(1, RACES + 1):
            try:
                done = await self._attempt(steps, streams, envelope, answer, effects)
            except UnknownEvent as error:
                return StreamIsReadOnly(topic=error.topic)
            except _Changed:
                break
            except StoreUnavailable:
                # Without an id the first try may have been stored unseen, and a second one would double it.
                if attempt >= ATTEMPTS or (envelope.command_id is None and envelope.tracking is None):
                    raise
                await asyncio.sleep(random.uniform(0.05, 0.1) * 2**attempt)  # noqa: S311 - real-time back-off
                continue
            if done is not None:
                return done
            await asyncio.sleep(random.uniform(0, 0.005) * min(attempt, ATTEMPTS))  # noqa: S311 - so that racing replicas part
        return ConcurrentChange(position=str(Position(self.store.epoch, self.store.seen)))

    async def _attempt(
        self,
        steps: Sequence[Step],
        streams: Sequence[UUID],
        envelope: Envelope,
        answer: Answering,
        effects: Sequence[Statement],
    ) -> Executed | Refusal | None:
        """One try; None after a lost race."""
        async with AsyncExitStack() as held:
            for stream in sorted(set(streams)):  # always in the same order, so that two commands never deadlock
                await held.enter_async_context(self._locks.setdefault(stream, asyncio.Lock()))
            epoch = self.store.epoch
            before = {
                stream: await self._load(step.decider, stream) for stream, step in zip(streams, steps, strict=True)
            }
            after = dict(before)
            secret = steps[0].secret if steps else None
            record = _recorded(envelope, secret)
            about = (*(before[stream] for stream in streams[:1]), *envelope.about)
            moved = [loaded.position for loaded in about if _has_moved(loaded, envelope.expected, epoch)]
            if moved:
                return await self._known(record) or StateHasChanged(position=str(Position(epoch, max(moved))))
            pending = _Pending(self.mapper, _meta(envelope) if secret is None else b"")
            decided: list[Decided] = []
            for step, stream in zip(steps, streams, strict=True):
                if step.when is not None and not step.when(decided):
                    decided.append(Decided(step, after[stream].state, ()))
                    continue
                outcome = pending.decide(step, after[stream])
                if isinstance(outcome, Refusal):
                    return await self._known(record) or outcome
                after[stream], events = outcome
                decided.append(Decided(step, after[stream].state, events))
            reply = msgspec.json.encode(answer(decided) if callable(answer) else answer)
            if not pending.events and not effects and record is None and envelope.tracking is None:
                return Executed(msgspec.Raw(reply), max((loaded.position for loaded in before.values()), default=0))
            item = Append(
                pending.events,
                None if record is None else record._replace(outcome=reply),
                envelope.tracking,
                _guards(steps, before, pending.events),
                effects,
            )
            result = await self.store.append(item)
            match result:
                case Appended(position):
                    for stream, step in zip(streams, steps, strict=True):
                        loaded = replace(after[stream], position=position)
                        if loaded.version > before[stream].version:
                            self._cache.put(loaded, epoch)
                            self.snapshots.note(step.decider, before[stream].version, loaded)
                    return Executed(msgspec.Raw(reply), position)
                case Duplicate(stored, position):
                    return Executed(msgspec.Raw(stored), position, repeated=True)
                case AlreadyTracked():
                    return Executed(msgspec.Raw(reply), self.store.seen, repeated=True)
                case KeyReused():
                    return IdempotencyKeyReused()
                case Conflict():
                    # Nothing in memory is relied on: after a restored backup even the kept past may be wrong.
                    for stream in streams:
                        self._cache.discard(stream)
                    await self._check(steps)
                    return None

    async def _load(self, decider: Decider[S, C, E], stream_id: UUID) -> Loaded[S]:
        epoch = self.store.epoch
        known: Loaded[S] | None = self._cache.get(stream_id, epoch)
        if known is None:
            known = await self.snapshots.newest(decider, stream_id) or Loaded(stream_id, decider.initial)
        tail = await self.store.select_events(stream_id, after_version=known.version)
        if not tail:
            if known.version >= 0:
                self._cache.put(known, epoch)
            return known
        decoders = self.mapper.decoders
        state = decider.fold(known.state, [decoders[row.topic](row.state) for row in tail])  # type: ignore[misc]
        last = tail[-1]
        loaded = Loaded(stream_id, state, last.originator_version, last.recorded_at, last.notification_id)
        self._cache.put(loaded, epoch)
        self.snapshots.note(decider, known.version, loaded)
        return loaded

    async def _known(self, record: CommandRecord | None) -> Executed | Refusal | None:
        """The stored answer of a command that is refused now because it was carried out before."""
        if record is None:
            return None
        known = await self.store.select_command(record.command_id)
        if known is None:
            return None
        request_hash, outcome, position = known
        if request_hash != record.request_hash:
            return IdempotencyKeyReused()
        return Executed(msgspec.Raw(outcome), position, repeated=True)

    async def _check(self, steps: Sequence[Step]) -> None:
        """Whether what the handlers relied on still holds, after a lost race."""
        for step in steps:
            for seen in step.guards:
                if await self.store.select_events(seen.stream_id, after_version=seen.version):
                    raise _Changed


class _Pending:
    """The events that the steps of one command lead to."""

    def __init__(self, mapper: Mapper, meta: bytes) -> None:
        self.events: list[NewEvent] = []
        self._mapper = mapper
        self._meta = meta

    def decide(self, step: Step, loaded: Loaded[Any]) -> tuple[Loaded[Any], tuple[Event, ...]] | Refusal:
        """Decides a step on a state; the state and events after it, or the refusal."""
        command = step.command
        if loaded.at is not None and loaded.at > command.now:
            command = msgspec.structs.replace(command, now=loaded.at)
        outcome = step.decider.decide(loaded.state, command)
        if isinstance(outcome, Refusal):
            return outcome
        if not outcome:
            return loaded, ()
        at = step.secret.at if step.secret else command.now
        conference = UUID(step.conference) if step.conference else None
        state, version = loaded.state, loaded.version
        for event in outcome:
            version += 1
            topic, stored = self._mapper.encode(event)
            # What is folded is what a reader will see: an event that cannot be read back is never stored.
            state = step.decider.evolve(state, self._mapper.decode(topic, stored))
            self.events.append(
                NewEvent(
                    loaded.stream_id, version, topic, stored, conference,
                    uuid5(loaded.stream_id, str(version)), self._meta, at,
                )
            )  # fmt: skip
        return Loaded(loaded.stream_id, state, version, at, loaded.position), tuple(outcome)


def _guards(steps: Sequence[Step], before: Mapping[UUID, Loaded[Any]], events: Sequence[NewEvent]) -> list[Guard]:
    """What must still hold when the events are stored, beside the versions of the streams they go to.

    That is what handlers relied on, and the streams of steps that found nothing to do while others did.
    """
    written = {event.originator_id for event in events}
    guards = {stream: loaded.version for stream, loaded in before.items() if events and stream not in written}
    for step in steps:
        for seen in step.guards:
            known = before.get(seen.stream_id, seen).version
            if guards.setdefault(seen.stream_id, known) != seen.version:
                raise _Changed
    return [Guard(stream, version) for stream, version in guards.items() if stream not in written]


def _has_moved(loaded: Loaded[Any], expected: Position | None, epoch: str) -> bool:
    """Whether a stream has events that the client had not seen; one who saw another log has seen none of them."""
    return expected is not None and (expected.epoch != epoch or loaded.position > expected.value)


def _recorded(envelope: Envelope, secret: Secret | None) -> CommandRecord | None:
    """The idempotency record without its outcome; that of a ballot cannot be led back to the command."""
    if envelope.command_id is None:
        return None
    if secret is None:
        return CommandRecord(envelope.command_id, envelope.request_hash, b"")
    command_id = UUID(bytes=secret.digest(envelope.command_id.bytes)[:16])
    return CommandRecord(command_id, secret.digest(envelope.request_hash), b"", secret.at)


def _meta(envelope: Envelope) -> bytes:
    command = envelope.command_id.hex if envelope.command_id else None
    return msgspec.json.encode({"actor": envelope.actor, "trace": envelope.trace, "command": command})

# SPDX-License-Identifier: Apache-2.0
"""One contract event and what follows from it in this service, as one transaction with the note that it is applied."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice, takewhile
from typing import TYPE_CHECKING
from uuid import NAMESPACE_OID, uuid5

import structlog

from services.chassis.api import Decide
from services.chassis.bus import Bus
from services.chassis.contract import Done
from services.chassis.database import Database, Tx
from services.chassis.decider import Refusal
from services.chassis.decisions import Envelope
from services.chassis.inflow import Delivered
from services.chassis.policies import Policies, PolicyContext, Reaction, Transient
from services.chassis.records import Tracking
from services.chassis.refusals import ConcurrentChange, StreamIsReadOnly
from services.chassis.subjects import ES_POSITION, ES_TOPIC
from services.chassis.telemetry import TRACEPARENT, Kind, span
from services.chassis.writing import MOST, Outcome, Write, Writing

if TYPE_CHECKING:
    from services.chassis.service import Runtime

log = structlog.get_logger()

AT_ONCE = 32
"""Policies that decide at the same moment, each for another conference."""


class NotUnderstood(Exception):
    """An event of a version that this release does not know, or a stream of a newer release."""


@dataclass(frozen=True, slots=True)
class Tables:
    """The parts of a process that has no log of its own: all its reactions to events are writers of tables.

    Args:
        db: its database, with the chassis' tables.
        bus: its connection to NATS.
    """

    db: Database
    bus: Bus


class Reactions:
    """Applies the events of one source.

    Args:
        runtime: the parts of the service.
        policies: its reactions.
        source: the service whose events are applied.

    Raises:
        ValueError: a policy decides, and there is no log for what it decides.
    """

    def __init__(self, runtime: Runtime | Tables, policies: Policies, source: str) -> None:
        if isinstance(runtime, Tables) and any(reaction.policy for reaction in policies.reactions.values()):
            raise ValueError(f"{policies.service} has no log: its policies can only write tables")
        self.consumer = policies.service
        self.source = source
        self._runtime = runtime
        self._policies = policies
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._writing = Writing(runtime.db, self.consumer, source)

    async def note(self, conference: str, position: int) -> None:
        """Notes that an event is dealt with, though nothing follows from it."""
        _, error = await self._writing.write(conference, [Write(position, _nothing)])
        if error is not None:
            raise error

    def together(self, waiting: Iterable[Delivered | None]) -> int:
        """How many of the first events of a conference can be applied at once: those that only write tables."""
        return max(1, sum(1 for _ in takewhile(self._only_writes, islice(waiting, MOST))))

    async def apply(self, conference: str, events: Sequence[Delivered], *, again: bool = False) -> Outcome:
        """Does what the service's policies say about events of a conference, in their order.

        Args:
            events: one, or as many as `together` allows. One that was applied before changes nothing.
            again: the first of them has just failed.

        Returns:
            How many are applied, and why the next one is not: `NotUnderstood` or `msgspec.DecodeError` when this
            release cannot, now or later, or whatever the policy raised; `faults.passes` tells whether to try again.
        """
        if self._only_writes(events[0]):
            writes = [Write(position_of(event), partial(self._write, event)) for event in events]
            return await self._writing.write(conference, writes, alone=again)
        try:
            async with self._turns:
                await self._follow(conference, events[0])
        except Exception as error:
            return 0, error
        return 1, None

    async def close(self) -> None:
        """Ends what is under way; what was not committed did not happen."""
        await self._writing.close()

    def _only_writes(self, delivered: Delivered | None) -> bool:
        reaction = None if delivered is None else self._policies.find(self.source, _topic(delivered)[0])
        return reaction is not None and reaction.writer is not None

    async def _write(self, delivered: Delivered, tx: Tx) -> None:
        reaction = self._understood(delivered)
        assert reaction is not None  # noqa: S101 - the caller saw it
        assert reaction.writer is not None  # noqa: S101 - the caller saw it
        with span(f"policy {reaction.event.__name__}", delivered.headers.get(TRACEPARENT), Kind.CONSUMER):
            await reaction.writer(tx, reaction.decoder.decode(delivered.data), position_of(delivered))

    async def _follow(self, conference: str, delivered: Delivered) -> None:
        reaction = self._understood(delivered)
        if reaction is not None:
            with span(f"policy {reaction.event.__name__}", delivered.headers.get(TRACEPARENT), Kind.CONSUMER) as trace:
                await self._decide(reaction, conference, position_of(delivered), delivered.data, trace)

    def _understood(self, delivered: Delivered) -> Reaction | None:
        name, version = _topic(delivered)
        reaction = self._policies.find(self.source, name)
        if reaction is not None and version > reaction.event.VERSION:
            raise NotUnderstood(f"{name} of version {version}, this release knows {reaction.event.VERSION}")
        return reaction

    async def _decide(self, reaction: Reaction, conference: str, position: int, data: bytes, trace: str) -> None:
        runtime = self._runtime
        assert not isinstance(runtime, Tables)  # noqa: S101 - the constructor saw it
        assert reaction.policy is not None  # noqa: S101 - the caller saw it
        context = self._context(runtime, position, trace)
        outcome = await reaction.policy(reaction.decoder.decode(data), context)
        steps, effects = (outcome.steps, outcome.effects) if isinstance(outcome, Decide) else (outcome, ())
        key = f"{self.consumer}:{self.source}:{position}"
        envelope = Envelope(
            uuid5(NAMESPACE_OID, key) if steps else None,
            hashlib.sha256(key.encode()).digest(),
            self.consumer,
            trace,
            self._tracking(conference, position),
        )
        result = await runtime.repository.execute(steps, envelope, Done(), effects)
        if isinstance(result, ConcurrentChange):
            raise Transient("somebody else was faster")
        if isinstance(result, StreamIsReadOnly):
            raise NotUnderstood(f"a stream holds {result.topic} of a newer release")
        if isinstance(result, Refusal):
            log.info("policy refused", event_type=reaction.event.__name__, refusal=type(result).__name__)
            await self.note(conference, position)

    def _context(self, runtime: Runtime, position: int, trace: str) -> PolicyContext:
        return PolicyContext(
            now=runtime.clock.now(),
            clock=runtime.clock,
            repository=runtime.repository,
            db=runtime.db,
            keys=runtime.keys,
            requests=runtime.requests,
            settings=runtime.settings,
            source=self.source,
            position=position,
            trace=trace,
        )

    def _tracking(self, conference: str, position: int) -> Tracking:
        return Tracking(self.consumer, self.source, conference, position)


async def _nothing(_: Tx) -> None:
    """What is written of an event that leaves nothing but the note."""


def position_of(delivered: Delivered) -> int:
    """The position of an event in the log of its source."""
    return int(delivered.headers.get(ES_POSITION, 0))


def _topic(delivered: Delivered) -> tuple[str, int]:
    name, _, version = delivered.headers.get(ES_TOPIC, "").partition("/")
    return name, int(version or 1)

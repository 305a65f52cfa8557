# SPDX-License-Identifier: Apache-2.0
"""One contract event and what follows from it in this service, as one transaction with the note that it is applied."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING
from uuid import NAMESPACE_OID, uuid5

import structlog

from services.chassis.api import Decide
from services.chassis.contract import Done
from services.chassis.database import Tx
from services.chassis.decider import Refusal
from services.chassis.decisions import Envelope
from services.chassis.inflow import Delivered
from services.chassis.policies import Policies, PolicyContext, Reaction, Transient
from services.chassis.records import Append, Tracking
from services.chassis.refusals import ConcurrentChange, StreamIsReadOnly
from services.chassis.subjects import ES_TOPIC
from services.chassis.telemetry import TRACEPARENT, span

if TYPE_CHECKING:
    from services.chassis.service import Runtime

log = structlog.get_logger()


class NotUnderstood(Exception):
    """An event of a version that this release does not know, or a stream of a newer release."""


class Reactions:
    """Applies the events of one source.

    Args:
        runtime: the parts of the service.
        policies: its reactions.
        source: the service whose events are applied.
    """

    def __init__(self, runtime: Runtime, policies: Policies, source: str) -> None:
        self.consumer = policies.service
        self.source = source
        self._runtime = runtime
        self._policies = policies

    async def note(self, conference: str, position: int) -> None:
        """Notes that an event is dealt with, though nothing follows from it."""
        await self._runtime.store.append(Append(tracking=self._tracking(conference, position)))

    async def apply(self, conference: str, position: int, delivered: Delivered) -> None:
        """Does what the service's policy says about an event. An event that was applied before changes nothing.

        Raises:
            NotUnderstood, msgspec.DecodeError: this release cannot apply it, now or later.
            Exception: whatever the policy raises; `faults.passes` tells whether to try again.
        """
        name, _, version = delivered.headers.get(ES_TOPIC, "").partition("/")
        reaction = self._policies.find(self.source, name)
        if reaction is None:
            return
        if int(version or 1) > reaction.event.VERSION:
            raise NotUnderstood(f"{name} of version {version}, this release knows {reaction.event.VERSION}")
        with span(f"policy {name}", delivered.headers.get(TRACEPARENT)) as trace:
            if reaction.writer is not None:
                await self._write(reaction, conference, position, delivered.data)
            else:
                await self._decide(reaction, conference, position, delivered.data, trace)

    async def _write(self, reaction: Reaction, conference: str, position: int, data: bytes) -> None:
        assert reaction.writer is not None  # noqa: S101 - the caller saw it
        event = reaction.decoder.decode(data)
        async with self._runtime.db.transaction() as tx:
            if await _track(tx, self._tracking(conference, position)):
                await reaction.writer(tx, event, position)

    async def _decide(self, reaction: Reaction, conference: str, position: int, data: bytes, trace: str) -> None:
        assert reaction.policy is not None  # noqa: S101 - the caller saw it
        context = self._context(position, trace)
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
        result = await self._runtime.repository.execute(steps, envelope, Done(), effects)
        if isinstance(result, ConcurrentChange):
            raise Transient("somebody else was faster")
        if isinstance(result, StreamIsReadOnly):
            raise NotUnderstood(f"a stream holds {result.topic} of a newer release")
        if isinstance(result, Refusal):
            log.info("policy refused", event_type=reaction.event.__name__, refusal=type(result).__name__)
            await self.note(conference, position)

    def _context(self, position: int, trace: str) -> PolicyContext:
        runtime = self._runtime
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


async def _track(tx: Tx, tracking: Tracking) -> bool:
    """Notes an event as applied; False when it has been before."""
    moved = await tx.fetchval(
        "INSERT INTO consumed AS known (consumer, source, conference, position) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (consumer, source, conference) DO UPDATE SET position = EXCLUDED.position"
        " WHERE known.position < EXCLUDED.position RETURNING position",
        *tracking,
    )
    return moved is not None

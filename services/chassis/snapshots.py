# SPDX-License-Identifier: Apache-2.0
"""Kept states of long streams: whoever loads one reads the state and what came after it, not everything.

A snapshot is a short cut and nothing else. It is written beside the work that gave rise to it, which never waits for
it; where one is missing, of another version or of a past that the log does not hold, the events are folded instead.
It holds what the events hold: ids and sealed texts.
"""

import asyncio
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import msgspec
import structlog

from services.chassis.decider import Command, Decider, Event, Snapshotted
from services.chassis.decisions import Loaded
from services.chassis.store import EventStore, Snapshot
from services.chassis.tasks import end

S = TypeVar("S")
C = TypeVar("C", bound=Command)
E = TypeVar("E", bound=Event)

EVERY = 200
"""A state is kept each time its stream has grown by so many events."""

MOST_WAITING = 100
"""So many states wait to be written. Further ones are left out; their streams will be loaded or grow again."""

log = structlog.get_logger()


class Snapshots:
    """The kept states of one log.

    Args:
        store: the log.
    """

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._waiting: dict[UUID, tuple[Snapshotted, Loaded[Any]]] = {}
        self._writing: asyncio.Task[None] | None = None

    async def newest(self, decider: Decider[S, C, E], stream_id: UUID) -> Loaded[S] | None:
        """The kept state of a stream; None if there is none to rely on.

        Raises:
            StoreUnavailable: the database cannot be reached.
        """
        if decider.snapshot is None:
            return None
        try:
            kept = await self._store.select_snapshot(stream_id, decider.snapshot.version)
            if kept is None:
                return None
            state: S = unpack(decider.snapshot, kept.kind, kept.state)
        except (asyncpg.PostgresError, KeyError, msgspec.MsgspecError) as error:
            log.error("a snapshot cannot be read, so its stream is folded", decider=decider.name, exc_info=error)
            return None
        return Loaded(stream_id, state, kept.originator_version, kept.recorded_at, kept.notification_id)

    def note(self, decider: Decider[Any, Any, Any], before: int, loaded: Loaded[Any]) -> None:
        """Lets a state be kept if its stream has grown by enough since the version `before`; returns at once."""
        if decider.snapshot is None or (loaded.version + 1) // EVERY == (before + 1) // EVERY:
            return
        if len(self._waiting) >= MOST_WAITING and loaded.stream_id not in self._waiting:
            return
        self._waiting[loaded.stream_id] = decider.snapshot, loaded
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write(), name="snapshots")

    async def settled(self) -> None:
        """Returns when all that waited is written."""
        if self._writing is not None:
            await asyncio.wait([self._writing])

    async def close(self) -> None:
        """Ends the writing; what still waits is left out."""
        if self._writing is not None:
            await end(self._writing)

    async def _write(self) -> None:
        while self._waiting:
            stream_id, (rule, loaded) = self._waiting.popitem()
            assert loaded.at is not None, "a stream that has grown has a last event"  # noqa: S101 -- see `note`
            try:
                kind, state = pack(rule, loaded.state)
                await self._store.keep_snapshot(
                    Snapshot(stream_id, loaded.version, rule.version, kind, state, loaded.at)
                )
            except Exception as error:  # No command may fail for it, and none did: the next state will be tried again.
                log.warning("a snapshot was not written", stream=stream_id.hex, exc_info=error)


def pack(rule: Snapshotted, state: Any) -> tuple[str, bytes]:
    """Name of the class and content of a state.

    Raises:
        ValueError: the rule does not name the class; it could not be read back.
    """
    if type(state) not in rule.states:
        raise ValueError(f"{type(state).__name__} is none of the states that are kept")
    return type(state).__name__, msgspec.msgpack.encode(state)


def unpack(rule: Snapshotted, kind: str, state: bytes) -> Any:
    """The state of a name and content.

    Raises:
        KeyError: the rule has no such state.
        msgspec.MsgspecError: the content is not that of the state.
    """
    return _decoder({of.__name__: of for of in rule.states}[kind])(state)


@cache
def _decoder(of: type[msgspec.Struct]) -> Callable[[bytes], Any]:
    return msgspec.msgpack.Decoder(of).decode

# SPDX-License-Identifier: Apache-2.0
"""What goes into a log, what comes out of it, and what an append leads to.

`services.chassis.store` offers all of it to the rest of the code.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID


class NewEvent(NamedTuple):
    """An event to be stored. Versions of a stream are contiguous and start at 0 (or at 1, as in the library)."""

    originator_id: UUID
    originator_version: int
    topic: str
    state: bytes
    conference_id: UUID | None
    event_id: UUID
    meta: bytes
    recorded_at: datetime


class Recorded(NamedTuple):
    """A stored event; `notification_id` is its position in the log."""

    notification_id: int
    originator_id: UUID
    originator_version: int
    topic: str
    state: bytes
    conference_id: UUID | None
    event_id: UUID
    meta: bytes
    recorded_at: datetime


class Snapshot(NamedTuple):
    """The state of a stream after the event `originator_version`, recorded at `recorded_at`.

    `kind` is the name of the state's class, `state_version` that of the rule that folded it. `notification_id` is the
    event's position in the log; a snapshot that goes in need not know it.
    """

    originator_id: UUID
    originator_version: int
    state_version: int
    kind: str
    state: bytes
    recorded_at: datetime
    notification_id: int = 0


class CommandRecord(NamedTuple):
    """The idempotency record of a command: the same id and hash again get `outcome` again.

    `at` is the time by which it is purged; None takes the time of the database.
    """

    command_id: UUID
    request_hash: bytes
    outcome: bytes
    at: datetime | None = None


class Tracking(NamedTuple):
    """How far a consumer has come in the log of `source`, for one conference (32 hex digits or `city`)."""

    consumer: str
    source: str
    conference: str
    position: int


class Guard(NamedTuple):
    """A stream that must still be at `version` (-1: without events); nothing is written to it."""

    originator_id: UUID
    version: int


class Statement(NamedTuple):
    """SQL that runs in the transaction of an append item, after its events."""

    sql: str
    args: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Append:
    """One append item: all of it is stored, or nothing."""

    events: Sequence[NewEvent] = ()
    command: CommandRecord | None = None
    tracking: Tracking | None = None
    guards: Sequence[Guard] = ()
    effects: Sequence[Statement] = ()


@dataclass(frozen=True, slots=True)
class Appended:
    """The item is stored; `position` is that of its last event, or the head of the log if it has none."""

    position: int


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The command was stored before, with this outcome at this position."""

    outcome: bytes
    position: int


@dataclass(frozen=True, slots=True)
class KeyReused:
    """The command id belongs to another request."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A stream that the item writes or guards has another version."""


@dataclass(frozen=True, slots=True)
class AlreadyTracked:
    """The consumer has already passed the position of the item's tracking."""


Result: TypeAlias = Appended | Duplicate | KeyReused | Conflict | AlreadyTracked


class StoreUnavailable(Exception):
    """The database cannot be reached. What was sent may be stored or not: repeat it with the same command id."""


class StoreBusy(Exception):
    """More appends wait than the store takes in; nothing was sent."""


class LogSetBack(Exception):
    """The log ends before a position that this process saw committed: its database was restored from a backup.

    Nothing is appended until `quartier refill` has given the log new numbers.
    """

    def __init__(self, head: int, floor: int) -> None:
        super().__init__(f"the log ends at {head}, but {floor} was committed; cure it with `quartier refill`")
        self.head = head
        self.floor = floor


def heads(item: Append) -> dict[UUID, int]:
    """The version each stream of an item must have: those it writes and those it guards.

    Raises:
        ValueError: versions of one stream are not contiguous, or a stream is both written and guarded differently.
    """
    expected: dict[UUID, int] = {}
    last: dict[UUID, int] = {}
    for event in item.events:
        stream = event.originator_id
        before = last.get(stream)
        if before is None:
            expected[stream] = event.originator_version - 1
        elif event.originator_version != before + 1:
            raise ValueError(f"version {event.originator_version} does not follow {before} in stream {stream}")
        last[stream] = event.originator_version
    for guard in item.guards:
        if expected.setdefault(guard.originator_id, guard.version) != guard.version:
            raise ValueError(f"stream {guard.originator_id} is written and guarded at different versions")
    return expected

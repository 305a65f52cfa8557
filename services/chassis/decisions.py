# SPDX-License-Identifier: Apache-2.0
"""What a repository is asked to decide, and what it answers.

`services.chassis.repository` offers all of it to the rest of the code.
"""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar
from uuid import UUID

import msgspec

from services.chassis.contract import Answer, Position
from services.chassis.decider import Command, Decider, Event
from services.chassis.store import Tracking

S_co = TypeVar("S_co", covariant=True)

_CANONICAL = msgspec.json.Encoder(order="deterministic")


@dataclass(frozen=True, slots=True)
class Loaded(Generic[S_co]):
    """The state of a stream.

    Args:
        stream_id: the stream.
        version: version of its last event, -1 when it has none.
        at: time of its last event; None when it has none.
        position: a position of the log at which the state held, 0 for a stream without events.
    """

    stream_id: UUID
    state: S_co
    version: int = -1
    at: datetime | None = None
    position: int = 0


@dataclass(frozen=True, slots=True)
class Secret:
    """How a ballot is stored: nothing in the database tells who cast it.

    Args:
        stream_id: from an HMAC of the poll's key and the participant.
        at: the instant stored instead of the real one: the poll's opening.
        digest: HMAC under the poll's key; the idempotency record holds it in place of id and hash.
    """

    stream_id: UUID
    at: datetime
    digest: Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Step:
    """One command to one stream.

    Args:
        decider: the kind of aggregate.
        key: which one; usually 32 hex digits.
        command: the wish; its `now` is raised to the time of the stream's last event.
        conference: the conference the events belong to (32 hex digits), None for the city.
        secret: set for ballots.
        guards: what the handler loaded and relied on: if one of these streams has changed since, nothing is
            stored and the answer is `ConcurrentChange`, upon which the handler runs again.
        when: whether the step is taken at all, given what the steps before it led to; always when None.
    """

    decider: Decider[Any, Any, Any]
    key: str
    command: Command
    conference: str | None
    secret: Secret | None = None
    guards: Sequence[Loaded[Any]] = ()
    when: "Callable[[Sequence[Decided]], bool] | None" = None


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who asked, and how a repetition is recognised. `tracking` is set for policies.

    `expected` is the place up to which the client saw what the command is about: the stream of the first step, and what
    `about` adds to it. Where one of them has events behind it, the client decided on something else than there is, and
    the command is refused. The streams of further steps are consequences: they are not compared.
    """

    command_id: UUID | None
    request_hash: bytes
    actor: str
    trace: str
    tracking: Tracking | None = None
    expected: Position | None = None
    about: Sequence[Loaded[Any]] = ()


def request_hash(request: msgspec.Struct, key: bytes) -> bytes:
    """What is kept of a request for days, to see whether a repeated command id comes with the same content.

    HMAC-SHA-256 of its canonical form: whoever has the database alone cannot confirm a guess, such as a name with an
    address.

    Args:
        request: what was asked.
        key: `Settings.request_key`, the same in all replicas.
    """
    return hmac.digest(key, type(request).__name__.encode() + b"\0" + _CANONICAL.encode(request), hashlib.sha256)


class Decided(NamedTuple):
    """What one step led to: its events, none when it was not taken, and the state after them. A function that answers
    gets one per step."""

    step: Step
    state: Any
    events: tuple[Event, ...]


class Executed(NamedTuple):
    """A command that was carried out.

    Args:
        answer: the answer as JSON.
        position: everything the command led to is at or before this position of the log.
        repeated: the command, or the tracked message, had been carried out before.
    """

    answer: msgspec.Raw
    position: int
    repeated: bool = False


Answering: TypeAlias = Answer | Callable[[Sequence[Decided]], Answer]

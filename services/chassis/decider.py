# SPDX-License-Identifier: Apache-2.0
"""The pure protocol of a rule: commands in, events or a refusal out, state folded from events.

This is the only module of the chassis that a domain may import. It does no I/O, reads no clock and
draws no random numbers; whatever a rule needs arrives in its command.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Generic, TypeVar

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A fact that was decided.

    `TOPIC` is the stable name under which the fact is stored (`session.phase_started`); it never
    changes, whatever becomes of the class name. `VERSION` rises with every change of the fields that a
    default value cannot bridge; the class then offers `upcast_v1_v2(state: dict) -> dict` as a static method.
    """

    TOPIC: ClassVar[str]
    VERSION: ClassVar[int] = 1


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """A wish to change one stream. `now` is set by the deciding service, in UTC."""

    now: datetime


class Refusal(msgspec.Struct, frozen=True, kw_only=True, tag_field="refusal", tag=True):
    """Why a command was not carried out: a type that carries facts, never prose."""


class Sealed(msgspec.Struct, frozen=True):
    """A text that only the holder of a key can read.

    Args:
        key: id of the key (32 hex digits): that of the person who wrote it, or of a sheet written together.
        box: nonce and ciphertext; worthless once the key is destroyed.
    """

    key: str
    box: bytes


S = TypeVar("S")
C = TypeVar("C", bound=Command)
E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class Snapshotted:
    """States of this kind are kept now and then, because a stream of it can exceed 200 events.

    Args:
        states: the classes that a state can be an instance of.
        version: raised whenever `evolve`, the events or the fields of the states change; what was kept under another
            version is ignored. Files in `tests/contract/golden/snapshots` notice the change.
    """

    states: tuple[type[msgspec.Struct], ...]
    version: int = 1


@dataclass(frozen=True, slots=True)
class Decider(Generic[S, C, E]):
    """One kind of aggregate: how it decides and how its state follows from its events.

    Args:
        name: stable name of the kind; part of every stream id, so it never changes.
        initial: the state of a stream without events.
        decide: `(state, command)` to the new events, none when the wish already holds, or a refusal.
        evolve: `(state, event)` to the next state; total over `events`.
        events: every event type that a stream of this kind may hold.
        snapshot: how states are kept; None where no stream exceeds 200 events, and for ballots, whose streams hold
            nothing but what was cast.
    """

    name: str
    initial: S
    decide: Callable[[S, C], Sequence[E] | Refusal]
    evolve: Callable[[S, E], S]
    events: tuple[type[E], ...]
    snapshot: Snapshotted | None = None

    def fold(self, state: S, events: Iterable[E]) -> S:
        """The state after `events`."""
        evolve = self.evolve
        for event in events:
            state = evolve(state, event)
        return state

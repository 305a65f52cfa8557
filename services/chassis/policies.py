# SPDX-License-Identifier: Apache-2.0
"""What a service does when another one tells it something: one function and one sentence per contract event.

policies = Policies("rooms")

@policies.when(contracts.session.LobbyOpened)
async def when_the_lobby_opens_make_the_venue_ready(event, ctx):
    return [Step(VENUE, event.conference_id, MakeReady(now=ctx.now, ...), conference=event.conference_id)]

@policies.write(contracts.registration.ParticipantErased)
async def when_a_person_is_erased_forget_their_key(tx, event, position): ...
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import msgspec

from services.chassis.clock import Clock
from services.chassis.contract import ContractEvent
from services.chassis.decider import Command, Decider, Event

if TYPE_CHECKING:
    from services.chassis.api import Decide
    from services.chassis.database import Database, Tx
    from services.chassis.keys import Keys
    from services.chassis.repository import Loaded, Repository, Step
    from services.chassis.requests import Requests
    from services.chassis.settings import Settings

S = TypeVar("S")
C = TypeVar("C", bound=Command)
E = TypeVar("E", bound=Event)
ContractT = TypeVar("ContractT", bound=ContractEvent)


@dataclass(frozen=True, slots=True)
class PolicyContext:
    """What a policy may use.

    Args:
        now: the present instant of domain time; commands carry it. The instant of the fact is `event.at`.
        source: the service that told the event.
        position: place of the event in the source's log.
        trace: id of the trace that led to the event, 32 hex digits.
        requests: asks other services. A refusal `Unavailable` or `Busy` that the policy cannot live with is
            raised as `Transient`, so that the event is tried again.
    """

    now: datetime
    clock: Clock
    repository: Repository
    db: Database
    keys: Keys
    requests: Requests
    settings: Settings
    source: str
    position: int
    trace: str

    async def load(self, decider: Decider[S, C, E], key: str) -> Loaded[S]:
        """The present state of one stream."""
        return await self.repository.load(decider, key)


class Transient(Exception):
    """A policy cannot do its work now but will be able to: the event is tried again, in its place."""


Policy: TypeAlias = "Callable[[ContractT, PolicyContext], Awaitable[Sequence[Step] | Decide]]"
Writer: TypeAlias = "Callable[[Tx, ContractT, int], Awaitable[None]]"


@dataclass(frozen=True, slots=True)
class Reaction:
    """What happens upon one type of contract event: either `policy` or `writer` is set."""

    event: type[ContractEvent]
    policy: Policy[Any] | None
    writer: Writer[Any] | None
    decoder: msgspec.json.Decoder[Any]


class Policies:
    """The reactions of one service to the contract events of the others; one reaction per type.

    Args:
        service: the consuming service; also the name of its consumer.
    """

    def __init__(self, service: str) -> None:
        self.service = service
        self.reactions: dict[tuple[str, str], Reaction] = {}

    @property
    def sources(self) -> tuple[str, ...]:
        """The services whose events are consumed, in alphabetical order."""
        return tuple(sorted({source for source, _ in self.reactions}))

    def names(self, source: str) -> tuple[str, ...]:
        """The names of the events of `source` that cause a reaction, in alphabetical order."""
        return tuple(sorted(name for of, name in self.reactions if of == source))

    def find(self, source: str, name: str) -> Reaction | None:
        """The reaction to one type of event, None when there is none."""
        return self.reactions.get((source, name))

    def when(self, event: type[ContractT]) -> Callable[[Policy[ContractT]], Policy[ContractT]]:
        """Registers a policy: it returns the steps that follow (or a `Decide` with effects), which are stored
        in one transaction together with the note that the event has been applied. An empty sequence is an answer.
        A refusal by a rule is noted and ends the matter; `Transient` tries again; any other exception parks the
        conference.

        Args:
            event: the type of contract event.
        """

        def register(policy: Policy[ContractT]) -> Policy[ContractT]:
            self._add(Reaction(event, policy, None, msgspec.json.Decoder(event)))
            return policy

        return register

    def write(self, event: type[ContractT]) -> Callable[[Writer[ContractT]], Writer[ContractT]]:
        """Registers a function `(tx, event, position)` that writes tables of its own, in one transaction with the
        note that the event has been applied.

        Args:
            event: the type of contract event.
        """

        def register(writer: Writer[ContractT]) -> Writer[ContractT]:
            self._add(Reaction(event, None, writer, msgspec.json.Decoder(event)))
            return writer

        return register

    def _add(self, reaction: Reaction) -> None:
        source, name = reaction.event.SERVICE, reaction.event.__name__
        if source == self.service:
            raise ValueError(f"{name} is an event of {source} itself: react with a projection or a timer")
        if (source, name) in self.reactions:
            raise ValueError(f"{source}'s {name} has two reactions: one function per event decides all that follows")
        self.reactions[source, name] = reaction

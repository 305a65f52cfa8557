# SPDX-License-Identifier: Apache-2.0
"""What resolvers may use while one operation is executed: who asks, and the ways to the services."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar, cast

import msgspec
from strawberry.dataloader import DataLoader
from strawberry.types import Info

from gateway.answers import Good
from gateway.backends import Backends
from gateway.licences import Licences
from gateway.limits.budget import Paid
from gateway.schema.permissions import GRANTED, STAFF, Needs, lacking, standing
from gateway.schema.relay import Signer
from services.chassis.clock import Clock
from services.chassis.contract import Answer, CommandRequest, QueryRequest
from services.chassis.identity import ANONYMOUS, Actor
from services.chassis.refusals import NotAllowed
from services.chassis.requests import Refused, Reply
from services.contracts import ideas as contract
from services.contracts.shared import Cut

if TYPE_CHECKING:
    from gateway.live.hubs import Hubs

A = TypeVar("A", bound=Answer)

QUERY_PATIENCE = 3.0
LIVE_PATIENCE = 0.3
"""Real time (seconds) to wait for names. Live changes go out without them, and again once they are there."""


class Context:
    """One operation's view of the world.

    Args:
        actor: who asks, from a verified token.
        conference: of a resident: the conference their token is for (32 hex digits).
        backends: the services.
        signer: makes cursors.
        clock: domain time.
        hubs: the live conferences.
        after: positions the client has seen, by service (`<epoch>:<value>`): answers are no older.
        scopes: what the app may by which the client comes, see `permissions.SCOPES`; None: they come by none.
        paid: what the operation cost; None for what nobody pays for.
        client: the id of the app by which the client comes; empty: none.
        licences: the city's terms for public data.
        register_app: lets an app be registered from the client's address: 0, or the real seconds to wait.

    Attributes:
        good: until when what was read so far is good.
        incomplete: whether a name is missing from the result because registration could not be asked.
        stale: the services that answered with less than the client has seen.
    """

    def __init__(
        self,
        actor: Actor,
        conference: str | None,
        backends: Backends,
        signer: Signer,
        clock: Clock,
        hubs: "Hubs",
        after: Mapping[str, str] | None = None,
        scopes: frozenset[str] | None = None,
        paid: Paid | None = None,
        client: str = "",
        licences: Licences = MappingProxyType({}),
        register_app: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.actor = actor
        self.conference = conference
        self.backends = backends
        self.signer = signer
        self.clock = clock
        self.hubs = hubs
        self.after = after or {}
        self.scopes = scopes
        self.paid = paid
        self.client = client
        self.licences = licences
        self.register_app = register_app
        self.incomplete = False
        self.stale: set[str] = set()
        self.good = Good()
        self._patience = QUERY_PATIENCE
        self._floors: Mapping[str, int] = {}
        self.names_at_hand = backends.names.at_hand
        self._standings: dict[tuple[str | None, bool], frozenset[str]] = {}

    @cached_property
    def names(self) -> DataLoader[tuple[str, str], str | None]:
        """Names of people, those of one moment asked for together; most operations need it not, and it takes time."""
        return DataLoader(load_fn=self.load_names, cache=False)

    @cached_property
    def ideas(self) -> DataLoader[str, contract.IdeaView | None]:
        """Ideas by their ids, those of one moment asked for together."""
        return DataLoader(load_fn=self._load_ideas)

    def of_nobody(self) -> "Context":
        """A context for what several clients read: it may see no more than anybody."""
        context = Context(ANONYMOUS, None, self.backends, self.signer, self.clock, self.hubs, licences=self.licences)
        context._patience = LIVE_PATIENCE
        return context

    def no_older_than(self, positions: Mapping[str, int]) -> "Context":
        """The same for what must include something: an older answer is a refusal.

        Args:
            positions: of the logs of services, whichever epoch they are of: numbers only rise.
        """
        context = Context(
            self.actor,
            self.conference,
            self.backends,
            self.signer,
            self.clock,
            self.hubs,
            self.after,
            self.scopes,
            licences=self.licences,
        )
        context._floors = positions
        return context

    async def ask(self, query: QueryRequest[A]) -> A:
        """The answer of a service to the client's question.

        Raises:
            Refused: the service is down, or does not answer this client.
        """
        known: A | None = None if query.SERVICE in self._floors else self.answers_at_hand()(query)
        if known is not None:
            return known
        self.good.until = 0.0
        reply = await self.backends.ask(query, self.actor, after=self.after.get(query.SERVICE))
        if reply.stale:
            self.stale.add(query.SERVICE)
        floor = self._floors.get(query.SERVICE)
        if floor is not None:
            reply = await self.backends.at_least(query, self.actor, reply, floor)
        answer = reply.unwrap()
        if isinstance(answer, contract.Ideas) and self.actor.is_wide and query.conference is None:
            return cast("A", await self._seen_closer(answer))
        return answer

    def answers_at_hand(self) -> Callable[[QueryRequest[Any]], Any]:
        """A function from a question to its answer in memory, good for this moment; None: it must be asked."""
        return self.backends.answers.reader(self.actor, self.after, self.good)

    @property
    def reads_what_is_kept(self) -> bool:
        """Whether nobody in particular asks, for nothing newer than what is kept."""
        return self.actor.kind == "anonymous" and not self.after and not self._floors

    async def command(self, request: CommandRequest[Any], key: str, seen: str | None) -> Reply[Any]:
        """Has a service carry out the client's command.

        Args:
            request: the command.
            key: the client's idempotency key.
            seen: the position (`<epoch>:<value>`) at which the client saw what the command is about.
        """
        return await self.backends.command(request, self.actor, key, expected=seen)

    async def load_names(self, people: list[tuple[str, str]]) -> Sequence[str | None]:
        """The names of `(conference, person)`; None for who has none, and while registration is away."""
        names: Sequence[str | None] = await self.backends.names.load(people, self._patience)
        self.incomplete = self.incomplete or not self.backends.names.known(people)
        return names

    @property
    def is_resident(self) -> bool:
        """Whether a resident asks."""
        return self.actor.kind == "resident"

    def stands(self, conference: str | None, *, anywhere: bool = False) -> frozenset[str]:
        """The roles in which the client stands at a conference (None: in the city); found once per operation."""
        place = (conference, anywhere)
        known = self._standings.get(place)
        if known is None:
            actor = self.actor
            if actor.is_wide:
                actor = actor.within(conference, self.backends.places.scopes(conference))
            known = self._standings[place] = standing(actor, self.conference, conference, anywhere=anywhere)
        return known

    def is_staff(self, conference: str | None) -> bool:
        """Whether the client serves at this conference, or for the city; guests, jurors and partners do not."""
        return not self.stands(conference).isdisjoint(STAFF)

    def is_invited(self, conference: str) -> bool:
        """Whether the client has some role at this very conference, such as a guest of honour."""
        return "invited" in self.stands(conference)

    def visiting(self, conference: str) -> tuple[str, ...] | None:
        """The roles of a person of the staff that hold at a conference by its series or its district; else None."""
        if self.actor.kind != "staff":
            return None
        places = self.backends.places.scopes(conference) if self.actor.is_wide else ()
        return tuple(sorted({grant.role for grant in self.actor.grants if grant.scope in places} & GRANTED))

    def lacking(self, needs: Needs, conference: str | None, within: Collection[str] = ()) -> str | None:
        """What the client lacks for these needs at a conference, in words; None when they may.

        Args:
            needs: of a field or command.
            conference: the one that it is about.
            within: of one that is not announced yet: what it will belong to, `series:<id>` and `district:<id>`.
        """
        if within:
            roles = standing(self.actor.within(conference, within), self.conference, conference)
        elif needs.place == "conference":
            roles = self.stands(conference)
        else:
            roles = self.stands(None, anywhere=needs.place == "anywhere")
        return lacking(needs, roles, self.scopes)

    def require(self, needs: Needs, conference: str | None = None) -> None:
        """Refuses who lacks something.

        Args:
            needs: of a field.
            conference: the one that the field is about.

        Raises:
            Refused: they do.
        """
        lacks = self.lacking(needs, conference)
        if lacks is not None:
            raise Refused(NotAllowed(needs=lacks))

    async def _seen_closer(self, page: contract.Ideas) -> contract.Ideas:
        """A page of ideas of several conferences, each as the client may see it.

        How to reach a group is for whoever serves at its conference. Where a role holds by a series or a district, the
        service must know which conference is meant: those ideas are asked for once more, all in one message.

        Raises:
            Refused: the service is down.
        """
        ideas = {item.idea_id: item for item in page.items}
        at: dict[str, list[str]] = {}
        for item in page.items:
            if self.is_invited(item.conference_id):
                at.setdefault(item.conference_id, []).append(item.idea_id)
        again = (
            self.ask(contract.ListIdeas(conference_id=where, ids=tuple(ids), cut=Cut(first=len(ids))))
            for where, ids in at.items()
        )
        for closer in await asyncio.gather(*again):
            ideas.update((item.idea_id, item) for item in closer.items)
        return msgspec.structs.replace(page, items=tuple(ideas[item.idea_id] for item in page.items))

    async def _load_ideas(self, ids: list[str]) -> list[contract.IdeaView | None]:
        found: dict[str, contract.IdeaView] = {}
        for start in range(0, len(ids), 100):
            some = tuple(ids[start : start + 100])
            page = await self.ask(contract.ListIdeas(ids=some, cut=Cut(first=len(some))))
            found.update((item.idea_id, item) for item in page.items)
        return [found.get(idea) for idea in ids]


def context_of(info: Info) -> Context:
    """The context of the operation that is executed."""
    return cast("Context", info.context)


def offers(info: Info, kind: str) -> bool:
    """Whether the schema in which the operation is executed has this type: a narrower door has fewer."""
    return kind in info._raw_info.schema.type_map  # noqa: SLF001 -- strawberry's own schema is the whole one

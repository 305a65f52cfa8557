# SPDX-License-Identifier: Apache-2.0
"""Fills a new feed with everything that there is: what the services say beside what they tell from now on.

Events are written down all the while. A node that was told of is left as it is; so it does not matter which of both
comes first.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

import structlog

from gateway.backends import Backends
from gateway.changes.feed import Feed
from services.chassis.clock import Clock
from services.chassis.contract import Answer, Position, QueryRequest
from services.chassis.identity import ANONYMOUS
from services.chassis.quiet import Seldom
from services.chassis.refusals import NotFound
from services.chassis.requests import Refused, Reply
from services.contracts import ideas, registration, session
from services.contracts.shared import Cut

A = TypeVar("A", bound=Answer)

log = structlog.get_logger()

LOOK_SECONDS = 2.0
"""Real time after which it is looked again whether a feed must be filled."""


class Survey:
    """Keeps the feed complete; one gateway does it.

    Args:
        feed: the feed.
        backends: the services.
        clock: domain time.
        look_seconds: real time between two looks.
    """

    def __init__(self, feed: Feed, backends: Backends, clock: Clock, *, look_seconds: float = LOOK_SECONDS) -> None:
        self._feed = feed
        self._backends = backends
        self._clock = clock
        self._look_seconds = look_seconds
        self._seldom = Seldom()
        self._told: Mapping[str, int] = {}

    async def run(self) -> None:
        """Fills every feed that is not complete, until cancelled."""
        while True:
            feed = await self._feed.unfinished()
            if feed is not None:
                try:
                    await self._fill(feed)
                except Refused as refused:
                    if self._seldom.due(str(refused)):
                        log.info("the feed of changes waits for a service", refusal=str(refused))
                else:
                    log.info("the feed of changes is complete")
                    continue
            await asyncio.sleep(self._look_seconds)

    async def _fill(self, feed: UUID) -> None:
        """Asks for everything that everybody may read.

        Raises:
            Refused: a service is away, or behind its own events; it is begun again.
        """
        # What was told before this feed was begun is not told again: whoever does not know of it yet is waited for.
        self._told = await self._feed.told()
        async for page in self._pages(lambda cut: registration.ListDistricts(cut=cut)):
            await self._add(feed, "District", [one.district_id for one in page.unwrap().items], page)
        async for page in self._pages(lambda cut: registration.ListConferences(cut=cut)):
            conferences = [one.conference_id for one in page.unwrap().items]
            await self._add(feed, "Conference", conferences, page)
            await asyncio.gather(*(self._add_session(feed, conference) for conference in conferences))
        async for page in self._pages(lambda cut: ideas.ListChallenges(cut=cut)):
            await self._add(feed, "Challenge", [one.challenge_id for one in page.unwrap().items], page)
        async for page in self._pages(lambda cut: ideas.ListIdeas(cut=cut)):
            await self._add(feed, "Idea", [one.idea_id for one in page.unwrap().items], page)
        await self._feed.finish(feed)

    async def _add_session(self, feed: UUID, conference: str) -> None:
        reply = await self._ask(session.GetSession(conference_id=conference))
        if reply.answer is not None:
            await self._add(feed, "Session", [conference], reply)

    async def _add(self, feed: UUID, kind: str, nodes: Sequence[str], reply: Reply[Any]) -> None:
        position = Position.parse(reply.position).value
        await self._feed.fill(feed, kind, [UUID(node) for node in nodes], self._clock.now(), position)

    async def _pages(self, query: Callable[[Cut], QueryRequest[Any]]) -> AsyncIterator[Reply[Any]]:
        after = None
        while True:
            reply = await self._ask(query(Cut(first=100, after=after)))
            listed = reply.unwrap()
            yield reply
            if not listed.more:
                return
            after = listed.keys[-1]

    async def _ask(self, query: QueryRequest[A]) -> Reply[A]:
        """The reply as everybody gets it; what is not there is a reply as well."""
        reply = await self._backends.ask(query, ANONYMOUS)
        reply = await self._backends.at_least(query, ANONYMOUS, reply, self._told.get(query.SERVICE, 0))
        if reply.refusal is not None and not isinstance(reply.refusal, NotFound):
            raise Refused(reply.refusal)
        return reply

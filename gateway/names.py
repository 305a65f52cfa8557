# SPDX-License-Identifier: Apache-2.0
"""Display names of people, kept for a minute so that live changes do not ask for them again and again.

While registration does not answer, the names it told last go on being shown: nobody is erased without it.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

Person = tuple[str, str]
"""Conference and participant, or conference and person of its staff."""

AskNames = Callable[[str, tuple[str, ...]], Awaitable[Mapping[str, str] | None]]
"""The names of people of a conference; None while registration is away."""

PAUSE_SECONDS = 1.0
"""Real time for which a conference's names are not asked for after registration did not answer."""


class Names:
    """Display names of people.

    Args:
        ask: registration.
        seconds: real time for which a name is kept.
        size: how many names are kept.
    """

    def __init__(self, ask: AskNames, *, seconds: float = 60.0, size: int = 50_000) -> None:
        self._ask = ask
        self._seconds = seconds
        self._size = size
        self._kept: OrderedDict[Person, tuple[float, str | None]] = OrderedDict()
        self._flights: dict[str, asyncio.Task[None]] = {}
        self._paused: dict[str, float] = {}
        self._forgotten = 0

    async def load(self, people: Sequence[Person], patience: float) -> Sequence[str | None]:
        """The names of people, None for erased and unknown ones and where registration did not say.

        Args:
            people: who.
            patience: real time to wait for registration, in seconds.
        """
        by_conference: dict[str, set[str]] = {}
        for conference, person in people:
            by_conference.setdefault(conference, set()).add(person)
        until = time.monotonic() + patience
        await asyncio.gather(*(self._complete(conference, ids, until) for conference, ids in by_conference.items()))
        return [self._kept.get(person, (0.0, None))[1] for person in people]

    def at_hand(self, person: Person) -> str | None:
        """The name of a person without asking.

        Raises:
            KeyError: it must be asked for.
        """
        until, name = self._kept[person]
        if until < time.monotonic():
            raise KeyError(person)
        return name

    def known(self, people: Iterable[Person]) -> bool:
        """Whether registration has said of all these people what they are called, or that it does not know them."""
        return all(person in self._kept for person in people)

    def forget(self, conference: str, person: str) -> None:
        """Drops a name at once: the person was erased."""
        self._forgotten += 1
        self._kept.pop((conference, person), None)

    def forget_everywhere(self, person: str) -> None:
        """Drops a name in all conferences at once: somebody of the staff was erased."""
        self._forgotten += 1
        for key in [key for key in self._kept if key[1] == person]:
            del self._kept[key]

    def forget_all(self) -> None:
        """Drops all names: somebody may have been erased unheard."""
        self._forgotten += 1
        self._kept.clear()

    async def _complete(self, conference: str, ids: set[str], until: float) -> None:
        while missing := self._missing(conference, ids):
            now = time.monotonic()
            if now >= until or now < self._paused.get(conference, 0.0):
                return
            flight = self._flights.get(conference)
            if flight is None:
                flight = self._flights[conference] = asyncio.create_task(self._fetch(conference, missing))
            await asyncio.wait({flight}, timeout=until - now)
            if flight.done():
                flight.result()

    def _missing(self, conference: str, ids: set[str]) -> set[str]:
        now = time.monotonic()
        return {person for person in ids if self._kept.get((conference, person), (0.0, None))[0] < now}

    async def _fetch(self, conference: str, ids: set[str]) -> None:
        try:
            before = self._forgotten
            names = await self._ask(conference, tuple(sorted(ids)))
            if names is None:
                self._paused[conference] = time.monotonic() + PAUSE_SECONDS
                return
            self._paused.pop(conference, None)
            if self._forgotten != before:
                return  # somebody may have been erased after the answer was made; whoever waits asks again
            until = time.monotonic() + self._seconds
            for person in ids:
                self._kept[conference, person] = (until, names.get(person))
                self._kept.move_to_end((conference, person))
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        finally:
            del self._flights[conference]

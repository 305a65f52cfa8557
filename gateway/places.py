# SPDX-License-Identifier: Apache-2.0
"""What each conference belongs to: its series and its district, where roles may hold.

Registration decides it when a conference is announced, and it never changes. So the gateway keeps all of it in memory:
asked for once, followed by `ConferenceAnnounced`, asked for again where something may have been missed. A role is then
looked up without a question to anybody, and nothing that a client says comes into it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec

from services.chassis.bus import Bus, Subscribed
from services.chassis.contract import Position
from services.chassis.identity import scope_of
from services.chassis.requests import Reply
from services.contracts import registration
from services.contracts.shared import Cut

PAGE: Final = 100
SAFETY_SECONDS: Final = 60.0
"""Real time after which everything is asked for again: an announcement may have been lost on the way."""
MISSED_SECONDS: Final = 1.0
"""The same, when a conference was asked about that is not known here."""
RETRY_SECONDS: Final = 1.0
"""Real time for which registration is left alone once it did not answer, or was not so far as it was asked for."""

Ask = Callable[[registration.ListConferences, str | None], Awaitable[Reply[Any]]]
"""Asks registration, from a position on."""


class _Announced(msgspec.Struct):
    conference_id: str
    series_id: str
    district_id: str


_ANNOUNCED = msgspec.json.Decoder(_Announced)


class Places:
    """What each conference belongs to.

    Args:
        ask: registration.
        now: monotonic time in seconds; tests bring their own.
    """

    def __init__(self, ask: Ask, *, now: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._now = now
        self._known: dict[str, tuple[str, ...]] = {}
        self._position: Position | None = None
        self._read_at = float("-inf")
        self._failed_at = float("-inf")
        self._doubtful = False
        self._missed = False
        self._reading = asyncio.Lock()
        self._listening: Subscribed | None = None

    async def open(self, bus: Bus) -> None:
        """Follows what is announced from now on."""
        bus.on_reconnect.append(self.doubt)
        subject = f"{bus.prefix}.evt.{registration.SERVICE}.*.*.{registration.ConferenceAnnounced.__name__}"
        self._listening = await bus.subscribe(subject, self._on_message)

    async def close(self) -> None:
        """Stops listening."""
        if self._listening is not None:
            await self._listening.stop()

    def doubt(self) -> None:
        """Something may have been announced unheard."""
        self._doubtful = True

    def scopes(self, conference: str | None) -> tuple[str, ...]:
        """The series and the district of a conference as scopes; none of one that is not known.

        Args:
            conference: 32 hex digits; None: none.
        """
        if conference is None:
            return ()
        known = self._known.get(conference)
        if known is None:
            self._missed = True
            return ()
        return known

    async def settled(self, after: str | None = None) -> bool:
        """Sees to it that all conferences are known; False when registration could not be asked yet at all.

        Args:
            after: a position (`<epoch>:<value>`) in registration's log: what was announced up to it is known.
        """
        if not self._settled(after):
            async with self._reading:
                if not self._settled(after) and self._now() - self._failed_at > RETRY_SECONDS:
                    await self._read(after)
        return self._read_at > float("-inf")

    def _settled(self, after: str | None) -> bool:
        age = self._now() - self._read_at
        if age > SAFETY_SECONDS or self._doubtful or (self._missed and age > MISSED_SECONDS):
            return False
        try:
            wanted = Position.parse(after) if after else None
        except ValueError:
            return True
        # A position of another log is one that can never be reached.
        known = self._position
        return wanted is None or known is None or wanted.epoch != known.epoch or wanted.value <= known.value

    async def _read(self, after: str | None) -> None:
        self._doubtful = self._missed = False
        cursor: str | None = None
        while True:
            query = registration.ListConferences(cut=Cut(first=PAGE, after=cursor))
            reply = await self._ask(query, after)
            if reply.answer is None:
                self._doubtful, self._failed_at = True, self._now()
                return
            if cursor is None:
                self._reached(reply.position)
                if reply.stale:  # whoever asks for what it does not have yet, must not keep it busy
                    self._failed_at = self._now()
            for item in reply.answer.items:
                self._note(item.conference_id, item.series_id, item.district_id)
            if not reply.answer.more:
                break
            cursor = reply.answer.keys[-1]
        self._read_at = self._now()

    def _note(self, conference: str, series: str, district: str) -> None:
        self._known[conference] = (scope_of(None, series, None), scope_of(None, None, district))

    def _reached(self, position: str) -> None:
        try:
            reached = Position.parse(position)
        except ValueError:
            return
        known = self._position
        if known is None or known.epoch != reached.epoch or known < reached:
            self._position = reached

    async def _on_message(self, message: Any) -> None:
        told = _ANNOUNCED.decode(message.data)
        self._note(told.conference_id, told.series_id, told.district_id)

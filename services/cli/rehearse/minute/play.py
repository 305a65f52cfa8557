# SPDX-License-Identifier: Apache-2.0
"""Plays the minute: polls are open in all lobbies, every session begins, all residents vote; then all form groups.

While ballots are offered, every moderator starts the evening at a moment of the same ten seconds. Once all residents of
a conference were answered, the moderator closes the poll, and everybody goes into small groups, into which those who
are there are mixed anew. Ballots and changes go through the API; what the bus says is only listened to.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec

from gateway.client import Client, messages
from services.chassis.bus import join
from services.cli.rehearse.listener import Listener
from services.cli.rehearse.minute.figures import CHANGES, Evening
from services.cli.rehearse.minute.seeding import Guest, Hall
from services.cli.rehearse.patience import GivenUp, Patience, Unknown, carried_out
from services.cli.rehearse.stage import ask, must
from services.cli.rehearse.world import World, local

WINDOW_SECONDS = 10.0
"""In this time all ballots are offered and all sessions begin, each at a moment of its own."""

PATIENCE_SECONDS = 300.0
"""Real time after which nobody waits any more."""

OPTIONS = 4
AT_ONCE = 32
"""People who come in at the same time, before the minute."""


class _Session(msgspec.Struct):
    run: int
    phase: int | None = None


class _Poll(msgspec.Struct):
    open: bool


class _Change(msgspec.Struct, rename="camel"):
    session: _Session | None = None
    changed_polls: list[_Poll] = []


class _Data(msgspec.Struct, rename="camel"):
    conference_changes: _Change


class _Payload(msgspec.Struct):
    data: _Data


class _Next(msgspec.Struct):
    payload: _Payload


_NEXT = msgspec.json.Decoder(_Next)


class _PhaseStarted(msgspec.Struct):
    run: int


_STARTED = msgspec.json.Decoder(_PhaseStarted)


class Conference:
    """One conference on the stage.

    Args:
        world: the city.
        hall: who is in it.
        sockets: so many of its residents watch.
        draw: everything that is drawn.
        retried: what passed when somebody tried again.
        errors: what nobody could cope with.
    """

    def __init__(
        self, world: World, hall: Hall, sockets: int, draw: random.Random, retried: Counter[str], errors: list[str]
    ) -> None:
        self.world, self.hall, self.draw, self.errors = world, hall, draw, errors
        self.patience = Patience(retried, draw, seconds=PATIENCE_SECONDS)
        self.evening = Evening(local(hall.gid))
        self.watching = hall.guests[:sockets]
        self.listeners: list[Listener] = []
        self.told = asyncio.Event()
        self._tokens: dict[str, str] = {}
        self._moderator: Client | None = None
        self._poll = ""

    # Before the minute ----------------------------------------------------------------------------------------------

    async def prepare(self, room: asyncio.Semaphore) -> None:
        """Opens the lobby and a poll in it; residents come in, some of them watch."""
        token = await self.world.sign_in("moderator", self.hall.moderator_id, "Moderation", self.evening.conference_id)
        self._moderator = self.world.client(token)
        await must(self._moderator, "OpenLobby", conference_id=self.hall.gid)
        question = {"de": "Wohin?", "en": "Where to?"}
        options = [{"de": str(number), "en": str(number)} for number in range(OPTIONS)]
        asked = {"kind": "SINGLE", "question": question, "options": options, "live": True}
        self._poll = (await must(self._moderator, "OpenPoll", conference_id=self.hall.gid, **asked)).poll_id
        conduct = (await ask(self._moderator, "CodeOfConduct")).code_of_conduct
        code = None if conduct is None else conduct.version
        await asyncio.gather(*(self._enter(guest, code, room) for guest in self.hall.guests))
        await asyncio.gather(*(self._watch(guest, room) for guest in self.watching))

    async def _enter(self, guest: Guest, code: str | None, room: asyncio.Semaphore) -> None:
        async with room, self.world.client() as nobody:
            entered = await must(nobody, "EnterWithLink", conference_id=self.hall.gid, secret=guest.secret)
            self._tokens[guest.participant_id] = entered.token
        if code is not None:
            async with room, self.world.client(entered.token) as resident:
                await must(resident, "AcceptCodeOfConduct", conference_id=self.hall.gid, version=code)

    async def _watch(self, guest: Guest, room: asyncio.Semaphore) -> None:
        """Follows the conference as apps do, by the document that the gateway knows."""
        url = urlsplit(self.world.client().url)
        body = messages.body("ConferenceChanges", {"conferenceId": self.hall.gid}, by_id=True)
        authorization = {"authorization": f"Bearer {self._tokens[guest.participant_id]}"}
        seen: set[str] = set()
        first = asyncio.Event()

        def heard(_: Listener, payload: bytes) -> None:
            first.set()
            self._note(seen, payload)

        listener = Listener(url.netloc, authorization, msgspec.json.decode(body), heard, "1")
        async with room:
            loop = asyncio.get_running_loop()
            await loop.create_connection(lambda: listener, url.hostname or "", url.port or 80)
            async with asyncio.timeout(PATIENCE_SECONDS):
                await first.wait()
        self.listeners.append(listener)

    async def until_present(self) -> None:
        """Waits until the session knows that all who watch are here."""
        assert self._moderator is not None  # noqa: S101 -- `prepare` comes first
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                found = (await ask(self._moderator, "EveningForStaff", id=self.hall.gid)).conference
                self.evening.present = len(found.presence.present) if found and found.presence else 0
                if self.evening.present == len(self.watching):
                    return
                await asyncio.sleep(0.5)  # presence is told to those who watch, and the moderator does not

    # The minute -----------------------------------------------------------------------------------------------------

    async def play(self, began: float) -> None:
        """Plays the minute.

        Args:
            began: when it begins, on `time.perf_counter`.
        """
        starting = asyncio.create_task(self._start(began + self.draw.uniform(0, WINDOW_SECONDS)))
        moments = [began + self.draw.uniform(0, WINDOW_SECONDS) for _ in self.hall.guests]
        await asyncio.gather(*map(self._vote, self.hall.guests, moments))
        await starting
        await self._press("closed", "ClosePoll", poll_id=self._poll)
        await self._press("groups", "NextPhase", run=1, force=True)
        if self.listeners:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self.told.wait()

    async def _start(self, at: float) -> None:
        await _until(at)
        await self._press("started", "StartSession")

    async def _press(self, change: str, command: str, **fields: Any) -> None:
        """A click of the moderator."""
        self.evening.asked[change] = time.perf_counter()
        assert self._moderator is not None  # noqa: S101 -- `prepare` comes first
        try:
            outcome = await self.patience.command(self._moderator, command, {"conference_id": self.hall.gid, **fields})
        except GivenUp as error:
            self.errors.append(f"moderator: {error}")
            return
        if isinstance(outcome, Unknown) or not carried_out(outcome):
            self.errors.append(f"moderator: {command} was refused: {outcome}")
            return
        self.evening.answered[change] = time.perf_counter()

    async def _vote(self, guest: Guest, at: float) -> None:
        option = self.draw.randrange(OPTIONS)
        answer, votes = Counter([str(option)]), self.evening.votes
        client = self.world.client(self._tokens[guest.participant_id])
        await _until(at)
        self.evening.offered.append(at)
        place = len(self.evening.done)
        self.evening.done.append(at)
        votes.sent(guest.participant_id, answer)
        fields = {"conference_id": self.hall.gid, "poll_id": self._poll, "option": option}
        try:
            outcome = await self.patience.command(client, "CastBallot", fields)
        except GivenUp as error:
            self.errors.append(f"resident: {error}")
        else:
            if carried_out(outcome):
                votes.accept(guest.participant_id, answer)
            elif not isinstance(outcome, Unknown):
                votes.refuse(guest.participant_id, answer)
                self.errors.append(f"resident: CastBallot was refused: {outcome}")
        self.evening.done[place] = time.perf_counter()

    def _note(self, seen: set[str], payload: bytes) -> None:
        """What one socket heard: each change once, a later phase with those before it."""
        try:
            change = _NEXT.decode(payload).payload.data.conference_changes
        except msgspec.DecodeError:
            self.errors.append(f"a socket heard {payload[:200]!r}")
            return
        fresh = []
        if change.session is not None and change.session.run >= 1:
            fresh.append("started")
        if change.session is not None and change.session.run > 1:
            fresh.append("groups")
        if any(not poll.open for poll in change.changed_polls):
            fresh.append("closed")
        now = time.perf_counter()
        for each in fresh:
            if each not in seen and each in self.evening.asked:
                seen.add(each)
                self.evening.seen[each].append(now)
        if self.listeners and all(len(self.evening.seen[each]) == len(self.listeners) for each in CHANGES):
            self.told.set()

    # After the minute -----------------------------------------------------------------------------------------------

    async def count(self) -> None:
        """Asks what was counted."""
        assert self._moderator is not None  # noqa: S101 -- `prepare` comes first
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                found = (await ask(self._moderator, "EveningForStaff", id=self.hall.gid)).conference
                poll = next((one for one in (found.polls or ()) if one.id == self._poll), None) if found else None
                if poll is not None and not poll.open and (poll.tally is not None or poll.ballots < 3):
                    break
                await asyncio.sleep(0.2)  # the read model is behind for a moment
        self.evening.voters = poll.ballots
        self.evening.counted.update({one.label: one.count for one in poll.tally or () if one.count})

    async def leave(self) -> None:
        """Everybody goes."""
        for listener in self.listeners:
            if listener.closed:
                self.errors.append(f"a socket was closed: {listener.closed[:100]!r}")
            listener.transport.abort()
        if self._moderator is not None:
            await self._moderator.close()


async def listen(url: str, prefix: str, conferences: Sequence[Conference]) -> Callable[[], Awaitable[None]]:
    """Notes when changes of these conferences come over the bus, until the result is called.

    Args:
        url: of the bus, for the operator's tool.
        prefix: first token of every subject.
        conferences: on the stage.
    """
    evenings = {each.evening.conference_id: each.evening for each in conferences}
    bus = await join(url, "tool", prefix)

    async def heard(message: Any) -> None:
        *_, conference, event = message.subject.split(".")
        evening = evenings.get(conference)
        if evening is None:
            return
        change = "closed" if event == "PollClosed" else "groups" if _STARTED.decode(message.data).run > 1 else "started"
        evening.published.setdefault(change, time.perf_counter())

    for event in ("PhaseStarted", "PollClosed"):
        await bus.subscribe(f"{prefix}.evt.session.*.*.{event}", heard)
    return bus.close


async def _until(at: float) -> None:
    await asyncio.sleep(max(0.0, at - time.perf_counter()))

# SPDX-License-Identifier: Apache-2.0
"""What all simulated people share: a client, a view of the conference kept up to date, commands that are repeated."""

import asyncio
import base64
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from gateway.client import Client, ClientError, Closed, Refused
from services.cli.rehearse.patience import GivenUp, Patience, Unknown, carried_out
from services.cli.rehearse.record import Record, Votes
from services.cli.rehearse.view import View, channels
from services.cli.rehearse.world import World, local

DEFECTS = frozenset({"IdempotencyKeyReused", "InvalidInput", "NotFound", "StreamIsReadOnly"})
"""Refusals that no race between people explains, beside all that are named `Unknown...`: an app meets them only when
it and the city do not understand each other."""

OVERTAKEN = frozenset({"PlacementChanged", "VenueIsClosed"})
"""Refusals of a confirmation that came too late: the next change says where the person belongs now."""

SETTLE_SECONDS = 60.0
"""Real time that a view gets to become equal to a fresh query after the evening."""

NOT_ACCEPTED = 4403
"""The close code for a token that is not, or no longer, accepted."""


class Player:
    """One simulated person at one conference.

    Args:
        world: the city.
        record: the notes of the conference.
        gid: global id of the conference.
        me: own id, 32 hex digits.
        name: how the person is called in the notes; no real name.
        token: of staff; residents get theirs with `renew`.
        seed: of everything the person does by chance.
    """

    EVENING = "Evening"
    """The query about all that the person may see."""

    def __init__(
        self, world: World, record: Record, *, gid: str, me: str, name: str, token: str | None, seed: int
    ) -> None:
        self.world, self.record = world, record
        self.gid, self.me, self.name = gid, me, name
        self.draw = random.Random(seed)  # noqa: S311 - a rehearsal is drawn, not a secret
        self.client: Client = world.client(token)
        self.view = View()
        self._news, self._version = asyncio.Event(), 0
        self.ended = asyncio.Event()
        self.patience = Patience(record.retried, self.draw, self._renewed)
        self.renew: Callable[[], Awaitable[None]] | None = None
        self._turned_away: float | None = None
        self._runs: set[int] = set()
        self._renewing = asyncio.Lock()

    async def play(self) -> None:
        """The whole evening of this person."""
        raise NotImplementedError

    async def command(self, command: str, /, **fields: Any) -> Any:
        """Sends a command until it is answered.

        Returns:
            The struct of its success, `Refused` (it was certainly not carried out) or `Unknown`.
        """
        try:
            with self.record.timed("command"):
                outcome = await self.patience.command(self.client, command, fields)
        except GivenUp as error:
            self.record.error(self.name, str(error))
            outcome = Unknown() if error.unknown else Refused("GivenUp", "GIVEN_UP", str(error))
        refused = outcome.refused if isinstance(outcome, Unknown) else outcome
        if isinstance(refused, Refused):
            noted = self.record.unknown if isinstance(outcome, Unknown) else self.record.refusals
            noted[f"{command}: {refused.kind}"] += 1
            if refused.kind in DEFECTS or refused.kind.startswith("Unknown"):
                self.record.error(self.name, f"{command} was refused: {refused.kind} {refused.message}")
        return outcome

    async def sent(self, counted: str, command: str, /, **fields: Any) -> Any:
        """Sends a command; its success is counted and returned, everything else is None."""
        outcome = await self.command(command, conference_id=self.gid, **fields)
        if not carried_out(outcome):
            return None
        self.record.counts[counted] += 1
        return outcome

    async def wrote(self, counted: str, topic: str, command: str, /, **fields: Any) -> None:
        """Sends a command that adds something; the id of what was accepted is noted, to be found in the log.

        Args:
            topic: of the event that stores it.
        """
        outcome = await self.sent(counted, command, **fields)
        if outcome is not None:
            (made,) = (getattr(outcome, name) for name in outcome.__struct_fields__ if name.endswith("_id"))
            self.record.written.add((topic, self.local(made)))

    async def voted(self, votes: Votes, answer: Counter[str], command: str, /, **fields: Any) -> None:
        """Sends a vote and notes what became of it; while nobody knows, it may count."""
        votes.sent(self.me, answer)
        outcome = await self.command(command, conference_id=self.gid, **fields)
        if carried_out(outcome):
            votes.accept(self.me, answer)
        elif not isinstance(outcome, Unknown):
            votes.refuse(self.me, answer)

    async def query(self, operation: str, variables: Mapping[str, Any]) -> Any:
        """Asks a query until it is answered; None, and an error is noted, when it is not."""
        try:
            with self.record.timed("query"):
                return await self.patience.query(self.client, operation, variables)
        except GivenUp as error:
            self.record.error(self.name, str(error))
            return None

    async def _renewed(self, token: str | None) -> None:
        """Gets a fresh token; of several tasks that meet the end of one, the first does it.

        Args:
            token: the one that was used.

        Raises:
            GivenUp: there is none.
        """
        if self.renew is None:
            raise GivenUp("the token is not accepted any more", unknown=False)
        async with self._renewing:
            if self.client.token == token:
                await self.renew()

    async def watch(self) -> None:
        """Follows the conference until it is cancelled; the last changes come after the end of the evening."""
        try:
            while True:
                await self._watch()
        except (GivenUp, ConnectionError) as error:
            self.record.error(self.name, f"the subscription ended: {error}")
            self.leave()

    async def _watch(self) -> None:
        """Follows the conference until the subscription is closed for a reason that can be cured, and cures it."""
        token, heard, patience = self.client.token, False, self.patience.seconds
        try:
            changes = self.client.subscribe("ConferenceChanges", {"conferenceId": self.gid}, patience=patience)
            async for change in changes:
                if heard and self.view.is_snapshot(change):
                    self.record.retried["ConferenceChanges: connection lost"] += 1
                heard, self._turned_away = True, None
                self.note(change)
        except Closed as closed:
            self._turned_away = self._turned_away or time.monotonic()
            if closed.code != NOT_ACCEPTED or time.monotonic() - self._turned_away > patience:
                raise GivenUp(str(closed), unknown=False) from None
            self.record.retried["ConferenceChanges: token expired"] += 1
            await self._renewed(token)
        except ClientError as error:
            await self.patience.cure(self.client, "ConferenceChanges", error, token)
        await asyncio.sleep(0.2)  # paces those who are turned away again

    def note(self, change: Any) -> None:
        """Takes a change into the view and wakes who waits for one."""
        self.view.apply(change)
        if not self.view.is_snapshot(change):
            age = (self.world.clock.now() - change.server_time).total_seconds() / self.world.clock.pace
            self.record.delays["change"].append(max(0.0, age * 1000))
        session = self.view.session
        if session is not None:
            if session.run not in self._runs and session.phase is not None:
                self._runs.add(session.run)
                if self._version:  # who comes in the middle of a phase is told of it then
                    self.record.phase_told[session.run].append(time.perf_counter())
            if session.status == "ENDED":
                self.ended.set()
        self._tell()

    def leave(self) -> None:
        """Ends the evening for this person."""
        self.ended.set()
        self._tell()

    def _tell(self) -> None:
        self._version += 1
        self._news.set()
        self._news = asyncio.Event()

    async def news(self, seconds: float) -> bool:
        """Waits for the next change of the view; whether one came within so much real time."""
        try:
            await asyncio.wait_for(self._news.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def turns(self) -> AsyncIterator[None]:
        """A turn whenever the view has changed since the last one, until the evening has ended; misses nothing."""
        seen = -1
        while not self.ended.is_set():
            if seen == self._version:
                await self._news.wait()
            seen = self._version
            yield

    async def confirm_placement(self) -> None:
        """Tells the city that the client is in the room where the person belongs; once for each generation."""
        placement = self.view.placement
        if placement is None or (told := (placement.generation, self.me)) in self.record.placements:
            return
        self.record.placements[told] = placement.room
        try:
            outcome = await self.command("ConfirmPlacement", conference_id=self.gid, generation=placement.generation)
        except asyncio.CancelledError:
            self.record.excused.add(told)  # the person left
            raise
        if carried_out(outcome):
            self.record.confirmed.add(told)
        elif isinstance(outcome, Unknown) or outcome.kind in OVERTAKEN:
            self.record.excused.add(told)

    async def look_back(self) -> None:
        """Holds the view against fresh queries until both say the same, for whoever watched to the end.

        They are read at different moments: what is under way reaches the view a little later, and an answer may come
        from a read model that is behind the view. So only a difference that stays is one.
        """
        if self.view.session is None or self.view.session.status != "ENDED":
            return  # the subscription was lost for good, which is noted as an error
        until, pause = float("inf"), 0.5
        while True:
            asked = await self._ask_for_everything()
            if asked is None:
                return  # noted as an error
            until = min(until, time.monotonic() + SETTLE_SECONDS)
            different = self.view.differences(*asked)
            while different and time.monotonic() < until and await self.news(pause):
                different = self.view.differences(*asked)
            if not different or time.monotonic() >= until:
                break
            pause = min(8.0, pause * 2)
        self.record.views[self.name] = different

    async def _ask_for_everything(self) -> tuple[Any, dict[str, Any]] | None:
        async with self.world.looking_back:
            evening = await self.query(self.EVENING, {"id": self.gid})
            if evening is None:
                return None
            chats = {}
            for channel in channels(evening.conference):
                answer = await self.query("ChatMessages", {"id": self.gid, "channel": channel})
                if answer is None:
                    return None
                chats[channel] = answer.conference.chat
        return evening.conference, chats

    @property
    def minutes_into(self) -> float:
        """Conference minutes since the session started; negative before."""
        session = self.view.session
        if session is None or session.started_at is None:
            return -1.0
        return float((self.world.clock.now() - session.started_at).total_seconds() / 60)

    def phase_minutes(self) -> float:
        """Planned minutes of the running phase."""
        session = self.view.session
        if session is None or session.phase is None:
            return 0.0
        return float(session.phases[session.phase].minutes)

    @staticmethod
    def local(gid: str) -> str:
        """The 32 hex digits in a global id."""
        return local(gid)

    @staticmethod
    def global_id(kind: str, local_id: str) -> str:
        """The global id of a thing."""
        return base64.b64encode(f"{kind}:{local_id}".encode()).decode()

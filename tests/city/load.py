# SPDX-License-Identifier: Apache-2.0
"""People who vote, write, pin cards, move and register while something else happens."""

import asyncio
from collections.abc import Collection
from typing import Self
from uuid import uuid4

from gateway.client import Refused
from services.cli.rehearse.world import local
from tests.city.evening import AHEAD, MOST_CARDS, OPTIONS, Evening, Guest, Move, Person, resident
from tests.city.town import eventually

KINDS = ("ballots", "messages", "cards", "moves", "newcomers")


class Load:
    """Residents who vote, chat and pin cards without pause, a moderator who moves people between groups, and people
    who register for this conference. All voters use one poll.
    """

    def __init__(self, one: Evening, poll: str, kinds: Collection[str] = KINDS) -> None:
        self._one, self._poll, self._kinds = one, poll, kinds
        self._stopping = False
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        doing = {
            "ballots": [self._vote(person, number) for number, person in enumerate(self._one.residents)],
            "messages": [self._chat(person) for person in self._one.residents],
            "cards": [self._pin(person) for person in self._one.residents],
            "moves": [self._move()],
            "newcomers": [self._register()],
        }
        for kind, works in doing.items():
            for work in works:
                if kind in self._kinds:
                    self._tasks.append(asyncio.create_task(work))
                else:
                    work.close()
        return self

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Whoever waits for an answer gets it first: what is not known to be done may be done all the same."""
        self._stopping = True
        if error is not None:
            await self.abandon()
        await asyncio.gather(*self._tasks)

    async def abandon(self) -> None:
        """Everybody closes the browser in mid-sentence."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def goes_on(self, more: int) -> None:
        """Waits until that many more of each kind were accepted from now on."""
        before = self._one.accepted.counts()

        async def more_of_each() -> bool:
            for task in self._tasks:
                if task.done():
                    task.result()
            now = self._one.accepted.counts()
            slow = {"moves": more // 3, "newcomers": more // 5}
            return all(now[kind] >= before[kind] + slow.get(kind, more) for kind in self._kinds)

        await eventually(f"{more} more of each kind are accepted", more_of_each)

    async def _vote(self, person: Person, number: int) -> None:
        given = self._one.accepted.ballots.setdefault(self._poll, {}).setdefault(person.me, [])
        option = number
        while not self._stopping:
            option = (option + 1) % len(OPTIONS)
            await person.must("CastBallot", poll_id=self._poll, option=option)
            given.append(option)
            await self._breathe(person)

    async def _chat(self, person: Person) -> None:
        while not self._stopping:
            text = f"{person.name} {uuid4().hex}"
            said = await person.command("PostMessage", conference_id=self._one.gid, channel="plenary", text=text)
            if isinstance(said, Refused):
                assert said.kind == "TooManyMessages", said  # people are kept from flooding; they write on later
            else:
                self._one.accepted.messages.append(local(said.message_id))
            await self._breathe(person)
            await self._breathe(person)

    async def _pin(self, person: Person) -> None:
        pinned = 0
        while not self._stopping and pinned < MOST_CARDS:
            await self._breathe(person)
            counts = self._one.accepted.counts()
            if counts["cards"] > min(counts["messages"], counts["ballots"]) + AHEAD:
                continue  # while others wait for a killed process, the cards shall not run out
            pinned += 1
            card = await person.must("AddCard", kind="NEED", text=f"{person.name} {uuid4().hex}")
            self._one.accepted.cards.append(local(card.card_id))

    async def _move(self) -> None:
        """Moves somebody from the largest group to the smallest, again and again."""
        moderator = self._one.moderator
        while not self._stopping:
            await self._breathe(moderator)
            answer = await moderator.ask("EveningForStaff", id=self._one.gid)
            seating = answer.conference.groups  # None: the service is away
            groups = sorted(seating.groups if seating else (), key=lambda group: (len(group.members), group.number))
            if len(groups) < 2 or len(groups[0].members) > 4:
                continue
            mover = groups[-1].members[0].id
            outcome = await moderator.command(
                "MoveParticipant", conference_id=self._one.gid, participant_id=mover, group_id=groups[0].id
            )
            if not isinstance(outcome, Refused):
                position = int(outcome.position.rpartition(":")[2])
                self._one.accepted.moves.append(Move(local(mover), local(groups[0].id), position))

    async def _register(self) -> None:
        number = 0
        while not self._stopping:
            number += 1
            newcomer = await resident(self._one.world, self._one.gid, Guest(f"Newcomer {number}", f"n{number}"))
            self._one.accepted.newcomers.append(newcomer.me)
            self._one.moderator.again += newcomer.again
            await newcomer.close()
            await self._breathe(self._one.moderator)

    async def _breathe(self, person: Person) -> None:
        await asyncio.sleep(person.draw.uniform(0.05, 0.25))  # people do not type faster, and cards are limited

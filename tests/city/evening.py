# SPDX-License-Identifier: Apache-2.0
"""A small conference made through the public API, and people who use it without pause while things break."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import uuid4

from gateway.client import ClientError, Refused, Unreached, new_id
from services.cli.rehearse.patience import PASSING
from services.cli.rehearse.player import Player
from services.cli.rehearse.record import Record
from services.cli.rehearse.view import channels
from services.cli.rehearse.world import World, local
from tests.city.town import PATIENCE, eventually

OPTIONS = ("Süd", "Nord", "Ost", "West")

CONSENTS = [{"purpose": "participation", "version": "2026-11"}, {"purpose": "mixed-groups", "version": "2026-11"}]

MOST_CARDS = 45
"""Of one person; the city takes 50."""

AHEAD = 30
"""So many more cards than messages or ballots are pinned at most."""


class Person(Player):
    """Somebody who sends a command again, with the same key, until it was carried out or refused for good."""

    def __init__(self, world: World, gid: str, me: str, name: str, token: str | None) -> None:
        super().__init__(world, Record(local(gid)), gid=gid, me=me, name=name, token=token, seed=hash(me) & 0xFFFF)
        self.patience.seconds = PATIENCE
        self.again: Counter[str] = Counter()

    @property
    def gid_of_me(self) -> str:
        return self.global_id("Person", self.me)

    async def command(self, command: str, /, **fields: Any) -> Any:
        """Sends a command until it is answered; passing failures are met with the same key again."""
        key, deadline, last = uuid4().hex, time.monotonic() + PATIENCE, ""
        while time.monotonic() < deadline:
            try:
                outcome = await self.client.command(command, idempotency_key=key, **fields)
            except (Unreached, ClientError) as error:
                last = f"{type(error).__name__}: {error}"
                if isinstance(error, ClientError) and "UNAUTHENTICATED" in error.codes and self.renew is not None:
                    await self.renew()
            else:
                if not isinstance(outcome, Refused) or outcome.kind not in PASSING:
                    return outcome
                last = outcome.kind
            self.again[last] += 1
            await asyncio.sleep(0.05 + 0.2 * self.draw.random())
        raise AssertionError(f"{self.name}: {command} was not answered in {PATIENCE} s: {last}; {dict(self.again)}")

    async def must(self, command: str, /, **fields: Any) -> Any:
        """A command that has to succeed."""
        outcome = await self.command(command, conference_id=self.gid, **fields)
        assert not isinstance(outcome, Refused), f"{self.name}: {command}: {outcome}"
        return outcome

    async def ask(self, operation: str, **variables: Any) -> Any:
        """A query, again until it is answered."""

        async def answer() -> Any:
            try:
                return await self.client.execute(operation, variables)
            except (Unreached, ClientError):
                return None

        return await eventually(f"{operation} is answered", answer)

    def follow(self) -> None:
        """Watches the conference from now on."""
        self.watching = asyncio.create_task(self.watch())

    async def move_to(self, world: World) -> None:
        """Uses another address of the city from now on."""
        token, watched = self.client.token, hasattr(self, "watching")
        await self.close()
        self.world, self.client = world, world.client(token)
        if watched:
            self.follow()

    async def close(self) -> None:
        """Leaves."""
        watching: asyncio.Task[None] | None = getattr(self, "watching", None)
        if watching is not None:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        await self.client.close()


@dataclass
class Evening:
    """One conference with its people. `accepted` is what they were told was done."""

    world: World
    gid: str
    organiser: Person
    moderator: Person
    residents: list[Person] = field(default_factory=list)
    accepted: "Accepted" = field(default_factory=lambda: Accepted())  # noqa: PLW0108 -- defined below

    @property
    def conference_id(self) -> str:
        return local(self.gid)

    async def start(self) -> None:
        """Enters the first phase."""
        await self.moderator.must("StartSession")
        await self.entered(1)

    async def run(self) -> int:
        """The number of the present phase."""
        evening = await self.moderator.ask("EveningForStaff", id=self.gid)
        assert evening.conference.session is not None
        return int(evening.conference.session.run)

    async def next(self) -> int:
        """Presses next; the number of the phase that began."""
        run = await self.run()
        await self.moderator.must("NextPhase", run=run)
        await self.entered(run + 1)
        return run + 1

    async def entered(self, run: int) -> None:
        """Waits until everybody can see that the phase with this number began."""

        async def begun() -> bool:
            return await self.run() == run

        await eventually(f"phase {run} began", begun)

    async def open_poll(self) -> str:
        """Opens a poll of the moderator's own; its global id."""
        options = [{"de": option, "en": option} for option in OPTIONS]
        question = {"de": "Wohin?", "en": "Where?"}
        opened = await self.moderator.must("OpenPoll", kind="SINGLE", question=question, options=options, live=True)
        return str(opened.poll_id)

    async def close_poll(self, poll: str) -> Mapping[str, int]:
        """Closes it; what was counted, by option. Fewer than three ballots have no result."""
        await self.moderator.must("ClosePoll", poll_id=poll)

        async def counted() -> Any:
            evening = await self.moderator.ask("EveningForStaff", id=self.gid)
            found = next((one for one in evening.conference.polls or () if one.id == poll), None)
            done = found is not None and not found.open and (found.tally is not None or found.ballots < 3)
            return found if done else None

        result = await eventually("the poll is counted", counted)
        return {count.label: count.count for count in result.tally or () if count.count}

    async def move_to(self, world: World) -> None:
        """Lets everybody use a city that was started again, at its new addresses."""
        self.world = world
        for person in (self.organiser, self.moderator, *self.residents):
            await person.move_to(world)

    async def close(self) -> None:
        """Sends everybody home."""
        await asyncio.gather(*(one.close() for one in (self.organiser, self.moderator, *self.residents)))


class Move(NamedTuple):
    """Who was told to be moved into which group, and at which position of the log that was so."""

    person: str
    group: str
    position: int


@dataclass
class Accepted:
    """What the API said was done: cards and messages by id, ballots in order by person and poll, people who were moved
    to another group, people who registered meanwhile."""

    cards: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    ballots: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    moves: list["Move"] = field(default_factory=list)
    newcomers: list[str] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """How many of each kind."""
        ballots = sum(len(given) for people in self.ballots.values() for given in people.values())
        return {
            "cards": len(self.cards),
            "messages": len(self.messages),
            "ballots": ballots,
            "moves": len(self.moves),
            "newcomers": len(self.newcomers),
        }


async def announce(
    world: World, organiser: Person, capacity: int, *, minutes: float = 10, title: str = "Bürgerkonferenz"
) -> str:
    """A district, a series and an open conference; its global id. The lobby opens a quarter of an hour before it."""
    district, series, gid = new_id("District"), new_id("Series"), new_id("Conference")
    steps = (
        ("DefineDistrict", {"district_id": district, "name": f"Quartier {district[-6:]}", "postal_codes": ["79100"],
                            "streets": []}),
        ("CreateSeries", {"series_id": series, "title": "Reihe", "zone": "Europe/Berlin"}),
        ("AnnounceConference", {
            "conference_id": gid, "series_id": series, "district_id": district, "title": title, "language": "DE",
            "starts_at": (world.clock.now() + timedelta(minutes=minutes)).isoformat(), "capacity": capacity,
        }),
        ("OpenConference", {"conference_id": gid}),
    )  # fmt: skip
    for command, fields in steps:
        outcome = await organiser.command(command, **fields)
        assert not isinstance(outcome, Refused), f"{command}: {outcome}"
    return gid


@dataclass(frozen=True)
class Guest:
    """Who shall take part; an address without `@` gets one that belongs to the conference."""

    name: str
    address: str
    needs: str | None = None
    attributes: Mapping[str, str] = field(default_factory=lambda: {"age": "30-44"})

    @classmethod
    def number(cls, number: int) -> "Guest":
        """Just somebody."""
        return cls(f"Resident {number}", f"r{number}")


def address_of(guest: Guest, gid: str) -> str:
    """Their mail address."""
    return guest.address if "@" in guest.address else f"{guest.address}.{local(gid)[:8]}@example.org"


async def resident(world: World, gid: str, guest: Guest) -> Person:
    """Registers, confirms and enters with the links of the mails."""
    person = Person(world, gid, "", guest.name, None)
    try:
        await _enter(person, gid, guest)
    except BaseException:  # also who is interrupted leaves no connection behind
        await person.close()
        raise
    return person


async def _enter(person: Person, gid: str, guest: Guest) -> None:
    world, email = person.world, address_of(guest, gid)
    await person.must(
        "Register", name=guest.name, email=email, language="DE", needs=guest.needs, consents=CONSENTS,
        attributes=[{"name": name, "value": value} for name, value in guest.attributes.items()],
    )  # fmt: skip
    confirmation = await world.mailbox.link(email, "confirm", local(gid), within=PATIENCE)
    state = await person.must("ConfirmRegistration", secret=confirmation.secret)
    person.me = local(state.participant_id)
    link = await world.mailbox.link(email, "enter", local(gid), within=PATIENCE)

    async def enter() -> None:
        door = Person(
            person.world, gid, person.me, f"{guest.name} at the door", None
        )  # a dead token would be refused here
        try:
            entered = await door.command("EnterWithLink", conference_id=gid, secret=link.secret)
        finally:
            await door.close()
        assert not isinstance(entered, Refused), entered
        person.client.token = entered.token

    person.renew = enter
    await enter()


async def accept_code(person: Person) -> None:
    """Somebody with a seat agrees to the code of conduct."""
    code = (await person.ask("CodeOfConduct")).code_of_conduct

    async def accepted() -> bool:
        """Refused until the session has heard of the seat."""
        outcome = await person.command("AcceptCodeOfConduct", conference_id=person.gid, version=code.version)
        return not isinstance(outcome, Refused)

    await eventually("the code of conduct is accepted", accepted)


async def staff(world: World, organiser: Person, gid: str, role: str, name: str) -> Person:
    """Somebody of the staff of one conference."""
    gid_of_staff = new_id("Person")
    for command, fields in (
        ("AddStaff", {"staff_id": gid_of_staff, "name": name, "email": f"{local(gid_of_staff)}@staff.example.org"}),
        ("AssignStaff", {"conference_id": gid, "staff_id": gid_of_staff, "role": role.upper()}),
    ):
        outcome = await organiser.command(command, **fields)
        assert not isinstance(outcome, Refused), f"{command}: {outcome}"
    person = Person(world, gid, local(gid_of_staff), name, None)

    async def renew() -> None:
        try:
            person.client.token = await person.world.sign_in(role, person.me, name, local(gid))
        except Unreached:
            return  # the issuer is away; whoever asked tries again

    person.renew = renew
    await eventually("staff are signed in", lambda: _signed_in(person))
    return person


async def _signed_in(person: Person) -> bool:
    assert person.renew is not None
    await person.renew()
    return person.client.token is not None


async def organiser_of(world: World) -> Person:
    """An organiser of the city, another one each time: alone, nobody may open many conferences a day."""
    me = uuid4().hex
    person = Person(world, new_id("Conference"), me, "organiser", None)

    async def renew() -> None:
        try:
            person.client.token = await person.world.sign_in("organiser", me, "Organiser", None)
        except Unreached:
            return

    person.renew = renew
    await eventually("the organiser is signed in", lambda: _signed_in(person))
    return person


@asynccontextmanager
async def evening(world: World, guests: Sequence[Guest], *, capacity: int = 100) -> AsyncIterator[Evening]:
    """A conference whose residents have seats, are there and watch; it has not started yet."""
    organiser = await organiser_of(world)
    gid = await announce(world, organiser, capacity)
    moderator = await staff(world, organiser, gid, "moderator", "Moderation")
    one = Evening(world, gid, organiser, moderator)
    try:
        one.residents += await asyncio.gather(*(resident(world, gid, guest) for guest in guests))
        for person in (moderator, *one.residents):
            person.follow()
        await asyncio.gather(*map(accept_code, one.residents))
        await _everybody_is_there(one)
        yield one
    finally:
        await one.close()


async def _everybody_is_there(one: Evening) -> None:
    async def seen() -> bool:
        presence = one.moderator.view.presence
        here = {person.id for person in presence.present} if presence is not None else set()
        return here >= {person.gid_of_me for person in one.residents}

    await eventually("everybody is there", seen)


async def views_are_fresh(one: Evening) -> None:
    """Waits until what every resident's client made of its subscription is what queries answer."""
    for person in one.residents:

        async def equal(person: Person = person) -> bool:
            fresh = await person.ask("Evening", id=one.gid)
            chats = {
                channel: (await person.ask("ChatMessages", id=one.gid, channel=channel)).conference.chat
                for channel in channels(fresh.conference)
            }
            return not person.view.differences(fresh.conference, chats)

        await eventually(f"{person.name} sees what a query answers", equal)

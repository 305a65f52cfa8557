# SPDX-License-Identifier: Apache-2.0
"""What must be so once the dust has settled: in the logs, in JetStream, in every consumer's database."""

import asyncio
import email
import email.policy
import importlib
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec

from services.chassis.bus import Bus
from services.chassis.database import Database
from services.chassis.mapper import Mapper
from services.chassis.service import Service
from services.chassis.settings import Settings
from services.chassis.store import EventStore
from services.chassis.subjects import SERVICES
from services.cli.rehearse.replay import Log, read_log
from tests.city.evening import OPTIONS, Evening, Guest, address_of
from tests.city.town import Town, eventually


@dataclass(frozen=True)
class Told:
    """A contract event as it has to lie in JetStream."""

    position: int
    subject: str
    event_id: str
    data: bytes

    @property
    def conference(self) -> str:
        return self.subject.split(".")[-2]

    @property
    def name(self) -> str:
        return self.subject.split(".")[-1]


def put_together(town: Town, service: str) -> Service:
    """How a service is put together, without it running."""
    settings = Settings(database_url=town.databases()[service], nats_url=town.bus(service))
    return importlib.import_module(f"services.{service}.main").build(settings)


async def publishable(town: Town, service: str, bus: Bus) -> list[Told]:
    """What the log of a service gives others to know, in order."""
    made = put_together(town, service)
    mapper = Mapper(dict.fromkeys(event for decider in made.deciders for event in decider.events))
    assert made.publish is not None
    db = await Database.connect(town.databases()[service], size=1)
    found: list[Told] = []
    try:
        store = await EventStore.open(db)
        position = 0
        while rows := await store.select_notifications(position, 500):
            for row in rows:
                event = made.publish(mapper.decode(row.topic, row.state), row)
                if event is not None:
                    subject = bus.subject_event(service, event.conference, type(event).__name__)
                    found.append(Told(row.notification_id, subject, row.event_id.hex, msgspec.json.encode(event)))
            position = rows[-1].notification_id
        await store.close()
    finally:
        await db.close()
    return found


async def in_stream(bus: Bus, service: str) -> list[Told]:
    """What lies in the stream of a service, by sequence."""
    name = bus.stream(service)
    state = (await bus.js.stream_info(name)).state
    found: list[Told] = []
    for seq in range(state.first_seq, state.last_seq + 1) if state.messages else ():
        message = await bus.js.get_msg(name, seq=seq)
        headers = message.headers or {}
        found.append(
            Told(int(headers["Es-Position"]), message.subject or "", headers["Nats-Msg-Id"], message.data or b"")
        )
    return found


async def settle(town: Town) -> dict[str, list[Told]]:
    """Waits until relays and consumers have caught up and nothing new follows; what each log gives others to know."""
    bus = await Bus.connect(town.bus("tool"), "tool", "quartier")
    try:
        before: dict[str, list[Told]] = {}

        async def quiet() -> bool:
            nonlocal before
            now = {service: await publishable(town, service, bus) for service in SERVICES}
            same, before = now == before, now
            return same and not await behind(town, now)

        await eventually("everything that was told is applied", quiet)
        return before
    finally:
        await bus.close()


async def behind(town: Town, told: dict[str, list[Told]]) -> list[str]:
    """Which consumer has not applied what, in sentences."""
    late: list[str] = []
    for service in SERVICES:
        policies = put_together(town, service).policies
        rows = town.rows(service, "SELECT source, conference, position FROM consumed WHERE consumer = %s", service)
        consumed = {(source, conference): position for source, conference, position in rows}
        for source in policies.sources if policies else ():
            wanted = set(policies.names(source)) if policies else set()
            heads: dict[str, int] = {}
            for one in told[source]:
                if one.name in wanted:
                    heads[one.conference] = one.position
            late += [
                f"{service} has applied {consumed.get((source, conference))} of {source} {conference}, told: {head}"
                for conference, head in heads.items()
                if consumed.get((source, conference), 0) < head
            ]
    return late


async def everything_is_told_once(town: Town) -> Counter[str]:
    """The streams hold exactly what the logs give others to know, each event once and in order; how many of each."""
    told = await settle(town)
    bus = await Bus.connect(town.bus("tool"), "tool", "quartier")
    try:
        for service in SERVICES:
            sent = await in_stream(bus, service)
            # Something may have happened since the city was quiet: a person's grace ends, a timer fires.
            written = (await publishable(town, service, bus))[: max(len(sent), len(told[service]))]
            assert sent == written, f"{service}: {_difference(sent, written)}"
    finally:
        await bus.close()
    for service in SERVICES:
        assert town.rows(service, "SELECT * FROM dead_letters") == []
    return Counter({service: len(events) for service, events in told.items()})


def _difference(sent: list[Told], wanted: list[Told]) -> str:
    for number, (one, other) in enumerate(zip(sent, wanted, strict=False)):
        if one != other:
            return f"message {number + 1} is {one}, the log says {other}"
    return f"{len(sent)} messages, the log gives {len(wanted)}"


async def read_logs(town: Town) -> dict[str, Log]:
    """All logs of the city."""
    logs = await asyncio.gather(*(read_log(dsn) for dsn in town.databases().values()))
    return dict(zip(town.databases(), logs, strict=True))


def logs_are_whole(logs: dict[str, Log]) -> None:
    """Every stream of every log is numbered without gaps, in the order of the log."""
    assert {service: log.gaps for service, log in logs.items() if log.gaps} == {}


def what_was_accepted_is_there_once(one: Evening, logs: dict[str, Log], *, abandoned: bool = False) -> None:
    """Cards, messages and ballots in the log are exactly those that clients were told were accepted.

    Args:
        abandoned: people were cut off in mid-sentence: what they were told nothing about may be there, too.
    """
    conference, accepted = one.conference_id, one.accepted
    for service, topic, name, told in (
        ("ideas", "ideas.card_added", "card_id", accepted.cards),
        ("session", "session.message_posted", "message_id", accepted.messages),
    ):
        stored = Counter(fact.fields[name] for fact in logs[service].of(conference, topic))
        assert set(stored.values()) <= {1}
        assert not Counter(told) - stored
        assert abandoned or stored == Counter(told)
    ballots: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for fact in logs["session"].of(conference, "session.ballot_cast"):
        ballots[fact.fields["poll_id"]][fact.stream].extend(fact.fields["chosen"])
    for poll, people in accepted.ballots.items():
        # Streams of ballots name nobody: what can be compared is who voted what in which order, without who.
        ours = sorted(given for given in people.values() if given)
        cast = sorted(ballots[one.moderator.local(poll)].values())
        if abandoned:
            assert len(cast) == len(ours)
            assert all(any(more[: len(given)] == given for more in cast) for given in ours)
        else:
            assert cast == ours


def count(accepted: dict[str, list[int]]) -> dict[str, int]:
    """The tally that the last accepted ballot of everybody makes."""
    return dict(Counter(OPTIONS[given[-1]] for given in accepted.values() if given))


def effects_are_there_once(town: Town, one: Evening, logs: dict[str, Log]) -> None:
    """What the services made of each other's events, each thing once."""
    conference = one.conference_id
    people = sorted(person.me for person in one.residents)

    def times(service: str, topic: str, fieldname: str) -> Counter[Any]:
        return Counter(fact.fields[fieldname] for fact in logs[service].of(conference, topic))

    everybody = sorted((*people, *one.accepted.newcomers))
    assert times("registration", "registration.seat_taken", "participant_id") == Counter(everybody)
    assert times("session", "session.seat_filled", "participant_id") == Counter(everybody)
    assert times("registration", "registration.participant_checked_in", "participant_id") == Counter(people)
    seats = town.rows("ideas", "SELECT participant_id FROM seats WHERE conference_id = %s", UUID(conference))
    assert sorted(row[0].hex for row in seats) == everybody
    _moves_are_there_once(one, logs)
    runs = [fact.fields["run"] for fact in logs["session"].of(conference, "session.phase_started")]
    assert runs == list(range(1, len(runs) + 1))
    assert [fact.fields["run"] for fact in logs["ideas"].of(conference, "ideas.phase_noted")] == runs
    assert len(list(logs["rooms"].of(conference, "rooms.venue_prepared"))) == 1
    placed = times("session", "session.groups_placed", "generation")
    assert times("ideas", "ideas.groups_noted", "generation") == placed
    assert set(placed.values()) <= {1}
    mails = _mails(one)
    assert len(mails) == 2 * len(everybody)  # the confirmation and the link
    assert all(len(ids) == 1 for ids in mails.values()), mails


def _moves_are_there_once(one: Evening, logs: dict[str, Log]) -> None:
    """Whoever was said to sit in another group sat there at that position; rooms followed every move, in order."""
    topics = ("session.groups_placed", "session.person_moved")
    places: list[tuple[int, str, str | None]] = []
    for fact in logs["session"].of(one.conference_id, *topics):
        if fact.topic == "session.person_moved":
            places.append((fact.position, fact.fields["participant_id"], fact.fields["group_id"]))
        else:
            places += [
                (fact.position, member, group["group_id"])
                for group in fact.fields["groups"]
                for member in group["members"]
            ]
    for move in one.accepted.moves:
        known = [group for position, who, group in places if who == move.person and position <= move.position]
        assert known[-1] == move.group, move
    moved = [fact.fields["participant_id"] for fact in logs["session"].of(one.conference_id, "session.person_moved")]
    followed = [fact.fields["participant_id"] for fact in logs["rooms"].of(one.conference_id, "rooms.person_moved")]
    assert followed == moved


def _mails(one: Evening) -> dict[tuple[str, str], set[str]]:
    """The ids of mails by address and subject. A crash in the moment of sending may send the same mail, with the same
    id, once more; two mails of the same kind would have two ids.
    """
    people = [f"r{number}" for number in range(len(one.residents))]
    people += [f"n{number + 1}" for number in range(len(one.accepted.newcomers))]
    addresses = {address_of(Guest(name, name), one.gid) for name in people}
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for path in (one.world.mailbox.folder / "new").iterdir():
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        address = message["To"].addresses[0].addr_spec
        if address in addresses:
            found[address, str(message["Subject"])].add(str(message["Message-ID"]))
    return found

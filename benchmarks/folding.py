# SPDX-License-Identifier: Apache-2.0
"""How fast stored events become state again: ours beside the eventsourcing library's rebuild, CPU time of one core.

And how long it takes until a long stream that is not in memory can be decided on, with its snapshot and without.
"""

import asyncio
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from statistics import median
from uuid import UUID, uuid4

import msgspec
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import DatetimeAsISO, JSONTranscoder, UUIDAsHex
from eventsourcing.persistence import Mapper as LibraryMapper

from benchmarks.harness import Result, alternate, less_is_better, more_is_better, postgres
from services.chassis.clock import Clock
from services.chassis.database import Database, migrate, migrations_of
from services.chassis.decider import Command, Decider, Event
from services.chassis.mapper import Mapper
from services.chassis.repository import Repository
from services.chassis.store import Append, EventStore, NewEvent
from services.session.domain.roster import ROSTER
from services.session.domain.roster_facts import PersonCame, PersonWent, SeatFilled

EVENTS = 20_000
LONG = 1_000
"""Events of an evening's roster: a hundred people who come and go."""
LOADS = 20
TEXT = "Ein Satz, wie er auf einer Karte steht. " * 4


class Opened(Event, frozen=True, kw_only=True):
    TOPIC = "bench.opened"

    title: str


class Noted(Event, frozen=True, kw_only=True):
    TOPIC = "bench.noted"

    card: str
    participant: str
    text: str
    at: datetime


class Board(msgspec.Struct, frozen=True):
    title: str = ""
    cards: int = 0
    last: str | None = None


def evolve(board: Board, fact: Opened | Noted) -> Board:
    match fact:
        case Noted():
            return Board(board.title, board.cards + 1, fact.card)
        case Opened():
            return Board(fact.title)


def decide(_: Board, __: Command) -> list[Opened | Noted]:
    return []


BOARD: Decider[Board, Command, Opened | Noted] = Decider("board", Board(), decide, evolve, (Opened, Noted))


def ours() -> float:
    """Events a second through mapper and decider, as `Repository.load` does it."""
    mapper = Mapper(BOARD.events)
    card, participant, at = uuid4().hex, uuid4().hex, datetime(2026, 11, 14, 18, tzinfo=UTC)
    fact = Noted(card=card, participant=participant, text=TEXT, at=at)
    rows = [mapper.encode(Opened(title="Wald"))] + [mapper.encode(fact)] * EVENTS
    began = time.process_time()
    decoders = mapper.decoders
    board = BOARD.fold(BOARD.initial, [decoders[topic](state) for topic, state in rows])  # type: ignore[misc]
    seconds = time.process_time() - began
    assert board.cards == EVENTS
    return len(rows) / seconds


@dataclass
class Card:
    card: str
    participant: str
    text: str
    at: datetime


class LibraryBoard(Aggregate):
    def __init__(self, title: str) -> None:
        self.title = title
        self.cards = 0
        self.last = ""

    @event("Noted")
    def note(self, card: str, participant: str, text: str, at: datetime) -> None:
        self.cards += 1
        self.last = card


def librarys(number: int = 2_000) -> float:
    """Events a second through the library's mapper and its aggregate."""
    transcoder = JSONTranscoder()
    transcoder.register(UUIDAsHex())
    transcoder.register(DatetimeAsISO())
    mapper: LibraryMapper[UUID] = LibraryMapper(transcoder)
    board = LibraryBoard("Wald")
    for _ in range(number):
        board.note(uuid4().hex, uuid4().hex, TEXT, datetime(2026, 11, 14, 18, tzinfo=UTC))
    stored = [mapper.to_stored_event(fact) for fact in board.collect_events()]
    began = time.process_time()
    copy = None
    for one in stored:
        copy = mapper.to_domain_event(one).mutate(copy)  # type: ignore[attr-defined]
    seconds = time.process_time() - began
    assert copy is not None
    assert copy.cards == number
    return len(stored) / seconds


async def _cold_loads(url: str) -> dict[str, float]:
    """Milliseconds until a roster of 1,000 events is loaded from the database by a replica that has just started."""
    await migrate(url, [migrations_of("services.chassis")])
    db = await Database.connect(url, size=2)
    store = await EventStore.open(db)
    mapper, at = Mapper(ROSTER.events), datetime(2026, 11, 14, 18, tzinfo=UTC)
    people = [uuid4().hex for _ in range(100)]
    facts: list[Event] = [SeatFilled(participant_id=one) for one in people]
    while len(facts) < LONG:
        facts += [PersonCame(person_id=one) for one in people] + [PersonWent(person_id=one) for one in people]
    stream = Repository("session", store, mapper, Clock()).stream_id(ROSTER, "one")
    rows = [mapper.encode(fact) for fact in facts[:LONG]]
    await store.append(Append([NewEvent(stream, n, *row, None, uuid4(), b"", at) for n, row in enumerate(rows)]))

    async def load(snapshots: bool) -> float:
        repository = Repository("session", store, mapper, Clock())
        began = time.perf_counter()
        loaded = await repository.load(ROSTER if snapshots else replace(ROSTER, snapshot=None), "one")
        seconds = time.perf_counter() - began
        assert loaded.version == LONG - 1
        await repository.snapshots.settled()
        return 1000 * seconds

    try:
        await load(True)  # writes the snapshot
        taken = [(await load(True), await load(False)) for _ in range(LOADS)]
        return {"with": median(one for one, _ in taken), "without": median(other for _, other in taken)}
    finally:
        await store.close()
        await db.close()


def run() -> list[Result]:
    """Folding of 300-byte events, and cold loads of a long stream."""
    with postgres() as url:
        cold = asyncio.run(_cold_loads(url))
    figures = alternate({"ours": ours, "library": librarys})
    return [
        more_is_better("decode and fold", figures["ours"], "events/s per core", target=400_000),
        more_is_better(
            "decode and fold", figures["ours"], "events/s per core",
            peer="eventsourcing aggregate", peer_value=figures["library"], target=5,
        ),
        less_is_better(
            "cold load of 1,000 events, with snapshot", cold["with"], "ms",
            peer="without snapshot", peer_value=cold["without"],
        ),
    ]  # fmt: skip

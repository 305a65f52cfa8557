# SPDX-License-Identifier: Apache-2.0
"""How fast stored events become state again: ours beside the eventsourcing library's rebuild, CPU time of one core."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

import msgspec
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import DatetimeAsISO, JSONTranscoder, UUIDAsHex
from eventsourcing.persistence import Mapper as LibraryMapper

from benchmarks.harness import Result, alternate, more_is_better
from services.chassis.decider import Command, Decider, Event
from services.chassis.mapper import Mapper

EVENTS = 20_000
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


def run() -> list[Result]:
    """Folding of 300-byte events."""
    figures = alternate({"ours": ours, "library": librarys})
    return [
        more_is_better("decode and fold", figures["ours"], "events/s per core", target=400_000),
        more_is_better(
            "decode and fold", figures["ours"], "events/s per core",
            peer="eventsourcing aggregate", peer_value=figures["library"], target=5,
        ),
    ]  # fmt: skip

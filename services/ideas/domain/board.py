# SPDX-License-Identifier: Apache-2.0
"""The board of a conference: which kinds of cards may be pinned now.

The cards themselves live in streams of their own (`cards.py`), guarded by this one: fifty people who pin at
once never wait for each other, and no card slips through after the board was closed.
"""

from collections.abc import Sequence
from typing import Literal, TypeAlias, assert_never

import msgspec

from services.chassis.decider import Command, Decider, Event, Refusal

CardKind = Literal["NEED", "OFFER", "VALUE", "QUESTION"]

KINDS_OF_TOOL: dict[str, tuple[CardKind, ...]] = {"needs_offers": ("NEED", "OFFER"), "values": ("VALUE",)}
"""Which kinds a tool of a phase opens."""


class BoardOpened(Event, frozen=True, kw_only=True):
    """Cards of exactly these kinds are welcome."""

    TOPIC = "ideas.board_opened"
    kinds: tuple[CardKind, ...]


class BoardClosed(Event, frozen=True, kw_only=True):
    """No card is welcome."""

    TOPIC = "ideas.board_closed"


BoardEvent: TypeAlias = BoardOpened | BoardClosed


class Board(msgspec.Struct, frozen=True):
    """The kinds that are welcome now."""

    open_kinds: tuple[CardKind, ...] = ()


class OpenBoard(Command, frozen=True, kw_only=True):
    """Welcomes cards of exactly these kinds."""

    kinds: tuple[CardKind, ...]


class CloseBoard(Command, frozen=True, kw_only=True):
    """Welcomes no card any more."""


BoardCommand: TypeAlias = OpenBoard | CloseBoard


def kinds_of(tools: Sequence[str]) -> tuple[CardKind, ...]:
    """The kinds of cards that the tools of a phase open."""
    return tuple(kind for tool in tools for kind in KINDS_OF_TOOL.get(tool, ()))


def decide(board: Board, command: BoardCommand) -> Sequence[BoardEvent] | Refusal:
    """A board is opened for the kinds of one phase at a time."""
    match command:
        case OpenBoard():
            return [] if board.open_kinds == command.kinds else [BoardOpened(kinds=command.kinds)]
        case CloseBoard():
            return [BoardClosed()] if board.open_kinds else []
        case _:
            assert_never(command)


def evolve(_: Board, event: BoardEvent) -> Board:
    """What the board welcomes after an event."""
    match event:
        case BoardOpened():
            return Board(event.kinds)
        case BoardClosed():
            return Board()
        case _:
            assert_never(event)


BOARD: Decider[Board, BoardCommand, BoardEvent] = Decider(
    name="ideas.board", initial=Board(), decide=decide, evolve=evolve, events=(BoardOpened, BoardClosed)
)

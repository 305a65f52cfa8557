# SPDX-License-Identifier: Apache-2.0
"""The board: cards with needs, offers, values and questions."""

from datetime import datetime
from typing import ClassVar

import msgspec

from services.chassis.contract import Answer, CommandRequest, Id, LiveChange, QueryRequest, Refusals
from services.contracts import refusals
from services.contracts.ideas.vocabulary import SERVICE, CardKind, Tags, _Command
from services.contracts.shared import LongText


class CardsChanged(LiveChange, frozen=True, kw_only=True):
    """Cards, problems or dots of a conference changed."""

    SERVICE: ClassVar[str] = SERVICE


class CardAnswer(Answer, frozen=True, kw_only=True):
    """The id of the card."""

    card_id: Id


class AddCard(CommandRequest[CardAnswer], frozen=True, kw_only=True):
    """Pins a card to the open board. `tags` are used for matching only when `share_tags` is true."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = CardAnswer
    REFUSALS: ClassVar[Refusals] = (refusals.BoardIsClosed, refusals.PenIsTaken, refusals.TooManyCards)
    conference_id: Id
    kind: CardKind
    text: LongText
    tags: Tags = ()
    share_tags: bool = False


class HideCard(_Command, frozen=True, kw_only=True):
    """Takes a card off the board (its author, or staff)."""

    REFUSALS: ClassVar[Refusals] = (refusals.UnknownCard,)
    card_id: Id


class CardView(msgspec.Struct, frozen=True, kw_only=True):
    """One card. `text` is None when its author was erased. NEED and OFFER cards show no author to others."""

    card_id: Id
    kind: CardKind
    text: str | None
    tags: Tags
    author_id: Id | None
    at: datetime


class BoardView(Answer, frozen=True, kw_only=True):
    """The cards of a conference and which kinds may be added now."""

    conference_id: Id
    open_kinds: tuple[CardKind, ...]
    cards: tuple[CardView, ...]


class GetBoard(QueryRequest[BoardView], frozen=True, kw_only=True):
    """The cards of a conference."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = BoardView
    conference_id: Id

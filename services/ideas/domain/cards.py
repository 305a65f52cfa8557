# SPDX-License-Identifier: Apache-2.0
"""The cards that one person pinned at one conference: one stream per person.

So fifty people never contend, and erasing a person is one decision about one stream.
"""

from collections.abc import Sequence
from typing import TypeAlias, assert_never

import msgspec

from services.chassis.decider import Command, Decider, Event, Refusal, Sealed
from services.ideas.domain.board import CardKind

MOST_CARDS = 50
"""Cards of one person at one conference."""


class CardAdded(Event, frozen=True, kw_only=True):
    """A card hangs on the board.

    Its tags are words of its author too, each sealed like the text. `share_tags`: the author agreed to use them for
    matching.
    """

    TOPIC = "ideas.card_added"
    card_id: str
    kind: CardKind
    author_id: str
    text: Sealed
    tags: tuple[Sealed, ...]
    share_tags: bool


class CardHidden(Event, frozen=True, kw_only=True):
    """A card was taken off the board by its author or by staff."""

    TOPIC = "ideas.card_hidden"
    card_id: str
    by: str


class CardAuthorshipRemoved(Event, frozen=True, kw_only=True):
    """The author was erased: these cards belong to nobody any more."""

    TOPIC = "ideas.card_authorship_removed"
    card_ids: tuple[str, ...]


CardsEvent: TypeAlias = CardAdded | CardHidden | CardAuthorshipRemoved


class Cards(msgspec.Struct, frozen=True):
    """The ids of a person's cards, those taken off among them, and whether the person was erased."""

    card_ids: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()
    erased: bool = False


class AddCard(Command, frozen=True, kw_only=True):
    """Pins a card; `open_kinds` is what the guarded board welcomes."""

    card_id: str
    kind: CardKind
    author_id: str
    text: Sealed
    tags: tuple[Sealed, ...]
    share_tags: bool
    open_kinds: tuple[CardKind, ...]


class HideCard(Command, frozen=True, kw_only=True):
    """Takes a card off."""

    card_id: str
    by: str


class RemoveAuthorship(Command, frozen=True, kw_only=True):
    """Forgets who wrote the cards."""


CardsCommand: TypeAlias = AddCard | HideCard | RemoveAuthorship


class BoardIsClosed(Refusal, frozen=True, kw_only=True):
    """Cards of this kind are not welcome now; `open_kinds` are."""

    kind: str
    open_kinds: tuple[str, ...]


class TooManyCards(Refusal, frozen=True, kw_only=True):
    """The person pinned as many cards as one may."""

    limit: int


class UnknownCard(Refusal, frozen=True, kw_only=True):
    """There is no such card."""

    card_id: str


def decide(cards: Cards, command: CardsCommand) -> Sequence[CardsEvent] | Refusal:
    """Cards are pinned while the board welcomes their kind, and taken off at any time."""
    match command:
        case AddCard():
            return _add(cards, command)
        case HideCard():
            if command.card_id not in cards.card_ids:
                return UnknownCard(card_id=command.card_id)
            return [] if command.card_id in cards.hidden else [CardHidden(card_id=command.card_id, by=command.by)]
        case RemoveAuthorship():
            if cards.erased or not cards.card_ids:
                return []
            return [CardAuthorshipRemoved(card_ids=tuple(sorted(cards.card_ids)))]
        case _:
            assert_never(command)


def _add(cards: Cards, command: AddCard) -> Sequence[CardsEvent] | Refusal:
    if command.card_id in cards.card_ids:
        return []
    if command.kind not in command.open_kinds:
        return BoardIsClosed(kind=command.kind, open_kinds=command.open_kinds)
    if len(cards.card_ids) >= MOST_CARDS:
        return TooManyCards(limit=MOST_CARDS)
    added = CardAdded(
        card_id=command.card_id,
        kind=command.kind,
        author_id=command.author_id,
        text=command.text,
        tags=command.tags,
        share_tags=command.share_tags,
    )
    return [added]


def evolve(cards: Cards, event: CardsEvent) -> Cards:
    """A person's cards after an event."""
    match event:
        case CardAdded():
            return msgspec.structs.replace(cards, card_ids=cards.card_ids | {event.card_id})
        case CardHidden():
            return msgspec.structs.replace(cards, hidden=cards.hidden | {event.card_id})
        case CardAuthorshipRemoved():
            return msgspec.structs.replace(cards, erased=True)
        case _:
            assert_never(event)


CARDS: Decider[Cards, CardsCommand, CardsEvent] = Decider(
    name="ideas.cards",
    initial=Cards(),
    decide=decide,
    evolve=evolve,
    events=(CardAdded, CardHidden, CardAuthorshipRemoved),
)


def cards_key(conference_id: str, author_id: str) -> str:
    """The key of a person's stream of cards."""
    return f"{conference_id}:{author_id}"

# SPDX-License-Identifier: Apache-2.0
"""What hangs on the board of a conference, and which kinds of cards are welcome?"""

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

import msgspec

from services.chassis.database import Database
from services.chassis.decider import Event
from services.chassis.keys import Keys
from services.chassis.projection import DocumentProjection
from services.chassis.store import Recorded
from services.contracts import ideas as contract
from services.ideas.domain.board import BoardClosed, BoardEvent, BoardOpened, CardKind
from services.ideas.domain.cards import CardAdded, CardAuthorshipRemoved, CardHidden, CardsEvent
from services.ideas.readmodel.opening import opened

UNSIGNED_KINDS = ("NEED", "OFFER")
"""Cards that show nobody but their author who wrote them."""


class BoardDoc(msgspec.Struct, frozen=True):
    """The board itself."""

    open_kinds: tuple[CardKind, ...] = ()


class CardDoc(msgspec.Struct, frozen=True, kw_only=True):
    """One card; without `added` nobody pinned it."""

    added: CardAdded | None = None
    author_id: str | None = None
    hidden: bool = False
    at: datetime | None = None


def _board_keys(event: Event, recorded: Recorded) -> Sequence[str]:
    if isinstance(event, BoardOpened | BoardClosed) and recorded.conference_id is not None:
        return (recorded.conference_id.hex,)
    return ()


def _board(_: BoardDoc, event: BoardEvent, __: Recorded) -> BoardDoc:
    return BoardDoc(event.kinds if isinstance(event, BoardOpened) else ())


def _card_keys(event: Event, _: Recorded) -> Sequence[str]:
    match event:
        case CardAdded() | CardHidden():
            return (event.card_id,)
        case CardAuthorshipRemoved():
            return event.card_ids
        case _:
            return ()


def _card(card: CardDoc, event: CardsEvent, recorded: Recorded) -> CardDoc:
    match event:
        case CardAdded():
            # The author stands in one place only, so that it can be removed.
            unsigned = msgspec.structs.replace(event, author_id="")
            return CardDoc(added=unsigned, author_id=event.author_id, at=recorded.recorded_at)
        case CardHidden():
            return msgspec.structs.replace(card, hidden=True)
        case CardAuthorshipRemoved():
            return msgspec.structs.replace(card, author_id=None)
        case _:
            assert_never(event)


BOARDS = DocumentProjection(
    name="boards", version=1, keys=_board_keys, initial=lambda _: BoardDoc(), evolve=_board, doc=BoardDoc
)
CARDS_ON_BOARD = DocumentProjection(
    name="cards", version=1, keys=_card_keys, initial=lambda _: CardDoc(), evolve=_card, doc=CardDoc
)


async def author_of(db: Database, conference_id: str, card_id: str) -> str | None:
    """Who pinned a card of this conference; None when nobody did, or they were erased."""
    card = (await CARDS_ON_BOARD.of_conference(db, conference_id)).get(card_id)
    return card.author_id if card else None


async def board_view(db: Database, keys: Keys, conference_id: str, *, viewer: str | None) -> contract.BoardView:
    """The cards that hang on the board, oldest first.

    Args:
        db: the database.
        keys: opens the texts.
        conference_id: whose board.
        viewer: who looks and sees the author only of their own needs and offers; None: a service that shows the
            board to several people and makes this cut itself.
    """
    board = await BOARDS.get(db, conference_id) or BoardDoc()
    found = await CARDS_ON_BOARD.of_conference(db, conference_id)
    cards = [(card, card.added, card.at) for card in found.values() if not card.hidden]
    texts = await opened(keys, [box for _, added, _ in cards if added for box in (added.text, *added.tags)])
    views = [
        contract.CardView(
            card_id=added.card_id,
            kind=added.kind,
            text=texts.text(added.text),
            tags=tuple(tag for box in added.tags if (tag := texts.text(box)) is not None),
            author_id=_shown_author(added.kind, card.author_id, viewer),
            at=at,
        )
        for card, added, at in cards
        if added is not None and at is not None
    ]
    views.sort(key=lambda view: (view.at, view.card_id))
    return contract.BoardView(conference_id=conference_id, open_kinds=board.open_kinds, cards=tuple(views))


def _shown_author(kind: str, author_id: str | None, viewer: str | None) -> str | None:
    secret = kind in UNSIGNED_KINDS and viewer is not None and viewer != author_id
    return None if secret else author_id

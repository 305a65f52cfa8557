# SPDX-License-Identifier: Apache-2.0
"""Cards are pinned while the board welcomes their kind; their author can be forgotten."""

from datetime import UTC, datetime
from typing import Any

from services.chassis.decider import Sealed
from services.chassis.testing.story import Story
from services.ideas.domain.board import BOARD, BoardClosed, BoardOpened, CloseBoard, OpenBoard, kinds_of
from services.ideas.domain.cards import (
    CARDS,
    MOST_CARDS,
    AddCard,
    BoardIsClosed,
    CardAdded,
    CardAuthorshipRemoved,
    CardHidden,
    HideCard,
    RemoveAuthorship,
    TooManyCards,
    UnknownCard,
)

NOON = datetime(2027, 4, 17, 12, tzinfo=UTC)
TEXT = Sealed("anna", b"box")
TAG = Sealed("anna", b"garten")
board = Story(BOARD)
cards = Story(CARDS)


def add(card_id: str = "k1", **other: Any) -> AddCard:
    facts: dict[str, Any] = {
        "kind": "NEED",
        "tags": (TAG,),
        "share_tags": True,
        "open_kinds": ("NEED", "OFFER"),
    }
    return AddCard(now=NOON, card_id=card_id, author_id="anna", text=TEXT, **facts | other)


def added(card_id: str = "k1") -> CardAdded:
    return CardAdded(card_id=card_id, kind="NEED", author_id="anna", text=TEXT, tags=(TAG,), share_tags=True)


def test_the_tools_of_a_phase_say_which_cards_are_welcome():
    assert kinds_of(["poll", "needs_offers"]) == ("NEED", "OFFER")
    assert kinds_of(["values"]) == ("VALUE",)
    assert kinds_of(["stage"]) == ()


def test_a_board_opens_for_the_kinds_of_one_phase():
    board.when(OpenBoard(now=NOON, kinds=("VALUE",))).then(BoardOpened(kinds=("VALUE",)))
    board.given(BoardOpened(kinds=("VALUE",))).when(OpenBoard(now=NOON, kinds=("VALUE",))).then()


def test_closing_a_closed_board_changes_nothing():
    board.given(BoardOpened(kinds=("VALUE",))).when(CloseBoard(now=NOON)).then(BoardClosed())
    board.when(CloseBoard(now=NOON)).then()


def test_a_welcome_card_is_pinned():
    cards.when(add()).then(added())


def test_a_card_of_another_kind_is_refused_with_what_is_welcome():
    cards.when(add(kind="VALUE")).refused(BoardIsClosed(kind="VALUE", open_kinds=("NEED", "OFFER")))


def test_a_card_is_pinned_once():
    cards.given(added()).when(add()).then()


def test_a_person_pins_a_limited_number_of_cards():
    many = [added(f"k{n}") for n in range(MOST_CARDS)]
    cards.given(*many).when(add("one more")).refused(TooManyCards(limit=MOST_CARDS))


def test_a_card_is_taken_off_once():
    hidden = CardHidden(card_id="k1", by="anna")
    cards.given(added()).when(HideCard(now=NOON, card_id="k1", by="anna")).then(hidden)
    cards.given(added(), hidden).when(HideCard(now=NOON, card_id="k1", by="staff")).then()


def test_an_unknown_card_cannot_be_taken_off():
    cards.when(HideCard(now=NOON, card_id="k1", by="anna")).refused(UnknownCard)


def test_an_erased_author_is_removed_from_all_their_cards_at_once():
    removed = CardAuthorshipRemoved(card_ids=("k1", "k2"))
    cards.given(added("k2"), added("k1")).when(RemoveAuthorship(now=NOON)).then(removed)
    cards.given(added("k1"), removed).when(RemoveAuthorship(now=NOON)).then()


def test_who_wrote_nothing_has_no_authorship_to_lose():
    cards.when(RemoveAuthorship(now=NOON)).then()

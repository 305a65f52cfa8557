# SPDX-License-Identifier: Apache-2.0
"""Global ids and cursors as the Relay specification asks for them.

A cursor is opaque and signed: it holds the service's key of one item and the name of its list, so that a client can
neither make one up nor carry it from one list to another.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Generic, NamedTuple, TypeVar

import strawberry

from gateway.schema.shape import computed, graphql_type, shown
from services.contracts.shared import Cut, Listed

HEX = re.compile(r"^[0-9a-f]{32}\Z")


class BadId(ValueError):
    """A global id that is none, or one of another type."""


class BadCursor(ValueError):
    """A cursor that this gateway did not make, or not for this list."""


class BadPage(ValueError):
    """`first` and `last` that do not ask for one page."""


@lru_cache(maxsize=50_000)  # a list asks for the same ones again and again
def global_id(kind: str, local: str) -> strawberry.ID:
    """The id under which the whole world knows a thing: base64 of `<type>:<local id>`."""
    return strawberry.ID(base64.b64encode(f"{kind}:{local}".encode()).decode())


def optional_id(kind: str, local: str | None) -> strawberry.ID | None:
    """`global_id` of something that may be missing."""
    return None if local is None else global_id(kind, local)


def parse_id(text: str) -> tuple[str, str]:
    """Type and local id of a global id.

    Raises:
        BadId: it is none.
    """
    try:
        kind, separator, local = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise BadId("this is not a global id") from None
    if not separator or not kind.isalpha() or not local:
        raise BadId("this is not a global id")
    return kind, local


def local_id(text: str, kind: str) -> str:
    """The local id in a global id of type `kind`; a client that makes an id itself may send 32 hex digits.

    Raises:
        BadId: it is neither, or the id of another type.
    """
    if HEX.match(text):
        return text
    found, local = parse_id(text)
    if found != kind:
        raise BadId(f"this is the id of a {found}, not of a {kind}")
    local = local.rpartition(".")[2]
    if not HEX.match(local):
        raise BadId("this is not a global id")
    return local


class Signer:
    """Makes and reads opaque tokens.

    Args:
        key: secret of at least 32 bytes, the same in every replica of the gateway.
    """

    _SIZE = 12

    def __init__(self, key: bytes) -> None:
        if len(key) < 32:
            raise ValueError("the key of cursors has at least 32 bytes")
        self._key = key

    def sign(self, purpose: str, content: str) -> str:
        """An opaque token that holds `content`, good for one purpose."""
        body = content.encode()
        return base64.urlsafe_b64encode(self._mac(purpose, body) + body).decode().rstrip("=")

    def read(self, purpose: str, token: str) -> str:
        """What `sign` was given.

        Raises:
            BadCursor: the token was not made by this key, or for another purpose.
        """
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
            mac, body = raw[: self._SIZE], raw[self._SIZE :]
            if hmac.compare_digest(mac, self._mac(purpose, body)):
                return body.decode()
        except (binascii.Error, UnicodeDecodeError, ValueError):
            pass
        raise BadCursor("this cursor was not made by this API for this list")

    def _mac(self, purpose: str, body: bytes) -> bytes:
        return hmac.new(self._key, purpose.encode() + b"\0" + body, hashlib.sha256).digest()[: self._SIZE]


class Page(NamedTuple):
    """What a client asks of a list; the arguments of every connection.

    Args:
        first: how many items from the start.
        after: a cursor: only items behind it.
        last: how many items from the end.
        before: a cursor: only items ahead of it.
    """

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None

    def cut(self, signer: Signer, purpose: str) -> Cut:
        """The same for the service that holds the list.

        Args:
            signer: made the cursors.
            purpose: the name of the list.

        Raises:
            BadPage: `first` or `last` is out of bounds, or both are given.
            BadCursor: a cursor is not one of this list.
        """
        if self.first is not None and self.last is not None:
            raise BadPage("either `first` or `last`")
        # Asked for what is ahead of a cursor without saying how much of it: what is next to the cursor.
        backward = self.last is not None or (self.first is None and self.before is not None and self.after is None)
        size = self.last if self.first is None else self.first
        if size is None:
            size = PAGE
        elif not 1 <= size <= 100:
            raise BadPage(f"`{'last' if backward else 'first'}` is between 1 and 100")
        after, before = (None if text is None else signer.read(purpose, text) for text in (self.after, self.before))
        return Cut(first=size, after=after, before=before, backward=backward)


PAGE = 50
"""How many items a page has when nobody says."""


@graphql_type(interfaces=True)
class Node:
    """Something that can be fetched again by its id."""

    @computed
    def id(self) -> strawberry.ID:
        """Global id."""
        raise NotImplementedError  # every type that implements the interface has its own


@graphql_type()
class PageInfo:
    """Where a page lies in its list."""

    has_next_page: bool = shown("Whether items follow behind this page.")
    has_previous_page: bool = shown("Whether items come before this page.")
    start_cursor: str | None = shown("Cursor of the first item; null when the page is empty.")
    end_cursor: str | None = shown("Cursor of the last item, for `after`; null when the page is empty.")


NodeT = TypeVar("NodeT")


@strawberry.type(description="One item of a list and its place.")
class Edge(Generic[NodeT]):
    """One item of a list and its place."""

    cursor: str = strawberry.field(description="Place of the item in its list.")
    node: NodeT = strawberry.field(description="The item.")


class Shelf(NamedTuple):
    """What a page is made of; its cursors are signed only where somebody asks for them.

    Args:
        signer: makes the cursors.
        purpose: the name of the list.
        cut: what the service was asked for.
        listed: what it answered.
        nodes: the items of the answer as GraphQL shows them.
    """

    signer: Signer
    purpose: str
    cut: Cut
    listed: Listed
    nodes: list[Any]

    def cursor(self, place: int) -> str | None:
        """The cursor of the item at this place of the page; None when the page is empty."""
        keys = self.listed.keys
        return self.signer.sign(self.purpose, keys[place]) if keys else None


@strawberry.type(description="One page of a list.")
class Connection(Generic[NodeT]):
    """One page of a list."""

    shelf: strawberry.Private[Shelf]

    @computed
    def page_info(self) -> PageInfo:
        """Where the page lies."""
        cut, more = self.shelf.cut, self.shelf.listed.more
        # A cursor is that of an item, so beyond the one that a page begins or ends at there is at least this item.
        return PageInfo(
            has_next_page=cut.before is not None if cut.backward else more,
            has_previous_page=more if cut.backward else cut.after is not None,
            start_cursor=self.shelf.cursor(0),
            end_cursor=self.shelf.cursor(-1),
        )

    @computed
    def edges(self) -> list[Edge[NodeT]]:
        """The items with their places."""
        shelf = self.shelf
        cursors = (shelf.signer.sign(shelf.purpose, key) for key in shelf.listed.keys)
        return [Edge(cursor=cursor, node=node) for cursor, node in zip(cursors, shelf.nodes, strict=True)]

    @computed
    def nodes(self) -> list[NodeT]:
        """The items alone."""
        return self.shelf.nodes


def connection(signer: Signer, purpose: str, cut: Cut, listed: Listed, nodes: Sequence[Any]) -> Any:
    """One page of a list.

    Args:
        signer: makes the cursors.
        purpose: the name of the list.
        cut: what the service was asked for.
        listed: what it answered.
        nodes: the items of the answer as GraphQL shows them.
    """
    return Connection(shelf=Shelf(signer, purpose, cut, listed, list(nodes)))

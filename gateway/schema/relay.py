# SPDX-License-Identifier: Apache-2.0
"""Global ids and cursors as the Relay specification asks for them.

A cursor is opaque and signed: it holds the key of the last item and the name of its list, so that a client can
neither make one up nor carry it from one list to another.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Any, Generic, NamedTuple, TypeVar

import strawberry

from gateway.schema.shape import computed, graphql_type, shown

HEX = re.compile(r"^[0-9a-f]{32}\Z")

FIRST = Annotated[int | None, strawberry.argument(description="How many items from the start: 1 to 100.")]
AFTER = Annotated[str | None, strawberry.argument(description="Only items behind this cursor.")]


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


def page_size(first: int | None) -> int:
    """How many items a page has.

    Raises:
        BadPage: the number is out of bounds.
    """
    if first is None:
        return 50
    if not 1 <= first <= 100:
        raise BadPage("`first` is between 1 and 100")
    return first


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
    has_previous_page: bool = shown("Whether a page before this one was asked for by `after`.")
    start_cursor: str | None = shown("Cursor of the first item; null when the page is empty.")
    end_cursor: str | None = shown("Cursor of the last item, for `after`; null when the page is empty.")


NodeT = TypeVar("NodeT")


@strawberry.type(description="One item of a list and its place.")
class Edge(Generic[NodeT]):
    """One item of a list and its place."""

    cursor: str = strawberry.field(description="Place of the item in its list.")
    node: NodeT = strawberry.field(description="The item.")


class Page(NamedTuple):
    """What a page is made of; its cursors are signed only where somebody asks for them.

    Args:
        signer: makes the cursors.
        purpose: the name of the list.
        nodes: the items of the page.
        key: the service's key behind which the page begins; None at the start of the list.
        offset: how many items behind that.
        goes_on: the service's key of what follows, None at the end of the list.
    """

    signer: Signer
    purpose: str
    nodes: list[Any]
    key: str | None
    offset: int
    goes_on: str | None

    def cursor(self, place: int) -> str:
        """The cursor of the item at this place of the page. It counts from the key of the page, because only the
        service knows the keys; where the service said how the list goes on, the last one is that."""
        if place == len(self.nodes) - 1 and self.goes_on is not None:
            return self.signer.sign(self.purpose, f"0:{self.goes_on}")
        return self.signer.sign(self.purpose, f"{self.offset + place + 1}:{self.key or ''}")


@strawberry.type(description="One page of a list.")
class Connection(Generic[NodeT]):
    """One page of a list."""

    page: strawberry.Private[Page]

    @computed
    def page_info(self) -> PageInfo:
        """Where the page lies."""
        page = self.page
        return PageInfo(
            has_next_page=page.goes_on is not None,
            has_previous_page=page.key is not None or page.offset > 0,
            start_cursor=page.cursor(0) if page.nodes else None,
            end_cursor=page.cursor(len(page.nodes) - 1) if page.nodes else None,
        )

    @computed
    def edges(self) -> list[Edge[NodeT]]:
        """The items with their places."""
        return [Edge(cursor=self.page.cursor(place), node=node) for place, node in enumerate(self.page.nodes)]

    @computed
    def nodes(self) -> list[NodeT]:
        """The items alone."""
        return self.page.nodes


def read_page(signer: Signer, purpose: str, after: str | None) -> tuple[str | None, int]:
    """Where a page begins: the service's own key, and how many items behind it.

    Raises:
        BadCursor: the cursor is not one of this list.
    """
    if after is None:
        return None, 0
    offset, _, key = signer.read(purpose, after).partition(":")
    return key or None, int(offset)


def connection(
    signer: Signer, purpose: str, nodes: Sequence[Any], *, began: tuple[str | None, int], goes_on: str | None
) -> Any:
    """One page of a list.

    Args:
        signer: makes the cursors.
        purpose: the name of the list.
        nodes: the items of the page.
        began: what `read_page` said.
        goes_on: the service's key of what follows, None at the end of the list.
    """
    key, offset = began
    return Connection(page=Page(signer, purpose, list(nodes), key, offset, goes_on))

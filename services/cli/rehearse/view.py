# SPDX-License-Identifier: Apache-2.0
"""A client's view of a conference: a snapshot and the changes after it, folded as any app would fold them."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import msgspec

WHOLE = ("session", "groups", "my_group", "placement", "venue", "problems", "presence")
"""Parts that a change replaces as a whole."""

LISTS = {"polls": "changed_polls", "sheets": "changed_sheets", "help": "changed_calls"}
"""Parts that are lists of things with ids, and the field of the change that upserts into them."""

ASKED_AS = {"placement": "my_placement"}
"""Parts that queries name otherwise."""

SNAPSHOT = "ConferenceSnapshot"

DIFFERENCES = 5
"""So many are told; more do not help to understand them."""


class View:
    """What one client knows. Parts it may not see, or that are not there yet, are None or empty."""

    def __init__(self) -> None:
        self.whole: dict[str, Any] = dict.fromkeys(WHOLE)
        self.lists: dict[str, dict[str, Any]] = {name: {} for name in LISTS}
        self.open_kinds: tuple[str, ...] = ()
        self.cards: dict[str, Any] = {}
        self.chats: dict[str, dict[str, Any]] = {}

    @property
    def session(self) -> Any:
        """The evening: phase and clock."""
        return self.whole["session"]

    @property
    def my_group(self) -> Any:
        """The group the person sits in."""
        return self.whole["my_group"]

    @property
    def placement(self) -> Any:
        """Where the person belongs."""
        return self.whole["placement"]

    @property
    def problems(self) -> Any:
        """Problem statements and topics."""
        return self.whole["problems"]

    @property
    def polls(self) -> Iterable[Any]:
        """All polls."""
        return self.lists["polls"].values()

    @property
    def help_calls(self) -> Iterable[Any]:
        """All help calls; staff see them."""
        return self.lists["help"].values()

    @property
    def sheets(self) -> Iterable[Any]:
        """The sheets one may read."""
        return self.lists["sheets"].values()

    @staticmethod
    def is_snapshot(change: Any) -> bool:
        """Whether it says everything anew."""
        return _kind(change) == SNAPSHOT

    def apply(self, change: Any) -> None:
        """Takes over what a subscription said."""
        kind = _kind(change)
        if kind == SNAPSHOT:
            self._start(change)
        elif kind == "BoardChanged":
            self.open_kinds = tuple(change.open_kinds)
            self.cards.update(_by_id(change.changed_cards))
            for gone in change.removed_card_ids:
                self.cards.pop(gone, None)
        elif kind == "ChatChanged":
            self._chat(change)
        else:
            self._replace(change)

    def _start(self, snapshot: Any) -> None:
        for name in WHOLE:
            self.whole[name] = getattr(snapshot, name, None)
        for name in LISTS:
            self.lists[name] = _by_id(getattr(snapshot, name, None) or ())
        board = snapshot.board
        self.open_kinds = tuple(board.open_kinds) if board else ()
        self.cards = _by_id(board.cards) if board else {}
        self.chats = {chat.channel: _by_id(chat.messages) for chat in snapshot.chats}

    def _chat(self, change: Any) -> None:
        if not change.readable:
            self.chats.pop(change.channel, None)
            return
        messages = self.chats.setdefault(change.channel, {})
        messages.update(_by_id(change.changed_messages))
        for gone in change.removed_message_ids:
            messages.pop(gone, None)

    def _replace(self, change: Any) -> None:
        names = change.__struct_fields__
        for name in WHOLE:
            if name in names:
                self.whole[name] = getattr(change, name)
        for name, field in LISTS.items():
            if field in names:
                self.lists[name].update(_by_id(getattr(change, field)))
        for gone in getattr(change, "removed_sheet_ids", ()):
            self.lists["sheets"].pop(gone, None)

    def differences(self, evening: Any, chats: Mapping[str, Any]) -> list[str]:
        """What is not as queries answer it, value by value; empty when everything is.

        Args:
            evening: the answer of `Evening` about the conference, for staff of `EveningForStaff`.
            chats: the answers of `ChatMessages` about all `channels`, None for those that one may not read.
        """
        fresh: dict[str, tuple[Any, Any]] = {
            name: (self.whole[name], getattr(evening, ASKED_AS.get(name, name), None)) for name in WHOLE
        }
        for name in LISTS:
            fresh[name] = (self.lists[name], _by_id(getattr(evening, name, None) or ()))
        fresh |= {
            "cards": (self.cards, _by_id(evening.board.cards if evening.board else ())),
            "open_kinds": (sorted(self.open_kinds), sorted(evening.board.open_kinds if evening.board else ())),
            "chats": (self.chats, {name: _by_id(chat.messages) for name, chat in chats.items() if chat is not None}),
        }
        found = (
            each for name, (mine, asked) in fresh.items() for each in _differences(name, _plain(mine), _plain(asked))
        )
        return list(islice(found, DIFFERENCES))


def channels(evening: Any) -> list[str]:
    """The chat channels that somebody reads, by the answer of `Evening` or `EveningForStaff` about the conference."""
    if hasattr(evening, "groups"):
        return ["plenary", "staff", *(group.id for group in (evening.groups.groups if evening.groups else ()))]
    return ["plenary", *([evening.my_group.id] if evening.my_group else [])]


def _kind(change: Any) -> str:
    """The GraphQL type of a change."""
    return str(type(change).__struct_config__.tag)


def _by_id(items: Iterable[Any]) -> dict[str, Any]:
    return {item.id: item for item in items}


def _plain(part: Any) -> Any:
    """Structs as plain data, so that the types of two operations can be compared."""
    return msgspec.to_builtins(part)


def _differences(place: str, mine: Any, asked: Any) -> Iterator[str]:
    if isinstance(mine, dict) and isinstance(asked, dict):
        for key in mine.keys() | asked.keys():
            if key not in mine:
                yield f"{place}: {key} is missing in the view"
            elif key not in asked:
                yield f"{place}: {key} is in the view alone"
            else:
                yield from _differences(f"{place}.{key}", mine[key], asked[key])
    elif isinstance(mine, list | tuple) and isinstance(asked, list | tuple) and len(mine) == len(asked):
        for index, (one, other) in enumerate(zip(mine, asked, strict=True)):
            yield from _differences(f"{place}.{index}", one, other)
    elif mine != asked:
        yield f"{place}: {mine!r:.80} in the view, {asked!r:.80} in the answer"

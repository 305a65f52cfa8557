# SPDX-License-Identifier: Apache-2.0
"""A client's view of a conference: a snapshot and the changes after it, folded as any app would fold them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import msgspec

from gateway.client import fold
from gateway.client.results import ConferenceSnapshot

WHOLE = ("session", "groups", "my_group", "placement", "venue", "problems", "presence", "my_conduct")
"""Parts that are compared as a whole."""

LISTS = ("polls", "sheets", "help", "reports")
"""Parts that are lists of things with ids."""

ASKED_AS = {"placement": "my_placement"}
"""Parts that queries name otherwise."""

DIFFERENCES = 5
"""So many are told; more do not help to understand them."""


class View:
    """What one client knows: the picture that the client's own `fold` makes, which app builders are told to use."""

    def __init__(self) -> None:
        self.picture = ConferenceSnapshot(cursor="", server_time=datetime.min.replace(tzinfo=UTC), chats=())

    @property
    def session(self) -> Any:
        """The evening: phase and clock."""
        return self.picture.session

    @property
    def my_group(self) -> Any:
        """The group the person sits in."""
        return self.picture.my_group

    @property
    def groups(self) -> Sequence[Any]:
        """All groups that run; staff see them."""
        return self.picture.groups.groups if self.picture.groups else ()

    @property
    def placement(self) -> Any:
        """Where the person belongs."""
        return self.picture.placement

    @property
    def problems(self) -> Any:
        """Problem statements and topics."""
        return self.picture.problems

    @property
    def presence(self) -> Any:
        """Who is here; staff see it."""
        return self.picture.presence

    @property
    def polls(self) -> Sequence[Any]:
        """All polls."""
        return self.picture.polls or ()

    @property
    def help_calls(self) -> Sequence[Any]:
        """All help calls; staff see them."""
        return self.picture.help or ()

    @property
    def reports(self) -> Sequence[Any]:
        """All reports; staff see them."""
        return self.picture.reports or ()

    @property
    def sheets(self) -> Sequence[Any]:
        """The sheets one may read."""
        return self.picture.sheets or ()

    @staticmethod
    def is_snapshot(change: Any) -> bool:
        """Whether it says everything anew."""
        return isinstance(change, ConferenceSnapshot)

    def apply(self, change: Any) -> None:
        """Takes over what a subscription said."""
        self.picture = fold(self.picture, change)

    def differences(self, evening: Any, chats: Mapping[str, Any]) -> list[str]:
        """What is not as queries answer it, value by value; empty when everything is.

        Args:
            evening: the answer of `Evening` about the conference, for staff of `EveningForStaff`.
            chats: the answers of `ChatMessages` about all `channels`, None for those that one may not read.
        """
        mine = self.picture
        fresh: dict[str, tuple[Any, Any]] = {
            name: (getattr(mine, name), getattr(evening, ASKED_AS.get(name, name), None)) for name in WHOLE
        }
        for name in LISTS:
            fresh[name] = (_by_id(getattr(mine, name) or ()), _by_id(getattr(evening, name, None) or ()))
        fresh["cards"], fresh["open_kinds"] = zip(_board(mine.board), _board(evening.board), strict=True)
        fresh["chats"] = (
            {chat.channel: _by_id(chat.messages) for chat in mine.chats},
            {channel: _by_id(chat.messages) for channel, chat in chats.items() if chat is not None},
        )
        found = (
            each for name, (mine, asked) in fresh.items() for each in _differences(name, _plain(mine), _plain(asked))
        )
        return list(islice(found, DIFFERENCES))


def channels(evening: Any) -> list[str]:
    """The chat channels that somebody reads, by the answer of `Evening` or `EveningForStaff` about the conference."""
    if hasattr(evening, "groups"):
        return ["plenary", "staff", *(group.id for group in (evening.groups.groups if evening.groups else ()))]
    return ["plenary", *([evening.my_group.id] if evening.my_group else [])]


def _board(board: Any) -> tuple[dict[str, Any], list[str]]:
    return (_by_id(board.cards), sorted(board.open_kinds)) if board else ({}, [])


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

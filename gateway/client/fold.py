# SPDX-License-Identifier: Apache-2.0
"""Keeps a picture of a conference up to date: a snapshot plus a change is the next snapshot."""

from collections.abc import Callable
from typing import Any

import msgspec

from gateway.client.results import ConferenceSnapshot

Json = dict[str, Any]


def fold(snapshot: ConferenceSnapshot, news: Any) -> ConferenceSnapshot:
    """The picture after the news. A snapshot replaces it as a whole.

    Args:
        snapshot: the picture so far.
        news: what `ConferenceChanges` told next.
    """
    if isinstance(news, ConferenceSnapshot):
        return news
    picture, said = msgspec.to_builtins(snapshot), msgspec.to_builtins(news)
    _FOLDS[type(news).__name__](picture, said)
    picture["cursor"], picture["serverTime"] = said["cursor"], said["serverTime"]
    return msgspec.convert(picture, ConferenceSnapshot)


def _replace(*names: str) -> Callable[[Json, Json], None]:
    def apply(picture: Json, said: Json) -> None:
        for name in names:
            picture[name] = said[name]

    return apply


def _upsert(items: list[Json] | None, changed: list[Json], removed: list[str] | None = None) -> list[Json]:
    known = {item["id"]: item for item in items or ()}
    known.update((item["id"], item) for item in changed)
    for gone in removed or ():
        known.pop(gone, None)
    return list(known.values())


def _polls(picture: Json, said: Json) -> None:
    picture["polls"] = _upsert(picture["polls"], said["changedPolls"])


def _board(picture: Json, said: Json) -> None:
    cards = (picture["board"] or {}).get("cards")
    picture["board"] = {
        "openKinds": said["openKinds"],
        "cards": _upsert(cards, said["changedCards"], said["removedCardIds"]),
    }


def _sheets(picture: Json, said: Json) -> None:
    picture["sheets"] = _upsert(picture["sheets"], said["changedSheets"], said["removedSheetIds"])


def _help(picture: Json, said: Json) -> None:
    picture["help"] = _upsert(picture["help"], said["changedCalls"])


def _chat(picture: Json, said: Json) -> None:
    chats = {chat["channel"]: chat["messages"] for chat in picture["chats"]}
    channel = said["channel"]
    if said["readable"]:
        chats[channel] = _upsert(chats.get(channel), said["changedMessages"], said["removedMessageIds"])
    else:
        chats.pop(channel, None)
    picture["chats"] = [{"channel": name, "messages": messages} for name, messages in chats.items()]


_FOLDS: dict[str, Callable[[Json, Json], None]] = {
    "SessionChanged": _replace("session"),
    "GroupsChanged": _replace("groups", "myGroup"),
    "MyPlacementChanged": _replace("placement"),
    "VenueChanged": _replace("venue"),
    "PollsChanged": _polls,
    "BoardChanged": _board,
    "ProblemsChanged": _replace("problems"),
    "SheetsChanged": _sheets,
    "ChatChanged": _chat,
    "HelpChanged": _help,
    "PresenceChanged": _replace("presence"),
}

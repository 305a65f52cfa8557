# SPDX-License-Identifier: Apache-2.0
"""Keeps a picture of a conference up to date: a snapshot plus a change is the next snapshot.

Only what a change says is made anew; everything else is shared with the picture before.
"""

from collections.abc import Callable, Iterable
from typing import Any, get_type_hints

import msgspec

from gateway.client import results
from gateway.client.results import ConferenceSnapshot

Parts = dict[str, Any]

_TYPES = get_type_hints(ConferenceSnapshot)


def fold(snapshot: ConferenceSnapshot, news: Any) -> ConferenceSnapshot:
    """The picture after the news. A snapshot replaces it as a whole.

    Args:
        snapshot: the picture so far; it stays as it is.
        news: what `ConferenceChanges` told next; after a break that is a snapshot, or that one may go on.
    """
    if isinstance(news, ConferenceSnapshot):
        return news
    parts = _FOLDS[type(news)](snapshot, news)
    return msgspec.structs.replace(snapshot, cursor=news.cursor, server_time=news.server_time, **parts)


def _as(kind: Any, said: Any) -> Any:
    """What a change says, in the types of a snapshot: each selection of the operation has its own."""
    return msgspec.convert(said, kind, from_attributes=True)


def _replace(*names: str) -> Callable[[ConferenceSnapshot, Any], Parts]:
    return lambda _, news: {name: _as(_TYPES[name], getattr(news, name)) for name in names}


def _upsert(items: Iterable[Any] | None, changed: Iterable[Any], removed: Iterable[str] = ()) -> tuple[Any, ...]:
    known = {item.id: item for item in items or ()}
    known.update((item.id, item) for item in changed)
    for gone in removed:
        known.pop(gone, None)
    return tuple(known.values())


def _polls(picture: ConferenceSnapshot, news: results.PollsChanged) -> Parts:
    return {"polls": _upsert(picture.polls, _as(_TYPES["polls"], news.changed_polls))}


def _board(picture: ConferenceSnapshot, news: results.BoardChanged) -> Parts:
    changed = _as(tuple[results.ConferenceSnapshotBoardCards, ...], news.changed_cards)
    cards = _upsert(picture.board.cards if picture.board else (), changed, news.removed_card_ids)
    return {"board": results.ConferenceSnapshotBoard(open_kinds=news.open_kinds, cards=cards)}


def _sheets(picture: ConferenceSnapshot, news: results.SheetsChanged) -> Parts:
    return {"sheets": _upsert(picture.sheets, _as(_TYPES["sheets"], news.changed_sheets), news.removed_sheet_ids)}


def _help(picture: ConferenceSnapshot, news: results.HelpChanged) -> Parts:
    return {"help": _upsert(picture.help, _as(_TYPES["help"], news.changed_calls))}


def _reports(picture: ConferenceSnapshot, news: results.ReportsChanged) -> Parts:
    return {"reports": _upsert(picture.reports, _as(_TYPES["reports"], news.changed_reports))}


def _chat(picture: ConferenceSnapshot, news: results.ChatChanged) -> Parts:
    chats = {chat.channel: chat for chat in picture.chats}
    if news.readable:
        before = chats[news.channel].messages if news.channel in chats else ()
        changed = _as(tuple[results.ConferenceSnapshotChatsMessages, ...], news.changed_messages)
        messages = _upsert(before, changed, news.removed_message_ids)
        chats[news.channel] = results.ConferenceSnapshotChats(channel=news.channel, messages=messages)
    else:
        chats.pop(news.channel, None)
    return {"chats": tuple(chats.values())}


_FOLDS: dict[type, Callable[[ConferenceSnapshot, Any], Parts]] = {
    results.SessionChanged: _replace("session"),
    results.GroupsChanged: _replace("groups", "my_group"),
    results.MyPlacementChanged: _replace("placement"),
    results.VenueChanged: _replace("venue"),
    results.PollsChanged: _polls,
    results.BoardChanged: _board,
    results.ProblemsChanged: _replace("problems"),
    results.SheetsChanged: _sheets,
    results.ChatChanged: _chat,
    results.HelpChanged: _help,
    results.ReportsChanged: _reports,
    results.PresenceChanged: _replace("presence"),
    results.MyConductChanged: _replace("my_conduct"),
    results.Resumed: _replace(),
}

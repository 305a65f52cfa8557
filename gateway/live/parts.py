# SPDX-License-Identifier: Apache-2.0
"""What one viewer sees of a conference, part by part, and how a part changes. Pure functions.

A part follows from the views and the viewer alone; that is why a snapshot plus all changes after it is a fresh
snapshot, whatever was lost, merged or repeated on the way.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from gateway.live import visibility
from gateway.live.views import Key
from gateway.live.visibility import Viewer
from services.contracts import ideas, rooms, session

Views = Mapping[Key, Any]
"""The newest answer of each view; a view whose service is away is missing."""

GROUPS = Key("groups")


class Seats(NamedTuple):
    """Who sits where, as far as a viewer may know: all groups for staff, and the own one."""

    groups: session.GroupsView | None
    own: session.GroupPlaced | None


def wanted(viewer: Viewer, views: Views) -> frozenset[Key]:
    """The views that this viewer's parts are made of."""
    kinds = ["session", "presence", "groups", "polls", "board", "problems", "sheets", "venue"]
    if viewer.staff:
        kinds += ["help"]
    channels = visibility.channels(viewer, views.get(GROUPS))
    return frozenset([*map(Key, kinds), *(Key("chat", channel) for channel in channels)])


def _seats(viewer: Viewer, views: Views) -> Seats | None:
    groups: session.GroupsView | None = views.get(GROUPS)
    if groups is None:
        return None
    return Seats(groups if viewer.staff else None, visibility.own_group(viewer, groups))


def _polls(viewer: Viewer, views: Views) -> tuple[session.PollView, ...] | None:
    view: session.PollsView | None = views.get(Key("polls"))
    return None if view is None else visibility.polls(viewer, view).polls


def _board(viewer: Viewer, views: Views) -> ideas.BoardView | None:
    view: ideas.BoardView | None = views.get(Key("board"))
    if view is None:
        return None
    return msgspec.structs.replace(view, cards=tuple(visibility.card(viewer, card) for card in view.cards))


def _sheets(viewer: Viewer, views: Views) -> tuple[ideas.SheetView, ...] | None:
    view: ideas.Sheets | None = views.get(Key("sheets"))
    return None if view is None else visibility.sheets(viewer, view.sheets, views.get(GROUPS))


def _placement(viewer: Viewer, views: Views) -> rooms.Placement | None:
    return visibility.placement(viewer, views.get(Key("venue")))


def _chat(viewer: Viewer, views: Views, channel: str) -> session.ChatView | None:
    view: session.ChatView | None = views.get(Key("chat", channel))
    if view is None:
        return None
    return msgspec.structs.replace(
        view, messages=tuple(visibility.message(viewer, message) for message in view.messages)
    )


def _help(viewer: Viewer, views: Views) -> tuple[session.HelpCallView, ...] | None:
    view: session.HelpView | None = views.get(Key("help"))
    return view.calls if view is not None and viewer.staff else None


def _for_staff(kind: str) -> Callable[[Viewer, Views], Any]:
    return lambda viewer, views: views.get(Key(kind)) if viewer.staff else None


def _for_all(kind: str) -> Callable[[Viewer, Views], Any]:
    return lambda _, views: views.get(Key(kind))


PARTS: Mapping[str, Callable[[Viewer, Views], Any]] = {
    "session": _for_all("session"),
    "groups": _seats,
    "placement": _placement,
    "venue": _for_staff("venue"),
    "polls": _polls,
    "board": _board,
    "problems": _for_all("problems"),
    "sheets": _sheets,
    "help": _help,
    "presence": _for_staff("presence"),
}
"""Every part beside the chat channels."""


def parts(viewer: Viewer, views: Views) -> dict[Key, Any]:
    """All that a viewer sees; parts whose service is away are missing. Who has no seat sees the clock alone."""
    if not visibility.takes_part(viewer, views.get(Key("presence"))):
        evening = views.get(Key("session"))
        return {} if evening is None else {Key("session"): evening}
    found = {Key(name): part(viewer, views) for name, part in PARTS.items()}
    for channel in visibility.channels(viewer, views.get(GROUPS)):
        found[Key("chat", channel)] = _chat(viewer, views, channel)
    return {key: part for key, part in found.items() if part is not None}


class Change(NamedTuple):
    """A part of a viewer that differs from what they were sent.

    Args:
        key: which part.
        before: what they have; None when they have nothing of it.
        now: what it is; None when they may not see it any more.
    """

    key: Key
    before: Any
    now: Any


def changes(sent: Mapping[Key, Any], now: Mapping[Key, Any]) -> list[Change]:
    """What a viewer must be told.

    Args:
        sent: the parts they have.
        now: the parts as they are.
    """
    keys = [*now, *(key for key in sent if key not in now)]
    return [Change(key, sent.get(key), now.get(key)) for key in keys if sent.get(key) != now.get(key)]


def upserts(before: tuple[Any, ...], now: tuple[Any, ...], id_of: Callable[[Any], str]) -> tuple[list[Any], list[str]]:
    """How a list of things with ids changed: what was added or changed, and the ids of what is gone."""
    old = {id_of(item): item for item in before}
    fresh = {id_of(item) for item in now}
    return [item for item in now if old.get(id_of(item)) != item], [key for key in old if key not in fresh]

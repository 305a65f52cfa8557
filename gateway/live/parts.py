# SPDX-License-Identifier: Apache-2.0
"""What one viewer sees of a conference, part by part, and how a part changes.

A part follows from the views and the viewer alone; that is why a snapshot plus all changes after it is a fresh
snapshot, whatever was lost, merged or repeated on the way. What several viewers see alike is made once and is the
same object for all of them; a change made of the same objects is then the same change, told once to everybody.
"""

import time
from collections.abc import Callable, Hashable, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from gateway.live import visibility
from gateway.live.views import Key
from gateway.live.visibility import Viewer
from services.contracts import ideas, rooms, session

T = TypeVar("T")

Views = Mapping[Key, Any]
"""The newest answer of each view; a view whose service is away is missing."""

Memo = dict[Hashable, tuple[tuple[Any, ...], Any]]
"""What was made before: the answers it was made of, and the result."""

GROUPS = Key("groups")


class Seats(NamedTuple):
    """Who sits where, as far as a viewer may know: all groups for staff, and the own one."""

    groups: session.GroupsView | None
    own: session.GroupPlaced | None


class Look:
    """How one viewer looks at a conference.

    Args:
        viewer: who.
        shared: what was made for all viewers of the conference.
    """

    def __init__(self, viewer: Viewer, shared: Memo) -> None:
        self.viewer = viewer
        self.audience = "staff" if viewer.staff else "residents"
        self._shared = shared
        self._own: Memo = {}

    def alike(self, name: Hashable, make: Callable[..., T], *sources: Any) -> T:
        """What all viewers of the same audience see, made of these answers at most once."""
        return _remembered(self._shared, (self.audience, name), make, sources)

    def own(self, name: Hashable, make: Callable[..., T], *sources: Any) -> T:
        """What this viewer alone sees, made of these answers at most once."""
        return _remembered(self._own, name, make, sources)


def _remembered(memo: Memo, name: Hashable, make: Callable[..., T], sources: tuple[Any, ...]) -> T:
    known = memo.get(name)
    if known is not None and all(old is new for old, new in zip(known[0], sources, strict=True)):
        made: T = known[1]
        return made
    made = make(*sources)
    memo[name] = (sources, made)
    return made


def wanted(viewer: Viewer, views: Views) -> frozenset[Key]:
    """The views that this viewer's parts are made of."""
    kinds = ["session", "presence", "groups", "polls", "board", "problems", "sheets", "venue"]
    if viewer.staff:
        kinds += ["help"]
    channels = visibility.channels(viewer, views.get(GROUPS))
    return frozenset([*map(Key, kinds), *(Key("chat", channel) for channel in channels)])


def _seats(look: Look, views: Views) -> Seats | None:
    groups: session.GroupsView | None = views.get(GROUPS)
    if groups is None:
        return None
    own = visibility.own_group(look.viewer, groups)
    shown = groups if look.viewer.staff else None
    return look.alike(("seats", own and own.group_id), lambda _: Seats(shown, own), groups)


def _polls(_: Look, views: Views) -> tuple[session.PollView, ...] | None:
    view: session.PollsView | None = views.get(Key("polls"))
    return None if view is None else view.polls


def _board(look: Look, views: Views) -> ideas.BoardView | None:
    viewer = look.viewer
    nobody = viewer._replace(id="")

    def for_others(view: ideas.BoardView) -> tuple[ideas.CardView, ...]:
        return tuple(visibility.card(nobody, card) for card in view.cards)

    def make(view: ideas.BoardView, others: tuple[ideas.CardView, ...]) -> ideas.BoardView:
        pairs = zip(view.cards, others, strict=True)
        cards = tuple(card if card.author_id == viewer.id else other for card, other in pairs)
        return msgspec.structs.replace(view, cards=cards)

    view: ideas.BoardView | None = views.get(Key("board"))
    return None if view is None else look.own("board", make, view, look.alike("cards", for_others, view))


def _sheets(look: Look, views: Views) -> tuple[ideas.SheetView, ...] | None:
    def make(view: ideas.Sheets | None, groups: session.GroupsView | None) -> tuple[ideas.SheetView, ...] | None:
        return None if view is None else visibility.sheets(look.viewer, view.sheets, groups)

    return look.own("sheets", make, views.get(Key("sheets")), views.get(GROUPS))


def _placement(look: Look, views: Views) -> rooms.Placement | None:
    return look.own("placement", lambda venue: visibility.placement(look.viewer, venue), views.get(Key("venue")))


def _chat(look: Look, views: Views, channel: str) -> session.ChatView | None:
    def make(view: session.ChatView | None) -> session.ChatView | None:
        if view is None:
            return None
        messages = tuple(visibility.message(look.viewer, message) for message in view.messages)
        return msgspec.structs.replace(view, messages=messages)

    key = Key("chat", channel)
    return look.alike(key, make, views.get(key))


def _help(look: Look, views: Views) -> tuple[session.HelpCallView, ...] | None:
    view: session.HelpView | None = views.get(Key("help"))
    return view.calls if view is not None and look.viewer.staff else None


def _for_staff(kind: str) -> Callable[[Look, Views], Any]:
    return lambda look, views: views.get(Key(kind)) if look.viewer.staff else None


def _for_all(kind: str) -> Callable[[Look, Views], Any]:
    return lambda _, views: views.get(Key(kind))


PARTS: Mapping[str, Callable[[Look, Views], Any]] = {
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


def parts(look: Look, views: Views) -> dict[Key, Any]:
    """All that a viewer sees; parts whose service is away are missing. Who has no seat sees the clock alone."""
    if not visibility.takes_part(look.viewer, views.get(Key("presence"))):
        evening = views.get(Key("session"))
        return {} if evening is None else {Key("session"): evening}
    found = {Key(name): part(look, views) for name, part in PARTS.items()}
    for channel in visibility.channels(look.viewer, views.get(GROUPS)):
        found[Key("chat", channel)] = _chat(look, views, channel)
    return {key: part for key, part in found.items() if part is not None}


class Change:
    """A part of a viewer that differs from what they were sent.

    Args:
        key: which part.
        now: what it is, for one of those who are told; None when they may not see it any more.
        changed: of a part that is a list: the items that are new or other.
        removed: of a part that is a list: the ids of items that are gone.

    Attributes:
        at: monotonic time (seconds) when it was found.
        shown: the change as GraphQL shows it, once somebody was told.
    """

    __slots__ = ("at", "changed", "key", "now", "removed", "shown")

    def __init__(self, key: Key, now: Any, changed: tuple[Any, ...] = (), removed: tuple[str, ...] = ()) -> None:
        self.key = key
        self.now = now
        self.changed = changed
        self.removed = removed
        self.at = time.monotonic()
        self.shown: Any = None


class Listed(NamedTuple, Generic[T]):
    """A part that is a list of things with ids; changes name the things that differ.

    Args:
        items: the list.
        id_of: the id of an item.
        rest: what else the part says.
    """

    items: Callable[[T], tuple[Any, ...]]
    id_of: Callable[[Any], str]
    rest: Callable[[T], Hashable]


LISTED: Mapping[str, Listed[Any]] = {
    "polls": Listed(lambda part: part, lambda poll: poll.poll_id, lambda _: None),
    "board": Listed(lambda part: part.cards, lambda card: card.card_id, lambda part: part.open_kinds),
    "sheets": Listed(lambda part: part, lambda sheet: sheet.sheet_id, lambda _: None),
    "chat": Listed(lambda part: part.messages, lambda message: message.message_id, lambda _: None),
    "help": Listed(lambda part: part, lambda call: call.call_id, lambda _: None),
}
"""The parts that are lists, by kind."""


class Changes:
    """Finds changes; the same change is the same object for all viewers who are told within a second.

    What comes later is made anew, because a change says when and at which positions it was told.

    Args:
        seconds: how long a change is remembered.
    """

    def __init__(self, *, seconds: float = 1.0) -> None:
        self._seconds = seconds
        self._known: dict[Hashable, Change] = {}

    def between(
        self, sent: Mapping[Key, Any], now: Mapping[Key, Any], again: frozenset[Key] = frozenset()
    ) -> list[Change]:
        """What a viewer must be told.

        Args:
            sent: the parts they have.
            now: the parts as they are.
            again: parts of which they are told everything once more, whether it changed or not.
        """
        found = []
        for key in [*now, *(key for key in sent if key not in now)]:
            old, new = sent.get(key), now.get(key)
            if old is new and key not in again:
                continue
            find = self._listed if key.kind in LISTED else self._whole
            change = find(key, old, new, again=key in again)
            if change is not None:
                found.append(change)
        return found

    def _whole(self, key: Key, old: Any, new: Any, *, again: bool) -> Change | None:
        # An object is known by its identity; what is remembered here keeps it from being used for another one.
        return None if old == new and not again else self._one((key, id(new)), Change(key, new))

    def _listed(self, key: Key, old: Any, new: Any, *, again: bool) -> Change | None:
        listed = LISTED[key.kind]
        before, items = ({} if part is None else _by_id(listed, part) for part in (old, new))
        changed = tuple(item for name, item in items.items() if again or before.get(name) != item)
        removed = tuple(name for name in before if name not in items)
        was, rest = (None if part is None else (listed.rest(part),) for part in (old, new))
        if not changed and not removed and was == rest:
            return None
        return self._one((key, rest, tuple(map(id, changed)), removed), Change(key, new, changed, removed))

    def _one(self, identity: Hashable, change: Change) -> Change:
        while self._known and change.at - next(iter(self._known.values())).at >= self._seconds:
            del self._known[next(iter(self._known))]
        return self._known.setdefault(identity, change)


def _by_id(listed: Listed[Any], part: Any) -> dict[str, Any]:
    return {listed.id_of(item): item for item in listed.items(part)}

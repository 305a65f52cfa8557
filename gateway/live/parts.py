# SPDX-License-Identifier: Apache-2.0
"""What one viewer sees of a conference, part by part.

A part follows from the views and the viewer alone; that is why a snapshot plus all changes after it is a fresh
snapshot, whatever was lost, merged or repeated on the way. What several viewers see alike is made once and is the
same object for all of them.
"""

from collections.abc import Callable, Collection, Hashable, Mapping
from typing import Any, NamedTuple, TypeVar

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

GROUPS, BOARD, SHEETS = Key("groups"), Key("board"), Key("sheets")


class Seats(NamedTuple):
    """Who sits where, as far as a viewer may know: all groups for staff, and the own one."""

    groups: session.GroupsView | None
    own: session.GroupView | None


class Look:
    """How one viewer looks at a conference.

    Args:
        viewer: who.
        shared: what was made for all viewers of the conference.
        released: who has lost their seat, whatever the views still say.
    """

    __slots__ = ("_own", "_shared", "audience", "released", "viewer")

    def __init__(self, viewer: Viewer, shared: Memo, released: Collection[str] = frozenset()) -> None:
        self.viewer = viewer
        self.audience = "staff" if viewer.staff else "residents"
        self.released = released
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
    if known is not None:
        for old, new in zip(known[0], sources, strict=True):
            if old is not new:
                break
        else:
            found: T = known[1]
            return found
    made = make(*sources)
    memo[name] = (sources, made)
    return made


def wanted(viewer: Viewer, views: Views) -> frozenset[Key]:
    """The views that this viewer's parts are made of."""
    kinds = ["session", "presence", "groups", "polls", "board", "problems", "sheets", "venue"]
    if viewer.staff:
        kinds += ["help", "reports"]
    channels = visibility.channels(viewer, views.get(GROUPS))
    return frozenset([*map(Key, kinds), *(Key("chat", channel) for channel in channels)])


def standing(look: Look, views: Views) -> Hashable:
    """How a viewer stands at the conference: who stands alike sees alike, but for what is their own (`OWN`).

    None: they do not take part, and see the clock alone.
    """
    if not takes_part(look, views):
        return None
    own = _own_group(look, views.get(GROUPS))
    return look.viewer.staff, own and own.group_id


def takes_part(look: Look, views: Views) -> bool:
    """Whether the viewer serves at the conference, is its guest, or has a seat; who waits for a seat does not yet."""
    viewer = look.viewer
    if viewer.staff or viewer.invited:
        return True
    presence: session.PresenceView | None = views.get(Key("presence"))
    if presence is None or viewer.id in look.released:
        return False
    return viewer.id in look.alike("seated", lambda view: frozenset(view.seated), presence)


def _own_group(look: Look, groups: session.GroupsView | None) -> session.GroupView | None:
    """The group in which the viewer sits, or which they accompany as its mentor."""
    return None if groups is None else look.alike("group", visibility.groups_by_person, groups).get(look.viewer.id)


def _seats(look: Look, views: Views) -> Seats | None:
    groups: session.GroupsView | None = views.get(GROUPS)
    if groups is None:
        return None
    own = _own_group(look, groups)
    shown = groups if look.viewer.staff else None
    return look.alike(("seats", own and own.group_id), lambda _: Seats(shown, own), groups)


def _polls(_: Look, views: Views) -> tuple[session.PollView, ...] | None:
    view: session.PollsView | None = views.get(Key("polls"))
    return None if view is None else view.polls


def _cards_of_others(look: Look, view: ideas.BoardView) -> ideas.BoardView:
    """The board as those see it who wrote nothing on it that has a hidden author."""

    def make(view: ideas.BoardView) -> ideas.BoardView:
        nobody = look.viewer._replace(id="")
        return msgspec.structs.replace(view, cards=tuple(visibility.card(nobody, card) for card in view.cards))

    return look.alike("board", make, view)


def _owns_cards(look: Look, views: Views) -> bool:
    def hidden(view: ideas.BoardView, others: ideas.BoardView) -> frozenset[str | None]:
        pairs = zip(view.cards, others.cards, strict=True)
        return frozenset(card.author_id for card, other in pairs if card is not other)

    view: ideas.BoardView | None = views.get(BOARD)
    if view is None:
        return False
    return look.viewer.id in look.alike("hidden authors", hidden, view, _cards_of_others(look, view))


def _board(look: Look, views: Views) -> ideas.BoardView | None:
    def make(view: ideas.BoardView, others: ideas.BoardView) -> ideas.BoardView:
        pairs = zip(view.cards, others.cards, strict=True)
        cards = tuple(card if card.author_id == look.viewer.id else other for card, other in pairs)
        return msgspec.structs.replace(view, cards=cards)

    view: ideas.BoardView | None = views.get(BOARD)
    if view is None:
        return None
    others = _cards_of_others(look, view)
    return look.own("board", make, view, others) if _owns_cards(look, views) else others


def _owns_passages(look: Look, views: Views) -> bool:
    def writers(view: ideas.Sheets) -> frozenset[str | None]:
        return frozenset(passage.author_id for sheet in view.sheets for passage in sheet.passages)

    view: ideas.Sheets | None = views.get(SHEETS)
    return view is not None and not look.viewer.staff and look.viewer.id in look.alike("writers", writers, view)


def _sheets(look: Look, views: Views) -> tuple[ideas.SheetView, ...] | None:
    def make(view: ideas.Sheets, groups: session.GroupsView | None) -> tuple[ideas.SheetView, ...]:
        return visibility.sheets(look.viewer, view.sheets, groups)

    view: ideas.Sheets | None = views.get(SHEETS)
    if view is None:
        return None
    groups = views.get(GROUPS)
    if _owns_passages(look, views):
        return look.own("sheets", make, view, groups)
    group = _own_group(look, groups)
    return look.alike(("sheets", group and group.group_id), make, view, groups)


def _placement(look: Look, views: Views) -> rooms.Placement | None:
    def by_person(venue: rooms.VenueView) -> dict[str, rooms.PlacementEntry]:
        return {entry.participant_id: entry for entry in venue.placements}

    def make(venue: rooms.VenueView) -> rooms.Placement | None:
        return visibility.placement(look.viewer, venue, look.alike("places", by_person, venue).get(look.viewer.id))

    venue: rooms.VenueView | None = views.get(Key("venue"))
    return None if venue is None else look.own("placement", make, venue)


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


def _reports(look: Look, views: Views) -> tuple[session.ReportView, ...] | None:
    view: session.ReportsView | None = views.get(Key("reports"))
    return view.reports if view is not None and look.viewer.staff else None


def _has_conduct(look: Look, views: Views) -> bool:
    view: session.PresenceView | None = views.get(Key("presence"))
    return view is not None and any(one.participant_id == look.viewer.id for one in view.conduct)


def _conduct(look: Look, views: Views) -> session.ConductView | None:
    view: session.PresenceView | None = views.get(Key("presence"))
    if view is None or not view.conduct:
        return None
    return next((one for one in view.conduct if one.participant_id == look.viewer.id), None)


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
    "reports": _reports,
    "presence": _for_staff("presence"),
    "conduct": _conduct,
}
"""Every part beside the chat channels."""


STANDING_ON = frozenset({"presence", "groups"})
"""The kinds of views on which it depends how a viewer stands."""

ALIKE = frozenset({"session", "groups", "venue", "polls", "problems", "help", "reports", "presence", "chat"})
"""The parts that all who stand alike see alike."""

OWN: Mapping[str, Callable[[Look, Views], bool]] = {
    "board": _owns_cards,
    "sheets": _owns_passages,
    "conduct": _has_conduct,
}
"""The parts that all see alike who stand alike and wrote nothing of them, and whether a viewer did.

What is named nowhere, a placement, is each viewer's own.
"""

DEPENDS: Mapping[str, frozenset[str]] = {
    "groups": frozenset({"groups", "sheets", "chat"}),
    "venue": frozenset({"placement", "venue"}),
    "presence": frozenset({"presence", "conduct"}),
}
"""The kinds of parts that follow from a kind of views, where it is not just the one of the same name."""


def parts(look: Look, views: Views, only: frozenset[str] | None = None) -> dict[Key, Any]:
    """All that a viewer sees; parts whose service is away are missing. Who has no seat sees the clock alone.

    Args:
        look: the viewer.
        views: the newest answers.
        only: the kinds of parts that are asked for; None: all.
    """
    if not takes_part(look, views):
        evening = views.get(Key("session"))
        return {} if evening is None or (only is not None and "session" not in only) else {Key("session"): evening}
    names = PARTS if only is None else only
    found = {_KEYS[name]: PARTS[name](look, views) for name in names if name in PARTS}
    if only is None or "chat" in only:
        for channel in visibility.channels(look.viewer, views.get(GROUPS)):
            found[Key("chat", channel)] = _chat(look, views, channel)
    return {key: part for key, part in found.items() if part is not None}


_KEYS = {name: Key(name) for name in PARTS}

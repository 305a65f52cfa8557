# SPDX-License-Identifier: Apache-2.0
"""Which part of a service's answer a viewer may see. Pure functions, for queries and subscriptions alike.

The services check commands and answer questions for one actor; a live view is asked for once and shared by all
viewers of a conference, so the cut to each viewer is made here.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import msgspec

from services.contracts import ideas, rooms, session

PLENARY = "plenary"
STAFF = "staff"

ON_THE_WAY: Final = timedelta(seconds=20)
"""So long (domain time) somebody may take to arrive where they were placed."""


class Viewer(NamedTuple):
    """Who looks.

    Args:
        id: of the participant or the person of the staff.
        staff: whether they serve at the conference.
        invited: whether they take part without a seat, as a guest of honour.
        visiting: of the staff, the roles that they hold at the conference by its series or its district.
    """

    id: str
    staff: bool
    invited: bool = False
    visiting: tuple[str, ...] | None = None


def own_group(viewer: Viewer, groups: session.GroupsView | None) -> session.GroupView | None:
    """The group in which the viewer sits, or which they accompany as its mentor."""
    if groups is None:
        return None
    for group in groups.groups:
        if viewer.id in group.members or viewer.id == group.mentor_id:
            return group
    return None


def groups_by_person(groups: session.GroupsView) -> dict[str, session.GroupView]:
    """`own_group` of everybody who has one."""
    found: dict[str, session.GroupView] = {}
    for group in groups.groups:
        for person in (*group.members, group.mentor_id):
            if person is not None:
                found.setdefault(person, group)
    return found


def channels(viewer: Viewer, groups: session.GroupsView | None) -> tuple[str, ...]:
    """The chat channels a viewer reads: plenary and own group; staff every channel."""
    if viewer.staff:
        return (PLENARY, STAFF, *(group.group_id for group in groups.groups)) if groups else (PLENARY, STAFF)
    own = own_group(viewer, groups)
    return (PLENARY, own.group_id) if own else (PLENARY,)


def message(viewer: Viewer, view: session.MessageView) -> session.MessageView:
    """A chat message; a hidden one has no text for residents."""
    if viewer.staff or not view.hidden or view.text is None:
        return view
    return msgspec.structs.replace(view, text=None)


def card(viewer: Viewer, view: ideas.CardView) -> ideas.CardView:
    """A card; needs and offers show their author to nobody else."""
    if view.kind not in ("NEED", "OFFER") or view.author_id in (None, viewer.id):
        return view
    return msgspec.structs.replace(view, author_id=None)


def sheets(
    viewer: Viewer, views: tuple[ideas.SheetView, ...], groups: session.GroupsView | None
) -> tuple[ideas.SheetView, ...]:
    """The sheets a viewer may read: those of the own group and those they wrote in; staff all."""
    if viewer.staff:
        return views
    own = own_group(viewer, groups)
    return tuple(
        view
        for view in views
        if (own is not None and view.group_id == own.group_id)
        or any(passage.author_id == viewer.id for passage in view.passages)
    )


def placement(viewer: Viewer, venue: rooms.VenueView, entry: rooms.PlacementEntry | None) -> rooms.Placement | None:
    """Where the viewer belongs: where the venue places them, else in the plenary; None while it has no rooms.

    Args:
        viewer: who.
        venue: all rooms.
        entry: the viewer's own place there.
    """
    plenary = next(iter(venue.rooms), "")
    if entry is None and not plenary:
        return None
    return rooms.Placement(
        conference_id=venue.conference_id,
        participant_id=viewer.id,
        generation=venue.generation,
        room=entry.room if entry else plenary,
        kind=entry.kind if entry else "plenary",
        group_id=entry.group_id if entry else None,
        video=venue.video,
        confirmed=entry.confirmed if entry else False,
    )


def missing(venue: rooms.VenueView, presence: session.PresenceView, now: datetime) -> Sequence[str]:
    """Who is here and is not where they were placed, though they have had the time to go there.

    Args:
        venue: all rooms.
        presence: who is here.
        now: domain time.
    """
    present = frozenset(presence.present)
    return [
        entry.participant_id
        for entry in venue.placements
        if entry.participant_id in present
        and not entry.confirmed
        and (entry.placed_at is None or now - entry.placed_at >= ON_THE_WAY)
    ]

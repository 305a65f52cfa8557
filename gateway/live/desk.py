# SPDX-License-Identifier: Apache-2.0
"""What the city desk watches: the evenings that are prepared or run, how registration goes everywhere, and what the
city's staff write to each other."""

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.live.changes import Listed
from gateway.live.parts import Look, Views
from gateway.live.views import Key, Message, View
from gateway.live.visibility import Viewer
from services.chassis.contract import QueryRequest
from services.contracts import registration, session
from services.contracts.shared import Cut

PAUSE_SECONDS = 0.5
"""Real seconds between two questions for the same view: a city of conferences changes all the time."""

_SEATS: tuple[Message, ...] = (registration.SeatTaken, registration.SeatReleased)
_TIMETABLE: tuple[Message, ...] = (
    registration.ConferenceAnnounced,
    registration.ConferenceMoved,
    registration.ConferenceCancelled,
    session.SessionEnded,
)


def _page(after: str | None = None) -> registration.ListConferences:
    return registration.ListConferences(cut=Cut(first=100, after=after))


def _next_page(answer: registration.Conferences) -> QueryRequest[Any] | None:
    return _page(answer.keys[-1]) if answer.more else None


def _all_pages(pages: Sequence[registration.Conferences]) -> registration.Conferences:
    return registration.Conferences(
        items=tuple(item for page in pages for item in page.items),
        keys=tuple(key for page in pages for key in page.keys),
    )


VIEWS: Mapping[str, View] = {
    "evenings": View(
        session.SERVICE,
        lambda _, __: session.GetDesk(),
        (
            *_TIMETABLE,
            *_SEATS,
            session.LobbyOpened,
            session.SessionStarted,
            session.PhaseStarted,
            session.PhaseEnded,
            session.PhaseExtended,
            session.SessionPaused,
            session.SessionResumed,
            session.GroupsPlaced,
            session.GroupsRecalled,
            session.HelpRequested,
            session.HelpClaimed,
            session.HelpPooled,
            session.HelpHandedOver,
            session.HelpResolved,
            session.PresenceEdge,
            session.PresenceChanged,
        ),
        pause=PAUSE_SECONDS,
    ),
    "chat": View(
        session.SERVICE,
        lambda _, __: session.GetCityChat(),
        (session.CityMessagePosted, session.CityChatDeleted),
    ),
    "registrations": View(
        registration.SERVICE,
        lambda _, __: _page(),
        (*_TIMETABLE, *_SEATS, registration.ConferenceOpened, registration.ConferenceClosed),
        more=_next_page,
        join=_all_pages,
        pause=PAUSE_SECONDS,
    ),
}

LISTED: Mapping[str, Listed[Any]] = {
    "evenings": Listed(lambda part: part.rows, lambda row: row.conference_id, lambda _: None),
    "chat": Listed(lambda part: part.messages, lambda message: message.message_id, lambda _: None),
    "registrations": Listed(lambda part: part.items, lambda item: item.conference_id, lambda _: None),
}


def wanted(viewer: Viewer, views: Views) -> frozenset[Key]:
    """All views: all who watch the desk see the same."""
    return frozenset(map(Key, VIEWS))


def parts(look: Look, views: Views, only: frozenset[str] | None = None) -> dict[Key, Any]:
    """The desk; a part whose service is away is missing."""
    found = {Key(kind): views.get(Key(kind)) for kind in VIEWS if only is None or kind in only}
    return {key: part for key, part in found.items() if part is not None}

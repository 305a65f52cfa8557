# SPDX-License-Identifier: Apache-2.0
"""The views a live conference is made of, and which messages of the services make each of them out of date.

The table is the whole truth: a message that stands in it makes the view be asked for again, one that does not is
ignored. A test holds it against the contracts.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from services.chassis.contract import ContractEvent, LiveChange, QueryRequest
from services.contracts import ideas, registration, rooms, session

Message = type[ContractEvent] | type[LiveChange]


class Key(NamedTuple):
    """One view of a conference.

    Args:
        kind: a key of `VIEWS`.
        channel: of a chat view, its channel.
    """

    kind: str
    channel: str = ""


class View(NamedTuple):
    """How a view is asked for, and what makes it out of date.

    Args:
        service: who answers.
        query: the question, from conference and channel.
        messages: after these it is asked for again.
    """

    service: str
    query: Callable[[str, str], QueryRequest[Any]]
    messages: tuple[Message, ...]


_PEOPLE: tuple[Message, ...] = (
    registration.ParticipantErased,
    session.ParticipantExcluded,
    session.ParticipantReadmitted,
)
_PHASES: tuple[Message, ...] = (session.PhaseStarted, session.PhaseEnded, session.SessionEnded)

VIEWS: Mapping[str, View] = {
    "session": View(
        session.SERVICE,
        lambda conference, _: session.GetSession(conference_id=conference),
        (
            *_PHASES,
            session.LobbyOpened,
            session.SessionStarted,
            session.PhaseExtended,
            session.SessionPaused,
            session.SessionResumed,
            session.BroadcastSent,
            registration.ConferenceCancelled,
            registration.ConferenceMoved,
        ),
    ),
    "groups": View(
        session.SERVICE,
        lambda conference, _: session.GetGroups(conference_id=conference),
        (*_PEOPLE, *_PHASES, session.GroupsPlaced, session.ParticipantMoved, session.GroupsRecalled),
    ),
    "polls": View(
        session.SERVICE,
        lambda conference, _: session.GetPolls(conference_id=conference),
        (session.PollOpened, session.PollClosed, session.PollResultsChanged, *_PHASES),
    ),
    "chat": View(
        session.SERVICE,
        lambda conference, channel: session.GetChat(conference_id=conference, channel=channel),
        (session.MessagePosted, session.MessageHidden, session.BroadcastSent, registration.ParticipantErased),
    ),
    "help": View(
        session.SERVICE,
        lambda conference, _: session.GetHelp(conference_id=conference),
        (session.HelpRequested, session.HelpClaimed, session.HelpResolved, registration.ParticipantErased),
    ),
    "presence": View(
        session.SERVICE,
        lambda conference, _: session.GetPresence(conference_id=conference),
        (
            *_PEOPLE,
            session.PresenceEdge,
            session.PresenceChanged,
            registration.SeatTaken,
            registration.SeatReleased,
            registration.ParticipantCheckedIn,
            registration.StaffAssigned,
            registration.StaffReleased,
        ),
    ),
    "board": View(
        ideas.SERVICE,
        lambda conference, _: ideas.GetBoard(conference_id=conference),
        (ideas.CardsChanged, ideas.CardTagged, registration.ParticipantErased, *_PHASES),
    ),
    "problems": View(
        ideas.SERVICE,
        lambda conference, _: ideas.GetProblems(conference_id=conference),
        (
            ideas.CardsChanged,
            ideas.TopicsChosen,
            ideas.TopicPreferencesClosed,
            registration.ParticipantErased,
            *_PHASES,
        ),
    ),
    "sheets": View(
        ideas.SERVICE,
        lambda conference, _: ideas.GetSheets(conference_id=conference),
        (
            ideas.SheetsChanged,
            ideas.IdeaSubmitted,
            ideas.IdeaWithdrawn,
            session.GroupsPlaced,
            registration.ParticipantErased,
            *_PHASES,
        ),
    ),
    "venue": View(
        rooms.SERVICE,
        lambda conference, _: rooms.GetVenue(conference_id=conference),
        (
            rooms.VenueReady,
            rooms.RoomOpened,
            rooms.RoomClosed,
            rooms.ParticipantJoined,
            rooms.ParticipantLeft,
            rooms.PlacementMissed,
            session.LobbyOpened,
            session.GroupsPlaced,
            session.ParticipantMoved,
            session.GroupsRecalled,
            session.SessionEnded,
            *_PEOPLE,
        ),
    ),
}

BOUND: Mapping[tuple[str, str], tuple[str, ...]] = {
    (message.SERVICE, message.__name__): tuple(kind for kind, view in VIEWS.items() if message in view.messages)
    for message in {message for view in VIEWS.values() for message in view.messages}
}
"""The kinds of views that each message makes out of date, by service and name of the message."""

# SPDX-License-Identifier: Apache-2.0
"""The views a live conference is made of, and which messages of the services make each of them out of date.

The table is the whole truth: a message that stands in it makes the view be asked for again, one that does not is
ignored. A test holds it against the contracts.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from services.chassis.contract import ContractEvent, LiveChange, QueryRequest
from services.chassis.identity import Actor
from services.contracts import ideas, registration, rooms, session

Message = type[ContractEvent] | type[LiveChange]


class Key(NamedTuple):
    """One view of what is watched.

    Args:
        kind: a key of the topic's views.
        channel: which of several views of a kind: of a chat its channel, of a jury round who looks.
    """

    kind: str
    channel: str = ""


class Told(msgspec.Struct):
    """What is read of a message beside its name: the position of a live change, and what it is about."""

    position: int | None = None
    channel: str | None = None
    round_id: str | None = None
    participant_id: str | None = None


def _everything(scope: str, key: Key, told: Told) -> bool:
    return True


def _own_channel(scope: str, key: Key, told: Told) -> bool:
    return told.channel in (None, key.channel)


def _last_page(answer: Any) -> QueryRequest[Any] | None:
    return None


def _only_page(pages: Sequence[Any]) -> Any:
    return pages[0]


class View(NamedTuple):
    """How a view is asked for, and what makes it out of date.

    Args:
        service: who answers.
        query: the question, from what is watched (a conference) and the channel.
        messages: after these it is asked for again.
        concerns: whether a message is about this very view, from what is watched, the view and what was told.
        asks: as whom it is asked for, from the channel; None: as the gateway, for all who watch.
        more: the question for the page after an answer; None behind the last one.
        join: one answer from its pages.
        pause: real seconds between two questions.
    """

    service: str
    query: Callable[[str, str], QueryRequest[Any]]
    messages: tuple[Message, ...]
    concerns: Callable[[str, Key, Told], bool] = _everything
    asks: Callable[[str], Actor] | None = None
    more: Callable[[Any], QueryRequest[Any] | None] = _last_page
    join: Callable[[Sequence[Any]], Any] = _only_page
    pause: float = 0.0


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
            session.GroupExtended,
            session.TimeMarkReached,
            session.PhaseClosing,
            session.AgendaChanged,
            session.LeadChanged,
            session.SessionPaused,
            session.SessionResumed,
            session.BroadcastSent,
            session.ChatDeleted,
            registration.ConferenceCancelled,
            registration.ConferenceMoved,
        ),
    ),
    "groups": View(
        session.SERVICE,
        lambda conference, _: session.GetGroups(conference_id=conference),
        (
            *_PEOPLE,
            *_PHASES,
            session.GroupsPlaced,
            session.ParticipantMoved,
            session.GroupsRecalled,
            session.GroupLocked,
        ),
    ),
    "polls": View(
        session.SERVICE,
        lambda conference, _: session.GetPolls(conference_id=conference),
        (session.PollOpened, session.PollRevealed, session.PollClosed, session.PollResultsChanged, *_PHASES),
    ),
    "chat": View(
        session.SERVICE,
        lambda conference, channel: session.GetChat(conference_id=conference, channel=channel),
        (
            session.MessagePosted,
            session.MessageHidden,
            session.BroadcastSent,
            session.ChatDeleted,
            registration.ParticipantErased,
        ),
        concerns=_own_channel,
    ),
    "help": View(
        session.SERVICE,
        lambda conference, _: session.GetHelp(conference_id=conference),
        (
            session.HelpRequested,
            session.HelpClaimed,
            session.HelpPooled,
            session.HelpHandedOver,
            session.HelpResolved,
            registration.ParticipantErased,
        ),
    ),
    "reports": View(
        session.SERVICE,
        lambda conference, _: session.GetReports(conference_id=conference),
        (session.ReportMade, session.ReportClaimed, session.ReportClosed, registration.ParticipantErased),
    ),
    "presence": View(
        session.SERVICE,
        lambda conference, _: session.GetPresence(conference_id=conference),
        (
            *_PEOPLE,
            session.PresenceEdge,
            session.PresenceChanged,
            session.ParticipantWarned,
            session.ParticipantMuted,
            session.ParticipantUnmuted,
            session.ParticipantSetApart,
            session.ParticipantTakenBack,
            session.PhaseStarted,
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


def bound(views: Mapping[str, View]) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """The kinds of views that each message makes out of date, by service and name of the message."""
    messages = {message for view in views.values() for message in view.messages}
    return {
        (message.SERVICE, message.__name__): tuple(kind for kind, view in views.items() if message in view.messages)
        for message in messages
    }

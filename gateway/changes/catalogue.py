# SPDX-License-Identifier: Apache-2.0
"""Which contract event changes or removes which public thing.

Counts that follow every registration (`seatsTaken`, `waiting`) are no change: who shows them asks for them.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple
from uuid import UUID

from services.chassis.contract import ContractEvent
from services.contracts import ideas, registration, session

SERVICE_OF: Final[Mapping[str, str]] = {
    "District": registration.SERVICE,
    "Conference": registration.SERVICE,
    "Session": session.SERVICE,
    "Challenge": ideas.SERVICE,
    "Idea": ideas.SERVICE,
}
"""The types of the feed's nodes, and who knows them."""

LEFT_OUT: Final[Mapping[str, str]] = {}
"""Types of public nodes whose changes are not told, with the reason."""


class Told(NamedTuple):
    """What an event says of a node.

    Args:
        kind: its type.
        field: of the event, with the node's local id.
        removed: whether the node is gone.
    """

    kind: str
    field: str
    removed: bool = False


_CONFERENCE = Told("Conference", "conference_id")
_SESSION = Told("Session", "conference_id")
_IDEA = Told("Idea", "idea_id")

TOLD: Final[Mapping[type[ContractEvent], Told]] = {
    registration.DistrictDefined: Told("District", "district_id"),
    registration.ConferenceAnnounced: _CONFERENCE,
    registration.ConferenceOpened: _CONFERENCE,
    registration.ConferenceClosed: _CONFERENCE,
    registration.ConferenceMoved: _CONFERENCE,
    registration.ConferenceCancelled: _CONFERENCE,
    registration.ConferenceHeld: _CONFERENCE,
    session.SessionPrepared: _SESSION,
    session.LobbyOpened: _SESSION,
    session.SessionStarted: _SESSION,
    session.PhaseStarted: _SESSION,
    session.PhaseExtended: _SESSION,
    session.PhaseEnded: _SESSION,
    session.GroupExtended: _SESSION,
    session.TimeMarkReached: _SESSION,
    session.PhaseClosing: _SESSION,
    session.AgendaChanged: _SESSION,
    session.SessionPaused: _SESSION,
    session.SessionResumed: _SESSION,
    session.SessionEnded: _SESSION,
    ideas.ChallengePublished: Told("Challenge", "challenge_id"),
    ideas.IdeaSubmitted: _IDEA,
    ideas.IdeaRevised: _IDEA,
    ideas.IdeaAwarded: _IDEA,
    ideas.IdeaWithdrawn: Told("Idea", "idea_id", removed=True),
}
"""What each event says. Of one node only the service that knows it tells."""


def local_of(event: ContractEvent, told: Told) -> UUID:
    """The local id of the node that an event is about."""
    return UUID(getattr(event, told.field))

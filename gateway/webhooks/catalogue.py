# SPDX-License-Identifier: Apache-2.0
"""The events that apps can subscribe to: from which contract event each comes, and what is told of it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, Literal, NamedTuple, TypeVar
from uuid import NAMESPACE_OID, UUID, uuid5

import msgspec

from gateway.schema.relay import global_id
from gateway.schema.shape import description_of
from gateway.webhooks.forms import (
    AwardMade,
    ChallengePublished,
    ConferenceAnnounced,
    ConferenceChanged,
    ConferenceMoved,
    Data,
    IdeaChanged,
    Message,
    PhaseEnded,
    PhaseExtended,
    PhaseStarted,
    Ping,
    SessionChanged,
    SessionResumed,
)
from services.chassis.contract import ContractEvent
from services.contracts import ideas, registration, session

E = TypeVar("E", bound=ContractEvent)

EventType = Literal[
    "conference.announced",
    "conference.opened",
    "conference.closed",
    "conference.moved",
    "conference.cancelled",
    "session.lobby_opened",
    "session.started",
    "session.paused",
    "session.resumed",
    "session.ended",
    "phase.started",
    "phase.extended",
    "phase.ended",
    "challenge.published",
    "idea.submitted",
    "idea.withdrawn",
    "award.made",
]
PING: Final = "ping"
"""The type of test messages; nobody subscribes to it."""


class Kind(NamedTuple):
    """One type of event.

    Args:
        name: `type` of its messages.
        version: of its form.
        data: its form.
        of: the contract event it comes from; None: it is made here.
        tell: the public part of the contract event.
    """

    name: str
    version: int
    data: type[Data]
    of: type[ContractEvent] | None
    tell: Callable[[Any], Data] | None

    @property
    def description(self) -> str:
        """When it is sent, as one sentence of the contract says it."""
        return description_of(self.data if self.of is None else self.of)


class Told(NamedTuple):
    """A public event as it is kept and sent.

    Args:
        id: the same in whatever process it is made.
        body: the bytes that are signed and sent.
        district: of what belongs to a district and to no conference.
    """

    id: UUID
    type: str
    at: datetime
    conference: UUID | None
    district: UUID | None
    body: bytes


def message_id(event: UUID) -> str:
    """The value of `webhook-id`: the same for every repetition, and at every receiver."""
    return f"msg_{event.hex}"


def of_event(event: ContractEvent, position: int) -> Told | None:
    """What apps are told about a contract event; None: nothing.

    Args:
        position: its place in the log of its service.
    """
    kind = BY_EVENT.get(type(event))
    if kind is None or kind.tell is None:
        return None
    district = getattr(event, "district_id", None) if event.conference is None else None
    return Told(
        id=uuid5(NAMESPACE_OID, f"webhook:{event.SERVICE}:{position}"),
        type=kind.name,
        at=event.at,
        conference=None if event.conference is None else UUID(event.conference),
        district=None if district is None else UUID(district),
        body=_body(kind, event.at, kind.tell(event)),
    )


def ping(webhook: UUID, now: datetime, event_id: UUID) -> Told:
    """A test message to one webhook."""
    data = Ping(webhook=global_id("Webhook", webhook.hex))
    return Told(event_id, PING, now, None, None, _body(KINDS[PING], now, data))


def _body(kind: Kind, at: datetime, data: Data) -> bytes:
    return msgspec.json.encode(Message(type=kind.name, version=kind.version, timestamp=at.astimezone(UTC), data=data))


def _kind(name: EventType, event: type[E], data: type[Data], tell: Callable[[E], Data], version: int = 1) -> Kind:
    return Kind(name, version, data, event, tell)


def _conference(event: Any) -> str:
    return global_id("Conference", event.conference_id)


def _to(state: Literal["OPEN", "CLOSED", "CANCELLED"]) -> Callable[[ContractEvent], Data]:
    return lambda event: ConferenceChanged(conference=_conference(event), state=state)


def _evening(state: Literal["LOBBY", "RUNNING", "PAUSED", "ENDED"]) -> Callable[[ContractEvent], Data]:
    return lambda event: SessionChanged(conference=_conference(event), state=state)


def _idea(state: Literal["SUBMITTED", "WITHDRAWN"]) -> Callable[[Any], Data]:
    return lambda event: IdeaChanged(conference=_conference(event), idea=global_id("Idea", event.idea_id), state=state)


def _announced(event: registration.ConferenceAnnounced) -> Data:
    return ConferenceAnnounced(
        conference=_conference(event),
        district=global_id("District", event.district_id),
        series=global_id("Series", event.series_id),
        starts_at=event.starts_at,
    )


def _phase(event: session.PhaseStarted) -> Data:
    return PhaseStarted(
        conference=_conference(event), run=event.run, phase=event.phase, kind=event.kind, deadline=event.deadline
    )


def _challenge(event: ideas.ChallengePublished) -> Data:
    return ChallengePublished(
        challenge=global_id("Challenge", event.challenge_id), district=global_id("District", event.district_id)
    )


def _award(event: ideas.IdeaAwarded) -> Data:
    return AwardMade(
        conference=_conference(event), idea=global_id("Idea", event.idea_id), amount_cents=event.amount_cents
    )


_ALL = (
    _kind("conference.announced", registration.ConferenceAnnounced, ConferenceAnnounced, _announced),
    _kind("conference.opened", registration.ConferenceOpened, ConferenceChanged, _to("OPEN")),
    _kind("conference.closed", registration.ConferenceClosed, ConferenceChanged, _to("CLOSED")),
    _kind(
        "conference.moved",
        registration.ConferenceMoved,
        ConferenceMoved,
        lambda event: ConferenceMoved(conference=_conference(event), starts_at=event.starts_at),
    ),
    _kind("conference.cancelled", registration.ConferenceCancelled, ConferenceChanged, _to("CANCELLED")),
    _kind("session.lobby_opened", session.LobbyOpened, SessionChanged, _evening("LOBBY")),
    _kind("session.started", session.SessionStarted, SessionChanged, _evening("RUNNING")),
    _kind("session.paused", session.SessionPaused, SessionChanged, _evening("PAUSED")),
    _kind(
        "session.resumed",
        session.SessionResumed,
        SessionResumed,
        lambda event: SessionResumed(conference=_conference(event), run=event.run, deadline=event.deadline),
    ),
    _kind("session.ended", session.SessionEnded, SessionChanged, _evening("ENDED")),
    _kind("phase.started", session.PhaseStarted, PhaseStarted, _phase),
    _kind(
        "phase.extended",
        session.PhaseExtended,
        PhaseExtended,
        lambda event: PhaseExtended(conference=_conference(event), run=event.run, deadline=event.deadline),
    ),
    _kind(
        "phase.ended",
        session.PhaseEnded,
        PhaseEnded,
        lambda event: PhaseEnded(conference=_conference(event), run=event.run, phase=event.phase),
    ),
    _kind("challenge.published", ideas.ChallengePublished, ChallengePublished, _challenge),
    _kind("idea.submitted", ideas.IdeaSubmitted, IdeaChanged, _idea("SUBMITTED")),
    _kind("idea.withdrawn", ideas.IdeaWithdrawn, IdeaChanged, _idea("WITHDRAWN")),
    _kind("award.made", ideas.IdeaAwarded, AwardMade, _award),
    Kind(PING, 1, Ping, None, None),
)
KINDS: Final = {kind.name: kind for kind in _ALL}
"""Every type, by its name."""

BY_EVENT: Final = {kind.of: kind for kind in _ALL if kind.of is not None}

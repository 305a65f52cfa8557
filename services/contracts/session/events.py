# SPDX-License-Identifier: Apache-2.0
"""What the evening tells everybody: facts that last."""

from datetime import datetime
from typing import ClassVar

from services.chassis.contract import ContractEvent, Id
from services.chassis.decider import Sealed
from services.contracts.session.vocabulary import SERVICE, GroupMode, GroupPlaced, PhaseKind, Spread, Tool, WordCount
from services.contracts.shared import Reason


class _Event(ContractEvent, frozen=True, kw_only=True):
    SERVICE: ClassVar[str] = SERVICE

    conference_id: Id


class SessionPrepared(_Event, frozen=True, kw_only=True):
    """The evening of a conference has its script; it waits for its lobby."""

    conference_id: Id


class LobbyOpened(_Event, frozen=True, kw_only=True):
    """People may come in and wait."""


class SessionStarted(_Event, frozen=True, kw_only=True):
    """The first phase begins."""


class PhaseStarted(_Event, frozen=True, kw_only=True):
    """A phase was entered; `deadline` is absolute. `material` says what its tools are about."""

    run: int
    phase: str
    kind: PhaseKind
    tools: tuple[Tool, ...]
    group_mode: GroupMode | None
    deadline: datetime


class PhaseExtended(_Event, frozen=True, kw_only=True):
    """The running phase has another deadline."""

    run: int
    deadline: datetime


class GroupExtended(_Event, frozen=True, kw_only=True):
    """One group has another deadline than the others; None: while the clock stands."""

    run: int
    group_id: Id
    deadline: datetime | None


class TimeMarkReached(_Event, frozen=True, kw_only=True):
    """Five, two or one minutes are left until the deadline."""

    run: int
    minutes: int
    deadline: datetime


class PhaseClosing(_Event, frozen=True, kw_only=True):
    """People may finish; then the phase is left."""

    run: int
    closes_at: datetime


class PhaseEnded(_Event, frozen=True, kw_only=True):
    """A phase was left."""

    run: int
    phase: str
    tools: tuple[Tool, ...]


class AgendaChanged(_Event, frozen=True, kw_only=True):
    """The phase with the key `phase` is left out, or is not left out any more."""

    phase: str
    skipped: bool


class LeadChanged(_Event, frozen=True, kw_only=True):
    """A deputy leads the evening; None: the moderators do again."""

    led_by: Id | None


class SessionPaused(_Event, frozen=True, kw_only=True):
    """The clock stands."""

    run: int


class SessionResumed(_Event, frozen=True, kw_only=True):
    """The clock runs again, towards this deadline."""

    run: int
    deadline: datetime


class SessionEnded(_Event, frozen=True, kw_only=True):
    """The evening is over."""


class GroupsPlaced(_Event, frozen=True, kw_only=True):
    """Everybody present has a small group, except the few in `with_moderator` where there are too few people."""

    generation: int
    run: int
    mode: GroupMode
    groups: tuple[GroupPlaced, ...]
    with_moderator: tuple[Id, ...] = ()


class ParticipantMoved(_Event, frozen=True, kw_only=True):
    """One person belongs to another group now; None: to the plenary."""

    generation: int
    participant_id: Id
    group_id: Id | None


class GroupsRecalled(_Event, frozen=True, kw_only=True):
    """Everybody belongs to the plenary again."""

    generation: int


class GroupLocked(_Event, frozen=True, kw_only=True):
    """A running group keeps its people, or does no longer."""

    group_id: Id
    locked: bool


class PollOpened(_Event, frozen=True, kw_only=True):
    """Ballots are welcome."""

    poll_id: Id


class PollRevealed(_Event, frozen=True, kw_only=True):
    """The results of a poll, hidden until now, are shown to everybody."""

    poll_id: Id


class PollClosed(_Event, frozen=True, kw_only=True):
    """The poll takes no more ballots, and those it has can no longer be joined to people.

    Args:
        tally: None while the results are hidden, and when fewer than three people voted.
    """

    VERSION: ClassVar[int] = 2

    poll_id: Id
    ballots: int
    tally: tuple[WordCount, ...] | None
    spread: Spread | None = None


class HelpRequested(_Event, frozen=True, kw_only=True):
    """A group or a person asks for staff."""

    call_id: Id
    group_id: Id | None


class HelpClaimed(_Event, frozen=True, kw_only=True):
    """Somebody of the staff is on the way."""

    call_id: Id
    by: Id


class HelpPooled(_Event, frozen=True, kw_only=True):
    """Nobody of the conference took the call in time: the city's pool may come too."""

    call_id: Id


class HelpHandedOver(_Event, frozen=True, kw_only=True):
    """The call has gone to another of the staff; None: back to whoever comes first."""

    call_id: Id
    to: Id | None


class HelpResolved(_Event, frozen=True, kw_only=True):
    """The call is done."""

    call_id: Id


class ReportMade(_Event, frozen=True, kw_only=True):
    """Somebody reported a person or a text."""

    report_id: Id


class ReportClaimed(_Event, frozen=True, kw_only=True):
    """Somebody of the staff looks into a report."""

    report_id: Id


class ReportClosed(_Event, frozen=True, kw_only=True):
    """Staff are done with a report."""

    report_id: Id


class MessagePosted(_Event, frozen=True, kw_only=True):
    """A chat message; `channel` is `plenary`, `staff` or the id of a group."""

    message_id: Id
    channel: str


class MessageHidden(_Event, frozen=True, kw_only=True):
    """Staff hid a message; everybody but staff loses its text."""

    message_id: Id
    channel: str


class ChatDeleted(_Event, frozen=True, kw_only=True):
    """All texts of the conference's chat are gone for good, those that staff told everybody too."""


class CityMessagePosted(ContractEvent, frozen=True, kw_only=True):
    """Somebody of the staff of the whole city wrote to the others."""

    SERVICE: ClassVar[str] = SERVICE
    message_id: Id


class CityChatDeleted(ContractEvent, frozen=True, kw_only=True):
    """What the staff of the whole city wrote to each other on one day is gone for good."""

    SERVICE: ClassVar[str] = SERVICE


class BroadcastSent(_Event, frozen=True, kw_only=True):
    """Staff said something to everybody."""

    message_id: Id
    text: Sealed


class PresenceEdge(_Event, frozen=True, kw_only=True):
    """A person came or went, after the grace time."""

    participant_id: Id
    present: bool


class ParticipantExcluded(_Event, frozen=True, kw_only=True):
    """A person is shut out of the conference."""

    participant_id: Id
    reason: Reason


class ParticipantWarned(_Event, frozen=True, kw_only=True):
    """Staff warned a person."""

    participant_id: Id
    reason: Reason


class ParticipantMuted(_Event, frozen=True, kw_only=True):
    """A person may neither be heard nor seen nor write."""

    participant_id: Id
    reason: Reason


class ParticipantUnmuted(_Event, frozen=True, kw_only=True):
    """A muted person may speak and write again."""

    participant_id: Id


class ParticipantSetApart(_Event, frozen=True, kw_only=True):
    """A person stays in the plenary while others sit in groups."""

    participant_id: Id
    reason: Reason


class ParticipantTakenBack(_Event, frozen=True, kw_only=True):
    """A person may sit in groups again."""

    participant_id: Id


class ParticipantReadmitted(_Event, frozen=True, kw_only=True):
    """A person may come back; `reason` is None where it was not asked for yet."""

    VERSION: ClassVar[int] = 2

    participant_id: Id
    reason: Reason | None = None

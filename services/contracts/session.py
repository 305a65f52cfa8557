# SPDX-License-Identifier: Apache-2.0
"""Messages of the session service: the evening itself.

`run` counts the entries into phases of one session, so that "the phase I saw" has one meaning even after going back.
"""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

import msgspec

from services.chassis.contract import (
    Answer,
    CommandRequest,
    ContractEvent,
    Done,
    Id,
    LiveChange,
    QueryRequest,
    Refusals,
)
from services.chassis.decider import Sealed
from services.contracts import refusals
from services.contracts.shared import LocalText, LongText, Reason, ShortText

SERVICE = "session"

PhaseKind = Literal["plenary", "groups", "break"]
GroupMode = Literal["mix", "topic", "need_offer", "same"]
Tool = Literal["poll", "needs_offers", "values", "problems", "topics", "sheet", "ideas", "survey", "stage"]
PollKind = Literal["single", "word_cloud"]
SessionStatus = Literal["PREPARED", "LOBBY", "RUNNING", "PAUSED", "ENDED"]


class GroupPlaced(msgspec.Struct, frozen=True, kw_only=True):
    """One small group: who sits there, the mentor if one is there, the topic if it has one."""

    group_id: Id
    number: int
    members: tuple[Id, ...]
    mentor_id: Id | None = None
    topic_id: Id | None = None


class WordCount(msgspec.Struct, frozen=True, kw_only=True):
    """An option or a word and how many ballots named it."""

    label: str
    count: int


# Contract events ------------------------------------------------------------------------------------------------


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


class PhaseEnded(_Event, frozen=True, kw_only=True):
    """A phase was left."""

    run: int
    phase: str
    tools: tuple[Tool, ...]


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


class PollOpened(_Event, frozen=True, kw_only=True):
    """Ballots are welcome."""

    poll_id: Id


class PollClosed(_Event, frozen=True, kw_only=True):
    """The poll's result; its ballots can no longer be joined to people."""

    poll_id: Id
    ballots: int
    tally: tuple[WordCount, ...]


class HelpRequested(_Event, frozen=True, kw_only=True):
    """A group or a person asks for staff."""

    call_id: Id
    group_id: Id | None


class HelpClaimed(_Event, frozen=True, kw_only=True):
    """Somebody of the staff is on the way."""

    call_id: Id
    by: Id


class HelpResolved(_Event, frozen=True, kw_only=True):
    """The call is done."""

    call_id: Id


class MessagePosted(_Event, frozen=True, kw_only=True):
    """A chat message; `channel` is `plenary`, `staff` or the id of a group."""

    message_id: Id
    channel: str


class MessageHidden(_Event, frozen=True, kw_only=True):
    """Staff hid a message; everybody but staff loses its text."""

    message_id: Id
    channel: str


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


class ParticipantReadmitted(_Event, frozen=True, kw_only=True):
    """A person may come back."""

    participant_id: Id


# Live changes ---------------------------------------------------------------------------------------------------


class PollResultsChanged(LiveChange, frozen=True, kw_only=True):
    """The live results of a poll changed."""

    SERVICE: ClassVar[str] = SERVICE


class PresenceChanged(LiveChange, frozen=True, kw_only=True):
    """Who is present changed."""

    SERVICE: ClassVar[str] = SERVICE


# Commands -------------------------------------------------------------------------------------------------------


class _Command(CommandRequest[Done], frozen=True, kw_only=True):
    SERVICE: ClassVar[str] = SERVICE

    conference_id: Id


class OpenLobby(_Command, frozen=True, kw_only=True):
    """Lets people in (moderator; a timer does it 15 minutes before the start)."""

    REFUSALS: ClassVar[Refusals] = (refusals.SessionIs,)


class StartSession(_Command, frozen=True, kw_only=True):
    """Enters the first phase (moderator)."""

    REFUSALS: ClassVar[Refusals] = (refusals.PlanIsFlawed, refusals.SessionIs)


class NextPhase(_Command, frozen=True, kw_only=True):
    """Leaves the phase with number `run` for the next one; behind the last one the session ends (moderator)."""

    REFUSALS: ClassVar[Refusals] = (refusals.PhaseHasChanged, refusals.PlanIsFlawed, refusals.SessionIs)
    run: int


class PreviousPhase(_Command, frozen=True, kw_only=True):
    """Goes back from the phase with number `run`; people return to the same groups (moderator)."""

    REFUSALS: ClassVar[Refusals] = (
        refusals.FirstPhase,
        refusals.PhaseHasChanged,
        refusals.PlanIsFlawed,
        refusals.SessionIs,
    )
    run: int


class ExtendPhase(_Command, frozen=True, kw_only=True):
    """Moves the deadline of the phase with number `run` by this many minutes, shorter when negative (moderator)."""

    REFUSALS: ClassVar[Refusals] = (refusals.PhaseHasChanged, refusals.SessionIs)
    run: int
    minutes: Annotated[int, msgspec.Meta(ge=-120, le=120)]


class PauseSession(_Command, frozen=True, kw_only=True):
    """Stops the clock (moderator)."""

    REFUSALS: ClassVar[Refusals] = (refusals.SessionIs,)


class ResumeSession(_Command, frozen=True, kw_only=True):
    """Lets the clock run on with the time that was left (moderator)."""

    REFUSALS: ClassVar[Refusals] = (refusals.SessionIs,)


class EndSession(_Command, frozen=True, kw_only=True):
    """Ends the evening (moderator)."""

    REFUSALS: ClassVar[Refusals] = (refusals.PlanIsFlawed, refusals.SessionIs)


class PollOpenedAnswer(Answer, frozen=True, kw_only=True):
    """The id of the poll that is open now."""

    poll_id: Id


class OpenPoll(CommandRequest[PollOpenedAnswer], frozen=True, kw_only=True):
    """Opens a poll that the script prepared (`key`), or an ad-hoc one (moderator)."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = PollOpenedAnswer
    REFUSALS: ClassVar[Refusals] = (refusals.PollIsClosed, refusals.SessionIs)
    conference_id: Id
    key: ShortText | None = None
    kind: PollKind = "single"
    question: LocalText | None = None
    options: tuple[LocalText, ...] = ()
    live: bool = True


class ClosePoll(_Command, frozen=True, kw_only=True):
    """Ends the voting, counts, stores the tally and destroys the poll's key (moderator)."""

    REFUSALS: ClassVar[Refusals] = (refusals.PollIsOpen, refusals.UnknownPoll)
    poll_id: Id


class CastBallot(_Command, frozen=True, kw_only=True):
    """Casts or changes the resident's own ballot: one option by number, or up to three words."""

    REFUSALS: ClassVar[Refusals] = (
        refusals.BallotDoesNotFit,
        refusals.PollIsClosed,
        refusals.UnknownOption,
        refusals.UnknownPoll,
    )
    poll_id: Id
    option: Annotated[int, msgspec.Meta(ge=0, le=50)] | None = None
    words: Annotated[
        tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=40)], ...], msgspec.Meta(max_length=3)
    ] = ()


class MoveParticipant(_Command, frozen=True, kw_only=True):
    """Puts one person into another running group (moderator)."""

    REFUSALS: ClassVar[Refusals] = (
        refusals.GroupIsFull,
        refusals.NoGroupsNow,
        refusals.NoSuchGroup,
        refusals.NotInAGroup,
    )
    participant_id: Id
    group_id: Id


class ExcludeParticipant(_Command, frozen=True, kw_only=True):
    """Shuts a resident out; `code` names a rule of the code of conduct (moderator, organiser)."""

    REFUSALS: ClassVar[Refusals] = (refusals.NotOnTheRoster,)
    participant_id: Id
    code: ShortText


class ReadmitParticipant(_Command, frozen=True, kw_only=True):
    """Lets an excluded resident come back (moderator, organiser)."""

    participant_id: Id


class HelpCallAnswer(Answer, frozen=True, kw_only=True):
    """The id of the help call."""

    call_id: Id


class RequestHelp(CommandRequest[HelpCallAnswer], frozen=True, kw_only=True):
    """Asks for staff; an open call of the same group or person is answered again."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = HelpCallAnswer
    conference_id: Id
    reason: LongText | None = None


class ClaimHelp(_Command, frozen=True, kw_only=True):
    """Takes a help call (staff)."""

    REFUSALS: ClassVar[Refusals] = (refusals.AlreadyClaimed, refusals.AlreadyResolved, refusals.UnknownCall)
    call_id: Id


class ResolveHelp(_Command, frozen=True, kw_only=True):
    """Ends a help call (staff, or who asked)."""

    REFUSALS: ClassVar[Refusals] = (refusals.UnknownCall,)
    call_id: Id


class MessageAnswer(Answer, frozen=True, kw_only=True):
    """The id of the message."""

    message_id: Id


class PostMessage(CommandRequest[MessageAnswer], frozen=True, kw_only=True):
    """Writes into the chat of the plenary, of staff, or of the group the person sits in (`channel`: group id)."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = MessageAnswer
    REFUSALS: ClassVar[Refusals] = (refusals.SessionIs, refusals.TooManyMessages)
    conference_id: Id
    channel: ShortText
    text: LongText


class HideMessage(_Command, frozen=True, kw_only=True):
    """Hides a message from everybody but staff (staff)."""

    message_id: Id


class Broadcast(CommandRequest[MessageAnswer], frozen=True, kw_only=True):
    """Shows a text to everybody, wherever they are (staff)."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = MessageAnswer
    REFUSALS: ClassVar[Refusals] = (refusals.SessionIs, refusals.TooManyMessages)
    conference_id: Id
    text: LongText


class ReportPresence(_Command, frozen=True, kw_only=True):
    """A gateway tells who has a live connection through it; sent every few seconds, never stored (gateway only).

    Who is not named within the grace time has left; an empty report tells that nobody is connected any more. `visiting`
    has, of some of the staff among them, the roles that hold here by the series or the district: none, when they have
    just come without any.
    """

    gateway: Id
    participants: tuple[Id, ...]
    visiting: dict[Id, tuple[str, ...]] = {}


# Queries --------------------------------------------------------------------------------------------------------


class PhaseView(msgspec.Struct, frozen=True, kw_only=True):
    """One phase of the script as people see it."""

    key: str
    kind: PhaseKind
    title: LocalText
    prompt: LocalText
    minutes: int
    tools: tuple[Tool, ...]
    group_mode: GroupMode | None


class SessionView(Answer, frozen=True, kw_only=True):
    """The evening at a glance. `deadline` is None before the start, while paused and after the end."""

    conference_id: Id
    status: SessionStatus
    script: str
    phases: tuple[PhaseView, ...]
    phase: int | None
    run: int
    started_at: datetime | None
    deadline: datetime | None
    left_seconds: float | None
    announcement: str | None
    starts_at: datetime | None = None


class GetSession(QueryRequest[SessionView], frozen=True, kw_only=True):
    """The evening at a glance."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = SessionView
    conference_id: Id


class GroupsView(Answer, frozen=True, kw_only=True):
    """Who sits where now. Without running groups `groups` is empty and everybody is in the plenary."""

    conference_id: Id
    generation: int
    run: int
    mode: GroupMode | None
    groups: tuple[GroupPlaced, ...]
    with_moderator: tuple[Id, ...]
    plans: int


class GetGroups(QueryRequest[GroupsView], frozen=True, kw_only=True):
    """Who sits where now."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = GroupsView
    conference_id: Id


class PollView(msgspec.Struct, frozen=True, kw_only=True):
    """One poll. `tally` is None while results are hidden."""

    poll_id: Id
    kind: PollKind
    question: LocalText
    options: tuple[LocalText, ...]
    open: bool
    ballots: int
    tally: tuple[WordCount, ...] | None


class PollsView(Answer, frozen=True, kw_only=True):
    """All polls of the evening, the newest last."""

    conference_id: Id
    polls: tuple[PollView, ...]


class GetPolls(QueryRequest[PollsView], frozen=True, kw_only=True):
    """All polls of the evening."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = PollsView
    conference_id: Id


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    """One chat message; `text` is None when it was hidden or its author erased."""

    message_id: Id
    channel: str
    author_id: Id
    text: str | None
    hidden: bool
    at: datetime


class ChatView(Answer, frozen=True, kw_only=True):
    """The newest messages of one channel, oldest first."""

    conference_id: Id
    channel: str
    messages: tuple[MessageView, ...]


class GetChat(QueryRequest[ChatView], frozen=True, kw_only=True):
    """The newest 200 messages of one channel."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = ChatView
    conference_id: Id
    channel: ShortText


class HelpCallView(msgspec.Struct, frozen=True, kw_only=True):
    """One help call."""

    call_id: Id
    group_id: Id | None
    asked_by: Id
    reason: str | None
    asked_at: datetime
    claimed_by: Id | None
    resolved: bool


class HelpView(Answer, frozen=True, kw_only=True):
    """All help calls of the evening, for staff."""

    conference_id: Id
    calls: tuple[HelpCallView, ...]


class GetHelp(QueryRequest[HelpView], frozen=True, kw_only=True):
    """All help calls of the evening."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = HelpView
    conference_id: Id


class PresenceView(Answer, frozen=True, kw_only=True):
    """Who has a seat and who is here; staff are told apart."""

    conference_id: Id
    seated: tuple[Id, ...]
    present: tuple[Id, ...]
    staff: dict[str, tuple[str, ...]]


class GetPresence(QueryRequest[PresenceView], frozen=True, kw_only=True):
    """Who has a seat and who is here."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = PresenceView
    conference_id: Id


class DeskRow(msgspec.Struct, frozen=True, kw_only=True):
    """One conference on the city desk."""

    conference_id: Id
    status: SessionStatus
    phase: str | None
    deadline: datetime | None
    seated: int
    present: int
    groups: int
    without_mentor: int
    open_calls: int


class DeskView(Answer, frozen=True, kw_only=True):
    """The city desk: every conference that is prepared or running."""

    rows: tuple[DeskRow, ...]


class GetDesk(QueryRequest[DeskView], frozen=True, kw_only=True):
    """The city desk (organisers)."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = DeskView

# SPDX-License-Identifier: Apache-2.0
"""Messages of the session service: the evening itself. Each area has a module; all of them are used from here.

`run` counts the entries into phases of one session, so that "the phase I saw" has one meaning even after going back.
"""

# ruff: noqa: I001 -- in the order in which the schema shows the commands
from services.contracts.session.vocabulary import (
    SERVICE, PhaseKind, GroupMode, SeatingRuleKind, Tool, PollKind, Readiness, PollResults, AnswerStatus,
    SessionStatus, GroupPlaced, GuidingRole, WordCount, Spread, ChatChannel, SurveyWave, SurveyStatus, SurveyItemKind,
)  # fmt: skip
from services.contracts.session.evening import (
    OpenLobby, StartSession, NextPhase, PreviousPhase, SkipPhase, UndoPhaseChange, ExtendPhase, ExtendGroup,
    PauseSession, ResumeSession, EndSession, HandOver, HandBack, PhaseView, GroupDeadline, SessionView, GetSession,
    PoolCall, DeskAlert, DeskRow, DeskView, GetDesk,
)  # fmt: skip
from services.contracts.session.polls import (
    PollResultsChanged, PollOpenedAnswer, OpenPoll, RevealPoll, ClosePoll, CastBallot, UpvoteAnswers,
    ModerateAnswers, PollView, PollsView, GetPolls, PollAnswerView, PollAnswersView, GetPollAnswers,
)  # fmt: skip
from services.contracts.session.people import (
    PresenceChanged, MoveParticipant, SwapParticipants, LockGroup, MergeGroups, AccompanyGroup, SplitGroup,
    PrepareGroups, DraftGroups, GroupDraft, UseGroupPlan, GroupPlanView, GroupPlansView, GetGroupPlans,
    KeepParticipants, ExcludeParticipant, ReadmitParticipant, WarnParticipant, MuteParticipant, UnmuteParticipant,
    RemoveFromGroups, TakeBackIntoGroups, ReportPresence, GroupRole, GroupView, GroupsView, GetGroups, SetReadiness,
    ReadinessView, SeatingRuleView, SeatingRulesView, GetSeatingRules, ConductView, PresenceView, GetPresence,
)  # fmt: skip
from services.contracts.session.help import (
    HelpCallAnswer, RequestHelp, ClaimHelp, HandOverHelp, ResolveHelp, HelpCallView, HelpView, GetHelp,
)  # fmt: skip
from services.contracts.session.reports import (
    ReportAnswer, MakeReport, ClaimReport, CloseReport, ReportView, ReportsView, GetReports,
)  # fmt: skip
from services.contracts.session.city_chat import (
    PostCityMessage, CityChatView, GetCityChat,
)  # fmt: skip
from services.contracts.session.code import (
    AcceptCodeOfConduct, RuleOfConduct, CodeOfConductView, GetCodeOfConduct,
)  # fmt: skip
from services.contracts.session.chat import (
    MessageAnswer, PostMessage, HideMessage, Broadcast, MessageView, ChatView, GetChat,
)  # fmt: skip
from services.contracts.session.timetable import (
    SessionAction, SessionOrderStatus, TurnOutcome, OrderAccepted, OrderSessions, ApproveSessionOrder,
    CancelSessionOrder, SteerByHand, SessionTurnView, SessionOrderView, TimetableView, GetTimetable,
)  # fmt: skip
from services.contracts.session.survey import (
    SurveyAnswer, SubmitSurveyAnswers, OpenFollowUp, ModerateRemarks, SurveyItemView, SurveyWaveView, SurveyChangeView,
    SurveyView, GetSurvey, RemarkView, RemarksView, GetRemarks, SurveyResult, SurveyChange, SurveyResultsView,
    GetSurveyResults, SurveyOpened, SurveyClosed,
)  # fmt: skip
from services.contracts.session.record import (
    PhaseRecord, SeatingRecord, PollRecord, HelpRecord, RecordView, GetRecord,
)  # fmt: skip
from services.contracts.session.events import (
    SessionPrepared, LobbyOpened, SessionStarted, PhaseStarted, PhaseExtended, GroupExtended, TimeMarkReached,
    PhaseClosing, PhaseEnded, AgendaChanged, LeadChanged, SessionPaused, SessionResumed, SessionEnded, GroupsPlaced,
    ParticipantMoved, GroupsRecalled, GroupLocked, PollOpened, PollRevealed, PollClosed, HelpRequested, HelpClaimed,
    HelpPooled, HelpHandedOver, HelpResolved, ReportMade, ReportClaimed, ReportClosed, MessagePosted, MessageHidden,
    BroadcastSent, ChatDeleted, CityMessagePosted, CityChatDeleted, PresenceEdge, ParticipantExcluded,
    ParticipantReadmitted, ParticipantWarned, ParticipantMuted, ParticipantUnmuted, ParticipantSetApart,
    ParticipantTakenBack,
)  # fmt: skip

__all__ = [
    "SERVICE", "AcceptCodeOfConduct", "AccompanyGroup", "AgendaChanged", "AnswerStatus", "ApproveSessionOrder",
    "Broadcast", "BroadcastSent", "CancelSessionOrder", "CastBallot", "ChatChannel", "ChatDeleted", "ChatView",
    "CityChatDeleted", "CityChatView", "CityMessagePosted", "ClaimHelp", "ClaimReport", "ClosePoll", "CloseReport",
    "CodeOfConductView", "ConductView", "DeskAlert", "DeskRow", "DeskView", "DraftGroups", "EndSession",
    "ExcludeParticipant", "ExtendGroup", "ExtendPhase", "GetChat", "GetCityChat", "GetCodeOfConduct", "GetDesk",
    "GetGroupPlans", "GetGroups", "GetHelp", "GetPollAnswers", "GetPolls", "GetPresence", "GetRecord", "GetRemarks",
    "GetReports", "GetSeatingRules", "GetSession", "GetSurvey", "GetSurveyResults", "GetTimetable", "GroupDeadline",
    "GroupDraft", "GroupExtended", "GroupLocked", "GroupMode", "GroupPlaced", "GroupPlanView", "GroupPlansView",
    "GroupRole", "GroupView", "GroupsPlaced", "GroupsRecalled", "GroupsView", "GuidingRole", "HandBack", "HandOver",
    "HandOverHelp", "HelpCallAnswer", "HelpCallView", "HelpClaimed", "HelpHandedOver", "HelpPooled", "HelpRecord",
    "HelpRequested", "HelpResolved", "HelpView", "HideMessage", "KeepParticipants", "LeadChanged", "LobbyOpened",
    "LockGroup", "MakeReport", "MergeGroups", "MessageAnswer", "MessageHidden", "MessagePosted", "MessageView",
    "ModerateAnswers", "ModerateRemarks", "MoveParticipant", "MuteParticipant", "NextPhase", "OpenFollowUp",
    "OpenLobby", "OpenPoll", "OrderAccepted", "OrderSessions", "ParticipantExcluded", "ParticipantMoved",
    "ParticipantMuted", "ParticipantReadmitted", "ParticipantSetApart", "ParticipantTakenBack",
    "ParticipantUnmuted", "ParticipantWarned", "PauseSession", "PhaseClosing", "PhaseEnded", "PhaseExtended",
    "PhaseKind", "PhaseRecord", "PhaseStarted", "PhaseView", "PollAnswerView", "PollAnswersView", "PollClosed",
    "PollKind", "PollOpened", "PollOpenedAnswer", "PollRecord", "PollResults", "PollResultsChanged", "PollRevealed",
    "PollView", "PollsView", "PoolCall", "PostCityMessage", "PostMessage", "PrepareGroups", "PresenceChanged",
    "PresenceEdge", "PresenceView", "PreviousPhase", "Readiness", "ReadinessView", "ReadmitParticipant",
    "RecordView", "RemarkView", "RemarksView", "RemoveFromGroups", "ReportAnswer", "ReportClaimed", "ReportClosed",
    "ReportMade", "ReportPresence", "ReportView", "ReportsView", "RequestHelp", "ResolveHelp", "ResumeSession",
    "RevealPoll", "RuleOfConduct", "SeatingRecord", "SeatingRuleKind", "SeatingRuleView", "SeatingRulesView",
    "SessionAction", "SessionEnded", "SessionOrderStatus", "SessionOrderView", "SessionPaused", "SessionPrepared",
    "SessionResumed", "SessionStarted", "SessionStatus", "SessionTurnView", "SessionView", "SetReadiness",
    "SkipPhase", "SplitGroup", "Spread", "StartSession", "SteerByHand", "SubmitSurveyAnswers", "SurveyAnswer",
    "SurveyChange", "SurveyChangeView", "SurveyClosed", "SurveyItemKind", "SurveyItemView", "SurveyOpened",
    "SurveyResult", "SurveyResultsView", "SurveyStatus", "SurveyView", "SurveyWave", "SurveyWaveView",
    "SwapParticipants", "TakeBackIntoGroups", "TimeMarkReached", "TimetableView", "Tool", "TurnOutcome",
    "UndoPhaseChange", "UnmuteParticipant", "UpvoteAnswers", "UseGroupPlan", "WarnParticipant", "WordCount",
]  # fmt: skip

# SPDX-License-Identifier: Apache-2.0
"""The table of contents of the session service: everything it can be asked, area by area."""

from services.chassis.api import Api
from services.session import (
    chat_api,
    city_chat_api,
    code_api,
    conduct_api,
    help_api,
    phases_api,
    places_api,
    plans_api,
    polls_api,
    readiness_api,
    record_api,
    reports_api,
    survey_api,
    timetable_api,
)

api = Api("session")

phases_api.register(api)  # OpenLobby StartSession NextPhase PreviousPhase SkipPhase UndoPhaseChange ExtendPhase
#                           ExtendGroup PauseSession ResumeSession EndSession HandOver HandBack GetSession GetDesk
places_api.register(api)  # MoveParticipant SwapParticipants LockGroup MergeGroups SplitGroup AccompanyGroup
#                           ReportPresence KeepParticipants GetGroups GetSeatingRules GetPresence
readiness_api.register(api)  # SetReadiness
plans_api.register(api)  # PrepareGroups DraftGroups UseGroupPlan GetGroupPlans
polls_api.register(api)  # OpenPoll CastBallot UpvoteAnswers ModerateAnswers RevealPoll ClosePoll
#                         GetPolls GetPollAnswers
chat_api.register(api)  # PostMessage HideMessage Broadcast GetChat
city_chat_api.register(api)  # PostCityMessage GetCityChat
code_api.register(api)  # AcceptCodeOfConduct GetCodeOfConduct
help_api.register(api)  # RequestHelp ClaimHelp ResolveHelp GetHelp
record_api.register(api)  # GetRecord
conduct_api.register(api)  # WarnParticipant MuteParticipant UnmuteParticipant RemoveFromGroups TakeBackIntoGroups
#                            ExcludeParticipant ReadmitParticipant
timetable_api.register(api)  # OrderSessions ApproveSessionOrder CancelSessionOrder SteerByHand GetTimetable
reports_api.register(api)  # MakeReport ClaimReport CloseReport GetReports
survey_api.register(api)  # SubmitSurveyAnswers OpenFollowUp ModerateRemarks GetSurvey GetRemarks GetSurveyResults

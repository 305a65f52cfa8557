# SPDX-License-Identifier: Apache-2.0
"""Who may send which command: one line for each. A test holds every line against the rule of its service.

Where a line says `seated` or `self`, the service decides about the very person; the gateway refuses all others first.
"""

from collections.abc import Mapping
from typing import Any, Final

from gateway.schema.permissions import FOR_WEBHOOKS, HOSTS, PUBLIC, STAFF, Needs
from gateway.webhooks import commands as webhooks
from services.chassis.contract import CommandRequest
from services.contracts import ideas, registration, rooms, session

_ADMIN_REGISTRATION = ("admin:registration",)
_ADMIN_SESSION = ("admin:session",)
_ADMIN_IDEAS = ("admin:ideas",)

_ORGANISER = Needs(("organiser",), _ADMIN_REGISTRATION)
_ORGANISES_THE_CITY = Needs(("organiser",), _ADMIN_REGISTRATION, "city")
_LEADS = Needs(HOSTS, _ADMIN_SESSION)
_MODERATES = Needs(("deputy", "moderator"), _ADMIN_SESSION)
_STAFF = Needs(STAFF, _ADMIN_SESSION)
_WRITES = Needs(("seated", *STAFF), ("idea:write",))
_VOTES = Needs(("seated",), ("idea:write",))
_JUDGES = Needs(("juror",), ("jury:score",), "anywhere")
_RUNS_THE_JURY = Needs(("organiser",), _ADMIN_IDEAS, "city")

COMMAND_NEEDS: Final[Mapping[type[CommandRequest[Any]], Needs]] = {
    registration.Register: PUBLIC,
    registration.ConfirmRegistration: PUBLIC,
    registration.EnterWithLink: PUBLIC,
    registration.DefineDistrict: _ORGANISES_THE_CITY,
    registration.CreateSeries: _ORGANISES_THE_CITY,
    registration.AnnounceConference: _ORGANISER,
    registration.OpenConference: _ORGANISER,
    registration.CloseConference: _ORGANISER,
    registration.CancelConference: _ORGANISER,
    registration.CancelRegistration: Needs(("resident", "organiser"), _ADMIN_REGISTRATION),
    registration.CheckIn: Needs(("resident", *HOSTS), ("session:live", "admin:registration")),
    registration.SeatStandbys: Needs(HOSTS, _ADMIN_REGISTRATION),
    registration.EraseMe: Needs(("resident", "organiser"), _ADMIN_REGISTRATION),
    registration.AddStaff: _ORGANISES_THE_CITY,
    registration.AssignStaff: _ORGANISER,
    registration.ReleaseStaff: _ORGANISER,
    registration.EraseStaff: Needs(("self", "organiser"), _ADMIN_REGISTRATION, "city"),
    registration.RegisterApp: PUBLIC,
    registration.ApproveApp: _ORGANISES_THE_CITY,
    registration.RejectApp: _ORGANISES_THE_CITY,
    registration.SuspendApp: _ORGANISES_THE_CITY,
    registration.EraseApp: _ORGANISES_THE_CITY,
    registration.IssueAppKey: PUBLIC,  # with the app's secret
    registration.RevokeAppKey: PUBLIC,  # with the app's secret, or by organisers
    registration.StartJob: _ORGANISES_THE_CITY,
    registration.ApproveJob: _ORGANISES_THE_CITY,  # a person, and another one
    registration.RejectJob: _ORGANISES_THE_CITY,
    registration.CancelJob: _ORGANISES_THE_CITY,
    session.OpenLobby: _LEADS,
    session.StartSession: _LEADS,
    session.NextPhase: _LEADS,
    session.PreviousPhase: _LEADS,
    session.SkipPhase: _LEADS,
    session.UndoPhaseChange: _LEADS,
    session.ExtendPhase: _LEADS,
    session.ExtendGroup: _LEADS,
    session.PauseSession: _LEADS,
    session.ResumeSession: _LEADS,
    session.EndSession: _LEADS,
    session.HandOver: _LEADS,
    session.HandBack: _LEADS,
    session.OrderSessions: Needs(("organiser",), _ADMIN_SESSION, "city"),
    session.ApproveSessionOrder: Needs(("organiser",), _ADMIN_SESSION, "city"),  # a person, and another one
    session.CancelSessionOrder: Needs(("organiser",), _ADMIN_SESSION, "city"),
    session.SteerByHand: _LEADS,
    session.MoveParticipant: _MODERATES,
    session.SwapParticipants: _MODERATES,
    session.LockGroup: _MODERATES,
    session.MergeGroups: _MODERATES,
    session.SplitGroup: _MODERATES,
    session.AccompanyGroup: Needs(("deputy", "mentor", "moderator"), _ADMIN_SESSION),
    session.PrepareGroups: _MODERATES,
    session.DraftGroups: _MODERATES,
    session.UseGroupPlan: _MODERATES,
    session.KeepParticipants: _LEADS,
    session.WarnParticipant: _STAFF,
    session.MuteParticipant: _STAFF,
    session.UnmuteParticipant: _STAFF,
    session.RemoveFromGroups: _STAFF,
    session.TakeBackIntoGroups: _STAFF,
    session.SetReadiness: Needs(("seated", *STAFF), ("session:live",)),
    session.ExcludeParticipant: _LEADS,
    session.ReadmitParticipant: _LEADS,
    session.OpenPoll: _MODERATES,
    session.RevealPoll: _MODERATES,
    session.ModerateAnswers: _MODERATES,
    session.UpvoteAnswers: Needs(("seated",), ("session:live",)),
    session.ClosePoll: _MODERATES,
    session.CastBallot: Needs(("seated",), ("session:live",)),
    session.SubmitSurveyAnswers: Needs(("seated",), ("session:live",)),
    session.OpenFollowUp: Needs(("organiser",), _ADMIN_SESSION),
    session.ModerateRemarks: Needs(("organiser", "moderator"), _ADMIN_SESSION),
    session.PostMessage: Needs(("seated", "invited", *STAFF), ("session:live",)),
    session.HideMessage: _STAFF,
    session.PostCityMessage: Needs(STAFF, _ADMIN_SESSION, "city"),
    session.AcceptCodeOfConduct: Needs(("seated",), ("session:live",)),
    session.MakeReport: Needs(("seated", "invited", *STAFF), ("session:live",)),
    session.ClaimReport: _STAFF,
    session.CloseReport: _STAFF,
    session.Broadcast: _STAFF,
    session.RequestHelp: Needs(("seated", "invited", *STAFF), ("session:live",)),
    session.ClaimHelp: _STAFF,
    session.HandOverHelp: _STAFF,
    session.ResolveHelp: Needs(("seated", "invited", *STAFF), ("session:live", "admin:session")),
    rooms.ConfirmPlacement: Needs(("seated", "guest", *STAFF), ("session:live",)),
    ideas.PostChallenge: Needs(("partner", "organiser"), ("resource-offer:write", "admin:ideas"), "anywhere"),
    ideas.PublishChallenge: Needs(("organiser",), _ADMIN_IDEAS, "city"),
    ideas.AddCard: _WRITES,
    ideas.HideCard: _WRITES,
    ideas.ProposeProblem: _WRITES,
    ideas.CastDots: _VOTES,
    ideas.ChooseTopics: Needs(HOSTS, _ADMIN_IDEAS),
    ideas.RankTopics: _VOTES,
    ideas.WritePassage: _WRITES,
    ideas.RemovePassage: _WRITES,
    ideas.SubmitIdea: _WRITES,
    ideas.OpenJuryRound: _RUNS_THE_JURY,
    ideas.ScoreIdea: _JUDGES,
    ideas.RecuseMyself: _JUDGES,
    ideas.CloseJuryRound: _RUNS_THE_JURY,
    ideas.AwardIdea: _RUNS_THE_JURY,
    webhooks.CreateWebhook: FOR_WEBHOOKS,
    webhooks.UpdateWebhook: FOR_WEBHOOKS,
    webhooks.DeleteWebhook: FOR_WEBHOOKS,
    webhooks.RotateWebhookSecret: FOR_WEBHOOKS,
    webhooks.TestWebhook: FOR_WEBHOOKS,
    webhooks.ReplayWebhookDelivery: FOR_WEBHOOKS,
    webhooks.ReplayWebhook: FOR_WEBHOOKS,
}
"""What each command needs, at its conference; of one that names none: in the city."""

BULK_NEEDS: Final = _ORGANISES_THE_CITY
"""What a command for many things at once needs; each of its items moreover needs what the single command does."""

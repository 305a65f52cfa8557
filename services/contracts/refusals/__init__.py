# SPDX-License-Identifier: Apache-2.0
"""What the services' rules refuse, as the gateway and other clients see it.

Each type stands in a domain too, with the same name and the same fields; a contract test compares them. Sorted by
service, then by name.
"""

# ruff: noqa: I001 -- in the order in which the schema knows them
from services.contracts.refusals.registration import (
    AccessIsClosed, AlreadyAnnounced, AppIs, ApprovalNeeded, ConferenceIsOver, ConferenceNotOpen,
    ConfirmationExpired, JobIs, NoSeatToTake, NotAnnounced, NotOfTheStaff, NotRegistered, OwnJob,
    SeriesAlreadyCreated, TooEarlyForStandbys, TooManyAppsWait, TooManyJobs, TooManyMails, UnknownApp, UnknownJob,
    UnknownSecret,
)  # fmt: skip
from services.contracts.refusals.rooms import (
    GroupHasNoRoom, PlacementChanged, VenueIsClosed,
)  # fmt: skip
from services.contracts.refusals.evening import (
    AnotherLeads, CannotRegroup, FirstPhase, GroupIsAccompanied, GroupIsFull, GroupIsLocked, KeptApart,
    KeptTogether, LastPhase, NoGroupsNow, NoSuchGroup, NoSuchPhase, NoSuchPlan, NotADeputy, NotAMentor, NotInAGroup,
    NotOnTheRoster, NotServing, NothingToUndo, PhaseHasChanged, PhaseIsOver, PlanIsFlawed, RulesContradict,
    SessionIs, UnknownPhase, CodeHasChanged, CodeNotAccepted,
)  # fmt: skip
from services.contracts.refusals.talk import (
    AlreadyClaimed, AlreadyResolved, BallotDoesNotFit, ChannelIsOff, ChatIsDeleted, PersonIsMuted, PollIsClosed,
    PollIsOpen, TooManyCalls, TooManyMessages, UnknownAnswer, UnknownCall, UnknownOption, UnknownPoll,
    ValueOutOfBounds, WrongNumberOfOptions, ReportIsClosed, TooManyReports, UnknownReport,
)  # fmt: skip
from services.contracts.refusals.timetable import OwnSessionOrder, SessionOrderIs, UnknownSessionOrder
from services.contracts.refusals.survey import (
    AlreadyAnswered, EndOutOfBounds, ItemNotAsked, ItemUnanswered, SurveyIs, UnknownRemark,
)  # fmt: skip
from services.contracts.refusals.ideas import (
    BoardIsClosed, BudgetExceeded, ChallengeExists, IdeaNotInRound, JuryRoundExists, JuryRoundIsClosed,
    JuryRoundIsOpen, NoIdeas, NoTopics, NotAssigned, NotInGroup, NotJuror, PassageChanged, PenIsTaken,
    ProblemsAreClosed, RecusalTooLate, SheetIsClosed, SheetIsEmpty, SheetIsFull, TooManyCards, TooManyDots,
    TooManyPassages, TooManyProblems, TopicsAreSettled, UnknownCard, UnknownChallenge, UnknownCriterion,
    UnknownIdea, UnknownJuryRound, UnknownProblem, UnknownSheet, UnknownTopic, VotingIsClosed,
)  # fmt: skip

__all__ = [
    "AccessIsClosed", "AlreadyAnnounced", "AlreadyAnswered", "AlreadyClaimed", "AlreadyResolved", "AnotherLeads",
    "AppIs", "ApprovalNeeded", "BallotDoesNotFit", "BoardIsClosed", "BudgetExceeded", "CannotRegroup",
    "ChallengeExists", "ChannelIsOff", "ChatIsDeleted", "CodeHasChanged", "CodeNotAccepted", "ConferenceIsOver",
    "ConferenceNotOpen", "ConfirmationExpired", "EndOutOfBounds", "FirstPhase", "GroupHasNoRoom",
    "GroupIsAccompanied", "GroupIsFull", "GroupIsLocked", "IdeaNotInRound", "ItemNotAsked", "ItemUnanswered",
    "JobIs", "JuryRoundExists", "JuryRoundIsClosed", "JuryRoundIsOpen", "KeptApart", "KeptTogether", "LastPhase",
    "NoGroupsNow", "NoIdeas", "NoSeatToTake", "NoSuchGroup", "NoSuchPhase", "NoSuchPlan", "NoTopics", "NotADeputy",
    "NotAMentor", "NotAnnounced", "NotAssigned", "NotInAGroup", "NotInGroup", "NotJuror", "NotOfTheStaff",
    "NotOnTheRoster", "NotRegistered", "NotServing", "NothingToUndo", "OwnJob", "OwnSessionOrder", "PassageChanged",
    "PenIsTaken", "PersonIsMuted", "PhaseHasChanged", "PhaseIsOver", "PlacementChanged", "PlanIsFlawed",
    "PollIsClosed", "PollIsOpen", "ProblemsAreClosed", "RecusalTooLate", "ReportIsClosed", "RulesContradict",
    "SeriesAlreadyCreated", "SessionIs", "SessionOrderIs", "SheetIsClosed", "SheetIsEmpty", "SheetIsFull",
    "SurveyIs", "TooEarlyForStandbys", "TooManyAppsWait", "TooManyCalls", "TooManyCards", "TooManyDots",
    "TooManyJobs", "TooManyMails", "TooManyMessages", "TooManyPassages", "TooManyProblems", "TooManyReports",
    "TopicsAreSettled", "UnknownAnswer", "UnknownApp", "UnknownCall", "UnknownCard", "UnknownChallenge",
    "UnknownCriterion", "UnknownIdea", "UnknownJob", "UnknownJuryRound", "UnknownOption", "UnknownPhase",
    "UnknownPoll", "UnknownProblem", "UnknownRemark", "UnknownReport", "UnknownSecret", "UnknownSessionOrder",
    "UnknownSheet", "UnknownTopic", "ValueOutOfBounds", "VenueIsClosed", "VotingIsClosed", "WrongNumberOfOptions",
]  # fmt: skip

# SPDX-License-Identifier: Apache-2.0
"""Messages of the ideas service: from challenge and card to problem, sheet, idea and award.

Each area has a module; all of them are used from here.
"""

# ruff: noqa: I001 -- in the order in which the schema shows the commands
from services.contracts.ideas.vocabulary import (
    SERVICE, CardKind, SheetField, Tags, TopicChosen,
)  # fmt: skip
from services.contracts.ideas.challenges import (
    PostChallenge, PublishChallenge, ChallengeView, Challenges, ListChallenges,
)  # fmt: skip
from services.contracts.ideas.board import (
    CardsChanged, CardAnswer, AddCard, HideCard, CardView, BoardView, GetBoard,
)  # fmt: skip
from services.contracts.ideas.problems import (
    ProblemAnswer, ProposeProblem, CastDots, ChooseTopics, RankTopics, ProblemView, ProblemsView, GetProblems,
)  # fmt: skip
from services.contracts.ideas.sheets import (
    SheetsChanged, WritePassage, RemovePassage, IdeaAnswer, SubmitIdea, PassageView, SheetView, GetSheet, Sheets,
    GetSheets, IdeaView, Ideas, ListIdeas,
)  # fmt: skip
from services.contracts.ideas.jury import (
    JuryRoundChanged, Criterion, OpenJuryRound, ScoreIdea, RecuseMyself, CloseJuryRound, AwardIdea, ReviewView,
    RankedIdea, JuryRoundView, GetJuryRound,
)  # fmt: skip
from services.contracts.ideas.events import (
    ChallengePublished, CardTagged, TopicsChosen, TopicPreferencesClosed, IdeaSubmitted, IdeaRevised, IdeaWithdrawn,
    JuryRoundOpened, JurorRecused, JuryRoundClosed, IdeaAwarded,
)  # fmt: skip

__all__ = [
    "SERVICE", "AddCard", "AwardIdea", "BoardView", "CardAnswer", "CardKind", "CardTagged", "CardView",
    "CardsChanged", "CastDots", "ChallengePublished", "ChallengeView", "Challenges", "ChooseTopics",
    "CloseJuryRound", "Criterion", "GetBoard", "GetJuryRound", "GetProblems", "GetSheet", "GetSheets", "HideCard",
    "IdeaAnswer", "IdeaAwarded", "IdeaRevised", "IdeaSubmitted", "IdeaView", "IdeaWithdrawn", "Ideas",
    "JurorRecused", "JuryRoundChanged", "JuryRoundClosed", "JuryRoundOpened", "JuryRoundView", "ListChallenges",
    "ListIdeas", "OpenJuryRound", "PassageView", "PostChallenge", "ProblemAnswer", "ProblemView", "ProblemsView",
    "ProposeProblem", "PublishChallenge", "RankTopics", "RankedIdea", "RecuseMyself", "RemovePassage", "ReviewView",
    "ScoreIdea", "SheetField", "SheetView", "Sheets", "SheetsChanged", "SubmitIdea", "Tags", "TopicChosen",
    "TopicPreferencesClosed", "TopicsChosen", "WritePassage",
]  # fmt: skip

# SPDX-License-Identifier: Apache-2.0
"""Messages of the ideas service: from challenge and card to problem, sheet, idea and award."""

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
from services.contracts.shared import Cut, Listed, LongText, ShortText

SERVICE = "ideas"

CardKind = Literal["NEED", "OFFER", "VALUE", "QUESTION"]
SheetField = Literal["title", "problem", "approach", "first_steps", "resources_needed", "contact"]
Tags = Annotated[tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=40)], ...], msgspec.Meta(max_length=20)]


class TopicChosen(msgspec.Struct, frozen=True, kw_only=True):
    """A problem chosen for the solutions phase."""

    topic_id: Id
    problem_id: Id


# Contract events ------------------------------------------------------------------------------------------------


class _Event(ContractEvent, frozen=True, kw_only=True):
    SERVICE: ClassVar[str] = SERVICE


class ChallengePublished(_Event, frozen=True, kw_only=True):
    """An organisation's challenge is public in its district."""

    challenge_id: Id
    district_id: Id


class CardTagged(_Event, frozen=True, kw_only=True):
    """Tags of a NEED or OFFER card, with its author's consent to use them for matching; each sealed by the author."""

    conference_id: Id
    participant_id: Id
    kind: CardKind
    tags: tuple[Sealed, ...]


class TopicsChosen(_Event, frozen=True, kw_only=True):
    """The topics of the solutions phase."""

    conference_id: Id
    topics: tuple[TopicChosen, ...]


class TopicPreferencesClosed(_Event, frozen=True, kw_only=True):
    """Who wants to work on what: topic ids by participant, the dearest first."""

    conference_id: Id
    ranks: dict[str, tuple[Id, ...]]


class IdeaSubmitted(_Event, frozen=True, kw_only=True):
    """A group's sheet became an idea."""

    conference_id: Id
    idea_id: Id
    sheet_id: Id
    topic_id: Id | None


class IdeaRevised(_Event, frozen=True, kw_only=True):
    """An idea reads otherwise than before: its sheet was submitted again, or one of its authors was erased."""

    conference_id: Id
    idea_id: Id


class IdeaWithdrawn(_Event, frozen=True, kw_only=True):
    """An idea was taken back."""

    conference_id: Id
    idea_id: Id


class JuryRoundOpened(_Event, frozen=True, kw_only=True):
    """Jurors may score."""

    round_id: Id


class JurorRecused(_Event, frozen=True, kw_only=True):
    """A juror does not score an idea."""

    round_id: Id
    juror_id: Id
    idea_id: Id


class JuryRoundClosed(_Event, frozen=True, kw_only=True):
    """Scores are final; the ranking is public to the jury."""

    round_id: Id


class IdeaAwarded(_Event, frozen=True, kw_only=True):
    """The jury recommends an idea for this amount."""

    conference_id: Id
    idea_id: Id
    round_id: Id
    amount_cents: int


class CardsChanged(LiveChange, frozen=True, kw_only=True):
    """Cards, problems or dots of a conference changed."""

    SERVICE: ClassVar[str] = SERVICE


class SheetsChanged(LiveChange, frozen=True, kw_only=True):
    """What groups write on their sheets changed: somebody of the conference wrote, removed or submitted."""

    SERVICE: ClassVar[str] = SERVICE


class JuryRoundChanged(LiveChange, frozen=True, kw_only=True):
    """A round went on: a review was given or taken back, it was closed, an idea was awarded.

    It belongs to no conference: `conference_id` is the id of the round, which keeps the changes of rounds apart.
    """

    SERVICE: ClassVar[str] = SERVICE


# Commands -------------------------------------------------------------------------------------------------------


class _Command(CommandRequest[Done], frozen=True, kw_only=True):
    SERVICE: ClassVar[str] = SERVICE

    conference_id: Id


class PostChallenge(CommandRequest[Done], frozen=True, kw_only=True):
    """Posts a challenge for a district (partner); organisers check it."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.ChallengeExists,)
    challenge_id: Id
    district_id: Id
    title: ShortText
    text: LongText


class PublishChallenge(CommandRequest[Done], frozen=True, kw_only=True):
    """Publishes a posted challenge (organiser)."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.UnknownChallenge,)
    challenge_id: Id


class CardAnswer(Answer, frozen=True, kw_only=True):
    """The id of the card."""

    card_id: Id


class AddCard(CommandRequest[CardAnswer], frozen=True, kw_only=True):
    """Pins a card to the open board. `tags` are used for matching only when `share_tags` is true."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = CardAnswer
    REFUSALS: ClassVar[Refusals] = (refusals.BoardIsClosed, refusals.PenIsTaken, refusals.TooManyCards)
    conference_id: Id
    kind: CardKind
    text: LongText
    tags: Tags = ()
    share_tags: bool = False


class HideCard(_Command, frozen=True, kw_only=True):
    """Takes a card off the board (its author, or staff)."""

    REFUSALS: ClassVar[Refusals] = (refusals.UnknownCard,)
    card_id: Id


class ProblemAnswer(Answer, frozen=True, kw_only=True):
    """The id of the problem."""

    problem_id: Id


class ProposeProblem(CommandRequest[ProblemAnswer], frozen=True, kw_only=True):
    """Adds a problem statement; `challenge_id` when it supplements a posted challenge."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = ProblemAnswer
    REFUSALS: ClassVar[Refusals] = (
        refusals.PenIsTaken,
        refusals.ProblemsAreClosed,
        refusals.TooManyProblems,
        refusals.UnknownChallenge,
    )
    conference_id: Id
    text: LongText
    challenge_id: Id | None = None


class CastDots(_Command, frozen=True, kw_only=True):
    """Puts the person's dots on problems, replacing the earlier ones; at most five in all, secret."""

    REFUSALS: ClassVar[Refusals] = (
        refusals.PenIsTaken,
        refusals.TooManyDots,
        refusals.UnknownProblem,
        refusals.VotingIsClosed,
    )
    dots: dict[str, Annotated[int, msgspec.Meta(ge=1, le=5)]]


class ChooseTopics(_Command, frozen=True, kw_only=True):
    """Chooses problems as topics of the solutions phase (moderator); none named: those with most dots."""

    REFUSALS: ClassVar[Refusals] = (refusals.NoTopics, refusals.TopicsAreSettled, refusals.UnknownProblem)
    problem_ids: tuple[Id, ...] = ()


class RankTopics(_Command, frozen=True, kw_only=True):
    """The person's wishes among the topics, the dearest first; replaces the earlier ones."""

    REFUSALS: ClassVar[Refusals] = (
        refusals.NoTopics,
        refusals.PenIsTaken,
        refusals.TopicsAreSettled,
        refusals.UnknownTopic,
    )
    topic_ids: Annotated[tuple[Id, ...], msgspec.Meta(min_length=1, max_length=10)]


class WritePassage(_Command, frozen=True, kw_only=True):
    """Writes a passage of a sheet. `seen` is the version of the passage the writer had before them; 0: a new one.

    When somebody else changed it meanwhile, nothing is stored and the refusal `PassageChanged` names the newer version.
    """

    REFUSALS: ClassVar[Refusals] = (
        refusals.NotInGroup,
        refusals.PassageChanged,
        refusals.PenIsTaken,
        refusals.SheetIsClosed,
        refusals.SheetIsFull,
        refusals.TooManyPassages,
        refusals.UnknownSheet,
    )
    sheet_id: Id
    passage_id: Id
    field: SheetField
    text: LongText
    seen: Annotated[int, msgspec.Meta(ge=0)] = 0


class RemovePassage(_Command, frozen=True, kw_only=True):
    """Removes a passage; its history stays."""

    REFUSALS: ClassVar[Refusals] = (
        refusals.NotInGroup,
        refusals.PassageChanged,
        refusals.PenIsTaken,
        refusals.SheetIsClosed,
        refusals.UnknownSheet,
    )
    sheet_id: Id
    passage_id: Id
    seen: Annotated[int, msgspec.Meta(ge=1)]


class IdeaAnswer(Answer, frozen=True, kw_only=True):
    """The id of the idea."""

    idea_id: Id


class SubmitIdea(CommandRequest[IdeaAnswer], frozen=True, kw_only=True):
    """Submits a sheet as an idea (a member of the group, its mentor or the moderator)."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = IdeaAnswer
    REFUSALS: ClassVar[Refusals] = (
        refusals.NotInGroup,
        refusals.PenIsTaken,
        refusals.SheetIsClosed,
        refusals.SheetIsEmpty,
        refusals.UnknownSheet,
    )
    conference_id: Id
    sheet_id: Id


class Criterion(msgspec.Struct, frozen=True, kw_only=True):
    """What jurors score from 0 to 5, and its weight."""

    criterion_id: Id
    name: ShortText
    weight: Annotated[int, msgspec.Meta(ge=1, le=10)]


class OpenJuryRound(CommandRequest[Done], frozen=True, kw_only=True):
    """Opens a round over the submitted ideas of these conferences (organiser)."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.JuryRoundExists, refusals.NoIdeas, refusals.UnknownJuryRound)
    round_id: Id
    title: ShortText
    criteria: Annotated[tuple[Criterion, ...], msgspec.Meta(min_length=1, max_length=8)]
    jurors: Annotated[tuple[Id, ...], msgspec.Meta(min_length=1, max_length=50)]
    conference_ids: Annotated[tuple[Id, ...], msgspec.Meta(min_length=1, max_length=200)]
    reviews_per_idea: Annotated[int, msgspec.Meta(ge=1, le=50)] = 3
    budget_cents: Annotated[int, msgspec.Meta(ge=0)] = 0


class ScoreIdea(CommandRequest[Done], frozen=True, kw_only=True):
    """Saves a juror's own scores for one idea; changeable until the round closes, seen by nobody else before."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (
        refusals.IdeaNotInRound,
        refusals.JuryRoundIsClosed,
        refusals.NotAssigned,
        refusals.NotJuror,
        refusals.PenIsTaken,
        refusals.UnknownCriterion,
        refusals.UnknownJuryRound,
    )
    round_id: Id
    idea_id: Id
    scores: dict[str, Annotated[int, msgspec.Meta(ge=0, le=5)]]
    comment: LongText | None = None


class RecuseMyself(CommandRequest[Done], frozen=True, kw_only=True):
    """Declares a conflict: the juror's scores of the idea are removed and somebody else is asked."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (
        refusals.IdeaNotInRound,
        refusals.NoIdeas,
        refusals.NotJuror,
        refusals.RecusalTooLate,
        refusals.UnknownJuryRound,
    )
    round_id: Id
    idea_id: Id


class CloseJuryRound(CommandRequest[Done], frozen=True, kw_only=True):
    """Closes the round: scores are final, the ranking follows (organiser)."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.JuryRoundIsOpen, refusals.NoIdeas, refusals.UnknownJuryRound)
    round_id: Id


class AwardIdea(CommandRequest[Done], frozen=True, kw_only=True):
    """Recommends an idea for an amount within the round's budget (organiser, after closing)."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (
        refusals.BudgetExceeded,
        refusals.IdeaNotInRound,
        refusals.JuryRoundIsOpen,
        refusals.NoIdeas,
        refusals.UnknownJuryRound,
    )
    round_id: Id
    idea_id: Id
    amount_cents: Annotated[int, msgspec.Meta(ge=0)]


# Queries --------------------------------------------------------------------------------------------------------


class ChallengeView(Answer, frozen=True, kw_only=True):
    """A challenge of an organisation."""

    challenge_id: Id
    district_id: Id
    title: str
    text: str
    published: bool


class Challenges(Listed, frozen=True, kw_only=True):
    """Challenges by id."""

    items: tuple[ChallengeView, ...]


class ListChallenges(QueryRequest[Challenges], frozen=True, kw_only=True):
    """Challenges of a district; unpublished ones only for organisers and the partner. `ids`: these alone."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = Challenges
    district_id: Id | None = None
    cut: Cut = Cut()
    ids: tuple[Id, ...] = ()


class CardView(msgspec.Struct, frozen=True, kw_only=True):
    """One card. `text` is None when its author was erased. NEED and OFFER cards show no author to others."""

    card_id: Id
    kind: CardKind
    text: str | None
    tags: Tags
    author_id: Id | None
    at: datetime


class BoardView(Answer, frozen=True, kw_only=True):
    """The cards of a conference and which kinds may be added now."""

    conference_id: Id
    open_kinds: tuple[CardKind, ...]
    cards: tuple[CardView, ...]


class GetBoard(QueryRequest[BoardView], frozen=True, kw_only=True):
    """The cards of a conference."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = BoardView
    conference_id: Id


class ProblemView(msgspec.Struct, frozen=True, kw_only=True):
    """One problem statement; `dots` is None while the voting runs hidden."""

    problem_id: Id
    text: str | None
    challenge_id: Id | None
    dots: int | None
    topic_id: Id | None


class ProblemsView(Answer, frozen=True, kw_only=True):
    """Problem statements, their dots, and the topics chosen among them."""

    conference_id: Id
    open: bool
    problems: tuple[ProblemView, ...]
    topics: tuple[TopicChosen, ...]
    voters: int


class GetProblems(QueryRequest[ProblemsView], frozen=True, kw_only=True):
    """Problem statements of a conference."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = ProblemsView
    conference_id: Id


class PassageView(msgspec.Struct, frozen=True, kw_only=True):
    """One passage of a sheet."""

    passage_id: Id
    field: SheetField
    text: str | None
    author_id: Id | None
    version: int


class SheetView(Answer, frozen=True, kw_only=True):
    """A group's idea sheet: passages in the order they were begun."""

    conference_id: Id
    sheet_id: Id
    group_id: Id
    topic_id: Id | None
    open: bool
    idea_id: Id | None
    passages: tuple[PassageView, ...]


class GetSheet(QueryRequest[SheetView], frozen=True, kw_only=True):
    """One sheet (its group, staff)."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = SheetView
    conference_id: Id
    sheet_id: Id


class Sheets(Answer, frozen=True, kw_only=True):
    """The sheets of a conference."""

    conference_id: Id
    sheets: tuple[SheetView, ...]


class GetSheets(QueryRequest[Sheets], frozen=True, kw_only=True):
    """The sheets of a conference."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = Sheets
    conference_id: Id


class IdeaView(Answer, frozen=True, kw_only=True):
    """A submitted idea: its fields as they were when submitted."""

    idea_id: Id
    conference_id: Id
    sheet_id: Id
    topic_id: Id | None
    fields: dict[str, str]
    authors: tuple[Id, ...]
    submitted_at: datetime
    award_cents: int | None


class Ideas(Listed, frozen=True, kw_only=True):
    """Ideas by id."""

    items: tuple[IdeaView, ...]


class ListIdeas(QueryRequest[Ideas], frozen=True, kw_only=True):
    """Submitted ideas, all or of one conference. `ids`: these alone, in one page."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = Ideas
    conference_id: Id | None = None
    cut: Cut = Cut()
    ids: tuple[Id, ...] = ()


class ReviewView(msgspec.Struct, frozen=True, kw_only=True):
    """A juror's own review; `scores` is empty before the first scoring."""

    idea_id: Id
    scores: dict[str, int]
    comment: str | None
    recused: bool


class RankedIdea(msgspec.Struct, frozen=True, kw_only=True):
    """One idea in the ranking, raw mean and severity-corrected score side by side."""

    idea_id: Id
    rank: int
    raw: float
    corrected: float
    reviews: int
    award_cents: int | None


class JuryRoundView(Answer, frozen=True, kw_only=True):
    """A round as the asking person may see it: jurors their own queue, everybody of it the ranking once closed."""

    round_id: Id
    title: str
    open: bool
    criteria: tuple[Criterion, ...]
    budget_cents: int
    queue: tuple[ReviewView, ...]
    ranking: tuple[RankedIdea, ...]
    submitted: int
    expected: int


class GetJuryRound(QueryRequest[JuryRoundView], frozen=True, kw_only=True):
    """One jury round (its jurors, organisers)."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = JuryRoundView
    round_id: Id

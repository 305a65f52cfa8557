# SPDX-License-Identifier: Apache-2.0
"""The evaluation: the same short items before, after and months later, anonymous, shown in batches of five or more."""

from datetime import datetime
from typing import Annotated, ClassVar

import msgspec

from services.chassis.contract import Answer, ContractEvent, Id, QueryRequest, Refusals
from services.contracts import refusals
from services.contracts.session.vocabulary import (
    SERVICE,
    AnswerStatus,
    SurveyItemKind,
    SurveyStatus,
    SurveyWave,
    _Command,
)
from services.contracts.shared import LocalText, LongText, ShortText


class SurveyAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one item: a value of a scale, or words."""

    item: ShortText
    value: Annotated[int, msgspec.Meta(ge=0, le=10)] | None = None
    text: LongText | None = None


class SubmitSurveyAnswers(_Command, frozen=True, kw_only=True):
    """Answers a wave of the survey, once: every scale, and texts if one likes. Nobody learns whose answers they are.

    The code pairs them with those of other waves: the app asks the questions of the survey's code and sends the SHA-256
    of the answers; without it they are counted and not paired.
    """

    REFUSALS: ClassVar[Refusals] = (
        refusals.AlreadyAnswered,
        refusals.ItemNotAsked,
        refusals.ItemUnanswered,
        refusals.SurveyIs,
        refusals.ValueOutOfBounds,
    )
    wave: SurveyWave
    answers: Annotated[tuple[SurveyAnswer, ...], msgspec.Meta(min_length=1, max_length=12)]
    pairing_code: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")] | None = None


class OpenFollowUp(_Command, frozen=True, kw_only=True):
    """Asks once more, months later, until an instant; everybody who came gets a mail. Again: moves the end."""

    REFUSALS: ClassVar[Refusals] = (refusals.EndOutOfBounds, refusals.SurveyIs)
    until: datetime


class ModerateRemarks(_Command, frozen=True, kw_only=True):
    """Shows what somebody wrote to everybody of the conference, or hides it (organiser, moderator)."""

    REFUSALS: ClassVar[Refusals] = (refusals.UnknownRemark,)
    remark_ids: Annotated[tuple[Id, ...], msgspec.Meta(min_length=1, max_length=100)]
    show: bool


class SurveyOpened(ContractEvent, frozen=True, kw_only=True):
    """People may answer a wave of the survey; None: its end is not known yet. Told again when the end moves."""

    SERVICE: ClassVar[str] = SERVICE
    conference_id: Id
    wave: SurveyWave
    until: datetime | None


class SurveyClosed(ContractEvent, frozen=True, kw_only=True):
    """A wave of the survey is over and counted."""

    SERVICE: ClassVar[str] = SERVICE
    conference_id: Id
    wave: SurveyWave


class SurveyItemView(msgspec.Struct, frozen=True, kw_only=True):
    """One item of one wave.

    Args:
        ends: what the ends of a scale mean; two or none.
        counts: how often each value was given, from the lowest on; None: not enough people, or words.
        remarks: what was written and may be seen by everybody.
    """

    key: str
    kind: SurveyItemKind
    question: LocalText
    ends: tuple[LocalText, ...]
    at_least: int
    at_most: int
    counts: tuple[int, ...] | None
    mean: float | None
    remarks: tuple[str, ...] = ()


class SurveyWaveView(msgspec.Struct, frozen=True, kw_only=True):
    """One wave; `answered` is about the person who asks, None once nobody knows it any more."""

    wave: SurveyWave
    status: SurveyStatus
    until: datetime | None
    answered: bool | None
    items: tuple[SurveyItemView, ...]


class SurveyChangeView(msgspec.Struct, frozen=True, kw_only=True):
    """How many people answered an item higher, the same, lower in the later wave than in the earlier one."""

    earlier: SurveyWave
    later: SurveyWave
    key: str
    question: LocalText
    higher: int
    same: int
    lower: int


class SurveyView(Answer, frozen=True, kw_only=True):
    """The survey of one conference; waves that were opened. The answers to `code_questions` make the pairing code."""

    conference_id: Id
    code_questions: tuple[LocalText, ...]
    waves: tuple[SurveyWaveView, ...]
    changes: tuple[SurveyChangeView, ...]


class GetSurvey(QueryRequest[SurveyView], frozen=True, kw_only=True):
    """The survey of one conference; with `participant_id`, whether that person, who asks, has answered."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = SurveyView
    conference_id: Id
    participant_id: Id | None = None


class RemarkView(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wrote; `held`: the word filter found something to look at."""

    remark_id: Id
    wave: SurveyWave
    item: str
    text: str
    status: AnswerStatus
    held: bool


class RemarksView(Answer, frozen=True, kw_only=True):
    """What was written, as far as enough people wrote; what nobody has looked at comes first."""

    conference_id: Id
    remarks: tuple[RemarkView, ...]


class GetRemarks(QueryRequest[RemarksView], frozen=True, kw_only=True):
    """What people wrote in the survey of a conference (organiser, moderator)."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = RemarksView
    conference_id: Id


class SurveyResult(msgspec.Struct, frozen=True, kw_only=True):
    """The sums of one item in one wave; `conference_id` None: of the city."""

    conference_id: Id | None
    wave: SurveyWave
    key: str
    question: LocalText
    at_least: int
    counts: tuple[int, ...]
    mean: float


class SurveyChange(msgspec.Struct, frozen=True, kw_only=True):
    """How the answers of the same people changed; `conference_id` None: in the city."""

    conference_id: Id | None
    earlier: SurveyWave
    later: SurveyWave
    key: str
    question: LocalText
    higher: int
    same: int
    lower: int


class SurveyResultsView(Answer, frozen=True, kw_only=True):
    """Results of all conferences that have some; `conferences` is their number. First the sums over all."""

    conferences: int
    results: tuple[SurveyResult, ...]
    changes: tuple[SurveyChange, ...]


class GetSurveyResults(QueryRequest[SurveyResultsView], frozen=True, kw_only=True):
    """The results of the city and of each conference (organiser of the city)."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = SurveyResultsView

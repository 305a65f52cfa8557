# SPDX-License-Identifier: Apache-2.0
"""The words that the messages of the evening share."""

from typing import ClassVar, Literal

import msgspec

from services.chassis.contract import CommandRequest, Done, Id

SERVICE = "session"
PhaseKind = Literal["plenary", "groups", "break"]
GroupMode = Literal["mix", "topic", "need_offer", "same"]
SeatingRuleKind = Literal["apart", "one_organisation", "together"]
Tool = Literal["poll", "needs_offers", "values", "problems", "topics", "sheet", "ideas", "survey", "stage"]
ChatChannel = Literal["plenary", "group"]
PollKind = Literal["single", "multiple", "scale", "ranking", "number", "word_cloud", "open", "mood"]
AnswerStatus = Literal["waiting", "shown", "hidden"]
PollResults = Literal["live", "hidden", "revealed"]
SurveyWave = Literal["before", "after", "follow_up"]
SurveyStatus = Literal["open", "counting", "closed"]
SurveyItemKind = Literal["scale", "text"]
Readiness = Literal["READY", "MORE_TIME", "NONE"]
GuidingRole = Literal["timekeeper", "note_taker", "speaker"]
SessionStatus = Literal["PREPARED", "LOBBY", "RUNNING", "PAUSED", "ENDED"]


class GroupPlaced(msgspec.Struct, frozen=True, kw_only=True):
    """One small group: who sits there, the mentor if one is there, the topic if it has one."""

    group_id: Id
    number: int
    members: tuple[Id, ...]
    mentor_id: Id | None = None
    topic_id: Id | None = None


class WordCount(msgspec.Struct, frozen=True, kw_only=True):
    """An option, a value or a word, and how many ballots named it.

    Args:
        count: in a ranking the points by which it is drawn.
        place: in a ranking the place in the decision, from 1.
        answer_id: of a word or an answer.
    """

    label: str
    count: int
    place: int | None = None
    answer_id: Id | None = None


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """The middle of the values of a scale or number: half of them lie between the quartiles."""

    lower: float
    median: float
    upper: float


class _Command(CommandRequest[Done], frozen=True, kw_only=True):
    SERVICE: ClassVar[str] = SERVICE

    conference_id: Id

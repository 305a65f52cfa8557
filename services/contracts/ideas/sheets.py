# SPDX-License-Identifier: Apache-2.0
"""Idea sheets, written together, and the ideas that were submitted."""

from datetime import datetime
from typing import Annotated, ClassVar

import msgspec

from services.chassis.contract import Answer, CommandRequest, Id, LiveChange, QueryRequest, Refusals
from services.contracts import refusals
from services.contracts.ideas.vocabulary import SERVICE, SheetField, _Command
from services.contracts.shared import Cut, Listed, LongText


class SheetsChanged(LiveChange, frozen=True, kw_only=True):
    """What groups write on their sheets changed: somebody of the conference wrote, removed or submitted."""

    SERVICE: ClassVar[str] = SERVICE


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

# SPDX-License-Identifier: Apache-2.0
"""A group's idea sheet: passages that several people write at once without losing a word.

Two people who write different passages never disturb each other. Whoever writes a passage says which version of
it they had before them; if somebody else changed it meanwhile, nothing is stored and they are told.
"""

from collections.abc import Sequence
from typing import Literal, TypeAlias, assert_never

import msgspec

from services.chassis.decider import Command, Decider, Event, Refusal, Sealed, Snapshotted

SheetField = Literal["title", "problem", "approach", "first_steps", "resources_needed", "contact"]

FIELDS: tuple[SheetField, ...] = ("title", "problem", "approach", "first_steps", "resources_needed", "contact")
MOST_PASSAGES = 200
"""Passages of one sheet, removed ones included."""
MOST_PASSAGES_OF_ONE = 50
"""Of these, passages that one person began: nobody fills the sheet of a group alone."""


class SheetOpened(Event, frozen=True, kw_only=True):
    """A group may write."""

    TOPIC = "ideas.sheet_opened"
    conference_id: str
    sheet_id: str
    group_id: str
    topic_id: str | None


class PassageWritten(Event, frozen=True, kw_only=True):
    """A passage has this text now. `resident`: its author is a member of the group, not staff."""

    TOPIC = "ideas.passage_written"
    sheet_id: str
    passage_id: str
    version: int
    field: SheetField
    text: Sealed
    author_id: str
    resident: bool


class PassageRemoved(Event, frozen=True, kw_only=True):
    """A passage is no part of the sheet any more; its history stays. A removal is a version, too."""

    TOPIC = "ideas.passage_removed"
    sheet_id: str
    passage_id: str
    version: int
    by: str


class SheetClosed(Event, frozen=True, kw_only=True):
    """The evening is over: the sheet stays as it is."""

    TOPIC = "ideas.sheet_closed"
    sheet_id: str


class SheetAuthorshipRemoved(Event, frozen=True, kw_only=True):
    """An author was erased: nobody knows any more what was theirs."""

    TOPIC = "ideas.sheet_authorship_removed"
    sheet_id: str
    participant_id: str


SheetEvent: TypeAlias = SheetOpened | PassageWritten | PassageRemoved | SheetClosed | SheetAuthorshipRemoved


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """A passage as it is now; `authors` are the residents who wrote any version of it, erased ones excepted."""

    passage_id: str
    version: int
    field: SheetField
    text: Sealed | None
    author_id: str | None
    begun_by: str | None
    authors: tuple[str, ...] = ()


class Unopened(msgspec.Struct, frozen=True):
    """There is no such sheet."""


class Open(msgspec.Struct, frozen=True):
    """The group writes; passages by id in the order in which they were begun."""

    facts: SheetOpened
    passages: dict[str, Passage] = {}


class Closed(msgspec.Struct, frozen=True):
    """Nobody writes any more."""

    facts: SheetOpened
    passages: dict[str, Passage]


Sheet: TypeAlias = Unopened | Open | Closed


class OpenSheet(Command, frozen=True, kw_only=True):
    """Opens a group's sheet."""

    conference_id: str
    sheet_id: str
    group_id: str
    topic_id: str | None


class WritePassage(Command, frozen=True, kw_only=True):
    """Writes a passage; `seen` is the version the writer had before them, 0 for a new one."""

    passage_id: str
    field: SheetField
    text: Sealed
    author_id: str
    resident: bool
    seen: int


class RemovePassage(Command, frozen=True, kw_only=True):
    """Takes a passage out of the sheet."""

    passage_id: str
    by: str
    seen: int


class CloseSheet(Command, frozen=True, kw_only=True):
    """Ends the writing."""


class RemoveAuthorship(Command, frozen=True, kw_only=True):
    """Forgets which passages a person wrote."""

    participant_id: str


SheetCommand: TypeAlias = OpenSheet | WritePassage | RemovePassage | CloseSheet | RemoveAuthorship


class UnknownSheet(Refusal, frozen=True, kw_only=True):
    """There is no such sheet."""

    sheet_id: str


class SheetIsClosed(Refusal, frozen=True, kw_only=True):
    """The evening is over; nobody writes on the sheet any more."""

    sheet_id: str


class PassageChanged(Refusal, frozen=True, kw_only=True):
    """Somebody else changed the passage; `version` is the newer one, 0 when there never was such a passage."""

    passage_id: str
    version: int


class SheetIsFull(Refusal, frozen=True, kw_only=True):
    """The sheet has as many passages as one may have."""

    limit: int


class TooManyPassages(Refusal, frozen=True, kw_only=True):
    """The person began as many passages of the sheet as one may."""

    limit: int


def decide(sheet: Sheet, command: SheetCommand) -> Sequence[SheetEvent] | Refusal:
    """Only an open sheet is written on, and only upon what the writer had seen."""
    match sheet:
        case Unopened():
            return _unopened(command)
        case Closed():
            match command:
                case WritePassage() | RemovePassage():
                    return SheetIsClosed(sheet_id=sheet.facts.sheet_id)
                case RemoveAuthorship():
                    return _remove_authorship(sheet, command)
                case OpenSheet() | CloseSheet():
                    return []
                case _:
                    assert_never(command)
        case Open():
            match command:
                case OpenSheet():
                    return []
                case WritePassage():
                    return _write(sheet, command)
                case RemovePassage():
                    return _remove(sheet, command)
                case CloseSheet():
                    return [SheetClosed(sheet_id=sheet.facts.sheet_id)]
                case RemoveAuthorship():
                    return _remove_authorship(sheet, command)
                case _:
                    assert_never(command)
        case _:
            assert_never(sheet)


def _unopened(command: SheetCommand) -> Sequence[SheetEvent] | Refusal:
    match command:
        case OpenSheet():
            opened = SheetOpened(
                conference_id=command.conference_id,
                sheet_id=command.sheet_id,
                group_id=command.group_id,
                topic_id=command.topic_id,
            )
            return [opened]
        case WritePassage() | RemovePassage():
            return UnknownSheet(sheet_id="")
        case CloseSheet() | RemoveAuthorship():
            return []
        case _:
            assert_never(command)


def _write(sheet: Open, command: WritePassage) -> Sequence[SheetEvent] | Refusal:
    before = sheet.passages.get(command.passage_id)
    version = before.version if before else 0
    if command.seen != version:
        return PassageChanged(passage_id=command.passage_id, version=version)
    if before is None and len(sheet.passages) >= MOST_PASSAGES:
        return SheetIsFull(limit=MOST_PASSAGES)
    begun = sum(passage.begun_by == command.author_id for passage in sheet.passages.values())
    if before is None and begun >= MOST_PASSAGES_OF_ONE:
        return TooManyPassages(limit=MOST_PASSAGES_OF_ONE)
    written = PassageWritten(
        sheet_id=sheet.facts.sheet_id,
        passage_id=command.passage_id,
        version=version + 1,
        field=command.field,
        text=command.text,
        author_id=command.author_id,
        resident=command.resident,
    )
    return [written]


def _remove(sheet: Open, command: RemovePassage) -> Sequence[SheetEvent] | Refusal:
    before = sheet.passages.get(command.passage_id)
    if before is None:
        return PassageChanged(passage_id=command.passage_id, version=0)
    if before.text is None and command.seen in (before.version, before.version - 1):
        return []
    if command.seen != before.version:
        return PassageChanged(passage_id=command.passage_id, version=before.version)
    removed = PassageRemoved(
        sheet_id=sheet.facts.sheet_id,
        passage_id=command.passage_id,
        version=before.version + 1,
        by=command.by,
    )
    return [removed]


def _remove_authorship(sheet: Open | Closed, command: RemoveAuthorship) -> Sequence[SheetEvent]:
    who = command.participant_id
    wrote = any(who == passage.author_id or who in passage.authors for passage in sheet.passages.values())
    return [SheetAuthorshipRemoved(sheet_id=sheet.facts.sheet_id, participant_id=who)] if wrote else []


def evolve(sheet: Sheet, event: SheetEvent) -> Sheet:
    """The sheet after an event."""
    if isinstance(event, SheetOpened):
        return Open(event)
    if isinstance(sheet, Unopened):
        return sheet
    match event:
        case PassageWritten() | PassageRemoved():
            passages = {**sheet.passages, event.passage_id: _after(sheet.passages.get(event.passage_id), event)}
            return msgspec.structs.replace(sheet, passages=passages)
        case SheetClosed():
            return Closed(sheet.facts, sheet.passages)
        case SheetAuthorshipRemoved():
            passages = {key: _without(passage, event.participant_id) for key, passage in sheet.passages.items()}
            return msgspec.structs.replace(sheet, passages=passages)
        case _:
            assert_never(event)


def _after(before: Passage | None, event: PassageWritten | PassageRemoved) -> Passage:
    match event:
        case PassageWritten():
            authors = before.authors if before else ()
            return Passage(
                passage_id=event.passage_id,
                version=event.version,
                field=event.field,
                text=event.text,
                author_id=event.author_id,
                begun_by=before.begun_by if before else event.author_id,
                authors=tuple(dict.fromkeys((*authors, event.author_id))) if event.resident else authors,
            )
        case PassageRemoved():
            assert before is not None, "only a written passage is removed"  # noqa: S101 -- the rule above
            return msgspec.structs.replace(before, version=event.version, text=None)
        case _:
            assert_never(event)


def _without(passage: Passage, who: str) -> Passage:
    return msgspec.structs.replace(
        passage,
        author_id=None if passage.author_id == who else passage.author_id,
        begun_by=None if passage.begun_by == who else passage.begun_by,
        authors=tuple(author for author in passage.authors if author != who),
    )


SHEET: Decider[Sheet, SheetCommand, SheetEvent] = Decider(
    name="ideas.sheet",
    initial=Unopened(),
    decide=decide,
    evolve=evolve,
    events=(SheetOpened, PassageWritten, PassageRemoved, SheetClosed, SheetAuthorshipRemoved),
    snapshot=Snapshotted((Unopened, Open, Closed)),
)

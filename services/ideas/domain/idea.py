# SPDX-License-Identifier: Apache-2.0
"""An idea: a sheet as it was when it was submitted. Submitting a sheet that changed since makes a newer version."""

from collections.abc import Sequence
from typing import TypeAlias, assert_never

import msgspec

from services.chassis.decider import Command, Decider, Event, Refusal, Sealed
from services.ideas.domain.sheet import FIELDS, Closed, Open, Sheet, SheetField

NEEDED: tuple[SheetField, ...] = ("title", "approach")
"""Fields that make a sheet finished, so that it is submitted when the evening ends."""


class IdeaText(msgspec.Struct, frozen=True, kw_only=True):
    """One passage of an idea. Passages of one field are read one after the other."""

    field: SheetField
    passage_id: str
    text: Sealed


class IdeaSubmitted(Event, frozen=True, kw_only=True):
    """The texts of a sheet became this version of an idea. `mentors` matter for conflicts of interest."""

    TOPIC = "ideas.idea_submitted"
    idea_id: str
    conference_id: str
    sheet_id: str
    topic_id: str | None
    version: int
    texts: tuple[IdeaText, ...]
    authors: tuple[str, ...]
    mentors: tuple[str, ...]


class IdeaAuthorshipRemoved(Event, frozen=True, kw_only=True):
    """An author was erased."""

    TOPIC = "ideas.idea_authorship_removed"
    idea_id: str
    participant_id: str


IdeaEvent: TypeAlias = IdeaSubmitted | IdeaAuthorshipRemoved


class Unsubmitted(msgspec.Struct, frozen=True):
    """There is no such idea."""


class Submitted(msgspec.Struct, frozen=True):
    """The newest version."""

    facts: IdeaSubmitted
    authors: tuple[str, ...]


Idea: TypeAlias = Unsubmitted | Submitted


class SubmitIdea(Command, frozen=True, kw_only=True):
    """Submits a sheet with these texts."""

    idea_id: str
    conference_id: str
    sheet_id: str
    topic_id: str | None
    texts: tuple[IdeaText, ...]
    authors: tuple[str, ...]
    mentors: tuple[str, ...]


class RemoveAuthorship(Command, frozen=True, kw_only=True):
    """Forgets that a person is an author."""

    participant_id: str


IdeaCommand: TypeAlias = SubmitIdea | RemoveAuthorship


class SheetIsEmpty(Refusal, frozen=True, kw_only=True):
    """Nothing is written on the sheet."""

    sheet_id: str


class UnknownIdea(Refusal, frozen=True, kw_only=True):
    """There is no such idea."""

    idea_id: str


def decide(idea: Idea, command: IdeaCommand) -> Sequence[IdeaEvent] | Refusal:
    """A sheet with any text can be submitted; the same texts again yield nothing."""
    match command:
        case SubmitIdea():
            if not command.texts:
                return SheetIsEmpty(sheet_id=command.sheet_id)
            match idea:
                case Unsubmitted():
                    return [_submitted(command, 1)]
                case Submitted(facts):
                    return [] if facts.texts == command.texts else [_submitted(command, facts.version + 1)]
                case _:
                    assert_never(idea)
        case RemoveAuthorship():
            if isinstance(idea, Unsubmitted) or command.participant_id not in idea.authors:
                return []
            return [IdeaAuthorshipRemoved(idea_id=idea.facts.idea_id, participant_id=command.participant_id)]
        case _:
            assert_never(command)


def _submitted(command: SubmitIdea, version: int) -> IdeaSubmitted:
    return IdeaSubmitted(
        idea_id=command.idea_id,
        conference_id=command.conference_id,
        sheet_id=command.sheet_id,
        topic_id=command.topic_id,
        version=version,
        texts=command.texts,
        authors=command.authors,
        mentors=command.mentors,
    )


def evolve(idea: Idea, event: IdeaEvent) -> Idea:
    """The idea after an event."""
    match event:
        case IdeaSubmitted():
            return Submitted(event, event.authors)
        case IdeaAuthorshipRemoved():
            if isinstance(idea, Unsubmitted):
                return idea
            return Submitted(idea.facts, tuple(who for who in idea.authors if who != event.participant_id))
        case _:
            assert_never(event)


IDEA: Decider[Idea, IdeaCommand, IdeaEvent] = Decider(
    name="ideas.idea",
    initial=Unsubmitted(),
    decide=decide,
    evolve=evolve,
    events=(IdeaSubmitted, IdeaAuthorshipRemoved),
)


def texts_of(sheet: Sheet) -> tuple[IdeaText, ...]:
    """What is written on a sheet: by field, within a field in the order in which passages were begun."""
    match sheet:
        case Open() | Closed():
            return tuple(
                IdeaText(field=field, passage_id=passage.passage_id, text=passage.text)
                for field in FIELDS
                for passage in sheet.passages.values()
                if passage.field == field and passage.text is not None
            )
        case _:
            return ()


def authors_of(sheet: Sheet) -> tuple[str, ...]:
    """The residents who wrote any version of what is on a sheet, in the order of passages."""
    match sheet:
        case Open() | Closed():
            return tuple(
                dict.fromkeys(
                    author
                    for passage in sheet.passages.values()
                    if passage.text is not None
                    for author in passage.authors
                )
            )
        case _:
            return ()


def is_finished(texts: Sequence[IdeaText]) -> bool:
    """Whether a sheet is submitted by itself when the evening ends."""
    present = {text.field for text in texts}
    return all(field in present for field in NEEDED)

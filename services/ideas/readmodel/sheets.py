# SPDX-License-Identifier: Apache-2.0
"""What do groups write on their sheets?"""

from collections.abc import Iterable, Sequence
from typing import assert_never

import msgspec

from services.chassis.decider import Event, Sealed
from services.chassis.keys import Keys
from services.chassis.projection import DocumentProjection
from services.chassis.store import Recorded
from services.contracts import ideas as contract
from services.ideas.domain.idea import IdeaSubmitted
from services.ideas.domain.sheet import (
    PassageRemoved,
    PassageWritten,
    SheetAuthorshipRemoved,
    SheetClosed,
    SheetEvent,
    SheetField,
    SheetOpened,
)
from services.ideas.readmodel.opening import opened


class PassageDoc(msgspec.Struct, frozen=True, kw_only=True):
    """One passage; without text it was removed."""

    passage_id: str
    field: SheetField
    text: Sealed | None
    author_id: str | None
    version: int


class SheetDoc(msgspec.Struct, frozen=True, kw_only=True):
    """One sheet; passages in the order in which they were begun."""

    sheet_id: str
    conference_id: str = ""
    group_id: str = ""
    topic_id: str | None = None
    open: bool = False
    idea_id: str | None = None
    passages: tuple[PassageDoc, ...] = ()


def _keys(event: Event, _: Recorded) -> Sequence[str]:
    return (event.sheet_id,) if isinstance(event, SheetEvent | IdeaSubmitted) else ()


def _evolve(doc: SheetDoc, event: SheetEvent | IdeaSubmitted, _: Recorded) -> SheetDoc:
    replace = msgspec.structs.replace
    match event:
        case SheetOpened():
            return SheetDoc(
                sheet_id=event.sheet_id,
                conference_id=event.conference_id,
                group_id=event.group_id,
                topic_id=event.topic_id,
                open=True,
            )
        case PassageWritten():
            return replace(doc, passages=_written(doc.passages, event))
        case PassageRemoved():
            return replace(
                doc,
                passages=tuple(
                    replace(passage, text=None, version=event.version)
                    if passage.passage_id == event.passage_id
                    else passage
                    for passage in doc.passages
                ),
            )
        case SheetAuthorshipRemoved():
            return replace(
                doc,
                passages=tuple(
                    replace(passage, author_id=None) if passage.author_id == event.participant_id else passage
                    for passage in doc.passages
                ),
            )
        case SheetClosed():
            return replace(doc, open=False)
        case IdeaSubmitted():
            return replace(doc, idea_id=event.idea_id)
        case _:
            assert_never(event)


def _written(passages: tuple[PassageDoc, ...], event: PassageWritten) -> tuple[PassageDoc, ...]:
    passage = PassageDoc(
        passage_id=event.passage_id,
        field=event.field,
        text=event.text,
        author_id=event.author_id,
        version=event.version,
    )
    if all(before.passage_id != event.passage_id for before in passages):
        return (*passages, passage)
    return tuple(passage if before.passage_id == event.passage_id else before for before in passages)


SHEETS = DocumentProjection(
    name="sheets", version=1, keys=_keys, initial=lambda key: SheetDoc(sheet_id=key), evolve=_evolve, doc=SheetDoc
)


async def sheet_views(keys: Keys, docs: Iterable[SheetDoc]) -> tuple[contract.SheetView, ...]:
    """Sheets as people read them, without removed passages."""
    sheets = list(docs)
    texts = await opened(keys, [passage.text for doc in sheets for passage in doc.passages])
    return tuple(
        contract.SheetView(
            conference_id=doc.conference_id,
            sheet_id=doc.sheet_id,
            group_id=doc.group_id,
            topic_id=doc.topic_id,
            open=doc.open,
            idea_id=doc.idea_id,
            passages=tuple(
                contract.PassageView(
                    passage_id=passage.passage_id,
                    field=passage.field,
                    text=texts.text(passage.text),
                    author_id=passage.author_id,
                    version=passage.version,
                )
                for passage in doc.passages
                if passage.text is not None
            ),
        )
        for doc in sheets
    )

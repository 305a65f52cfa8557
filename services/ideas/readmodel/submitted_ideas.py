# SPDX-License-Identifier: Apache-2.0
"""Which ideas were submitted, and what does the jury recommend?"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import assert_never
from uuid import UUID

import msgspec

from services.chassis.database import Database
from services.chassis.decider import Event
from services.chassis.identity import Actor
from services.chassis.keys import Keys
from services.chassis.paging import one_page
from services.chassis.projection import DocumentProjection
from services.chassis.store import Recorded
from services.contracts import ideas as contract
from services.ideas.domain.idea import IdeaAuthorshipRemoved, IdeaEvent, IdeaSubmitted, IdeaText
from services.ideas.domain.jury_round import IdeaAwarded
from services.ideas.readmodel.opening import Opened, opened


class IdeaDoc(msgspec.Struct, frozen=True, kw_only=True):
    """One idea in its newest version."""

    idea_id: str
    conference_id: str = ""
    sheet_id: str = ""
    topic_id: str | None = None
    texts: tuple[IdeaText, ...] = ()
    authors: tuple[str, ...] = ()
    mentors: tuple[str, ...] = ()
    submitted_at: datetime | None = None
    award_cents: int | None = None


def _keys(event: Event, _: Recorded) -> Sequence[str]:
    return (event.idea_id,) if isinstance(event, IdeaEvent | IdeaAwarded) else ()


def _evolve(doc: IdeaDoc, event: IdeaEvent | IdeaAwarded, recorded: Recorded) -> IdeaDoc:
    match event:
        case IdeaSubmitted():
            return IdeaDoc(
                idea_id=event.idea_id,
                conference_id=event.conference_id,
                sheet_id=event.sheet_id,
                topic_id=event.topic_id,
                texts=event.texts,
                authors=event.authors,
                mentors=event.mentors,
                submitted_at=recorded.recorded_at,
                award_cents=doc.award_cents,
            )
        case IdeaAuthorshipRemoved():
            authors = tuple(author for author in doc.authors if author != event.participant_id)
            return msgspec.structs.replace(doc, authors=authors)
        case IdeaAwarded():
            return msgspec.structs.replace(doc, award_cents=event.amount_cents)
        case _:
            assert_never(event)


SUBMITTED_IDEAS = DocumentProjection(
    name="submitted_ideas",
    version=1,
    keys=_keys,
    initial=lambda key: IdeaDoc(idea_id=key),
    evolve=_evolve,
    doc=IdeaDoc,
)


_PAGE = """
SELECT body FROM documents WHERE projection = $1
AND key > coalesce($2::text, '') AND key < coalesce($3::text, 'g')  -- keys are hex digits
AND ($4::uuid IS NULL OR conference_id = $4) AND ($5::text[] = '{}' OR key = ANY($5))
"""
_ORDER = {False: "ORDER BY key LIMIT $6", True: "ORDER BY key DESC LIMIT $6"}


async def list_ideas(db: Database, keys: Keys, request: contract.ListIdeas, viewer: Actor) -> contract.Ideas:
    """A page of ideas by id. How to reach a group is shown to its authors and to who serves at their conference."""
    first = len(request.ids) or request.cut.first
    rows = await db.pool.fetch(
        _PAGE + _ORDER[request.cut.backward],
        SUBMITTED_IDEAS.name, request.cut.after, request.cut.before,
        UUID(request.conference_id) if request.conference_id else None, request.ids, first + 1,
    )  # fmt: skip
    read, more = one_page(
        [SUBMITTED_IDEAS.decoder.decode(row["body"]) for row in rows], first, backward=request.cut.backward
    )
    page = [(doc, doc.submitted_at) for doc in read if doc.submitted_at is not None]
    texts = await opened(keys, [text.text for doc, _ in page for text in doc.texts])
    return contract.Ideas(
        items=tuple(_view(doc, at, texts, contact=_sees_contact(viewer, doc)) for doc, at in page),
        keys=tuple(doc.idea_id for doc, _ in page),
        more=more,
    )


def _sees_contact(viewer: Actor, doc: IdeaDoc) -> bool:
    serves = viewer.kind == "staff" and any(
        grant.role != "partner" and grant.scope in {"city", doc.conference_id} for grant in viewer.grants
    )
    return serves or viewer.id in doc.authors


def _view(doc: IdeaDoc, submitted_at: datetime, texts: Opened, *, contact: bool) -> contract.IdeaView:
    fields: dict[str, str] = {}
    for part in doc.texts:
        text = texts.text(part.text)
        if text is not None and (contact or part.field != "contact"):
            fields[part.field] = f"{fields[part.field]}\n\n{text}" if part.field in fields else text
    return contract.IdeaView(
        idea_id=doc.idea_id,
        conference_id=doc.conference_id,
        sheet_id=doc.sheet_id,
        topic_id=doc.topic_id,
        fields=fields,
        authors=doc.authors,
        submitted_at=submitted_at,
        award_cents=doc.award_cents,
    )


async def ideas_of(db: Database, conference_ids: Iterable[str]) -> list[IdeaDoc]:
    """All ideas of some conferences, by id."""
    rows = await db.pool.fetch(
        "SELECT body FROM documents WHERE projection = $1 AND conference_id = ANY($2::uuid[]) ORDER BY key",
        SUBMITTED_IDEAS.name, [UUID(conference_id) for conference_id in conference_ids],
    )  # fmt: skip
    return [SUBMITTED_IDEAS.decoder.decode(row["body"]) for row in rows]

# SPDX-License-Identifier: Apache-2.0
"""Which challenges were posted, and which of them are public?"""

from collections.abc import Sequence

import msgspec

from services.chassis.database import Database
from services.chassis.decider import Event
from services.chassis.paging import one_page
from services.chassis.projection import DocumentProjection
from services.chassis.store import Recorded
from services.contracts import ideas as contract
from services.ideas.domain.challenge import ChallengeEvent, ChallengePosted, ChallengePublished


class ChallengeDoc(msgspec.Struct, frozen=True, kw_only=True):
    """One challenge."""

    challenge_id: str
    district_id: str = ""
    title: str = ""
    text: str = ""
    posted_by: str = ""
    published: bool = False


def _keys(event: Event, _: Recorded) -> Sequence[str]:
    return (event.challenge_id,) if isinstance(event, ChallengePosted | ChallengePublished) else ()


def _evolve(doc: ChallengeDoc, event: ChallengeEvent, _: Recorded) -> ChallengeDoc:
    if isinstance(event, ChallengePublished):
        return msgspec.structs.replace(doc, published=True)
    return ChallengeDoc(
        challenge_id=event.challenge_id,
        district_id=event.district_id,
        title=event.title,
        text=event.text,
        posted_by=event.posted_by,
    )


CHALLENGES = DocumentProjection(
    name="challenges",
    version=1,
    keys=_keys,
    initial=lambda key: ChallengeDoc(challenge_id=key),
    evolve=_evolve,
    doc=ChallengeDoc,
)


_PAGE = """
SELECT body FROM documents WHERE projection = $1
AND key > coalesce($2::text, '') AND key < coalesce($3::text, 'g')  -- keys are hex digits
AND ($4::text IS NULL OR body ->> 'district_id' = $4)
AND ($5 OR (body ->> 'published')::boolean OR body ->> 'posted_by' = $6)
AND ($7::text[] = '{}' OR key = ANY($7))
"""
_ORDER = {False: "ORDER BY key LIMIT $8", True: "ORDER BY key DESC LIMIT $8"}


async def list_challenges(
    db: Database, request: contract.ListChallenges, *, everything: bool, viewer: str
) -> contract.Challenges:
    """A page of challenges by id.

    Args:
        db: the database.
        request: of which district, and which page.
        everything: unpublished ones too.
        viewer: whose own unpublished ones are shown as well.
    """
    first = len(request.ids) or request.cut.first
    rows = await db.pool.fetch(
        _PAGE + _ORDER[request.cut.backward],
        CHALLENGES.name, request.cut.after, request.cut.before, request.district_id, everything, viewer, request.ids,
        first + 1,
    )  # fmt: skip
    docs, more = one_page(
        [CHALLENGES.decoder.decode(row["body"]) for row in rows], first, backward=request.cut.backward
    )
    return contract.Challenges(
        items=tuple(
            contract.ChallengeView(
                challenge_id=doc.challenge_id,
                district_id=doc.district_id,
                title=doc.title,
                text=doc.text,
                published=doc.published,
            )
            for doc in docs
        ),
        keys=tuple(doc.challenge_id for doc in docs),
        more=more,
    )

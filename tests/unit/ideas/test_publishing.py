# SPDX-License-Identifier: Apache-2.0
"""What others are told: nothing about dots, scores, and cards without consent."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from services.chassis.decider import Event, Sealed
from services.chassis.store import Recorded
from services.contracts import ideas as contract
from services.ideas.domain.cards import CardAdded
from services.ideas.domain.idea import IdeaAuthorshipRemoved, IdeaSubmitted, IdeaText
from services.ideas.domain.review import ReviewSaved
from services.ideas.domain.sheet import PassageWritten
from services.ideas.domain.voting import DotsCast, VotingClosed
from services.ideas.publishing import publish

NOON = datetime(2027, 4, 17, 12, tzinfo=UTC)
CONFERENCE = UUID(int=1)
RECORDED = Recorded(7, UUID(int=2), 0, "", b"", CONFERENCE, UUID(int=3), b"", NOON)
BOX = Sealed("key", b"box")


def card(**other: Any) -> CardAdded:
    facts: dict[str, Any] = {"kind": "NEED", "tags": (BOX,), "share_tags": True}
    return CardAdded(card_id="k1", author_id="anna", text=BOX, **facts | other)


def idea(version: int) -> IdeaSubmitted:
    return IdeaSubmitted(
        idea_id="i1", conference_id="conf", sheet_id="s1", topic_id=None, version=version,
        texts=(IdeaText(field="title", passage_id="p1", text=BOX),), authors=("anna",), mentors=(),
    )  # fmt: skip


@pytest.mark.parametrize(
    "inside",
    [
        DotsCast(voting_id="v1", dots={"p1": 5}),
        VotingClosed(voting_id="v1", dots={"p1": 5}, voters=1),
        ReviewSaved(round_id="r1", juror_id="ida", idea_id="i1", scores={"c1": 5}, comment=None),
        PassageWritten(
            sheet_id="s1", passage_id="p1", version=1, field="title", text=BOX, author_id="anna", resident=True
        ),
        card(tags=()),
        card(share_tags=False),
        card(kind="VALUE"),
    ],
    ids=lambda event: type(event).__name__,
)
def test_this_stays_inside(inside: Event):
    assert publish(inside, RECORDED) is None


def test_tags_of_a_need_are_told_with_consent():
    assert publish(card(), RECORDED) == contract.CardTagged(
        at=NOON, conference_id=CONFERENCE.hex, participant_id="anna", kind="NEED", tags=(BOX,)
    )


def test_an_idea_is_told_once_and_without_its_texts():
    told = contract.IdeaSubmitted(at=NOON, conference_id="conf", idea_id="i1", sheet_id="s1", topic_id=None)
    assert publish(idea(1), RECORDED) == told
    again = contract.IdeaRevised(at=NOON, conference_id=CONFERENCE.hex, idea_id="i1")
    assert publish(idea(2), RECORDED) == again


def test_the_erasure_of_an_author_is_told_as_a_change_of_the_idea_without_the_person():
    erased = IdeaAuthorshipRemoved(idea_id="i1", participant_id="anna")
    assert publish(erased, RECORDED) == contract.IdeaRevised(at=NOON, conference_id=CONFERENCE.hex, idea_id="i1")

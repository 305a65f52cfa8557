# SPDX-License-Identifier: Apache-2.0
"""What leaves the service about polls, chat and help calls, and above all what does not."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest

from services.chassis.decider import Event, Sealed
from services.chassis.store import Recorded
from services.contracts import session as told
from services.session.domain.ballot import BallotCast
from services.session.domain.chat import BroadcastSent, MessageHidden, MessagePosted
from services.session.domain.help import HelpRequested
from services.session.domain.poll_facts import (
    Asked,
    Count,
    PollClosed,
    PollOpened,
    PollRevealed,
    PollVotingEnded,
    Spread,
)
from services.session.domain.script import LocalText
from services.session.publishing import publish

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
CONFERENCE, POLL, ANNA, MESSAGE = "c" * 32, "a" * 32, "b" * 32, "d" * 32
BOX = Sealed(ANNA, b"box")


def recorded() -> Recorded:
    return Recorded(7, UUID(int=1), 0, "topic", b"", UUID(CONFERENCE), UUID(int=2), b"", NOON)


def published(event: Event) -> object:
    return publish(event, recorded())


def test_a_ballot_stays_inside():
    assert published(BallotCast(poll_id=POLL, chosen=(1,))) is None


def test_the_end_of_the_voting_stays_inside():
    assert published(PollVotingEnded(poll_id=POLL)) is None


def test_an_opened_poll_is_told():
    question = LocalText(de="Was?", en="What?")
    asked = Asked(kind="word_cloud", question=question, options=(), live=True)
    opened = PollOpened(poll_id=POLL, key=None, asked=asked, opened_at=NOON)
    assert published(opened) == told.PollOpened(at=NOON, conference_id=CONFERENCE, poll_id=POLL)


CLOSED = PollClosed(
    poll_id=POLL, ballots=3, tally=(Count(label="4", count=3),), spread=Spread(lower=4, median=4, upper=4), hidden=False
)


def test_a_closed_poll_is_told_with_its_tally():
    assert published(CLOSED) == told.PollClosed(
        at=NOON,
        conference_id=CONFERENCE,
        poll_id=POLL,
        ballots=3,
        tally=(told.WordCount(label="4", count=3),),
        spread=told.Spread(lower=4, median=4, upper=4),
    )


def test_hidden_results_stay_inside():
    hidden = msgspec.structs.replace(CLOSED, hidden=True)
    assert published(hidden) == told.PollClosed(at=NOON, conference_id=CONFERENCE, poll_id=POLL, ballots=3, tally=None)


def test_it_is_told_that_results_were_revealed():
    assert published(PollRevealed(poll_id=POLL)) == told.PollRevealed(at=NOON, conference_id=CONFERENCE, poll_id=POLL)


@pytest.mark.parametrize(
    "event",
    [
        MessagePosted(message_id=MESSAGE, channel="plenary", author_id=ANNA, text=BOX, posted_at=NOON),
        MessageHidden(message_id=MESSAGE, channel="plenary", by=ANNA),
        HelpRequested(call_id=MESSAGE, asked_by=ANNA, group_id=None, reason=BOX, asked_at=NOON),
    ],
    ids=lambda event: type(event).__name__,
)
def test_neither_person_nor_text_is_told(event):
    assert ANNA not in msgspec.json.encode(published(event)).decode()
    assert "box" not in msgspec.json.encode(published(event)).decode()


def test_a_broadcast_travels_with_its_text_sealed():
    sent = BroadcastSent(message_id=MESSAGE, author_id=ANNA, text=BOX, posted_at=NOON)
    assert published(sent) == told.BroadcastSent(at=NOON, conference_id=CONFERENCE, message_id=MESSAGE, text=BOX)

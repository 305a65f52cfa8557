# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, datetime

import pytest

from services.chassis.decider import Sealed
from services.chassis.testing.story import Story
from services.session.domain.ballot import BALLOT, BallotCast, BallotDoesNotFit, CastBallot, UnknownOption
from services.session.domain.poll import Closed, Counting, Open, Poll, PollIsClosed, UnknownPoll, Unopened
from services.session.domain.script import LocalText

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
POLL_ID = "a" * 32
OPTIONS = (LocalText(de="Bänke", en="benches"), LocalText(de="Bäume", en="trees"))
SINGLE = Open(kind="single", options=OPTIONS, opened_at=NOON)
CLOUD = Open(kind="word_cloud", options=(), opened_at=NOON)
WORDS, OTHER_WORDS = Sealed(POLL_ID, b"box one"), Sealed(POLL_ID, b"box two")

story = Story(BALLOT)


def vote(poll: Poll = SINGLE, option: int | None = None, words: Sealed | None = None) -> CastBallot:
    return CastBallot(poll_id=POLL_ID, poll=poll, option=option, words=words, now=NOON)


def cast(option: int | None = None, words: Sealed | None = None) -> BallotCast:
    return BallotCast(poll_id=POLL_ID, option=option, words=words)


def test_a_person_chooses_an_option():
    story.when(vote(option=1)).then(cast(option=1))


def test_a_person_changes_their_mind():
    story.given(cast(option=1)).when(vote(option=0)).then(cast(option=0))


def test_the_same_choice_again_changes_nothing():
    story.given(cast(option=1)).when(vote(option=1)).then()


def test_a_person_sends_words():
    story.when(vote(CLOUD, words=WORDS)).then(cast(words=WORDS))


def test_the_same_words_again_change_nothing():
    story.given(cast(words=WORDS)).when(vote(CLOUD, words=WORDS)).then()


def test_other_words_replace_the_first_ones():
    story.given(cast(words=WORDS)).when(vote(CLOUD, words=OTHER_WORDS)).then(cast(words=OTHER_WORDS))


@pytest.mark.parametrize("poll", [Counting(kind="single", options=OPTIONS, opened_at=NOON), Closed()])
def test_a_late_ballot_is_refused(poll):
    story.when(vote(poll, option=1)).refused(PollIsClosed(poll_id=POLL_ID))


def test_a_late_change_is_refused():
    story.given(cast(option=1)).when(vote(Closed(), option=0)).refused(PollIsClosed)


def test_a_poll_that_was_never_opened_takes_no_ballot():
    story.when(vote(Unopened(), option=1)).refused(UnknownPoll(poll_id=POLL_ID))


def test_an_option_beyond_the_last_is_refused():
    story.when(vote(option=2)).refused(UnknownOption(option=2, options=2))


@pytest.mark.parametrize("ballot", [vote(), vote(option=1, words=WORDS), vote(words=WORDS)])
def test_a_choice_is_exactly_one_option(ballot):
    story.when(ballot).refused(BallotDoesNotFit(kind="single"))


@pytest.mark.parametrize("ballot", [vote(CLOUD), vote(CLOUD, option=0), vote(CLOUD, option=0, words=WORDS)])
def test_a_word_cloud_takes_only_words(ballot):
    story.when(ballot).refused(BallotDoesNotFit(kind="word_cloud"))


def test_nothing_in_a_ballot_names_a_person():
    assert set(BallotCast.__struct_fields__) == {"poll_id", "option", "words"}

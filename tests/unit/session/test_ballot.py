# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, datetime

import pytest

from services.chassis.decider import Sealed
from services.chassis.testing.story import Story
from services.session.domain.ballot import (
    BALLOT,
    AnswersUpvoted,
    BallotCast,
    BallotDoesNotFit,
    CastBallot,
    UnknownAnswer,
    UnknownOption,
    UpvoteAnswers,
    ValueOutOfBounds,
    WrongNumberOfOptions,
)
from services.session.domain.poll import PollIsClosed, UnknownPoll
from services.session.domain.poll_facts import Asked, Closed, Counting, Open, Poll, Unopened, Verdicts
from services.session.domain.script import LocalText

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
POLL_ID = "a" * 32
OPTIONS = (LocalText(de="Bänke", en="benches"), LocalText(de="Bäume", en="trees"))
QUESTION = LocalText(de="Was fehlt?", en="What is missing?")


def asked(kind, options=OPTIONS, low=None, high=None):
    return Asked(kind=kind, question=QUESTION, options=options, live=True, at_least=low, at_most=high)


def open_poll(*about, **more):
    return Open(asked=asked(*about, **more), opened_at=NOON)


SINGLE, CLOUD = open_poll("single"), open_poll("word_cloud", ())
THREE = (*OPTIONS, LocalText(de="Licht", en="light"))
MULTIPLE, RANKING = open_poll("multiple", THREE, 1, 2), open_poll("ranking", THREE, 2, 3)
SCALE, NUMBER = open_poll("scale", (), 1, 5), open_poll("number", (), -10, 10)
WORDS, OTHER_WORDS = Sealed(POLL_ID, b"box one"), Sealed(POLL_ID, b"box two")

story = Story(BALLOT)


def vote(poll: Poll = SINGLE, *chosen: int, value: int | None = None, words: Sealed | None = None) -> CastBallot:
    return CastBallot(poll_id=POLL_ID, poll=poll, chosen=chosen, value=value, words=words, now=NOON)


def cast(*chosen: int, value: int | None = None, words: Sealed | None = None) -> BallotCast:
    return BallotCast(poll_id=POLL_ID, chosen=chosen, value=value, words=words)


def test_a_person_chooses_an_option():
    story.when(vote(SINGLE, 1)).then(cast(1))


def test_a_person_changes_their_mind():
    story.given(cast(1)).when(vote(SINGLE, 0)).then(cast(0))


def test_the_same_choice_again_changes_nothing():
    story.given(cast(1)).when(vote(SINGLE, 1)).then()


def test_a_person_sends_words():
    story.when(vote(CLOUD, words=WORDS)).then(cast(words=WORDS))


def test_the_same_words_again_change_nothing():
    story.given(cast(words=WORDS)).when(vote(CLOUD, words=WORDS)).then()


def test_other_words_replace_the_first_ones():
    story.given(cast(words=WORDS)).when(vote(CLOUD, words=OTHER_WORDS)).then(cast(words=OTHER_WORDS))


@pytest.mark.parametrize("poll", [Counting(asked=asked("single"), opened_at=NOON), Closed()])
def test_a_late_ballot_is_refused(poll):
    story.when(vote(poll, 1)).refused(PollIsClosed(poll_id=POLL_ID))


def test_a_late_change_is_refused():
    story.given(cast(1)).when(vote(Closed(), 0)).refused(PollIsClosed)


def test_a_poll_that_was_never_opened_takes_no_ballot():
    story.when(vote(Unopened(), 1)).refused(UnknownPoll(poll_id=POLL_ID))


def test_an_option_beyond_the_last_is_refused():
    story.when(vote(SINGLE, 2)).refused(UnknownOption(option=2, options=2))


@pytest.mark.parametrize("ballot", [vote(), vote(SINGLE, 1, words=WORDS), vote(SINGLE, words=WORDS)])
def test_a_choice_is_exactly_one_option(ballot):
    story.when(ballot).refused(BallotDoesNotFit(kind="single"))


@pytest.mark.parametrize("ballot", [vote(CLOUD), vote(CLOUD, 0), vote(CLOUD, 0, words=WORDS)])
def test_a_word_cloud_takes_only_words(ballot):
    story.when(ballot).refused(BallotDoesNotFit(kind="word_cloud"))


def test_a_choice_of_several_is_no_single_one():
    story.when(vote(SINGLE, 0, 1)).refused(BallotDoesNotFit(kind="single"))


@pytest.mark.parametrize("chosen", [(0,), (0, 2)])
def test_several_options_are_chosen(chosen):
    story.when(vote(MULTIPLE, *chosen)).then(cast(*chosen))


@pytest.mark.parametrize("chosen", [(0, 1, 2), (1, 1)])
def test_more_options_than_welcome_are_refused(chosen):
    story.when(vote(MULTIPLE, *chosen)).refused(WrongNumberOfOptions(at_least=1, at_most=2))


def test_options_are_put_in_order():
    story.when(vote(RANKING, 2, 0)).then(cast(2, 0))


def test_another_order_is_another_ballot():
    story.given(cast(2, 0)).when(vote(RANKING, 0, 2)).then(cast(0, 2))


def test_a_ranking_of_too_few_options_is_refused():
    story.when(vote(RANKING, 2)).refused(WrongNumberOfOptions(at_least=2, at_most=3))


@pytest.mark.parametrize("poll", [MULTIPLE, RANKING])
def test_an_option_of_several_that_there_is_not_is_refused(poll):
    story.when(vote(poll, 0, 3)).refused(UnknownOption(option=3, options=3))


@pytest.mark.parametrize(("poll", "value"), [(SCALE, 1), (SCALE, 5), (NUMBER, -10), (NUMBER, 0)])
def test_a_value_is_given(poll, value):
    story.when(vote(poll, value=value)).then(cast(value=value))


@pytest.mark.parametrize(("poll", "value"), [(SCALE, 0), (SCALE, 6), (NUMBER, 11)])
def test_a_value_beyond_the_bounds_is_refused(poll, value):
    bounds = ValueOutOfBounds(lowest=poll.asked.at_least, highest=poll.asked.at_most)
    story.when(vote(poll, value=value)).refused(bounds)


@pytest.mark.parametrize("ballot", [vote(SCALE), vote(SCALE, 1), vote(NUMBER, words=WORDS), vote(MULTIPLE, value=1)])
def test_every_kind_is_answered_in_its_own_way(ballot):
    story.when(ballot).refused(BallotDoesNotFit)


LAMPS, OTHER = "1" * 32, "2" * 32
ASKED_OPENLY = Open(asked=asked("open", ()), opened_at=NOON, verdicts=Verdicts(shown=frozenset({LAMPS, OTHER})))


def upvote(*answers, poll=ASKED_OPENLY):
    return UpvoteAnswers(poll_id=POLL_ID, poll=poll, answers=answers, now=NOON)


def upvoted(*answers):
    return AnswersUpvoted(poll_id=POLL_ID, answers=answers)


def test_a_person_supports_answers_of_others():
    story.when(upvote(OTHER, LAMPS, LAMPS)).then(upvoted(LAMPS, OTHER))


def test_other_answers_replace_those_supported_before():
    story.given(upvoted(LAMPS, OTHER)).when(upvote(OTHER)).then(upvoted(OTHER))
    story.given(upvoted(LAMPS, OTHER)).when(upvote()).then(upvoted())
    story.given(upvoted(LAMPS)).when(upvote(LAMPS)).then()


def test_supporting_leaves_the_own_answer_as_it_is():
    story.given(cast(words=WORDS), upvoted(LAMPS)).when(vote(ASKED_OPENLY, words=WORDS)).then()
    story.given(upvoted(LAMPS), cast(words=WORDS)).when(upvote(LAMPS)).then()


def test_an_answer_that_nobody_sees_cannot_be_supported():
    story.when(upvote("3" * 32)).refused(UnknownAnswer(answer_id="3" * 32))


def test_only_answers_to_an_open_question_are_supported():
    story.when(upvote(poll=CLOUD)).refused(BallotDoesNotFit(kind="word_cloud"))


def test_late_support_is_refused():
    story.when(upvote(LAMPS, poll=Closed())).refused(PollIsClosed)


def test_nothing_in_a_ballot_names_a_person():
    assert set(BallotCast.__struct_fields__) == {"poll_id", "chosen", "value", "words"}
    assert set(AnswersUpvoted.__struct_fields__) == {"poll_id", "answers"}

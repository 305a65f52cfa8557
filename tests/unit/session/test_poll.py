# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, datetime, timedelta

import msgspec

from services.chassis.testing.story import Story
from services.session.domain.poll import (
    POLL,
    Count,
    EndVoting,
    OpenPoll,
    PollClosed,
    PollIsClosed,
    PollIsOpen,
    PollOpened,
    PollVotingEnded,
    RecordTally,
    UnknownPoll,
    count_options,
    count_words,
    normalised,
)
from services.session.domain.script import LocalText

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
POLL_ID = "a" * 32
QUESTION = LocalText(de="Was fehlt?", en="What is missing?")
BENCHES, TREES = LocalText(de="Bänke", en="benches"), LocalText(de="Bäume", en="trees")
OPENED = PollOpened(
    poll_id=POLL_ID,
    key="missing",
    kind="single",
    question=QUESTION,
    options=(BENCHES, TREES),
    live=True,
    opened_at=NOON,
)
ENDED = PollVotingEnded(poll_id=POLL_ID)
TALLY = (Count(label="Bänke", count=2), Count(label="Bäume", count=1))
CLOSED = PollClosed(poll_id=POLL_ID, ballots=3, tally=TALLY)
OPEN = OpenPoll(
    poll_id=POLL_ID, key="missing", kind="single", question=QUESTION, options=(BENCHES, TREES), live=True, now=NOON
)
END = EndVoting(poll_id=POLL_ID, now=NOON)
RECORD = RecordTally(poll_id=POLL_ID, ballots=3, tally=TALLY, now=NOON)

story = Story(POLL)


def test_a_poll_is_opened_with_its_question_and_options():
    story.when(OPEN).then(OPENED)


def test_opening_an_open_poll_changes_nothing():
    story.given(OPENED).when(msgspec.structs.replace(OPEN, now=NOON + timedelta(minutes=1))).then()


def test_a_poll_whose_voting_ended_is_not_opened_again():
    story.given(OPENED, ENDED).when(OPEN).refused(PollIsClosed(poll_id=POLL_ID))


def test_a_closed_poll_is_not_opened_again():
    story.given(OPENED, ENDED, CLOSED).when(OPEN).refused(PollIsClosed(poll_id=POLL_ID))


def test_voting_ends_before_it_is_counted():
    story.given(OPENED).when(END).then(ENDED)


def test_ending_the_voting_twice_changes_nothing():
    story.given(OPENED, ENDED).when(END).then()


def test_ending_the_voting_of_a_closed_poll_changes_nothing():
    story.given(OPENED, ENDED, CLOSED).when(END).then()


def test_a_poll_that_was_never_opened_cannot_end():
    story.when(END).refused(UnknownPoll(poll_id=POLL_ID))


def test_a_poll_that_was_never_opened_has_no_tally():
    story.when(RECORD).refused(UnknownPoll)


def test_an_open_poll_is_not_counted():
    story.given(OPENED).when(RECORD).refused(PollIsOpen(poll_id=POLL_ID))


def test_the_tally_closes_the_poll():
    story.given(OPENED, ENDED).when(RECORD).then(CLOSED)


def test_a_second_count_changes_nothing():
    story.given(OPENED, ENDED, CLOSED).when(RECORD).then()


def test_words_lose_their_needless_spaces():
    assert normalised(["  mehr \t Bäume "]) == ("mehr Bäume",)


def test_a_word_written_twice_in_one_ballot_counts_once():
    assert normalised(["Bäume", "BÄUME", "ba\u0308ume"]) == ("Bäume",)


def test_control_characters_are_no_part_of_a_word():
    assert normalised(["\0Li\x07cht"]) == ("Licht",)


def test_empty_words_are_not_words():
    assert normalised([" ", "\n", "Licht"]) == ("Licht",)


def test_one_ballot_holds_three_words_at_most():
    assert normalised(["a", "b", "c", "d"]) == ("a", "b", "c")


def test_an_option_that_nobody_chose_is_shown_with_nought():
    assert count_options((BENCHES, TREES), [0, 0]) == (Count(label="Bänke", count=2), Count(label="Bäume", count=0))


def test_words_that_differ_in_case_are_one_word_in_its_most_frequent_form():
    assert count_words([("bäume",), ("Bäume",), ("Bäume", "Licht")]) == (
        Count(label="Bäume", count=3),
        Count(label="Licht", count=1),
    )


def test_the_order_of_the_ballots_does_not_show_in_the_cloud():
    assert count_words([("licht",), ("Licht",)]) == count_words([("Licht",), ("licht",)])

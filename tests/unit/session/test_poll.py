# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from services.chassis.testing.story import Story
from services.session.domain.poll import (
    POLL,
    EndVoting,
    ModerateAnswers,
    OpenPoll,
    PollIsClosed,
    PollIsOpen,
    RecordTally,
    RevealPoll,
    UnknownPoll,
)
from services.session.domain.poll_facts import (
    MOODS,
    AnswersModerated,
    Asked,
    Count,
    PollClosed,
    PollOpened,
    PollRevealed,
    PollVotingEnded,
    asked_of,
)
from services.session.domain.script import LocalText, PreparedPoll

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
POLL_ID = "a" * 32
QUESTION = LocalText(de="Was fehlt?", en="What is missing?")
BENCHES, TREES = LocalText(de="Bänke", en="benches"), LocalText(de="Bäume", en="trees")
ASKED = Asked(kind="single", question=QUESTION, options=(BENCHES, TREES), live=True)
HIDDEN = msgspec.structs.replace(ASKED, live=False)
OPENED = PollOpened(poll_id=POLL_ID, key="missing", asked=ASKED, opened_at=NOON)
OPENED_HIDDEN = msgspec.structs.replace(OPENED, asked=HIDDEN)
ENDED = PollVotingEnded(poll_id=POLL_ID)
REVEALED = PollRevealed(poll_id=POLL_ID)
TALLY = (Count(label="Bänke", count=2), Count(label="Bäume", count=1))
CLOSED = PollClosed(poll_id=POLL_ID, ballots=3, tally=TALLY, spread=None, hidden=False)
CLOSED_HIDDEN = msgspec.structs.replace(CLOSED, hidden=True)
OPEN = OpenPoll(poll_id=POLL_ID, key="missing", asked=ASKED, now=NOON)
REVEAL = RevealPoll(poll_id=POLL_ID, now=NOON)
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


def test_results_of_a_live_poll_need_no_revealing():
    story.given(OPENED).when(REVEAL).then()
    story.given(OPENED, ENDED, CLOSED).when(REVEAL).then()


def test_hidden_results_are_revealed_while_people_vote():
    story.given(OPENED_HIDDEN).when(REVEAL).then(REVEALED)


def test_results_that_were_not_revealed_stay_hidden_when_the_poll_is_closed():
    story.given(OPENED_HIDDEN, ENDED).when(RECORD).then(CLOSED_HIDDEN)


def test_results_that_were_revealed_stay_so_when_the_poll_is_closed():
    story.given(OPENED_HIDDEN, REVEALED, ENDED).when(RECORD).then(CLOSED)


def test_hidden_results_are_revealed_after_the_close():
    story.given(OPENED_HIDDEN, ENDED, CLOSED_HIDDEN).when(REVEAL).then(REVEALED)


def test_revealing_twice_changes_nothing():
    story.given(OPENED_HIDDEN, REVEALED).when(REVEAL).then()
    story.given(OPENED_HIDDEN, REVEALED, ENDED).when(REVEAL).then()
    story.given(OPENED_HIDDEN, ENDED, CLOSED_HIDDEN, REVEALED).when(REVEAL).then()


ONE, TWO = "1" * 32, "2" * 32
SHOWN = AnswersModerated(poll_id=POLL_ID, answers=(ONE,), show=True)
HID = AnswersModerated(poll_id=POLL_ID, answers=(ONE,), show=False)


def moderate(*answers, show):
    return ModerateAnswers(poll_id=POLL_ID, answers=answers, show=show, now=NOON)


def test_a_moderator_shows_answers_and_hides_them_again():
    story.given(OPENED).when(moderate(ONE, show=True)).then(SHOWN)
    story.given(OPENED, SHOWN).when(moderate(ONE, show=False)).then(HID)
    story.given(OPENED, SHOWN, HID).when(moderate(ONE, show=True)).then(SHOWN)


def test_a_verdict_that_stands_already_is_none():
    story.given(OPENED, SHOWN).when(moderate(ONE, show=True)).then()
    story.given(OPENED, SHOWN).when(moderate(ONE, TWO, TWO, show=True)).then(
        msgspec.structs.replace(SHOWN, answers=(TWO,))
    )


def test_what_was_counted_can_be_hidden_and_nothing_be_added():
    for past in ((OPENED, ENDED), (OPENED, ENDED, CLOSED)):
        story.given(*past).when(moderate(ONE, show=False)).then(HID)
        story.given(*past).when(moderate(ONE, show=True)).refused(PollIsClosed(poll_id=POLL_ID))


def test_verdicts_outlast_the_close():
    story.given(OPENED, HID, ENDED, CLOSED).when(moderate(ONE, show=False)).then()


def test_a_poll_that_was_never_opened_has_no_answers():
    story.when(moderate(ONE, show=True)).refused(UnknownPoll(poll_id=POLL_ID))


def test_there_is_nothing_to_reveal_of_a_poll_that_was_never_opened():
    story.when(REVEAL).refused(UnknownPoll(poll_id=POLL_ID))


def prepared(kind, options=(), **bounds):
    return PreparedPoll(key="missing", kind=kind, question=QUESTION, options=options, **bounds)


@pytest.mark.parametrize(
    ("poll", "bounds"),
    [
        (prepared("single", (BENCHES, TREES)), (None, None)),
        (prepared("multiple", (BENCHES, TREES)), (1, 2)),
        (prepared("multiple", (BENCHES, TREES), at_most=1), (1, 1)),
        (prepared("ranking", (BENCHES, TREES), at_least=2), (2, 2)),
        (prepared("scale"), (1, 5)),
        (prepared("scale", at_most=7), (1, 7)),
        (prepared("number"), (0, 100)),
        (prepared("word_cloud"), (None, None)),
    ],
)
def test_a_kind_fills_in_the_bounds_that_were_left_out(poll, bounds):
    asked = asked_of(poll)
    assert (asked.at_least, asked.at_most) == bounds
    assert list(poll.problems()) == []


def test_a_mood_comes_with_its_options():
    assert asked_of(prepared("mood")).options == MOODS


@pytest.mark.parametrize(
    ("poll", "field"),
    [
        (prepared("single", (BENCHES,)), "options"),
        (prepared("ranking", (BENCHES, BENCHES)), "options"),
        (prepared("single", (BENCHES, TREES), at_least=1), "at_least"),
        (prepared("multiple", (BENCHES, TREES), at_least=0), "at_least"),
        (prepared("multiple", (BENCHES, TREES), at_most=3), "at_most"),
        (prepared("multiple", (BENCHES, TREES), at_least=2, at_most=1), "at_most"),
        (prepared("scale", (BENCHES,)), "options"),
        (prepared("scale", at_least=5), "at_least"),
        (prepared("scale", at_most=11), "at_most"),
        (prepared("number", at_least=1, at_most=1), "at_most"),
        (prepared("number", at_most=2_000_000_000), "at_most"),
        (prepared("mood", MOODS), "options"),
        (prepared("word_cloud", (BENCHES, TREES)), "options"),
        (prepared("open", at_most=3), "at_least"),
    ],
)
def test_a_poll_that_cannot_be_asked_names_its_field(poll, field):
    assert [problem.path for problem in poll.problems()] == [field]

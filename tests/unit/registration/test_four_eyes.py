# SPDX-License-Identifier: Apache-2.0
"""One person changes so many conferences within a day, and no more without a second one."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.chassis.testing.story import Story
from services.registration.domain.four_eyes import (
    FOUR_EYES,
    WINDOW,
    Alone,
    ApprovalNeeded,
    ConferencesHitAlone,
    HitConference,
    NoteConferences,
    are_too_many,
)

NOON = datetime(2026, 11, 7, 12, 0, tzinfo=UTC)
story = Story(FOUR_EYES)


def hit(conference: str, after: timedelta = timedelta(), limit: int = 3) -> HitConference:
    return HitConference(now=NOON + after, conference_id=conference, limit=limit)


def note(*conferences: str, after: timedelta = timedelta()) -> NoteConferences:
    return NoteConferences(now=NOON + after, conference_ids=conferences)


def was_hit(*conferences: str, after: timedelta = timedelta()) -> ConferencesHitAlone:
    return ConferencesHitAlone(at=NOON + after, conference_ids=conferences)


def test_as_many_as_the_limit_are_done_alone_and_one_more_is_not():
    story.given(was_hit("a", "b")).when(hit("c")).then(was_hit("c"))
    story.given(was_hit("a", "b"), was_hit("c")).when(hit("d")).refused(ApprovalNeeded(limit=3))
    story.given().when(hit("a", limit=0)).refused(ApprovalNeeded(limit=0))


def test_the_same_conference_counts_once():
    story.given(was_hit("a", "b", "c")).when(note("b", "b")).then()
    story.given(was_hit("a", "b")).when(note("b", "c", "c")).then(was_hit("c"))


def test_what_was_done_a_day_ago_counts_no_more():
    soon = WINDOW - timedelta(seconds=1)
    past = (was_hit("a"), was_hit("b", "c", after=timedelta(hours=1)))
    story.given(*past).when(hit("d", after=soon)).refused(ApprovalNeeded(limit=3))
    story.given(*past).when(hit("d", after=WINDOW)).then(was_hit("d", after=WINDOW))


def test_after_the_city_lowered_the_limit_nothing_new_is_done_alone():
    story.given(was_hit("a", "b", "c")).when(hit("d", limit=1)).refused(ApprovalNeeded(limit=1))
    story.given(was_hit("a", "b", "c")).when(hit("a", limit=1)).then()


@given(st.lists(st.tuples(st.integers(0, 3000), st.sets(st.sampled_from("abcdefgh"), min_size=1)), max_size=30))
def test_no_day_whatever_its_beginning_sees_more_conferences_than_the_limit(wishes):
    alone, done = Alone(), []
    for minute, conferences in sorted(wishes, key=lambda wish: wish[0]):
        now = timedelta(minutes=minute)
        if not are_too_many(alone, conferences, 3, NOON + now):
            events = FOUR_EYES.decide(alone, note(*sorted(conferences), after=now))
            alone = FOUR_EYES.fold(alone, events)
            done += [(event.at, each) for event in events for each in event.conference_ids]
    for begin, _ in done:
        assert len({each for at, each in done if begin <= at < begin + WINDOW}) <= 3
    assert len(alone.hits) <= 3

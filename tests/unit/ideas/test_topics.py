# SPDX-License-Identifier: Apache-2.0
"""Topics are chosen, everybody ranks them, then the wishes are collected once."""

from datetime import UTC, datetime, timedelta

from services.chassis.testing.story import Story
from services.ideas.domain.topics import (
    TOPICS,
    WISHES,
    ChooseTopics,
    ClosePreferences,
    Collecting,
    NoTopics,
    PreferencesClosed,
    PreferencesReopened,
    PreferencesStopped,
    Ranking,
    RankTopics,
    ReopenPreferences,
    Settled,
    StopPreferences,
    Topic,
    Topics,
    TopicsAreSettled,
    TopicsChosen,
    TopicsRanked,
    Unchosen,
    UnknownTopic,
    most_dotted,
)

NOON = datetime(2027, 4, 17, 12, tzinfo=UTC)
A, B = Topic("ta", "pa"), Topic("tb", "pb")
CHOSEN = TopicsChosen(topics=(A, B))
STOPPED = PreferencesStopped()
CLOSED = PreferencesClosed(ranks={"anna": ("tb",)})
topics = Story(TOPICS)
wishes = Story(WISHES)


RANKING = Ranking((A, B))


def rank(*topic_ids: str, choice: Topics = RANKING) -> RankTopics:
    return RankTopics(now=NOON, participant_id="anna", topic_ids=topic_ids, topics=choice)


def test_topics_may_be_chosen_anew_while_they_are_ranked():
    topics.when(ChooseTopics(now=NOON, topics=(A, B))).then(CHOSEN)
    topics.given(CHOSEN).when(ChooseTopics(now=NOON, topics=(B,))).then(TopicsChosen(topics=(B,)))


def test_the_same_choice_again_changes_nothing():
    topics.given(CHOSEN).when(ChooseTopics(now=NOON, topics=(A, B))).then()


def test_nothing_cannot_be_chosen():
    topics.when(ChooseTopics(now=NOON, topics=())).refused(NoTopics)


def test_collected_wishes_settle_the_topics():
    topics.given(CHOSEN, STOPPED, CLOSED).when(ChooseTopics(now=NOON, topics=(B,))).refused(TopicsAreSettled)


def test_wishes_are_stopped_then_stored_once():
    topics.given(CHOSEN).when(StopPreferences(now=NOON)).then(STOPPED)
    close = ClosePreferences(now=NOON, ranks={"anna": ("tb",)})
    topics.given(CHOSEN, STOPPED).when(close).then(CLOSED)
    topics.given(CHOSEN, STOPPED, CLOSED).when(close).then()


def test_without_topics_there_are_no_wishes_to_collect():
    topics.when(StopPreferences(now=NOON)).then()


def test_settled_wishes_are_taken_again_in_the_break():
    reopened = PreferencesReopened(conference_id="conf", closes_at=NOON)
    reopen = ReopenPreferences(now=NOON, conference_id="conf", closes_at=NOON)
    topics.given(CHOSEN, STOPPED, CLOSED).when(reopen).then(reopened)
    topics.given(CHOSEN, STOPPED, CLOSED, reopened).when(reopen).then()
    topics.given(CHOSEN, STOPPED, CLOSED, reopened).when(StopPreferences(now=NOON)).then(STOPPED)


def test_a_longer_break_moves_the_instant_at_which_wishes_close():
    reopened = PreferencesReopened(conference_id="conf", closes_at=NOON)
    later = NOON + timedelta(minutes=5)
    topics.given(CHOSEN, STOPPED, CLOSED, reopened).when(
        ReopenPreferences(now=NOON, conference_id="conf", closes_at=later)
    ).then(PreferencesReopened(conference_id="conf", closes_at=later))


def test_without_topics_there_is_nothing_to_take_again():
    topics.when(ReopenPreferences(now=NOON, conference_id="conf")).then()


def test_a_person_ranks_topics_naming_each_once():
    wishes.when(rank("tb", "ta", "tb")).then(TopicsRanked(participant_id="anna", topic_ids=("tb", "ta")))


def test_the_same_wishes_again_change_nothing():
    wishes.given(TopicsRanked(participant_id="anna", topic_ids=("tb",))).when(rank("tb")).then()


def test_an_unknown_topic_cannot_be_ranked():
    wishes.when(rank("tx")).refused(UnknownTopic(topic_id="tx"))


def test_wishes_before_the_choice_and_after_the_collection_are_refused():
    wishes.when(rank("ta", choice=Unchosen())).refused(NoTopics)
    wishes.when(rank("ta", choice=Collecting((A, B)))).refused(TopicsAreSettled)
    wishes.when(rank("ta", choice=Settled((A, B)))).refused(TopicsAreSettled)


def test_the_most_dotted_problems_are_chosen_one_per_four_people():
    problems = [f"p{n}" for n in range(10)]
    dots = {f"p{n}": n for n in range(10)}
    assert most_dotted(problems, dots, present=20) == ("p9", "p8", "p7", "p6", "p5")


def test_few_people_still_get_three_topics():
    assert most_dotted(["a", "b", "c", "d"], {"d": 1}, present=3) == ("d", "a", "b")


def test_problems_without_a_dot_only_make_up_three():
    assert most_dotted(["a", "b", "c", "d", "e"], {"d": 2, "b": 2}, present=50) == ("b", "d", "a")


def test_fewer_problems_than_topics_are_all_chosen():
    assert most_dotted(["a", "b"], {}, present=50) == ("a", "b")

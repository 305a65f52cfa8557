# SPDX-License-Identifier: Apache-2.0
"""A challenge is posted once and published once."""

from datetime import UTC, datetime

from services.chassis.testing.story import Story
from services.ideas.domain.challenge import (
    CHALLENGE,
    ChallengeExists,
    ChallengePosted,
    ChallengePublished,
    PostChallenge,
    PublishChallenge,
    UnknownChallenge,
)

NOON = datetime(2027, 4, 17, 12, tzinfo=UTC)
POSTED = ChallengePosted(challenge_id="c1", district_id="d1", title="Schulweg", text="Zu eng.", posted_by="p1")
story = Story(CHALLENGE)


def post(title: str = "Schulweg") -> PostChallenge:
    return PostChallenge(now=NOON, challenge_id="c1", district_id="d1", title=title, text="Zu eng.", posted_by="p1")


def test_a_partner_posts_a_challenge():
    story.when(post()).then(POSTED)


def test_the_same_challenge_again_changes_nothing():
    story.given(POSTED).when(post()).then()


def test_another_challenge_does_not_take_the_place_of_the_first():
    story.given(POSTED).when(post("Spielplatz")).refused(ChallengeExists(challenge_id="c1"))


def test_organisers_publish_a_posted_challenge_once():
    published = ChallengePublished(challenge_id="c1", district_id="d1")
    story.given(POSTED).when(PublishChallenge(now=NOON, challenge_id="c1")).then(published)
    story.given(POSTED, published).when(PublishChallenge(now=NOON, challenge_id="c1")).then()


def test_what_was_not_posted_is_not_published():
    story.when(PublishChallenge(now=NOON, challenge_id="c1")).refused(UnknownChallenge)

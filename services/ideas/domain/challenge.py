# SPDX-License-Identifier: Apache-2.0
"""A challenge: what an organisation asks the residents of a district, checked by organisers before it is public.

Its words are a statement of an organisation, not of a private person; therefore they are not sealed.
"""

from collections.abc import Sequence
from typing import TypeAlias, assert_never

import msgspec

from services.chassis.decider import Command, Decider, Event, Refusal

# Events


class ChallengePosted(Event, frozen=True, kw_only=True):
    """An organisation posted a challenge; `posted_by` is the id of the staff member of a partner."""

    TOPIC = "ideas.challenge_posted"
    challenge_id: str
    district_id: str
    title: str
    text: str
    posted_by: str


class ChallengePublished(Event, frozen=True, kw_only=True):
    """Organisers made the challenge public in its district."""

    TOPIC = "ideas.challenge_published"
    challenge_id: str
    district_id: str


ChallengeEvent: TypeAlias = ChallengePosted | ChallengePublished

# Situations


class Unposted(msgspec.Struct, frozen=True):
    """Nobody posted this challenge."""


class Posted(msgspec.Struct, frozen=True):
    """Organisers check it."""

    posted: ChallengePosted


class Published(msgspec.Struct, frozen=True):
    """Everybody may read it."""

    posted: ChallengePosted


Challenge: TypeAlias = Unposted | Posted | Published

# Commands


class PostChallenge(Command, frozen=True, kw_only=True):
    """Posts a challenge."""

    challenge_id: str
    district_id: str
    title: str
    text: str
    posted_by: str


class PublishChallenge(Command, frozen=True, kw_only=True):
    """Publishes a posted challenge."""

    challenge_id: str


ChallengeCommand: TypeAlias = PostChallenge | PublishChallenge

# Refusals


class ChallengeExists(Refusal, frozen=True, kw_only=True):
    """Another challenge was posted under this id."""

    challenge_id: str


class UnknownChallenge(Refusal, frozen=True, kw_only=True):
    """There is no (public) challenge with this id."""

    challenge_id: str


def decide(challenge: Challenge, command: ChallengeCommand) -> Sequence[ChallengeEvent] | Refusal:
    """A challenge is posted once and published once."""
    match command:
        case PostChallenge():
            posted = ChallengePosted(
                challenge_id=command.challenge_id,
                district_id=command.district_id,
                title=command.title,
                text=command.text,
                posted_by=command.posted_by,
            )
            match challenge:
                case Unposted():
                    return [posted]
                case Posted(before) | Published(before):
                    return [] if before == posted else ChallengeExists(challenge_id=command.challenge_id)
                case _:
                    assert_never(challenge)
        case PublishChallenge():
            match challenge:
                case Unposted():
                    return UnknownChallenge(challenge_id=command.challenge_id)
                case Posted(before):
                    return [ChallengePublished(challenge_id=before.challenge_id, district_id=before.district_id)]
                case Published():
                    return []
                case _:
                    assert_never(challenge)
        case _:
            assert_never(command)


def evolve(challenge: Challenge, event: ChallengeEvent) -> Challenge:
    """What a challenge is after an event."""
    match event:
        case ChallengePosted():
            return Posted(event)
        case ChallengePublished():
            return challenge if isinstance(challenge, Unposted) else Published(challenge.posted)
        case _:
            assert_never(event)


CHALLENGE: Decider[Challenge, ChallengeCommand, ChallengeEvent] = Decider(
    name="ideas.challenge",
    initial=Unposted(),
    decide=decide,
    evolve=evolve,
    events=(ChallengePosted, ChallengePublished),
)

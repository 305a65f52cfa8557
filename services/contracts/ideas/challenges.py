# SPDX-License-Identifier: Apache-2.0
"""What organisations ask for and offer."""

from typing import ClassVar

from services.chassis.contract import Answer, CommandRequest, Done, Id, QueryRequest, Refusals
from services.contracts import refusals
from services.contracts.ideas.vocabulary import SERVICE
from services.contracts.shared import Cut, Listed, LongText, ShortText


class PostChallenge(CommandRequest[Done], frozen=True, kw_only=True):
    """Posts a challenge for a district (partner); organisers check it."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.ChallengeExists,)
    challenge_id: Id
    district_id: Id
    title: ShortText
    text: LongText


class PublishChallenge(CommandRequest[Done], frozen=True, kw_only=True):
    """Publishes a posted challenge (organiser)."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.UnknownChallenge,)
    challenge_id: Id


class ChallengeView(Answer, frozen=True, kw_only=True):
    """A challenge of an organisation."""

    challenge_id: Id
    district_id: Id
    title: str
    text: str
    published: bool


class Challenges(Listed, frozen=True, kw_only=True):
    """Challenges by id."""

    items: tuple[ChallengeView, ...]


class ListChallenges(QueryRequest[Challenges], frozen=True, kw_only=True):
    """Challenges of a district; unpublished ones only for organisers and the partner. `ids`: these alone."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = Challenges
    district_id: Id | None = None
    cut: Cut = Cut()
    ids: tuple[Id, ...] = ()

# SPDX-License-Identifier: Apache-2.0
"""What becomes of ideas, told to everybody: facts that last."""

from typing import ClassVar

from services.chassis.contract import ContractEvent, Id
from services.chassis.decider import Sealed
from services.contracts.ideas.vocabulary import SERVICE, CardKind, TopicChosen


class _Event(ContractEvent, frozen=True, kw_only=True):
    SERVICE: ClassVar[str] = SERVICE


class ChallengePublished(_Event, frozen=True, kw_only=True):
    """An organisation's challenge is public in its district."""

    challenge_id: Id
    district_id: Id


class CardTagged(_Event, frozen=True, kw_only=True):
    """Tags of a NEED or OFFER card, with its author's consent to use them for matching; each sealed by the author."""

    conference_id: Id
    participant_id: Id
    kind: CardKind
    tags: tuple[Sealed, ...]


class TopicsChosen(_Event, frozen=True, kw_only=True):
    """The topics of the solutions phase."""

    conference_id: Id
    topics: tuple[TopicChosen, ...]


class TopicPreferencesClosed(_Event, frozen=True, kw_only=True):
    """Who wants to work on what: topic ids by participant, the dearest first."""

    conference_id: Id
    ranks: dict[str, tuple[Id, ...]]


class IdeaSubmitted(_Event, frozen=True, kw_only=True):
    """A group's sheet became an idea."""

    conference_id: Id
    idea_id: Id
    sheet_id: Id
    topic_id: Id | None


class IdeaRevised(_Event, frozen=True, kw_only=True):
    """An idea reads otherwise than before: its sheet was submitted again, or one of its authors was erased."""

    conference_id: Id
    idea_id: Id


class IdeaWithdrawn(_Event, frozen=True, kw_only=True):
    """An idea was taken back."""

    conference_id: Id
    idea_id: Id


class JuryRoundOpened(_Event, frozen=True, kw_only=True):
    """Jurors may score."""

    round_id: Id


class JurorRecused(_Event, frozen=True, kw_only=True):
    """A juror does not score an idea."""

    round_id: Id
    juror_id: Id
    idea_id: Id


class JuryRoundClosed(_Event, frozen=True, kw_only=True):
    """Scores are final; the ranking is public to the jury."""

    round_id: Id


class IdeaAwarded(_Event, frozen=True, kw_only=True):
    """The jury recommends an idea for this amount."""

    conference_id: Id
    idea_id: Id
    round_id: Id
    amount_cents: int

# SPDX-License-Identifier: Apache-2.0
"""Own event to contract event: the only translator. Pure; dots and scores never leave the service."""

from services.chassis.contract import ContractEvent
from services.chassis.decider import Event
from services.chassis.store import Recorded
from services.contracts import ideas as contract
from services.ideas.domain.cards import CardAdded
from services.ideas.domain.challenge import ChallengePublished
from services.ideas.domain.idea import IdeaAuthorshipRemoved, IdeaSubmitted
from services.ideas.domain.jury_round import IdeaAwarded, JurorRecused, JuryRoundClosed, JuryRoundOpened
from services.ideas.domain.topics import PreferencesClosed, TopicsChosen


def publish(event: Event, recorded: Recorded) -> ContractEvent | None:
    """What the other services are told about a stored event; None for what stays inside."""
    at = recorded.recorded_at
    conference_id = recorded.conference_id.hex if recorded.conference_id else ""
    match event:
        case ChallengePublished():
            return contract.ChallengePublished(at=at, challenge_id=event.challenge_id, district_id=event.district_id)
        case CardAdded() if event.kind in {"NEED", "OFFER"} and event.share_tags and event.tags:
            return contract.CardTagged(
                at=at,
                conference_id=conference_id,
                participant_id=event.author_id,
                kind=event.kind,
                tags=event.tags,
            )
        case TopicsChosen():
            topics = tuple(
                contract.TopicChosen(topic_id=topic.topic_id, problem_id=topic.problem_id) for topic in event.topics
            )
            return contract.TopicsChosen(at=at, conference_id=conference_id, topics=topics)
        case PreferencesClosed():
            return contract.TopicPreferencesClosed(at=at, conference_id=conference_id, ranks=event.ranks)
        case IdeaSubmitted() if event.version == 1:
            return contract.IdeaSubmitted(
                at=at,
                conference_id=event.conference_id,
                idea_id=event.idea_id,
                sheet_id=event.sheet_id,
                topic_id=event.topic_id,
            )
        case IdeaSubmitted() | IdeaAuthorshipRemoved():
            return contract.IdeaRevised(at=at, conference_id=conference_id, idea_id=event.idea_id)
        case JuryRoundOpened():
            return contract.JuryRoundOpened(at=at, round_id=event.round_id)
        case JurorRecused():
            return contract.JurorRecused(at=at, round_id=event.round_id, juror_id=event.juror_id, idea_id=event.idea_id)
        case JuryRoundClosed():
            return contract.JuryRoundClosed(at=at, round_id=event.round_id)
        case IdeaAwarded():
            return contract.IdeaAwarded(
                at=at,
                conference_id=event.conference_id,
                idea_id=event.idea_id,
                round_id=event.round_id,
                amount_cents=event.amount_cents,
            )
        case _:
            return None

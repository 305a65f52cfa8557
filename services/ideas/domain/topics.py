# SPDX-License-Identifier: Apache-2.0
"""The topics of the solutions phase, and what each person would like to work on.

Everybody's wishes are a stream of their own, guarded by the stream of the choice.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from math import ceil
from typing import TypeAlias, assert_never

import msgspec

from services.chassis.decider import Command, Decider, Event, Refusal

FEWEST = 3
"""Topics that are chosen automatically, however few people are there."""


class Topic(msgspec.Struct, frozen=True):
    """A problem chosen for the solutions phase."""

    topic_id: str
    problem_id: str


class TopicsChosen(Event, frozen=True, kw_only=True):
    """These problems are the topics; an earlier choice is replaced."""

    TOPIC = "ideas.topics_chosen"
    topics: tuple[Topic, ...]


class PreferencesStopped(Event, frozen=True, kw_only=True):
    """Wishes are not taken any more; they are collected."""

    TOPIC = "ideas.preferences_stopped"


class PreferencesClosed(Event, frozen=True, kw_only=True):
    """Who wants to work on what: topic ids by participant, the dearest first."""

    TOPIC = "ideas.preferences_closed"
    ranks: dict[str, tuple[str, ...]]


class PreferencesReopened(Event, frozen=True, kw_only=True):
    """Wishes are taken again: in the break, or because the phase was entered again. What is closed next replaces
    what was closed before.

    `closes_at` is the instant at which they close by themselves, shortly before the groups are made.
    """

    TOPIC = "ideas.preferences_reopened"
    conference_id: str
    closes_at: datetime | None


TopicsEvent: TypeAlias = TopicsChosen | PreferencesStopped | PreferencesClosed | PreferencesReopened


class Unchosen(msgspec.Struct, frozen=True):
    """There are no topics yet."""


class Ranking(msgspec.Struct, frozen=True):
    """Everybody may rank the topics, until this instant if there is one."""

    topics: tuple[Topic, ...]
    closes_at: datetime | None = None


class Collecting(msgspec.Struct, frozen=True):
    """Wishes are being collected."""

    topics: tuple[Topic, ...]


class Settled(msgspec.Struct, frozen=True):
    """The wishes are known."""

    topics: tuple[Topic, ...]


Topics: TypeAlias = Unchosen | Ranking | Collecting | Settled


class ChooseTopics(Command, frozen=True, kw_only=True):
    """Chooses topics."""

    topics: tuple[Topic, ...]


class StopPreferences(Command, frozen=True, kw_only=True):
    """Takes no wishes any more."""


class ClosePreferences(Command, frozen=True, kw_only=True):
    """Stores the collected wishes."""

    ranks: dict[str, tuple[str, ...]]


class ReopenPreferences(Command, frozen=True, kw_only=True):
    """Takes wishes again, or until another instant."""

    conference_id: str
    closes_at: datetime | None = None


TopicsCommand: TypeAlias = ChooseTopics | StopPreferences | ClosePreferences | ReopenPreferences


class NoTopics(Refusal, frozen=True, kw_only=True):
    """There is no problem that could be a topic, or no topic was chosen yet."""


class TopicsAreSettled(Refusal, frozen=True, kw_only=True):
    """The wishes are already collected; topics and wishes stay as they are."""


class UnknownTopic(Refusal, frozen=True, kw_only=True):
    """There is no such topic."""

    topic_id: str


def decide(topics: Topics, command: TopicsCommand) -> Sequence[TopicsEvent] | Refusal:
    """Topics may be chosen anew until the wishes are collected."""
    match command:
        case ChooseTopics():
            if not command.topics:
                return NoTopics()
            match topics:
                case Unchosen():
                    return [TopicsChosen(topics=command.topics)]
                case Ranking(topics=before):
                    return [] if before == command.topics else [TopicsChosen(topics=command.topics)]
                case Collecting(before) | Settled(before):
                    return [] if before == command.topics else TopicsAreSettled()
                case _:
                    assert_never(topics)
        case StopPreferences():
            return [PreferencesStopped()] if isinstance(topics, Ranking) else []
        case ClosePreferences():
            return [PreferencesClosed(ranks=command.ranks)] if isinstance(topics, Collecting) else []
        case ReopenPreferences():
            same = isinstance(topics, Ranking) and topics.closes_at == command.closes_at
            if same or isinstance(topics, Unchosen | Collecting):
                return []
            return [PreferencesReopened(conference_id=command.conference_id, closes_at=command.closes_at)]
        case _:
            assert_never(command)


def evolve(topics: Topics, event: TopicsEvent) -> Topics:
    """What the choice is after an event."""
    match event:
        case TopicsChosen():
            return Ranking(event.topics, topics.closes_at if isinstance(topics, Ranking) else None)
        case PreferencesStopped():
            return Collecting(chosen(topics))
        case PreferencesClosed():
            return Settled(chosen(topics))
        case PreferencesReopened():
            return Ranking(chosen(topics), event.closes_at)
        case _:
            assert_never(event)


TOPICS: Decider[Topics, TopicsCommand, TopicsEvent] = Decider(
    name="ideas.topics",
    initial=Unchosen(),
    decide=decide,
    evolve=evolve,
    events=(TopicsChosen, PreferencesStopped, PreferencesClosed, PreferencesReopened),
)


def chosen(topics: Topics) -> tuple[Topic, ...]:
    """The topics, none before they were chosen."""
    return () if isinstance(topics, Unchosen) else topics.topics


def most_dotted(problem_ids: Sequence[str], dots: Mapping[str, int], present: int) -> tuple[str, ...]:
    """The problems that become topics when nobody chose: at most one per four people, but three if there are.

    Problems without a dot are taken only to make up those three.

    Args:
        problem_ids: all problems in the order in which they were proposed; it decides between equals.
        dots: dots by problem.
        present: people who are there.
    """
    limit = max(FEWEST, ceil(present / 4))
    ranked = sorted(problem_ids, key=lambda problem_id: -dots.get(problem_id, 0))
    return tuple(
        problem_id for nth, problem_id in enumerate(ranked[:limit]) if nth < FEWEST or dots.get(problem_id, 0) > 0
    )


# The wishes of one person


class TopicsRanked(Event, frozen=True, kw_only=True):
    """A person's wishes, the dearest first; they replace the earlier ones."""

    TOPIC = "ideas.topics_ranked"
    participant_id: str
    topic_ids: tuple[str, ...]


class Wishes(msgspec.Struct, frozen=True):
    """The present wishes of one person."""

    topic_ids: tuple[str, ...] = ()


class RankTopics(Command, frozen=True, kw_only=True):
    """Ranks topics; `topics` is what the guarded choice says."""

    participant_id: str
    topic_ids: tuple[str, ...]
    topics: Topics


def decide_wishes(wishes: Wishes, command: RankTopics) -> Sequence[TopicsRanked] | Refusal:
    """A person may change their mind until the wishes are collected."""
    match command.topics:
        case Unchosen():
            return NoTopics()
        case Collecting() | Settled():
            return TopicsAreSettled()
        case Ranking(topics=topics):
            known = {topic.topic_id for topic in topics}
            wanted = tuple(dict.fromkeys(command.topic_ids))
            for topic_id in wanted:
                if topic_id not in known:
                    return UnknownTopic(topic_id=topic_id)
            if wishes.topic_ids == wanted:
                return []
            return [TopicsRanked(participant_id=command.participant_id, topic_ids=wanted)]
        case _:
            assert_never(command.topics)


def evolve_wishes(_: Wishes, event: TopicsRanked) -> Wishes:
    """The wishes that count are the last ones."""
    return Wishes(event.topic_ids)


WISHES: Decider[Wishes, RankTopics, TopicsRanked] = Decider(
    name="ideas.wishes", initial=Wishes(), decide=decide_wishes, evolve=evolve_wishes, events=(TopicsRanked,)
)


def wishes_key(conference_id: str, participant_id: str) -> str:
    """The key of a person's stream of wishes."""
    return f"{conference_id}:{participant_id}"

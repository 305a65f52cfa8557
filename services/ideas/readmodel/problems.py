# SPDX-License-Identifier: Apache-2.0
"""Which problems were proposed, how were they dotted, which of them are topics?"""

from collections.abc import Sequence
from typing import assert_never

import msgspec

from services.chassis.database import Database, Tx
from services.chassis.decider import Event, Sealed
from services.chassis.keys import Keys
from services.chassis.projection import DocumentProjection, TableProjection
from services.chassis.store import Recorded
from services.chassis.timers import TimerPayload, cancel_timer, set_timer
from services.contracts import ideas as contract
from services.ideas.domain.problem import ProblemProposed
from services.ideas.domain.topics import PreferencesReopened, PreferencesStopped, Topic, TopicsChosen
from services.ideas.domain.voting import DotsCast, VotingClosed, VotingOpened, VotingStopped
from services.ideas.readmodel.opening import opened


class ProblemDoc(msgspec.Struct, frozen=True, kw_only=True):
    """One problem statement; the number of its event in the log keeps the order."""

    problem_id: str
    text: Sealed | None = None
    challenge_id: str | None = None
    nth: int = 0


class VotingDoc(msgspec.Struct, frozen=True, kw_only=True):
    """The newest voting of a conference. While it is open `streams` are the ballots, which nobody can lead back to
    people; afterwards only their number is kept.
    """

    voting_id: str = ""
    open: bool = False
    streams: frozenset[str] = frozenset()
    voters: int = 0
    dots: dict[str, int] | None = None
    topics: tuple[Topic, ...] = ()


class ClosePreferences(TimerPayload, frozen=True, kw_only=True):
    """The wishes of this conference are due."""

    KIND = "close_preferences"
    conference_id: str


VotingEvents = VotingOpened | VotingStopped | VotingClosed | DotsCast | TopicsChosen


def _problem_keys(event: Event, _: Recorded) -> Sequence[str]:
    return (event.problem_id,) if isinstance(event, ProblemProposed) else ()


def _problem(_: ProblemDoc, event: ProblemProposed, recorded: Recorded) -> ProblemDoc:
    return ProblemDoc(
        problem_id=event.problem_id, text=event.text, challenge_id=event.challenge_id, nth=recorded.notification_id
    )


def _voting_keys(event: Event, recorded: Recorded) -> Sequence[str]:
    if isinstance(event, VotingEvents) and recorded.conference_id is not None:
        return (recorded.conference_id.hex,)
    return ()


def _voting(doc: VotingDoc, event: VotingEvents, recorded: Recorded) -> VotingDoc:
    replace = msgspec.structs.replace
    match event:
        case VotingOpened():
            return VotingDoc(voting_id=event.voting_id, open=True, topics=doc.topics)
        case DotsCast():
            ballot = recorded.originator_id.hex
            if event.voting_id != doc.voting_id or not doc.open:
                return doc
            streams = doc.streams | {ballot} if event.dots else doc.streams - {ballot}
            return replace(doc, streams=streams, voters=len(streams))
        case VotingStopped():
            return replace(doc, open=False, streams=frozenset())
        case VotingClosed():
            return replace(doc, dots=event.dots, voters=event.voters)
        case TopicsChosen():
            return replace(doc, topics=event.topics)
        case _:
            assert_never(event)


async def _due(tx: Tx, event: PreferencesReopened, _: Recorded) -> None:
    if event.closes_at is None:
        await cancel_timer(tx, ClosePreferences, event.conference_id)
        return
    payload = ClosePreferences(conference_id=event.conference_id)
    await set_timer(
        tx, key=event.conference_id, due_at=event.closes_at, payload=payload, conference=event.conference_id
    )


async def _done(tx: Tx, _: PreferencesStopped, recorded: Recorded) -> None:
    if recorded.conference_id is not None:
        await cancel_timer(tx, ClosePreferences, recorded.conference_id.hex)


PROBLEMS = DocumentProjection(
    name="problems",
    version=1,
    keys=_problem_keys,
    initial=lambda key: ProblemDoc(problem_id=key),
    evolve=_problem,
    doc=ProblemDoc,
)
VOTINGS = DocumentProjection(
    name="votings", version=1, keys=_voting_keys, initial=lambda _: VotingDoc(), evolve=_voting, doc=VotingDoc
)
PREFERENCE_TIMERS = TableProjection(
    name="preference_timers",
    version=1,
    handlers={PreferencesReopened: _due, PreferencesStopped: _done},
    tables=(),
)


async def problems_view(db: Database, keys: Keys, conference_id: str) -> contract.ProblemsView:
    """The problems in the order in which they were proposed; dots only once they are counted."""
    voting = await VOTINGS.get(db, conference_id) or VotingDoc()
    docs = sorted((await PROBLEMS.of_conference(db, conference_id)).values(), key=lambda doc: doc.nth)
    texts = await opened(keys, [doc.text for doc in docs])
    topics = {topic.problem_id: topic.topic_id for topic in voting.topics}
    return contract.ProblemsView(
        conference_id=conference_id,
        open=voting.open,
        problems=tuple(
            contract.ProblemView(
                problem_id=doc.problem_id,
                text=texts.text(doc.text),
                challenge_id=doc.challenge_id,
                dots=None if voting.dots is None else voting.dots.get(doc.problem_id, 0),
                topic_id=topics.get(doc.problem_id),
            )
            for doc in docs
        ),
        topics=tuple(
            contract.TopicChosen(topic_id=topic.topic_id, problem_id=topic.problem_id) for topic in voting.topics
        ),
        voters=voting.voters,
    )


async def challenge_of_topics(db: Database, conference_id: str) -> dict[str, str]:
    """The challenge that each topic of a conference supplements, where it does."""
    voting = await VOTINGS.get(db, conference_id) or VotingDoc()
    docs = await PROBLEMS.of_conference(db, conference_id)
    found = {topic.topic_id: docs[topic.problem_id].challenge_id for topic in voting.topics if topic.problem_id in docs}
    return {topic_id: challenge_id for topic_id, challenge_id in found.items() if challenge_id}

# SPDX-License-Identifier: Apache-2.0
"""What the subscriptions beside a conference say: the city desk, a jury round, and a job."""

from typing import Annotated, Any

import msgspec
import strawberry

from gateway.live.changes import Change
from gateway.live.views import Key
from gateway.schema.conference import ConferenceDetails
from gateway.schema.desk import DeskRow
from gateway.schema.jobs import Job
from gateway.schema.jury import FOR_JURORS, JuryRound, RankedIdea, Review
from gateway.schema.news import Changed, News, Resumed, optional
from gateway.schema.relay import global_id
from gateway.schema.shape import Shown, computed, graphql_type, show, show_all
from gateway.schema.talk import ChatMessage
from services.contracts import ideas as contract_ideas
from services.contracts import registration as contract_registration
from services.contracts import session as contract_session

_EVENINGS, _REGISTRATIONS, _CHAT = Key("evenings"), Key("registrations"), Key("chat")
_ROUND, _QUEUE = Key("round"), Key("queue")
_JOB = Key("job")


@graphql_type()
class DeskConference(Shown):
    """A conference as the desk lists it, whether its evening is near or not."""

    view: strawberry.Private[contract_registration.Conference]

    @computed
    def conference_id(self) -> strawberry.ID:
        """Global id of the conference."""
        return global_id("Conference", self.view.conference_id)

    @computed
    def details(self) -> ConferenceDetails:
        """Title, status, seats and how many people wait."""
        return show(ConferenceDetails, self.view, self.view.conference_id)


@graphql_type()
class DeskSnapshot(Changed, News):
    """The whole desk. Parts whose service is away are null and follow when it is back."""

    view: strawberry.Private[dict[Key, Any]]

    @computed
    def rows(self) -> list[DeskRow] | None:
        """The evenings that are prepared or run."""
        desk: contract_session.DeskView | None = self.view.get(_EVENINGS)
        return None if desk is None else show_all(DeskRow, desk.rows)

    @computed
    def conferences(self) -> list[DeskConference] | None:
        """All conferences with their registration."""
        found: contract_registration.Conferences | None = self.view.get(_REGISTRATIONS)
        return None if found is None else show_all(DeskConference, found.items)

    @computed
    def chat(self) -> list[ChatMessage] | None:
        """What the staff of the city wrote to each other today and yesterday, oldest first."""
        found: contract_session.CityChatView | None = self.view.get(_CHAT)
        return None if found is None else show_all(ChatMessage, found.messages)


def _conference_ids(view: Change) -> list[strawberry.ID]:
    return [global_id("Conference", conference) for conference in view.removed]


@graphql_type()
class DeskRowsChanged(Changed, News):
    """Evenings changed: each replaces the row with its conference id, or is new."""

    view: strawberry.Private[Change]

    @computed
    def changed_rows(self) -> list[DeskRow]:
        """Rows that are new or changed."""
        return show_all(DeskRow, self.view.changed)

    @computed
    def removed_conference_ids(self) -> list[strawberry.ID]:
        """Global ids of conferences whose row is gone."""
        return _conference_ids(self.view)


@graphql_type()
class DeskConferencesChanged(Changed, News):
    """Registration went on: each conference replaces the one with its id, or is new."""

    view: strawberry.Private[Change]

    @computed
    def changed_conferences(self) -> list[DeskConference]:
        """Conferences that are new or changed."""
        return show_all(DeskConference, self.view.changed)

    @computed
    def removed_conference_ids(self) -> list[strawberry.ID]:
        """Global ids of conferences that are gone."""
        return _conference_ids(self.view)


@graphql_type()
class DeskChatChanged(Changed, News):
    """The staff of the city wrote to each other: each message replaces the one with its id, or is new."""

    view: strawberry.Private[Change]

    @computed
    def changed_messages(self) -> list[ChatMessage]:
        """Messages that are new or changed."""
        return show_all(ChatMessage, self.view.changed)

    @computed
    def removed_message_ids(self) -> list[strawberry.ID]:
        """Global ids of messages that are gone, because they were deleted or newer ones came."""
        return [global_id("ChatMessage", message) for message in self.view.removed]


@graphql_type()
class JuryRoundSnapshot(Changed, News):
    """The round as the subscriber may see it."""

    view: strawberry.Private[dict[Key, Any]]

    @computed
    def round(self) -> JuryRound | None:
        """The round with the subscriber's own queue; null while its service is away."""
        progress: contract_ideas.JuryRoundView | None = self.view.get(_ROUND)
        if progress is None:
            return None
        whole: contract_ideas.JuryRoundView = _with_queue(progress, self.view.get(_QUEUE, ()))
        return show(JuryRound, whole)


@graphql_type()
class JuryRoundChanged(Changed, News):
    """The round went on: replaces `open`, `submitted`, `expected` and `ranking`."""

    view: strawberry.Private[Change]

    @computed
    def open(self) -> bool:
        """Whether scores are taken."""
        return self.view.now is not None and self.view.now.open

    @computed
    def submitted(self) -> int:
        """How many reviews were given."""
        return self.view.now.submitted if self.view.now else 0

    @computed
    def expected(self) -> int:
        """How many reviews are asked for."""
        return self.view.now.expected if self.view.now else 0

    @computed
    def ranking(self) -> list[RankedIdea]:
        """The ranking; empty while the round is open."""
        return show_all(RankedIdea, self.view.now.ranking) if self.view.now else []


@graphql_type(needs=FOR_JURORS)
class ReviewsChanged(Changed, News):
    """The juror's own queue changed: each review replaces the one of its idea, or is new."""

    view: strawberry.Private[Change]

    @computed
    def changed_reviews(self) -> list[Review]:
        """Reviews that are new or changed."""
        return show_all(Review, self.view.changed)

    @computed
    def removed_idea_ids(self) -> list[strawberry.ID]:
        """Global ids of ideas that the juror does not review any more."""
        return [global_id("Idea", idea) for idea in self.view.removed]


@graphql_type()
class JobSnapshot(Changed, News):
    """The job as it is."""

    view: strawberry.Private[dict[Key, Any]]

    @computed
    def job(self) -> Job | None:
        """The job; null while its service is away."""
        return optional(Job, self.view.get(_JOB), "")


@graphql_type()
class JobChanged(Changed, News):
    """The job went on: replaces it."""

    view: strawberry.Private[Change]

    @computed
    def job(self) -> Job | None:
        """The job; null while its service is away."""
        return optional(Job, self.view.now, "")


def _with_queue(
    progress: contract_ideas.JuryRoundView, queue: tuple[contract_ideas.ReviewView, ...]
) -> contract_ideas.JuryRoundView:
    return msgspec.structs.replace(progress, queue=queue)


DESK_CHANGES: dict[str, type[Changed]] = {
    "evenings": DeskRowsChanged,
    "registrations": DeskConferencesChanged,
    "chat": DeskChatChanged,
}
JURY_CHANGES: dict[str, type[Changed]] = {"round": JuryRoundChanged, "queue": ReviewsChanged}
JOB_CHANGES: dict[str, type[Changed]] = {"job": JobChanged}
"""The types that tell of a change, by the kind of part."""

DeskChange = Annotated[
    DeskSnapshot | DeskRowsChanged | DeskConferencesChanged | DeskChatChanged | Resumed,
    strawberry.union("DeskChange", description="A snapshot, one part of it that changed, or that one may go on."),
]
JuryRoundChange = Annotated[
    JuryRoundSnapshot | JuryRoundChanged | ReviewsChanged | Resumed,
    strawberry.union("JuryRoundChange", description="A snapshot, one part of it that changed, or that one may go on."),
]
JobChange = Annotated[
    JobSnapshot | JobChanged | Resumed,
    strawberry.union("JobChange", description="A snapshot, that the job went on, or that one may go on."),
]

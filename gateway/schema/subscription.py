# SPDX-License-Identifier: Apache-2.0
"""Subscriptions: a snapshot first, then typed changes, for as long as the client listens."""

from collections.abc import AsyncIterator
from typing import Annotated

import strawberry

from gateway.context import context_of
from gateway.live.topics import CONFERENCE, DESK, JOB, JURY_ROUND
from gateway.live.visibility import Viewer
from gateway.schema.conference import FOR_WHO_COMES, viewer_of
from gateway.schema.jobs import FOR_JOBS, fetch_job
from gateway.schema.jury import FOR_THE_JURY
from gateway.schema.live import CHANGES, ConferenceChange, ConferenceSnapshot
from gateway.schema.live_city import (
    DESK_CHANGES,
    JOB_CHANGES,
    JURY_CHANGES,
    DeskChange,
    DeskSnapshot,
    JobChange,
    JobSnapshot,
    JuryRoundChange,
    JuryRoundSnapshot,
)
from gateway.schema.news import feed, watching
from gateway.schema.query import FOR_THE_DESK
from gateway.schema.relay import local_id
from gateway.schema.shape import graphql_type
from services.contracts import ideas

CONFERENCE_ID = Annotated[strawberry.ID, strawberry.argument(description="Global id of the conference.")]
ROUND_ID = Annotated[strawberry.ID, strawberry.argument(description="Global id of the jury round.")]
JOB_ID = Annotated[strawberry.ID, strawberry.argument(description="Global id of the job.")]
AFTER = Annotated[
    str | None,
    strawberry.argument(
        description="The last cursor of an earlier subscription to the same. Where what has changed since is known,"
        " `Resumed` and these changes come; otherwise a snapshot."
    ),
]


@graphql_type()
class Subscription:
    """What can be watched, over the WebSocket or as server-sent events."""

    @watching(CONFERENCE, FOR_WHO_COMES, "One conference: a snapshot, then every part that changes.")
    def conference_changes(
        self, info: strawberry.Info, conference_id: CONFERENCE_ID, after: AFTER = None
    ) -> AsyncIterator[ConferenceChange]:
        """What the subscriber may see of one conference, for ever."""
        context = context_of(info)
        conference = local_id(conference_id, "Conference")
        context.require(FOR_WHO_COMES, conference)
        viewer = viewer_of(context, conference)
        shows = (ConferenceSnapshot, CHANGES)
        return feed(info, CONFERENCE, viewer, shows, after=after, scope=conference, conferenceId=conference)

    @watching(DESK, FOR_THE_DESK, "The city desk: every evening and every registration, as they change.")
    def desk_changes(self, info: strawberry.Info, after: AFTER = None) -> AsyncIterator[DeskChange]:
        """The city at a glance, for ever."""
        context = context_of(info)
        context.require(FOR_THE_DESK)
        viewer = Viewer(context.actor.id, staff=True)
        return feed(info, DESK, viewer, (DeskSnapshot, DESK_CHANGES), after=after)

    @watching(
        JURY_ROUND, FOR_THE_JURY, "One jury round: how far it is, one's own queue, the ranking when it is closed."
    )
    async def jury_round_changes(
        self, info: strawberry.Info, round_id: ROUND_ID, after: AFTER = None
    ) -> AsyncIterator[JuryRoundChange]:
        """What the subscriber may see of one jury round, for ever."""
        context = context_of(info)
        context.require(FOR_THE_JURY)
        local = local_id(round_id, "JuryRound")
        await context.ask(ideas.GetJuryRound(round_id=local))  # refuses who is neither juror nor organiser
        viewer = Viewer(context.actor.id, staff=context.actor.holds("organiser"))
        shows = (JuryRoundSnapshot, JURY_CHANGES)
        return feed(info, JURY_ROUND, viewer, shows, after=after, scope=local, roundId=local)

    @watching(JOB, FOR_JOBS, "One job: how far it is.")
    async def job_changes(self, info: strawberry.Info, job_id: JOB_ID, after: AFTER = None) -> AsyncIterator[JobChange]:
        """A job until it has ended, and beyond."""
        context = context_of(info)
        context.require(FOR_JOBS)
        local = local_id(job_id, "Job")
        await fetch_job(context, local)  # refuses what is not there
        viewer = Viewer(context.actor.id, staff=True)
        return feed(info, JOB, viewer, (JobSnapshot, JOB_CHANGES), after=after, scope=local, jobId=local)

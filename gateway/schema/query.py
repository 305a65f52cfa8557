# SPDX-License-Identifier: Apache-2.0
"""The questions a client may begin with."""

import asyncio
from datetime import datetime
from typing import Annotated, cast

import strawberry

from gateway.context import context_of, offers
from gateway.schema.apps import FOR_WHO_APPROVES, App
from gateway.schema.changes import ChangesResult, list_changes
from gateway.schema.code import CodeOfConduct
from gateway.schema.conference import Conference, list_ideas
from gateway.schema.costs import MOST
from gateway.schema.desk import Desk
from gateway.schema.ideas import Challenge, Idea
from gateway.schema.jobs import FOR_JOBS, Job, fetch_job
from gateway.schema.jury import FOR_THE_JURY, JuryRound
from gateway.schema.lists import one_page, paged
from gateway.schema.nodes import fetch_node
from gateway.schema.people import Person, person
from gateway.schema.permissions import FOR_WEBHOOKS, PUBLIC, STAFF, Needs
from gateway.schema.rate_limit import RateLimit
from gateway.schema.registration import District
from gateway.schema.relay import BadPage, Connection, Node, Page, local_id, parse_id
from gateway.schema.scalars import AppStatus, JobStatus, ViewerKind
from gateway.schema.shape import Shown, computed, graphql_type, show, show_all, shown
from gateway.schema.stored import cached
from gateway.schema.survey import CitySurvey
from gateway.schema.talk import ChatMessage
from gateway.schema.timetable import Timetable
from gateway.schema.usage import FROM, TO, AppUsage, usage_of
from gateway.schema.webhooks import (
    Webhook,
    WebhookEventKind,
    event_kinds,
    list_webhooks,
)
from services.chassis.identity import Actor, Grant
from services.contracts import ideas as contract_ideas
from services.contracts import registration as contract_registration
from services.contracts import session as contract_session

ID = Annotated[strawberry.ID, strawberry.argument(description="Global id.")]
DISTRICT = Annotated[strawberry.ID | None, strawberry.argument(description="Only of this district.")]
CONFERENCE = Annotated[strawberry.ID | None, strawberry.argument(description="Only of this conference.")]

FOR_THE_CITY = Needs(("organiser",), ("admin:session",), "city")
FOR_THE_DESK = Needs(STAFF, ("admin:session",), "city")


@graphql_type()
class ViewerGrant(Shown):
    """A role and where it holds."""

    view: strawberry.Private[Grant]
    role: str = shown("For example `moderator`.")

    @computed
    def scope(self) -> str:
        """`city`, the id (32 hex digits) of a conference, or `series:<id>` or `district:<id>`."""
        return self.view.scope


@graphql_type()
class Viewer(Shown):
    """Who asks, as the access token says."""

    view: strawberry.Private[Actor]
    kind: ViewerKind = shown("What kind of client it is.")

    @computed
    def person(self) -> Person | None:
        """The person; null for apps and anonymous clients."""
        return person(self.conference, self.view.id) if self.view.kind in ("resident", "staff") else None

    @computed
    def grants(self) -> list[ViewerGrant]:
        """The roles they hold."""
        return [show(ViewerGrant, grant) for grant in self.view.grants]

    @computed
    async def usage(self, info: strawberry.Info, first: FROM = None, last: TO = None) -> AppUsage | None:
        """Of an app that acts for nobody: what it has used of the API, in the last 90 days or fewer of them."""
        context = context_of(info)
        return await usage_of(context, context.client, first, last) if self.view.kind == "app" else None

    @computed
    def my_conference(self) -> Conference | None:
        """Of a resident: the conference they registered for."""
        return show(Conference, None, self.conference) if self.view.kind == "resident" else None


def _offered(info: strawberry.Info, gid: str) -> bool:
    """Whether things of this kind are behind the door at which the client asks.

    Raises:
        BadId: it is not a global id.
    """
    return offers(info, parse_id(gid)[0])


@graphql_type()
class Query:
    """What can be asked."""

    @computed(needs=PUBLIC)
    def viewer(self, info: strawberry.Info) -> Viewer | None:
        """Who asks."""
        context = context_of(info)
        return show(Viewer, context.actor, context.conference or "")

    @computed(needs=PUBLIC)
    async def node(self, info: strawberry.Info, id: ID) -> Node | None:  # noqa: A002 -- named by Relay
        """The thing with this global id; null when there is none."""
        return await fetch_node(context_of(info), id) if _offered(info, id) else None

    @computed(needs=PUBLIC)
    async def nodes(
        self,
        info: strawberry.Info,
        ids: Annotated[list[strawberry.ID], strawberry.argument(description="At most 100 global ids.")],
    ) -> list[Node | None] | None:
        """The things with these global ids, in their order; null, with an error, for one that cannot be fetched now."""
        if len(ids) > MOST:
            raise BadPage(f"`ids` are at most {MOST}")
        context = context_of(info)

        async def offered(gid: str) -> Node | None:
            return await fetch_node(context, gid) if _offered(info, gid) else None

        # What one service has is asked for in one message. An exception in its place is an error of that item alone.
        return cast("list[Node | None]", await asyncio.gather(*map(offered, ids), return_exceptions=True))

    @cached(3600)
    @computed(needs=PUBLIC)
    def conference(self, id: ID) -> Conference | None:  # noqa: A002 -- named by Relay
        """One conference; whether it exists is said by its fields, each of which asks another service."""
        return show(Conference, None, local_id(id, "Conference"))

    @cached(2)
    @computed(needs=PUBLIC)
    @paged
    async def conferences(
        self,
        info: strawberry.Info,
        page: Page,
        district_id: DISTRICT = None,
    ) -> Connection[Conference] | None:
        """Conferences by start."""
        district = None if district_id is None else local_id(district_id, "District")
        return await one_page(
            context_of(info),
            f"conferences/{district or ''}",
            page,
            lambda cut: contract_registration.ListConferences(cut=cut, district_id=district),
            lambda item: show(Conference, item, item.conference_id),
        )

    @cached(60)
    @computed(needs=PUBLIC)
    @paged
    async def districts(
        self,
        info: strawberry.Info,
        page: Page,
        postal_code: Annotated[str | None, strawberry.argument(description="Postal code of an address.")] = None,
        street: Annotated[str | None, strawberry.argument(description="Street of an address.")] = None,
        house_number: Annotated[int | None, strawberry.argument(description="House number of an address.")] = None,
    ) -> Connection[District] | None:
        """Districts by name: all, or those an address belongs to."""
        return await one_page(
            context_of(info),
            f"districts/{postal_code}/{street}/{house_number}",
            page,
            lambda cut: contract_registration.ListDistricts(
                cut=cut, postal_code=postal_code, street=street, house_number=house_number
            ),
            lambda item: show(District, item),
        )

    @cached(10)
    @computed(needs=PUBLIC)
    @paged
    async def challenges(
        self,
        info: strawberry.Info,
        page: Page,
        district_id: DISTRICT = None,
    ) -> Connection[Challenge] | None:
        """Challenges that organisations posted."""
        district = None if district_id is None else local_id(district_id, "District")
        return await one_page(
            context_of(info),
            f"challenges/{district or ''}",
            page,
            lambda cut: contract_ideas.ListChallenges(district_id=district, cut=cut),
            lambda item: show(Challenge, item),
        )

    @computed(needs=PUBLIC)
    @paged
    async def ideas(
        self,
        info: strawberry.Info,
        page: Page,
        conference_id: CONFERENCE = None,
    ) -> Connection[Idea] | None:
        """Submitted ideas, all or of one conference."""
        conference = None if conference_id is None else local_id(conference_id, "Conference")
        return await list_ideas(context_of(info), conference, page)

    @computed(needs=PUBLIC)
    async def changes(
        self,
        info: strawberry.Info,
        since: Annotated[
            str | None,
            strawberry.argument(
                description="Only what changed behind this `cursor` of an earlier page; without it, all there is."
            ),
        ] = None,
        first: Annotated[
            int | None, strawberry.argument(description="How many changes at most: 1 to 100, usually 50.")
        ] = None,
    ) -> ChangesResult | None:
        """What everybody may read, in the order of its last change, and what is gone: for those who keep a copy."""
        return await list_changes(context_of(info), since, first)

    @computed(needs=FOR_THE_JURY)
    async def jury_round(self, info: strawberry.Info, id: ID) -> JuryRound | None:  # noqa: A002 -- named by Relay
        """One jury round, as far as the asking person may see it."""
        return show(
            JuryRound, await context_of(info).ask(contract_ideas.GetJuryRound(round_id=local_id(id, "JuryRound")))
        )

    @computed(needs=FOR_WHO_APPROVES)
    @paged
    async def apps(
        self,
        info: strawberry.Info,
        page: Page,
        status: Annotated[AppStatus | None, strawberry.argument(description="Only those with this status.")] = None,
    ) -> Connection[App] | None:
        """Apps that registered themselves, the newest first."""
        return await one_page(
            context_of(info),
            f"apps/{status.value if status else ''}",
            page,
            lambda cut: contract_registration.ListApps(cut=cut, status=status.value if status else None),
            lambda item: show(App, item),
        )

    @computed(needs=FOR_JOBS)
    async def job(self, info: strawberry.Info, id: ID) -> Job | None:  # noqa: A002 -- named by Relay
        """One job."""
        return await fetch_job(context_of(info), local_id(id, "Job"))

    @computed(needs=FOR_JOBS)
    @paged
    async def jobs(
        self,
        info: strawberry.Info,
        page: Page,
        status: Annotated[JobStatus | None, strawberry.argument(description="Only those with this status.")] = None,
    ) -> Connection[Job] | None:
        """Jobs, the newest first."""
        return await one_page(
            context_of(info),
            f"jobs/{status.value if status else ''}",
            page,
            lambda cut: contract_registration.ListJobs(cut=cut, status=status.value if status else None),
            lambda item: show(Job, item),
        )

    @computed(needs=PUBLIC)
    async def code_of_conduct(self, info: strawberry.Info) -> CodeOfConduct | None:
        """What residents agree to before they vote, write or sit in groups, in its present version."""
        return show(CodeOfConduct, await context_of(info).ask(contract_session.GetCodeOfConduct()))

    @computed(needs=FOR_THE_DESK)
    async def desk(self, info: strawberry.Info) -> Desk | None:
        """The city desk; for those who serve in the whole city."""
        return show(Desk, await context_of(info).ask(contract_session.GetDesk()))

    @computed(needs=FOR_THE_DESK)
    async def city_chat(self, info: strawberry.Info) -> list[ChatMessage] | None:
        """What those who serve in the whole city wrote to each other today and yesterday, oldest first; at most 200."""
        view = await context_of(info).ask(contract_session.GetCityChat())
        return show_all(ChatMessage, view.messages)

    @computed(needs=FOR_THE_DESK)
    async def timetable(self, info: strawberry.Info) -> Timetable | None:
        """What the city ordered for its evenings; for those who serve in the whole city."""
        return show(Timetable, await context_of(info).ask(contract_session.GetTimetable()))

    @computed(needs=FOR_THE_CITY)
    async def survey(self, info: strawberry.Info) -> CitySurvey | None:
        """The evaluation of all evenings; for organisers of the city."""
        return show(CitySurvey, await context_of(info).ask(contract_session.GetSurveyResults()))

    @computed(needs=FOR_WEBHOOKS)
    @paged
    async def webhooks(
        self,
        info: strawberry.Info,
        page: Page,
        owner: Annotated[str | None, strawberry.argument(description="Only those of this owner.")] = None,
    ) -> Connection[Webhook] | None:
        """Webhooks, the oldest first: all, for organisers; an app sees its own."""
        return await list_webhooks(context_of(info), owner, page)

    @computed(needs=PUBLIC)
    def webhook_event_kinds(self) -> list[WebhookEventKind]:
        """The types of events that webhooks are sent, with the form of each."""
        return event_kinds()

    @computed(needs=PUBLIC)
    def rate_limit(self, info: strawberry.Info) -> RateLimit | None:
        """What this operation was paid with, and what is left."""
        paid = context_of(info).paid
        return None if paid is None else show(RateLimit, paid)

    @computed(needs=PUBLIC)
    def server_time(self, info: strawberry.Info) -> datetime | None:
        """The present instant of conference time; clients count down from it."""
        return context_of(info).clock.now()


__all__ = ["Query", "Viewer"]

# SPDX-License-Identifier: Apache-2.0
"""One conference: the place where the areas meet. Every field asks the one service that knows it."""

import asyncio
from datetime import datetime
from functools import lru_cache
from typing import Annotated

import strawberry

from gateway.context import Context, context_of
from gateway.live import visibility
from gateway.live.visibility import Viewer
from gateway.schema import ideas as ideas_types
from gateway.schema import record as record_types
from gateway.schema import registration as registration_types
from gateway.schema import rooms as rooms_types
from gateway.schema.groups import Group, GroupPlan, Groups, SeatingRule
from gateway.schema.licensed import Licensed
from gateway.schema.lists import one_page, paged
from gateway.schema.people import Person, person
from gateway.schema.permissions import HOSTS, MEMBERS, PUBLIC, STAFF, Needs
from gateway.schema.polls import Poll, PollAnswer
from gateway.schema.presence import Conduct, Presence
from gateway.schema.relay import (
    Connection,
    Node,
    Page,
    global_id,
    local_id,
)
from gateway.schema.scalars import ConferenceStatus
from gateway.schema.session import Session
from gateway.schema.shape import Shown, computed, graphql_type, show, show_all, shown
from gateway.schema.stored import cached, stored
from gateway.schema.survey import Survey, SurveyRemark
from gateway.schema.talk import Chat, HelpCall, Report
from services.chassis.refusals import NotAllowed
from services.chassis.requests import Refused
from services.contracts import ideas as contract_ideas
from services.contracts import registration as contract_registration
from services.contracts import rooms as contract_rooms
from services.contracts import session as contract_session

READ = ("conference:read",)
LIVE = ("session:live",)

FOR_MEMBERS = Needs(MEMBERS, READ)
FOR_WRITERS = ideas_types.FOR_WRITERS
FOR_STAFF = Needs(STAFF, READ)
FOR_LEADERS = Needs(HOSTS, READ)
FOR_MODERATORS = Needs(("deputy", "moderator"), ("admin:session",))
FOR_EVALUATION = Needs(("organiser", "moderator"), ("admin:session",))
FOR_HOSTS = Needs(HOSTS, ("admin:registration",))
FOR_LEADERS = Needs(("organiser", "moderator", "deputy"), READ)
FOR_WHO_COMES = Needs(("resident", "invited", *STAFF), LIVE)
FOR_WHO_ENTERS = Needs(("seated", "guest", *STAFF), LIVE)
FOR_THE_RESIDENT = Needs(("resident",))

AT = Annotated[datetime | None, strawberry.argument(description="Up to when; null: up to now.")]
VERSION = Annotated[int | None, strawberry.argument(description="Which version; null: the newest.")]
POLL = Annotated[strawberry.ID, strawberry.argument(description="The poll.")]
CHANNEL = Annotated[
    str, strawberry.argument(description="`plenary`, `staff`, or the global id of a group one sits in.")
]


@graphql_type()
class ConferenceDetails(Shown):
    """What everybody may know about one evening of one district."""

    view: strawberry.Private[contract_registration.Conference]
    title: str = shown("Title.")
    district_name: str = shown("Name of the district.")
    status: ConferenceStatus = shown("Where it stands on its way to the evening and behind it.")
    starts_at: datetime = shown("When the evening begins.")
    zone: str = shown("IANA zone of its local time, for example `Europe/Berlin`.")
    language: str = shown("Its language: `de` or `en`.")
    capacity: int = shown("How many seats it has.")
    seats_taken: int = shown("How many of them are taken.")
    waiting: int = shown("How many people wait for a seat.")

    @computed
    def district_id(self) -> strawberry.ID:
        """Global id of the district."""
        return global_id("District", self.view.district_id)

    @computed
    def series_id(self) -> strawberry.ID:
        """Global id of the series."""
        return global_id("Series", self.view.series_id)


def viewer_of(context: Context, conference: str) -> Viewer:
    """How the client looks at a conference."""
    staff, invited = context.is_staff(conference), context.is_invited(conference)
    return Viewer(context.actor.id, staff, invited, context.visiting(conference))


async def groups_for(context: Context, conference: str) -> contract_session.GroupsView:
    """Who sits where, unfiltered: to find out what a viewer may see."""
    return await context.ask(contract_session.GetGroups(conference_id=conference))


def _asked(shown: Shown) -> contract_registration.GetConference:
    return contract_registration.GetConference(conference_id=shown.conference)


@lru_cache(maxsize=10_000)  # a list asks for the same ones again and again
def _evening(conference: str) -> contract_session.GetSession:
    return contract_session.GetSession(conference_id=conference)


@graphql_type()
class Conference(Shown, Node, Licensed):
    """One evening of one district. Each field is null, with an error, while its service is away."""

    view: strawberry.Private[contract_registration.Conference | None]

    @computed(needs=PUBLIC)
    def id(self) -> strawberry.ID:
        """Global id."""
        return global_id("Conference", self.conference)

    @cached(2)
    @stored(lambda self, reading: self.view or reading.answer(_asked(self)))
    @computed(needs=PUBLIC)
    async def details(self, info: strawberry.Info) -> ConferenceDetails | None:
        """What everybody may know."""
        view = self.view or await context_of(info).ask(_asked(self))
        return show(ConferenceDetails, view, self.conference)

    @cached(10)
    @stored(lambda self, reading: reading.answer(_evening(self.conference)))
    @computed(needs=PUBLIC)
    async def session(self, info: strawberry.Info) -> Session | None:
        """The evening: phase and clock."""
        view = await context_of(info).ask(_evening(self.conference))
        return show(Session, view, self.conference)

    @computed(needs=FOR_STAFF)
    async def groups(self, info: strawberry.Info) -> Groups | None:
        """Who sits where; for staff."""
        context = context_of(info)
        return show(Groups, await groups_for(context, self.conference), self.conference)

    @computed(needs=FOR_LEADERS)
    async def group_plan(self, info: strawberry.Info, version: VERSION = None) -> GroupPlan | None:
        """A plan of groups to be looked at before it goes live, null without one; for who leads or organises."""
        view = await context_of(info).ask(contract_session.GetGroupPlans(conference_id=self.conference))
        wanted = [plan for plan in view.plans if version in (None, plan.version)]
        return show(GroupPlan, wanted[-1], self.conference) if wanted else None

    @computed(needs=FOR_LEADERS)
    async def seating_rules(self, info: strawberry.Info) -> list[SeatingRule] | None:
        """Who is kept apart, or together; for who leads or organises."""
        view = await context_of(info).ask(contract_session.GetSeatingRules(conference_id=self.conference))
        return show_all(SeatingRule, view.rules, self.conference)

    @computed(needs=FOR_MEMBERS)
    async def my_group(self, info: strawberry.Info) -> Group | None:
        """The group one sits in, or accompanies as its mentor; null in the plenary."""
        context = context_of(info)
        viewer = viewer_of(context, self.conference)
        own = visibility.own_group(viewer, await groups_for(context, self.conference))
        return None if own is None else show(Group, own, self.conference)

    @computed(needs=FOR_MEMBERS)
    async def polls(self, info: strawberry.Info) -> list[Poll] | None:
        """All polls, the newest last."""
        context = context_of(info)
        view = await context.ask(contract_session.GetPolls(conference_id=self.conference))
        return show_all(Poll, view.polls, self.conference)

    @computed(needs=FOR_MODERATORS)
    async def poll_answers(self, info: strawberry.Info, poll_id: POLL) -> list[PollAnswer] | None:
        """Words or answers of an open poll, those that wait for a moderator first; ask again when `waiting` changed."""
        asked = contract_session.GetPollAnswers(conference_id=self.conference, poll_id=local_id(poll_id, "Poll"))
        view = await context_of(info).ask(asked)
        return show_all(PollAnswer, view.answers, self.conference)

    @computed(needs=FOR_MEMBERS)
    async def survey(self, info: strawberry.Info) -> Survey | None:
        """The anonymous evaluation: what is asked, and what people answered."""
        context = context_of(info)
        who = context.actor.id if context.actor.kind == "resident" else None
        view = await context.ask(contract_session.GetSurvey(conference_id=self.conference, participant_id=who))
        return show(Survey, view, self.conference)

    @computed(needs=FOR_EVALUATION)
    async def survey_remarks(self, info: strawberry.Info) -> list[SurveyRemark] | None:
        """What people wrote in the survey, where five or more did; what nobody has looked at first."""
        view = await context_of(info).ask(contract_session.GetRemarks(conference_id=self.conference))
        return show_all(SurveyRemark, view.remarks, self.conference)

    @computed(needs=FOR_MEMBERS)
    async def chat(self, info: strawberry.Info, channel: CHANNEL) -> Chat | None:
        """The newest messages of one channel."""
        context = context_of(info)
        viewer = viewer_of(context, self.conference)
        local = channel if channel in (visibility.PLENARY, visibility.STAFF) else local_id(channel, "Group")
        if local == visibility.STAFF:
            context.require(FOR_STAFF, self.conference)
        elif local != visibility.PLENARY and not viewer.staff:
            own = visibility.own_group(viewer, await groups_for(context, self.conference))
            if own is None or own.group_id != local:
                raise Refused(NotAllowed(needs="a seat in this group"))
        view = await context.ask(contract_session.GetChat(conference_id=self.conference, channel=local))
        messages = tuple(visibility.message(viewer, message) for message in view.messages)
        cut = contract_session.ChatView(conference_id=self.conference, channel=local, messages=messages)
        return show(Chat, cut, self.conference)

    @computed(needs=FOR_STAFF)
    async def help(self, info: strawberry.Info) -> list[HelpCall] | None:
        """All help calls; for staff."""
        context = context_of(info)
        view = await context.ask(contract_session.GetHelp(conference_id=self.conference))
        return show_all(HelpCall, view.calls, self.conference)

    @computed(needs=FOR_STAFF)
    async def reports(self, info: strawberry.Info) -> list[Report] | None:
        """All reports of people and texts; for staff."""
        context = context_of(info)
        view = await context.ask(contract_session.GetReports(conference_id=self.conference))
        return show_all(Report, view.reports, self.conference)

    @computed(needs=FOR_STAFF)
    async def presence(self, info: strawberry.Info) -> Presence | None:
        """Who has a seat and who is here; for staff."""
        context = context_of(info)
        view = await context.ask(contract_session.GetPresence(conference_id=self.conference))
        return show(Presence, view, self.conference)

    @computed(needs=FOR_STAFF)
    async def missing(self, info: strawberry.Info) -> list[Person] | None:
        """Who is here and has not arrived in their room 20 seconds after they were placed there; for staff."""
        context = context_of(info)
        venue, presence = await asyncio.gather(
            context.ask(contract_rooms.GetVenue(conference_id=self.conference)),
            context.ask(contract_session.GetPresence(conference_id=self.conference)),
        )
        return [person(self.conference, one) for one in visibility.missing(venue, presence, context.clock.now())]

    @computed(needs=FOR_LEADERS)
    async def record(self, info: strawberry.Info, at: AT = None) -> record_types.EveningRecord | None:
        """The minutes of the evening, or how it stood at any instant; for those who lead or organise it."""
        context = context_of(info)
        view = await context.ask(contract_session.GetRecord(conference_id=self.conference, until=at))
        return show(record_types.EveningRecord, view, self.conference)

    @computed(needs=FOR_WRITERS)
    async def board(self, info: strawberry.Info) -> ideas_types.Board | None:
        """The cards and which kinds may be pinned."""
        context = context_of(info)
        viewer = viewer_of(context, self.conference)
        view = await context.ask(contract_ideas.GetBoard(conference_id=self.conference))
        cards = tuple(visibility.card(viewer, card) for card in view.cards)
        cut = contract_ideas.BoardView(conference_id=self.conference, open_kinds=view.open_kinds, cards=cards)
        return show(ideas_types.Board, cut, self.conference)

    @computed(needs=FOR_WRITERS)
    async def problems(self, info: strawberry.Info) -> ideas_types.Problems | None:
        """Problem statements and topics."""
        context = context_of(info)
        view = await context.ask(contract_ideas.GetProblems(conference_id=self.conference))
        return show(ideas_types.Problems, view, self.conference)

    @computed(needs=FOR_WRITERS)
    async def sheets(self, info: strawberry.Info) -> list[ideas_types.IdeaSheet] | None:
        """The idea sheets one may read: of the own group, and those one wrote in; staff all."""
        found = await self._sheets(context_of(info))
        return show_all(ideas_types.IdeaSheet, found, self.conference)

    @computed(needs=FOR_WRITERS)
    async def my_sheet(self, info: strawberry.Info) -> ideas_types.IdeaSheet | None:
        """The sheet of the own group; after the groups have ended, the last one the person wrote in."""
        context = context_of(info)
        groups, found = await asyncio.gather(groups_for(context, self.conference), self._sheets(context))
        own = visibility.own_group(viewer_of(context, self.conference), groups)
        mine = [sheet for sheet in found if own is None or sheet.group_id == own.group_id]
        if context.is_staff(self.conference) and own is None:
            return None
        return show(ideas_types.IdeaSheet, mine[-1], self.conference) if mine else None

    @computed(needs=PUBLIC)
    @paged
    async def ideas(
        self,
        info: strawberry.Info,
        page: Page,
    ) -> Connection[ideas_types.Idea] | None:
        """The ideas that were submitted."""
        return await list_ideas(context_of(info), self.conference, page)

    @computed(needs=FOR_STAFF)
    async def venue(self, info: strawberry.Info) -> rooms_types.Venue | None:
        """All rooms and placements; for staff."""
        context = context_of(info)
        view = await context.ask(contract_rooms.GetVenue(conference_id=self.conference))
        return show(rooms_types.Venue, view, self.conference)

    @computed(needs=FOR_MEMBERS)
    async def my_conduct(self, info: strawberry.Info) -> Conduct | None:
        """Whether one must accept the code of conduct first, and what staff did about one's conduct; null: nothing."""
        context = context_of(info)
        view = await context.ask(contract_session.GetPresence(conference_id=self.conference))
        own = next((one for one in view.conduct if one.participant_id == context.actor.id), None)
        return None if own is None else show(Conduct, own, self.conference)

    @computed(needs=FOR_WHO_COMES)
    async def my_placement(self, info: strawberry.Info) -> rooms_types.Placement | None:
        """Where one belongs now."""
        context = context_of(info)
        query = contract_rooms.GetPlacement(conference_id=self.conference, participant_id=context.actor.id)
        return show(rooms_types.Placement, await context.ask(query), self.conference)

    @computed(needs=FOR_WHO_ENTERS)
    async def join_credentials(self, info: strawberry.Info) -> rooms_types.JoinCredentials | None:
        """The way into the room where one belongs now."""
        context = context_of(info)
        query = contract_rooms.GetJoinCredentials(conference_id=self.conference, participant_id=context.actor.id)
        return show(rooms_types.JoinCredentials, await context.ask(query), self.conference)

    @computed(needs=FOR_HOSTS)
    async def roster(self, info: strawberry.Info) -> registration_types.Roster | None:
        """Registrations and staff; for those who host the conference."""
        context = context_of(info)
        view = await context.ask(contract_registration.GetRoster(conference_id=self.conference))
        return show(registration_types.Roster, view, self.conference)

    @computed(needs=FOR_THE_RESIDENT)
    async def registration(self, info: strawberry.Info) -> registration_types.Registration | None:
        """One's own registration."""
        context = context_of(info)
        query = contract_registration.GetRegistration(conference_id=self.conference, participant_id=context.actor.id)
        return show(registration_types.Registration, await context.ask(query), self.conference)

    @computed(needs=FOR_THE_RESIDENT)
    async def my_data(self, info: strawberry.Info) -> registration_types.PersonalData | None:
        """Everything registration holds about oneself."""
        context = context_of(info)
        query = contract_registration.ExportMe(conference_id=self.conference, participant_id=context.actor.id)
        return show(registration_types.PersonalData, await context.ask(query), self.conference)

    async def _sheets(self, context: Context) -> tuple[contract_ideas.SheetView, ...]:
        viewer = viewer_of(context, self.conference)
        view = await context.ask(contract_ideas.GetSheets(conference_id=self.conference))
        groups = None if viewer.staff else await groups_for(context, self.conference)
        return visibility.sheets(viewer, view.sheets, groups)


async def list_ideas(context: Context, conference: str | None, page: Page) -> Connection[ideas_types.Idea]:
    """A page of submitted ideas, all or of one conference."""
    return await one_page(
        context,
        f"ideas/{conference or ''}",
        page,
        lambda cut: contract_ideas.ListIdeas(conference_id=conference, cut=cut),
        lambda item: ideas_types.shown_idea(context, item),
    )

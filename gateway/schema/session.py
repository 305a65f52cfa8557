# SPDX-License-Identifier: Apache-2.0
"""The evening: phases and clock, groups, polls, chat, help calls, presence, the city desk."""

from datetime import datetime

import strawberry

from gateway.schema.licensed import Licensed
from gateway.schema.people import Person, optional_person, person
from gateway.schema.relay import Node, global_id, optional_id
from gateway.schema.scalars import (
    AnswerStatus,
    DeskAlert,
    GroupMode,
    LocalText,
    PhaseKind,
    PollKind,
    PollResults,
    Role,
    SeatingRuleKind,
    SessionStatus,
    Tool,
)
from gateway.schema.shape import Shown, computed, graphql_type, show, show_all, shown
from gateway.schema.stored import part, parts
from services.contracts import session as contract


def channel_id(channel: str) -> str:
    """A chat channel as clients name it: `plenary`, `staff`, or the global id of a group."""
    return channel if channel in ("plenary", "staff") else global_id("Group", channel)


@graphql_type()
class Phase(Shown):
    """One phase of the evening's script."""

    view: strawberry.Private[contract.PhaseView]
    key: str = shown("Name of the phase within its script; it does not change.")
    kind: PhaseKind = shown("How people sit together.")
    minutes: int = shown("Planned length in minutes.")
    tools: list[Tool] = shown("What people can use while the phase runs.")
    group_mode: GroupMode | None = shown("How its groups are formed; null in a phase without groups.")
    skipped: bool = shown("Whether it is left out tonight.")
    soft_close_seconds: int = shown("So long people may finish when its time is up; 0: it ends at once.")

    title = part(LocalText, "title", "Title on the screen.")
    prompt = part(LocalText, "prompt", "What people are asked to do.")


@graphql_type()
class GroupDeadline(Shown):
    """A group with a deadline of its own. The phase lasts until the last group's."""

    view: strawberry.Private[contract.GroupDeadline]
    deadline: datetime | None = shown("When the time of the group is up; null while the clock is paused.")
    left_seconds: float | None = shown("Conference seconds that the group has left while the clock is paused.")

    @computed
    def group_id(self) -> strawberry.ID:
        """Global id of the group."""
        return global_id("Group", self.view.group_id)


@graphql_type()
class Session(Shown, Node, Licensed):
    """The evening of one conference: where it stands, and until when."""

    view: strawberry.Private[contract.SessionView]
    status: SessionStatus = shown("Where the evening stands as a whole.")
    script: str = shown("Name of the script.")
    script_version: int = shown("Version of the script that the evening keeps, whatever becomes of the script later.")
    phase: int | None = shown("Index of the running phase in `phases`; null before the start and after the end.")
    run: int = shown("Counts the entries into phases; commands about a phase name it, so two clicks move one step.")
    started_at: datetime | None = shown("When the first phase began.")
    deadline: datetime | None = shown("When the running phase ends; null before the start, while paused, at the end.")
    left_seconds: float | None = shown("Conference seconds left in the phase while the clock is paused.")
    mark: int | None = shown("The smallest of the marks 5, 2 and 1 minutes before the deadline that was reached.")
    closes_at: datetime | None = shown("While people finish their sentence: when the phase is left; else null.")
    undo_until: datetime | None = shown("Until when `undoPhaseChange` takes back the click that led into this phase.")
    announcement: str | None = shown("The newest text that staff sent to everybody.")

    @computed
    def id(self) -> strawberry.ID:
        """Global id."""
        return global_id("Session", self.conference)

    @computed
    def led_by(self) -> Person | None:
        """The deputy who leads the evening, alone; null: the moderators. Shown to those who take part."""
        return optional_person(self.conference, self.view.led_by)

    phases = parts(Phase, "phases", "All phases in their order.")
    group_deadlines = parts(
        GroupDeadline, "group_deadlines", "The groups of the phase that have deadlines of their own."
    )


@graphql_type()
class Group(Shown):
    """One small group."""

    view: strawberry.Private[contract.GroupView]
    number: int = shown("Its number on the screen.")
    locked: bool = shown("Whether it keeps its people: nobody joins it, and nobody is taken from it.")

    @computed
    def id(self) -> strawberry.ID:
        """Global id."""
        return global_id("Group", self.view.group_id)

    @computed
    def members(self) -> list[Person]:
        """Who sits there."""
        return [person(self.conference, member) for member in self.view.members]

    @computed
    def mentor(self) -> Person | None:
        """The mentor who accompanies the group; null when it guides itself."""
        return optional_person(self.conference, self.view.mentor_id)

    @computed
    def topic_id(self) -> strawberry.ID | None:
        """Global id of its topic; null without one."""
        return optional_id("Topic", self.view.topic_id)


@graphql_type()
class Groups(Shown):
    """Who sits where now. Without running groups everybody is in the plenary."""

    view: strawberry.Private[contract.GroupsView]
    generation: int = shown("Rises with every change of who sits where.")
    run: int = shown("The entry into a phase that these groups belong to.")
    mode: GroupMode | None = shown("How they were formed; null without groups.")
    plans: int = shown("How many group plans the evening has had.")

    groups = parts(Group, "groups", "The groups by number; empty while everybody is in the plenary.")

    @computed
    def with_moderator(self) -> list[Person]:
        """The few who stay with the moderator because there are too few people for a group."""
        return [person(self.conference, one) for one in self.view.with_moderator]


@graphql_type()
class SeatingRule(Shown):
    """People who are kept apart, or together, in every group."""

    view: strawberry.Private[contract.SeatingRuleView]
    kind: SeatingRuleKind = shown("Which of it.")

    @computed
    def participants(self) -> list[Person]:
        """Whom it is about."""
        return [person(self.conference, one) for one in self.view.participant_ids]


@graphql_type()
class PollCount(Shown):
    """How many ballots named an option, a value or a word."""

    view: strawberry.Private[contract.WordCount]
    label: str = shown("The option, the value or range of values, or the word.")
    count: int = shown("How many ballots named it; in a ranking its points: one for each option below it on a ballot.")
    place: int | None = shown(
        "In a ranking the place by which to decide, from 1, by Schulze's method; equals share it."
    )

    @computed
    def answer_id(self) -> strawberry.ID | None:
        """Global id of a word or an answer, by which it is supported or hidden; null for options and values."""
        return optional_id("PollAnswer", self.view.answer_id)


@graphql_type()
class PollSpread(Shown):
    """The middle of what people answered to a scale or with a number."""

    view: strawberry.Private[contract.Spread]
    lower: float = shown("A quarter of the answers is not above it.")
    median: float = shown("Half of the answers are not above it.")
    upper: float = shown("A quarter of the answers is not below it.")


@graphql_type()
class Poll(Shown):
    """One live question. Who voted what is known to nobody."""

    view: strawberry.Private[contract.PollView]
    kind: PollKind = shown("What a ballot holds.")
    open: bool = shown("Whether ballots are welcome.")
    ballots: int = shown("How many people have voted.")
    results: PollResults = shown("Who sees the results.")
    at_least: int | None = shown("The fewest options of a ballot, or its lowest value; null for kinds without bounds.")
    at_most: int | None = shown("The most options of a ballot, or its highest value; null for kinds without bounds.")

    @computed
    def id(self) -> strawberry.ID:
        """Global id."""
        return global_id("Poll", self.view.poll_id)

    waiting: int = shown("How many words or answers wait for a moderator.")

    question = part(LocalText, "question", "What is asked.")
    options = parts(
        LocalText, "options", "The options; a ballot names them by index. Of a scale, if any: what its ends mean."
    )

    @computed
    def tally(self) -> list[PollCount] | None:
        """The results; null while they are hidden, and when fewer than three people voted.

        Options stand in their order, words in that of their number; a word that only one person named is left out.
        """
        return None if self.view.tally is None else show_all(PollCount, self.view.tally)

    @computed
    def spread(self) -> PollSpread | None:
        """The middle of a scale or of numbers; null for other kinds, and without results."""
        return None if self.view.spread is None else show(PollSpread, self.view.spread, self.conference)


@graphql_type()
class PollAnswer(Shown):
    """A word or an answer as moderators see it. Who wrote it is known to nobody."""

    view: strawberry.Private[contract.PollAnswerView]
    text: str = shown("What was written; of a word its most frequent form.")
    count: int = shown("How many people named the word or support the answer.")
    status: AnswerStatus = shown("Who sees it.")
    held: bool = shown("Whether the word filter found something that a person should look at.")

    @computed
    def id(self) -> strawberry.ID:
        """Global id."""
        return global_id("PollAnswer", self.view.answer_id)


@graphql_type()
class ChatMessage(Shown):
    """One chat message."""

    view: strawberry.Private[contract.MessageView]
    text: str | None = shown("What was written; null when it was hidden or its author erased.")
    hidden: bool = shown("Whether staff hid it.")
    at: datetime = shown("When it was written.")

    @computed
    def id(self) -> strawberry.ID:
        """Global id."""
        return global_id("ChatMessage", self.view.message_id)

    @computed
    def channel(self) -> str:
        """`plenary`, `staff`, or the global id of a group."""
        return channel_id(self.view.channel)

    @computed
    def author(self) -> Person:
        """Who wrote it."""
        return person(self.conference, self.view.author_id)


@graphql_type()
class Chat(Shown):
    """The newest messages of one channel."""

    view: strawberry.Private[contract.ChatView]

    @computed
    def channel(self) -> str:
        """`plenary`, `staff`, or the global id of a group."""
        return channel_id(self.view.channel)

    messages = parts(ChatMessage, "messages", "At most 200 messages, oldest first.")


@graphql_type()
class HelpCall(Shown):
    """A group or a person asks for staff."""

    view: strawberry.Private[contract.HelpCallView]
    reason: str | None = shown("What it is about, if they said so.")
    asked_at: datetime = shown("When they asked.")
    resolved: bool = shown("Whether the matter is done.")
    pooled_at: datetime | None = shown("Since when the city's pool may come too, for nobody had taken it; null: not.")
    claimed_at: datetime | None = shown("When somebody of the staff first took it.")
    resolved_at: datetime | None = shown("When the matter was done.")

    @computed
    def id(self) -> strawberry.ID:
        """Global id."""
        return global_id("HelpCall", self.view.call_id)

    @computed
    def group_id(self) -> strawberry.ID | None:
        """Global id of the group that asks; null when a person in the plenary asks."""
        return optional_id("Group", self.view.group_id)

    @computed
    def asked_by(self) -> Person:
        """Who asked."""
        return person(self.conference, self.view.asked_by)

    @computed
    def claimed_by(self) -> Person | None:
        """Who of the staff takes care of it."""
        return optional_person(self.conference, self.view.claimed_by)


@graphql_type()
class Report(Shown):
    """Somebody reported a person, or what a person wrote, to staff."""

    view: strawberry.Private[contract.ReportView]
    reason: str | None = shown("What it is about, if they said so.")
    made_at: datetime = shown("When they reported it.")
    closed: bool = shown("Whether staff are done with it.")

    @computed
    def id(self) -> strawberry.ID:
        """Global id."""
        return global_id("Report", self.view.report_id)

    @computed
    def made_by(self) -> Person:
        """Who reported it."""
        return person(self.conference, self.view.made_by)

    @computed
    def about(self) -> Person:
        """Whom it is about; of a message, who wrote it."""
        return person(self.conference, self.view.participant_id)

    @computed
    def message_id(self) -> strawberry.ID | None:
        """Global id of the chat message; null when it is about the person."""
        return optional_id("ChatMessage", self.view.message_id)

    @computed
    def claimed_by(self) -> Person | None:
        """Who of the staff looks into it."""
        return optional_person(self.conference, self.view.claimed_by)


@graphql_type()
class StaffPresence(Shown):
    """One person of the staff and what they do at the conference."""

    view: strawberry.Private[tuple[str, tuple[str, ...]]]

    @computed
    def person(self) -> Person:
        """The person."""
        return person(self.conference, self.view[0])

    @computed
    def roles(self) -> list[Role]:
        """What they do."""
        return [Role(role) for role in self.view[1]]


@graphql_type()
class Conduct(Shown):
    """What staff did about the conduct of one person."""

    view: strawberry.Private[contract.ConductView]
    warnings: list[str] = shown("The rules of the code of conduct they were warned of, in order.")
    muted: bool = shown("Whether they are neither heard, seen nor read.")
    apart: bool = shown("Whether they stay in the plenary while others sit in groups.")

    @computed
    def person(self) -> Person:
        """Whom it is about."""
        return person(self.conference, self.view.participant_id)


@graphql_type()
class ReadinessCounts(Shown):
    """How the groups stand to the end of the phase; outside of groups, the people who are here."""

    view: strawberry.Private[contract.ReadinessView]
    ready: int = shown("How many are ready.")
    more_time: int = shown("How many want more time.")
    of: int = shown("How many there are.")

    @computed
    def groups_wanting_time(self) -> list[strawberry.ID]:
        """Global ids of the groups that want more time."""
        return [global_id("Group", group) for group in self.view.groups_wanting_time]


@graphql_type()
class Presence(Shown):
    """Who has a seat and who is here."""

    view: strawberry.Private[contract.PresenceView]

    readiness = part(ReadinessCounts, "readiness", "Who is ready to go on, and who wants more time.")

    @computed
    def seated(self) -> list[Person]:
        """Residents with a seat."""
        return [person(self.conference, one) for one in self.view.seated]

    @computed
    def present(self) -> list[Person]:
        """Who is here now, residents and staff."""
        return [person(self.conference, one) for one in self.view.present]

    @computed
    def staff(self) -> list[StaffPresence]:
        """The staff of the conference."""
        return show_all(StaffPresence, self.view.staff.items(), self.conference)

    conduct = parts(Conduct, "conduct", "Whom staff warned, muted or took out of the groups.")


@graphql_type()
class PoolCall(Shown):
    """A call for help that nobody of the conference took in time, so that anybody of the city's pool may."""

    view: strawberry.Private[contract.PoolCall]
    asked_at: datetime = shown("When they asked.")

    @computed
    def call_id(self) -> strawberry.ID:
        """Global id of the help call."""
        return global_id("HelpCall", self.view.call_id)


@graphql_type()
class DeskRow(Shown):
    """One conference on the city desk."""

    view: strawberry.Private[contract.DeskRow]
    status: SessionStatus = shown("Where its evening stands.")
    phase: str | None = shown("Key of the running phase.")
    deadline: datetime | None = shown("When the running phase ends.")
    seated: int = shown("How many residents have a seat.")
    present: int = shown("How many people are here.")
    groups: int = shown("How many groups run.")
    without_mentor: int = shown("How many of them guide themselves.")
    open_calls: int = shown("How many help calls are open.")
    oldest_call_at: datetime | None = shown("When the oldest of the open help calls was made.")
    answer_seconds: float | None = shown("Conference seconds until somebody took a help call, the mean of the evening.")
    resolution_seconds: float | None = shown("Conference seconds until a help call was done, the mean of the evening.")
    planned_until: datetime | None = shown("When the running phase would end by the script's timetable.")
    delay_seconds: float | None = shown(
        "By how many conference seconds it ends later than that; negative: earlier. While paused it grows."
    )
    missing_staff: int = shown("How many people serve there and are not here.")
    lonely_groups: int = shown("How many groups have fewer than three people.")
    alerts: list[DeskAlert] = shown("What to look after, the most urgent first; the city sets the thresholds.")

    @computed
    def conference_id(self) -> strawberry.ID:
        """Global id of the conference."""
        return global_id("Conference", self.view.conference_id)

    pool_calls = parts(PoolCall, "pool_calls", "The help calls that anybody of the city's pool may take, oldest first.")


@graphql_type()
class Desk(Shown):
    """The city desk: every conference that is prepared or running."""

    view: strawberry.Private[contract.DeskView]

    @computed
    def rows(self) -> list[DeskRow]:
        """One row for each conference."""
        return show_all(DeskRow, self.view.rows)

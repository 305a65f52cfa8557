# SPDX-License-Identifier: Apache-2.0
"""What the subscription to a conference says: a snapshot first, then typed changes.

A client keeps what the snapshot said and replaces or upserts by id what each change says; the result is what a
fresh snapshot would be. After a break the client subscribes again with its last cursor.
"""

from typing import Annotated, Any

import strawberry

from gateway.live import parts as live
from gateway.live.changes import Change
from gateway.live.views import Key
from gateway.schema.conference import FOR_STAFF
from gateway.schema.groups import Group, Groups
from gateway.schema.ideas import Board, Card, IdeaSheet, Problems
from gateway.schema.news import Changed, News, Resumed, optional, optional_list
from gateway.schema.polls import Poll
from gateway.schema.presence import Conduct, Presence
from gateway.schema.relay import global_id
from gateway.schema.rooms import Placement, Venue
from gateway.schema.scalars import CardKind
from gateway.schema.session import Session
from gateway.schema.shape import computed, graphql_type, show_all
from gateway.schema.talk import Chat, ChatMessage, HelpCall, Report, channel_id
from services.contracts import ideas as contract_ideas


@graphql_type()
class ConferenceSnapshot(Changed, News):
    """All that the subscriber may see now. Parts whose service is away are null and follow when it is back."""

    view: strawberry.Private[dict[Key, Any]]

    @computed
    def session(self) -> Session | None:
        """The evening: phase and clock."""
        return optional(Session, self.view.get(Key("session")), self.conference)

    @computed(told=FOR_STAFF)
    def groups(self) -> Groups | None:
        """Who sits where; for staff."""
        seats: live.Seats | None = self.view.get(Key("groups"))
        return optional(Groups, seats and seats.groups, self.conference)

    @computed
    def my_group(self) -> Group | None:
        """The group one sits in or accompanies; null in the plenary."""
        seats: live.Seats | None = self.view.get(Key("groups"))
        return optional(Group, seats and seats.own, self.conference)

    @computed
    def placement(self) -> Placement | None:
        """Where one belongs."""
        return optional(Placement, self.view.get(Key("placement")), self.conference)

    @computed(told=FOR_STAFF)
    def venue(self) -> Venue | None:
        """All rooms and placements; for staff."""
        return optional(Venue, self.view.get(Key("venue")), self.conference)

    @computed
    def polls(self) -> list[Poll] | None:
        """All polls."""
        return optional_list(Poll, self.view.get(Key("polls")), self.conference)

    @computed
    def board(self) -> Board | None:
        """The cards."""
        return optional(Board, self.view.get(Key("board")), self.conference)

    @computed
    def problems(self) -> Problems | None:
        """Problem statements and topics."""
        return optional(Problems, self.view.get(Key("problems")), self.conference)

    @computed
    def sheets(self) -> list[IdeaSheet] | None:
        """The idea sheets one may read."""
        return optional_list(IdeaSheet, self.view.get(Key("sheets")), self.conference)

    @computed
    def chats(self) -> list[Chat]:
        """The chat channels one may read."""
        return show_all(Chat, [part for key, part in self.view.items() if key.kind == "chat"], self.conference)

    @computed(told=FOR_STAFF)
    def help(self) -> list[HelpCall] | None:
        """All help calls; for staff."""
        return optional_list(HelpCall, self.view.get(Key("help")), self.conference)

    @computed(told=FOR_STAFF)
    def reports(self) -> list[Report] | None:
        """All reports of people and texts; for staff."""
        return optional_list(Report, self.view.get(Key("reports")), self.conference)

    @computed(told=FOR_STAFF)
    def presence(self) -> Presence | None:
        """Who is here; for staff."""
        return optional(Presence, self.view.get(Key("presence")), self.conference)

    @computed
    def my_conduct(self) -> Conduct | None:
        """Whether one must accept the code of conduct first, and what staff did about one's conduct; null: nothing."""
        return optional(Conduct, self.view.get(Key("conduct")), self.conference)


@graphql_type()
class MyConductChanged(Changed, News):
    """One accepted the code of conduct, or staff did something about one's conduct: replaces `myConduct`."""

    view: strawberry.Private[Change]

    @computed
    def my_conduct(self) -> Conduct | None:
        """What holds now."""
        return optional(Conduct, self.view.now, self.conference)


@graphql_type()
class SessionChanged(Changed, News):
    """The evening moved on: replaces `session`."""

    view: strawberry.Private[Change]

    @computed
    def session(self) -> Session | None:
        """The evening as it is now."""
        return optional(Session, self.view.now, self.conference)


@graphql_type()
class GroupsChanged(Changed, News):
    """Who sits where changed: replaces `groups` and `myGroup`."""

    view: strawberry.Private[Change]

    @computed(told=FOR_STAFF)
    def groups(self) -> Groups | None:
        """Who sits where; for staff."""
        return optional(Groups, self.view.now and self.view.now.groups, self.conference)

    @computed
    def my_group(self) -> Group | None:
        """The group one sits in or accompanies; null in the plenary."""
        return optional(Group, self.view.now and self.view.now.own, self.conference)


@graphql_type()
class MyPlacementChanged(Changed, News):
    """Where one belongs changed: replaces `placement`."""

    view: strawberry.Private[Change]

    @computed
    def placement(self) -> Placement | None:
        """Where one belongs now."""
        return optional(Placement, self.view.now, self.conference)


@graphql_type(needs=FOR_STAFF)
class VenueChanged(Changed, News):
    """Rooms and placements changed: replaces `venue`."""

    view: strawberry.Private[Change]

    @computed
    def venue(self) -> Venue | None:
        """All rooms and placements."""
        return optional(Venue, self.view.now, self.conference)


@graphql_type()
class PollsChanged(Changed, News):
    """Polls changed: each replaces the one with its id, or is new."""

    view: strawberry.Private[Change]

    @computed
    def changed_polls(self) -> list[Poll]:
        """Polls that are new or changed."""
        return show_all(Poll, self.view.changed, self.conference)


@graphql_type()
class BoardChanged(Changed, News):
    """Cards changed: each replaces the one with its id, or is new."""

    view: strawberry.Private[Change]

    @computed
    def open_kinds(self) -> list[CardKind]:
        """Which kinds may be pinned now: replaces the earlier ones."""
        now: contract_ideas.BoardView | None = self.view.now
        return [CardKind(kind) for kind in now.open_kinds] if now else []

    @computed
    def changed_cards(self) -> list[Card]:
        """Cards that are new or changed."""
        return show_all(Card, self.view.changed, self.conference)

    @computed
    def removed_card_ids(self) -> list[strawberry.ID]:
        """Global ids of cards that are gone."""
        return [global_id("Card", card) for card in self.view.removed]


@graphql_type()
class ProblemsChanged(Changed, News):
    """Problem statements or topics changed: replaces `problems`."""

    view: strawberry.Private[Change]

    @computed
    def problems(self) -> Problems | None:
        """Problem statements and topics as they are now."""
        return optional(Problems, self.view.now, self.conference)


@graphql_type()
class SheetsChanged(Changed, News):
    """Idea sheets changed: each replaces the one with its id, or is new."""

    view: strawberry.Private[Change]

    @computed
    def changed_sheets(self) -> list[IdeaSheet]:
        """Sheets that are new or changed."""
        return show_all(IdeaSheet, self.view.changed, self.conference)

    @computed
    def removed_sheet_ids(self) -> list[strawberry.ID]:
        """Global ids of sheets that one may not read any more."""
        conference = self.conference
        return [global_id("IdeaSheet", f"{conference}.{sheet}") for sheet in self.view.removed]


@graphql_type()
class ChatChanged(Changed, News):
    """Messages of one channel: each replaces the one with its id, or is new at the end."""

    view: strawberry.Private[Change]

    @computed
    def channel(self) -> str:
        """`plenary`, `staff`, or the global id of a group."""
        return channel_id(self.view.key.channel)

    @computed
    def readable(self) -> bool:
        """False when one may not read the channel any more: it is dropped as a whole."""
        return self.view.now is not None

    @computed
    def changed_messages(self) -> list[ChatMessage]:
        """Messages that are new or changed."""
        return show_all(ChatMessage, self.view.changed, self.conference)

    @computed
    def removed_message_ids(self) -> list[strawberry.ID]:
        """Global ids of messages that are not among the newest 200 any more."""
        return [global_id("ChatMessage", message) for message in self.view.removed]


@graphql_type(needs=FOR_STAFF)
class HelpChanged(Changed, News):
    """Help calls changed: each replaces the one with its id, or is new."""

    view: strawberry.Private[Change]

    @computed
    def changed_calls(self) -> list[HelpCall]:
        """Calls that are new or changed."""
        return show_all(HelpCall, self.view.changed, self.conference)


@graphql_type(needs=FOR_STAFF)
class ReportsChanged(Changed, News):
    """Reports changed: each replaces the one with its id, or is new."""

    view: strawberry.Private[Change]

    @computed
    def changed_reports(self) -> list[Report]:
        """Reports that are new or changed."""
        return show_all(Report, self.view.changed, self.conference)


@graphql_type(needs=FOR_STAFF)
class PresenceChanged(Changed, News):
    """People came or went: replaces `presence`."""

    view: strawberry.Private[Change]

    @computed
    def presence(self) -> Presence | None:
        """Who is here now."""
        return optional(Presence, self.view.now, self.conference)


CHANGES: dict[str, type[Changed]] = {
    "session": SessionChanged,
    "groups": GroupsChanged,
    "placement": MyPlacementChanged,
    "venue": VenueChanged,
    "polls": PollsChanged,
    "board": BoardChanged,
    "problems": ProblemsChanged,
    "sheets": SheetsChanged,
    "chat": ChatChanged,
    "help": HelpChanged,
    "reports": ReportsChanged,
    "presence": PresenceChanged,
    "conduct": MyConductChanged,
}
"""The type that tells of a change, by the kind of part."""

ConferenceChange = Annotated[
    ConferenceSnapshot
    | SessionChanged
    | GroupsChanged
    | MyPlacementChanged
    | VenueChanged
    | PollsChanged
    | BoardChanged
    | ProblemsChanged
    | SheetsChanged
    | ChatChanged
    | HelpChanged
    | ReportsChanged
    | PresenceChanged
    | MyConductChanged
    | Resumed,
    strawberry.union("ConferenceChange", description="A snapshot, one part of it that changed, or that one may go on."),
]

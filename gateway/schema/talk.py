# SPDX-License-Identifier: Apache-2.0
"""What people write and ask during the evening: chat, help calls, reports."""

from datetime import datetime

import strawberry

from gateway.schema.people import Person, optional_person, person
from gateway.schema.relay import global_id, optional_id
from gateway.schema.shape import Shown, computed, graphql_type, shown
from gateway.schema.stored import parts
from services.contracts import session as contract


def channel_id(channel: str) -> str:
    """A chat channel as clients name it: `plenary`, `staff`, `city`, or the global id of a group."""
    return channel if channel in ("plenary", "staff", "city") else global_id("Group", channel)


@graphql_type()
class ChatMessage(Shown):
    """One chat message."""

    view: strawberry.Private[contract.MessageView]
    text: str | None = shown(
        "What was written; null when it was hidden or its author erased. A day after the end the chat is deleted."
    )
    hidden: bool = shown("Whether staff hid it.")
    at: datetime = shown("When it was written.")

    @computed
    def id(self) -> strawberry.ID:
        """Global id."""
        return global_id("ChatMessage", self.view.message_id)

    @computed
    def channel(self) -> str:
        """`plenary`, `staff`, `city` (all who serve in the whole city), or the global id of a group."""
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

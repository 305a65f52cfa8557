# SPDX-License-Identifier: Apache-2.0
"""The evening of a conference: its phases and its clock."""

from datetime import datetime

import strawberry

from gateway.schema.licensed import Licensed
from gateway.schema.people import Person, optional_person
from gateway.schema.relay import Node, global_id
from gateway.schema.scalars import (
    ChatChannel,
    GroupMode,
    LocalText,
    PhaseKind,
    SessionStatus,
    Tool,
)
from gateway.schema.shape import Shown, computed, graphql_type, shown
from gateway.schema.stored import part, parts
from services.contracts import session as contract


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
    chat: list[ChatChannel] = shown("Where people can write while the phase runs; staff always reach each other.")

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

# SPDX-License-Identifier: Apache-2.0
"""The record of an evening: its minutes, or how it stood at any instant; without anybody's name."""

from datetime import datetime

import strawberry

from gateway.schema.polls import PollCount
from gateway.schema.relay import global_id
from gateway.schema.scalars import GroupMode, LocalText, PhaseKind, SessionStatus
from gateway.schema.shape import Shown, computed, graphql_type, show_all, shown
from gateway.schema.stored import part, parts
from services.contracts import session as contract

RUN = "The entry into a phase that it fell into; 0 before the first."


@graphql_type()
class PhaseRecord(Shown):
    """One entry into a phase."""

    view: strawberry.Private[contract.PhaseRecord]
    run: int = shown("The number of the entry.")
    key: str = shown("Name of the phase within its script.")
    kind: PhaseKind = shown("How people sat together.")
    minutes: int = shown("Planned length in minutes.")
    started_at: datetime = shown("When it began.")
    ended_at: datetime | None = shown("When it ended; null while it lasts.")
    present: int = shown("How many residents were here when it began.")

    title = part(LocalText, "title", "Title on the screen.")


@graphql_type()
class SeatingRecord(Shown):
    """The small groups of one phase, as they were at its end."""

    view: strawberry.Private[contract.SeatingRecord]
    run: int = shown(RUN)
    mode: GroupMode = shown("How they were formed.")
    formed_at: datetime = shown("When they were formed.")
    sizes: list[int] = shown("How many people sat in each, the largest first.")
    with_mentor: int = shown("How many of them a mentor accompanied.")
    with_moderator: int = shown("How many people stayed with the moderator.")
    moves: int = shown("How often somebody came, went or changed groups.")


@graphql_type()
class PollRecord(Shown):
    """One poll."""

    view: strawberry.Private[contract.PollRecord]
    run: int = shown(RUN)
    opened_at: datetime = shown("When it was opened.")
    closed_at: datetime | None = shown("When it was closed; null while ballots are welcome.")
    ballots: int | None = shown("How many people voted; null while ballots are welcome.")

    @computed
    def id(self) -> strawberry.ID:
        """Global id of the poll."""
        return global_id("Poll", self.view.poll_id)

    question = part(LocalText, "question", "What was asked.")

    @computed
    def tally(self) -> list[PollCount] | None:
        """The result; null while ballots are welcome."""
        return None if self.view.tally is None else show_all(PollCount, self.view.tally)


@graphql_type()
class HelpRecord(Shown):
    """One help call, and how long it waited."""

    view: strawberry.Private[contract.HelpRecord]
    run: int = shown(RUN)
    from_group: bool = shown("Whether a group asked, or a single person.")
    asked_at: datetime = shown("When they asked.")
    claimed_seconds: float | None = shown("Conference seconds until somebody took it; null: nobody did.")
    resolved_seconds: float | None = shown("Conference seconds until it was done; null: it never was.")


@graphql_type()
class EveningRecord(Shown):
    """An evening as of one instant: its minutes when it is over. It names nobody."""

    view: strawberry.Private[contract.RecordView]
    at: datetime = shown("The instant.")
    title: str = shown("Title of the conference.")
    status: SessionStatus = shown("Where the evening stood.")
    script: str = shown("Name of the script.")
    script_version: int = shown("Version of the script.")
    starts_at: datetime = shown("When the evening was to begin.")
    present: int = shown("How many residents were here.")
    deadline: datetime | None = shown("When the running phase was to end; null when none ran.")
    left_seconds: float | None = shown("Conference seconds that were left while the clock stood.")
    started_at: datetime | None = shown("When the first phase began.")
    ended_at: datetime | None = shown("When the evening ended.")

    phases = parts(PhaseRecord, "phases", "Every entry into a phase, in order.")
    seatings = parts(SeatingRecord, "seatings", "The small groups of each phase that had some.")
    polls = parts(PollRecord, "polls", "The polls in the order in which they were opened.")
    help_calls = parts(HelpRecord, "help_calls", "The help calls in the order in which they were made.")

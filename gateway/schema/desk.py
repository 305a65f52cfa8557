# SPDX-License-Identifier: Apache-2.0
"""The city desk: one board over all conferences."""

from datetime import datetime

import strawberry

from gateway.schema.relay import global_id
from gateway.schema.scalars import DeskAlert, SessionStatus
from gateway.schema.shape import Shown, computed, graphql_type, show_all, shown
from gateway.schema.stored import parts
from services.contracts import session as contract


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

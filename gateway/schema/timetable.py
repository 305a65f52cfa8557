# SPDX-License-Identifier: Apache-2.0
"""The timetable of the city: orders for many evenings, and what became of each turn."""

from datetime import datetime

import strawberry

from gateway.schema.relay import global_id, optional_id
from gateway.schema.scalars import SessionAction, SessionOrderStatus, TurnOutcome
from gateway.schema.shape import Shown, computed, graphql_type, show_all, shown
from services.contracts import session as contract


@graphql_type()
class SessionTurn(Shown):
    """One evening in an order."""

    view: strawberry.Private[contract.SessionTurnView]
    at: datetime = shown("When it has its turn.")
    outcome: TurnOutcome | None = shown("What became of it; null: it has had no turn.")

    @computed
    def conference_id(self) -> strawberry.ID:
        """Global id of the conference."""
        return global_id("Conference", self.view.conference_id)


@graphql_type()
class SessionOrder(Shown):
    """An order that drives many evenings."""

    view: strawberry.Private[contract.SessionOrderView]
    action: SessionAction = shown("What is ordered.")
    status: SessionOrderStatus = shown("Where it stands.")
    begins_at: datetime = shown("When the first evening may have its turn.")
    window_seconds: int = shown("Over how many seconds the turns are spread.")
    requested_at: datetime = shown("When it was given.")
    approve_until: datetime | None = shown("Until when a second person may approve it; null: it needs no approval.")

    @computed
    def id(self) -> strawberry.ID:
        """Global id."""
        return global_id("SessionOrder", self.view.order_id)

    @computed
    def requested_by_id(self) -> strawberry.ID:
        """Global id of who gave it."""
        return global_id("Person", self.view.requested_by)

    @computed
    def approved_by_id(self) -> strawberry.ID | None:
        """Global id of who approved it; null while nobody has, or where it took no approval."""
        return optional_id("Person", self.view.approved_by)

    @computed
    def turns(self) -> list[SessionTurn]:
        """When each evening has its turn, the earliest first."""
        return show_all(SessionTurn, self.view.turns)


@graphql_type()
class Timetable(Shown):
    """What the city ordered for its evenings."""

    view: strawberry.Private[contract.TimetableView]

    @computed
    def orders(self) -> list[SessionOrder]:
        """The newest orders, at most 50."""
        return show_all(SessionOrder, self.view.orders)

    @computed
    def by_hand_conference_ids(self) -> list[strawberry.ID]:
        """Global ids of the conferences that people took out of the timetable."""
        return [global_id("Conference", one) for one in self.view.by_hand]

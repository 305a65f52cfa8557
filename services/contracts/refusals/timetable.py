# SPDX-License-Identifier: Apache-2.0
"""What the session service refuses of the city's timetable."""

from services.chassis.contract import Id
from services.chassis.decider import Refusal


class OwnSessionOrder(Refusal, frozen=True, kw_only=True):
    """Whoever gave an order does not approve it: that takes a second person. Cancelling it is allowed."""


class SessionOrderIs(Refusal, frozen=True, kw_only=True):
    """An order with this status cannot do that, or have that done to it."""

    status: str


class UnknownSessionOrder(Refusal, frozen=True, kw_only=True):
    """There is no such order (any more)."""

    order_id: Id

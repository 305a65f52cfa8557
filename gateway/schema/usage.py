# SPDX-License-Identifier: Apache-2.0
"""What an app has used of the API, as the app itself and the city see it."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated

import strawberry

from gateway.context import Context
from gateway.schema.shape import Shown, computed, graphql_type, show, show_all, shown
from gateway.usage import ledger
from gateway.webhooks.commands import WebhooksNotOffered
from services.chassis.refusals import InvalidInput
from services.chassis.requests import Refused

FROM = Annotated[
    str | None,
    strawberry.argument(name="from", description="First day, UTC; without it the first of the last 90 days."),
]
TO = Annotated[str | None, strawberry.argument(name="to", description="Last day, UTC, included; without it today.")]


@graphql_type()
class AppUsageDay(Shown):
    """What an app has used on one day."""

    view: strawberry.Private[ledger.Day]
    operations: int = shown("Operations that were read, over all transports; a subscription is one.")
    points: int = shown("Points that were paid for them, messages of subscriptions included.")
    errors: int = shown("Those of them that were rejected or answered with errors.")
    rate_limited: int = shown("Requests that were turned away because the points were used up.")
    deliveries: int = shown("Messages that its webhooks took.")
    failed_deliveries: int = shown("Attempts at which they did not.")

    @computed
    def day(self) -> str:
        """The day, UTC."""
        return self.view.day.isoformat()


@graphql_type()
class AppKeyUsage(Shown):
    """What an app has used with one API key."""

    view: strawberry.Private[ledger.Key]
    key_id: str = shown("Which key: 8 hex digits, part of the key itself.")
    last_used_at: datetime = shown("When it was used last, in real time.")
    operations: int = shown("Operations that were read.")


@graphql_type()
class AppUsage(Shown):
    """What an app has used; some seconds late."""

    view: strawberry.Private[ledger.Usage]

    @computed
    def days(self) -> list[AppUsageDay]:
        """Each day on which something was used, the oldest first."""
        return show_all(AppUsageDay, self.view.days)

    @computed
    def keys(self) -> list[AppKeyUsage]:
        """Each API key that was used, the one used last first."""
        return show_all(AppKeyUsage, self.view.keys)


async def usage_of(context: Context, client: str, first: str | None, last: str | None) -> AppUsage:
    """What an app has used.

    Args:
        context: of the operation.
        client: the app's id.
        first: day such as `2026-11-07`.
        last: day, included.

    Raises:
        Refused: one of them is no day, there is no database for it, or it is away.
    """
    if context.backends.webhooks is None:
        raise Refused(WebhooksNotOffered())
    today = datetime.now(UTC).date()
    oldest = today - timedelta(days=ledger.DAYS - 1)
    begin, end = _day(first, "from", oldest), _day(last, "to", today)
    found = await context.backends.webhooks.usage(client, max(begin, oldest), end)
    return show(AppUsage, found)


def _day(text: str | None, field: str, usual: date) -> date:
    if text is None:
        return usual
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(InvalidInput(field=field, problem="a day such as 2026-11-07")) from None

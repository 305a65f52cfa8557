# SPDX-License-Identifier: Apache-2.0
"""What the API shows of webhooks and of their deliveries, read from the database page by page."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from gateway.webhooks.catalogue import message_id
from services.chassis.database import Database
from services.chassis.paging import one_page
from services.contracts.shared import Cut


class WebhookRecord(NamedTuple):
    """One webhook; `seq` is its place in the order of creation."""

    seq: int
    id: UUID
    owner: str
    url: str
    types: Sequence[str]
    conferences: Sequence[UUID]
    districts: Sequence[UUID]
    series: Sequence[UUID]
    status: str
    status_since: datetime
    failing_since: datetime | None
    former_until: datetime | None
    created_at: datetime
    version: int


class AttemptRecord(NamedTuple):
    """One attempt to deliver."""

    number: int
    at: datetime
    status: int | None
    milliseconds: int
    problem: str | None
    answer: str | None


class DeliveryRecord(NamedTuple):
    """One delivery; `seq` is its place in the order in which deliveries were queued."""

    seq: int
    id: UUID
    webhook: UUID
    owner: str
    event: UUID
    type: str
    at: datetime
    body: bytes
    purpose: str
    state: str
    created_at: datetime
    due_at: datetime | None
    ended_at: datetime | None
    attempts: Sequence[AttemptRecord] = ()

    @property
    def message_id(self) -> str:
        """The value of `webhook-id`."""
        return message_id(self.event)


_WEBHOOK = (
    "SELECT seq, id, owner, url, types, conferences, districts, series, status, status_since, failing_since,"
    " CASE WHEN former_until > now() THEN former_until END, created_at, version FROM webhook_endpoints"
)
_DELIVERY = (
    "SELECT d.seq, d.id, d.endpoint, w.owner, d.event, e.type, e.at, e.body, d.purpose, d.state, d.created_at,"
    " CASE WHEN d.state = 'PENDING' THEN greatest(d.due_at, w.not_before) END, d.ended_at"
    " FROM webhook_deliveries AS d JOIN webhook_events AS e ON e.id = d.event"
    " JOIN webhook_endpoints AS w ON w.id = d.endpoint"
)


class Records:
    """Reads.

    Args:
        db: the gateway's database.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    async def webhook(self, webhook: UUID) -> WebhookRecord | None:
        """One webhook."""
        row = await self._db.pool.fetchrow(f"{_WEBHOOK} WHERE id = $1", webhook)
        return None if row is None else WebhookRecord(*row)

    async def webhooks(self, owner: str | None, cut: Cut) -> tuple[list[WebhookRecord], bool]:
        """A page of the webhooks of an owner (None: all), the oldest first, and whether there are more.

        Args:
            cut: the page; its keys are `seq`.
        """
        rows = await self._db.pool.fetch(
            f"{_WEBHOOK} WHERE ($1::bigint IS NULL OR seq > $1) AND ($2::bigint IS NULL OR seq < $2)"
            f" AND ($3::text IS NULL OR owner = $3) ORDER BY seq {'DESC' if cut.backward else 'ASC'} LIMIT $4",
            _seq(cut.after), _seq(cut.before), owner, cut.first + 1,
        )  # fmt: skip
        return one_page([WebhookRecord(*row) for row in rows], cut.first, backward=cut.backward)

    async def delivery(self, delivery: UUID) -> DeliveryRecord | None:
        """One delivery."""
        row = await self._db.pool.fetchrow(f"{_DELIVERY} WHERE d.id = $1", delivery)
        return None if row is None else (await self._with_attempts([DeliveryRecord(*row)]))[0]

    async def deliveries(self, webhook: UUID, state: str | None, cut: Cut) -> tuple[list[DeliveryRecord], bool]:
        """A page of the deliveries of a webhook, in one state or in all, the newest first, and whether there are more.

        Args:
            cut: the page; its keys are `seq`, which falls along the list.
        """
        rows = await self._db.pool.fetch(
            f"{_DELIVERY} WHERE d.endpoint = $1 AND ($2::text IS NULL OR d.state = $2)"
            " AND ($3::bigint IS NULL OR d.seq < $3) AND ($4::bigint IS NULL OR d.seq > $4)"
            f" ORDER BY d.seq {'ASC' if cut.backward else 'DESC'} LIMIT $5",
            webhook, state, _seq(cut.after), _seq(cut.before), cut.first + 1,
        )  # fmt: skip
        page, more = one_page([DeliveryRecord(*row) for row in rows], cut.first, backward=cut.backward)
        return await self._with_attempts(page), more

    async def _with_attempts(self, deliveries: list[DeliveryRecord]) -> list[DeliveryRecord]:
        rows = await self._db.pool.fetch(
            "SELECT delivery, number, at, status, milliseconds, problem, answer FROM webhook_attempts"
            " WHERE delivery = ANY ($1::bigint[]) ORDER BY delivery, number",
            [delivery.seq for delivery in deliveries],
        )
        found: dict[int, list[AttemptRecord]] = {delivery.seq: [] for delivery in deliveries}
        for seq, *attempt in rows:
            found[seq].append(AttemptRecord(*attempt))
        return [delivery._replace(attempts=found[delivery.seq]) for delivery in deliveries]


def _seq(key: str | None) -> int | None:
    return None if key is None else int(key)

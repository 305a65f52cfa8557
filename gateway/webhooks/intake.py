# SPDX-License-Identifier: Apache-2.0
"""From the services' contract events to deliveries that wait and to the feed of changes: one transaction with the note
how far was read.

So an event is queued for every webhook that wants it exactly once, and stands in the feed, whatever is killed or
delivered again.

Events of several services are written at once, many in one transaction. Each of them takes the lock of the feed before
any other, and keeps it: so two transactions never wait for each other in a circle.
"""

from typing import Any, Final, NamedTuple
from uuid import UUID

from gateway.backends import GATEWAY, Backends
from gateway.changes import feed
from gateway.changes.catalogue import TOLD
from gateway.webhooks.catalogue import BY_EVENT, Told, of_event
from services.chassis.contract import ContractEvent
from services.chassis.database import Tx
from services.chassis.policies import Policies, Transient
from services.chassis.refusals import NotFound
from services.chassis.requests import Reply
from services.contracts import registration

OWNERS_LOCK: Final = 7305809450
"""Advisory lock under which webhooks are made, what apps use is written, and both are ended with the app."""

MATCHES = (
    "(w.types = '{}' OR e.type = ANY (w.types)) AND (w.conferences || w.districts || w.series = '{}'"
    " OR e.conference = ANY (w.conferences) OR e.district = ANY (w.districts) OR e.series = ANY (w.series))"
)
"""Whether webhook `w` wants event `e`."""

PLACE = "coalesce(replace(e.conference::text, '-', ''), 'city')"

# FOR SHARE: a webhook that is ended at this moment is ended before this, or discards what this queues.
_QUEUE = f"""
WITH e AS (
    INSERT INTO webhook_events (id, type, at, conference, district, series, body) VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (id) DO NOTHING RETURNING id, type, conference, district, series
)
INSERT INTO webhook_deliveries (endpoint, event, place)
SELECT w.id, e.id, {PLACE} FROM e JOIN webhook_endpoints AS w ON w.status = 'ACTIVE' AND {MATCHES} FOR SHARE OF w
"""  # noqa: S608 -- only our own constants

MOST_REMEMBERED = 10_000

CHANNEL = "webhooks"
NOTIFY = f"NOTIFY {CHANNEL}"
"""Tells whoever delivers, in whichever replica, as soon as the transaction ends."""


class Where(NamedTuple):
    """The district and the series of a conference."""

    district: UUID | None
    series: UUID | None


NOWHERE = Where(None, None)


class Intake:
    """The gateway's reactions to contract events.

    Args:
        backends: registration is asked for the district of a conference whose announcement was not heard.
    """

    def __init__(self, backends: Backends) -> None:
        self._backends = backends
        self._known: dict[UUID, Where] = {}
        self.policies = Policies(GATEWAY.id)
        for event in dict.fromkeys((*BY_EVENT, *TOLD)):
            self.policies.write(event)(self._take)
        self.policies.write(registration.AppAccessChanged)(_change_access)

    async def _take(self, tx: Tx, event: ContractEvent, position: int) -> None:
        told = of_event(event, position)
        # Before the lock: registration may have to be asked, and others need not wait for it.
        where, known = (NOWHERE, True) if told is None else await self._where(tx, event, told)
        await feed.record(tx, event, position)
        if told is None:
            return
        if not known and told.conference is not None:
            await _remember(tx, told.conference, where)
        queued = await tx.execute(_QUEUE, told.id, told.type, told.at, told.conference, *where, told.body)
        if not queued.endswith(" 0"):
            await tx.execute(NOTIFY)

    async def _where(self, tx: Tx, event: ContractEvent, told: Told) -> tuple[Where, bool]:
        """Where an event belongs to, and whether that is in the database; locks nothing."""
        if isinstance(event, registration.ConferenceAnnounced):
            return Where(UUID(event.district_id), UUID(event.series_id)), False
        if told.conference is None:
            return Where(told.district, None), True
        where, known = self._known.get(told.conference), True
        if where is None:
            row = await tx.fetchrow(
                "SELECT district, series FROM webhook_conferences WHERE conference = $1", told.conference
            )
            where, known = (Where(*row), True) if row else (await self._ask(told.conference), False)
        if where is NOWHERE:
            return NOWHERE, True
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        self._known[told.conference] = where
        return where, known

    async def _ask(self, conference: UUID) -> Where:
        """Of a conference that was announced before this gateway had its database.

        Raises:
            Transient: registration is away; the event is tried again.
        """
        query = registration.GetConference(conference_id=conference.hex)
        reply: Reply[Any] = await self._backends.ask(query, GATEWAY)
        if isinstance(reply.refusal, NotFound):
            return NOWHERE  # nobody who chose a district or a series can want it
        if reply.answer is None:
            raise Transient("registration does not say where a conference is")
        return Where(UUID(reply.answer.district_id), UUID(reply.answer.series_id))


async def _change_access(tx: Tx, event: registration.AppAccessChanged, _: int) -> None:
    """Nothing is sent to an app that may not use the API, and nothing is kept for it meanwhile."""
    if event.status is None and not event.erased:
        return
    owner = event.app_id
    await feed.lock(tx)
    await tx.execute("SELECT pg_advisory_xact_lock($1)", OWNERS_LOCK)
    if event.status == "APPROVED" and "webhook:manage" in event.scopes:
        await tx.execute("DELETE FROM webhook_owners_shut_out WHERE owner = $1", owner)
        await tx.execute(
            "UPDATE webhook_endpoints SET status = 'ACTIVE', status_since = now(), failures = 0, failing_since = NULL,"
            " not_before = now(), version = version + 1 WHERE owner = $1 AND status = 'SUSPENDED'",
            owner,
        )
        return
    await tx.execute(
        "INSERT INTO webhook_owners_shut_out AS known (owner, erased) VALUES ($1, $2)"
        " ON CONFLICT (owner) DO UPDATE SET erased = known.erased OR excluded.erased",
        owner, event.erased,
    )  # fmt: skip
    # Whoever activates one of them at this moment does it before this, and is seen below, or is refused.
    await tx.execute("SELECT FROM webhook_endpoints WHERE owner = $1 ORDER BY id FOR UPDATE", owner)
    if event.erased:
        await tx.execute("DELETE FROM webhook_endpoints WHERE owner = $1", owner)
        await tx.execute("DELETE FROM app_usage WHERE client = $1", owner)
        await tx.execute("DELETE FROM app_usage_webhooks WHERE owner = $1", owner)
        return
    await tx.execute(
        "UPDATE webhook_endpoints SET status = 'SUSPENDED', status_since = now(), version = version + 1"
        " WHERE owner = $1 AND status = 'ACTIVE'",
        owner,
    )
    await tx.execute(
        "UPDATE webhook_deliveries AS d SET state = 'DISCARDED', ended_at = now() FROM webhook_endpoints AS w"
        " WHERE w.id = d.endpoint AND w.owner = $1 AND d.state = 'PENDING'",
        owner,
    )


async def _remember(tx: Tx, conference: UUID, where: Where) -> None:
    await tx.execute(
        "INSERT INTO webhook_conferences (conference, district, series) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        conference, *where,
    )  # fmt: skip

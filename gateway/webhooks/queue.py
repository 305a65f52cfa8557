# SPDX-License-Identifier: Apache-2.0
"""The deliveries that wait, in the database: which endpoint is due, what comes next, what became of an attempt."""

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from gateway.webhooks.schedule import LONGEST_REST, QUICK, RETRIES, bounded, pause
from gateway.webhooks.sender import Outcome
from services.chassis.database import Database, Tx

GONE_STATUS: Final = 410

_OPEN = "(d.purpose = 'PING' OR (w.status = 'ACTIVE' AND w.not_before <= now()))"

_DUE = f"""
SELECT w.id FROM webhook_endpoints AS w WHERE EXISTS (
    SELECT FROM webhook_deliveries AS d
    WHERE d.endpoint = w.id AND d.state = 'PENDING' AND d.due_at <= now() AND {_OPEN}
)
"""  # noqa: S608 -- only our own constants

# Tests first, then what is new, then what was asked for again. A message in its quick retries holds back what follows
# it at its place.
_NEXT = f"""
SELECT d.seq, d.attempts, d.purpose, e.id AS event, e.type, e.body, w.url, w.secret,
    CASE WHEN w.former_until > now() THEN w.former_secret END AS former_secret
FROM webhook_deliveries AS d JOIN webhook_events AS e ON e.id = d.event JOIN webhook_endpoints AS w ON w.id = d.endpoint
WHERE d.endpoint = $1 AND d.state = 'PENDING' AND d.due_at <= now() AND {_OPEN}
AND NOT EXISTS (
    SELECT FROM webhook_deliveries AS p
    WHERE p.endpoint = d.endpoint AND p.place = d.place AND p.purpose = d.purpose AND p.state = 'PENDING'
    AND p.seq < d.seq AND p.attempts BETWEEN 1 AND {QUICK}
)
ORDER BY d.purpose = 'REPLAY', d.purpose = 'EVENT', d.seq LIMIT 1
"""  # noqa: S608 -- only our own constants

_ATTEMPT = """
INSERT INTO webhook_attempts (delivery, number, status, milliseconds, problem, answer) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING
"""
_USED = """
INSERT INTO app_usage_webhooks AS known (owner, day, delivered, failed)
SELECT owner, (now() AT TIME ZONE 'UTC')::date, $2, $3 FROM webhook_endpoints WHERE id = $1
ON CONFLICT (owner, day) DO UPDATE SET delivered = known.delivered + excluded.delivered,
    failed = known.failed + excluded.failed
"""
_DELIVERY = """
UPDATE webhook_deliveries SET attempts = $2, state = $3, ended_at = CASE WHEN $3 <> 'PENDING' THEN now() END,
    due_at = now() + make_interval(secs => $4)
WHERE seq = $1 AND state = 'PENDING'
"""
_WELL = "UPDATE webhook_endpoints SET failures = 0, failing_since = NULL WHERE id = $1 AND failures > 0"
# After failures in a row the endpoint as a whole is left alone for a moment, whatever waits for it.
_ILL = f"""
UPDATE webhook_endpoints SET failures = failures + 1, failing_since = coalesce(failing_since, now()),
    not_before = now() + make_interval(secs => greatest(least(2.0 ^ least(failures + 1, 10), {LONGEST_REST}), $2))
WHERE id = $1
"""  # noqa: S608 -- only our own constants
_DEAD = """
SELECT failing_since <= (SELECT min(at) FROM webhook_attempts WHERE delivery = $2) FROM webhook_endpoints WHERE id = $1
"""


class Next(NamedTuple):
    """A delivery that is due.

    Args:
        secret, former_secret: sealed; the former one while it is still good.
    """

    seq: int
    attempts: int
    purpose: str
    event: UUID
    type: str
    body: bytes
    url: str
    secret: bytes
    former_secret: bytes | None


class Queue:
    """The deliveries that wait.

    Args:
        db: the gateway's database.
        retries: the schedule, see `RETRIES`.
    """

    def __init__(self, db: Database, retries: Sequence[float] = RETRIES) -> None:
        self._db = db
        self._retries = retries

    async def due(self) -> list[UUID]:
        """The endpoints for which something is due."""
        return [row["id"] for row in await self._db.pool.fetch(_DUE)]

    async def next(self, endpoint: UUID) -> Next | None:
        """What an endpoint is to be sent now; None: nothing."""
        row = await self._db.pool.fetchrow(_NEXT, endpoint)
        return None if row is None else Next(*row)

    async def pending(self) -> int:
        """How many deliveries wait."""
        waiting: int = await self._db.pool.fetchval("SELECT count(*) FROM webhook_deliveries WHERE state = 'PENDING'")
        return waiting

    async def note(self, endpoint: UUID, sent: Next, outcome: Outcome) -> str | None:
        """Writes down what became of an attempt.

        Args:
            endpoint: its webhook.
            sent: what was sent.
            outcome: what came of it.

        Returns:
            The status by which the webhook ends, `GONE` or `FAILING`; None when it goes on.
        """
        number = sent.attempts + 1
        async with self._db.transaction() as tx:
            # The endpoint before its deliveries, as commands do: who took them in another order would wait for ever.
            if await tx.fetchval("SELECT id FROM webhook_endpoints WHERE id = $1 FOR UPDATE", endpoint) is None:
                return None  # deleted meanwhile, with all that was sent to it
            answer = outcome.status, outcome.milliseconds, outcome.problem, outcome.answer
            new = await tx.execute(_ATTEMPT, sent.seq, number, *answer)
            if new.endswith(" 1"):
                taken = outcome.problem is None
                await tx.execute(_USED, endpoint, int(taken), int(not taken))
            if outcome.problem is None:
                await tx.execute(_DELIVERY, sent.seq, number, "DELIVERED", 0.0)
                await tx.execute(_WELL, endpoint)
                return None
            once = sent.purpose == "PING"
            gone = outcome.status == GONE_STATUS
            later = None if once or gone else pause(number, self._retries, wish=outcome.retry_after)
            await tx.execute(_DELIVERY, sent.seq, number, "FAILED" if later is None else "PENDING", later or 0.0)
            if not once:
                await tx.execute(_ILL, endpoint, bounded(outcome.retry_after))
            ends = None
            if gone:
                ends = "GONE"
            elif later is None and not once and await tx.fetchval(_DEAD, endpoint, sent.seq):
                ends = "FAILING"
            return ends if ends and await end_endpoint(tx, endpoint, ends) else None


async def end_endpoint(tx: Tx, endpoint: UUID, status: str) -> bool:
    """Stops sending to an active endpoint, and forgets what waits; False when it was not active."""
    changed = await tx.execute(
        "UPDATE webhook_endpoints SET status = $2, status_since = now(), version = version + 1"
        " WHERE id = $1 AND status = 'ACTIVE'",
        endpoint, status,
    )  # fmt: skip
    await tx.execute(
        "UPDATE webhook_deliveries SET state = 'DISCARDED', ended_at = now()"
        " WHERE endpoint = $1 AND state = 'PENDING' AND purpose <> 'PING'",
        endpoint,
    )
    return bool(changed.endswith(" 1"))

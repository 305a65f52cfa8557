# SPDX-License-Identifier: Apache-2.0
"""Who pays for an operation, and what is left: people and apps by their id, everybody else by their address."""

import math
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from gateway.limits.gcra import Gcra, Standing
from gateway.usage.tally import Tally
from services.chassis.identity import Actor

EVENT = 1
"""Points for one message of a subscription."""
REJECTED = 10
"""Points for a request that was read and not executed: a document that does not fit the schema, or is too heavy."""

APPS_AT_ONCE = 5
"""Apps that may be registered from one address: so many at once, and so many an hour."""


class Paid(NamedTuple):
    """What an operation cost, and what is left.

    Args:
        cost: points that were taken.
        limit: points that the client may have at once.
        remaining: points that it may have now.
        reset: real seconds until it has all of them again.
        restored: points a second that flow back.
    """

    cost: int
    limit: int
    remaining: int
    reset: float
    restored: float

    def headers(self) -> dict[str, str]:
        """`RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers)."""
        window = math.ceil(self.limit / self.restored)
        return {
            "RateLimit-Policy": f'"points";q={self.limit};w={window}',
            "RateLimit": f'"points";r={self.remaining};t={math.ceil(self.reset)}',
        }

    def extension(self) -> dict[str, float]:
        """For `extensions.cost`."""
        return {
            "requested": self.cost,
            "limit": self.limit,
            "available": self.remaining,
            "restoredPerSecond": self.restored,
        }

    @property
    def reset_at(self) -> datetime:
        """The instant (real time, UTC) at which the client has all its points again."""
        return datetime.now(UTC) + timedelta(seconds=self.reset)


class Account:
    """The points of one client.

    Args:
        gcra: gives out the points.
        client: the name under which it counts.
        tally: what its app uses; None: it comes by none.
    """

    __slots__ = ("_client", "_gcra", "_tally")

    def __init__(self, gcra: Gcra, client: str, tally: Tally | None = None) -> None:
        self._gcra = gcra
        self._client = client
        self._tally = tally

    def began(self) -> None:
        """An operation is read."""
        if self._tally is not None:
            self._tally.began()

    def failed(self) -> None:
        """It was rejected, or answered with errors."""
        if self._tally is not None:
            self._tally.errors += 1

    def take(self, points: int) -> tuple[Paid, float]:
        """Points for an operation, before it is executed; and 0, or the real seconds to wait for them."""
        standing = self._gcra.take(self._client, points)
        if self._tally is not None:
            if standing.wait > 0:
                self._tally.turned_away()
            else:
                self._tally.points += points
        return self._paid(points, standing), standing.wait

    def refund(self, paid: Paid, actual: int) -> Paid:
        """Gives back what an operation turned out not to cost.

        Args:
            paid: what was taken for it.
            actual: what it cost.
        """
        if actual >= paid.cost:
            return paid
        if self._tally is not None:
            self._tally.points -= paid.cost - actual
        return self._paid(actual, self._gcra.refund(self._client, paid.cost - actual))

    def spend(self, points: int = EVENT) -> None:
        """Counts what cannot be refused any more, such as a message of a subscription."""
        self._gcra.spend(self._client, points)
        if self._tally is not None:
            self._tally.points += points

    def _paid(self, points: int, standing: Standing) -> Paid:
        return Paid(points, self._gcra.limit, standing.remaining, standing.reset, self._gcra.restored)


class Budget:
    """The points of all clients of this replica.

    Args:
        people: of whoever shows a token.
        addresses: of everybody else.
        strangers: of addresses again, for looking at tokens that are not known; apart from those above, so that nobody
            at the same address is kept out by others who ask too much without a token.
        newcomers: how many apps may be registered from one address; None: `APPS_AT_ONCE` an hour.
    """

    def __init__(self, people: Gcra, addresses: Gcra, strangers: Gcra, newcomers: Gcra | None = None) -> None:
        self._people = people
        self._addresses = addresses
        self._strangers = strangers
        self._newcomers = newcomers or Gcra(APPS_AT_ONCE / 3600, APPS_AT_ONCE)

    def account(self, actor: Actor, address: str, client: str = "", tally: Tally | None = None) -> Account:
        """The account of a client.

        Args:
            actor: who asks.
            address: from where, see `Addresses`.
            client: the app by which they come; empty: none. A person has points of their own at each.
            tally: where is counted what that app uses.
        """
        if not actor.id:
            return Account(self._addresses, address)
        return Account(self._people, f"{client}/{actor.id}" if client else actor.id, tally)

    def stranger(self, address: str) -> Account:
        """The account that pays for looking at a token that is not known.

        Args:
            address: from where it came, see `Addresses`.
        """
        return Account(self._strangers, address)

    def register_app(self, address: str) -> float:
        """Lets an app be registered: 0, or the real seconds after which one may be from this address."""
        return self._newcomers.take(address).wait

    def share(self, replicas: int) -> None:
        """Gives out one of so many equal parts from now on."""
        self._people.share(replicas)
        self._addresses.share(replicas)
        self._strangers.share(replicas)
        self._newcomers.share(replicas)
